"""The number of threads, and what `show_config` tells."""

import numpy as np
import pytest

import fastinit


@pytest.fixture
def threads():
    """Gives the number of threads back as it was."""
    before = fastinit.get_num_threads()
    yield before
    fastinit.set_num_threads(before)


def test_the_number_of_threads_is_what_was_set(threads):
    assert threads >= 1
    fastinit.set_num_threads(3)
    assert fastinit.get_num_threads() == 3
    fastinit.set_num_threads(np.int64(2))
    assert fastinit.get_num_threads() == 2


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", None])
def test_a_number_of_threads_that_is_not_a_positive_int_is_refused(threads, count):
    with pytest.raises(RuntimeError, match="set_num_threads expects a"):
        fastinit.set_num_threads(count)
    assert fastinit.get_num_threads() == threads


@pytest.mark.parametrize("count", [0, 1.5, True, "2"])
def test_it_is_refused_as_in_pytorch(threads, count):
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as expected:
        torch.set_num_threads(count)
    with pytest.raises(RuntimeError) as error:
        fastinit.set_num_threads(count)
    assert str(error.value).startswith(str(expected.value))


def test_show_config_names_versions_instruction_sets_threads_and_blas(capsys):
    fastinit.show_config()
    shown = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    shown = {name.strip(): value.strip() for name, value in shown.items()}
    assert shown["fastinit"] == fastinit.__version__
    assert shown["stream version"] == str(fastinit.STREAM_VERSION)
    assert shown["instruction set"] in shown["usable"].split(", ")
    assert set(shown["usable"].split(", ")) <= set(shown["built"].split(", "))
    assert shown["threads"] == str(fastinit.get_num_threads())
    assert shown["BLAS"]
