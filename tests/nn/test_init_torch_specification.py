"""What PyTorch's own tests ask of its initialisers holds for its tensors, whichever way fastinit fills them.

After PyTorch's test/nn/test_init.py; the errors and warnings are in test_init_against_torch.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from reference.torch_ways import IN_CONTEXT, WAYS, Way, seeded

torch = pytest.importorskip("torch")

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
VECTOR, MATRIX, KERNEL = (3000,), (60, 50), (12, 10, 5, 5)

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with seeded(request.param, seed=5) as way:
        yield way


def fill(way: Way, name: str, shape: tuple[int, ...], dtype: Any = torch.float32, **arguments: Any) -> Any:
    """A new tensor that an initialiser has filled in place, recording nothing."""
    tensor = way.wrap(torch.full(shape, math.nan, dtype=dtype))
    version, recorded = tensor._version, tensor.requires_grad
    assert getattr(way.init, name)(tensor, **arguments) is tensor
    assert tensor._version > version or tensor.numel() == 0
    assert (tensor.requires_grad, tensor.grad_fn, tensor.dtype) == (recorded, None, dtype)
    assert tensor.isfinite().all()
    return tensor.detach()


def follows(values: Any, law: Any) -> bool:
    """Whether the values may well be of this distribution (Kolmogorov and Smirnov)."""
    return stats.kstest(values.double().flatten().numpy(), law.cdf).pvalue > 1e-4


def uniform(std: float) -> Any:
    return stats.uniform(-math.sqrt(3) * std, 2 * math.sqrt(3) * std)


def truncated(mean: float, std: float, a: float, b: float) -> Any:
    return stats.truncnorm((a - mean) / std, (b - mean) / std, mean, std)


@each_dtype
@pytest.mark.parametrize("shape", [VECTOR, MATRIX, KERNEL])
@pytest.mark.parametrize(
    ("name", "arguments", "law"),
    [
        ("uniform_", {}, stats.uniform()),
        ("uniform_", {"a": -2.5, "b": 1.25}, stats.uniform(-2.5, 3.75)),
        ("normal_", {}, stats.norm()),
        ("normal_", {"mean": -1.5, "std": 3}, stats.norm(-1.5, 3)),
        ("trunc_normal_", {}, truncated(0, 1, -2, 2)),
        ("trunc_normal_", {"mean": 1, "std": 0.5, "a": 0.25, "b": 1.5}, truncated(1, 0.5, 0.25, 1.5)),
    ],
)
def test_the_values_follow_their_distribution(
    way: Way, name: str, arguments: dict[str, float], law: Any, shape: tuple[int, ...], dtype: Any
) -> None:
    assert follows(fill(way, name, shape, dtype, **arguments), law)


@each_dtype
@pytest.mark.parametrize(("shape", "fan_in", "fan_out"), [(MATRIX, 50, 60), (KERNEL, 250, 300)])
@pytest.mark.parametrize(
    ("law", "kind"), [(uniform, "uniform_"), (lambda std: stats.norm(0, std), "normal_")]
)
@pytest.mark.parametrize("gain", [None, 0.3, 1.7])
def test_xavier_keeps_the_mean_of_both_variances(
    way: Way,
    kind: str,
    law: Any,
    gain: float | None,
    shape: tuple[int, ...],
    fan_in: int,
    fan_out: int,
    dtype: Any,
) -> None:
    given = {} if gain is None else {"gain": gain}
    expected = law((gain or 1) * math.sqrt(2 / (fan_in + fan_out)))
    assert follows(fill(way, "xavier_" + kind, shape, dtype, **given), expected)


@each_dtype
@pytest.mark.parametrize(("shape", "fans"), [(MATRIX, (50, 60)), (KERNEL, (250, 300))])
@pytest.mark.parametrize(
    ("law", "kind"), [(uniform, "uniform_"), (lambda std: stats.norm(0, std), "normal_")]
)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("a", [None, 0.4, 1.9])
def test_kaiming_keeps_the_variance_of_one_pass(
    way: Way,
    kind: str,
    law: Any,
    mode: str,
    a: float | None,
    shape: tuple[int, ...],
    fans: tuple[int, int],
    dtype: Any,
) -> None:
    given = {} if a is None else {"a": a}
    fan = fans[mode == "fan_out"]
    expected = law(math.sqrt(2 / ((1 + (a or 0) ** 2) * fan)))
    assert follows(fill(way, "kaiming_" + kind, shape, dtype, mode=mode, **given), expected)


@each_dtype
@pytest.mark.parametrize(
    ("nonlinearity", "variance"), [("relu", 2), ("linear", 1), ("tanh", 25 / 9), ("leaky_relu", 2 / 1.25)]
)
def test_kaiming_counts_the_gain_of_what_follows(
    way: Way, nonlinearity: str, variance: float, dtype: Any
) -> None:
    values = fill(way, "kaiming_normal_", MATRIX, dtype, nonlinearity=nonlinearity, a=0.5)
    assert follows(values, stats.norm(0, math.sqrt(variance / 50)))


@pytest.mark.parametrize(
    ("nonlinearity", "param", "gain"),
    [
        *(
            (each, None, 1)
            for each in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "sigmoid")
        ),
        ("tanh", None, 5 / 3),
        ("relu", None, math.sqrt(2)),
        ("selu", None, 3 / 4),
        ("leaky_relu", None, math.sqrt(2 / (1 + 0.01**2))),
        ("leaky_relu", 0, math.sqrt(2)),
        ("leaky_relu", 10, math.sqrt(2 / 101)),
    ],
)
def test_the_gain_is_the_one_of_the_books(
    way: Way, nonlinearity: str, param: float | None, gain: float
) -> None:
    assert way.init.calculate_gain(nonlinearity, param) == pytest.approx(gain, rel=1e-15)


@each_dtype
@pytest.mark.parametrize(
    ("mean", "std", "a", "b"), [(0, 1, -2, 2), (0, 1, 2, 3), (0.3, 0.1, 0.2, 0.7), (-3, 1e-2, -3.015, -3)]
)
def test_truncated_values_stay_between_their_bounds(
    way: Way, mean: float, std: float, a: float, b: float, dtype: Any
) -> None:
    values = fill(way, "trunc_normal_", (10_000,), dtype, mean=mean, std=std, a=a, b=b)
    low, high = (torch.tensor(bound, dtype=dtype) for bound in (a, b))  # as the dtype can say them
    assert low <= values.min()
    assert values.max() <= high
    if (b - a) / torch.finfo(dtype).eps > 200 * abs(a):  # else the values lie on visible steps
        assert follows(values, truncated(mean, std, a, b))


@pytest.mark.parametrize(
    ("dtype", "least"),
    [(torch.float32, 9000), (torch.float64, 9990), (torch.float16, 3000), (torch.bfloat16, 1000)],
    ids=str,
)
def test_truncated_values_use_what_the_dtype_can_say(way: Way, dtype: Any, least: int) -> None:
    assert fill(way, "trunc_normal_", (10_000,), dtype).unique().numel() > least


@each_dtype
def test_far_bounds_are_met_by_no_value(way: Way, dtype: Any) -> None:
    assert fill(way, "trunc_normal_", (10_000,), dtype, std=0.1).abs().max() < 1


RANDOM = [
    ("uniform_", {}), ("normal_", {}), ("trunc_normal_", {}), ("xavier_uniform_", {}), ("xavier_normal_", {}),
    ("kaiming_uniform_", {}), ("kaiming_normal_", {}), ("orthogonal_", {}), ("sparse_", {"sparsity": 0.2}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), RANDOM)
def test_the_generator_decides_the_values(way: Way, name: str, arguments: dict[str, float]) -> None:
    def values(seed: int) -> Any:
        return fill(way, name, (12, 9), generator=way.generator(seed), **arguments)

    first = values(42)
    fill(way, name, (12, 9), **arguments)  # moves the default generator
    assert torch.equal(values(42), first)
    assert not torch.equal(values(43), first)
    generator = way.generator(42)
    again, next_one = (fill(way, name, (12, 9), generator=generator, **arguments) for _ in range(2))
    assert torch.equal(again, first)
    assert not torch.equal(next_one, first)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(("function", "arguments"), RANDOM)
def test_the_default_generator_repeats_and_moves(
    name: str, function: str, arguments: dict[str, float]
) -> None:
    def values(seed: int) -> list[Any]:
        with seeded(name, seed) as way:
            return [fill(way, function, (12, 9), **arguments) for _ in range(2)]

    first, second = values(7)
    assert not torch.equal(first, second)
    assert all(map(torch.equal, values(7), (first, second)))
    assert not torch.equal(values(8)[0], first)


@each_dtype
@pytest.mark.parametrize("shape", [(4,), (3, 5), (2, 3, 1, 4), (), (0, 3)])
def test_constants_fill_all(way: Way, shape: tuple[int, ...], dtype: Any) -> None:
    for name, arguments, value in [("constant_", {"val": 2.7}, 2.7), ("ones_", {}, 1), ("zeros_", {}, 0)]:
        assert torch.equal(fill(way, name, shape, dtype, **arguments), torch.full(shape, value, dtype=dtype))


@each_dtype
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3), (4, 4)])
def test_eye_is_the_identity(way: Way, shape: tuple[int, int], dtype: Any) -> None:
    assert torch.equal(fill(way, "eye_", shape, dtype), torch.eye(*shape, dtype=dtype))


@each_dtype
@pytest.mark.parametrize("shape", [(2, 3, 1), (4, 2, 5), (3, 3, 2, 4), (1, 13, 3, 5, 2)])
@pytest.mark.parametrize("groups", [1, 2, 3])
def test_dirac_has_a_one_per_channel_that_it_keeps(
    way: Way, shape: tuple[int, ...], groups: int, dtype: Any
) -> None:
    values = fill(way, "dirac_", (shape[0] * groups, *shape[1:]), dtype, groups=groups)
    kept = min(shape[:2]) * groups
    assert values.count_nonzero() == kept
    assert values.sum() == kept


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 3])
def test_a_convolution_with_dirac_is_the_identity(way: Way, dimensions: int, groups: int) -> None:
    channels, outputs = 3, 9  # of which each group has 9 / groups, the first 3 of them kept
    x = torch.arange(2 * channels * 5.0**dimensions).reshape(2, channels, *(5,) * dimensions)
    kernel = fill(way, "dirac_", (outputs, channels, *(3,) * dimensions), groups=groups)
    y = getattr(torch.nn.functional, f"conv{dimensions}d")(x, kernel, padding=1)
    for group in y.split(outputs // groups, dim=1):
        assert torch.equal(group[:, :channels], x)
        assert not group[:, channels:].any()


@each_dtype
@pytest.mark.parametrize(("sparsity", "std"), [(0.1, None), (0.15, 0.2), (0.5, 1), (0, 0.1)])
def test_sparse_zeroes_a_part_of_each_column(
    way: Way, sparsity: float, std: float | None, dtype: Any
) -> None:
    given = {} if std is None else {"std": std}
    values = fill(way, "sparse_", (43, 70), dtype, sparsity=sparsity, **given)
    zeros = (values == 0).sum(0)
    assert (zeros == math.ceil(sparsity * 43)).all()
    assert follows(values[values != 0], stats.norm(0, std or 0.01))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (5, 5), (20, 2, 3, 4), (2, 3, 4, 5), (1, 7), (7, 1)])
@pytest.mark.parametrize("gain", [None, 0.3, 1.9])
def test_orthogonal_rows_or_columns_are_orthonormal(
    way: Way, shape: tuple[int, ...], gain: float | None, dtype: Any
) -> None:
    matrix = (
        fill(way, "orthogonal_", shape, dtype, **({} if gain is None else {"gain": gain})).flatten(1).numpy()
    )
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    tolerance = 20 * np.finfo(matrix.dtype).eps
    product = short @ short.T / (gain or 1) ** 2
    np.testing.assert_allclose(product, np.eye(short.shape[0]), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", [name for name in WAYS if name != IN_CONTEXT])
def test_orthogonal_makes_halves_too(name: str, dtype: Any) -> None:
    """PyTorch refuses them, as it has no factorisation of halves."""
    with seeded(name) as way:
        matrix = fill(way, "orthogonal_", (24, 40), dtype).double()
    assert torch.allclose(matrix @ matrix.T, torch.eye(24).double(), atol=2 * torch.finfo(dtype).eps)
