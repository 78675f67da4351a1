"""Operations that write where an index says, order what has NaN, draw with weights, and compare in place."""

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

NAN = float("nan")
WORDS = ["sum", "prod", "mean", "amax", "amin"]
COMPARISONS = ["eq_", "ne_", "lt_", "le_", "gt_", "ge_", "greater_", "greater_equal_", "less_", "less_equal_"]
COMPARISONS += ["not_equal_"]


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons_in_place(same_as_torch, name):
    x, y = np.array([[0.5, -1, 2], [3, 0, 1]]), np.array([1.0, 0, 2])
    same_as_torch(lambda library, x, y: getattr(x * 1, name)(y), x, y)
    same_as_torch(lambda library, x, y: getattr(x * 1, name)(y), x, y, constant=(1,))
    same_as_torch(lambda library, x: getattr(x * 1, name)(1), x)
    same_as_torch(lambda library, x: getattr(x, name)(1), x)
    same_as_torch(lambda library, x: getattr((x * 1)[0], name)(1), x)
    same_as_torch(lambda library, i, j: getattr(i, name)(j), np.array([[4, 6], [2, 3]]), np.array([2, 6]))
    same_as_torch(lambda library, x, y: getattr(y, name)(x), x, y, constant=(0, 1))


@pytest.mark.parametrize("name", ["logical_and_", "logical_or_", "logical_xor_"])
def test_logic_in_place(same_as_torch, name):
    x, y = np.array([[0.5, 0, 2], [3, 0, 1]]), np.array([1.0, 0, 0])
    same_as_torch(lambda library, x, y: getattr(x * 1, name)(y), x, y)
    same_as_torch(lambda library, x: (x * 1).logical_not_(), x)
    same_as_torch(lambda library, i: i.logical_not_(), np.array([0, 2]))


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", WORDS)
def test_reductions_where_an_index_says(same_as_torch, normal, reduce, include_self):
    index = np.array([[0, 2, 2, 1], [0, 0, 2, 1]])
    with_zeros = np.round(normal(2, 4))
    for x, src in ((normal(3, 4), normal(2, 4)), (np.round(normal(3, 5)), with_zeros)):
        for name in ("scatter_reduce", "scatter_reduce_"):
            same_as_torch(
                lambda library, x, index, src, name=name: getattr(x * 1, name)(
                    0, index, src, reduce, include_self=include_self
                ),
                x,
                index,
                src,
            )
    same_as_torch(
        lambda library, x, index, src: library.scatter_reduce(
            x, 1, index, src, reduce, include_self=include_self
        ),
        np.arange(8).reshape(2, 4),
        index % 2,
        np.arange(10, 18).reshape(2, 4),
    )
    if reduce == "sum":
        return
    places = np.array([0, 2, 0])
    for x, src in ((normal(3, 4), normal(3, 3)), (np.round(normal(3, 4)), np.round(normal(3, 3)))):
        for name in ("index_reduce", "index_reduce_"):
            same_as_torch(
                lambda library, x, index, src, name=name: getattr(x * 1, name)(
                    1, index, src, reduce, include_self=include_self
                ),
                x,
                places,
                src,
                warns=False,
            )


def test_reductions_in_halves(same_as_torch, normal):
    for reduce in WORDS:
        same_as_torch(
            lambda library, x, index, src, reduce=reduce: x.scatter_reduce(0, index, src, reduce),
            normal(3),
            np.array([0, 0, 2]),
            normal(3),
            dtype="bfloat16",
        )


