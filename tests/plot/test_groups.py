"""Layers that repeat are shown together."""

from __future__ import annotations

import pytest

from fastinit.plot.groups import grouped, natural, numbers_in, printable


def names_of(*names: str) -> list[str]:
    return [group for group, _ in grouped((name, None, name) for name in names)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"h.{k}.w" for k in range(12)], ["h.{0..11}.w"]),
        ([f"{k}.weight" for k in range(0, 100, 2)], ["{0..98..2}.weight"]),
        (["h.0.w", "h.1.w"], ["h.{0,1}.w"]),
        (["h.0.w", "h.1.w", "h.5.w"], ["h.{0,1,5}.w"]),
        ([f"h.{k * k}.w" for k in range(9)], ["h.{0,1,...,64}.w"]),
        ([f"h.{k}.e.{j}.w" for k in range(3) for j in range(4)], ["h.{0..2}.e.{0..3}.w"]),
        (["h.3.ln_1.w", "h.4.ln_1.w", "h.3.b"], ["h.{3,4}.ln_1.w", "h.3.b"]),
        (["wte"], ["wte"]),
        (["9" * 5000, "8" * 5000], ["9" * 5000, "8" * 5000]),  # longer than Python makes numbers of
    ],
)
def test_names_that_differ_by_their_numbers_are_one(names: list[str], expected: list[str]) -> None:
    assert names_of(*names) == expected


def test_what_is_of_another_shape_stays_apart() -> None:
    found = grouped([("h.0.w", (2, 3), 0), ("h.1.w", (2, 3), 1), ("h.2.w", (3, 3), 2)])
    assert found == [("h.{0,1}.w", [0, 1]), ("h.2.w", [2])]


def test_what_cannot_be_seen_is_written_out_and_what_is_long_is_cut() -> None:
    assert printable("a\x1b[2J\n\u202eb\ud800") == r"a\x1b[2J\n\u202eb\ud800"
    assert printable("x" * 1000, 20) == "x" * 8 + "..." + "x" * 8


def test_numbers_tell_a_name_from_its_group() -> None:
    assert numbers_in("h.3.experts.7.w1") == "3, 7, 1"
    assert sorted(["h.10", "h.9", "a"], key=natural) == ["a", "h.9", "h.10"]
