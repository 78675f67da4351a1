"""Fills beside what else a process does: forks, threads, signals."""

import concurrent.futures
import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fastinit import Generator, _core, default_generator, manual_seed
from fastinit.nn import init
from reference.fills import FILLS, filled

LARGE = 300_000


@pytest.fixture(autouse=True)
def several_threads():
    before = _core.get_num_threads()
    _core.set_num_threads(4)
    yield
    _core.set_num_threads(before)


# Python 3.12 and later warn of forks in processes with threads: that they work is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def a_fill_and_a_product():
    """The bytes of a fill and of a product, each large enough for several threads."""
    x = filled("normal", "float32", (300, 1000))
    return x.tobytes(), _core.linear(x, x[:200]).tobytes()


def test_a_forked_child_fills_and_multiplies_after_its_parent_did(in_a_child):
    expected = a_fill_and_a_product()
    assert in_a_child(lambda: a_fill_and_a_product() == expected)
    assert a_fill_and_a_product() == expected


def test_a_child_of_a_child_fills_too(in_a_child):
    expected = a_fill_and_a_product()
    assert in_a_child(
        lambda: a_fill_and_a_product() == expected and in_a_child(lambda: a_fill_and_a_product() == expected)
    )


@pytest.fixture
def another_thread_fills():
    stop = threading.Event()

    def keep_filling():
        while not stop.is_set():
            filled("uniform", "float32", LARGE)

    thread = threading.Thread(target=keep_filling)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("another_thread_fills")
def test_children_forked_while_another_thread_fills_fill_and_multiply_too(in_a_child):
    expected = a_fill_and_a_product()
    for _ in range(5):
        assert in_a_child(lambda: a_fill_and_a_product() == expected)


@pytest.mark.usefixtures("another_thread_fills")
def test_a_child_forked_from_a_thread_while_others_fill_fills_too(in_a_child):
    expected = a_fill_and_a_product()
    succeeded = []

    def fork():
        succeeded.extend(in_a_child(lambda: a_fill_and_a_product() == expected) for _ in range(3))

    forker = threading.Thread(target=fork)
    forker.start()
    while forker.is_alive():
        assert a_fill_and_a_product() == expected
    assert succeeded == [True] * 3


def in_threads(count, work):
    """Runs `work(i)` in as many threads at once; returns what each returned."""
    with concurrent.futures.ThreadPoolExecutor(count) as executor:
        return list(executor.map(work, range(count)))


def test_several_threads_of_the_caller_fill_at_once():
    expected = {name: filled(name, "float32", LARGE).tobytes() for name in FILLS}

    def wrong(_):
        return [name for name in FILLS if filled(name, "float32", LARGE).tobytes() != expected[name]]

    assert in_threads(5, wrong) == [[]] * 5


def test_threads_with_generators_of_their_own_get_the_values_of_each():
    sizes = [5, 1000, LARGE]
    forks = [Generator(seed=3).fork(i) for i in range(4)]

    def fill(generator):
        return [init.normal_(np.empty(size, np.float32), generator=generator).tobytes() for size in sizes * 5]

    expected = [fill(generator.clone_state()) for generator in forks]
    assert in_threads(4, lambda i: fill(forks[i])) == expected


@pytest.mark.parametrize("generator", [Generator(seed=3), None], ids=["one generator", "the default one"])
def test_threads_that_share_a_generator_never_get_the_same_positions(generator):
    # Each fill is found in the whole stream, at a position that no other fill has.
    sizes = (4, 12, 1000, 40_000)
    fills, threads = 10, 4
    source = default_generator if generator is None else generator
    if generator is None:
        manual_seed(3)
    start = source.clone_state()
    before = source._take(0)[2]

    def fill(_):
        return [
            init.uniform_(np.empty(size, np.float32), generator=generator)
            for _ in range(fills)
            for size in sizes
        ]

    made = [array for arrays in in_threads(threads, fill) for array in arrays]
    total = fills * threads * sum(sizes)
    assert source._take(0)[2] == before + total
    whole = init.uniform_(np.empty(total, np.float32), generator=start)
    place = {whole[at : at + 4].tobytes(): at for at in range(0, total, 4)}
    taken = sorted((place[array[:4].tobytes()], array.size) for array in made)
    assert [at for at, _ in taken] == [0, *itertools.accumulate(size for _, size in taken)][:-1]
    assert all(
        array.tobytes() == whole[place[array[:4].tobytes()] :][: array.size].tobytes() for array in made
    )


def test_no_thread_spins_when_nothing_is_to_be_done():
    a_fill_and_a_product()
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.05


def test_a_fill_lets_other_threads_run():
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    start = time.monotonic()
    filled("trunc_normal_far", "float64", 3_000_000)
    end = time.monotonic()
    stop.set()
    ticker.join()
    assert any(start < t < end for t in ticks)


# A fill takes long: one thread makes a few 10^8 values in a second, and the next fill begins at once.
INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
import fastinit

threads, size = int(sys.argv[1]), 2**30
fastinit.set_num_threads(threads)
array = np.zeros(size, np.float16)
generator = fastinit.Generator(seed=1)
bounds = (5, 1, 10, 12)

def interrupt():
    global at
    at = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)

threading.Timer(0.2, interrupt).start()
fills = 0
try:
    while True:
        fastinit.random.trunc_normal(array, *bounds, generator)
        fills += 1
except KeyboardInterrupt:
    seconds = time.monotonic() - at
    assert seconds < 0.5, seconds

# The fill's positions are taken all the same; each element is this fill's or what it was before.
assert generator._take(0)[2] in (fills * size, (fills + 1) * size)
possible = [np.zeros(100_000, np.float16)]
for fill in range(max(0, fills - 1), fills + 1):
    for begin in (0, size - 100_000):
        part = fastinit.Shard((size,), (slice(begin, begin + 100_000),))
        start = fastinit.Generator(seed=1)
        start._take(fill * size)
        possible.append(np.empty(100_000, np.float16))
        fastinit.random.trunc_normal(possible[-1], *bounds, start, part)
for found in (array[:100_000], array[-100_000:]):
    assert np.logical_or.reduce([found == each for each in possible]).all()

# The next fill works.
clone = generator.clone_state()
fastinit.random.trunc_normal(array[:100_000], *bounds, generator)
fastinit.random.trunc_normal(possible[0], *bounds, clone)
assert (array[:100_000] == possible[0]).all() and (possible[0] >= 10).all()
print("interrupted")
"""


@pytest.mark.parametrize("threads", [1, 4])
def test_a_keyboard_interrupt_ends_a_huge_fill_within_half_a_second(threads):
    path = str(Path(_core.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(threads)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout == "interrupted\n", result.stderr
