"""Measures one library in a process of its own: `python -m benchmarks.dense_worker CASE LIBRARY THREADS`.

Prints seconds per call; for the case `memory`, the bytes by which the peak of memory grew in training steps.
PyTorch and fastinit run the same text.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.timing import Call, seconds_per_call

#: Rows, features, outputs.
PRODUCTS = {"product": (512, 4096, 4096), "small product": (256, 784, 256)}
QUICK_PRODUCTS = {"product": (64, 256, 256), "small product": (32, 64, 32)}


def tiny(torch: Any, quick: bool) -> Call:
    """The network of a textbook's first pages."""
    nn = torch.nn
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    return training_step(torch, net, torch.rand(2, 4), lambda output: output.sum())


def digits(torch: Any, quick: bool) -> Call:
    """A classifier of small pictures."""
    nn = torch.nn
    net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    classes = torch.randint(0, 10, (256,))
    return training_step(
        torch, net, torch.rand(256, 784), lambda output: nn.functional.cross_entropy(output, classes)
    )


def wide(torch: Any, quick: bool) -> Call:
    """Layers that are nothing but products."""
    nn, width = torch.nn, 256 if quick else 4096
    layers: list[Any] = []
    for _ in range(4):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return training_step(torch, nn.Sequential(*layers), torch.rand(512, width), lambda output: output.sum())


def shared(torch: Any, quick: bool) -> Call:
    """One layer used eight times, whose gradients add up."""
    nn, width = torch.nn, 128 if quick else 1024
    layer = nn.Linear(width, width)
    net = nn.Sequential(*[layer, nn.ReLU()] * 8)
    return training_step(torch, net, torch.rand(64, width), lambda output: output.sum())


def training_step(torch: Any, net: Any, inputs: Any, loss_of: Callable[[Any], Any]) -> Call:
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        loss_of(net(inputs)).backward()
        optimizer.step()

    return step


def adamw(torch: Any, quick: bool, **options: bool) -> Call:
    """A step over many parameters."""
    size = 1000 if quick else 100_000
    parameters = [torch.nn.Parameter(torch.rand(size)) for _ in range(100)]
    for parameter in parameters:
        parameter.grad = torch.rand(size)
    return torch.optim.AdamW(parameters, **options).step  # type: ignore[no-any-return]


STEPS = {
    "4-3-1, batch 2": tiny,
    "784-256-10, batch 256, cross entropy": digits,
    "4 x (4096 to 4096), ReLU, batch 512": wide,
    "1024 to 1024, used 8 times, batch 64": shared,
}


def product(library: str, threads: int, sizes: tuple[int, int, int]) -> Call:
    """x @ weight.T: what a linear layer computes."""
    rows, features, out = sizes
    if library == "numpy":
        import numpy as np
        from threadpoolctl import threadpool_limits

        threadpool_limits(threads)
        rng = np.random.default_rng(0)
        x, weight = rng.random((rows, features), np.float32), rng.random((out, features), np.float32)
        return lambda: x @ weight.T
    torch = imported(library, threads)
    inputs, weights = torch.rand(rows, features), torch.rand(out, features)
    linear = torch.nn.functional.linear
    return lambda: linear(inputs, weights)


def imported(library: str, threads: int) -> Any:
    torch = importlib.import_module(library)
    torch.set_num_threads(threads)
    return torch


def peak_memory() -> int:
    """Of this program alone: ru_maxrss would begin with what the process that started it had."""
    [peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    return int(peak.split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    parser.add_argument("library", choices=["fastinit", "torch", "numpy"])
    parser.add_argument("threads", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--option", help="of AdamW, to be set")
    options = parser.parse_args()
    quick = options.quick

    if options.case in PRODUCTS:
        sizes = (QUICK_PRODUCTS if quick else PRODUCTS)[options.case]
        call = product(options.library, options.threads, sizes)
    else:
        torch = imported(options.library, options.threads)
        if options.case == "memory":
            call = wide(torch, quick)
            before = peak_memory()
            for _ in range(3):
                call()
            print(peak_memory() - before)
            return
        if options.case == "adamw":
            call = adamw(torch, quick, **({options.option: True} if options.option else {}))
        else:
            call = STEPS[options.case](torch, quick)
    repeats, at_least = (1, 0.005) if quick else (5, 0.1)
    seconds_per_call(call, at_least)
    print(statistics.median(seconds_per_call(call, at_least) for _ in range(repeats)))


if __name__ == "__main__":
    main()
