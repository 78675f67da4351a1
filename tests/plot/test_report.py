"""Reports of checkpoints: pictures and pages, whatever the checkpoint holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from fastinit import checkpoint
from fastinit.checkpoint import CheckpointError
from fastinit.checkpoint.header import Entry, encode
from fastinit.plot import report
from fastinit.recipe import Recipe, RecipeError, Rule, TensorSpec

RNG = np.random.default_rng(0)
EVIL = '<script>alert(1)</script> & "q" \x1b[2J $\\frac$'
RECIPE = Recipe(
    [Rule("*.bias", "zeros_"), Rule("*", "normal_", {"std": 0.02})],
    tensors={
        **{f"h.{k}.weight": TensorSpec((48, 64)) for k in range(3)},
        **{f"h.{k}.bias": TensorSpec((48,)) for k in range(3)},
        "head.weight": TensorSpec((4, 3, 5, 5)),
    },
)


class Page(HTMLParser):
    """What a page holds: its tags with attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    checkpoint.write(RECIPE, tmp_path / "model", seed=0)
    return tmp_path / "model"


def page_of(source: Path, **options: object) -> Page:
    out = source.parent / "report.html"
    report(source, out, force=True, **options)
    return Page(out.read_text())


def rows_of(page: Page) -> list[str]:
    return [str(each["title"]) for each in page.all("th") if each.get("scope") == "row"]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html", ".PNG"])
def test_the_suffix_says_what_is_written(directory: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    report(directory, out)
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".html": b"<!doctype html>"}[suffix.lower()]
    assert out.read_bytes().startswith(begins)
    first = out.read_bytes()
    report(directory, out, force=True)
    assert out.read_bytes() == first  # the same checkpoint gives the same file
    assert {each.name for each in tmp_path.iterdir()} == {"model", out.name}


def test_the_manifest_says_what_is_expected(directory: Path) -> None:
    page = page_of(directory)
    assert any("nothing flagged" in each for each in page.words)
    assert "normal_(std=0.02)" in page.words
    assert rows_of(page) == [
        "h.0.bias",
        "h.0.weight",
        "h.1.bias",
        "h.1.weight",
        "h.2.bias",
        "h.2.weight",
        "head.weight",
    ]


def test_what_is_not_as_expected_is_flagged(directory: Path) -> None:
    found = checkpoint.Checkpoint(directory)
    arrays = {name: found.read(name).reshape(found.tensors[name].entry.shape) for name in found.tensors}
    arrays["h.1.weight"] *= 2
    save_file(arrays, directory / "model.safetensors")
    said = " ".join(page_of(directory).words)
    assert "1 flagged" in said
    assert "times the expected" in said


def test_a_recipe_of_ones_own_takes_the_place_of_the_manifests(directory: Path) -> None:
    other = Recipe([Rule("*", "normal_", {"std": 0.04})], allow_unused=True)
    assert any("7 flagged" in each for each in page_of(directory, recipe=other).words)


def test_without_a_recipe_only_what_is_not_finite_is_flagged(tmp_path: Path) -> None:
    save_file(
        {"a": np.ones(3, np.float32), "b": np.array([1, np.nan, np.inf])}, tmp_path / "model.safetensors"
    )
    page = page_of(tmp_path / "model.safetensors")
    assert any("1 flagged" in each for each in page.words)
    assert any("1 NaN; 1 infinite" in each for each in page.words)
    save_file({"a": np.ones(3, np.float32)}, tmp_path / "model.safetensors")
    assert any(
        "no recipe says what is expected" in each for each in page_of(tmp_path / "model.safetensors").words
    )


def test_a_manifest_of_another_checkpoint_is_told_and_left(directory: Path) -> None:
    save_file({"a": np.ones(3, np.float32)}, directory / "model.safetensors")
    with pytest.warns(UserWarning, match="nothing is expected of the values"):
        page = page_of(directory)
    assert rows_of(page) == ["a"]


def test_what_a_name_says_is_words(tmp_path: Path) -> None:
    save_file({EVIL: RNG.normal(size=(40, 40)), "x": np.ones(2)}, tmp_path / "m<b>.safetensors")
    page = page_of(tmp_path / "m<b>.safetensors")
    assert len(page.all("script")) == 1
    assert not page.all("b")
    assert '<script>alert(1)</script> & "q" \\x1b[2J $\\frac$' in page.words
    for suffix in (".png", ".svg"):
        report(tmp_path / "m<b>.safetensors", tmp_path / f"out{suffix}")
    assert "<script" not in (tmp_path / "out.svg").read_text()


