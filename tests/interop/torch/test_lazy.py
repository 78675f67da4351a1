"""In a lazy context a fill waits until somebody looks; what is seen is what any other context gives."""

import copy
import io
import pickle
import threading
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

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
    "out=": lambda tensor: torch.add(tensor, 0, out=torch.empty(SHAPE)),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_who_looks_sees_the_values(look, expected):
    with fast_init(3, lazy=True):
        assert torch.equal(look(filled_twice()), expected)


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
