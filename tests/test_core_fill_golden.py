"""The bits of the stream, frozen: what stream version 1 gave once, it gives for ever.

`python tests/test_core_fill_golden.py` adds the digests of what is new; it changes none that is there.
"""

import json
from pathlib import Path

import fastinit
from reference.fills import digests

FILE = Path(__file__).parent / "data" / "fill_digests.json"


def test_every_fill_has_the_bits_it_always_had(isa):
    assert fastinit.STREAM_VERSION == 1
    assert digests() == json.loads(FILE.read_text())


if __name__ == "__main__":
    frozen = json.loads(FILE.read_text())
    FILE.write_text(json.dumps(digests() | frozen, indent=0, sort_keys=True) + "\n")
