"""What can be asked of a tensor by a function."""

from .tensor import Tensor

__all__ = ["is_complex", "is_floating_point", "is_nonzero", "is_tensor", "numel"]


def is_tensor(obj: object) -> bool:
    """Tells whether an object is a tensor (torch.is_tensor).

    Args:
        obj: anything.

    Returns:
        A Python bool.
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Tensor) -> bool:
    """Tells whether the dtype is a floating-point one (torch.is_floating_point).

    Args:
        input: any shape and dtype.

    Returns:
        A Python bool.

    Raises:
        AttributeError: `input` is no tensor.
    """
    return input.is_floating_point()


def is_nonzero(input: Tensor) -> bool:
    """Tells whether the only element is not 0 (torch.is_nonzero).

    Args:
        input: any shape of one element.

    Returns:
        A Python bool.

    Raises:
        RuntimeError: there are more or fewer elements, or they are on the device "meta".
    """
    return bool(input)


def is_complex(input: Tensor) -> bool:
    """Returns False: there are no complex dtypes (torch.is_complex).

    Args:
        input: any shape and dtype.

    Raises:
        AttributeError: `input` is no tensor.
    """
    return input.is_complex()


def numel(input: Tensor) -> int:
    """Returns the number of elements (torch.numel).

    Args:
        input: any shape and dtype.

    Raises:
        AttributeError: `input` is no tensor.
    """
    return input.numel()
