"""The bits of the matrices: they change for a reason that a commit names, or not at all.

`python tests/nn/test_init_golden.py`, with tests/ on the path, writes the file of digests anew.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastinit import _core
from reference.matrices import digests

TESTS = Path(__file__).parents[1]
FILE = TESTS / "data" / "matrix_digests.json"


def test_every_matrix_has_the_bits_it_always_had():
    assert digests() == json.loads(FILE.read_text())


@pytest.mark.parametrize("isa", [isa for isa in _core.usable_isas() if isa != _core.isa()])
def test_every_instruction_set_of_this_cpu_gives_the_same_bits(isa):
    program = "import json; from reference.matrices import digests; print(json.dumps(digests()))"
    paths = [str(TESTS), str(Path(_core.__file__).parents[1])]
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FASTINIT_ISA": isa, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(result.stdout) == json.loads(FILE.read_text())


if __name__ == "__main__":
    FILE.write_text(json.dumps(digests(), indent=0, sort_keys=True) + "\n")
