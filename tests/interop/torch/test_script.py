"""A training script begins with the same bits, whatever its threads and its instruction set."""

import os
import subprocess
import sys

import pytest

from fastinit import _core

pytest.importorskip("torch")

SCRIPT = """
import hashlib, sys
import torch
from fastinit.interop.torch import fast_init

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(4)
with fast_init():
    model = torch.nn.Sequential(
        torch.nn.Embedding(3000, 512),  # large enough for several threads, as are the next two
        torch.nn.Linear(512, 700),
        torch.nn.GELU(),
        torch.nn.Linear(700, 300),
    )
    torch.nn.init.trunc_normal_(model[1].weight)
    torch.nn.init.orthogonal_(model[3].weight)
digest = hashlib.sha256()
for parameter in model.parameters():
    digest.update(parameter.detach().numpy().tobytes())
print(digest.hexdigest())

optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
before = [each.detach().clone() for each in model.parameters()]
for step in range(2):
    loss = torch.nn.functional.cross_entropy(model(torch.randint(3000, (8,))), torch.randint(300, (8,)))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
assert loss.isfinite()
assert not any(torch.equal(old, new) for old, new in zip(before, model.parameters()))
"""


def first_bits(threads: int, isa: str) -> str:
    environment = os.environ | {"FASTINIT_NUM_THREADS": str(threads), "FASTINIT_ISA": isa}
    command = [sys.executable, "-c", SCRIPT, str(threads)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_threads_and_instruction_sets_change_no_bit() -> None:
    isas = _core.usable_isas()
    runs = [(1, isas[-1]), (2, isas[-1]), (3, isas[0])]
    assert len({first_bits(*run) for run in runs}) == 1


def test_a_missing_pytorch_is_told_with_the_command_that_installs_it() -> None:
    program = "import sys; sys.modules['torch'] = None; import fastinit.interop.torch"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: fastinit.interop.torch needs torch: pip install torch"
    )
