"""Activations in pieces against PyTorch: values, gradients, nodes, errors, and the layers' printed forms."""

import numpy as np
import pytest

import fastinit
from reference.differential import calls, outcome

X = np.array([[-4.0, -3, -1, -0.5, 0, 0.25], [0.5, 1, 2.5, 3, 7, -0.25]])
FUNCTIONS = calls("""
relu6(x) | hardtanh(x) | hardtanh(x, -2, 0.5) | hardswish(x) | hardsigmoid(x) | logsigmoid(x) | softsign(x)
tanhshrink(x) | threshold(x, 0.5, 2.5) | celu(x) | celu(x, 0.5) | celu(x, -1.5) | mish(x) | glu(x) | glu(x, 0)
hardshrink(x) | hardshrink(x, 1) | softshrink(x) | softshrink(x, 1.5) | softmin(x, 1) | softmin(x)
softmin(x, dim=0, dtype=torch.float64) | glu(x[:, :3]) | softshrink(x, -1) | hardtanh(x, 2, 1) | glu(x[0, 0])
relu6(x * 1, inplace=True) | hardtanh(x * 1, inplace=True) | hardswish(x * 1, True) | celu(x * 1, 0.5, True)
hardsigmoid(x * 1, True) | mish(x * 1, True) | threshold(x * 1, 0.5, 2, True) | hardtanh_(x * 1, -2, 2)
celu_(x * 1) | threshold_(x * 1, 1, 2) | relu6(x, True) | mish(x, inplace=True) | celu(x, 0.0)
""")
OF_INTEGERS = calls("""
relu6(i) | hardtanh(i, 1, 2) | hardswish(i) | hardsigmoid(i) | logsigmoid(i) | softsign(i) | tanhshrink(i)
threshold(i, 1, 2) | celu(i) | mish(i) | glu(i) | hardshrink(i) | softshrink(i) | relu6(i, inplace=True)
""")
LAYERS = calls("""
ReLU6() | ReLU6(True) | Hardtanh() | Hardtanh(-2, 3.5, True) | Hardtanh(3, 1) | Hardswish() | Hardswish(True)
Hardsigmoid() | LogSigmoid() | Softsign() | Softmin() | Softmin(1) | Tanhshrink() | Threshold(1, 2)
Threshold(1, 2, True) | PReLU() | PReLU(6, 0.1) | CELU() | CELU(2.0, True) | Mish() | Mish(True)
GLU() | GLU(0) | Hardshrink() | Hardshrink(1) | Softshrink(0.3)
""")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("call", FUNCTIONS)
def test_functions(same_as_torch, call, dtype):
    if dtype in ("float16", "bfloat16") and call.startswith(("tanhshrink", "softsign")):
        dtype = "float32"  # of parts, each of which rounds
    same_as_torch(
        lambda library, x: eval(call, {"torch": library, "x": x, **vars(library.nn.functional)}),
        X,
        dtype=dtype,
        # PyTorch's 1/6 is one of float32.
        precision="float32" if call.startswith("hardsigmoid") and dtype == "float64" else None,
    )


@pytest.mark.parametrize("call", OF_INTEGERS)
def test_functions_of_integers(same_as_torch, call):
    same_as_torch(
        lambda library, i: eval(call, {"torch": library, "i": i, **vars(library.nn.functional)}), np.arange(4)
    )


def test_large_and_missing_values(same_as_torch):
    x = np.array([-1e4, -200.0, 200, 1e4, np.nan, np.inf, -np.inf])
    names = ["hardtanh", "hardswish", "hardsigmoid", "logsigmoid", "celu", "hardshrink", "softshrink"]
    for name in names:
        same_as_torch(lambda library, x, name=name: getattr(library.nn.functional, name)(x), x, constant=(0,))
    for name in (*names, "mish"):
        same_as_torch(lambda library, x, name=name: getattr(library.nn.functional, name)(x), x[:4])


def test_slopes_that_are_parameters(same_as_torch, normal):
    for shape, count in (
        ((2, 3, 4), (3,)),
        ((2, 3), (3,)),
        ((2, 3), (1,)),
        ((4,), (1,)),
        ((2, 2, 2, 2), (2,)),
        ((), ()),
    ):
        for dtype in ("float32", "float64", "float16"):
            same_as_torch(
                lambda library, x, w: library.nn.functional.prelu(x, w),
                normal(*shape),
                normal(*count),
                dtype=dtype,
            )
    for shape, count in (((2, 3), (2,)), ((2, 3), (2, 2)), ((4,), (4,)), ((), (2,))):
        same_as_torch(lambda library, x, w: library.nn.functional.prelu(x, w), normal(*shape), normal(*count))
    same_as_torch(lambda library, x, w: library.nn.functional.prelu(x, w.double()), normal(2), normal(1))


@pytest.mark.parametrize("layer", LAYERS)
def test_layers(same_as_torch, layer):
    torch = pytest.importorskip("torch")
    for call in (f"nn.{layer}", f"sorted(nn.{layer}.state_dict().items())"):
        assert outcome(fastinit, call) == outcome(torch, call)
    if layer != "Hardtanh(3, 1)":
        same_as_torch(lambda library, x: eval(f"nn.{layer}", {"nn": library.nn})(x * 1), X)


def test_the_older_names_of_bounds_warn(same_as_torch):
    same_as_torch(lambda library, x: library.nn.Hardtanh(min_value=-2, max_value=0.5)(x), X)
