"""`fastinit bench`: rates that follow from each other; how large they are is the machine's affair."""

from __future__ import annotations

import json

import pytest

from fastinit.cli import bench
from reference.commands import Command


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_SECONDS", 0.0)


def test_rates_and_shares_are_of_one_memory(command: Command) -> None:
    document = json.loads(command("bench", "--size", "1MB", "--json").stdout)
    assert document["nbytes"] == 1_000_000
    assert document["fills"].keys() == bench.FILLS.keys()
    for fill in document["fills"].values():
        share = 4 * fill["values_per_second"] / document["memset_bytes_per_second"]
        assert fill["of_memset"] == pytest.approx(share)


def test_the_table_has_a_row_for_each_fill_and_memset(command: Command) -> None:
    heading, *rows, about = command("bench", "--size", "1").stdout.splitlines()
    assert heading.split() == ["fill", "10^9", "values/s", "GB/s", "of", "memset"]
    assert [row.split()[0] for row in rows] == [*bench.FILLS, "memset"]
    assert "4 bytes of float32" in about
