"""Layers that normalise each channel over a batch, and keep the running mean and variance: BatchNorm."""

from collections.abc import Mapping
from typing import Any

from .. import creation, dtypes
from ..conversion import tensor
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "ChannelNorm"]


class ChannelNorm(Module):
    """What the layers that normalise by channels hold: weight and bias, running statistics, and a count."""

    _version = 2

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    #: The numbers of dimensions that an input may have.
    _dimensions: tuple[int, ...]

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            values = creation.empty(num_features, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if values is None else Parameter(values))
        tracked = track_running_stats
        mean = creation.zeros(num_features, device=device, dtype=dtype) if tracked else None
        var = creation.ones(num_features, device=device, dtype=dtype) if tracked else None
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", var)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=dtypes.int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Sets the running mean to 0, the running variance to 1 and the count of batches to 0."""
        if self.track_running_stats:
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forgets the running statistics, and sets the weight to 1 and the bias to 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() not in self._dimensions:
            expected = " or ".join(f"{each}D" for each in self._dimensions)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        # Before version 2 there was no count of batches.
        key = f"{prefix}num_batches_tracked"
        if local_metadata.get("version", 1) < 2 and self.track_running_stats:
            state_dict = {key: self.num_batches_tracked, **state_dict}
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def extra_repr(self) -> str:
        """The number of channels, and how they are normalised."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(ChannelNorm):
    def forward(self, input: Tensor) -> Tensor:
        """Returns the normalised input; in training, moves the running statistics."""
        self._check_input_dim(input)
        share = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                share = 1 / float(self.num_batches_tracked)
        of_batch = self.training or (self.running_mean is None and self.running_var is None)
        kept = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if kept else None,
            self.running_var if kept else None,
            self.weight,
            self.bias,
            of_batch,
            share,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel over the batch.

    In evaluation the running mean and variance stand in for the batch's.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance; above 0.
        momentum: the share of a batch in the running statistics; None: they are the mean over all batches.
        affine: learn a weight (from 1) and a bias (from 0).
        track_running_stats: keep running statistics; False: always normalise by the batch's.
        device: where parameters and buffers live; only the CPU exists.
        dtype: of parameters and statistics; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C)` or `(N, C, L)`, floating point.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.
        running_mean: buffer of shape `(C,)`, or None.
        running_var: buffer of shape `(C,)`, or None.
        num_batches_tracked: int64 buffer of shape `()`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: num_features is negative; in `forward`, the number of channels or a dtype does not fit.
        ValueError: in `forward`, the input has another number of dimensions, eps is not positive, or, in
            training, a channel has but one value.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.BatchNorm1d.
    """

    _dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel over the images of a batch.

    In evaluation the running mean and variance stand in for the batch's.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance; above 0.
        momentum: the share of a batch in the running statistics; None: they are the mean over all batches.
        affine: learn a weight (from 1) and a bias (from 0).
        track_running_stats: keep running statistics; False: always normalise by the batch's.
        device: where parameters and buffers live; only the CPU exists.
        dtype: of parameters and statistics; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C, H, W)`, floating point.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.
        running_mean: buffer of shape `(C,)`, or None.
        running_var: buffer of shape `(C,)`, or None.
        num_batches_tracked: int64 buffer of shape `()`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: num_features is negative; in `forward`, the number of channels or a dtype does not fit.
        ValueError: in `forward`, the input has another number of dimensions, eps is not positive, or, in
            training, a channel has but one value.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.BatchNorm2d.
    """

    _dimensions = (4,)


class BatchNorm3d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel over the volumes of a batch.

    In evaluation the running mean and variance stand in for the batch's.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance; above 0.
        momentum: the share of a batch in the running statistics; None: they are the mean over all batches.
        affine: learn a weight (from 1) and a bias (from 0).
        track_running_stats: keep running statistics; False: always normalise by the batch's.
        device: where parameters and buffers live; only the CPU exists.
        dtype: of parameters and statistics; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C, D, H, W)`, floating point.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.
        running_mean: buffer of shape `(C,)`, or None.
        running_var: buffer of shape `(C,)`, or None.
        num_batches_tracked: int64 buffer of shape `()`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: num_features is negative; in `forward`, the number of channels or a dtype does not fit.
        ValueError: in `forward`, the input has another number of dimensions, eps is not positive, or, in
            training, a channel has but one value.

    Source: Ioffe and Szegedy 2015, arXiv:1502.03167; torch.nn.BatchNorm3d.
    """

    _dimensions = (5,)
