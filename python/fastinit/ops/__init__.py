"""The differentiable functions of tensors, a subject each: every one works on arrays and records one node."""

from . import (
    arithmetic,
    comparison,
    copying,
    drawing,
    indexing,
    joining,
    ordering,
    pointwise,
    product,
    reduction,
    selection,
    shape,
)

__all__ = [
    "arithmetic",
    "comparison",
    "copying",
    "drawing",
    "indexing",
    "joining",
    "ordering",
    "pointwise",
    "product",
    "reduction",
    "selection",
    "shape",
]
