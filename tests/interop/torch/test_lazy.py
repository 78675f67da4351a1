"""In a lazy context a fill waits until somebody looks; what is seen is what any other context gives."""

import copy
import io
import pickle
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.distributed.tensor import DTensor, Replicate, Shard, init_device_mesh  # noqa: E402
from torch.fx.experimental.proxy_tensor import make_fx  # noqa: E402
from torch.testing._internal.distributed.fake_pg import FakeStore  # noqa: E402
from torch.testing._internal.two_tensor import TwoTensor  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from fastinit.interop.torch import fast_init, waiting  # noqa: E402
from interop.torch.test_models import MODELS, assert_same  # noqa: E402

SHAPE = (300, 400)


@pytest.fixture
def all_wait(monkeypatch):
    """Has small tensors wait, too."""
    monkeypatch.setattr(waiting, "_FEWEST", 1)


def resident():
    """The bytes of this process that are in memory."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.fixture
def expected():
    """What the second of two fills in a context of the seed 3 gives."""
    with fast_init(3):
        nn.init.uniform_(torch.empty(SHAPE))
        return nn.init.normal_(torch.empty(SHAPE))


def filled_twice():
    tensor = torch.empty(SHAPE)
    nn.init.uniform_(tensor)
    return nn.init.normal_(tensor)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.usefixtures("all_wait")
def test_a_model_has_the_values_of_a_context_that_is_not_lazy(make):
    with fast_init(3):
        eager = make()
    with fast_init(3, lazy=True):
        model = make()
    assert_same(model, eager)


@pytest.mark.usefixtures("all_wait")
def test_names_have_their_values_too():
    eager, model = MODELS["convolutions"](), MODELS["convolutions"]()
    for each, lazy in ((eager, False), (model, True)):
        with fast_init(3, module=each, lazy=lazy):
            for layer in each:
                layer.reset_parameters()
                nn.init.trunc_normal_(each[0].weight)
    assert_same(model, eager)


LOOKS = {
    "an operation": lambda tensor: tensor * 1,
    "an operation of torch.ops": lambda tensor: torch.ops.aten.mul.Tensor(tensor, 1),
    "a list of tensors": lambda tensor: torch.cat([tensor]),
    "an index": lambda tensor: tensor[:],
    "a view": lambda tensor: tensor.view(-1).clone().view(SHAPE),
    "numpy": lambda tensor: torch.from_numpy(tensor.numpy().copy()),
    "data": lambda tensor: tensor.data.clone(),
    "detach": lambda tensor: tensor.detach().clone(),
    "dlpack": lambda tensor: torch.from_dlpack(tensor).clone(),
    "a storage": lambda tensor: (
        torch.tensor(tensor.untyped_storage().tolist(), dtype=torch.uint8).view(torch.float32).view(SHAPE)
    ),
    "a list": lambda tensor: torch.tensor(tensor.tolist()),
    "a copy": copy.deepcopy,
    "pickle": lambda tensor: pickle.loads(pickle.dumps(tensor)),
    "a layer": lambda tensor: nn.functional.linear(torch.eye(SHAPE[1]), tensor).T,
    "a gradient": lambda tensor: torch.func.grad(lambda x: (x * tensor).sum())(torch.ones(SHAPE)),
    "functionalization": lambda tensor: torch.func.functionalize(lambda x: x * tensor)(torch.ones(SHAPE)),
    "a trace": lambda tensor: make_fx(lambda x: x * tensor)(torch.ones(SHAPE))(torch.ones(SHAPE)),
    "out=": lambda tensor: torch.add(tensor, 0, out=torch.empty(SHAPE)),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_who_looks_sees_the_values(look, expected):
    with fast_init(3, lazy=True):
        assert torch.equal(look(filled_twice()), expected)


class _Counted(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(func)
        return func(*args, **(kwargs or {}))


def test_who_watches_operations_sees_none_but_the_callers(expected):
    with fast_init(3, lazy=True):
        tensor = filled_twice()
        with _Counted() as mode:
            assert torch.equal(tensor + 0, expected)
    assert mode.seen[0] is torch.ops.aten.add.Tensor


def test_who_makes_a_fake_tensor_of_one_leaves_the_values(expected):
    with fast_init(3, lazy=True):
        tensor = filled_twice()
        with FakeTensorMode() as mode:
            assert mode.from_tensor(tensor).shape == SHAPE
    assert torch.equal(tensor, expected)


def test_who_looks_through_a_tensor_that_holds_others_sees_the_values(expected):
    with fast_init(3, lazy=True):
        parts = torch.empty(SHAPE), torch.empty(SHAPE)
        both = TwoTensor(*parts)
        nn.init.uniform_(parts[1])
        nn.init.normal_(parts[0])
        assert torch.equal((both * 1).a, expected)


@pytest.fixture
def mesh():
    """Two ranks, of which the other one does nothing."""
    torch.distributed.init_process_group("fake", store=FakeStore(), rank=1, world_size=2)
    yield init_device_mesh("cpu", (2,))
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("placement", [Replicate(), Shard(0)], ids=str)
def test_a_sharded_tensor_has_the_values(mesh, placement):
    def fill(lazy):
        local = torch.zeros(SHAPE)
        with fast_init(3, lazy=lazy):
            tensor = DTensor.from_local(local, mesh, [placement], run_check=False)
            nn.init.normal_(local)
            seen = (tensor * 1).to_local().clone()
            nn.init.uniform_(tensor)
            nn.init.trunc_normal_(tensor)
        return seen, local

    assert all(torch.equal(one, other) for one, other in zip(fill(True), fill(False), strict=True))


@pytest.mark.parametrize(
    "differentiate",
    [
        lambda y, x: y.backward(),
        lambda y, x: torch.autograd.backward(y),
        lambda y, x: setattr(x, "grad", torch.autograd.grad(y, x)[0]),
    ],
)
def test_autograd_sees_the_values(differentiate, expected):
    with fast_init(3, lazy=True):
        weight, x = torch.zeros(SHAPE), torch.ones(SHAPE, requires_grad=True)
        y = (weight * x).sum()
        nn.init.uniform_(torch.empty(SHAPE))
        weight.data.normal_()
        differentiate(y, x)
    assert torch.equal(x.grad, expected)


def test_an_argument_of_another_fill_is_seen():
    def fill():
        mean = torch.zeros(SHAPE)
        first = mean[0, 0]
        mean.uniform_(2, 3)
        return torch.zeros(SHAPE).normal_(first)

    with fast_init(3):
        expected = fill()
    with fast_init(3, lazy=True):
        assert torch.equal(fill(), expected)


def test_memory_of_an_array_is_filled_at_once(expected):
    lent, array = torch.empty(SHAPE), np.empty(SHAPE, np.float32)
    lending = lent.numpy()
    with fast_init(3, lazy=True):
        lent.uniform_()
        torch.from_numpy(array).normal_()
        assert (array == expected.numpy()).all()
        assert lending.max() > 0.9
        array[:] = 0
    assert not array.any()


@pytest.mark.parametrize("rows", [0, 100, 300, 500])
def test_a_storage_may_be_resized_before_its_fill_is_made(rows, expected):
    tensor = torch.zeros(SHAPE)
    storage = tensor.untyped_storage()
    size = storage.nbytes()
    with fast_init(3, lazy=True):
        nn.init.uniform_(torch.empty(SHAPE))
        nn.init.normal_(tensor)
        storage.resize_(rows * SHAPE[1] * 4)
    storage.resize_(size)
    assert torch.equal(tensor[:rows], expected[:rows])


def test_a_file_holds_the_values(expected):
    file = io.BytesIO()
    with fast_init(3, lazy=True):
        torch.save({"weight": nn.Parameter(filled_twice())}, file)
    file.seek(0)
    assert torch.equal(torch.load(file)["weight"], expected)


def test_a_part_is_filled_after_the_whole(expected):
    with fast_init(3):
        torch.empty(2 * expected.numel()).normal_()
        part = nn.init.uniform_(torch.empty(5, SHAPE[1]))
    with fast_init(3, lazy=True):
        tensor = filled_twice()
        nn.init.uniform_(tensor[7:12])
    expected[7:12] = part
    assert torch.equal(tensor, expected)


@pytest.mark.parametrize("write", [lambda t: t.zero_(), lambda t: t[:].copy_(torch.zeros(SHAPE))])
def test_a_write_stays(write):
    with fast_init(3, lazy=True):
        tensor = filled_twice()
        write(tensor)
    assert (tensor == 0).all()


def test_what_is_wrong_is_said_at_once_and_counts_for_nothing(expected):
    with fast_init(3, lazy=True):
        tensor = torch.empty(SHAPE)
        nn.init.uniform_(tensor)
        with pytest.raises(RuntimeError, match="std"):
            nn.init.normal_(tensor, std=-1)
        with pytest.warns(UserWarning, match="more than 2 std"):
            nn.init.trunc_normal_(torch.empty(SHAPE), mean=5)
    with fast_init(3):
        assert torch.equal(tensor, nn.init.uniform_(torch.empty(SHAPE)))


def test_a_fill_counts_as_a_change_when_it_is_called():
    with fast_init(3, lazy=True):
        tensor = torch.empty(SHAPE)
        nn.init.normal_(tensor)
        assert tensor._version == 1
    assert tensor._version == 1


def test_memory_is_not_touched_before_somebody_looks_nor_kept():
    before = resident()
    with fast_init(3, lazy=True):
        gone = nn.init.normal_(torch.empty(4000, 5000))
        stays = nn.init.normal_(torch.empty(4000, 5000))
        assert resident() - before < 20e6
        del gone
    assert 80e6 <= resident() - before < 120e6
    assert stays.std() > 0.9


def test_an_exception_leaves_the_values(expected):
    made = []
    with pytest.raises(KeyError), fast_init(3, lazy=True):
        made.append(filled_twice()) or {}["an exception"]
    assert torch.equal(made[0], expected)


@pytest.fixture
def interrupted(monkeypatch):
    """Has KeyboardInterrupt raised in place of the first fill that is made."""
    make, fills = waiting._Fill.make, []

    def make_or_raise(fill):
        fills.append(fill)
        if len(fills) == 1:
            raise KeyboardInterrupt
        make(fill)

    monkeypatch.setattr(waiting._Fill, "make", make_or_raise)


@pytest.mark.usefixtures("interrupted")
def test_fills_that_are_interrupted_on_exit_overwrite_nothing_later():
    tensors = torch.zeros(SHAPE), torch.zeros(SHAPE)
    with pytest.raises(KeyboardInterrupt), fast_init(3, lazy=True):
        [tensor.normal_() for tensor in tensors]
    for tensor in tensors:
        tensor.zero_()
    with fast_init(4, lazy=True):
        pass
    assert not any(tensor.any() for tensor in tensors)


@pytest.mark.usefixtures("interrupted")
def test_a_fill_that_is_interrupted_when_somebody_looks_is_made_later(expected):
    with fast_init(3, lazy=True):
        tensor = filled_twice()
        with pytest.raises(KeyboardInterrupt):
            tensor.sum()
    assert torch.equal(tensor, expected)


def test_what_is_warned_of_once_is_warned_of_once():
    def count(lazy):
        with warnings.catch_warnings(record=True) as seen, fast_init(3, lazy=lazy):
            warnings.simplefilter("default")
            for _ in range(3):
                nn.init.trunc_normal_(torch.empty(SHAPE), mean=5.0).sum()
        return len(seen)

    assert count(True) == count(False)


@pytest.mark.usefixtures("all_wait")
def test_fills_of_tensors_that_are_gone_do_not_pile_up():
    with fast_init(3, lazy=True):
        for _ in range(10 * waiting._MOST):
            torch.empty(2).normal_()
        assert len(waiting.waiting_here()._fills) <= waiting._MOST


def test_an_inner_context_takes_the_place_of_what_waits_outside(expected):
    with fast_init(5, lazy=True):
        tensor, other = nn.init.uniform_(torch.empty(SHAPE)), nn.init.uniform_(torch.empty(SHAPE))
        with fast_init(3):
            nn.init.uniform_(torch.empty(SHAPE))
            nn.init.normal_(tensor)
        with fast_init(3, lazy=True):
            nn.init.uniform_(other)
            nn.init.normal_(other)
    assert torch.equal(tensor, expected)
    assert torch.equal(other, expected)


def test_each_thread_has_its_own(expected):
    made = []

    def work():
        with fast_init(3, lazy=True):
            made.append(filled_twice())

    with fast_init(5, lazy=True):
        tensor = filled_twice()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert torch.equal(made[0], expected)
    assert not torch.equal(tensor, expected)
    assert tensor.std() > 0.9


def test_a_forked_process_finds_the_values(in_a_child, expected):
    with fast_init(3, lazy=True):
        numbers = filled_twice()
        assert in_a_child(lambda: numbers.tolist() == expected.tolist())
