"""`python -m fastinit.cli`: the command without its script."""

from . import main

main()
