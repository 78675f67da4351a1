"""Layers that learn the sizes of their parameters from the first input."""

from collections.abc import Mapping
from typing import Any, ClassVar

from .. import dtypes
from ..autograd import no_grad
from ..devices import DeviceLike
from ..hooks import RemovableHandle
from ..tensor import Tensor
from .linear import Linear
from .module import Module
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy

__all__ = ["LazyLinear", "LazyModuleMixin"]


class LazyModuleMixin(Module):
    """The base of layers whose parameters get their shapes at the first call, or when values are loaded.

    A layer derives from it and from what it is to become. Its constructor makes `UninitializedParameter`s,
    and its `initialize_parameters` gives them shapes and values.

    Attributes:
        cls_to_become: the class that the layer has from the first call on; None keeps its own.
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    _load_hook: RemovableHandle
    _initialize_hook: RemovableHandle

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Gives the parameters shapes and values; a subclass says how.

        Args:
            *args: the arguments of the first call.
            **kwargs: its keyword arguments.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Tells whether a parameter or buffer of the layer has no shape yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def _infer_parameters(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before the first `forward`: makes an ordinary layer of this one."""
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        for name in ("_initialize_hook", "_load_hook"):
            getattr(self, name).remove()
            delattr(self, name)
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become  # type: ignore[assignment]

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        for name, tensor in {**self._parameters, **self._persistent_buffers()}.items():
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars or is_lazy(tensor) else tensor.detach()

    def _lazy_load_hook(self, state_dict: Mapping[str, Any], prefix: str, *_: Any) -> None:
        """Gives the parameters that have none the shapes of the values that are to be loaded."""
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            given = state_dict.get(prefix + name)
            if isinstance(tensor, UninitializedParameter | UninitializedBuffer) and not (
                given is None or is_lazy(given)
            ):
                with no_grad():
                    tensor.materialize(given.shape)


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` that takes its `in_features` from the first input, and is a `Linear` from then on.

    Args:
        out_features: size of each output sample.
        bias: learn an additive bias.
        device: where the parameters live; only the CPU exists.
        dtype: of the parameters; default: the default dtype.

    Shape:
        input `(*, in_features)`, output `(*, out_features)`.

    Attributes:
        weight: Parameter of shape `(out_features, in_features)`; before the first call uninitialized.
        bias: Parameter of shape `(out_features,)`, or None; before the first call uninitialized.

    Raises:
        RuntimeError: dtype is not floating point; in `forward`, the input's shape or dtype does not fit.
        ValueError: before the first call, the weight or the bias is used in an operation.

    Example:
        >>> net = LazyLinear(3)
        >>> net.weight
        <UninitializedParameter>
        >>> net(fastinit.ones(2, 5)).shape, net
        (fastinit.Size([2, 3]), Linear(in_features=5, out_features=3, bias=True))

    Source: torch.nn.LazyLinear.
    """

    cls_to_become = Linear

    def __init__(
        self,
        out_features: int,
        bias: bool = True,
        device: DeviceLike = None,
        dtype: dtypes.dtype | None = None,
    ) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Fills weight and bias as `Linear` does, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Gives weight and bias shapes and values.

        Args:
            input: the first input, `(*, in_features)`.

        Raises:
            AssertionError: the weight has a shape already, for another `in_features`.
        """
        features = input.shape[-1]
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = features
                for tensor, shape in (
                    (self.weight, (self.out_features, features)),
                    (self.bias, (self.out_features,)),
                ):
                    if isinstance(tensor, UninitializedParameter):
                        tensor.materialize(shape)
                self.reset_parameters()
        if self.in_features == 0:
            if features != self.weight.shape[-1]:
                raise AssertionError(
                    f"The in_features inferred from input: {features} is not equal to in_features from "
                    f"self.weight: {self.weight.shape[-1]}"
                )
            self.in_features = features
