"""When OpenBLAS is looked for, what is done without it, and how a product shares the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from fastinit import _core
from reference import dense as reference


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own, after the lines that make a small and a large product."""
    prelude = """
        import sys
        import numpy as np
        from fastinit import _core

        def product(size):
            ones = np.ones((size, size), np.float32)
            assert (_core.linear(ones, ones) == size).all()
        """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(program)],
        env={name: value for name, value in os.environ.items() if name != "FASTINIT_BLAS"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def succeeds(program: str, **environment: str) -> bool:
    finished = run(program, **environment)
    assert finished.returncode == 0, finished.stderr
    return True


def test_openblas_is_loaded_before_the_first_large_product_and_no_sooner() -> None:
    program = """
        assert "scipy_openblas32" not in sys.modules
        product(8)
        assert "scipy_openblas32" not in sys.modules
        product(650)
        assert "scipy_openblas32" in sys.modules
        assert "OpenBLAS" in _core.blas()
        """
    assert succeeds(program, FASTINIT_ISA="baseline")


@pytest.mark.parametrize("isa", [isa for isa in _core.usable_isas() if isa == "avx512"])
def test_it_is_not_loaded_where_our_own_product_is_the_quicker(isa: str) -> None:
    assert succeeds('product(650); assert "scipy_openblas32" not in sys.modules', FASTINIT_ISA=isa)


def test_it_is_never_loaded_where_our_own_product_is_asked_for() -> None:
    assert succeeds('product(650); assert "scipy_openblas32" not in sys.modules', FASTINIT_BLAS="none")


WITHOUT_OPENBLAS = """
    sys.modules["scipy_openblas32"] = None  # its import now raises ImportError
    """


def test_a_machine_without_openblas_multiplies_all_the_same() -> None:
    assert succeeds(WITHOUT_OPENBLAS + 'product(650); assert _core.blas() == ""')


def test_openblas_asked_for_by_name_and_missing_is_an_error() -> None:
    finished = run(WITHOUT_OPENBLAS + "product(8)", FASTINIT_BLAS="openblas")
    assert "RuntimeError: OpenBLAS was asked for" in finished.stderr


def test_an_unknown_choice_is_told_at_import() -> None:
    finished = run("", FASTINIT_BLAS="mkl")
    assert "FASTINIT_BLAS is 'mkl'; it may be none or openblas" in finished.stderr
    with pytest.raises(ValueError, match="expected auto, none or openblas, got 'mkl'"):
        _core.use_blas("mkl")


@pytest.fixture
def restored() -> Iterator[None]:
    threads = _core.get_num_threads()
    yield
    _core.set_num_threads(threads)
    _core.use_blas("auto")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("road", ["none", "openblas"])
@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize(("m", "k", "n"), [(150, 90, 170), (3, 500, 900), (901, 300, 10), (128, 128, 128)])
def test_any_number_of_threads_multiplies_right(m: int, k: int, n: int, threads: int, road: str) -> None:
    _core.use_blas(road)
    _core.set_num_threads(threads)
    random = np.random.default_rng(m)
    a, b = (random.standard_normal(shape).astype(np.float32) for shape in [(m, k), (k, n)])
    for right in (b, np.ascontiguousarray(b.T).T):
        error = np.abs(_core.matmul(a, right) - reference.product(a, b))
        assert (error <= reference.error_bound(a, b)).all()


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("road", ["none", "openblas"])
def test_products_in_many_threads_at_once_do_not_disturb_each_other(road: str) -> None:
    _core.use_blas(road)
    random = np.random.default_rng(0)
    pairs = [(random.standard_normal((130, 140)), random.standard_normal((140, 120))) for _ in range(4)]
    wrong: list[int] = []

    def multiply(i: int) -> None:
        a, b = pairs[i]
        expected = a @ b
        wrong.extend(
            i for _ in range(20) if not np.allclose(_core.matmul(a, b), expected, rtol=0, atol=1e-11)
        )

    threads = [threading.Thread(target=multiply, args=(i,)) for i in range(len(pairs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("road", ["none", "openblas"])
def test_the_interpreter_runs_on_during_a_product(road: str) -> None:
    _core.use_blas(road)
    ones = np.ones((300, 300), np.float32)
    started = threading.Event()
    products = 0

    def multiply() -> None:
        nonlocal products
        started.set()
        for _ in range(200):
            _core.matmul(ones, ones)
            products += 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(
        1000
    )  # no thread is made to yield: another runs only while one has released the interpreter
    try:
        thread = threading.Thread(target=multiply)
        thread.start()
        started.wait()
        seen = products
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert seen < products


def test_a_forked_child_multiplies() -> None:
    assert succeeds("""
        import os, warnings
        warnings.simplefilter("ignore")
        product(200)
        _core.activation("tanh", np.ones(200_000, np.float32))
        child = os.fork()
        if child == 0:
            product(200)
            _core.activation("tanh", np.ones(200_000, np.float32))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0
        """)
