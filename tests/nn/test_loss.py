"""Losses: values, gradients, reductions, weights, warnings and errors are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import fastinit
from fastinit import nn
from fastinit.autograd import gradcheck
from fastinit.nn import functional as F

DTYPES = ["float32", "float64", "float16", "bfloat16"]
REDUCTIONS = ["mean", "sum", "none"]
REGRESSIONS = ["mse_loss", "l1_loss", "smooth_l1_loss"]
BINARIES = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]
CLASSES = ["nll_loss", "cross_entropy"]


def f64(values: np.ndarray, requires_grad: bool = True) -> fastinit.Tensor:
    return fastinit.tensor(values.tolist(), dtype=fastinit.float64, requires_grad=requires_grad)


# Losses of a difference.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "median"])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_losses_of_a_difference_are_torchs(same_as_torch, normal, name, reduction, dtype):
    def call(lib, x, y):
        return getattr(lib.nn.functional, name)(x, y, reduction=reduction)

    for shape in [(2, 3), (), (0, 3)]:
        same_as_torch(call, normal(*shape), normal(*shape), dtype=dtype)


@pytest.mark.parametrize("shapes", [[(2, 3), (3,)], [(3,), (2, 3)], [(2, 1), (2,)], [(2, 3), (4,)]])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_other_sizes_warn_and_broadcast_or_fail_as_in_torch(same_as_torch, normal, name, shapes):
    outcome = same_as_torch(
        lambda lib, x, y: getattr(lib.nn.functional, name)(x, y), *[normal(*shape) for shape in shapes]
    )
    assert "Using a target size (fastinit.Size(" in outcome.warnings[0]


@pytest.mark.parametrize("codes", ["fd", "df", "fl", "fe", "ll", "lf", "f?"])
@pytest.mark.parametrize("name", REGRESSIONS)
def test_mixed_dtypes_are_promoted_or_refused_as_in_torch(same_as_torch, name, codes):
    arrays = [np.array([[1, 0, 1], [0, 1, 1]]).astype(code) for code in codes]
    same_as_torch(lambda lib, x, y: getattr(lib.nn.functional, name)(x, y), *arrays, dtype=None)


@pytest.mark.parametrize("beta", [0.0, 0.25, 1.0, 3, -1.0])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_smooth_l1_bends_at_beta(same_as_torch, normal, beta, reduction):
    def call(lib, x, y):
        return lib.nn.functional.smooth_l1_loss(x, y, beta=beta, reduction=reduction)

    same_as_torch(call, normal(4, 3), normal(4, 3))


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
def test_a_weight_divides_the_mean_by_its_sum(same_as_torch, normal, name, reduction, shape):
    def call(lib, x, y, w):
        return getattr(lib.nn.functional, name)(x, y, reduction=reduction, weight=w)

    same_as_torch(call, normal(2, 3), normal(2, 3), np.abs(normal(*shape)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", REGRESSIONS)
def test_the_gradient_of_a_difference_loss_is_its_difference_quotient(normal, name, reduction):
    call = lambda x, y: getattr(F, name)(x, y, reduction=reduction)  # noqa: E731
    assert gradcheck(call, (f64(normal(2, 3)), f64(normal(2, 3))))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_overflow_and_infinities_are_results_not_warnings(same_as_torch, name):
    x = np.array([1e30, np.inf, np.nan, -1e30])
    same_as_torch(lambda lib, x, y: getattr(lib.nn.functional, name)(x, y), x, np.zeros(4), constant=(0, 1))


# The old names of the reductions.


@pytest.mark.parametrize(
    "old",
    [
        {"size_average": False},
        {"reduce": False},
        {"size_average": True},
        {"size_average": True, "reduce": False},
    ],
)
def test_the_old_names_of_reductions_work_and_warn_where_they_are_used(same_as_torch, normal, old):
    same_as_torch(lambda lib, x, y: lib.nn.functional.mse_loss(x, y, **old), normal(2, 3), normal(2, 3))
    same_as_torch(lambda lib, x, y: lib.nn.MSELoss(**old)(x, y), normal(2, 3), normal(2, 3))
    with pytest.warns(UserWarning, match="size_average and reduce args") as caught:
        F.mse_loss(fastinit.ones(2), fastinit.ones(2), **old)
    assert caught[0].filename == __file__


# Choices among classes.

SCORES = [
    ((2, 3), (2,)),
    ((3,), ()),
    ((2, 3, 4), (2, 4)),
    ((2, 3, 4, 5), (2, 4, 5)),
    ((2, 3, 2, 2, 2), (2, 2, 2, 2)),
    ((0, 3), (0,)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "median"])
@pytest.mark.parametrize("name", CLASSES)
def test_losses_of_classes_are_torchs(same_as_torch, normal, name, reduction, dtype):
    rng = np.random.default_rng(1)
    for scores, targets in SCORES:
        same_as_torch(
            lambda lib, x, y: getattr(lib.nn.functional, name)(x, y, reduction=reduction),
            3 * normal(*scores),
            rng.integers(0, 3, targets),
            dtype=dtype,
        )


@pytest.mark.parametrize("name", CLASSES)
def test_scores_of_one_sample_take_a_target_of_no_or_one_dimension(same_as_torch, normal, name):
    for target in (np.array(2), np.array([2])):
        same_as_torch(
            lambda lib, x, y: getattr(lib.nn.functional, name)(x, y), normal(3), target, constant=(0,)
        )


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("ignored", [-100, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_combines_weight_smoothing_and_ignored_classes_as_torch_does(
    same_as_torch, normal, reduction, weighted, ignored, smoothing
):
    def call(lib, x, y, *weight):
        return lib.nn.functional.cross_entropy(
            x, y, *weight, reduction=reduction, ignore_index=ignored, label_smoothing=smoothing
        )

    rng = np.random.default_rng(1)
    weight = [np.array([0.5, 2.0, 1.5])] if weighted else []
    for scores, targets in [((6, 3), (6,)), ((2, 3, 4), (2, 4)), ((3,), ())]:
        same_as_torch(call, normal(*scores), rng.integers(0, 3, targets), *weight, constant=(2,))


@pytest.mark.parametrize("ignored", [-100, 1])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_nll_loss_weighs_and_ignores_as_torch_does(same_as_torch, normal, reduction, ignored):
    def call(lib, x, y, w):
        return lib.nn.functional.nll_loss(x, y, w, reduction=reduction, ignore_index=ignored)

    targets = np.array([0, 1, 2, 1])
    same_as_torch(call, normal(4, 3), targets, np.array([0.5, 2.0, 1.5]), constant=(2,))
    same_as_torch(call, normal(4, 3), np.ones(4, int), np.array([0.5, 2.0, 1.5]), constant=(2,))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_of_probabilities_is_torchs(
    same_as_torch, normal, reduction, weighted, smoothing, dtype
):
    def call(lib, x, y, *weight):
        return lib.nn.functional.cross_entropy(x, y, *weight, reduction=reduction, label_smoothing=smoothing)

    weight = [np.array([0.5, 2.0, 1.5])] if weighted else []
    for shape in [(4, 3), (2, 3, 4), (3,), (0, 3)]:
        same_as_torch(call, normal(*shape), np.abs(normal(*shape)), *weight, dtype=dtype)


@pytest.mark.parametrize(
    ("scores", "targets", "kwargs"),
    [
        ((2, 3), np.array([0, 3]), {}),
        ((2, 3), np.array([0, -1]), {}),
        ((2, 3), np.array([0, 1, 2]), {}),
        ((2, 3), np.array([[0], [1]]), {}),
        ((2, 3), np.array([0.0, 1.0]), {}),
        ((), np.array(1), {}),
        ((2, 3), np.array([0, 1], np.int32), {}),
        ((2, 3), np.array([0, 1], np.uint8), {}),
        ((2, 3, 4), np.ones((2, 5), int), {}),
        ((2, 3, 4), np.ones((2, 3, 4), int), {}),
        ((3,), np.array([1, 2]), {}),
        ((2, 3, 4, 5), np.ones((2, 4), int), {}),
        ((2, 3, 4, 5), np.ones((2, 4, 6), int), {}),
        ((2, 0), np.array([0, 0]), {}),
        ((2, 3), np.array([-100, -100]), {}),
        ((2, 3), np.array([0, 2]), {"weight": (2, "float32")}),
        ((2, 3), np.array([0, 2]), {"weight": (3, "float64")}),
        ((2, 3, 4), np.ones((2, 4), int), {"weight": (2, "float32")}),
    ],
)
@pytest.mark.parametrize("name", CLASSES)
def test_targets_and_weights_are_refused_in_torchs_words(
    same_as_torch, normal, name, scores, targets, kwargs
):
    def call(lib, x, y):
        weight = {}
        if kwargs:
            size, dtype = kwargs["weight"]
            weight = {"weight": lib.ones(size, dtype=getattr(lib, dtype))}
        return getattr(lib.nn.functional, name)(x, y, **weight)

    same_as_torch(call, normal(*scores), targets)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x, y, w: f.cross_entropy(x, y, ignore_index=1),
        lambda f, x, y, w: f.cross_entropy(x, y, weight=w[:2]),
        lambda f, x, y, w: f.cross_entropy(x, y, label_smoothing=1.1),
        lambda f, x, y, w: f.cross_entropy(x, y[:, :2]),
        lambda f, x, y, w: f.cross_entropy(x.long(), y),
        lambda f, x, y, w: f.cross_entropy(x, y.double()),
        lambda f, x, y, w: f.cross_entropy(x.double(), y),
        lambda f, x, y, w: f.nll_loss(x, y[:, 0].long(), weight=w),
        lambda f, x, y, w: f.cross_entropy(x, y[:, 0].long(), weight=w),
        lambda f, x, y, w: f.cross_entropy(x.long(), y[:, 0].long()),
        lambda f, x, y, w: f.nll_loss(x.long(), y[:, 0].long()),
    ],
)
def test_class_losses_check_their_arguments_as_torch_does(same_as_torch, normal, call):
    same_as_torch(
        lambda lib, *t: call(lib.nn.functional, *t), normal(2, 3), np.abs(normal(2, 3)) % 1, np.ones(3)
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_gradient_of_a_class_loss_is_its_difference_quotient(normal, reduction, smoothing):
    x, targets = f64(normal(4, 3, 2)), fastinit.tensor([[0, 1], [2, 2], [1, 0], [0, 0]])
    weight = f64(np.array([0.5, 2.0, 1.5]), requires_grad=False)
    kwargs = {"reduction": reduction, "label_smoothing": smoothing}
    assert gradcheck(lambda x: F.cross_entropy(x, targets, weight, **kwargs), (x,))
    assert gradcheck(lambda x: F.nll_loss(x, targets, weight, reduction=reduction), (x,))
    shares = f64(np.abs(normal(4, 3, 2)))
    assert gradcheck(lambda *t: F.cross_entropy(*t, **kwargs), (x, shares, f64(np.array([0.5, 2.0, 1.5]))))


def test_cross_entropy_of_huge_logits_is_exact_where_a_naive_softmax_overflows():
    x = fastinit.tensor([[1e4, 0.0, -1e4]], requires_grad=True)
    loss = F.cross_entropy(x, fastinit.tensor([1]))
    loss.backward()
    assert loss.item() == 1e4
    assert x.grad.tolist() == [[1.0, -1.0, 0.0]]


# Yes or no.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", [*REDUCTIONS, "median"])
@pytest.mark.parametrize("name", BINARIES)
def test_binary_losses_are_torchs(same_as_torch, normal, name, reduction, dtype):
    def call(lib, x, y):
        x = x if name.endswith("logits") else x.sigmoid()
        return getattr(lib.nn.functional, name)(x, y, reduction=reduction)

    for shape in [(2, 3), (), (0, 3)]:
        same_as_torch(call, normal(*shape), np.abs(normal(*shape)) % 1, dtype=dtype)


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1), (), (4,), (2, 2, 3)])
@pytest.mark.parametrize("argument", ["weight", "pos_weight"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_of_the_binary_loss_broadcast_to_the_input(same_as_torch, normal, reduction, argument, shape):
    def call(lib, x, y, w):
        return lib.nn.functional.binary_cross_entropy_with_logits(x, y, reduction=reduction, **{argument: w})

    same_as_torch(call, normal(2, 3), np.abs(normal(2, 3)) % 1, np.abs(normal(*shape)), constant=(2,))


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1), ()])
def test_the_weight_of_binary_cross_entropy_broadcasts_to_the_input(same_as_torch, normal, shape):
    def call(lib, x, y, w):
        return lib.nn.functional.binary_cross_entropy(x.sigmoid(), y, w)

    same_as_torch(call, normal(2, 3), np.abs(normal(2, 3)) % 1, np.abs(normal(*shape)), constant=(2,))


@pytest.mark.parametrize(
    "call",
    [
        lambda f, p, y: f.binary_cross_entropy(p, y[0]),
        lambda f, p, y: f.binary_cross_entropy(p + 1, y),
        lambda f, p, y: f.binary_cross_entropy(p - 1, y),
        lambda f, p, y: f.binary_cross_entropy(p * float("nan"), y),
        lambda f, p, y: f.binary_cross_entropy(p, y + 1),
        lambda f, p, y: f.binary_cross_entropy(p, y.double()),
        lambda f, p, y: f.binary_cross_entropy(p, y.long()),
        lambda f, p, y: f.binary_cross_entropy(p.long(), y.long()),
        lambda f, p, y: f.binary_cross_entropy(p, y, weight=p),
        lambda f, p, y: f.binary_cross_entropy_with_logits(p, y[0]),
        lambda f, p, y: f.binary_cross_entropy_with_logits(p, y.long()),
        lambda f, p, y: f.binary_cross_entropy_with_logits(p.long(), y),
        lambda f, p, y: f.binary_cross_entropy_with_logits(p, y, weight=p),
        lambda f, p, y: f.binary_cross_entropy_with_logits(p, y, pos_weight=p),
    ],
)
def test_binary_losses_check_their_arguments_as_torch_does(same_as_torch, call):
    values = np.array([[0.1, 0.5, 0.9], [0.2, 0.3, 0.4]])
    same_as_torch(lambda lib, *t: call(lib.nn.functional, *t), values, values[::-1], constant=(1,))


@pytest.mark.parametrize(("of_input", "of_target"), [("float32", "float64"), ("float16", "float32")])
def test_the_loss_of_logits_has_the_dtype_of_the_target(same_as_torch, of_input, of_target):
    def call(lib, x, y):
        x, y = x.to(getattr(lib, of_input)), y.to(getattr(lib, of_target))
        return lib.nn.functional.binary_cross_entropy_with_logits(x, y)

    same_as_torch(call, np.array([0.3, -2.0]), np.array([0.0, 1.0]), precision="float16")


def test_a_weight_that_does_not_broadcast_is_refused():
    p = fastinit.full((2, 3), 0.5)
    with pytest.raises(
        RuntimeError, match="size of tensor a \\(3\\) must match the size of tensor b \\(2\\)"
    ):
        F.binary_cross_entropy(p, p, weight=fastinit.ones(2, 2))


def test_binary_cross_entropy_cuts_the_logarithm_of_certainty_as_torch_does(same_as_torch):
    p, y = np.array([0.0, 1.0, 0.5, 0.3, 1e-30]), np.array([1.0, 0.0, 0.5, 0.2, 0.5])
    same_as_torch(lambda lib, *t: lib.nn.functional.binary_cross_entropy(*t, reduction="none"), p, y)


def test_no_logit_overflows(same_as_torch):
    x, y = np.array([1000.0, -1000.0, 0.0, 90.0]), np.array([0.0, 1.0, 1.0, 1.0])
    same_as_torch(
        lambda lib, *t: lib.nn.functional.binary_cross_entropy_with_logits(*t, reduction="none"), x, y
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_gradient_of_a_binary_loss_is_its_difference_quotient(normal, reduction):
    x, y, w = f64(normal(2, 3)), f64(np.abs(normal(2, 3)) % 1), f64(np.abs(normal(3)), requires_grad=False)
    kwargs = {"reduction": reduction, "weight": w}
    assert gradcheck(lambda x, y: F.binary_cross_entropy(x.sigmoid(), y, **kwargs), (x, y))
    assert gradcheck(lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=w, **kwargs), (x, y))


# Layers.


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("MSELoss", {"reduction": "sum"}),
        ("L1Loss", {"reduction": "none"}),
        ("SmoothL1Loss", {"beta": 0.5}),
        ("BCEWithLogitsLoss", {}),
    ],
)
def test_loss_layers_compute_and_print_as_torchs_do(same_as_torch, normal, name, kwargs):
    torch = pytest.importorskip("torch")
    assert repr(getattr(nn, name)(**kwargs)) == repr(getattr(torch.nn, name)(**kwargs))
    same_as_torch(
        lambda lib, x, y: getattr(lib.nn, name)(**kwargs)(x, y), normal(2, 3), np.abs(normal(2, 3)) % 1
    )


@pytest.mark.parametrize(
    ("name", "kwargs"), [("NLLLoss", {}), ("CrossEntropyLoss", {"label_smoothing": 0.1})]
)
def test_class_loss_layers_hold_their_weight_as_a_buffer(same_as_torch, normal, name, kwargs):
    def call(lib, x, y, w):
        loss = getattr(lib.nn, name)(w, ignore_index=1, **kwargs)
        assert list(loss.state_dict()) == ["weight"]
        return loss(x, y)

    same_as_torch(call, normal(4, 3), np.array([0, 1, 2, 2]), np.array([0.5, 2.0, 1.5]), constant=(2,))
    assert getattr(nn, name)().weight is None


def test_the_binary_loss_layers_hold_their_weights_as_buffers(same_as_torch, normal):
    def call(lib, x, y, w):
        plain, logits = lib.nn.BCELoss(w), lib.nn.BCEWithLogitsLoss(w, pos_weight=w * 2)
        assert list(logits.state_dict()) == ["weight", "pos_weight"]
        return plain(x.sigmoid(), y) + logits(x, y)

    same_as_torch(call, normal(4, 3), np.abs(normal(4, 3)) % 1, np.array([0.5, 2.0, 1.5]), constant=(2,))
