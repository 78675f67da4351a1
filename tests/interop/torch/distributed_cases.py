"""What must hold on each rank of a group of processes, of 1 to 4 of them; `test_distributed` runs it."""

from __future__ import annotations

import inspect
import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor, Partial, Placement, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.debug import CommDebugMode
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

import fastinit
from fastinit import Generator
from fastinit.interop.torch import fast_init
from fastinit.nn import init
from fastinit.nn.init import Layout
from fastinit.recipe import Recipe, RecipeError, Rule, initialize_

PAGE = Path(__file__).parents[3] / "docs" / "shards.md"
CASES: dict[str, Callable[[], None]] = {}
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
MATRIX, KERNEL, EXPERTS = (7, 5), (6, 4, 3), (3, 8, 5)
# Each initialiser, some with a layout, on a shape that divides by few numbers of ranks.
CALLS: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("constant_", MATRIX, {"val": 0.3}),
    ("delta_orthogonal_", KERNEL, {}),
    ("dirac_", KERNEL, {"groups": 2}),
    ("eye_", MATRIX, {}),
    ("kaiming_normal_", MATRIX, {"mode": "fan_out"}),
    ("kaiming_uniform_", KERNEL, {}),
    ("kaiming_uniform_", MATRIX, {"layout": Layout(splits=(4, 2, 1))}),
    ("lecun_normal_", MATRIX, {}),
    ("lecun_uniform_", MATRIX, {}),
    ("masked_uniform_", MATRIX, {"low": -10, "high": 10, "threshold": 5}),
    ("normal_", MATRIX, {"std": 0.02}),
    ("normal_", (3,), {}),
    ("normal_", (), {}),
    ("normal_", (0, 5), {}),
    ("ones_", MATRIX, {}),
    ("orthogonal_", MATRIX, {}),
    ("orthogonal_", KERNEL, {"gain": 2}),
    ("orthogonal_", EXPERTS, {"layout": Layout(splits=2, expert_axis=0)}),
    ("sparse_", MATRIX, {"sparsity": 0.4}),
    ("trunc_normal_", MATRIX, {"a": -1, "b": 1}),
    ("uniform_", MATRIX, {"a": -1}),
    ("variance_scaling_", EXPERTS, {"layout": Layout(expert_axis=0, transposed=True)}),
    ("xavier_normal_", MATRIX, {}),
    ("xavier_uniform_", MATRIX, {}),
    ("zeros_", MATRIX, {}),
]


def case(check: Callable[[], None]) -> Callable[[], None]:
    CASES[check.__name__] = check
    return check


def bits(tensor: torch.Tensor) -> bytes:
    # Of a copy: whose memory NumPy has seen, FSDP can no longer free.
    return tensor.detach().clone().reshape(-1).view(torch.uint8).numpy().tobytes()


@contextmanager
def without_communication() -> Iterator[None]:
    with CommDebugMode() as seen:
        yield
    assert seen.get_total_counts() == 0, seen.get_comm_counts()


def meshes() -> list[DeviceMesh]:
    """The group as a line, and as a rectangle."""
    size = dist.get_world_size()
    shapes = [(size,), (2, 2) if size == 4 else (1, size)]
    return [init_device_mesh("cpu", shape, mesh_dim_names=("a", "b")[: len(shape)]) for shape in shapes]


def placements(mesh: DeviceMesh, dims: int) -> Iterator[tuple[Placement, ...]]:
    each = [Replicate(), *map(Shard, range(dims))]
    return itertools.product(each, repeat=mesh.ndim)


def spread(shape: tuple[int, ...], mesh: DeviceMesh, where: Any, dtype: Any = torch.float32) -> DTensor:
    return distribute_tensor(torch.full(shape, 7, dtype=dtype), mesh, where, src_data_rank=None)


def filled(tensor: Any, name: str, arguments: dict[str, Any]) -> Any:
    random = "generator" in inspect.signature(getattr(init, name)).parameters
    seeded = {"generator": Generator(seed=3)} if random else {}
    assert getattr(init, name)(tensor, **arguments, **seeded) is tensor
    return tensor


