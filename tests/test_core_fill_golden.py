"""The bits of the stream: they change for a reason that a commit names, or not at all.

`python tests/test_core_fill_golden.py` writes the file of digests anew.
"""

import json
from pathlib import Path

from reference.fills import digests

FILE = Path(__file__).parent / "data" / "fill_digests.json"


def test_every_fill_has_the_bits_it_always_had(isa):
    assert digests() == json.loads(FILE.read_text())


if __name__ == "__main__":
    FILE.write_text(json.dumps(digests(), indent=0, sort_keys=True) + "\n")
