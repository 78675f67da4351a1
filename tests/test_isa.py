"""Which instruction set's kernels are in use."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastinit
from fastinit import _core


def run(program, isa):
    """Runs a program whose FASTINIT_ISA is `isa`."""
    package = str(Path(fastinit.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FASTINIT_ISA": isa, "PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=False,
    )


def shown(name):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        fastinit.show_config()
    entries = dict(line.split("  ", 1) for line in out.getvalue().splitlines())
    return {key.strip(): value.strip() for key, value in entries.items()}[name]


def test_baseline_is_built_everywhere_and_the_best_comes_last():
    assert _core.built_isas()[0] == _core.usable_isas()[0] == "baseline"
    assert [isa for isa in _core.built_isas() if isa in _core.usable_isas()] == _core.usable_isas()


@pytest.mark.parametrize("wanted", ["", *_core.usable_isas()])
def test_the_environment_variable_forces_one_and_says_nothing_if_empty(wanted):
    result = run("from fastinit import _core; print(_core.isa())", wanted)
    assert result.stdout.strip() == (wanted or _core.usable_isas()[-1]), result.stderr


@pytest.mark.parametrize("wanted", ["avx9", "AVX2", "avx2 ", "native"])
def test_a_misspelt_one_is_refused_at_import(wanted):
    result = run("import fastinit", wanted)
    choice = ", ".join(_core.built_isas())
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"ImportError: FASTINIT_ISA must be one of {choice}, not '{wanted}'"
    )


def test_show_config_names_the_one_in_use(isa):
    assert shown("instruction set") == isa
    assert shown("built") == ", ".join(_core.built_isas())
    assert shown("usable") == ", ".join(_core.usable_isas())


def test_one_that_is_not_to_be_had_leaves_the_one_in_use(isa):
    with pytest.raises(ValueError, match="isa must be one of baseline"):
        _core.use_isa("avx9")
    assert _core.isa() == isa
