"""Each rank of a group fills its part of a distributed tensor with the bits of the whole, and asks nobody."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from interop.torch import distributed_cases, ranks  # noqa: E402 - they import torch

SIZES = [1, 2, 3, 4]
TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], str]:
    """What each rank says of each case, by size of the group and name of the case."""
    folder = tmp_path_factory.mktemp("ranks")
    done = subprocess.run(
        [sys.executable, ranks.__file__, folder, *map(str, SIZES)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=ranks.SECONDS * len(SIZES) + 60,
        check=False,
    )
    outcomes = {}
    for size in SIZES:
        for rank in range(size):
            file, log = folder / f"{size}-{rank}.json", folder / f"{size}-{rank}.log"
            said = json.loads(file.read_text()) if file.exists() else {}
            why = log.read_text() if log.exists() and log.stat().st_size else done.stderr
            for name in distributed_cases.CASES:
                outcome = said.get(name, f"not reached: {why}")
                outcomes[size, name] = outcomes.get((size, name), "") + f"rank {rank} {outcome}\n"
    return outcomes


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", distributed_cases.CASES)
def test_on_each_rank(name: str, size: int, outcomes: dict[tuple[int, str], str]) -> None:
    expected = "".join(f"rank {rank} passed\n" for rank in range(size))
    assert outcomes[size, name] == expected, outcomes[size, name]
