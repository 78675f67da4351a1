import pytest

from fastinit import cuda
from fastinit.devices import CPU, as_device, device


def test_the_cpu_prints_and_compares_as_in_pytorch():
    assert repr(device("cpu")) == "device(type='cpu')"
    assert str(device("cpu")) == "cpu"
    assert device("cpu") == device(device("cpu")) == CPU
    assert hash(device("cpu")) == hash(CPU)
    assert device("cpu") != "cpu"
    assert as_device(None) is CPU


def test_another_device_is_refused():
    with pytest.raises(RuntimeError, match="expected the device 'cpu' or 'meta', but got 'cuda:0'"):
        device("cuda:0")
    with pytest.raises(TypeError, match="not float"):
        as_device(3.5)


def test_programs_that_ask_for_a_gpu_are_told_that_there_is_none():
    assert not cuda.is_available()
    assert cuda.device_count() == 0
