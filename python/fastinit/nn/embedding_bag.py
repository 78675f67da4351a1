"""A table of vectors, of which bags of indices get the sum, the mean or the maximum."""

from .. import creation, dtypes
from ..autograd import no_grad
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class EmbeddingBag(Module):
    """Sums, means or maxima of the rows of a weight that bags of indices name.

    Args:
        num_embeddings: number of rows.
        embedding_dim: length of a row.
        max_norm: rows that are looked up and are longer than this are first scaled down to it, in place.
        norm_type: which p-norm max_norm means.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs in the input; not for max.
        mode: `'sum'`, `'mean'` or `'max'`.
        sparse: accepted for compatibility, but for max; the gradient is dense, with the same values.
        include_last_offset: offsets has one more element, the end of the last bag.
        padding_idx: a row that starts at zero and counts for nothing; negative counts from the end.
        device: where the weight lives; only the CPU exists.
        dtype: of the weight; default: the default dtype.

    Shape:
        input `(B, n)`, or `(N)` with offsets `(B)`; output `(B, embedding_dim)`.

    Attributes:
        weight: Parameter of shape `(num_embeddings, embedding_dim)`, drawn from N(0, 1).

    Raises:
        AssertionError: padding_idx lies outside the table.

    Example:
        >>> bag = nn.EmbeddingBag.from_pretrained(fastinit.tensor([[1.0, 0.0], [3.0, 1.0]]))
        >>> bag(fastinit.tensor([0, 1, 1]), fastinit.tensor([0, 2]))
        tensor([[2.0000, 0.5000],
                [3.0000, 1.0000]])

    Source: torch.nn.EmbeddingBag.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        if _weight is None:
            shape = (num_embeddings, embedding_dim)
            self.weight = Parameter(creation.empty(shape, device=device, dtype=dtype))
            self.reset_parameters()
        else:
            if tuple(_weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight)

    def reset_parameters(self) -> None:
        """Fills the weight from N(0, 1), then zeroes the padding row."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        """Returns what the bags get; see `nn.functional.embedding_bag`."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes, the mode, and each option that differs from its default."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append(f"scale_grad_by_freq={self.scale_grad_by_freq}")
        parts.append(f"mode={self.mode!r}")
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        return ", ".join(parts)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> "EmbeddingBag":
        """Makes an EmbeddingBag around a table that exists; it shares the table's memory.

        Args:
            embeddings: a 2-D tensor, a row per index.
            freeze: leave the weight out of training (`requires_grad=False`).
            max_norm: as in the constructor.
            norm_type: as in the constructor.
            scale_grad_by_freq: as in the constructor.
            mode: as in the constructor.
            sparse: as in the constructor.
            include_last_offset: as in the constructor.
            padding_idx: as in the constructor, but the row keeps its values.

        Raises:
            AssertionError: embeddings is not 2-D.
        """
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        bag = cls(
            rows,
            columns,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            embeddings,
            include_last_offset,
            padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag
