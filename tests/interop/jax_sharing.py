"""Memory is shared with JAX both ways; what is JAX's is never written to."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np
import pytest

import fastinit
from fastinit import init

DTYPES = ["float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]

each_dtype = pytest.mark.parametrize("dtype", DTYPES)


@pytest.fixture(autouse=True)
def all_dtypes() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@each_dtype
def test_jax_sees_the_same_memory_where_it_is_aligned_as_jax_has_it(dtype: str) -> None:
    numbers = (fastinit.arange(256) % 2).to(getattr(fastinit, dtype))
    aligned = numbers[-numbers.data_ptr() % 64 // numbers.element_size() :][:96].view(8, 12).t()
    theirs = jax.numpy.from_dlpack(aligned, copy=False)
    assert theirs.dtype.name == dtype
    assert theirs.unsafe_buffer_pointer() == aligned.data_ptr()
    assert theirs.tolist() == aligned.tolist()


@each_dtype
@pytest.mark.parametrize("shape", [(3, 4), (), (0, 2)])
def test_an_array_of_jax_is_shared_and_refuses_writes(shape: tuple[int, ...], dtype: str) -> None:
    theirs = jax.numpy.ones(shape, dtype)
    for share in (fastinit.from_dlpack, fastinit.as_tensor, fastinit.asarray):
        ours = share(theirs)
        assert ours.dtype is getattr(fastinit, dtype)
        assert ours.tolist() == theirs.tolist()
        if theirs.size:
            assert ours.data_ptr() == theirs.unsafe_buffer_pointer()
            with pytest.raises(ValueError, match="read-only"):
                init.zeros_(ours)
    assert (theirs == 1).all()
    assert init.zeros_(fastinit.from_dlpack(theirs, copy=True)).tolist() == np.zeros(shape).tolist()


def test_an_array_of_jax_is_not_filled_and_says_what_to_do_instead() -> None:
    held = jax.numpy.ones(3)
    for call in (init.normal_, jax.jit(init.normal_)):
        with pytest.raises(TypeError, match=r"it never changes: .* jax\.make_array_from_callback"):
            call(held)
    assert (held == 1).all()


def test_what_the_message_says_to_do_works() -> None:
    filled = init.normal_(np.empty((2, 3), np.float32))
    assert jax.numpy.asarray(filled).tolist() == filled.tolist()
    assert jax.numpy.asarray(fastinit.from_numpy(filled)).tolist() == filled.tolist()


def test_read_only_memory_is_not_handed_over_to_who_cannot_be_told() -> None:
    with pytest.raises(BufferError, match="hand over a copy"):
        jax.numpy.from_dlpack(fastinit.from_dlpack(jax.numpy.ones(3)))


@pytest.mark.parametrize("dtype", ["complex64", "uint16", "float8_e5m2"])
def test_a_dtype_that_tensors_have_not_is_refused(dtype: str) -> None:
    with pytest.raises(BufferError, match=dtype):
        fastinit.from_dlpack(jax.numpy.ones(3, dtype))
