"""Times one library's training step and prints the seconds: without and with the optimiser's update.

PyTorch and fastinit run the same text; NumPy's step is what one would write by hand.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import statistics
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import seconds_per_call

Step = Callable[[], object]


def steps_with_modules(library: str, threads: int, sizes: list[int], batch: int) -> list[Step]:
    """The step as PyTorch's users write it; `library` is torch or fastinit."""
    torch = importlib.import_module(library)
    nn = torch.nn
    torch.set_num_threads(threads)
    layers: list[object] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)
    inputs = torch.rand(batch, sizes[0])

    def forward_backward() -> None:
        net(inputs).sum().backward()

    def train() -> None:
        optimizer.zero_grad()
        net(inputs).sum().backward()
        optimizer.step()

    return [forward_backward, train]


def steps_by_hand(threads: int, sizes: list[int], batch: int) -> list[Step]:
    """The same step in plain NumPy, gradients accumulated as the libraries do."""
    threadpool_limits(threads)
    generator = np.random.default_rng(0)
    inputs = generator.random((batch, sizes[0]), np.float32)
    weights = [
        generator.random((fan_out, fan_in), np.float32) / np.float32(fan_in)
        for fan_in, fan_out in itertools.pairwise(sizes)
    ]
    biases = [np.zeros(weight.shape[0], np.float32) for weight in weights]
    weight_grads = [np.zeros_like(weight) for weight in weights]
    bias_grads = [np.zeros_like(bias) for bias in biases]

    def forward_backward() -> None:
        activations = [inputs]
        for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            output = activations[-1] @ weight.T + bias
            activations.append(np.maximum(output, 0) if k + 1 < len(weights) else output)
        activations[-1].sum()
        grad = np.ones_like(activations[-1])
        for k in reversed(range(len(weights))):
            weight_grads[k] += grad.T @ activations[k]
            bias_grads[k] += grad.sum(0)
            if k:
                grad = (grad @ weights[k]) * (activations[k] > 0)

    def train() -> None:
        for grad in weight_grads + bias_grads:
            grad.fill(0)
        forward_backward()
        for parameter, grad in zip(weights + biases, weight_grads + bias_grads, strict=True):
            np.subtract(parameter, np.float32(1e-6) * grad, out=parameter)

    return [forward_backward, train]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=["fastinit", "torch", "numpy"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("threads", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("sizes", type=int, nargs="+")
    options = parser.parse_args()
    if options.library == "numpy":
        steps = steps_by_hand(options.threads, options.sizes, options.batch)
    else:
        steps = steps_with_modules(options.library, options.threads, options.sizes, options.batch)
    repeats, at_least = (2, 0.01) if options.quick else (7, 0.1)
    for step in steps:
        seconds_per_call(step, at_least)
        print(statistics.median(seconds_per_call(step, at_least) for _ in range(repeats)))


if __name__ == "__main__":
    main()
