"""Run where the wheel and its dependencies alone are installed: everything compiled must be found there."""

import importlib.util
from importlib.metadata import files
from pathlib import Path

import fastinit
from fastinit import _core, nn

assert importlib.util.find_spec("torch") is None, "this environment was meant to be empty"
assert "site-packages" in Path(fastinit.__file__).parts
assert any(path.name == "py.typed" for path in files("fastinit") or [])

fastinit.show_config()
net = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
net(fastinit.randn(256, 512)).sum().backward()
assert net[0].weight.grad is not None
print("BLAS in use:", _core.blas())
assert "openblas" in _core.blas().lower(), "a large product did not find OpenBLAS"
