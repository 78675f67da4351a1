"""Pixels as channels, padding layers, dropout of channels, classes as rows: against PyTorch."""

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

PADS = calls("""
ConstantPad1d(2, 3.5) | ConstantPad2d((1, 2, 1, 0), 0) | ConstantPad3d(1, -2) | ZeroPad1d(1)
ZeroPad2d((1, 2, 0, 1)) | ZeroPad3d(2) | ReflectionPad1d(1) | ReflectionPad2d(1) | ReflectionPad3d(1)
ReplicationPad1d((2, 0))
ReplicationPad2d((1, 1, 2, 2)) | ReplicationPad3d(1) | CircularPad1d(1) | CircularPad2d((1, 0, 1, 2))
CircularPad3d(1)
""")
LAYERS = calls("""
PixelShuffle(2) | PixelUnshuffle(3) | Dropout1d() | Dropout2d(0.3, True) | Dropout3d() | Dropout1d(2)
ReflectionPad1d([1, 2]) | CircularPad1d(1)(x) | CircularPad2d(1)(x) | ReflectionPad1d(9)(x)
""")
CALLS = calls("""
one_hot(i) | one_hot(i, 6) | one_hot(i, 2) | one_hot(-i) | one_hot(i, 0) | one_hot(x) | one_hot(i[:0])
one_hot(i[:0], 3) | one_hot(i[:, None]) | pixel_shuffle(x, 2) | pixel_shuffle(x[None, None], 2)
pixel_shuffle(x[None], 0) | pixel_unshuffle(x[None, None], 3) | pixel_unshuffle(x[None, None], 2)
pixel_unshuffle(x[0], 2) | pixel_unshuffle(x[None], -1) | dropout1d(x[0]) | dropout2d(x, 1.5)
dropout3d(x, -1) | dropout1d(x, 0.0) | dropout2d(x[None, None], 1.0)
dropout1d(x, 1.0) | dropout3d(x[None, None], 1.0, True)
dropout1d(x, 0.5, False) | dropout1d(x, 1.0, inplace=True) | normalize(x) | normalize(x, 1, 0)
normalize(x * 0)
""")


@pytest.mark.parametrize("pad", PADS)
def test_padding_layers(same_as_torch, normal, pad):
    torch = pytest.importorskip("torch")
    call = f"nn.{pad}"
    assert outcome(fastinit, call) == outcome(torch, call)
    dims = int(pad.split("Pad")[1][0])
    for extra in (1, 2):
        shape = (2,) * extra + (3, 4, 5)[:dims]
        same_as_torch(lambda library, x: eval(call, {"nn": library.nn})(x), normal(*shape))


@pytest.mark.parametrize("layer", LAYERS)
def test_layers(layer):
    torch = pytest.importorskip("torch")
    x = {library: library.arange(12.0).reshape(2, 6) for library in (fastinit, torch)}
    results = [outcome(library, f"nn.{layer}", x=x[library]) for library in (fastinit, torch)]
    assert results[0] == results[1]


@pytest.mark.filterwarnings("ignore:dropout.d. Received:UserWarning")
@pytest.mark.parametrize("call", CALLS)
def test_functions(call):
    torch = pytest.importorskip("torch")
    results = []
    for library in (fastinit, torch):
        x, i = library.arange(9.0).reshape(3, 3), library.tensor([0, 3, 1])
        results.append(outcome(library, f"torch.nn.functional.{call}", x=x, i=i))
    assert results[0] == results[1]


def test_pixels_have_gradients(same_as_torch, normal):
    for shape in ((4, 2, 3), (2, 8, 3, 2), (2, 3, 9, 1, 1)):
        factor = 3 if shape[-3] == 9 else 2
        same_as_torch(lambda library, x, r=factor: library.nn.functional.pixel_shuffle(x, r), normal(*shape))
    same_as_torch(lambda library, x: library.nn.PixelUnshuffle(2)(x), normal(2, 3, 4, 6))
    for p, dim in ((2.0, 1), (1, 0), (3, -1)):
        same_as_torch(
            lambda library, x, p=p, dim=dim: library.nn.functional.normalize(x, p, dim), normal(3, 4)
        )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_channels_are_dropped_whole(dims):
    fastinit.manual_seed(0)
    drop = getattr(fastinit.nn, f"Dropout{dims}d")(0.25)
    x = fastinit.ones(200, 10, *(3,) * dims, requires_grad=True)
    y = drop(x)
    y.sum().backward()
    rows = y.detach().reshape(2000, -1).numpy()
    assert (rows == rows[:, :1]).all()
    assert set(np.round(rows[:, 0], 5)) == {0.0, np.float32(1.33333)}
    assert abs((rows[:, 0] == 0).mean() - 0.25) < 0.05
    assert (x.grad == y).all()
    assert drop.eval()(x) is x


def test_odd_dimensions_are_warned_of(same_as_torch, normal):
    for shape in ((2, 3), (2, 3, 4), (2, 3, 2, 2, 2)):
        same_as_torch(lambda library, x: library.nn.functional.dropout2d(x, 1.0), normal(*shape))
        same_as_torch(lambda library, x: library.nn.functional.dropout3d(x, 1.0), normal(*shape))


def test_channels_are_dropped_in_place(same_as_torch, normal):
    for shape in ((2, 3, 4), (2, 3)):
        same_as_torch(
            lambda library, x: library.nn.functional.dropout1d(x * 1, 1.0, inplace=True), normal(*shape)
        )
        same_as_torch(
            lambda library, x: library.nn.functional.dropout1d(x, 1.0, inplace=True), normal(*shape)
        )
        same_as_torch(lambda library, x: library.nn.functional.dropout1d(x * 1, 1.0), normal(*shape))
