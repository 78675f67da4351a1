"""examples/parameters.py prints what the same program prints under PyTorch, random values aside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "examples" / "parameters.py"


def printed_by(source: str, capsys: pytest.CaptureFixture[str]) -> str:
    exec(compile(source, str(PROGRAM), "exec"), {"__name__": "__main__"})
    return capsys.readouterr().out


def without_random_values(text: str) -> str:
    """Values with four printed decimals are random here: only their number and place remain."""
    text = re.sub(r" *-?\d+\.\d{4}", " #", text)
    return re.sub(r"\[ #", "[#", text)


def test_the_program_says_what_the_chapter_says(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed_by(PROGRAM.read_text(), capsys)
    for line in (
        "('weight', fastinit.Size([3, 4])) ('bias', fastinit.Size([3]))",
        "odict_keys(['0.weight', '0.bias', '2.weight', '2.bias'])",
        "tensor([42.,  1.,  1.,  1.]) None",
        "tensor([[42., 42., 42.]])",
        "['0.weight'] True",
        "tensor([[9.]], grad_fn=<MmBackward0>)",
        "tensor([[6.]])",
    ):
        assert line in text.splitlines()


def test_the_program_prints_the_same_under_torch(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    # Seeded, since numbers far apart in size are printed in another form.
    source = "import fastinit\nfastinit.manual_seed(0)\n" + PROGRAM.read_text()
    ours = printed_by(source, capsys)
    theirs = printed_by(source.replace("fastinit", "torch"), capsys).replace("torch", "fastinit")
    assert without_random_values(ours) == without_random_values(theirs)
