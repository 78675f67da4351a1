"""What an initialiser's scale is made of: the gain of a nonlinearity and the fans of a shape."""

import math
from collections.abc import Sequence
from typing import Any

from ...floating_point import rounding_to_nearest
from ...memory import adopt
from ...shard import Shard

__all__ = ["calculate_gain", "fan_in_and_fan_out", "fan_of_mode", "gain_of", "global_shape"]

_LINEAR = frozenset(
    {
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "sigmoid",
    }
)
_FAN_MODES = ["fan_in", "fan_out"]
_REAL = (float, int)


@rounding_to_nearest
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Returns the factor by which a layer's weights must grow to make up for its nonlinearity.

    Linear and (transposed) convolutional layers and the sigmoid have gain 1, tanh 5/3, ReLU :math:`\sqrt{2}`,
    leaky ReLU :math:`\sqrt{2 / (1 + \text{param}^2)}` and SELU 3/4.

    Args:
        nonlinearity: `linear`, `conv1d`, `conv2d`, `conv3d`, `conv_transpose1d`, `conv_transpose2d`,
            `conv_transpose3d`, `sigmoid`, `tanh`, `relu`, `leaky_relu` or `selu`.
        param: the negative slope of `leaky_relu`, 0.01 if None; nothing else reads it.

    Returns:
        The gain.

    Raises:
        ValueError: the nonlinearity is unknown, or the slope is not a number.

    Source:
        torch.nn.init.calculate_gain.

    Examples:
        >>> calculate_gain("leaky_relu", 0.2)
        1.3867504905630728
    """
    return gain_of(nonlinearity, param)


def gain_of(nonlinearity: str, param: float | None) -> float:
    """Does the work of `calculate_gain`, for who already rounds to nearest."""
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, _REAL) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def global_shape(array: Any, shard: Shard | None) -> tuple[int, ...]:
    """Returns the shape of the whole tensor, from which fans are counted: a shard's own would be too small.

    Raises:
        TypeError: `shard` is not a Shard.
        ValueError: `array` does not have the shard's shape.
    """
    if shard is None:
        return tuple(array.shape)
    if not isinstance(shard, Shard):
        raise TypeError(f"argument 'shard' must be fastinit.Shard, not {type(shard).__name__}")
    shard.check(array.shape)
    return shard.global_shape


def fan_in_and_fan_out(shape: Sequence[int]) -> tuple[int, int]:
    """Returns how many inputs an output has, and how many outputs an input has, of a weight of `shape`.

    Args:
        shape: `(out, in, *kernel)`, as of a linear layer's weight or a convolution's.

    Raises:
        ValueError: `shape` has fewer than 2 dimensions.
    """
    if len(shape) < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    receptive_field = math.prod(shape[2:])
    return shape[1] * receptive_field, shape[0] * receptive_field


def fan_of_mode(shape: Sequence[int], mode: str) -> int:
    """Returns the fan that `mode` names, "fan_in" or "fan_out" in any case.

    Raises:
        ValueError: `mode` is neither, or `shape` has fewer than 2 dimensions.
    """
    mode = str(mode).lower()
    if mode not in _FAN_MODES:
        raise ValueError(f"Mode {mode} not supported, please use one of {_FAN_MODES}")
    fan_in, fan_out = fan_in_and_fan_out(shape)
    return fan_in if mode == "fan_in" else fan_out


def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    # PyTorch's private name, which much code about initialisation calls all the same.
    return fan_in_and_fan_out(global_shape(*adopt(tensor)))