@case
def a_part_has_the_bits_of_the_whole_tensor() -> None:
    assert {name for name, *_ in CALLS} == {name for name in init.__all__ if name.endswith("_")}
    for mesh in meshes():
        for name, shape, arguments in CALLS:
            whole = filled(torch.empty(shape), name, arguments)
            for where in placements(mesh, len(shape)):
                part = spread(shape, mesh, where)
                with without_communication():
                    filled(part, name, arguments)
                assert bits(part.full_tensor()) == bits(whole), (name, shape, where)


@case
def it_has_them_in_each_dtype() -> None:
    for mesh, dtype, name in itertools.product(meshes(), DTYPES, ["normal_", "uniform_", "orthogonal_"]):
        whole = filled(torch.empty(MATRIX, dtype=dtype), name, {})
        for where in placements(mesh, 2):
            part = filled(spread(MATRIX, mesh, where, dtype), name, {})
            assert bits(part.full_tensor()) == bits(whole), (name, dtype, where)


@case
def a_rank_fills_its_part_though_no_other_does() -> None:
    part = spread(MATRIX, meshes()[0], [Shard(0)])
    if dist.get_rank() == 0:
        init.orthogonal_(part)
    dist.barrier()
    assert (part.to_local() == 7).all() == (dist.get_rank() != 0)


@case
def every_rank_leaves_the_generator_at_the_same_place() -> None:
    whole, alike = Generator(seed=1), Generator(seed=1)
    init.normal_(torch.empty(MATRIX), generator=whole)
    second = init.normal_(torch.empty(MATRIX), generator=whole)
    init.normal_(spread(MATRIX, meshes()[0], [Shard(0)]), generator=alike)
    part = init.normal_(spread(MATRIX, meshes()[0], [Shard(1)]), generator=alike)
    assert bits(part.full_tensor()) == bits(second)


@case
def an_empty_part_warns_of_nothing() -> None:
    with warnings.catch_warnings(action="error"):
        init.kaiming_uniform_(spread((2, 3), meshes()[0], [Shard(0)]))


@case
def a_parameter_is_filled_and_nothing_is_recorded() -> None:
    parameter = nn.Parameter(spread(MATRIX, meshes()[0], [Shard(0)]))
    local = parameter.to_local()
    product = (parameter * parameter).sum()
    before, local_before = parameter._version, local._version
    init.normal_(parameter, generator=Generator(seed=3))
    assert parameter.requires_grad
    assert parameter.grad_fn is None
    assert parameter._version == before + 1  # as an operation in place of PyTorch's
    assert local._version == local_before + 1
    assert "modified by an inplace operation" in raised(RuntimeError, product.backward)


@case
def a_shard_that_the_caller_gives_must_be_the_one_of_the_placements() -> None:
    rank, size = dist.get_rank(), dist.get_world_size()
    part = spread((8 * size, 3), meshes()[0], [Shard(0)])
    box = (slice(8 * rank, 8 * rank + 8), slice(None))
    init.normal_(part, generator=Generator(seed=1), shard=fastinit.Shard((8 * size, 3), box))
    whole = init.normal_(torch.empty(8 * size, 3), generator=Generator(seed=1))
    assert bits(part.full_tensor()) == bits(whole)
    generator = Generator(seed=1)
    other = fastinit.Shard((8 * size + 1, 3), box)
    message = raised(ValueError, lambda: init.normal_(part, generator=generator, shard=other))
    assert f"part of the DTensor is {fastinit.Shard((8 * size, 3), box)}, but shard= says {other}" in message
    assert generator._take(0)[2] == 0


@case
def what_is_no_part_of_a_tensor_is_refused() -> None:
    mesh = meshes()[0]
    several = spread((4, 4 * mesh.size()), mesh, [Shard(1)]).flatten()
    uneven = DTensor.from_local(torch.zeros(4, 2), mesh, [Shard(0)], shape=(99, 2), stride=(2, 1))
    for tensor, reason in [
        (DTensor.from_local(torch.zeros(3), mesh, [Partial()]), "it is Partial: its values are sums"),
        (spread(MATRIX, mesh, [Shard(0)]).to("meta"), 'local part .* on the device "meta"'),
        (spread(MATRIX, mesh, [Shard(0)], torch.complex64).conj(), "local part .* negates"),
        (several if mesh.size() > 1 else None, "not one box of the whole tensor but several"),
        (uneven, r"its local tensor has the shape \(4, 2\), but is Shard\(\(99, 2\)"),
    ]:
        if tensor is not None:
            assert re.search(reason, raised(TypeError, init.zeros_, tensor)), reason


