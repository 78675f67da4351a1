"""Brace expansion gives the words, in the order, that a shell gives."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from fastinit.recipe import RecipeError
from fastinit.recipe.braces import escape, expand

EXPANSIONS = {
    "wte": ["wte"],
    "h.{0..2}": ["h.0", "h.1", "h.2"],
    "{2..0}": ["2", "1", "0"],
    "{-1..1}": ["-1", "0", "1"],
    "{0..10..5}": ["0", "5", "10"],
    "{10..0..-5}": ["10", "5", "0"],
    "{1..3..0}": ["1", "2", "3"],
    "{08..11}": ["08", "09", "10", "11"],
    "{1..03}": ["01", "02", "03"],
    "{-01..1}": ["-01", "000", "001"],
    "{a..e..2}": ["a", "c", "e"],
    "{c..a}": ["c", "b", "a"],
    "{q,k,v}_proj": ["q_proj", "k_proj", "v_proj"],
    "x{,_bias}": ["x", "x_bias"],
    "{a,b{1..2},{c,d}e}": ["a", "b1", "b2", "ce", "de"],
    "{0..1}.{weight,bias}": ["0.weight", "0.bias", "1.weight", "1.bias"],
    "{a,b}{c,d}": ["ac", "ad", "bc", "bd"],
}


@pytest.mark.parametrize("text", EXPANSIONS)
def test_braces_expand_to_the_listed_words(text: str) -> None:
    assert expand(text) == EXPANSIONS[text]


@pytest.mark.parametrize("text", EXPANSIONS)
def test_braces_expand_as_bash_does(text: str) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.fail("bash is the reference of this test")
    answer = subprocess.run(
        [bash, "-c", f"printf '%s\\n' {text}"], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines() == expand(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("h.{0..n-1}", ["h.0", "h.1", "h.2"]),
        ("{n..2*n..n // 2 + 1}", ["3", "5"]),
        ("{0..n}.{q,k}", ["0.q", "0.k", "1.q", "1.k", "2.q", "2.k", "3.q", "3.k"]),
        ("{n_..0..step}", ["4", "2", "0"]),
        ("{08..n_ * 3}", ["08", "09", "10", "11", "12"]),
        ("{-n..-1}", ["-3", "-2", "-1"]),
        ("{0..max(n, min(1, 7))}", ["0", "1", "2", "3"]),
        ("{0..n / 1.5}", ["0", "1", "2"]),
        ("{a,{0..n-2}}", ["a", "0", "1"]),
        ("{n..p}", ["n", "o", "p"]),
        ("{a..e..n-1}", ["a", "c", "e"]),
        ("{(a,b),c}", ["(a", "b)", "c"]),
        ("{0..n-4}", ["0", "-1"]),
    ],
)
def test_the_ends_and_the_step_of_a_range_may_be_arithmetic(text: str, words: list[str]) -> None:
    assert expand(text, {"n": 3, "n_": 4, "step": 2.0, "a": 1}) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"a\{b\}", ["a{b}"]),
        (r"{a\,b,c\}}", ["a,b", "c}"]),
        (r"a\\{b,c}", [r"a\b", r"a\c"]),
        ("a\\b\\", ["a\\b\\"]),
        (r"\\\{", [r"\{"]),
    ],
)
def test_a_backslash_makes_braces_and_commas_plain(text: str, words: list[str]) -> None:
    assert expand(text) == words
    assert all(expand(escape(word)) == [word] for word in words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h.{0..2", '"{" without "}"'),
        ("h.0..2}", '"}" without "{"'),
        ("{a,b}}", '"}" without "{"'),
        ("h.{n}", "neither a range"),
        ("h.{}", "neither a range"),
        ("h.{0..n}", '"{0..n}" in "h.{0..n}": unknown name "n"'),
        ("h.{0..1 / 2}", "'1 / 2' is 0.5, not a whole number"),
        ("h.{0..2 *}", "not an arithmetic expression"),
        ("h.{0..1..2..3}", "neither a range"),
        ("h.{0..}", "neither a range"),
        ("h.{0...1}", "neither a range"),
        ("{0..9 ** 30}", "stands for more than"),
        ("{0..99999999999}", "stands for more than"),
        ("{0..9999}{0..9999}", "stands for more than"),
        ("{a,b}" * 100, "more than 64 braces"),
    ],
)
def test_a_brace_that_is_neither_range_nor_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        expand(text)
