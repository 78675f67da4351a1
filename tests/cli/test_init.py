"""`fastinit init`: what it writes, what it prints, and one line for whatever goes wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from fastinit import cli
from fastinit.recipe import Recipe, value
from reference.commands import Command, assert_one_line_of_error, run

RECIPE = """
[vars]
width = 6

[tensors]
"h.{0..1}.weight" = { shape = ["width", 4], dtype = "float32" }
"h.{0..1}.bias" = { shape = [4], dtype = "bfloat16" }

[[rule]]
match = "*.bias"
init = "constant_"
val = 0.5

[[rule]]
match = "*"
init = "normal_"
std = 0.02

[tie]
"head" = "h.0.weight"
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


def test_init_writes_the_checkpoint_and_prints_a_table(recipe: Path, tmp_path: Path) -> None:
    done = run("init", recipe, "--out", "out", "--seed", 5, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    stored = load_file(tmp_path / "out" / "model.safetensors")
    weights = value(Recipe.from_toml(recipe), "h.1.weight", ..., seed=5)
    np.testing.assert_array_equal(stored["h.1.weight"], weights)
    heading, *rows, summary = done.stdout.splitlines()
    assert heading.split() == ["name", "shape", "dtype", "initialiser", "mean", "std", "min", "max"]
    cells = {row.split()[0]: re.split(r" {2,}", row.strip()) for row in rows}
    assert list(cells) == ["h.0.weight", "h.1.weight", "h.0.bias", "h.1.bias", "head"]
    figures = (weights.mean(), weights.std(), weights.min(), weights.max())
    assert cells["h.1.weight"][1:4] == ["[6, 4]", "float32", "normal_(std=0.02)"]
    assert [float(cell) for cell in cells["h.1.weight"][4:]] == pytest.approx(figures, rel=1e-3)
    assert cells["h.0.bias"][1:] == ["[4]", "bfloat16", "constant_(val=0.5)", "0.5", "0", "0.5", "0.5"]
    assert cells["head"][3] == "tied to h.0.weight"
    assert cells["head"][4:] == cells["h.0.weight"][4:]
    assert summary.startswith("out/model.safetensors: 4 tensors, 56 parameters")


def test_out_is_named_after_the_recipe_and_the_seed_is_0_where_nothing_is_said(
    recipe: Path, tmp_path: Path, command: Command
) -> None:
    assert command("init", recipe).returncode == 0
    stored = load_file(tmp_path / "small" / "model.safetensors")
    np.testing.assert_array_equal(
        stored["h.0.weight"], value(Recipe.from_toml(recipe), "h.0.weight", ..., seed=0)
    )


def test_the_same_seed_gives_the_same_file_and_another_seed_another(
    recipe: Path, tmp_path: Path, command: Command
) -> None:
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert command("init", recipe, "--out", out, "--seed", seed).returncode == 0
    first, second, third = ((tmp_path / out / "model.safetensors").read_bytes() for out in "abc")
    assert first == second
    assert first != third


@pytest.mark.parametrize(
    "arguments",
    [["init"], ["init", "r.toml", "--sed", "1"], ["init", "r.toml", "--seed", "x"], ["bogus"]],
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


@pytest.mark.parametrize("seed", ["-1", str(2**64)])
def test_a_seed_beyond_64_bits_is_wrong_usage(seed: str) -> None:
    assert CliRunner().invoke(cli.app, ["init", "r.toml", "--seed", seed]).exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width = 6", "width = = 6", r"small\.toml: not valid TOML: .*\(at line 3, column 9\)"),
        (
            '"normal_"',
            '"norml_"',
            r'small\.toml: line 14: rule 2 .*unknown initialiser "norml_"; did you mean',
        ),
        ('match = "*"', 'match = "*.gain"', r'small\.toml: tensor "h\.0\.weight": no rule matches it'),
        ("std = 0.02", "std = -1", r"small\.toml: line 14: rule 2 .*std"),
        ("0..1", "0...1", "neither a range"),
    ],
)
def test_a_bad_recipe_is_one_line_and_writes_nothing(
    recipe: Path, tmp_path: Path, command: Command, old: str, new: str, message: str
) -> None:
    recipe.write_text(RECIPE.replace(old, new, 1))
    done = command("init", recipe, "--out", "out")
    assert_one_line_of_error(done)
    assert re.search(message, done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_recipe_that_is_not_there_is_one_line(command: Command) -> None:
    done = command("init", "none.toml")
    assert_one_line_of_error(done)
    assert done.stderr == "fastinit: none.toml: No such file or directory\n"


def test_an_output_that_exists_is_kept_unless_forced(recipe: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "small" / "model.safetensors"
    out.parent.mkdir()
    out.write_bytes(b"precious")
    done = command("init", recipe)
    assert_one_line_of_error(done)
    assert "small/model.safetensors exists" in done.stderr
    assert "--force" in done.stderr
    assert out.read_bytes() == b"precious"
    assert command("init", recipe, "--force").returncode == 0
    assert "h.0.weight" in load_file(out)


def cramped_disk(out: Path) -> list[str]:
    """What to put before a command so that `out` is a disk of 64 KiB: a mount that ends with the process."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mounted = [*unshare, "sh", "-c", f"mount -t tmpfs -o size=64k tmpfs '{out}' && \"$@\"; status=$?; "]
    listed = f"ls -A '{out}' >&2; exit $status"
    return [*mounted[:-1], mounted[-1] + listed, "sh"]


LARGE = RECIPE.replace("width = 6", "width = 100_000")


def test_a_disk_that_fills_up_leaves_no_file(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(LARGE)
    limit = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh"]  # a file may not grow past 200 blocks
    done = run("init", recipe, "--out", "out", cwd=tmp_path, prefix=limit)
    assert_one_line_of_error(done)
    assert re.fullmatch(r"fastinit: out/\S*model\.safetensors: File too large\n", done.stderr)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_no_file(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(LARGE)
    out = tmp_path / "out"
    out.mkdir()
    if shutil.which("unshare") is None or run("--version", cwd=tmp_path, prefix=cramped_disk(out)).returncode:
        pytest.skip("no disk can be mounted here")
    done = run("init", recipe, "--out", "out", cwd=tmp_path, prefix=cramped_disk(out))
    assert_one_line_of_error(done)  # the listing of the disk would be a second line
    assert re.search("takes [0-9,]+ bytes, but its disk has only [0-9,]+ free", done.stderr)


STOPPING = """
import signal, sys
from fastinit import cli
from fastinit.checkpoint import writer

write_part, stop = writer.write_part, int(sys.argv.pop())

def stopping(store, job, number, progress):
    if number == stop:
        print("here", flush=True)
        signal.pause()
    return write_part(store, job, number, progress)

writer.write_part = stopping
cli.main()
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("complete", [0, 2])
def test_an_interrupted_run_leaves_what_was_there_and_says_how_to_go_on(
    recipe: Path, tmp_path: Path, command: Command, number: signal.Signals, status: int, complete: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.safetensors").write_bytes(b"precious")
    arguments = ["init", str(recipe), "--out", "out", "--force", "--max-shard-size", "1"]
    script = [sys.executable, "-c", STOPPING, *arguments, str(complete)]
    with subprocess.Popen(
        script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == status
    assert "Traceback" not in errors
    assert ("fastinit: interrupted; --resume goes on with what is complete\n" in errors) == (complete > 0)
    assert (out / "model.safetensors").read_bytes() == b"precious"
    assert not list(out.glob("model-*"))
    if complete:
        assert command(*arguments, "--resume").returncode == 0
        assert command("verify", "out").returncode == 0
    else:
        assert [path.name for path in out.iterdir()] == ["model.safetensors"]


def test_a_shard_size_makes_several_files(recipe: Path, tmp_path: Path, command: Command) -> None:
    done = command("init", recipe, "--max-shard-size", "100B")
    assert done.returncode == 0
    assert "small/3 files" in done.stdout
    assert len(list((tmp_path / "small").glob("model-*-of-00003.safetensors"))) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-shard-size", "huge"],
        ["--max-memory", "-1"],
        ["--set", "width"],
        ["--engine", "spark"],
        ["--workers", "0"],
        ["--workers", "2"],
        ["--like", "x", "--model", "x:y"],
    ],
)
def test_a_value_that_an_option_cannot_have_is_wrong_usage(
    recipe: Path, tmp_path: Path, command: Command, arguments: list[str]
) -> None:
    done = command("init", recipe, "--out", "out", *arguments)
    assert done.returncode == 2
    assert arguments[0].removeprefix("--") in done.stderr or "--engine" in done.stderr
    assert not (tmp_path / "out").exists()


def test_set_gives_a_variable_another_value(recipe: Path, tmp_path: Path, command: Command) -> None:
    assert command("init", recipe, "--set", "width=9", "--out", "out").returncode == 0
    assert load_file(tmp_path / "out" / "model.safetensors")["h.1.weight"].shape == (9, 4)
    done = command("init", recipe, "--set", "height=9", "--force")
    assert_one_line_of_error(done)
    assert "height" in done.stderr


RULES = """
[[rule]]
match = "*"
init = "normal_"
std = 0.02
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A recipe that lists no tensors."""
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def test_like_takes_names_and_shapes_from_a_checkpoint(
    recipe: Path, rules: Path, tmp_path: Path, command: Command
) -> None:
    assert command("init", recipe, "--max-shard-size", "100", "--out", "first").returncode == 0
    assert command("init", rules, "--like", "first", "--out", "second").returncode == 0
    stored = load_file(tmp_path / "second" / "model.safetensors")
    expected = Recipe.from_toml(recipe).tensors
    assert {name: array.shape for name, array in stored.items()} == {
        name: spec.shape for name, spec in expected.items()
    }


MODELS = {
    "fastinit": "from fastinit import nn\n\ndef make():\n    return nn.Linear(3, 4)\n",
    "torch": "import torch\n\ndef make():\n    return torch.nn.Linear(3, 4)\n",
}


@pytest.mark.parametrize("library", MODELS)
def test_model_takes_them_from_a_function_in_the_current_directory(
    rules: Path, tmp_path: Path, command: Command, library: str
) -> None:
    pytest.importorskip(library)
    (tmp_path / f"model_of_{library}.py").write_text(MODELS[library])
    assert command("init", rules, "--model", f"model_of_{library}:make", "--out", "out").returncode == 0
    stored = load_file(tmp_path / "out" / "model.safetensors")
    assert {name: array.shape for name, array in stored.items()} == {"weight": (4, 3), "bias": (4,)}


def test_a_recipe_without_tensors_needs_them_from_somewhere(rules: Path, command: Command) -> None:
    done = command("init", rules)
    assert_one_line_of_error(done)
    assert "[tensors] is empty" in done.stderr


def test_explain_says_which_rule_decides_and_writes_nothing(
    recipe: Path, tmp_path: Path, command: Command
) -> None:
    done = command("init", recipe, "--explain", "head")
    assert done.returncode == 0
    assert '"head" is tied to "h.0.weight"' in done.stdout
    assert "normal_(std=0.02)" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_an_explanation_as_json_says_the_rule_and_what_it_calls(recipe: Path, command: Command) -> None:
    found = json.loads(command("init", recipe, "--explain", "head", "--json").stdout)
    assert (found["name"], found["tied_to"], found["shape"]) == ("head", "h.0.weight", [6, 4])
    assert (found["rule"], found["initialiser"]) == (2, "normal_(std=0.02)")
    text = command("init", recipe, "--explain", "head").stdout
    assert found["explanation"] == text.splitlines()


def test_an_explanation_of_rules_alone_knows_no_shape(rules: Path, command: Command) -> None:
    found = json.loads(command("init", rules, "--explain", "any.name", "--json").stdout)
    assert (found["tied_to"], found["shape"], found["rule"]) == (None, None, None)
    assert found["explanation"][-1].endswith("decides: normal_(std=0.02)")


def test_a_dry_run_prints_the_plan_and_writes_nothing(recipe: Path, tmp_path: Path, command: Command) -> None:
    done = command("init", recipe, "--dry-run", "--max-shard-size", "100")
    assert done.returncode == 0
    assert "model-00001-of-00003.safetensors" in done.stdout
    assert "small: 4 tensors, 56 parameters" in done.stdout
    assert "head is tied to h.0.weight" in done.stdout
    assert re.search(r"disk: [\d,]+ bytes free, enough for", done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_a_dry_run_is_right_about_the_files(recipe: Path, tmp_path: Path, command: Command) -> None:
    planned = json.loads(command("init", recipe, "--dry-run", "--json", "--max-shard-size", "100").stdout)
    command("init", recipe, "--max-shard-size", "100", "--out", "out")
    there = {path.name: path.stat().st_size for path in (tmp_path / "out").glob("*.safetensors")}
    assert {file["name"]: file["bytes"] for file in planned["files"]} == there
    assert planned["bytes"] == sum(there.values())
    assert planned["parameters"] == 56
    assert planned["ties"] == {"head": "h.0.weight"}
    assert planned["matrix"] is None


def test_a_dry_run_says_what_matrices_take_and_that_a_disk_is_too_small(
    tmp_path: Path, command: Command
) -> None:
    path = tmp_path / "vast.toml"
    path.write_text(
        '[tensors]\n"w" = { shape = [16_777_216, 16_777_216] }\n[[rule]]\nmatch = "*"\ninit = "orthogonal_"\n'
    )
    done = command("init", path, "--dry-run")
    assert done.returncode == 0
    assert "NOT ENOUGH" in done.stdout
    assert re.search(r"memory: .* PB at most for a matrix of w", done.stdout)


def test_json_is_the_manifest(recipe: Path, tmp_path: Path, command: Command) -> None:
    done = command("init", recipe, "--json", "--out", "out")
    assert done.stdout == (tmp_path / "out" / "fastinit-manifest.json").read_text()
    assert list(json.loads(done.stdout)["tensors"]) == ["h.0.weight", "h.1.weight", "h.0.bias", "h.1.bias"]


def test_resume_where_all_is_there_prints_the_same(recipe: Path, command: Command) -> None:
    first = command("init", recipe)
    assert command("init", recipe, "--resume").stdout == first.stdout
    done = command("init", recipe, "--resume", "--seed", "1")
    assert_one_line_of_error(done)
    assert "--force" in done.stderr


def test_a_matrix_that_takes_more_than_max_memory_is_refused(
    recipe: Path, tmp_path: Path, command: Command
) -> None:
    recipe.write_text(RECIPE.replace('"normal_"\nstd = 0.02', '"orthogonal_"').replace("= 6", "= 600"))
    done = command("init", recipe, "--max-memory", "20KB")
    assert_one_line_of_error(done)
    assert "(--max-memory)" in done.stderr
    assert not (tmp_path / "small").exists()
    assert command("init", recipe, "--max-memory", "1MB").returncode == 0


def test_an_address_of_another_kind_may_be_the_output(recipe: Path, command: Command) -> None:
    fsspec = pytest.importorskip("fsspec")
    assert command("init", recipe, "--out", "memory://of-the-command/small").returncode == 0
    assert command("verify", "memory://of-the-command/small").returncode == 0
    fsspec.filesystem("memory").rm("/of-the-command", recursive=True)


def test_dask_writes_the_same_as_this_process(recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    for engine in (["--engine", "dask", "--workers", "2"], []):
        name = "dask" if engine else "local"
        done = run("init", recipe, "--out", name, "--max-shard-size", "100", *engine, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    for path in (tmp_path / "local").iterdir():
        assert (tmp_path / "dask" / path.name).read_bytes() == path.read_bytes()


def test_an_error_on_a_worker_of_dask_is_one_line(recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    recipe.write_text(LARGE)
    limit = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh"]
    done = run(
        "init", recipe, "--out", "out", "--engine", "dask", "--workers", "1", cwd=tmp_path, prefix=limit
    )
    assert_one_line_of_error(done)
    assert "File too large" in done.stderr
