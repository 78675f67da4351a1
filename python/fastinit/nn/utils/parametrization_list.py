"""The tensor that a parametrization computes from, and the modules that compute."""

from collections.abc import Sequence
from typing import Any

from ...autograd import no_grad
from ...tensor import Tensor
from ..container import ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = ["ParametrizationList", "register_tensor", "take_over"]


class ParametrizationList(ModuleList):
    """What stands in a tensor's place: its originals, and the modules that compute it from them.

    Args:
        modules: the parametrizations, in the order in which they are called.
        original: the tensor that is parametrized. It becomes `original` here, with the values that the
            parametrizations' `right_inverse` gives; where that gives several, they become `original0`,
            `original1`, ....
        unsafe: leaves out the check that shape and dtype stay.

    Attributes:
        is_tensor: whether there is one original.
        ntensors: how many there are.
        unsafe: as given.

    Raises:
        ValueError: there are no modules, one returned something else than tensors, or shape or dtype change.

    Source: torch.nn.utils.parametrize.ParametrizationList.
    """

    original: Tensor
    unsafe: bool
    is_tensor: bool
    ntensors: int

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        value = self._inverted(original)
        if isinstance(value, Tensor):
            self.is_tensor, self.ntensors = True, 1
            self._register_one(original, value)
        elif isinstance(value, Sequence):
            self.is_tensor, self.ntensors = False, len(value)
            self._register_several(original, value)
        else:
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(value).__name__}"
            )
        if not unsafe:
            self._check(shape, dtype)

    def _inverted(self, original: Tensor) -> Any:
        """What the parametrizations are to compute `original` from, where they know."""
        value: Any = original
        with no_grad():
            for module in reversed(self):
                if hasattr(module, "right_inverse"):
                    try:
                        value = module.right_inverse(value)
                    except NotImplementedError:
                        continue
        return value

    def _register_one(self, original: Tensor, value: Tensor) -> None:
        if original.dtype != value.dtype:
            raise ValueError(
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {value.dtype}"
            )
        # The object stays the same: an optimiser that has it goes on with it.
        take_over(original, value)
        register_tensor(self, "original", original)

    def _register_several(self, original: Tensor, values: Sequence[Any]) -> None:
        for index, value in enumerate(values):
            if not isinstance(value, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                    f"Got element {index} of the sequence with type {type(value).__name__}."
                )
            tensor = Parameter(value, original.requires_grad) if isinstance(original, Parameter) else value
            tensor.requires_grad_(original.requires_grad)
            register_tensor(self, f"original{index}", tensor)

    def _check(self, shape: Sequence[int], dtype: object) -> None:
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {type(result).__name__}.")
        if result.dtype != dtype:
            raise ValueError(
                "Registering a parametrization may not change the dtype of the tensor, unless `unsafe` flag "
                f"is enabled.\nunparametrized dtype: {dtype}\nparametrized dtype: {result.dtype}"
            )
        if result.shape != shape:
            raise ValueError(
                "Registering a parametrization may not change the shape of the tensor, unless `unsafe` flag "
                f"is enabled.\nunparametrized shape: {shape}\nparametrized shape: {result.shape}"
            )

    def right_inverse(self, value: Tensor) -> None:
        """Gives the originals the values from which the parametrizations compute `value`.

        Raises:
            RuntimeError: a parametrization has no `right_inverse`.
            ValueError: a parametrization returned something else than it did when it was registered.
        """
        inverse: Any = value
        with no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                inverse = module.right_inverse(inverse)
        if self.is_tensor:
            self._replace_one(inverse)
        else:
            self._replace_several(inverse)

    def _replace_one(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
        if value.dtype != self.original.dtype:
            raise ValueError(
                f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                f"{self.original.dtype}"
            )
        take_over(self.original, value)

    def _replace_several(self, values: Any) -> None:
        if not isinstance(values, Sequence):
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors. Got {type(values).__name__}."
            )
        if len(values) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a "
                f"sequence of length {len(values)}."
            )
        for index, value in enumerate(values):
            if not isinstance(value, Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors or reference-type opaques. Got "
                    f"element {index} of type {type(value).__name__}."
                )
            original = getattr(self, f"original{index}")
            if original.dtype != value.dtype:
                raise ValueError(
                    f"Tensor {index} returned by `right_inverse` has dtype {value.dtype} while "
                    f"`original{index}` has dtype {original.dtype}"
                )
            take_over(original, value)

    def forward(self) -> Any:
        """Computes the tensor: the first module from the originals, the others on what came before."""
        if self.is_tensor:
            value = self[0](self.original)
        else:
            value = self[0](*(getattr(self, f"original{index}") for index in range(self.ntensors)))
        position = 1
        while str(position) in self._modules:
            value = self._modules[str(position)](value)
            position += 1
        return value


def register_tensor(module: Module, name: str, tensor: Tensor) -> None:
    """Adds a tensor to a module: as a parameter if it is one, else as a buffer."""
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def take_over(tensor: Tensor, source: Tensor) -> None:
    """Makes `tensor` share the memory of `source` from now on."""
    tensor.data = source.data