def test_writes_to_places_and_views(same_as_torch, normal):
    places = np.array([0, -1, 4])
    for accumulate in (True, False):
        same_as_torch(
            lambda library, x, at, src, how=accumulate: library.put(x, at, src, how),
            normal(2, 3),
            places,
            normal(3),
        )
        same_as_torch(
            lambda library, x, at, src, how=accumulate: (x * 1).put_(at, src, how),
            normal(2, 3),
            places,
            normal(3, 1),
        )
    for call, src in (
        (lambda library, x, src: library.diagonal_scatter(x, src), normal(3)),
        (lambda library, x, src: x.diagonal_scatter(src, 1, 1, 0), normal(2)),
        (lambda library, x, src: library.select_scatter(x, src, 0, -1), normal(4)),
        (lambda library, x, src: x.select_scatter(src, 1, 2), normal(3)),
        (lambda library, x, src: library.slice_scatter(x, src, 1, 1, 4, 2), normal(3, 2)),
        (lambda library, x, src: x.slice_scatter(src), normal(3, 4)),
        (lambda library, x, src: x.slice_scatter(src, 0, -2), normal(2, 4)),
    ):
        same_as_torch(call, normal(3, 4), src)
        same_as_torch(call, normal(3, 4), src, constant=(1,))
    for call, src in (
        (lambda library, x, src: library.as_strided_scatter(x, src, (2, 2), (4, 2)), normal(2, 2)),
        (lambda library, x, src: x.as_strided_scatter(src, (3,), (2,), 1), normal(3)),
    ):
        # PyTorch's gradients are those of other elements, or fail.
        same_as_torch(call, normal(3, 4), src, constant=(0, 1))
        inputs = [fastinit.tensor(each, requires_grad=True) for each in (normal(3, 4), src)]
        assert fastinit.autograd.gradcheck(lambda x, src, call=call: call(fastinit, x, src), inputs)
    for start in (0, 1):
        same_as_torch(lambda library, x, start=start: library.narrow_copy(x, 1, start, 2), normal(2, 4))
    # From the end, PyTorch has no gradient.
    same_as_torch(lambda library, x: x.narrow_copy(1, -2, 2), normal(2, 4), constant=(0,))


@pytest.mark.parametrize("keepdim", [True, False])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_order_without_nan(same_as_torch, dim, keepdim):
    x = np.array([[1.0, NAN, 3, 2, 2], [NAN, 1, NAN, NAN, NAN], [4, 0, NAN, 2, NAN], [5, 1, 5, 1, 0]])
    nothing = np.array([[NAN, 1], [NAN, 2]])
    same_as_torch(lambda library, x: x.nanmedian(0)[0], nothing, constant=(0,))
    same_as_torch(lambda library, x: x.nanquantile(0.5, 0), nothing, node=False)
    for index in (0, 1):
        same_as_torch(lambda library, x, at=index: library.nanmedian(x, dim, keepdim)[at], x)
        same_as_torch(
            lambda library, x, at=index: library.mode(x, dim, keepdim)[at], np.nan_to_num(x, nan=1.0)
        )
        same_as_torch(
            lambda library, i, at=index: i.mode(dim, keepdim)[at], np.arange(12).reshape(3, 4) % 5 // 2
        )
    for q in (0.0, 0.3, 0.5, 1.0):
        for word in ("linear", "lower", "higher", "midpoint", "nearest"):
            same_as_torch(
                lambda library, x, q=q, word=word: library.nanquantile(
                    x, q, dim, keepdim, interpolation=word
                ),
                x,
                node=False,
            )
    same_as_torch(
        lambda library, x: x.nanquantile(library.tensor([0.1, 0.5]), dim, keepdim=keepdim), x, node=False
    )


def test_elements_that_are_the_median_share_its_gradient(same_as_torch):
    for values in ([1.0, 2, 2, 3, 2], [[NAN, 2.0], [2, 1]], [NAN, NAN]):
        same_as_torch(lambda library, x: x.nanmedian(), np.array(values))
        same_as_torch(lambda library, x: x.median(), np.array(values))
        for index in (0, 1):
            same_as_torch(lambda library, x, at=index: x.median(0)[at], np.array(values), constant=(0,))


def test_order_of_all_elements_without_nan(same_as_torch):
    x = np.array([[1.0, NAN, 3], [2, NAN, 7]])
    for values in (x, x[:, 1:2], x[:, 1], np.float64(2)):
        same_as_torch(lambda library, x: x.nanmedian(), values)
        same_as_torch(lambda library, x: library.nanquantile(x, 0.4), values, node=False)
    same_as_torch(lambda library, i: i.nanmedian(), np.array([3, 1, 2]))


