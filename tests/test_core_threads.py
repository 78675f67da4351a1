"""How many threads the kernels use: what the user said, else the CPUs that the process may use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastinit import _core

PACKAGE = str(Path(_core.__file__).parents[1])
AFFINITY = os.sched_getaffinity(0)


def run(program, threads=None):
    """Runs a program in a fresh interpreter; `threads` is FASTINIT_NUM_THREADS, not set if None."""
    environment = {name: value for name, value in os.environ.items() if name != "FASTINIT_NUM_THREADS"}
    environment["PYTHONPATH"] = PACKAGE
    if threads is not None:
        environment["FASTINIT_NUM_THREADS"] = threads
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("threads", ["1", "3", "100"])
def test_the_environment_says_the_number_of_threads(threads):
    result = run("from fastinit import _core; print(_core.get_num_threads())", threads)
    assert result.stdout == threads + "\n", result.stderr


@pytest.mark.parametrize("threads", ["0", "-1", "two", "2 ", "1.5", "99999999999"])
def test_an_environment_that_says_no_number_is_told_at_import(threads):
    result = run("import fastinit", threads)
    assert result.returncode != 0
    assert f"must be a whole number of at least 1, not '{threads}'" in result.stderr


@pytest.mark.parametrize("threads", [None, ""])
def test_otherwise_it_is_the_number_of_cpus_that_the_process_may_use(threads):
    result = run("from fastinit import _core; print(_core.get_num_threads() == _core.usable_cpus())", threads)
    assert result.stdout == "True\n", result.stderr


@pytest.mark.parametrize("cpus", [{min(AFFINITY)}, AFFINITY], ids=["one", "all"])
def test_the_affinity_mask_bounds_the_number_of_cpus(cpus, tmp_path):
    program = f"import os; os.sched_setaffinity(0, {cpus}); from fastinit import _core; "
    result = run(program + f"print(_core.usable_cpus({str(tmp_path)!r}))")
    assert result.stdout == f"{len(cpus)}\n", result.stderr


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


GROUP_V2 = {"proc/self/cgroup": "0::/user/job\n"}
GROUP_V1 = {"proc/self/cgroup": "5:memory:/user/job\n4:cpu,cpuacct:/user/job\n1:name=systemd:/\n0::/\n"}
CGROUP = "sys/fs/cgroup/"


def quota_v1(folder, quota, period):
    return {
        f"{CGROUP}cpu/{folder}cpu.cfs_quota_us": f"{quota}\n",
        f"{CGROUP}cpu/{folder}cpu.cfs_period_us": f"{period}\n",
    }


# The files of a system, and the whole CPUs that their quota comes to; None for no limit.
QUOTAS = {
    "no cgroups": ({}, None),
    "v2 without a quota": (GROUP_V2 | {CGROUP + "user/job/cpu.max": "max 100000\n"}, None),
    "v2, half a CPU": (GROUP_V2 | {CGROUP + "user/job/cpu.max": "50000 100000\n"}, 1),
    "v2, one CPU": (GROUP_V2 | {CGROUP + "user/job/cpu.max": "100000 100000\n"}, 1),
    "v2, a CPU and a half": (GROUP_V2 | {CGROUP + "user/job/cpu.max": "150000 100000\n"}, 2),
    "v2, by the group above": (
        GROUP_V2 | {CGROUP + "user/job/cpu.max": "max 100000\n", CGROUP + "user/cpu.max": "20000 20000\n"},
        1,
    ),
    "v2, by the root of a container": (GROUP_V2 | {CGROUP + "cpu.max": "1000 2000\n"}, 1),
    "v2, of another group": (GROUP_V2 | {CGROUP + "other/cpu.max": "1000 2000\n"}, None),
    "v2, of a process at the root": (
        {"proc/self/cgroup": "0::/\n", CGROUP + "cpu.max": "100000 100000\n"},
        1,
    ),
    "v1 without a quota": (GROUP_V1 | quota_v1("user/job/", -1, 100000), None),
    "v1, one CPU": (GROUP_V1 | quota_v1("user/job/", 100000, 100000), 1),
    "v1, by the group above": (
        GROUP_V1 | quota_v1("user/job/", 400000, 100000) | quota_v1("user/", 30000, 100000),
        1,
    ),
    "damaged files": (GROUP_V2 | {"proc/self/cgroup": "nonsense\n0::\n", CGROUP + "cpu.max": "x y\n"}, None),
}


@pytest.mark.parametrize("what", QUOTAS)
def test_the_quota_of_a_cgroup_bounds_the_number_of_cpus(what, tmp_path):
    files, cpus = QUOTAS[what]
    write(tmp_path, files)
    assert _core.usable_cpus(str(tmp_path)) == min(len(AFFINITY), cpus or len(AFFINITY))


SIZES = """
import os
import numpy as np
from fastinit import _core
def started(size):
    before = len(os.listdir("/proc/self/task"))
    _core.fill_normal(np.empty(size, np.float32), 0, 1, 0, 0, 0)
    return len(os.listdir("/proc/self/task")) - before
print(started(65_000), started(200_000))
"""


def test_a_small_fill_stays_on_the_calling_thread():
    assert run(SIZES, "4").stdout == "0 3\n"
