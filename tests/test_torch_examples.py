"""What PyTorch's documentation shows, read from the installed one: it runs here, and shows the same."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import itertools
import math
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest

import fastinit
from reference.differential import translated

torch = pytest.importorskip("torch")

#: What the examples speak of without making it.
ASSUMED = """
model = net = module = nn.Linear(4, 2)
opt = torch.optim.SGD(model.parameters(), lr=0.05)
optimizer = torch.optim.SGD([{"params": [each]} for each in model.parameters()], lr=0.05, momentum=0.9)
input, target, loss_fn, criterion = torch.ones(3, 4), torch.zeros(3, 2), nn.MSELoss(), nn.MSELoss()
dataloader = [{"inputs": input, "labels": target}]
train = validate = train_batch = lambda *_: 1.0
preprocess, loaded_weights = lambda weights: weights, torch.ones(3)
num_epochs, T_0, T_mult, embed_dim, num_heads, num_features = 3, 2, 2, 4, 2, 4
self = nn.BatchNorm1d(num_features)
query = key = value = torch.ones(3, 2, 4)
"""

#: Statements that are left out because of a word in them, or in what they show.
NOT_HERE = {
    "cuda": "the CPU is the one device",
    "complex": "there is no complex dtype",
    "cfloat": "as complex",
}

#: Statements that show something else here: the documented name, how they begin, and why.
DIFFERENT = {
    ("torch.Generator.get_state", "g_cpu.get_state()"): "a state is 24 bytes in an array",
    ("torch.inference_mode", "y._version"): "inference mode keeps versions",
    ("torch.linalg.eigh", "L\n"): "of a complex matrix",
    ("torch.linalg.norm", "LA.norm(B.double(), -2)"): "a singular value of 0, to the rounding",
    ("torch.linalg.qr", ""): "whole numbers, to the rounding",
    ("torch.logical_and", "torch.logical_and(a, b, out="): "no out=: copy_ writes",
    (
        "torch.logical_not",
        "torch.logical_not(torch.tensor([0., 1., -10.], dtype=torch.double), out=",
    ): "as above",
    ("torch.logical_or", "torch.logical_or(a, b, out="): "as above",
    ("torch.logical_xor", "torch.logical_xor(a, b, out="): "as above",
    ("torch.narrow_copy", "s ="): "there are no sparse tensors",
    ("torch.narrow_copy", "torch.narrow_copy(s"): "as above",
    ("torch.nn.utils.parametrizations.orthogonal", "torch.dist("): "dist leaves the nodes of its parts",
    ("torch.optim.lr_scheduler.CyclicLR", "data_loader ="): "no torch.utils.data",
    ("torch.optim.lr_scheduler.OneCycleLR", "data_loader ="): "no torch.utils.data",
    ("torch.qr", ""): "whole numbers, to the rounding",
    ("torch.resolve_neg", ""): "there is no complex dtype",
    ("torch.sort", "x.sort()"): "every sort is stable",
}


def documented() -> dict[str, str]:
    """The docstrings with examples of what both libraries have, each under the shortest name of it."""
    names: dict[str, str] = {}
    visited: set[ModuleType] = set()

    def visit(ours: Any, theirs: Any, name: str) -> None:
        doc = getattr(theirs, "__doc__", None)
        if isinstance(doc, str) and ">>>" in doc:
            names[doc] = min(names.get(doc, name), name, key=lambda name: (len(name), name))
        if inspect.ismodule(ours) and inspect.ismodule(theirs):
            is_open = ours.__name__.startswith("fastinit") and ours not in visited
            visited.add(ours)
        else:
            is_open = inspect.isclass(ours) and inspect.isclass(theirs) and name.count(".") < 6
        for each in dir(ours) if is_open else ():
            if not each.startswith("_") and hasattr(theirs, each):
                visit(getattr(ours, each), getattr(theirs, each), f"{name}.{each}")

    visit(fastinit, torch, "torch")
    return {name: doc for doc, name in names.items()}


EXAMPLES = documented()


def statements(doc: str) -> list[doctest.Example]:
    """The statements of a docstring; those that have a prompt before every line are put together."""
    found: list[doctest.Example] = []
    for example in doctest.DocTestParser().get_examples(doc):
        if found and (example.source[0] in " )]}" or found[-1].source.splitlines()[-1][0] == "@"):
            found[-1] = doctest.Example(found[-1].source + example.source, example.want)
        else:
            found.append(example)
    return found


class Seen(NamedTuple):
    """What a statement raises; the texts and the forms of what it prints, gives and names."""

    error: str | None
    texts: list[str]
    forms: list[str]


def is_code(value: Any) -> bool:
    return inspect.isroutine(value) or inspect.ismodule(value) or inspect.isclass(value)


def has_state(value: Any) -> bool:
    return hasattr(value, "state_dict") and not isinstance(value, type)


def text(value: Any) -> str:
    """The printed form, with the state where there is one; nothing where it tells an address."""
    if has_state(value):
        value = [value, dict(value.state_dict())]
    printed = translated(repr(value))
    return "" if " at 0x" in printed else printed


def form(value: Any) -> str:
    """What is left of a value when its numbers are random."""
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    if has_state(value):
        return f"{kind} {form(dict(value.state_dict()))}"
    if isinstance(value, torch.Tensor | fastinit.Tensor):
        node = value.grad_fn and value.grad_fn.name()
        return f"{kind} {tuple(value.shape)} {translated(str(value.dtype))} {value.requires_grad} {node}"
    if isinstance(value, list | tuple):
        return f"{kind} {[form(each) for each in value]}"
    if isinstance(value, dict):
        return f"{kind} { {key: form(each) for key, each in value.items()} }"
    return kind


def namespace(library: ModuleType, name: str) -> dict[str, Any]:
    """What a docstring's statements find: usual names, those of their module, and what they assume."""
    nn = library.nn
    names = {"torch": library, "nn": nn, "F": nn.functional, "init": nn.init, "optim": library.optim}
    names |= {"np": np, "numpy": np, "math": math, "itertools": itertools, "__name__": "example"}
    module = library
    for part in name.split(".")[1:-1]:
        if inspect.ismodule(getattr(module, part)):
            module = getattr(module, part)
    if module is not library:
        names |= {key: each for key, each in vars(module).items() if is_code(each)}
    exec(ASSUMED, names)
    return names


