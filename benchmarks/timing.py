"""Timing by turns: machines drift, so peers run one after the other, and ratios are taken round by round."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Call = Callable[[], object]
ENOUGH_ROUNDS = 3  # for a median
PATIENCE = 0.3  # seconds


@dataclass(frozen=True)
class Peer:
    """What is timed, and what is done before each of its turns without being timed."""

    call: Call
    prepare: Call = lambda: None


@dataclass(frozen=True)
class Timings:
    """Seconds per call of each peer, by round."""

    seconds: dict[str, dict[int, float]]

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name].values())

    def ratio(self, name: str, to: str) -> float:
        """How many times the time of `name` goes into that of `to`: above 1, `name` is the faster.

        The median over the rounds in which both had a turn; where there is none, the ratio of the medians.
        """
        ours, theirs = self.seconds[name], self.seconds[to]
        both = ours.keys() & theirs.keys()
        if not both:
            return self.median(to) / self.median(name)
        return statistics.median(theirs[r] / ours[r] for r in both)


def time_calls(call: Call, calls: int) -> float:
    """The mean time of so many calls."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def seconds_per_call(call: Call, at_least: float) -> float:
    """The time of one call, repeated until `at_least` seconds have gone by."""
    calls = 1
    while True:
        seconds = time_calls(call, calls)
        if seconds * calls >= at_least:
            return seconds
        calls = max(calls * 2, math.ceil(at_least / max(seconds, 1e-9)))


def by_turns(
    peers: Mapping[str, Peer],
    *,
    rounds: int,
    at_least: float = 0.02,
    at_most: float = math.inf,
    patience: float = PATIENCE,
) -> Timings:
    """Times every peer once per round, for `at_least` seconds; after `at_most` seconds, three rounds suffice.

    The first turn of each peer tells how often it is to be called in the others, and counts only if it took
    more than `patience` seconds: then there is no other.
    """
    begin = time.perf_counter()
    calls: dict[str, int] = {}
    seconds: dict[str, dict[int, float]] = {name: {} for name in peers}
    for name, peer in peers.items():
        peer.prepare()
        first = time_calls(peer.call, 1)
        if first > patience:
            seconds[name][-1] = first
        elif first > at_least:
            calls[name] = 1
        else:
            calls[name] = math.ceil(at_least / seconds_per_call(peer.call, at_least / 10))
    for round_number in range(rounds):
        if round_number >= ENOUGH_ROUNDS and time.perf_counter() - begin > at_most:
            break
        for name, count in calls.items():
            peers[name].prepare()
            seconds[name][round_number] = time_calls(peers[name].call, count)
    return Timings(seconds)
