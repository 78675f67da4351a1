"""Sizes as people write them."""

from __future__ import annotations

import pytest

from fastinit.checkpoint.sizes import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5GB", 5 * 10**9),
        ("5gb", 5 * 10**9),
        ("500 MB", 500 * 10**6),
        ("1.5K", 1500),
        ("2GiB", 2 << 30),
        ("2Gi", 2 << 30),
        ("1TiB", 1 << 40),
        ("7", 7),
        ("7B", 7),
        (7, 7),
    ],
)
def test_a_size_is_a_number_of_bytes(text: int | str, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("unit", ["KB", "MB", "GB", "TB"])
def test_units_are_those_of_hugging_face(unit: str) -> None:
    theirs = pytest.importorskip("huggingface_hub.serialization._base").parse_size_to_int
    assert parse_bytes(f"3{unit}") == theirs(f"3{unit}")


@pytest.mark.parametrize("size", [0, -1, "0", "0.1", "5 XB", "5iB", "", "GB", "-1GB", "1e9", 1.5, True, None])
def test_what_is_no_size_is_refused(size: object) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_bytes(size)


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (5e9, "5.0 GB"), (2.5e15, "2.5 PB")]
)
def test_bytes_are_shown_in_the_unit_that_suits_them(count: float, shown: str) -> None:
    assert format_bytes(count) == shown
