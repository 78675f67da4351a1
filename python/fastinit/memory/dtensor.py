"""Which box of the whole tensor this rank's part of a DTensor is; nothing is asked of other ranks."""

import sys
from typing import Any

from ..shard import Shard
from .refusal import refusal

__all__ = ["is_dtensor", "local_part"]


def is_dtensor(tensor: object) -> bool:
    """Tells whether `tensor` is one of `torch.distributed`'s DTensors."""
    # There is no such tensor before the program has imported them.
    kind = getattr(sys.modules.get("torch.distributed.tensor"), "DTensor", ())
    return isinstance(tensor, kind)


def local_part(tensor: Any) -> tuple[Any, Shard]:
    """Returns the local tensor of a DTensor, and which box of the whole one it is.

    A rank outside the device mesh, and one whose chunk is empty, has an empty box; the local tensor may then
    have another shape, without elements.

    Args:
        tensor: a DTensor. Each of its dimensions is cut as `torch.chunk` cuts it, once for each dimension of
            the mesh along which it is sharded.

    Raises:
        TypeError: the values are pending sums, the part is no box, or not of the size that the placements
            give.
    """
    mesh, local = tensor.device_mesh, tensor._local_tensor
    shape = tuple(tensor.shape)
    cuts = _cuts(tensor)
    coordinate = mesh.get_coordinate()
    if coordinate is None:
        return local, Shard(shape, (slice(0, 0),) * len(shape))
    index = []
    for dim, size in enumerate(shape):
        start, stop = 0, size
        for mesh_dim in cuts.get(dim, ()):
            chunk = -(-(stop - start) // mesh.size(mesh_dim))
            start = min(start + chunk * coordinate[mesh_dim], stop)
            stop = min(start + chunk, stop)
        index.append(slice(start, stop))
    part = Shard(shape, tuple(index))
    if tuple(local.shape) != part.shape and (local.numel() > 0 or 0 not in part.shape):
        raise refusal(
            tensor,
            f"its local tensor has the shape {tuple(local.shape)}, but is {part} by its placements, "
            f"{tensor.placements} at {tuple(coordinate)} of a mesh of {tuple(mesh.shape)}",
        )
    return local, part


def _cuts(tensor: Any) -> dict[int, list[int]]:
    """Along which dimensions of the mesh each dimension of the tensor is cut, in the order of the cuts.

    That order is the mesh's, unless PyTorch says otherwise: by the specification's `shard_order`, or by a
    `_StridedShard`, whose split factor is the number of chunks that earlier cuts have made. Those are then
    cuts along later dimensions of the mesh, as when FSDP shards what tensor parallelism has sharded.
    """
    types = sys.modules["torch.distributed.tensor.placement_types"]
    placements = tensor.placements
    for each in placements:
        if each.is_partial():
            raise refusal(
                tensor, "it is Partial: its values are sums that are pending; redistribute it first"
            )
        if not (each.is_replicate() or isinstance(each, (types.Shard, types._StridedShard))):
            raise refusal(tensor, f"its placement {each!r} is unknown: fill its local part with shard=")
    order = getattr(tensor._spec, "shard_order", None)
    # Of a view's _StridedShard the specification gives an order, too, but none that its chunks follow.
    if order is not None and not any(isinstance(each, types._StridedShard) for each in placements):
        return {each.tensor_dim: list(each.mesh_dims) for each in order}
    cuts: dict[int, list[int]] = {}
    for mesh_dim, each in reversed(list(enumerate(placements))):
        if not each.is_replicate():
            earlier = cuts.setdefault(each.dim, [])
            earlier.insert(_place(tensor, each, earlier), mesh_dim)
    return cuts


def _place(tensor: Any, placement: Any, cuts: list[int]) -> int:
    """Behind how many of `cuts` this one comes, so that they make as many chunks as it says."""
    chunks, wanted = 1, getattr(placement, "split_factor", 1)
    for place, mesh_dim in enumerate(cuts):
        if chunks == wanted:
            return place
        chunks *= tensor.device_mesh.size(mesh_dim)
    if chunks == wanted:
        return len(cuts)
    raise refusal(
        tensor,
        f"its local part is not one box of the whole tensor but several ({placement!r}), as of a view that "
        "joins dimensions: fill what it is a view of",
    )
