"""Tensors of no elements or no dimensions, and integers that have no result, against PyTorch."""

import pytest

import fastinit
from reference.differential import calls, outcome

CALLS = """
torch.pow(2, i(-1, 3, -2)) | torch.pow(1, i(-1)) | torch.pow(-1, i(-1, -2)) | torch.pow(0, i(-1))
i(2) ** i(-1) | i(0, 1, -1, 2) ** i(-1, -1, -3, -2) | i(2) ** -1 | i(2).to(torch.uint8) ** -1
i(2).pow_(-1) | i(2).pow_(i(-1)) | torch.div(i(1), i(0), rounding_mode="trunc")
torch.div(i(1), i(0), rounding_mode="floor") | i(1) // 0 | i(1) % i(0) | i() // i(0) | i() % i(0)
torch.fmod(i(), i(0)) | torch.div(i(), i(0), rounding_mode="trunc") | torch.fmod(i(1), i(0)) | e.amax(0)
e.amin(0) | e.amax() | none.amax(1) | none.amin(0) | none.amax((0, 1)) | e.aminmax() | e.aminmax(dim=0)
e.argmax(0) | e.argmin(0) | none.argmax(0) | e.argmax() | e.median(0) | none.median(1) | e.median()
i().median() | e.kthvalue(1) | none.kthvalue(1, 0) | e.max(0) | e.min() | e.norm(float("inf"))
none.norm(float("inf"), 1) | none.norm(float("inf"), 0) | e.norm(float("-inf")) | e.norm()
e.logsumexp(0) | none.logsumexp(1) | none.logsumexp(0) | i().logsumexp(0) | e.chunk(2) | none.chunk(3, 1)
none.chunk(2) | e.split(0) | e.stride() | none.stride() | torch.ones(3, 0, 2).stride()
torch.ones(2, 3)[:0].stride() | torch.ones(2, 3)[:, :0].stride() | z.unfold(0, 1, 1) | z.topk(1)
z.median(0) | z.median() | x.index_select(0, i(-1)) | x.index_select(0, i(2))
z.topk(0) | z.kthvalue(1) | z.sort() | z.argsort() | z.index_fill(0, i(0), 7) | z.index_fill(0, i(1), 7)
torch.cartesian_prod(x, x) | torch.combinations(x) | torch.combinations(z) | torch.bucketize(z, x)
x.take(i(0).int()) | x.gather(0, i(0)[None].short()) | x.gather(0, i(0))
x.gather(0, i(0, 0, 0, 0)[None]) | x.scatter(0, i(0), 1) | x.scatter(0, i(0)[None].float(), 1)
x.scatter(0, i(0, 0, 0)[None], torch.ones(1, 2)) | x.scatter(0, i(0, 0)[None], 1)
x.scatter(0, i(0, 0, 0, 0)[None], 1.0) | x.scatter_add(0, i(0), torch.ones(1))
x.masked_fill(torch.ones(3, 3) > 0, 1) | x.masked_fill(torch.ones(4, 2, 3) > 0, 1).shape
e.masked_fill(torch.ones(2, 3) > 0, 1)
"""


@pytest.mark.parametrize("call", calls(CALLS))
def test_what_lies_at_the_edge_is_pytorchs(call):
    torch = pytest.importorskip("torch")

    def names(library):
        return {
            "i": lambda *values: library.tensor(values, dtype=library.int64),
            "x": library.arange(6.0).reshape(2, 3),
            "z": library.tensor(3.0),
            "e": library.ones(0),
            "none": library.ones(2, 0),
        }

    ours, theirs = (outcome(library, call, **names(library)) for library in (fastinit, torch))
    assert ours == theirs


@pytest.mark.parametrize("shape", ["torch.ones(2, 3)", "torch.tensor(2.0)", "torch.ones(2, 1, 2)"])
@pytest.mark.parametrize(
    "call", ["x.unfold(0, 1, 1)", "x.index_fill(0, torch.tensor([0]), 2)", "x.topk(1, 0)[0]"]
)
def test_gradients_reach_tensors_of_few_dimensions(shape, call):
    torch = pytest.importorskip("torch")
    text = f"(x := {shape}.requires_grad_(), ({call} ** 2).sum().backward(), x.grad)[-1]"
    assert outcome(fastinit, text) == outcome(torch, text)


GRADIENTS = """
torch.div(a, b, rounding_mode="trunc") | torch.div(a, 2, rounding_mode="floor")
torch.div(a, 2, rounding_mode="trunc") | a.median() | n.median() | a.clamp(min=b)
a.clamp(max=b) | a.clamp(b, 2 * b) | a.clamp(2 * b, b) | a.clamp(b, b) | n.clamp(min=b[0])
torch.clamp_min(a, b) | torch.clamp_max(a, b) | torch.cat([e, a]) | torch.cat([a, e, a], 1)
torch.cat([e, e]) | e.prod() | e.prod(0)
a.double().clamp(min=b) | a.clamp(min=i) | torch.maximum(a, b) | torch.cat([e, b[0]])
"""


@pytest.mark.parametrize("call", calls(GRADIENTS))
def test_gradients_at_the_edge_are_pytorchs(call):
    torch = pytest.importorskip("torch")
    text = f"(y := {call}, y.sum().backward(), y, y.grad_fn.name(), a.grad, b.grad, n.grad, e.grad)[2:]"

    def names(library):
        return {
            "a": library.tensor([[1.0, 2.0], [2.0, 1.0]], requires_grad=True),
            "b": library.tensor([[1.0], [1.5]], requires_grad=True),
            "n": library.tensor([1.0, float("nan"), float("nan")], requires_grad=True),
            "e": library.ones(0, requires_grad=True),
            "i": library.tensor([1, 2]),
        }

    ours, theirs = (outcome(library, text, **names(library)) for library in (fastinit, torch))
    assert ours == theirs
