"""Which box of the whole a rank's part of a DTensor is, on meshes of any size, against PyTorch's own."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fastinit import Shard
from fastinit.memory import adopt

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
from torch.distributed import tensor as distributed  # noqa: E402
from torch.distributed.device_mesh import init_device_mesh  # noqa: E402
from torch.distributed.tensor import DTensor, Replicate, distribute_tensor  # noqa: E402
from torch.distributed.tensor._dtensor_spec import DTensorSpec, ShardOrderEntry, TensorMeta  # noqa: E402
from torch.distributed.tensor.placement_types import _StridedShard  # noqa: E402
from torch.testing._internal.distributed.fake_pg import FakeStore  # noqa: E402

Cut = distributed.Shard


@pytest.fixture
def be_rank() -> Iterator[Callable[[int, int], None]]:
    """Makes this process one rank of a group whose others do not exist."""

    def be(rank: int, size: int) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()
        dist.init_process_group("fake", rank=rank, world_size=size, store=FakeStore())

    yield be
    dist.destroy_process_group()


def numbered(*shape: int) -> torch.Tensor:
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


def box_of(part: DTensor, whole: torch.Tensor) -> torch.Tensor:
    """What of the whole the part is said to be."""
    array, shard = adopt(part)
    box = whole if shard is None else whole[shard.index]
    assert array.shape == tuple(box.shape)
    return box


@pytest.mark.parametrize("rank", [0, 7, 8, 27, 62, 63])
@pytest.mark.parametrize(
    "placements",
    [
        (Replicate(), Replicate()),
        (Cut(0), Replicate()),
        (Replicate(), Cut(2)),
        (Cut(0), Cut(1)),
        (Cut(1), Cut(0)),
        (Cut(0), Cut(0)),
        (Cut(1), Cut(1)),
        (_StridedShard(0, split_factor=8), Cut(0)),
        (_StridedShard(1, split_factor=8), Cut(1)),
        (_StridedShard(0, split_factor=1), Cut(1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(64, 128, 8), (70, 19, 3), (5, 9, 1), (0, 64, 2)], ids=str)
def test_on_a_mesh_of_64_ranks_a_part_is_the_box_that_pytorch_cuts(shape, placements, rank, be_rank):
    be_rank(rank, 64)
    whole = numbered(*shape)
    part = distribute_tensor(whole, init_device_mesh("cpu", (8, 8)), placements, src_data_rank=None)
    assert torch.equal(part.to_local(), box_of(part, whole))


@pytest.mark.parametrize("rank", range(0, 64, 5))
@pytest.mark.parametrize("rows", [64, 65, 9, 3])
def test_what_tensor_parallelism_cuts_before_fsdp_does_is_a_box(rows, rank, be_rank):
    be_rank(rank, 64)
    mesh = init_device_mesh("cpu", (16, 4))
    data, model = mesh.get_coordinate()
    whole = numbered(rows, 3)
    local = chunk(chunk(whole, 4, model), 16, data)
    placements = (_StridedShard(0, split_factor=4), Cut(0))
    part = DTensor.from_local(local, mesh, placements, shape=whole.shape, stride=whole.stride())
    assert torch.equal(local, box_of(part, whole))


@pytest.mark.parametrize("rank", range(24))
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_cuts_are_in_the_order_that_pytorch_says(order, rank, be_rank):
    be_rank(rank, 24)
    mesh = init_device_mesh("cpu", (2, 3, 4))
    whole = numbered(53, 2)
    local = whole
    for dim in order:
        local = chunk(local, mesh.size(dim), mesh.get_coordinate()[dim])
    spec = DTensorSpec(
        mesh,
        (Cut(0),) * 3,
        TensorMeta(whole.shape, whole.stride(), whole.dtype),
        shard_order=(ShardOrderEntry(0, order),),
    )
    part = DTensor(local, spec, requires_grad=False)
    assert torch.equal(local, box_of(part, whole))


def test_the_array_is_the_memory_of_the_local_tensor(be_rank):
    be_rank(1, 2)
    mesh = init_device_mesh("cpu", (2,))
    local = torch.zeros(5, 4, dtype=torch.bfloat16).T
    array, shard = adopt(DTensor.from_local(local, mesh, [Cut(0)]))
    assert shard == Shard((8, 5), (slice(4, 8), slice(0, 5)))
    array[2] = 3
    assert (local[2] == 3).all()


def test_the_whole_needs_no_shard_and_allows_one_that_says_so(be_rank):
    be_rank(0, 2)
    part = distribute_tensor(numbered(4, 3), init_device_mesh("cpu", (2,)), [Replicate()], src_data_rank=None)
    assert adopt(part)[1] is None
    assert adopt(part, Shard((4, 3), (slice(None), slice(None))))[0].shape == (4, 3)
    with pytest.raises(ValueError, match=r"but shard= says Shard\(\(4, 3\), \(slice\(0, 2\)"):
        adopt(part, Shard((4, 3), (slice(0, 2), slice(None))))


def test_an_unknown_placement_is_refused(be_rank):
    class Ragged(distributed.placement_types.Placement):
        pass

    be_rank(0, 2)
    part = distribute_tensor(numbered(4, 3), init_device_mesh("cpu", (2,)), [Replicate()], src_data_rank=None)
    part._spec.placements = (Ragged(),)
    with pytest.raises(TypeError, match=r"placement .* is unknown: fill its local part with shard="):
        adopt(part)


def chunk(tensor: torch.Tensor, chunks: int, at: int) -> torch.Tensor:
    """The part of the rows that is number `at`; there may be none."""
    size = -(-len(tensor) // chunks)
    return tensor[at * size : (at + 1) * size]


def test_an_array_is_no_dtensor_and_keeps_the_shard_it_is_given():
    shard = Shard((4,), (slice(1, 3),))
    assert adopt(np.zeros(2), shard)[1] is shard
