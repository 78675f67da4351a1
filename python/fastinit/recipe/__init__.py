"""Recipes: rules that say which parameter gets which initialiser, keyed by name.

A parameter's values depend on its name, its shape, its initialiser and the seed, and on nothing else: adding,
removing or reordering others leaves every bit of it as it was.
"""

from .apply import initialize_, value
from .decision import Assignment
from .errors import RecipeError
from .like import tensors_of
from .model import tensors_of_model
from .recipe import Recipe
from .rule import Rule
from .spec import TensorSpec

__all__ = [
    "Assignment",
    "Recipe",
    "RecipeError",
    "Rule",
    "TensorSpec",
    "initialize_",
    "tensors_of",
    "tensors_of_model",
    "value",
]
