"""Timing by turns: machines drift, so peers run one after the other, and ratios are taken round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Seconds per call of each peer, round by round (entry r of every list comes from round r)."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, to: str) -> float:
        """How many times the time of `name` goes into that of `to`: above 1, `name` is the faster."""
        return statistics.median(b / a for a, b in zip(self.seconds[name], self.seconds[to], strict=True))


def seconds_per_call(call: Callable[[], object], at_least: float) -> float:
    """The time of one call, repeated until `at_least` seconds have gone by."""
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            call()
        elapsed = time.perf_counter() - start
        if elapsed >= at_least:
            return elapsed / calls
        calls = max(calls * 2, round(calls * at_least / max(elapsed, 1e-9)))


def by_turns(calls: Mapping[str, Callable[[], object]], *, rounds: int, at_least: float = 0.02) -> Timings:
    """Times every call once per round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_number in range(-1, rounds):
        for name, call in calls.items():
            elapsed = seconds_per_call(call, at_least)
            if round_number >= 0:
                seconds[name].append(elapsed)
    return Timings(seconds)
