"""What holds of every initialiser: one table of them drives each test."""

import inspect
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from ml_dtypes import bfloat16

import fastinit
from fastinit import Generator, Shard, _core
from fastinit.nn import init
from fastinit.nn.init import Layout
from reference.environment import SETTINGS, float_setting


@dataclass(frozen=True)
class Case:
    name: str
    shape: tuple[int, ...]
    keywords: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        arguments = ",".join(f"{key}={value}" for key, value in self.keywords.items())
        return f"{self.name}{self.shape}{arguments}".replace(" ", "")

    @property
    def function(self):
        return getattr(init, self.name)

    def __call__(self, array, **keywords):
        return self.function(array, **self.keywords, **keywords)

    def fill(self, dtype=np.float32, seed=0, **keywords):
        """Returns an array of the case's shape, filled from a generator of its own."""
        return self(np.empty(self.shape, dtype), generator=Generator(seed=seed), **keywords)


RANDOM = [
    Case("uniform_", (7, 5)),
    Case("uniform_", (7, 5), {"a": -3, "b": 0.5}),
    Case("uniform_", ()),
    Case("normal_", (3, 5, 2)),
    Case("normal_", (11,), {"mean": 2, "std": 0.02}),
    Case("trunc_normal_", (7, 5)),
    Case("trunc_normal_", (7, 5), {"mean": 1, "std": 0.5, "a": 1.5, "b": 2}),
    Case("masked_uniform_", (7, 5), {"low": -10, "high": 10, "threshold": 5}),
    Case("xavier_uniform_", (7, 5)),
    Case("xavier_uniform_", (4, 3, 2, 2), {"gain": 2}),
    Case("xavier_normal_", (7, 5), {"gain": 0.5}),
    Case("kaiming_uniform_", (7, 5), {"a": 5**0.5}),
    Case("kaiming_uniform_", (4, 3, 2), {"mode": "fan_out", "nonlinearity": "relu"}),
    Case("kaiming_normal_", (7, 5), {"nonlinearity": "tanh"}),
    Case("lecun_uniform_", (7, 5)),
    Case("lecun_normal_", (4, 3, 3)),
    Case("variance_scaling_", (7, 5), {"scale": 2, "mode": "fan_avg", "distribution": "normal"}),
    Case("variance_scaling_", (7, 5), {"mode": "fan_geo_avg", "distribution": "uniform"}),
    Case("variance_scaling_", (7, 5), {"mode": "fan_out"}),
    Case("orthogonal_", (5, 5)),
    Case("orthogonal_", (7, 3), {"gain": 2}),
    Case("orthogonal_", (3, 2, 4)),
    Case("sparse_", (9, 5), {"sparsity": 0.4}),
    Case("sparse_", (5, 9), {"sparsity": 0.1, "std": 2}),
    Case("delta_orthogonal_", (5, 3, 3)),
    Case("delta_orthogonal_", (4, 4, 2, 3), {"gain": 3}),
    Case("xavier_normal_", (7, 5), {"layout": Layout(splits=(4, 2, 1))}),
    Case("kaiming_uniform_", (2, 5, 6, 2), {"layout": Layout((3, 3), expert_axis=0, transposed=True)}),
    Case("lecun_normal_", (5, 2, 6), {"layout": Layout(splits=(1, 4), expert_axis=1)}),
    Case("orthogonal_", (2, 4, 6), {"layout": Layout(splits=(4, 2), expert_axis=0, transposed=True)}),
    Case("sparse_", (8, 6, 2), {"sparsity": 0.4, "layout": Layout(splits=(6, 2), expert_axis=-1)}),
    Case("delta_orthogonal_", (8, 2, 3), {"layout": Layout(splits=(2, 6))}),
]
FIXED = [
    Case("constant_", (3, 4), {"val": 0.3}),
    Case("ones_", (3, 4)),
    Case("zeros_", (2, 3, 4)),
    Case("eye_", (3, 5)),
    Case("eye_", (5, 3)),
    Case("dirac_", (6, 2, 3), {"groups": 3}),
    Case("dirac_", (2, 4, 3, 2)),
    Case("eye_", (7, 3, 2), {"layout": Layout(splits=(2, 5), expert_axis=-1)}),
    Case("dirac_", (2, 6, 3), {"groups": 2, "layout": Layout(splits=(2, 4), transposed=True)}),
]
WHOLE = {"orthogonal_", "delta_orthogonal_"}  # not elementwise: their half types are rounded from float32
FLOATS = [np.float16, bfloat16, np.float32, np.float64]

