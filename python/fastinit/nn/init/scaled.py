"""Initialisers whose scale follows from the fans of a weight's shape, so that signals keep their variance."""

import math
import warnings
from typing import Any, TypeVar

from ...memory import adopt, filled
from ...random import Generator
from ...shard import Shard
from .gain import fan_in_and_fan_out, fan_of_mode, gain_of
from .layout import Layout
from .scaling import fill_scaled, whole_shape

__all__ = [
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "lecun_uniform_",
    "variance_scaling_",
    "xavier_normal_",
    "xavier_uniform_",
]

T = TypeVar("T")

_MODES = ["fan_in", "fan_out", "fan_avg", "fan_geo_avg"]
DISTRIBUTIONS = {
    "truncated_normal": "truncated_normal",
    "untruncated_normal": "normal",
    "normal": "normal",
    "uniform": "uniform",
}


def xavier_uniform_(
    tensor: T,
    gain: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{U}[-a, a)`, or Glorot initialisation.

    .. math::
        a = \text{gain} \times \sqrt{\frac{6}{\text{fan\_in} + \text{fan\_out}}}

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        gain: a factor, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, both fans are 0, or the layout does not fit.
        RuntimeError: `gain` is negative or NaN.

    Draws:
        As `uniform_`.

    Source:
        Glorot and Bengio 2010, eq. 16; `torch.nn.init.xavier_uniform_`.

    Examples:
        >>> xavier_uniform_(fastinit.empty(2, 3), generator=Generator(seed=0))
        tensor([[-0.2212,  0.8337,  0.5164],
                [ 0.2311,  1.0346, -0.3021]])
    """
    array, shard = adopt(tensor, shard)
    shape = whole_shape(array, shard, layout)
    fill_scaled(array, "uniform", xavier_std, (gain,), generator, shard, layout, shape)
    return filled(tensor)


def xavier_normal_(
    tensor: T,
    gain: float = 1.0,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{N}(0, \text{std}^2)`, or Glorot initialisation.

    .. math::
        \text{std} = \text{gain} \times \sqrt{\frac{2}{\text{fan\_in} + \text{fan\_out}}}

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        gain: a factor, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, both fans are 0, or the layout does not fit.
        RuntimeError: `gain` is negative or NaN.

    Draws:
        As `normal_`.

    Source:
        Glorot and Bengio 2010, eq. 12; `torch.nn.init.xavier_normal_`.

    Examples:
        >>> xavier_normal_(fastinit.empty(2, 3), generator=Generator(seed=0))
        tensor([[-0.5848, -0.6269, -0.3906],
                [ 0.3049,  0.0972,  0.1144]])
    """
    array, shard = adopt(tensor, shard)
    shape = whole_shape(array, shard, layout)
    fill_scaled(array, "normal", xavier_std, (gain,), generator, shard, layout, shape)
    return filled(tensor)


def kaiming_uniform_(
    tensor: T,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{U}[-\text{bound}, \text{bound})`, or He initialisation.

    .. math::
        \text{bound} = \text{gain} \times \sqrt{\frac{3}{\text{fan}}}

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        a: the negative slope of the leaky ReLU that follows the layer; nothing else reads it.
        mode: "fan_in" keeps the variance in the forward pass, "fan_out" in the backward pass.
        nonlinearity: what follows the layer, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, `mode`, `nonlinearity` or `a` is unknown, or the
            layout does not fit.

    Warns:
        UserWarning: the tensor has no elements.

    Draws:
        As `uniform_`.

    Source:
        He et al. 2015, arXiv:1502.01852, eq. 10; `torch.nn.init.kaiming_uniform_`.

    Examples:
        >>> kaiming_uniform_(fastinit.empty(2, 3), generator=Generator(seed=0))
        tensor([[-0.2855,  1.0763,  0.6667],
                [ 0.2983,  1.3357, -0.3901]])
    """
    array, shard = adopt(tensor, shard)
    shape = whole_shape(array, shard, layout)
    if not _is_empty(shape):
        fill_scaled(array, "uniform", kaiming_std, (a, mode, nonlinearity), generator, shard, layout, shape)
    return filled(tensor)


def kaiming_normal_(
    tensor: T,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{N}(0, \text{std}^2)`, or He initialisation.

    .. math::
        \text{std} = \frac{\text{gain}}{\sqrt{\text{fan}}}

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        a: the negative slope of the leaky ReLU that follows the layer; nothing else reads it.
        mode: "fan_in" keeps the variance in the forward pass, "fan_out" in the backward pass.
        nonlinearity: what follows the layer, see `calculate_gain`.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, `mode`, `nonlinearity` or `a` is unknown, or the
            layout does not fit.

    Warns:
        UserWarning: the tensor has no elements.

    Draws:
        As `normal_`.

    Source:
        He et al. 2015, arXiv:1502.01852, eq. 10; `torch.nn.init.kaiming_normal_`.

    Examples:
        >>> kaiming_normal_(fastinit.empty(2, 3), mode="fan_out", generator=Generator(seed=0))
        tensor([[-0.9247, -0.9911, -0.6176],
                [ 0.4821,  0.1536,  0.1808]])
    """
    array, shard = adopt(tensor, shard)
    shape = whole_shape(array, shard, layout)
    if not _is_empty(shape):
        fill_scaled(array, "normal", kaiming_std, (a, mode, nonlinearity), generator, shard, layout, shape)
    return filled(tensor)


def variance_scaling_(
    tensor: T,
    scale: float = 1.0,
    mode: str = "fan_in",
    distribution: str = "truncated_normal",
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of variance :math:`\text{scale} / \text{fan}` and mean 0.

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        scale: the factor of the variance, above 0.
        mode: the fan to divide by: "fan_in", "fan_out", their mean "fan_avg" or geometric mean "fan_geo_avg".
        distribution: "truncated_normal", cut at two standard deviations of the normal, which is wide enough
            for the variance to be right after the cut; "untruncated_normal" or "normal"; or "uniform".
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, `scale` is not above 0, `mode` or `distribution`
            is unknown, or the layout does not fit.

    Warns:
        UserWarning: the tensor has no elements.

    Draws:
        As `trunc_normal_`, `normal_` or `uniform_`.

    Source:
        jax.nn.initializers.variance_scaling; keras.initializers.VarianceScaling.

    Examples:
        >>> variance_scaling_(fastinit.empty(2, 3), 2.0, "fan_avg", "normal", Generator(seed=0))
        tensor([[-0.8270, -0.8865, -0.5524],
                [ 0.4312,  0.1374,  0.1617]])
    """
    _scale_variance(tensor, scale, mode, distribution, generator, shard, layout)
    return filled(tensor)


def lecun_uniform_(
    tensor: T,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of :math:`\mathcal{U}[-a, a)`, :math:`a = \sqrt{3 / \text{fan\_in}}`.

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, or the layout does not fit.

    Warns:
        UserWarning: the tensor has no elements.

    Draws:
        As `uniform_`.

    Source:
        LeCun et al. 1998, *Efficient BackProp*, section 4.6; keras.initializers.LecunUniform.

    Examples:
        >>> lecun_uniform_(fastinit.empty(2, 3), generator=Generator(seed=0))
        tensor([[-0.2019,  0.7610,  0.4714],
                [ 0.2110,  0.9445, -0.2758]])
    """
    _scale_variance(tensor, 1.0, "fan_in", "uniform", generator, shard, layout)
    return filled(tensor)


def lecun_normal_(
    tensor: T,
    generator: Generator | None = None,
    shard: Shard | None = None,
    layout: Layout | None = None,
) -> T:
    r"""Fills `tensor` with values of a truncated normal of mean 0 and variance :math:`1 / \text{fan\_in}`.

    Args:
        tensor: float16, bfloat16, float32 or float64, `(out, in, *kernel)`, any strides; filled in place.
        generator: where the words come from; the default generator if None.
        shard: which box of which tensor `tensor` is, whose fans count; the whole if None.
        layout: which matrices the tensor holds, whose fans each scale its own elements; it is one if None.

    Returns:
        The same object.

    Raises:
        ValueError: the tensor has fewer than 2 dimensions, or the layout does not fit.

    Warns:
        UserWarning: the tensor has no elements.

    Draws:
        As `trunc_normal_`.

    Source:
        LeCun et al. 1998, *Efficient BackProp*, section 4.6; keras.initializers.LecunNormal.

    Examples:
        >>> lecun_normal_(fastinit.empty(2, 3), generator=Generator(seed=0))
        tensor([[-0.1601,  0.7186,  0.3923],
                [ 0.1674,  1.0844, -0.2207]])
    """
    _scale_variance(tensor, 1.0, "fan_in", "truncated_normal", generator, shard, layout)
    return filled(tensor)


def xavier_std(shape: tuple[int, ...], gain: float) -> float:
    fan_in, fan_out = fan_in_and_fan_out(shape)
    if fan_in + fan_out == 0:
        raise ValueError(f"the scale of a tensor of shape {shape} is not defined: fan_in + fan_out is 0")
    return gain * math.sqrt(2.0 / (fan_in + fan_out))


def kaiming_std(shape: tuple[int, ...], a: float, mode: str, nonlinearity: str) -> float:
    fan = fan_of_mode(shape, mode)
    return gain_of(nonlinearity, a) / math.sqrt(fan)


def _scale_variance(
    tensor: Any,
    scale: float,
    mode: str,
    distribution: str,
    generator: Generator | None,
    shard: Shard | None,
    layout: Layout | None,
) -> None:
    array, shard = adopt(tensor, shard)
    shape = whole_shape(array, shard, layout)
    if not 0 < scale < math.inf:
        raise ValueError(f"variance_scaling_ expects scale to be above 0 and finite, but found scale {scale}")
    if mode not in _MODES:
        raise ValueError(f"Mode {mode} not supported, please use one of {_MODES}")
    if distribution not in DISTRIBUTIONS:
        raise ValueError(
            f"Distribution {distribution} not supported, please use one of {list(DISTRIBUTIONS)}"
        )
    if not _is_empty(shape, stacklevel=4):
        how = DISTRIBUTIONS[distribution]
        fill_scaled(array, how, variance_scaled_std, (scale, mode), generator, shard, layout, shape)


def variance_scaled_std(shape: tuple[int, ...], scale: float, mode: str) -> float:
    return math.sqrt(scale / _fan(shape, mode))


def _fan(shape: tuple[int, ...], mode: str) -> float:
    fan_in, fan_out = fan_in_and_fan_out(shape)
    if mode == "fan_avg":
        return (fan_in + fan_out) / 2
    if mode == "fan_geo_avg":
        return math.sqrt(fan_in * fan_out)
    return fan_in if mode == "fan_in" else fan_out


def _is_empty(shape: tuple[int, ...], stacklevel: int = 3) -> bool:
    if 0 not in shape:
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=stacklevel)
    return True