def modules_of(package: str) -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == package}


@contextlib.contextmanager
def imported_as_torch(library: ModuleType) -> Iterator[None]:
    """`import torch` gives the library."""
    theirs, ours = modules_of("torch"), modules_of(library.__name__)
    for name in theirs:
        del sys.modules[name]
    for name, module in ours.items():
        sys.modules["torch" + name.removeprefix(library.__name__)] = module
    try:
        yield
    finally:
        for name in modules_of("torch") if library is fastinit else ():
            del sys.modules[name]
        sys.modules.update(theirs)


@contextlib.contextmanager
def defaults(library: ModuleType) -> Iterator[None]:
    """Takes back what examples set for the whole process."""
    yield
    library.set_default_dtype(library.float32)
    library.set_default_device(None)
    library.set_grad_enabled(True)
    library.set_printoptions(profile="default")


def run(library: ModuleType, name: str, seed: int = 0) -> list[Seen]:
    """What the statements of a docstring do, in order."""
    shown: list[Any] = []
    seen = []
    seeded = library.manual_seed
    seeded(seed)
    np.random.seed(seed)
    names = namespace(library, name)
    names["print"] = lambda *values, **_: shown.extend(values)
    with (
        defaults(library),
        mock.patch.object(library, "manual_seed", lambda number: seeded(number + seed)),
        mock.patch.object(sys, "displayhook", shown.append),
    ):
        for statement in statements(EXAMPLES[name]):
            error, used = None, ()
            shown.clear()
            try:
                code = compile(statement.source, name, "single")
                used = code.co_names
                with imported_as_torch(library):
                    exec(code, names)
            except Exception as raised:
                error = type(raised).__name__.lstrip("_")
            shown += [names[each] for each in used if each in names and not is_code(names[each])]
            seen.append(Seen(error, list(map(text, shown)), list(map(form, shown))))
    return seen


def differs(statement: doctest.Example, theirs: Seen, again: Seen, ours: Seen) -> bool:
    """Whether a statement shows something else here; PyTorch ran it twice, with other random numbers."""
    if theirs.error and "Error" not in statement.want:
        return False  # it misses something that no machine without a GPU, or no reader, has
    if any(word in f"{statement.source} {theirs.texts} {theirs.forms}" for word in NOT_HERE):
        return False
    if theirs.error != ours.error:
        return True
    if theirs.texts == again.texts:
        return [mine for mine, other in zip(ours.texts, theirs.texts, strict=True) if other] != [
            other for other in theirs.texts if other
        ]
    return theirs.forms == again.forms and theirs.forms != ours.forms


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_an_example_shows_is_shown_here(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # some write files
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = run(fastinit, name), run(torch, name)
        if "rand" in EXAMPLES[name] and not any(each.want for each in statements(EXAMPLES[name])):
            # It draws numbers and shows none: as costly to run again as it would be to no purpose.
            again = [each._replace(texts=[]) for each in theirs]
        else:
            # What is not initialised becomes NaN, which tells it from what is zero for a reason.
            torch.use_deterministic_algorithms(True, warn_only=True)
            again = run(torch, name, seed=3)
            torch.use_deterministic_algorithms(False)
    different = [
        (statement.source, mine, other)
        for statement, other, repeated, mine in zip(
            statements(EXAMPLES[name]), theirs, again, ours, strict=True
        )
        if differs(statement, other, repeated, mine)
    ]
    known = [start for known, start in DIFFERENT if known == name]
    assert [each for each in different if not any(each[0].startswith(start) for start in known)] == []
    assert [start for start in known if not any(each[0].startswith(start) for each in different)] == []


def test_what_is_left_out_is_not_here():
    assert {name for name, _ in DIFFERENT} <= EXAMPLES.keys()
    assert not any(hasattr(fastinit, name) for name in ("complex64", "cfloat"))
    with pytest.raises(RuntimeError):
        fastinit.device("cuda")
