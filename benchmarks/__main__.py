"""`python -m benchmarks [fills] [steps] [--quick]`: measures, and prints tables of ratios."""

from __future__ import annotations

import argparse

import fastinit
from benchmarks import fills, steps
from benchmarks.peers import torch

SUITES = {"fills": fills.run, "steps": steps.run}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and few rounds: shows that it runs, no more"
    )
    parser.add_argument("--sizes", type=int, nargs="+", help="of the fills, in values", default=fills.SIZES)
    parser.add_argument("--dtypes", nargs="+", help="of the fills", default=fills.DTYPES)
    parser.add_argument("--threads", type=int, default=fastinit.get_num_threads())
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    fastinit.set_num_threads(options.threads)
    torch.set_num_threads(options.threads)
    print(f"fastinit {fastinit.__version__} beside torch {torch.__version__}")
    fastinit.show_config()
    for name in options.suites or SUITES:
        table = SUITES[name](options)
        if options.markdown:
            print(table.markdown())
        else:
            table.print()


if __name__ == "__main__":
    main()
