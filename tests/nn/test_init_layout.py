"""A tensor that holds several matrices, or stores one transposed, is filled as by hand, matrix by matrix."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from ml_dtypes import bfloat16, finfo

import fastinit
from fastinit import Generator, Shard, _core
from fastinit.nn import init
from fastinit.nn.init import Layout
from reference import orthogonal as reference

FLOATS = [np.float16, bfloat16, np.float32, np.float64]
ALL = slice(None)

# Layouts, each with its matrices by hand: where they lie, and how the stored axes make (out, in, *kernel).
LAYOUTS = {
    "plain": ((6, 5), Layout(), [(ALL, ALL)], (0, 1)),
    "equal splits": ((6, 5), Layout(3), [(slice(k, k + 2), ALL) for k in (0, 2, 4)], (0, 1)),
    "grouped queries": (
        (9, 4),
        Layout((5, 2, 2)),
        [(slice(0, 5), ALL), (slice(5, 7), ALL), (slice(7, 9), ALL)],
        (0, 1),
    ),
    "transposed": ((4, 7), Layout(transposed=True), [(ALL, ALL)], (1, 0)),
    "transposed splits": (
        (4, 7),
        Layout((3, 4), transposed=True),
        [(ALL, slice(0, 3)), (ALL, slice(3, 7))],
        (1, 0),
    ),
    "experts": ((3, 5, 2), Layout(expert_axis=0), [(k, ALL, ALL) for k in range(3)], (0, 1)),
    "experts last": (
        (5, 2, 3),
        Layout((4, 1), -1),
        [(rows, ALL, k) for k in range(3) for rows in (slice(0, 4), slice(4, 5))],
        (0, 1),
    ),
    "experts of layers": (
        (2, 4, 3, 5),
        Layout((1, 4), (0, 2), transposed=True),
        [(k, ALL, j, part) for k in range(2) for j in range(3) for part in (slice(0, 1), slice(1, 5))],
        (1, 0),
    ),
}
KERNELS = {
    "kernel": ((6, 2, 3), Layout((2, 4)), [(slice(0, 2), ALL, ALL), (slice(2, 6), ALL, ALL)], (0, 1, 2)),
    "transposed kernel": ((2, 5, 3, 2), Layout(transposed=True), [(ALL,) * 4], (1, 0, 2, 3)),
    "kernel first": ((3, 2, 5, 4), Layout(kernel_first=True), [(ALL,) * 4], (2, 3, 0, 1)),
    "kernel first, transposed splits": (
        (3, 2, 7),
        Layout((3, 4), transposed=True, kernel_first=True),
        [(ALL, ALL, slice(0, 3)), (ALL, ALL, slice(3, 7))],
        (2, 1, 0),
    ),
    "kernels of experts, kernel first": (
        (3, 2, 4, 5),
        Layout(expert_axis=1, transposed=True, kernel_first=True),
        [(ALL, k, ALL, ALL) for k in range(2)],
        (2, 1, 0),
    ),
    "kernels of experts": (
        (2, 3, 4, 3),
        Layout(2, expert_axis=2),
        [],
        (0, 1, 2),
    ),
}
KERNELS["kernels of experts"][2].extend(
    (slice(row, row + 1), ALL, k, ALL) for k in range(4) for row in range(2)
)

each_dtype = pytest.mark.parametrize("dtype", FLOATS)
each_layout = pytest.mark.parametrize("name", [*LAYOUTS, *KERNELS])


def given(name):
    return (LAYOUTS | KERNELS)[name]


def position(generator):
    return generator._take(0)[2]


def uniform(std):
    bound = math.sqrt(3.0) * std
    return "uniform_", (-bound, bound)


def normal(std):
    return "normal_", (0, std)


def truncated(std):
    std /= 0.87962566103423978
    return "trunc_normal_", (0, std, -2 * std, 2 * std)


# What a matrix of given fans is filled with.
SCALED = [
    ("xavier_uniform_", {"gain": 2}, lambda i, o: uniform(2 * math.sqrt(2 / (i + o)))),
    ("xavier_normal_", {}, lambda i, o: normal(math.sqrt(2 / (i + o)))),
    ("kaiming_uniform_", {"mode": "fan_out"}, lambda i, o: uniform(math.sqrt(2) / math.sqrt(o))),
    ("kaiming_normal_", {"nonlinearity": "linear"}, lambda i, o: normal(1 / math.sqrt(i))),
    ("kaiming_normal_", {"mode": "fan_out"}, lambda i, o: normal(math.sqrt(2) / math.sqrt(o))),
    ("lecun_uniform_", {}, lambda i, o: uniform(math.sqrt(1 / i))),
    ("lecun_normal_", {}, lambda i, o: truncated(math.sqrt(1 / i))),
    ("variance_scaling_", {"mode": "fan_avg"}, lambda i, o: truncated(math.sqrt(2 / (i + o)))),
    ("variance_scaling_", {"scale": 3, "mode": "fan_out", "distribution": "uniform"},
     lambda i, o: uniform(math.sqrt(3 / o))),
]  # fmt: skip
# Those that make whole matrices, with the dimensions that a matrix may have.
WHOLE = [
    ("orthogonal_", {"gain": 1.5}, (2, 3, 4)),
    ("sparse_", {"sparsity": 0.4}, (2,)),
    ("delta_orthogonal_", {}, (3, 4)),
    ("eye_", {}, (2,)),
    ("dirac_", {}, (3, 4)),
]


def cuts(shape):
    """Shards that cut each dimension at every place, and some that cut all of them."""
    for axis, size in enumerate(shape):
        for at in range(size + 1):
            for bounds in (slice(0, at), slice(at, size)):
                yield (*(ALL,) * axis, bounds, *(ALL,) * (len(shape) - axis - 1))
    yield tuple(slice(size // 3, size // 3 + (size + 1) // 2) for size in shape)
    yield tuple(slice(size - 1, size) for size in shape)


@each_dtype
@pytest.mark.parametrize(("function", "keywords", "fill"), SCALED)
@each_layout
def test_the_scale_is_that_of_the_elements_own_matrix(name, function, keywords, fill, dtype):
    shape, layout, boxes, axes = given(name)
    expected = np.empty(shape, dtype)
    for box in boxes:
        out, inner, *kernel = (expected[box].shape[axis] for axis in axes)
        taps = math.prod(kernel)
        plain, arguments = fill(inner * taps, out * taps)
        whole = getattr(init, plain)(np.empty(shape, dtype), *arguments, generator=Generator(seed=3))
        expected[box] = whole[box]
    generator = Generator(seed=3)
    array = getattr(init, function)(np.empty(shape, dtype), **keywords, generator=generator, layout=layout)
    assert array.tobytes() == expected.tobytes()
    assert position(generator) == -(-array.size // 4) * 4


@each_dtype
@pytest.mark.parametrize(("function", "keywords", "fill"), SCALED)
@pytest.mark.parametrize("name", ["grouped queries", "transposed splits", "kernel", "experts last"])
def test_gains_scale_the_parts_of_a_tensor(name, function, keywords, fill, dtype):
    shape, layout, boxes, axes = given(name)
    gains = (1.5, 0.25, 3.0)[: len(layout.splits)]
    expected = np.empty(shape, dtype)
    for box, gain in zip(boxes, itertools.cycle(gains)):  # each expert has the same splits
        out, inner, *kernel = (expected[box].shape[axis] for axis in axes)
        taps = math.prod(kernel)
        plain, arguments = fill(inner * taps, out * taps)
        scaled = [gain * each for each in arguments]
        whole = getattr(init, plain)(np.empty(shape, dtype), *scaled, generator=Generator(seed=3))
        expected[box] = whole[box]
    scaling = dataclasses.replace(layout, gains=gains)
    array = np.empty(shape, dtype)
    getattr(init, function)(array, **keywords, generator=Generator(seed=3), layout=scaling)
    rounding = 4 * float(finfo(dtype).eps)
    np.testing.assert_allclose(
        array.astype(np.float64), expected.astype(np.float64), rtol=rounding, atol=rounding
    )
    part = np.empty([(size + 1) // 2 for size in shape], dtype)
    index = tuple(slice(size // 2, size) for size in shape)
    getattr(init, function)(
        part, **keywords, generator=Generator(seed=3), layout=scaling, shard=Shard(shape, index)
    )
    assert part.tobytes() == array[index].tobytes()


@pytest.mark.parametrize(("function", "keywords"), [(function, keywords) for function, keywords, _ in WHOLE])
def test_what_makes_whole_matrices_takes_no_gains(function, keywords):
    layout = Layout(2, gains=(1, 2))
    refused(function, keywords, (4, 4, 3), layout, ValueError, "gains scale what is drawn element by element")


def by_hand(name, function, keywords, dtype, generator):
    shape, _, boxes, axes = given(name)
    expected = np.empty(shape, dtype)
    for box in boxes:
        random = {"generator": generator} if function not in {"eye_", "dirac_"} else {}
        getattr(init, function)(expected[box].transpose(axes), **keywords, **random)
    return expected


WHOLE_OF_LAYOUTS = [
    (name, function, keywords)
    for name in LAYOUTS | KERNELS
    for function, keywords, allowed in WHOLE
    if len(given(name)[3]) in allowed
    and not (function == "delta_orthogonal_" and name == "kernels of experts")  # in above out
]


@each_dtype
@pytest.mark.parametrize(("name", "function", "keywords"), WHOLE_OF_LAYOUTS)
def test_whole_matrices_are_made_as_by_calls_in_turn(name, function, keywords, dtype):
    shape, layout, _, _ = given(name)
    one, other = Generator(seed=3), Generator(seed=3)
    expected = by_hand(name, function, keywords, dtype, one)
    random = {"generator": other} if function not in {"eye_", "dirac_"} else {}
    array = getattr(init, function)(np.empty(shape, dtype), **keywords, **random, layout=layout)
    assert array.tobytes() == expected.tobytes()
    assert one.get_state().tobytes() == other.get_state().tobytes()


@each_dtype
@pytest.mark.parametrize(
    ("name", "function", "keywords"),
    [
        *WHOLE_OF_LAYOUTS,
        *((name, function, keywords) for name in LAYOUTS | KERNELS for function, keywords, _ in SCALED),
    ],
)
def test_a_shard_is_the_box_of_the_whole(name, function, keywords, dtype):
    shape, layout, _, _ = given(name)
    call = getattr(init, function)
    random = function not in {"eye_", "dirac_"}
    first = Generator(seed=3)
    whole = call(
        np.empty(shape, dtype), **keywords, layout=layout, **({"generator": first} if random else {})
    )
    for index in cuts(shape):
        shard = Shard(shape, index)
        generator = Generator(seed=3)
        more = {"generator": generator} if random else {}
        part = call(np.full(shard.shape, 7, dtype), **keywords, **more, shard=shard, layout=layout)
        assert part.tobytes() == whole[index].tobytes()
        assert not random or generator.get_state().tobytes() == first.get_state().tobytes()


@each_layout
def test_the_matrices_and_their_fans_are_those_counted_by_hand(name):
    shape, layout, boxes, axes = given(name)
    array = np.arange(math.prod(shape)).reshape(shape)
    found = layout.matrices(shape)
    assert [array[box].ravel().tolist() for box in found] == [array[box].ravel().tolist() for box in boxes]
    shapes = [[array[box].shape[axis] for axis in axes] for box in boxes]
    assert layout.fans(shape) == [
        (inner * math.prod(kernel), out * math.prod(kernel)) for out, inner, *kernel in shapes
    ]


def test_grouped_queries_have_the_scales_of_their_parts():
    width, queries, keys = 1024, 1024, 128
    layout = Layout(splits=(queries, keys, keys))
    qkv = init.xavier_normal_(
        np.empty((queries + 2 * keys, width), np.float32), generator=Generator(seed=0), layout=layout
    )
    for box, (fan_in, fan_out) in zip(layout.matrices(qkv.shape), layout.fans(qkv.shape), strict=True):
        assert qkv[box].std() == pytest.approx(math.sqrt(2 / (fan_in + fan_out)), rel=0.01)


def test_equal_splits_are_not_taken_for_one_wide_matrix():
    qkv = init.xavier_uniform_(
        np.empty((1536, 512), np.float32), generator=Generator(seed=0), layout=Layout(3)
    )
    assert qkv.std() == pytest.approx(math.sqrt(2 / 1024), rel=0.01)


def test_experts_are_not_counted_by_the_fans():
    experts = init.kaiming_normal_(
        np.empty((8, 256, 512), np.float32), generator=Generator(seed=0), layout=Layout(expert_axis=0)
    )
    assert experts.std() == pytest.approx(math.sqrt(2 / 512), rel=0.01)
    matrices = {expert.tobytes() for expert in experts}
    assert len(matrices) == 8


def test_a_transposed_weight_has_the_scale_of_the_plain_one():
    stored = init.lecun_normal_(
        np.empty((1024, 256), np.float32), generator=Generator(seed=0), layout=Layout(transposed=True)
    )
    plain = init.lecun_normal_(np.empty((256, 1024), np.float32), generator=Generator(seed=0))
    assert stored.std() == pytest.approx(plain.std(), rel=0.01)
    assert stored.std() == pytest.approx(math.sqrt(1 / 1024), rel=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_orthogonal_matrix_is_the_references(dtype):
    shape = (2, 33, 70)
    layout = Layout(splits=(40, 30), expert_axis=0, transposed=True)
    array = init.orthogonal_(np.empty(shape, dtype), generator=Generator(seed=3), layout=layout)
    generator = Generator(seed=3)
    for expert, columns in itertools.product(range(2), (slice(0, 40), slice(40, 70))):
        matrix = array[expert, :, columns].T
        normals = init.normal_(np.empty(matrix.shape, dtype), generator=generator)
        assert (matrix == reference.orthogonal(normals)).all()


def test_one_fill_makes_what_has_one_scale():
    for layout, fills in ((Layout(4), 1), (Layout(expert_axis=0), 1), (Layout((4, 2, 2)), 2)):
        _core.reset_calls()
        init.kaiming_normal_(np.empty((8, 8, 8), np.float32), mode="fan_out", layout=layout)
        assert _core.calls()["fill_normal"] == fills


def test_only_the_matrices_that_a_shard_touches_are_made():
    shard = Shard((16, 6, 4), (slice(5, 6), slice(4, 5), ALL))
    _core.reset_calls()
    init.orthogonal_(np.empty((1, 1, 4), np.float32), shard=shard, layout=Layout((4, 2), 0))
    assert _core.calls()["fill_orthogonal"] == 1


@pytest.mark.parametrize("make", [fastinit.empty, lambda *shape: fastinit.empty(*shape, device="meta")])
def test_tensors_are_filled_once_whatever_they_hold(make):
    for name in ("xavier_normal_", "orthogonal_", "eye_"):
        tensor = make(2, 6, 4)
        assert getattr(init, name)(tensor, layout=Layout((4, 2), 0)) is tensor
        assert tensor._version == 1


FITS_NOT = [
    (
        (6, 4),
        Layout(splits=4),
        r"dimension 0 of the shape \(6, 4\), the output, is 6, which .* 4 equal parts",
    ),
    (
        (6, 4),
        Layout(splits=(4, 3)),
        r"dimension 0 of the shape \(6, 4\), .* is 6, but the splits add up to 7",
    ),
    ((6, 4), Layout(splits=(3, 3), transposed=True), r"dimension 1 of the shape \(6, 4\), .* is 4, .* to 6"),
    ((6, 4), Layout(expert_axis=0), r"2 or more dimensions, but the shape \(6, 4\) leaves 1"),
    ((6,), Layout(), r"2 or more dimensions, but the shape \(6,\) leaves 1"),
    ((), Layout(expert_axis=0), r"expert_axis is out of range for the shape \(\)"),
    ((6, 4, 2), Layout(expert_axis=3), r"expert_axis is out of range for the shape \(6, 4, 2\)"),
    ((6, 4, 2), Layout(expert_axis=-4), r"expert_axis is out of range"),
    ((6, 4, 2, 2), Layout(expert_axis=(1, -3)), r"names a dimension of the shape \(6, 4, 2, 2\) twice"),
]
EVERY = [
    *((function, keywords) for function, keywords, _ in SCALED),
    *((function, keywords) for function, keywords, _ in WHOLE),
]


@pytest.mark.parametrize(("shape", "layout", "message"), FITS_NOT)
@pytest.mark.parametrize(("function", "keywords"), EVERY)
def test_a_layout_that_does_not_fit_is_refused(function, keywords, shape, layout, message):
    refused(function, keywords, shape, layout, ValueError, message)
    with pytest.raises(ValueError, match=message):
        layout.matrices(shape)


def refused(function, keywords, shape, layout, error, message):
    array = np.full(shape, 7, np.float32)
    state = fastinit.get_rng_state()
    with pytest.raises(error, match=message):
        getattr(init, function)(array, **keywords, layout=layout)
    assert (array == 7).all()
    assert (fastinit.get_rng_state() == state).all()


@pytest.mark.parametrize(("function", "keywords"), EVERY)
def test_what_is_no_layout_is_refused(function, keywords):
    refused(function, keywords, (4, 4, 3), 3, TypeError, "'layout' must be fastinit.nn.init.Layout, not int")


@pytest.mark.parametrize(
    ("function", "keywords", "shape", "layout", "error", "message"),
    [
        # The second matrix is the one that does not do.
        ("delta_orthogonal_", {}, (5, 3, 3), Layout((3, 2)), ValueError, "in=3 > out=2"),
        ("dirac_", {"groups": 2}, (5, 2, 3), Layout((2, 3)), ValueError, "divisible by groups"),
        ("kaiming_uniform_", {"a": 1e-30, "nonlinearity": "leaky_relu", "mode": "fan"}, (4, 4), Layout(2),
         ValueError, "Mode fan"),
        ("eye_", {}, (2, 4, 3), Layout(2), ValueError, r"2 dimensions .* of \(1, 4, 3\) in \(2, 4, 3\)"),
        ("sparse_", {"sparsity": 0.5}, (2, 4, 3), Layout(), ValueError, "Only tensors with 2 dimensions"),
        ("orthogonal_", {"gain": math.nan}, (4, 3), Layout(2), ValueError, "gain to be finite"),
        ("xavier_uniform_", {"gain": -1}, (4, 3), Layout((1, 3)), RuntimeError, "range"),
        ("variance_scaling_", {"scale": 1e77, "mode": "fan_out"}, (1001, 2), Layout((1000, 1)), ValueError,
         "finite"),
    ],
)  # fmt: skip
def test_nothing_is_written_where_one_matrix_cannot_be(function, keywords, shape, layout, error, message):
    refused(function, keywords, shape, layout, error, message)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"splits": 0}, ValueError),
        ({"splits": (2, 0)}, ValueError),
        ({"splits": ()}, ValueError),
        ({"splits": -2}, ValueError),
        ({"splits": 2.0}, TypeError),
        ({"splits": True}, TypeError),
        ({"splits": "ab"}, TypeError),
        ({"splits": (2, None)}, TypeError),
        ({"expert_axis": 0.5}, TypeError),
        ({"transposed": 1}, TypeError),
        ({"kernel_first": None}, TypeError),
        ({"gains": 2.0}, TypeError),
        ({"gains": "ab", "splits": 2}, TypeError),
        ({"gains": (1, "2"), "splits": 2}, TypeError),
        ({"gains": (1, True), "splits": 2}, TypeError),
        ({"gains": (1, -2), "splits": 2}, ValueError),
        ({"gains": (1, math.inf), "splits": 2}, ValueError),
        ({"gains": (1, 2)}, ValueError),
        ({"gains": (1, 2), "splits": 3}, ValueError),
        ({"gains": (1, 2, 3), "splits": (4, 4)}, ValueError),
    ],
)
def test_a_layout_of_other_things_than_numbers_is_refused(arguments, error):
    with pytest.raises(error, match="Layout: expected"):
        Layout(**arguments)


def test_a_layout_may_be_written_with_lists_and_is_a_value():
    layout = Layout([2, np.int64(3)], [0])
    assert layout == Layout((2, 3), (0,))
    assert hash(layout) == hash(Layout((2, 3), (0,)))
    shown = "splits=(2, 3), expert_axis=(0,), transposed=False, kernel_first=False, gains=None"
    assert repr(layout) == f"Layout({shown})"
    assert Layout(2, gains=[1, np.float64(0.5)]) == Layout(2, gains=(1.0, 0.5))
    assert hash(Layout(2, gains=[1, 2])) == hash(Layout(2, gains=(1.0, 2.0)))


@pytest.mark.parametrize("function", ["orthogonal_", "sparse_", "eye_", "xavier_normal_"])
def test_a_tensor_without_experts_or_outputs_is_left(function):
    keywords = {"sparsity": 0.5} if function == "sparse_" else {}
    for shape in ((0, 4, 3), (2, 0, 3)):
        array = np.empty(shape, np.float32)
        assert getattr(init, function)(array, **keywords, layout=Layout(2, 0)) is array
        assert Layout(2, 0).matrices((0, 4, 3)) == []