def test_a_page_is_whole_and_asks_for_nothing(directory: Path) -> None:
    page = page_of(directory)
    assert page.all("html") == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    for tag, attributes in page.tags:
        for key in ("src", "href", "xlink:href"):
            value = attributes.get(key)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    assert all(each.get("alt") for each in page.all("img"))
    assert all(each.get("aria-label") for each in page.all("svg"))
    ids = [str(attributes["id"]) for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    text = (directory.parent / "report.html").read_text()
    used = set(re.findall(r'(?:url\(#|href="#|aria-labelledby=")([^)"]+)', text))
    assert used <= set(ids)
    assert "#fa0" not in text  # every stand-in of a colour has been replaced


DTYPES = {
    "half": np.ones((20, 20), np.float16),
    "brain": RNG.normal(size=(30, 20)).astype(ml_dtypes.bfloat16),
    "eight": RNG.normal(size=(30, 20)).astype(ml_dtypes.float8_e4m3fn),
    "whole": np.arange(400).reshape(20, 20),
    "truth": np.eye(20) > 0,
    "wave": np.ones((20, 20), np.complex64),
    "scalar": np.array(3.0),
    "none": np.empty((0, 5), np.float32),
    "lost": np.full((20, 20), np.nan),
    "far": RNG.normal(size=(20, 20)) * 1e300,
    "near": RNG.normal(size=(20, 20)) * 1e-300,
    "unendlich 无穷": np.full((20, 20), np.inf),
}


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html"])
def test_every_dtype_and_shape_is_reported(tmp_path: Path, suffix: str) -> None:
    save_file(DTYPES, tmp_path / "model.safetensors")
    report(tmp_path / "model.safetensors", tmp_path / f"out{suffix}")
    if suffix == ".html":
        assert set(rows_of(Page((tmp_path / "out.html").read_text()))) == set(DTYPES)


def test_a_checkpoint_without_tensors_is_reported(tmp_path: Path) -> None:
    save_file({}, tmp_path / "model.safetensors")
    for suffix in (".png", ".html"):
        report(tmp_path / "model.safetensors", tmp_path / f"out{suffix}")


def test_names_choose_the_tensors(directory: Path) -> None:
    assert rows_of(page_of(directory, names=["h.1.weight", "h.0.bias"])) == ["h.0.bias", "h.1.weight"]


def test_what_has_been_read_is_told(directory: Path) -> None:
    told: list[int] = []
    page_of(directory, observe=told.append)
    assert sum(told) == sum(spec.numel for spec in RECIPE.tensors.values())


def test_a_refused_call_leaves_what_was_there(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    out.write_text("mine")
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(FileExistsError, match="force"):
        report(directory, out)
    for source, options, error in [
        (tmp_path / "bad.safetensors", {}, CheckpointError),
        (tmp_path / "nowhere", {}, FileNotFoundError),
        (directory, {"names": ["nowhere"]}, ValueError),
        (directory, {"recipe": Recipe([Rule("*.bias", "zeros_")])}, RecipeError),
        (directory, {"theme": "sepia"}, ValueError),
    ]:
        with pytest.raises(error):
            report(source, out, force=True, **options)
    with pytest.raises(FileNotFoundError, match="no directory"):
        report(directory, tmp_path / "nowhere" / "out.html")
    for name in ("out.pdf", "out", ".html"):
        with pytest.raises(ValueError, match=r"\.png, \.svg or \.html"):
            report(directory, tmp_path / name)
    assert out.read_text() == "mine"
    assert {each.name for each in tmp_path.iterdir()} == {"model", "out.html", "bad.safetensors"}


MEASURE = """
import resource, sys
from fastinit.plot import report
report("model.safetensors", "out.html", force=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_tensors(tmp_path: Path) -> None:
    peaks = []
    for rows in (1 << 15, 1 << 18):  # of 1024 values: 64 and 512 MiB
        path = tmp_path / "model.safetensors"
        size = rows * 1024 * 2
        text = encode({"zeros": Entry("BF16", (rows, 1024), 0, size)}, {})
        path.write_bytes(text)
        os.truncate(path, len(text) + size)  # a file of holes
        done = subprocess.run(
            [sys.executable, "-c", MEASURE], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] < peaks[0] + 32 * 1024  # KiB


def test_a_missing_matplotlib_is_told_with_the_command_that_installs_it() -> None:
    program = "import sys; sys.modules['matplotlib'] = None; import fastinit; fastinit.plot"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        'ModuleNotFoundError: fastinit.plot needs matplotlib: pip install "fastinit[plot]"'
    )
    program = (
        "import fastinit, fastinit.nn, fastinit.diagnostics, sys; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
