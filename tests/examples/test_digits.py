"""examples/digits.py: good first values learn the digits, and zeros visibly do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "examples" / "digits.py"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, float], Path]:
    """The accuracies printed, in percent, and the picture saved."""
    picture = tmp_path_factory.mktemp("digits") / "digits.png"
    command = [sys.executable, "-W", "error", str(PROGRAM), "--plot", str(picture)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {line[:16].strip(): float(line.split()[-1].rstrip("%")) for line in lines[1:-1]}, picture


@pytest.mark.parametrize("initialisation", ["normal 0.01", "xavier", "kaiming", "masked uniform"])
def test_random_first_values_reach_97_percent(
    report: tuple[dict[str, float], Path], initialisation: str
) -> None:
    assert report[0][initialisation] >= 97


def test_zeros_do_no_better_than_guessing_one_class(report: tuple[dict[str, float], Path]) -> None:
    assert report[0]["zeros"] < 15


def test_the_loss_curves_are_saved_as_a_picture(report: tuple[dict[str, float], Path]) -> None:
    assert report[1].read_bytes().startswith(b"\x89PNG")