def test_functions_of_elements(same_as_torch, normal):
    i, j = np.array([[4, 6, 9], [2, 3, 0]]), np.array([[6, 4, -6], [1, 0, 2]])
    for call in (
        lambda library, i, j: library.gcd(i, j), lambda library, i, j: library.lcm(i, j),
        lambda library, i, j: i.gcd_(j), lambda library, i, j: i.lcm_(j),
        lambda library, i, j: i.bitwise_left_shift_(j.abs()), lambda library, i, j: i.bitwise_right_shift_(1),
        lambda library, i, j: i.__ilshift__(2), lambda library, i, j: i.__irshift__(1),
        lambda library, i, j: library.heaviside(i - 4, j),
    ):  # fmt: skip
        same_as_torch(call, i, j)
    x = np.array([[0.5, -1, 0, 2.25], [3, NAN, -0.25, 0]])
    for dtype in ("float32", "float64"):
        same_as_torch(lambda library, x: library.sinc(x), x, dtype=dtype)
        same_as_torch(lambda library, x: (x * 1).sinc_(), x, dtype=dtype)
        same_as_torch(lambda library, x: library.frexp(x)[0], x, dtype=dtype)
        same_as_torch(lambda library, x: x.frexp().exponent, np.nan_to_num(x), dtype=dtype)
        same_as_torch(lambda library, x, y: library.ldexp(x, y), x, normal(4), dtype=dtype)
        same_as_torch(lambda library, x, i: (x * 1).ldexp_(i), x, np.array([1, 2, 0, 3]), dtype=dtype)
        same_as_torch(lambda library, x, y: library.nextafter(x, y), x, x[:, ::-1].copy(), dtype=dtype)
        same_as_torch(
            lambda library, x, y: library.heaviside(x, y), x, normal(4), dtype=dtype, constant=(0, 1)
        )
    same_as_torch(lambda library, i: library.sinc(i), i)


def test_parts_of_columns_and_rows(same_as_torch, normal):
    for call in (
        lambda library, x: library.hsplit(x, 2)[1], lambda library, x: x.hsplit(1, 3)[1],
        lambda library, x: library.vsplit(x, [1])[1], lambda library, x: x.vsplit(3)[2],
        lambda library, x: library.dsplit(x.reshape(1, 3, 4), 2)[1], lambda library, x: x[0].hsplit((1,))[1],
    ):  # fmt: skip
        same_as_torch(call, normal(3, 4))


CALLS = calls("""
torch.gcd(x, x) | torch.lcm(x, x) | x.bitwise_left_shift_(1) | torch.heaviside(x, i) | torch.frexp(i)
torch.nextafter(i, i) | torch.frexp(x) | torch.put(x, i[0], x[0]) | torch.put(x, i[0, :2], x[0])
torch.put(x, x, x) | torch.put(x, i, i) | torch.put(x, i + 10, x) | torch.scatter_reduce(x, 0, i % 2, x, "x")
torch.scatter_reduce(x, 0, i % 2, i, "sum") | torch.scatter_reduce(x, 0, i + 5, x, "sum")
torch.scatter_reduce(x, 0, x, x, "sum") | torch.index_reduce(x, 0, i[0] % 2, x, "sum") | torch.mode(i)
torch.scatter(x, 0, i % 2, x, reduce="add") | torch.scatter(x, 0, i % 2, 2, reduce="multiply")
torch.scatter(x, 0, i % 2, x, reduce="x") | x.scatter_(0, i % 2, 1.5, reduce="add")
torch.diagonal_scatter(x, x[0]) | torch.select_scatter(x, x, 0, 1) | torch.slice_scatter(x, x[0], 1, 1, 2)
torch.hsplit(x, 2) | torch.vsplit(x[0], 2) | torch.dsplit(x, 2) | torch.hsplit(x[0, 0], 1)
torch.vsplit(x, 3)
torch.nanquantile(i, 0.5) | torch.nanmedian(x, 1) | torch.nanmedian(x, 3) | torch.mode(x, 3)
torch.mode(x, 1)
torch.multinomial(torch.tensor([0.0, 0, 1]), 1) | torch.multinomial(torch.tensor([0.0, -1, 1]), 1)
torch.multinomial(torch.tensor([0.0, float("nan"), 1]), 1) | torch.multinomial(torch.zeros(2), 1)
torch.multinomial(torch.tensor([1, 2]), 1) | torch.multinomial(torch.ones(2, 2, 2), 1)
torch.multinomial(torch.ones(3), 0) | torch.multinomial(torch.ones(3), 4)
torch.multinomial(torch.ones(()), 1)
torch.multinomial(torch.tensor([[0.0, 2], [1, 0]]), 3, True) | torch.multinomial(torch.ones(0, 3), 1)
torch.multinomial(torch.ones(3, 0), 1) | torch.multinomial(torch.tensor([0.0, 0, 3]), 2, replacement=True)
x.bernoulli(0.0) | x.bernoulli(p=1.0) | torch.ones(2).bernoulli() | i.bernoulli() | x.eq_(x[:, :2])
""")


