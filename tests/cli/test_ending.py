"""How the command ends: its status, and what it says of signals, broken pipes, full disks and mistakes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from reference.commands import Command, assert_one_line_of_error, small_gpt2

COMMAND = [sys.executable, "-m", "fastinit.cli"]

WAITING = """
import signal
from fastinit import cli
from fastinit.checkpoint import Checkpoint

def read(self, *args):
    print("here", flush=True)
    signal.pause()

Checkpoint.read = read
cli.main()
"""


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A directory with gpt2.toml, rules.toml and the checkpoint gpt2."""
    small_gpt2(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("arguments", [["show", "gpt2"], ["drift", "gpt2", "gpt2.toml"]])
def test_a_signal_ends_it_in_silence(
    prepared: Path, number: signal.Signals, status: int, arguments: list[str]
) -> None:
    script = [sys.executable, "-c", WAITING, *arguments]
    with subprocess.Popen(
        script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=prepared
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(number)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == status


@pytest.mark.parametrize(
    "arguments", [["show", "gpt2"], ["info", "--json"], ["--help"], ["init", "gpt2.toml", "--dry-run"]]
)
def test_a_pipe_that_nobody_reads_ends_it_as_it_ends_cat(prepared: Path, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ends = [
            subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=prepared, check=False)
            for command in ([*COMMAND, *arguments], ["cat", "gpt2.toml"])
        ]
    finally:
        os.close(writing)
    assert ends[0].returncode == ends[1].returncode == -signal.SIGPIPE
    assert ends[0].stderr == b""


def test_the_first_line_alone_may_be_read(prepared: Path) -> None:
    line = f"set -o pipefail; {' '.join(COMMAND)} show gpt2 | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=prepared, check=False)
    assert done.returncode in (0, 128 + signal.SIGPIPE)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["show", "gpt2"], ["info"], ["init", "gpt2.toml", "--dry-run"]])
def test_a_stdout_that_takes_nothing_is_one_line(prepared: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, cwd=prepared, check=False
        )
    assert (done.returncode, done.stderr) == (1, "fastinit: No space left on device\n")


def test_a_closed_stdout_is_no_mistake(prepared: Path) -> None:
    line = f"{' '.join(COMMAND)} show gpt2 >&-"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=prepared, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shwo", "gpt2"], r"no such command 'shwo'. Did you mean 'show'\? See fastinit --help"),
        (["show"], r"missing argument 'CHECKPOINT'. See fastinit show --help"),
        (["show", "gpt2", "--srot", "std"], r"no such option: --srot .*--sort.* See fastinit show --help"),
        (["show", "gpt2", "--sort", "sdt"], r"'--sort': 'sdt' is not one of .*'std'"),
        (["init", "gpt2.toml", "--seed", "x"], r"'--seed'.*See fastinit init --help"),
        (["init", "gpt2.toml", "--engine", "daks"], r'unknown engine "daks"; did you mean "dask"\?'),
        (["bench", "--size", "large"], "--size"),
        (["completion", "csh"], "'csh' is not one of 'bash', 'zsh', 'fish'"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    prepared: Path, command: Command, arguments: list[str], said: str
) -> None:
    done = command(*arguments)
    assert_one_line_of_error(done, 2)
    assert re.search(said, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "gpt3"], 'gpt3: No such file or directory; did you mean "gpt2"'),
        (["show", "gpt2/modle.safetensors"], 'did you mean "gpt2/model.safetensors"?'),
        (["show", "gpt2", "*.wte.wieght"], 'no tensor fits "*.wte.wieght"; did you mean "transformer.wte.w'),
        (
            ["show", "gpt2", "--recipe", "gpt2.tml"],
            'gpt2.tml: No such file or directory; did you mean "gpt2.t',
        ),
        (["show", "gpt2.toml"], "gpt2.toml is a recipe, not a checkpoint"),
        (["show", "hollow"], "hollow: there is no .safetensors file"),
        (["show", "cut.safetensors"], "cut.safetensors: "),
        (["show", "far://away"], "far://away: "),
        (["verify", "gpt"], 'gpt: No such file or directory; did you mean "gpt2"'),
        (["verify", "hollow"], "holds no fastinit-manifest.json"),
        (["drift", "gpt2", "gtp2.toml"], 'gtp2.toml: No such file or directory; did you mean "gpt2.toml"'),
        (["drift", "gpt2", "gpt2/model.safetensors"], "not UTF-8 text"),
        (["drift", "gpt2", "hollow"], "hollow: Is a directory"),
        (["drift", "gpt2", "gpt2.toml", "wte"], 'did you mean "transformer.wte.weight"?'),
        (["init", "gpt2/fastinit-manifest.json"], "fastinit-manifest.json: not valid TOML"),
        (["init", "gpt2.toml", "--set", "n_layr=1"], 'unknown variable "n_layr"; did you mean "n_layer"?'),
        (
            ["init", "gpt2.toml", "--explain", "transformer.wet.weight"],
            'did you mean "transformer.wte.weight',
        ),
        (["init", "gpt2.toml", "--explain", "wte"], 'did you mean "transformer.wte.weight"?'),
        (["init", "rules.toml", "--like", "gpt1"], "gpt1"),
        (["init", "rules.toml", "--model", "nowhere:make"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line_that_names_what_is_nearest(
    prepared: Path, command: Command, arguments: list[str], said: str
) -> None:
    (prepared / "hollow").mkdir()
    whole = (prepared / "gpt2" / "model.safetensors").read_bytes()
    (prepared / "cut.safetensors").write_bytes(whole[:-1])
    done = command(*arguments)
    assert_one_line_of_error(done)
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [["drift", "gpt2", "loop.toml"], ["init", "loop.toml"]])
def test_a_file_that_cannot_be_read_is_named(prepared: Path, command: Command, arguments: list[str]) -> None:
    (prepared / "loop.toml").symlink_to("loop.toml")
    done = command(*arguments)
    assert_one_line_of_error(done)
    assert done.stderr == "fastinit: loop.toml: Too many levels of symbolic links\n"


LOCALES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("locale", LOCALES)
def test_any_name_is_printed_in_any_locale(tmp_path: Path, locale: str) -> None:
    save_file({"poids.é.層": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    shown = [
        subprocess.run(
            [*COMMAND, "show", ".", *options],
            env=os.environ | LOCALES[locale],
            capture_output=True,
            cwd=tmp_path,
            check=True,
        )
        for options in (["--histogram"], ["--json"])
    ]
    assert all(done.stderr == b"" for done in shown)
    table, document = (done.stdout.decode("latin-1") for done in shown)
    assert r"\u5c64" in table
    assert "#" in table  # a bar, where the encoding has no blocks
    assert r"poids.\u00e9.\u5c64" in document


def test_a_path_that_is_no_text_is_printed(tmp_path: Path) -> None:
    small_gpt2(tmp_path)
    name = b"gpt2\xff"
    shutil.move(os.fsencode(tmp_path / "gpt2"), os.fsencode(tmp_path) + b"/" + name)
    done = subprocess.run(
        [*map(os.fsencode, COMMAND), b"show", name], capture_output=True, cwd=tmp_path, check=True
    )
    assert rb"gpt2\udcff: 16 tensors" in done.stdout
