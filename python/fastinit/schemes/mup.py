"""muP: a parametrisation under which what a small model was tuned to holds for a wide one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..nn.init.gain import fan_in_and_fan_out
from ..recipe import Recipe, Rule
from ..recipe.wrappers import bare_names
from .calls import normal, recipe_of
from .model import Model, read

__all__ = ["Mup", "mup"]

Optimizer = Literal["adam", "sgd"]


@dataclass(frozen=True)
class _Growth:
    """How a parameter grows with the width.

    Attributes:
        kind: "input", "hidden", "output", "vector" or "fixed".
        fan_in: by which factor its inputs become more.
        fan_out: by which factor its outputs become more.
    """

    kind: str
    fan_in: float
    fan_out: float


@dataclass(frozen=True)
class Mup:
    """What muP says of a model.

    Attributes:
        recipe: the initial values.
        kinds: of each parameter, how it grows with the width: "input" weights along their outputs, "hidden"
            ones along both, "output" ones along their inputs; "vector"s such as biases; and what is "fixed".
        output_multipliers: by what the model itself must multiply what comes of an output weight, by its
            name; empty by table 3, which asks nothing of the model.

    Source: Yang et al. 2022, arXiv:2203.03466, tables 3 and 8.
    """

    recipe: Recipe
    kinds: Mapping[str, str]
    output_multipliers: Mapping[str, float]
    _rates: Mapping[str, Mapping[str, float]]

    def learning_rates(self, optimizer: Optimizer = "adam") -> dict[str, float]:
        """The factor of the learning rate of each parameter, by name; 1 at the base's width.

        Args:
            optimizer: "adam" for Adam, AdamW, and others that divide a gradient by its size; or "sgd".

        Raises:
            ValueError: it is another.

        Source:
            Yang et al. 2022, arXiv:2203.03466, tables 3 and 8.
        """
        if optimizer not in self._rates:
            raise ValueError(f'Mup: expected optimizer to be "adam" or "sgd", got {optimizer!r}')
        return dict(self._rates[optimizer])

    def param_groups(
        self, model: Any, lr: float, *, optimizer: Optimizer = "adam", weight_decay: float | None = None
    ) -> list[dict[str, Any]]:
        """The parameters of a model in groups of one learning rate, as optimisers take them.

        Args:
            model: a module of fastinit or of torch, with parameters of these names.
            lr: the learning rate at the base's width.
            optimizer: "adam" or "sgd", as `learning_rates` takes it.
            weight_decay: that at the base's width; the product of rate and decay, by which a step shrinks a
                parameter, stays as it is there. None: the groups say nothing of it.

        Returns:
            Groups for `fastinit.optim` and `torch.optim`: dicts of "params" and "lr".

        Raises:
            ValueError: the optimizer is neither, or a parameter has another name than the recipe's.

        Source:
            Yang et al. 2022, arXiv:2203.03466, tables 3 and 8; of the decay, microsoft/mup, MuAdamW.
        """
        rates = self.learning_rates(optimizer)
        bare = bare_names(model)
        groups: dict[float, list[Any]] = {}
        for name, parameter in model.named_parameters():
            key = self.recipe.key(bare(name))
            if key not in rates:
                raise ValueError(f'Mup: "{bare(name)}" is no parameter of the model that was scaled')
            groups.setdefault(rates[key], []).append(parameter)
        decay = {} if weight_decay is None else {"weight_decay": weight_decay}
        return [
            {"params": params, "lr": lr * rate, **{key: value / rate for key, value in decay.items()}}
            for rate, params in groups.items()
        ]


def mup(
    model: Any,
    base: Any,
    *,
    table: Literal[3, 8] = 3,
    gain: float = 1.0,
    std: float | None = None,
    embedding_std: float = 1.0,
    rules: Iterable[Rule] = (),
) -> Mup:
    r"""The maximal update parametrisation: initial values and learning rates that follow the width.

    The dimensions in which a model differs from the same model at its base's width grow with the width. By
    table 3 of the paper, these are the factors, with fan_in and fan_out as multiples of those of the base:

    =========================  ================  ================  ==========
    parameters                 std               rate, SGD         rate, Adam
    =========================  ================  ================  ==========
    input weights, embeddings  1                 fan_out           1
    hidden weights             1 / sqrt(fan_in)  fan_out / fan_in  1 / fan_in
    output weights             1 / fan_in        1 / fan_in        1 / fan_in
    biases, normalisations     -                 fan_out           1
    =========================  ================  ================  ==========

    In the paper all hidden widths grow alike, so that fan_out / fan_in is 1. At the base's width all is as
    usual: normal values of variance gain^2 / fan_in, and factors of 1. Table 8 leaves output weights as they
    are at the base, their rate 1 for Adam and fan_in for SGD, and has the model multiply what comes of them
    by 1 / fan_in: `Mup.output_multipliers`. It is the one for a model whose output weight is tied to its
    embedding. Then, as training goes on, activations are as large in a wide model as in a narrow one, which
    `fastinit.diagnostics.coordinate_check` shows, and the best learning rate stays the same.

    Attention is the model's own affair: where heads become larger with the width, its logits are to be
    divided by d, not by sqrt(d); where they become more, nothing is to be done. The authors advise to start
    output weights and queries at 0: `rules=[Rule("head.weight", "zeros_")]`.

    Args:
        model: a module of fastinit or of torch, or a mapping from names to shapes.
        base: the same model at another width, at which it was tuned; either.
        table: 3 or 8.
        gain: of the nonlinearity, sqrt(2) for a ReLU.
        std: the standard deviation of all weights at the base's width, such as GPT-2's 0.02, in place of
            gain / sqrt(fan_in).
        embedding_std: the standard deviation of embeddings, at any width.
        rules: rules of one's own, which are tried first.

    Returns:
        The recipe, the kinds of parameters, and the factors of their learning rates.

    Raises:
        TypeError: `model` or `base` is neither a module nor a mapping.
        ValueError: they have not the same names and numbers of dimensions, a kernel grows, an output weight
            is tied to an embedding and the table is 3, the table is neither, or nothing says how a parameter
            starts; the message says what to add.

    Source:
        Yang et al. 2022, *Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter
        Transfer*, arXiv:2203.03466, tables 3 and 8.

    Examples:
        >>> def shapes(width):
        ...     return {"0.weight": (width, 3), "2.weight": (width, width), "4.weight": (1, width)}
        >>> scaled = mup(shapes(256), shapes(64))
        >>> scaled.kinds
        {'0.weight': 'input', '2.weight': 'hidden', '4.weight': 'output'}
        >>> scaled.learning_rates("adam")
        {'0.weight': 1.0, '2.weight': 0.25, '4.weight': 0.25}
        >>> print(scaled.recipe.assignment("4.weight").initialiser)  # 1 / sqrt(64), and a quarter of it
        normal_(std=0.03125)
    """
    if table not in (3, 8):
        raise ValueError(f"mup: expected table to be 3 or 8, got {table!r}")
    found, narrow = read("mup", model), read("mup", base)
    growths = _growths(found, narrow)
    if found.tied_outputs and table == 3:
        name = next(iter(found.tied_outputs))
        raise ValueError(
            f'mup: "{name}" is tied to an embedding, whose scale and rate are not those of an output weight: '
            "take table=8, and multiply the output by what output_multipliers says"
        )
    stds: dict[str, float] = {}
    for name, spec in found.tensors.items():
        if len(spec.shape) < 2:
            continue
        if name in found.embeddings:
            stds[name] = embedding_std
            continue
        shape = _shape(found, name)
        growth = growths[name]
        usual = std if std is not None else gain / math.sqrt(fan_in_and_fan_out(shape)[0] / growth.fan_in)
        if growth.kind == "hidden":
            usual /= math.sqrt(growth.fan_in)
        elif growth.kind == "output" and table == 3:
            usual /= growth.fan_in
        stds[name] = usual
    multipliers = {}
    if table == 8:
        outputs = {name: growth.fan_in for name, growth in growths.items() if growth.kind == "output"}
        outputs.update({name: growths[source].fan_out for name, source in found.tied_outputs.items()})
        multipliers = {name: 1 / grown for name, grown in outputs.items()}
    return Mup(
        recipe_of("mup", found, lambda name, _: normal(stds[name]), rules),
        {name: growth.kind for name, growth in growths.items()},
        multipliers,
        {
            "adam": {name: _adam(growth, table) for name, growth in growths.items()},
            "sgd": {name: _sgd(growth, table) for name, growth in growths.items()},
        },
    )


def _adam(growth: _Growth, table: int) -> float:
    divided = growth.kind == "hidden" or (growth.kind == "output" and table == 3)
    return 1 / growth.fan_in if divided else 1.0


def _sgd(growth: _Growth, table: int) -> float:
    if growth.kind == "output":
        return 1 / growth.fan_in if table == 3 else growth.fan_in
    return growth.fan_out / growth.fan_in


def _shape(model: Model, name: str) -> tuple[int, ...]:
    """As (out, in, *kernel)."""
    shape = model.tensors[name].shape
    return (shape[1], shape[0], *shape[2:]) if name in model.transposed else shape


def _growths(model: Model, base: Model) -> dict[str, _Growth]:
    names = model.tensors.keys()
    for one, other, whose in ((names, base.tensors.keys(), "base"), (base.tensors.keys(), names, "model")):
        missing = [name for name in one if name not in other]
        if missing:
            raise ValueError(f'mup: the {whose} has no "{missing[0]}", as the other one has')
    return {name: _growth(model, base, name) for name in names}


def _growth(model: Model, base: Model, name: str) -> _Growth:
    shape, narrow = model.tensors[name].shape, base.tensors[name].shape
    if len(shape) != len(narrow) or 0 in shape or 0 in narrow:
        raise ValueError(f'mup: "{name}" is {list(shape)}, and {list(narrow)} in the base')
    if len(shape) < 2 or name in model.embeddings:
        grown = math.prod(shape) / math.prod(narrow)
        kind = "fixed" if shape == narrow else "vector" if len(shape) < 2 else "input"
        return _Growth(kind, 1.0, grown)
    shape, narrow = _shape(model, name), _shape(base, name)
    if shape[2:] != narrow[2:]:
        raise ValueError(
            f'mup: the kernel of "{name}" is {list(shape[2:])}, and {list(narrow[2:])} in the base'
        )
    fan_out, fan_in = (size / before for size, before in zip(shape[:2], narrow[:2], strict=True))
    kind = {
        (False, False): "fixed",
        (True, False): "input",
        (False, True): "output",
        (True, True): "hidden",
    }[shape[0] != narrow[0], shape[1] != narrow[1]]
    return _Growth(kind, fan_in, fan_out)