each_random = pytest.mark.parametrize("case", RANDOM, ids=str)
each = pytest.mark.parametrize("case", [*RANDOM, *FIXED], ids=str)
each_dtype = pytest.mark.parametrize("dtype", FLOATS)


def bits(array):
    return array.tobytes()


def boxes(shape):
    """Some shards of `shape`: the first element, the last half, and every index but the ends."""
    yield tuple(slice(0, 1) for _ in shape)
    yield tuple(slice(size // 2, size) for size in shape)
    yield tuple(slice(min(1, size), max(1, size - 1)) for size in shape)


def test_the_table_holds_every_initialiser():
    initialisers = {name for name in init.__all__ if name.endswith("_")}
    assert {case.name for case in [*RANDOM, *FIXED]} == initialisers


@pytest.mark.parametrize("name", sorted({case.name for case in RANDOM}))
def test_every_random_initialiser_takes_a_generator_and_a_shard(name):
    parameters = inspect.signature(getattr(init, name)).parameters
    names = [each for each in parameters if each != "layout"]
    assert names[-2:] == ["generator", "shard"]
    assert list(parameters)[-1:] == ["layout"] or "layout" not in parameters
    assert parameters["generator"].default is parameters["shard"].default is None


@each
def test_it_returns_the_same_object(case):
    array = np.empty(case.shape, np.float32)
    assert case(array) is array


@each_random
@each_dtype
def test_a_generator_and_manual_seed_give_the_same_bits(case, dtype):
    state = fastinit.get_rng_state()
    fastinit.manual_seed(3)
    by_default = case(np.empty(case.shape, dtype))
    fastinit.set_rng_state(state)
    assert bits(by_default) == bits(case.fill(dtype, seed=3))
    if by_default.size > 1:
        assert bits(by_default) != bits(case.fill(dtype, seed=4))


@each_random
def test_it_moves_the_generator_by_the_elements_rounded_up_to_four(case):
    generator = Generator(seed=0)
    case(np.empty(case.shape, np.float32), generator=generator)
    assert generator._take(0)[2] == (np.prod(case.shape, dtype=int) + 3) // 4 * 4


@each_random
@each_dtype
def test_a_shard_is_the_slice_of_the_whole(case, dtype):
    whole = case.fill(dtype)
    for index in boxes(case.shape):
        shard = Shard(case.shape, index)
        generator = Generator(seed=0)
        part = case(np.empty(shard.shape, dtype), generator=generator, shard=shard)
        assert bits(part) == bits(whole[index])
        assert generator._take(0)[2] == (whole.size + 3) // 4 * 4


@pytest.mark.parametrize("case", [case for case in FIXED if case.name in {"eye_", "dirac_"}], ids=str)
def test_a_shard_of_what_is_not_random_is_the_slice_too(case):
    whole = case(np.empty(case.shape, np.float32))
    for index in boxes(case.shape):
        shard = Shard(case.shape, index)
        assert bits(case(np.empty(shard.shape, np.float32), shard=shard)) == bits(whole[index])


@pytest.fixture
def set_threads():
    before = fastinit.get_num_threads()
    yield fastinit.set_num_threads
    fastinit.set_num_threads(before)


@pytest.mark.parametrize("case", [Case(case.name, shape, case.keywords) for case, shape in [
    (RANDOM[1], (1009, 211)), (RANDOM[3], (1009, 211)), (RANDOM[5], (1009, 211)), (RANDOM[7], (1009, 211)),
    (RANDOM[19], (311, 230)), (RANDOM[22], (1009, 211)),
]], ids=str)  # fmt: skip
@each_dtype
def test_the_number_of_threads_changes_no_bit(case, dtype, set_threads):
    filled = set()
    for threads in (1, 2, 7):
        set_threads(threads)
        filled.add(bits(case.fill(dtype)))
    assert len(filled) == 1


@pytest.mark.parametrize("case", [*RANDOM, Case("orthogonal_", (311, 230))], ids=str)
@each_dtype
def test_the_instruction_set_changes_no_bit(case, dtype, use_isa):
    filled = set()
    for isa in _core.usable_isas():
        use_isa(isa)
        filled.add(bits(case.fill(dtype)))
    assert len(filled) == 1


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_caller_s_rounding_mode_and_subnormals_change_no_bit(setting):
    expected = [bits(case.fill(dtype)) for case in RANDOM for dtype in FLOATS]
    gain = init.calculate_gain("leaky_relu", 0.3)
    with float_setting(setting):
        assert [bits(case.fill(dtype)) for case in RANDOM for dtype in FLOATS] == expected
        assert init.calculate_gain("leaky_relu", 0.3) == gain


@each_random
@pytest.mark.parametrize("dtype", [np.float16, bfloat16])
def test_a_half_type_is_the_float32_value_rounded(case, dtype):
    single = case.fill(np.float32)
    half = case.fill(dtype)
    rounded = single.astype(dtype)
    # The nearest value inside the bounds may be the one below; only a value next to a bound is moved.
    moved = half != rounded
    assert moved.sum() <= 0.02 * moved.size + 1
    step = np.abs(np.nextafter(rounded, dtype(0)) - rounded)
    assert (np.abs(half.astype(np.float32) - rounded.astype(np.float32)) <= step.astype(np.float32)).all()


@each
@each_dtype
def test_views_are_filled_by_their_logical_index(case, dtype):
    keywords = {"generator": Generator(seed=1)} if case in RANDOM else {}
    expected = case(np.empty(case.shape, dtype), **keywords)
    outer = np.full([2 * size for size in case.shape], 7, dtype)
    strided = outer[(..., *(slice(None, None, 2) for _ in case.shape))]
    reversed_view = outer[(..., *(slice(None, None, -2) for _ in case.shape))]
    transposed = np.empty(case.shape[::-1], dtype).T
    for view in (strided, reversed_view, transposed):
        outer[...] = 7
        if case in RANDOM:
            keywords = {"generator": Generator(seed=1)}
        case(view, **keywords)
        assert bits(np.ascontiguousarray(view)) == bits(expected)
    assert (outer == 7).sum() >= outer.size - expected.size


@each
def test_memory_maps_are_filled_in_the_file(case, tmp_path):
    if case.shape == ():
        case = Case(case.name, (1,), case.keywords)
    mapped = np.memmap(tmp_path / "weights", np.float32, "w+", shape=case.shape)
    keywords = {"generator": Generator(seed=0)} if case in RANDOM or case.shape == (1,) else {}
    assert case(mapped, **keywords) is mapped
    mapped.flush()
    stored = np.fromfile(tmp_path / "weights", np.float32)
    keywords = {"generator": Generator(seed=0)} if keywords else {}
    assert bits(stored) == bits(case(np.empty(case.shape, np.float32), **keywords))


@each
def test_tensors_and_parameters_are_filled_and_no_gradient_is_recorded(case):
    def keywords():
        return {"generator": Generator(seed=0)} if case in RANDOM else {}

    expected = case(np.empty(case.shape, np.float32), **keywords())
    parameter = fastinit.nn.Parameter(fastinit.empty(case.shape))
    version = parameter._version
    assert case(parameter, **keywords()) is parameter
    assert parameter.requires_grad
    assert parameter.is_leaf
    assert parameter.grad_fn is None
    assert parameter.grad is None
    assert parameter._version == version + 1
    assert bits(parameter.detach().numpy()) == bits(expected)
    tensor = fastinit.empty(case.shape)
    assert case(tensor, **keywords()) is tensor
    assert bits(tensor.numpy()) == bits(expected)


@each_random
def test_every_fill_is_made_by_the_compiled_module(case):
    _core.reset_calls()
    case(np.empty(case.shape, np.float32))
    assert any(name.startswith("fill_") and name != "fill_constant" for name in _core.calls())


@each
def test_memory_that_cannot_be_filled_is_refused_and_left(case):
    generator = {"generator": Generator(seed=0)} if case in RANDOM else {}
    array = np.full(case.shape, 7, np.float32)
    array.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        case(array, **generator)
    swapped = np.full(case.shape, 7, np.dtype(np.float32).newbyteorder())
    with pytest.raises(ValueError, match="byte order"):
        case(swapped, **generator)
    shifted = np.full(4 * array.size + 1, 7, np.uint8)
    with pytest.raises(ValueError, match="not aligned"):
        case(shifted[1:].view(np.float32).reshape(case.shape), **generator)
    assert (array == 7).all()
    assert (swapped == 7).all()
    assert (shifted == 7).all()
    with pytest.raises(TypeError, match="list"):
        case([1.0, 2.0], **generator)
    if array.ndim:
        spread = np.lib.stride_tricks.as_strided(
            np.full(1, 7, np.float32), case.shape, (0,) * len(case.shape)
        )
        with pytest.raises(RuntimeError, match="single memory location"):
            case(spread, **generator)
        assert spread.flat[0] == 7
    if generator:
        assert generator["generator"]._take(0)[2] == 0


@each_random
@pytest.mark.parametrize("dtype", [np.int32, np.bool_, np.complex64])
def test_a_dtype_without_such_values_is_refused(case, dtype):
    array = np.ones(case.shape, dtype)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        case(array)
    assert (array == 1).all()


@each_random
def test_a_wrong_shard_or_generator_leaves_the_tensor(case):
    array = np.full(case.shape, 7, np.float32)
    state = fastinit.get_rng_state()
    with pytest.raises(TypeError, match="generator"):
        case(array, generator=1)
    with pytest.raises(TypeError, match="shard"):
        case(array, shard=(slice(None),))
    with pytest.raises(ValueError, match="the tensor to fill has"):
        case(array, shard=Shard((100, 100), (slice(0, 50), slice(0, 50))))
    assert (array == 7).all()
    assert (fastinit.get_rng_state() == state).all()


def test_an_empty_shard_still_moves_the_generator():
    generator = Generator(seed=0)
    shard = Shard((4, 6), (slice(2, 2), slice(None)))
    for case in RANDOM:
        if case.name == "delta_orthogonal_" or "layout" in case.keywords:
            continue
        before = generator._take(0)[2]
        case(np.empty((0, 6), np.float32), generator=generator, shard=shard)
        assert generator._take(0)[2] == before + 24


@pytest.mark.parametrize("name", ["xavier_uniform_", "kaiming_normal_", "lecun_normal_", "variance_scaling_"])
def test_a_shards_scale_is_that_of_the_global_fans(name):
    shard = Shard((4096, 4096), (slice(0, 4096), slice(0, 64)))
    part = getattr(init, name)(np.empty(shard.shape, np.float32), generator=Generator(seed=0), shard=shard)
    whole_std = {"kaiming_normal_": (2 / 4096) ** 0.5}.get(name, (1 / 4096) ** 0.5)
    assert part.std() == pytest.approx(whole_std, rel=0.01)
