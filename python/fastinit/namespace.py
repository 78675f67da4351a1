"""Functions of the package that are methods, or functions of `nn.functional`, under another roof.

They are looked up when they are asked for: `fastinit.relu_` is `Tensor.relu_`, and `fastinit.conv1d` is
`nn.functional.conv1d`. Those whose arguments stand in another order there are written out below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from .nn import functional
from .tensor import Tensor

__all__ = ["NAMES", "look_up"]

_METHODS: Final = (
    *(
        "abs_",
        "acos_",
        "acosh_",
        "addmv_",
        "arccos_",
        "arccosh_",
        "arcsin_",
        "arcsinh_",
        "arctan_",
        "arctanh_",
    ),
    *("asin_", "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_", "cos_"),
    *("cosh_", "deg2rad_", "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_", "fix_", "floor_"),
    *("frac_", "gcd_", "index_put_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_"),
    *(
        "nan_to_num_",
        "neg_",
        "negative_",
        "rad2deg_",
        "reciprocal_",
        "relu_",
        "resize_as_",
        "round_",
        "rsqrt_",
    ),
    *("sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_", "tanh_", "trunc_", "xlogy_", "zero_"),
    *("adjoint", "argwhere", "conj", "detach", "ger", "get_device", "is_conj", "is_inference", "is_neg"),
    *("is_same_size", "is_signed", "resolve_conj", "resolve_neg", "split_with_sizes"),
)
_FUNCTIONS: Final = (
    *(
        "adaptive_avg_pool1d",
        "avg_pool1d",
        "bilinear",
        "conv1d",
        "conv2d",
        "conv3d",
        "max_pool1d",
        "max_pool2d",
    ),
    *("rms_norm", "selu", "selu_"),
)


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """As `nn.functional.dropout` (torch.dropout)."""
    return functional.dropout(input, p, train)


def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """As `nn.functional.embedding`; a `padding_idx` below 0 is none (torch.embedding)."""
    padding = None if padding_idx < 0 else padding_idx
    return functional.embedding(
        indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse
    )


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """As `nn.functional.layer_norm` (torch.layer_norm)."""
    return functional.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """As `nn.functional.group_norm` (torch.group_norm)."""
    return functional.group_norm(input, num_groups, weight, bias, eps)


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """As `nn.functional.batch_norm` (torch.batch_norm)."""
    return functional.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """As `nn.functional.instance_norm` (torch.instance_norm)."""
    return functional.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def fill(input: Tensor, value: Any) -> Tensor:
    """Returns a tensor of the same size, `value` throughout (torch.fill)."""
    return input.clone().fill_(value)


def real(input: Tensor) -> Tensor:
    """Returns the tensor itself: it is real (torch.real)."""
    return input.real


_OWN: Final[dict[str, Callable[..., Any]]] = {
    each.__name__: each
    for each in (
        dropout,
        embedding,
        layer_norm,
        group_norm,
        batch_norm,
        instance_norm,
        fill,
        real,
    )
}

#: All that can be looked up.
NAMES: Final = frozenset((*_METHODS, *_FUNCTIONS, *_OWN))


def look_up(name: str) -> Any:
    """Returns the function of one of the names."""
    if name in _OWN:
        return _OWN[name]
    return getattr(functional if name in _FUNCTIONS else Tensor, name)
