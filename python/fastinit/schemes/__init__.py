"""Schemes that look at a whole model: scales that follow from its depth or its width.

Each reads the names and the shapes of a model's parameters, and gives a `fastinit.recipe.Recipe`: what fills
a module, writes a checkpoint and says what is to be expected, keyed by name, the same on any shard.
"""

from .deepnet import BranchScale, DeepNetScales, deepnet, deepnet_scales
from .fixup import fixup
from .gpt2 import gpt2
from .mup import Mup, mup
from .rezero import rezero
from .t_fixup import t_fixup

__all__ = [
    "BranchScale",
    "DeepNetScales",
    "Mup",
    "deepnet",
    "deepnet_scales",
    "fixup",
    "gpt2",
    "mup",
    "rezero",
    "t_fixup",
]
