"""`import fastinit` loads what every program needs, and the rest when it is asked for."""

import subprocess
import sys

import fastinit


def run(program: str) -> str:
    """Runs a program in a new interpreter; returns what it prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def loaded_by(program: str) -> set[str]:
    return set(run(f"import sys; {program}; print(*sys.modules)").split())


def test_layers_optimisers_and_other_packages_come_later():
    loaded = loaded_by("import fastinit; fastinit.ones(2, 2).sum().item()")
    assert not loaded & {"fastinit.nn", "fastinit.optim", "fastinit.recipe", "ml_dtypes", "safetensors"}


def test_each_part_is_there_when_it_is_asked_for():
    parts = "nn", "init", "optim", "linalg", "cuda", "recipe", "schemes", "checkpoint", "diagnostics"
    for part in parts:
        assert run(f"import fastinit; print(fastinit.{part}.__name__)").startswith("fastinit.")
    assert run(f"from fastinit import {', '.join(parts)}; print(init is nn.init)") == "True\n"
    assert set(parts) <= set(dir(fastinit))


def test_operations_that_few_programs_need_come_later():
    seldom = {"fastinit.ops.decompositions", "fastinit.ops.contraction", "fastinit.serialization"}
    assert not loaded_by("import fastinit") & seldom
    program = "import fastinit; x = fastinit.eye(2); print({})"
    for use in ("x.det()", "fastinit.det(x)", "fastinit.Tensor.det(x)", "fastinit.linalg.det(x)"):
        assert run(program.format(use)) == "tensor(1.)\n"
    assert run(program.format("fastinit.Tensor.svd.__name__, fastinit.save.__name__")) == "named_svd save\n"
    assert run(program.format("fastinit.autograd.Function.__name__")) == "Function\n"


def test_all_names_of_the_package_can_be_imported():
    assert run("from fastinit import *; print(nn.Linear(2, 3).weight.shape)") == "fastinit.Size([3, 2])\n"


def test_bfloat16_needs_no_import_of_its_own():
    program = "import fastinit; print({})"
    assert run(program.format("fastinit.bfloat16, fastinit.bfloat16.itemsize")) == "fastinit.bfloat16 2\n"
    assert "ml_dtypes" not in loaded_by("import fastinit; fastinit.ones(2) + 1, fastinit.bfloat16.name")
    assert run(program.format("fastinit.ones(2).bfloat16().numpy().dtype")) == "bfloat16\n"
    arrays = "import fastinit, ml_dtypes, numpy as np; a = np.ones(2, ml_dtypes.bfloat16); "
    assert run(arrays + "print(fastinit.from_numpy(a).dtype)") == "fastinit.bfloat16\n"
    assert run(arrays + "print(fastinit.nn.init.zeros_(a))") == "[0 0]\n"
