"""Layers that normalise each channel of each sample: InstanceNorm."""

import warnings

from .. import dtypes
from ..devices import DeviceLike
from ..tensor import Tensor
from . import functional as F
from .batch_norm import ChannelNorm

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Returns the normalised input; in training, moves the running statistics if there are any."""
        self._check_input_dim(input)
        unbatched = input.dim() == self._dimensions[0]
        feature_dim = 0 if unbatched else 1
        size = input.size(feature_dim)
        if size != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={feature_dim} to match num_features"
                    f" ({self.num_features}), but got: {size}."
                )
            warnings.warn(
                f"input's size at dim={feature_dim} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=3,
            )
        return self._normalized(input.unsqueeze(0)).squeeze(0) if unbatched else self._normalized(input)

    def _normalized(self, input: Tensor) -> Tensor:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel of each sample.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance; above 0.
        momentum: the share of a batch in the running statistics.
        affine: learn a weight (from 1) and a bias (from 0).
        track_running_stats: keep running statistics, and normalise by them in evaluation.
        device: where parameters and buffers live; only the CPU exists.
        dtype: of parameters and statistics; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C, L)` or `(C, L)`, floating point.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.
        running_mean: buffer of shape `(C,)`, or None.
        running_var: buffer of shape `(C,)`, or None.
        num_batches_tracked: int64 buffer of shape `()`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, a dtype or the length of a running statistic does not fit.
        ValueError: in `forward`, the input has another number of dimensions or, where `affine`, of channels;
            eps is not positive; or, in training, a channel has but one value.

    Warns:
        UserWarning: in `forward`, the input has another number of channels, and the layer no weight.

    Source: Ulyanov et al. 2016, arXiv:1607.08022; torch.nn.InstanceNorm1d.
    """

    _dimensions = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel of each image.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance; above 0.
        momentum: the share of a batch in the running statistics.
        affine: learn a weight (from 1) and a bias (from 0).
        track_running_stats: keep running statistics, and normalise by them in evaluation.
        device: where parameters and buffers live; only the CPU exists.
        dtype: of parameters and statistics; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C, H, W)` or `(C, H, W)`, floating point.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.
        running_mean: buffer of shape `(C,)`, or None.
        running_var: buffer of shape `(C,)`, or None.
        num_batches_tracked: int64 buffer of shape `()`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, a dtype or the length of a running statistic does not fit.
        ValueError: in `forward`, the input has another number of dimensions or, where `affine`, of channels;
            eps is not positive; or, in training, a channel has but one value.

    Warns:
        UserWarning: in `forward`, the input has another number of channels, and the layer no weight.

    Source: Ulyanov et al. 2016, arXiv:1607.08022; torch.nn.InstanceNorm2d.
    """

    _dimensions = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel of each volume.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance; above 0.
        momentum: the share of a batch in the running statistics.
        affine: learn a weight (from 1) and a bias (from 0).
        track_running_stats: keep running statistics, and normalise by them in evaluation.
        device: where parameters and buffers live; only the CPU exists.
        dtype: of parameters and statistics; default: the default dtype.
        bias: False leaves the bias out.

    Shape:
        input and output `(N, C, D, H, W)` or `(C, D, H, W)`, floating point.

    Attributes:
        weight: Parameter of shape `(C,)`, or None.
        bias: Parameter of shape `(C,)`, or None.
        running_mean: buffer of shape `(C,)`, or None.
        running_var: buffer of shape `(C,)`, or None.
        num_batches_tracked: int64 buffer of shape `()`, or None.

    Raises:
        NotImplementedError: in `forward`, the input is not floating point.
        RuntimeError: in `forward`, a dtype or the length of a running statistic does not fit.
        ValueError: in `forward`, the input has another number of dimensions or, where `affine`, of channels;
            eps is not positive; or, in training, a channel has but one value.

    Warns:
        UserWarning: in `forward`, the input has another number of channels, and the layer no weight.

    Source: Ulyanov et al. 2016, arXiv:1607.08022; torch.nn.InstanceNorm3d.
    """

    _dimensions = (4, 5)
