"""No fill takes memory of its own: the process's peak hardly moves, whatever holds what is filled."""

import array
import mmap
import os
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import fastinit
from fastinit.nn import init

COUNT = 1 << 24
BYTES = 4 * COUNT
SLACK = BYTES // 8  # for stacks and buffers of threads

FILLS = [
    init.zeros_,
    init.uniform_,
    init.normal_,
    init.trunc_normal_,
    partial(init.masked_uniform_, low=-1, high=1, threshold=0.5),
]


class Exporter:
    def __init__(self, held):
        self.held = held

    def __dlpack__(self, **keywords):
        return self.held.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.held.__dlpack_device__()


def ones(_):
    return np.ones(COUNT, np.float32)


def mapped(folder):
    held = np.memmap(folder / "weights", np.float32, "w+", shape=(COUNT,))
    held[:] = 1
    return held


def of_torch(dtype):
    def make(_):
        torch = pytest.importorskip("torch")
        return torch.ones(BYTES // getattr(torch, dtype).itemsize, dtype=getattr(torch, dtype))

    return make


HOLDERS = {
    "ndarray": ones,
    "memmap": mapped,
    "Tensor": lambda _: fastinit.from_numpy(ones(_)),
    "torch-float32": of_torch("float32"),
    "torch-bfloat16": of_torch("bfloat16"),
    "dlpack": lambda _: Exporter(ones(_)),
    "dlpack-of-torch": lambda _: Exporter(of_torch("float16")(_)),
    "array.array": lambda _: array.array("f", [1]) * COUNT,
    "mmap": lambda _: memoryview(mmap.mmap(-1, BYTES)).cast("f"),
}


def peak():
    """The most memory that this process has had at once, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def growth(held, work):
    """By how much that goes up beyond what is there when all of `held` has been written."""
    init.ones_(held)
    before = peak()
    work(held)
    return peak() - before


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_fill_takes_no_memory(kind, tmp_path, in_a_child):
    held = HOLDERS[kind](tmp_path)

    def work():
        return growth(held, lambda held: [fill(held) for fill in FILLS]) < SLACK

    assert in_a_child(work)


def test_a_copy_would_have_been_noticed(in_a_child):
    held = ones(None)
    assert not in_a_child(lambda: growth(held, lambda held: held.copy()) < SLACK)


PROGRAM = """
    import sys
    from pathlib import Path
    import fastinit

    count = int(sys.argv[1])
    {make}
    fastinit.init.normal_(held, std=0.02, generator=fastinit.Generator(seed=1))
    assert 0 < abs(held[-1000:]).max() < 0.2
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("make", "itemsize"),
    [
        ("import torch; held = torch.empty(count, dtype=torch.bfloat16)", 2),
        ("import numpy; held = numpy.empty(count, numpy.float32)", 4),
    ],
)
def test_a_tensor_of_half_the_machines_memory_is_filled(make, itemsize):
    size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM).format(make=make), str(size // itemsize)],
        capture_output=True,
        text=True,
        check=True,
    )
    most = 1024 * int(done.stdout)
    assert size <= most < 1.05 * size + (1 << 29)
