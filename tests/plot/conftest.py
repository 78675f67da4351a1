"""Tables to draw, and a check that a picture can be drawn and read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Pictures change no setting, and leave no figure with pyplot."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


@pytest.fixture
def drawn() -> Callable[[Figure], np.ndarray]:
    """Draws a figure with both backends; returns what Agg has made of it, (height, width, 3)."""

    def draw(figure: Figure) -> np.ndarray:
        assert isinstance(figure, Figure)
        vector = io.BytesIO()
        figure.savefig(vector, format="svg")
        assert vector.getvalue().startswith(b"<?xml")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3]

    return draw
