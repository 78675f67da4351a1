"""What PyTorch refuses is refused with its exception and the first line of its text."""

import warnings

import numpy as np
import pytest

import fastinit
from fastinit.autograd.variable import wrap

CALLS = """
x + torch_ones(5) || x @ torch_ones(5, 5) || x.mm(torch_ones(5)) || torch_ones(2) @ torch_ones(3) || x.bmm(x)
torch_ones(2, 3, 4) @ torch_ones(2, 5, 6) || torch_ones(2, 3, 4) @ torch_ones(3, 4, 6)
x @ torch_ones(4, 5).double() || x @ torch_ones(4).long() || torch_ones() @ torch_ones(2)
x.mv(torch_ones(3)) || x.dot(torch_ones(3)) || x.numpy() || (x * 2).numpy() || bool(torch_ones(2))
bool(torch_ones(0)) || torch_ones(2).item() || len(torch_ones()) || list(torch_ones()) || x[5] || x[0, 7]
x[0, 0, 0] || x[1.0] || x[::-1] || int(torch_ones(2)) || range(5)[torch_ones()] || torch_ones()[0]
x[torch_ones(2).bool()] || x[torch_ones(2)] || x[torch_ones(2).long() * 7] || x.view(5) || x.t().view(12)
x.reshape(5) || x.view(-1, 5) || x.view(-1, -1) || x.expand(2, 4) || x.expand(-1, -1, 4) || x.transpose(0, 2)
x.permute(0) || x.permute(0, 0) || torch_ones(2, 3, 4).t() || x.squeeze(3) || x.sum(3) || x.sum((0, 0))
torch_ones(2).long().mean() || x.mean(dtype=lib.int64) || torch_ones(0).max() || torch_ones(0, 2).max(0)
torch_ones(2).long().var() || x.long().norm() || lib.cat([x, torch_ones(2, 3)])
lib.stack([x, torch_ones(2, 3)]) || lib.stack([]) || lib.cat([torch_ones(), x])
lib.cat([x, torch_ones(2, 3, 4)]) || torch_ones(3).add_(torch_ones(2, 3)) || torch_ones(2).long().add_(1.5)
torch_ones(2).long().mul_(torch_ones(2)) || torch_ones(2).long().exp_() || torch_ones(2).long().div_(2)
x + 'a' || x + None || 'a' + x || x < 'a' || -torch_ones(2).bool()
torch_ones(2).bool() - torch_ones(2).bool() || lib.where(x, x, x) || x & x || x.data.copy_(torch_ones(5))
x.split(0) || x.split([1, 1]) || x.chunk(0) || torch_ones(2).long() ** -1 || x.narrow(0, 2, 2)
x.select(0, 3) || x.unbind(2) || x.flatten(1, 0) || x.unflatten(0, (2, 2)) || x.repeat(2) || x.topk(7)
x.masked_fill(x, 1) || x.data.fill_(torch_ones(2)) || x.gather(0, torch_ones(1).long())
x.gather(0, torch_ones(1, 1).long() * 9) || x.add_(1) || x.mul_(2) || x[0].add_(1) || x.view(12).zero_()
x.__setitem__(0, 1.) || x.__setitem__([0], 1.) || x.fill_(1) || x.copy_(x) || x.split(1)[0].detach_()
y.split(1)[0].add_(1) || y.unbind(0)[1].add_(1) || y.requires_grad_(False)
torch_ones(2).long().requires_grad_() || torch_ones(1).expand(3).add_(1) || (x * 2).backward()
torch_ones().backward() || (x * 2).backward(torch_ones(3)) || setattr(x, 'grad', torch_ones(3))
setattr(x, 'grad', 3) || setattr(x, 'grad', x) || torch_ones(2).register_hook(print)
torch_ones(2).retain_grad() || y.register_post_accumulate_grad_hook(print) || twice(x.exp().sum())
twice((x * x).sum()) || twice(x.max()) || lib.autograd.grad(x.sum(), torch_ones(3))
lib.autograd.grad(x.sum(), torch_ones(3).requires_grad_()) || y.sum().backward(inputs=[]) || copy.deepcopy(y)
x[0].detach_() || no_grad_view(y).add_(1) || no_grad_view(x).add_(1)
x.to('nonsense') if False else x.view(5) || torch_ones(2).bool().sum().backward() || x.clamp()
lib.outer(x, x) || lib.div(x, 2, rounding_mode='up') || torch_ones(2).long() // 0
"""
CASES = [case.strip() for line in CALLS.strip().splitlines() for case in line.split("||")]


def outcome(call, library, tensor):
    def ones(*shape):
        return tensor(np.ones(shape, np.float32))

    def twice(result):
        result.backward()
        result.backward()

    def no_grad_view(of):
        with library.no_grad():
            return of[0]

    x = tensor(np.ones((3, 4), np.float32)).requires_grad_()
    names = {
        "lib": library,
        "torch_ones": ones,
        "x": x,
        "y": x * 1,
        "twice": twice,
        "no_grad_view": no_grad_view,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return eval(call, names | {"copy": __import__("copy")})
        except Exception as error:
            return type(error), str(error).split("\n")[0].replace("torch.", "fastinit.")


@pytest.mark.parametrize("call", CASES)
def test_a_refused_call_is_refused_as_pytorch_refuses_it(call):
    torch = pytest.importorskip("torch")
    expected = outcome(call, torch, torch.from_numpy)
    assert isinstance(expected, tuple), f"PyTorch accepts this: {expected}"
    assert outcome(call, fastinit, wrap) == expected


@pytest.mark.parametrize("nothing", [3, None, [1.0], np.ones(3, np.float32)])
def test_the_sum_of_what_is_no_tensor_is_refused(nothing: object) -> None:
    with pytest.raises(TypeError, match=r"sum\(\): argument 'input' \(position 1\) must be Tensor, not "):
        fastinit.sum(nothing)
