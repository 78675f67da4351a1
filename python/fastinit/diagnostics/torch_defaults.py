"""What PyTorch's constructors give the parameters of each type of layer, and fastinit's, which are alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..nn.init.gain import fan_in_and_fan_out
from ..recipe.initialiser import bind
from .moments import Expected, Part, expected, expected_of

__all__ = ["torch_defaults"]

#: What parameters of a layer should be like, by the name that they have inside it.
Defaults = Iterator[tuple[str, Expected]]


def torch_defaults(module: Any) -> dict[str, Expected]:
    """Finds what the constructors of a module's layers give their parameters.

    Args:
        module: one of fastinit or of torch.

    Returns:
        What is expected of each parameter, by its name in the module as it stands; those of layers of other
        types are left out, and of classes that have a `reset_parameters` of their own.

    Source:
        torch.nn, `reset_parameters` of each layer.
    """
    found: dict[str, Expected] = {}
    # Those outside come last: a Transformer fills again what its layers have filled.
    for path, layer in reversed(list(module.named_modules(remove_duplicate=False))):
        defaults = _of_class(type(layer))
        if defaults is not None:
            below = f"{path}." if path else ""
            found.update((below + name, each) for name, each in defaults(layer))
    return found


def _of_class(kind: type) -> Callable[[Any], Defaults] | None:
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] not in ("fastinit", "torch"):
            continue
        defaults = _DEFAULTS.get(base.__name__)
        if defaults is not None:
            same = all(getattr(kind, name, None) is getattr(base, name, None) for name in _RESETS)
            return defaults if same else None
    return None


_RESETS = "reset_parameters", "_reset_parameters"


def _own(layer: Any) -> Iterator[tuple[str, Any]]:
    """The parameters of a layer itself that have elements."""
    for name, each in layer.named_parameters(recurse=False):
        if math.prod(each.shape):
            yield name, each


def _call(tensor: Any, name: str, **arguments: float) -> Expected:
    return expected_of(bind(name, arguments), tuple(tensor.shape))


def _within(tensor: Any, bound: float) -> Expected:
    return _call(tensor, "uniform_", a=-bound, b=bound)


def _of_fan_in(layer: Any) -> Defaults:
    fan_in, _ = fan_in_and_fan_out(layer.weight.shape)
    for name, each in _own(layer):
        yield name, _within(each, 1 / math.sqrt(fan_in))


def _bilinear(layer: Any) -> Defaults:
    for name, each in _own(layer):
        yield name, _within(each, 1 / math.sqrt(layer.weight.shape[1]))


def _recurrent(layer: Any) -> Defaults:
    for name, each in _own(layer):
        yield name, _within(each, 1 / math.sqrt(layer.hidden_size))


def _embedding(layer: Any) -> Defaults:
    for name, each in _own(layer):
        rows = each.shape[0]
        zeros = 0 if layer.padding_idx is None else 1
        yield name, expected("normal_()", [Part(zeros, 0.0, 0.0, 0.0), Part(rows - zeros, 0.0, 1.0, 3.0)])


def _normalization(layer: Any) -> Defaults:
    for name, each in _own(layer):
        yield name, _call(each, "zeros_" if name == "bias" else "ones_")


def _prelu(layer: Any) -> Defaults:
    for name, each in _own(layer):
        yield name, _call(each, "constant_", val=float(getattr(layer, "init", 0.25)))


def _attention(layer: Any) -> Defaults:
    for name, each in _own(layer):
        if name in ("bias_k", "bias_v"):
            yield name, _call(each, "xavier_normal_")
        else:
            yield name, _call(each, "zeros_" if name.endswith("bias") else "xavier_uniform_")
    if layer.out_proj.bias is not None:
        yield "out_proj.bias", _call(layer.out_proj.bias, "zeros_")


def _transformer(layer: Any) -> Defaults:
    for name, each in layer.named_parameters():
        if len(each.shape) > 1 and math.prod(each.shape):
            yield name, _call(each, "xavier_uniform_")


def _table(*rows: tuple[Callable[[Any], Defaults], str]) -> Mapping[str, Callable[[Any], Defaults]]:
    return {name: defaults for defaults, names in rows for name in names.split()}


_DEFAULTS = _table(
    (_of_fan_in, "Linear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"),
    (_bilinear, "Bilinear"),
    (_recurrent, "RNN LSTM GRU RNNCell LSTMCell GRUCell"),
    (_embedding, "Embedding EmbeddingBag"),
    (_normalization, "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm LayerNorm GroupNorm RMSNorm"),
    (_normalization, "InstanceNorm1d InstanceNorm2d InstanceNorm3d"),
    (_prelu, "PReLU"),
    (_attention, "MultiheadAttention"),
    (_transformer, "Transformer"),
)
