"""What notebooks show of tensors, modules and tables: well-formed pages, whatever is inside."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser

import ml_dtypes
import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.diagnostics import compare, parameters, propagation
from fastinit.html import module_html, table_html

VOID = {"rect"}  # which close themselves


class Page(HTMLParser):
    """Reads a page; fails where tags are not nested, and keeps its tables as texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in VOID
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def page_of(shown: object) -> Page:
    text = shown._repr_html_()
    assert not re.search(
        r"https?:|<script|<style|color: *#", text
    )  # nothing from elsewhere, no colour of its own
    return Page(text)


TENSORS = {
    "matrix": lambda: fastinit.randn(3, 4),
    "scalar": lambda: fastinit.tensor(2.5),
    "one value": lambda: fastinit.ones(1),
    "empty": lambda: fastinit.empty(0, 3),
    "NaN": lambda: fastinit.full((3,), math.nan),
    "infinite": lambda: fastinit.tensor([1.0, math.inf, -math.inf, math.nan]),
    "integers": lambda: fastinit.arange(5),
    "bools": lambda: fastinit.tensor([True, False]),
    "bytes": lambda: fastinit.tensor([1, 255], dtype=fastinit.uint8),
    "bfloat16": lambda: fastinit.ones(5).bfloat16(),
    "float16": lambda: fastinit.full((3,), 6e4).half(),
    "huge": lambda: fastinit.tensor([1.7e308, -1.7e308], dtype=fastinit.float64),
    "transposed": lambda: fastinit.rand(4, 3).T,
    "expanded": lambda: fastinit.ones(1, 3).expand(100_000, 3),
    "every other": lambda: fastinit.arange(300_000.0)[::2],
    "without memory": lambda: fastinit.empty(3, 4, device="meta"),
    "parameter": lambda: nn.Parameter(fastinit.randn(3)),
    "parameter without memory": lambda: nn.Parameter(fastinit.empty(1 << 40, device="meta")),
    "result": lambda: nn.Parameter(fastinit.randn(3)).exp(),
    "not known yet": nn.UninitializedParameter,
    "buffer not known yet": nn.UninitializedBuffer,
    "buffer": lambda: nn.Buffer(fastinit.ones(3)),
    "foreign": lambda: fastinit.from_numpy(np.broadcast_to(np.float32(1), (3, 3)).copy()[::-1, ::-1].copy()),
}


@pytest.mark.parametrize("name", TENSORS)
def test_there_is_a_page_of_any_tensor(name: str) -> None:
    tensor = TENSORS[name]()
    page = page_of(tensor)
    assert "pre" in page.tags
    has_figures = name not in {"scalar", "one value", "empty"} and "memory" not in name and "yet" not in name
    assert ("svg" in page.tags) == has_figures


def test_a_page_has_the_figures_and_the_text_that_prints() -> None:
    values = fastinit.tensor([1.0, 2.0, 3.0, 0.0])
    page = page_of(values)
    assert page.rows[0][:6] == ["mean", "std", "min", "max", "zeros", "nan"]
    assert page.rows[1][:6] == ["1.5", f"{np.std([0, 1, 2, 3]):.4g}", "0", "3", "1", "0"]
    assert "tensor([1., 2., 3., 0.])" in values._repr_html_()
    text = nn.Parameter(values)._repr_html_()
    assert "<b>Parameter</b> 4 float32, 4 values" in text
    assert "requires_grad=True" in text


def test_a_large_tensor_is_sampled_and_the_page_says_so() -> None:
    fastinit.manual_seed(0)
    large = fastinit.randn(2_000_000)
    text = large._repr_html_()
    assert "of about 65,536 of the values" in text
    mean, std = (float(each) for each in Page(text).rows[1][:2])
    assert abs(mean) < 0.03
    assert abs(std - 1) < 0.02
    assert len(text) < 10_000


def test_a_module_is_a_table_of_its_parameters() -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    nn.init.ones_(net[2].weight)
    page = page_of(net)
    heads, *rows = page.rows
    assert heads == ["name", "shape", "dtype", "count", "mean", "std"]
    assert [row[0] for row in rows] == [name for name, _ in net.named_parameters()]
    assert rows[2] == ["2.weight", "1x3", "float32", "3", "1", "0"]
    text = net._repr_html_()
    assert "4 parameters, 19 values" in text
    assert "(2): Linear(in_features=3, out_features=1, bias=True)" in text


MODULES = {
    "nothing": lambda: nn.Sequential(nn.ReLU()),
    "lazy": lambda: nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 1)),
    "meta": lambda: nn.Linear(1 << 20, 1 << 20, device="meta"),
    "half": lambda: nn.Linear(3, 3).bfloat16(),
    "tied": lambda: nn.Sequential(*[nn.Linear(2, 2)] * 3),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16),
}


@pytest.mark.parametrize("name", MODULES)
def test_there_is_a_page_of_any_module(name: str) -> None:
    net = MODULES[name]()
    page = page_of(net)
    assert len(page.rows) == (len(dict(net.named_parameters())) + 1 if name != "nothing" else 0)


def test_names_are_escaped() -> None:
    class Named(nn.Module):
        def extra_repr(self) -> str:
            return "<b onclick='x'>&amp;"

    net = Named()
    net.register_parameter("<script>&", nn.Parameter(fastinit.ones(2)))
    page = page_of(net)
    assert page.rows[1][0] == "<script>&"
    assert "b onclick" not in "".join(page.tags)
    assert "&lt;b onclick" in net._repr_html_()


def test_a_module_of_very_many_parameters_shows_the_ends_of_the_list() -> None:
    arrays = [(f"h.{number}", np.ones(2, ml_dtypes.bfloat16)) for number in range(1000)]
    page = Page(module_html("Deep", arrays, "Deep()"))
    names = [row[0] for row in page.rows[1:]]
    assert names[0] == "h.0"
    assert names[-1] == "h.999"
    assert "800 more" in names
    assert len(names) == 201


def test_marked_rows_are_shown_among_very_many() -> None:
    page = Page(table_html(["name"], [[str(row)] for row in range(1000)], marked=[500]))
    names = [row[0] for row in page.rows[1:]]
    assert "⚠ 500" in names
    assert {"400 more", "399 more"} <= set(names)


def test_diagnostics_are_tables_with_flagged_rows_marked() -> None:
    fastinit.manual_seed(0)
    net = nn.Sequential(nn.Linear(100, 300), nn.ReLU(), nn.Linear(300, 10))
    nn.init.normal_(net[2].weight, std=0.1)
    table = parameters(net, like="torch")
    page = page_of(table)
    assert page.rows[0] == re.split(r" {2,}", str(table).splitlines()[0])
    assert [row[0] for row in page.rows[1:]] == ["0.weight", "0.bias", "⚠ 2.weight", "2.bias"]
    assert page.rows[3][-1].endswith("times the expected")
    for other in (propagation(net, fastinit.randn(8, 100)), compare(net, net)):
        page = page_of(other)
        assert len(page.rows) == len(other) + 1
        below = str(other).splitlines()[len(other) + 1 :]
        assert all(line in other._repr_html_() for line in below)


def test_torchs_own_classes_are_left_alone() -> None:
    torch = pytest.importorskip("torch")
    assert not hasattr(torch.nn.Linear(2, 2), "_repr_html_")
    assert not hasattr(torch.ones(2), "_repr_html_")
    assert page_of(parameters(torch.nn.Linear(3, 3))).rows