@case
def a_rank_outside_the_mesh_has_nothing_to_fill() -> None:
    for where in ([Shard(0)], [Replicate()]):
        for shape in (MATRIX, ()):
            if shape or where == [Replicate()]:
                generator = Generator(seed=3)
                part = spread(shape, DeviceMesh("cpu", [0]), where)
                init.normal_(part, generator=generator)
                assert generator._take(0)[2] == (36 if shape else 4)
                if dist.get_rank() == 0:
                    whole = init.normal_(torch.empty(shape), generator=Generator(seed=3))
                    assert bits(part.to_local()) == bits(whole)


RECIPE = Recipe(
    [Rule("*norm*.weight", "ones_"), Rule("*.weight", "kaiming_normal_", ndim=2), Rule("*", "normal_")],
    allow_unused=True,
)


class Block(nn.Module):
    """A piece of a transformer; its sizes divide by few numbers of ranks."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(6)
        self.up = nn.Linear(6, 10)
        self.down = nn.Linear(10, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(self.up(self.norm(x)).relu())


class Model(nn.Module):
    """Two blocks between an embedding and a head that is tied to it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 6)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(6, 9, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.embedding(tokens)))


def values(module: nn.Module) -> dict[str, bytes]:
    """The bits of each parameter as a whole."""
    named = module.named_parameters()
    return {name: bits(each.full_tensor() if isinstance(each, DTensor) else each) for name, each in named}


def on_meta(make: Callable[[], nn.Module]) -> Any:
    with torch.device("meta"):
        return make()


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(6, 2, 10, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


@case
def a_model_that_fsdp_shards_has_the_values_of_the_whole() -> None:
    for mesh, make in itertools.product(meshes(), [Model, encoder]):
        whole = initialize_(make(), RECIPE, seed=5)
        model = on_meta(make)
        for layer in model.blocks if make is Model else model.layers:
            fully_shard(layer, mesh=mesh)  # of a rectangle, one side are replicas
        fully_shard(model, mesh=mesh)
        model.to_empty(device="cpu")
        with without_communication():
            initialize_(model, RECIPE, seed=5)
        assert values(model) == values(whole)
        if make is Model:
            assert model.head.weight is model.embedding.weight
            tokens = torch.arange(8).reshape(2, 4)
            assert torch.equal(model(tokens), whole(tokens))


@case
def a_model_that_fsdp_and_tensor_parallelism_shard_has_them() -> None:
    if dist.get_world_size() != 4:
        return
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("data", "tensor"))
    whole = initialize_(Model(), RECIPE, seed=5)
    model = on_meta(Model)
    plan = {"up": ColwiseParallel(), "down": RowwiseParallel()}
    for block in model.blocks:
        parallelize_module(block, mesh["tensor"], plan)
        fully_shard(block, mesh=mesh["data"])
    fully_shard(model, mesh=mesh["data"])
    assert "_StridedShard(dim=0, sf=2)" in str(model.blocks[0].up.weight.placements)
    model.to_empty(device="cpu")
    with without_communication():
        initialize_(model, RECIPE, seed=5)
    assert values(model) == values(whole)


@case
def a_sharded_model_that_starts_like_torch_has_the_values_of_the_whole() -> None:
    for mesh, make in itertools.product(meshes(), [Model, encoder]):
        whole = fastinit.initialize_(make(), "like-torch", seed=5)
        model = on_meta(make)
        for layer in model.blocks if make is Model else model.layers:
            fully_shard(layer, mesh=mesh)
        fully_shard(model, mesh=mesh)
        model.to_empty(device="cpu")
        fastinit.initialize_(model, "like-torch", seed=5)
        assert values(model) == values(whole)


@case
def torch_fills_a_part_in_a_context_with_the_values_of_the_whole() -> None:
    def fill(tensor: Any, name: str, arguments: dict[str, Any]) -> None:
        getattr(nn.init, name)(tensor, **arguments)
        with torch.no_grad():
            tensor.normal_()  # as a method, and of what comes next in the stream
            tensor.add_(getattr(nn.init, name)(torch.empty_like(tensor), **arguments))

    of_torch = {"kaiming_uniform_": {}, "orthogonal_": {}, "trunc_normal_": {}, "xavier_normal_": {}}
    for mesh, (name, arguments) in itertools.product(meshes(), of_torch.items()):
        for where in placements(mesh, 2):
            whole, part = torch.empty(MATRIX), spread(MATRIX, mesh, where)
            with fast_init(5):
                fill(whole, name, arguments)
            with fast_init(5):
                fill(part, name, arguments)
            assert bits(part.full_tensor()) == bits(whole), (name, where)