@pytest.mark.filterwarnings("ignore:The reduce argument of torch.scatter:UserWarning")
@pytest.mark.parametrize("call", CALLS)
def test_a_call_gives_or_raises_what_pytorchs_does(call):
    torch = pytest.importorskip("torch")
    results = []
    for library in (fastinit, torch):
        x, i = library.arange(6.0).reshape(2, 3), library.arange(6).reshape(2, 3)
        results.append(outcome(library, call, x=x, i=i))
    assert results[0] == results[1]


@pytest.mark.filterwarnings("ignore:The reduce argument of torch.scatter:UserWarning")
def test_what_has_no_derivative_says_so_in_backward():
    x = fastinit.ones(3, requires_grad=True)
    for call in (
        lambda: fastinit.heaviside(x, x),
        lambda: fastinit.scatter(x, 0, fastinit.tensor([0, 1]), x, reduce="add"),
    ):
        with pytest.raises(RuntimeError, match=r"derivative for aten::.* is not implemented"):
            call().sum().backward()


@pytest.mark.parametrize("replacement", [True, False])
def test_draws_follow_their_weights(replacement):
    weights = fastinit.tensor([[1.0, 0, 3, 6], [2, 2, 0, 0]])
    generator = fastinit.Generator(seed=3)
    count = np.zeros((2, 4))
    for _ in range(50):
        many = weights.repeat(100, 1)
        drawn = fastinit.multinomial(many, 1, replacement, generator=generator).reshape(100, 2).numpy()
        for row in (0, 1):
            count[row] += np.bincount(drawn[:, row], minlength=4)
    expected = weights.numpy() / weights.numpy().sum(1, keepdims=True) * 5000
    assert not count[expected == 0].any()
    likely = expected > 0
    chi_square = ((count - expected)[likely] ** 2 / expected[likely]).sum()
    assert chi_square < 18.5  # 4 degrees of freedom: one in a thousand


def test_draws_without_replacement_are_different_places():
    weights = fastinit.rand(50, 8, generator=fastinit.Generator(seed=1))
    drawn = weights.multinomial(8, generator=fastinit.Generator(seed=2))
    assert (drawn.sort(1).values == fastinit.arange(8)).all()
    again = fastinit.multinomial(weights, 8, generator=fastinit.Generator(seed=2))
    assert fastinit.equal(drawn, again)


@pytest.mark.parametrize("arguments", [{}, {"nan": 1.5, "posinf": 3.0, "neginf": -7.0}], ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_numbers_stand_in_for_nan_and_infinities(same_as_torch, dtype, arguments):
    values = np.array([np.nan, np.inf, -np.inf, 0.5, -2.0])
    same_as_torch(lambda library, x: library.nan_to_num(x, **arguments), values, dtype=dtype)
