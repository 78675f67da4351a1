"""Options of the suite: long runs are asked for by name; a run beside every peer forbids skips."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from fastinit import _core
from reference.same_as_torch import normal, same_as_torch

__all__ = ["normal", "same_as_torch"]  # fixtures


@pytest.fixture
def in_a_child() -> Callable[[Callable[[], bool]], bool]:
    """Gives a function that forks, does some work in the child, and says whether that returned True there."""

    def run(work: Callable[[], bool]) -> bool:
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # ends a child that waits for ever
            done = False
            try:
                done = work()
            finally:
                os._exit(0 if done else 1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-long", action="store_true", help="also run the tests marked long")
    parser.addoption("--forbid-skips", action="store_true", help="a skipped test or file counts as failed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--run-long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)


def _fail_if_skipped(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    if config.getoption("--forbid-skips") and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, and skips are forbidden in this run: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    _fail_if_skipped(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector):
    report = yield
    _fail_if_skipped(collector.config, report)
    return report


@pytest.fixture
def use_isa() -> Iterator[Callable[[str], None]]:
    """Chooses the instruction set whose kernels are in use, for one test."""
    before = _core.isa()
    yield _core.use_isa
    _core.use_isa(before)


@pytest.fixture(params=_core.usable_isas())
def isa(request: pytest.FixtureRequest, use_isa: Callable[[str], None]) -> str:
    """Each instruction set of this CPU in turn, whose kernels are in use."""
    use_isa(request.param)
    return request.param