@case
def a_sharded_model_with_an_initialisation_of_its_own_is_keyed_by_name() -> None:
    def own(module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.trunc_normal_(module.weight, std=0.02)

    whole, model = Model(), on_meta(Model)
    for each in (whole, model):
        if each is model:
            fully_shard(each)
            each.to_empty(device="cpu")
        fastinit.initialize_(each, RECIPE, seed=5)
        with fast_init(6, module=each):
            each.apply(own)
    assert values(model) == values(whole)


@case
def parameters_that_a_pass_has_gathered_are_filled_where_they_stay() -> None:
    model = fully_shard(Model())
    model(torch.arange(4))
    assert not isinstance(model.embedding.weight, DTensor)
    initialize_(model, RECIPE, seed=5)
    assert isinstance(model.embedding.weight, DTensor)
    assert values(model) == values(initialize_(Model(), RECIPE, seed=5))


@case
def plain_tensors_are_filled_with_the_shards_that_are_given() -> None:
    rank, size = dist.get_rank(), dist.get_world_size()
    whole = initialize_(nn.Linear(5, 4 * size), RECIPE, seed=5)
    rows = slice(4 * rank, 4 * rank + 4)
    part = nn.Linear(5, 4)
    boxes = {
        "weight": fastinit.Shard((4 * size, 5), (rows, slice(None))),
        "bias": fastinit.Shard((4 * size,), (rows,)),
    }
    initialize_(part, RECIPE, seed=5, shards=boxes)
    assert bits(part.weight) == bits(whole.weight[rows])
    assert bits(part.bias) == bits(whole.bias[rows])


@case
def a_wrapped_model_has_the_values_of_the_bare_one() -> None:
    bare = initialize_(Model(), RECIPE, seed=5)
    model = Model()
    model.blocks[0] = checkpoint_wrapper(model.blocks[0])
    wrapped = nn.parallel.DistributedDataParallel(torch.compile(model, backend="eager"))
    assert "module._orig_mod.blocks.0._checkpoint_wrapped_module.up.bias" in values(wrapped)
    initialize_(wrapped, RECIPE, seed=5)
    assert list(values(wrapped).values()) == list(values(bare).values())


@case
def flat_parameters_are_refused_and_filled_where_they_have_shapes() -> None:
    for keeps in (True, False):
        model = nn.Sequential(
            FullyShardedDataParallel(Block(), use_orig_params=keeps, device_id=torch.device("cpu")), Block()
        )
        assert "summon_full_params" in raised(RecipeError, lambda m=model: initialize_(m, RECIPE, seed=5))
        with FullyShardedDataParallel.summon_full_params(model):
            initialize_(model, RECIPE, seed=5)
        bare = initialize_(nn.Sequential(Block(), Block()), RECIPE, seed=5)
        with FullyShardedDataParallel.summon_full_params(model):
            assert list(values(model).values()) == list(values(bare).values())


@case
def what_the_page_shows_runs_and_gives_the_values_of_the_whole() -> None:
    shown: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), shown)
    model, recipe, rows = shown["model"], shown["recipe"], shown["rows"]
    layer = nn.TransformerEncoderLayer(64, 4, 256, batch_first=True)
    whole = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    assert values(model) == values(initialize_(whole, recipe, seed=0))
    weight = init.xavier_uniform_(torch.empty(10, 6), generator=Generator(seed=1))
    assert bits(shown["weight"].full_tensor()) == bits(weight)
    weight = init.orthogonal_(torch.empty(8 * dist.get_world_size(), 6), generator=Generator(seed=1))
    assert bits(shown["local"]) == bits(weight[rows])
    assert all(each.isfinite().all() for each in shown["net"].buffers())


def raised(error: type[Exception], call: Callable[..., Any], *arguments: Any) -> str:
    """What the call says when it raises."""
    try:
        call(*arguments)
    except error as exception:
        return str(exception)
    raise AssertionError(f"did not raise {error.__name__}")
