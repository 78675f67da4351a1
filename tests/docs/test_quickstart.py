"""The quickstart, step by step: each command and block of code prints what the page shows after it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from reference.commands import run
from reference.pages import ROOT

torch = pytest.importorskip("torch")

PAGE = "docs/quickstart.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_step_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    for language, text in BLOCK.findall((ROOT / PAGE).read_text()):
        if language == "toml":
            Path("tiny.toml").write_text(text)
        elif language == "text":
            assert printed == text
        elif language in ("python", "py"):
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(text, PAGE, "exec"), names)
            printed = output.getvalue()
        elif text.startswith("fastinit "):
            done = run(*shlex.split(text)[1:], cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            printed = done.stdout
