"""Pictures of parameters, activations and gradients, with matplotlib (the extra `plot`).

Every function takes tensors of fastinit or of PyTorch or NumPy arrays, draws into the Axes that it is given
as `ax`, or makes a figure, and returns the figure: `figure.savefig("weights.svg")`. Nothing is shown, and
nothing is kept: pyplot knows none of these figures. `theme` is "light" or "dark". All reads without colours.
"""

try:
    import matplotlib  # noqa: F401  # the pictures use it
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f'fastinit.plot needs {missing.name}: pip install "fastinit[plot]"', name=missing.name
    ) from None

from .coordinate_check import coordinate_check
from .heatmap import heatmap
from .histogram import histogram
from .parameters import parameters
from .report import report
from .ridge import ridge
from .signals import signals
from .spectrum import spectrum
from .theme import Theme

__all__ = [
    "Theme",
    "coordinate_check",
    "heatmap",
    "histogram",
    "parameters",
    "report",
    "ridge",
    "signals",
    "spectrum",
]
