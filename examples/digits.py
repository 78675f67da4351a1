"""Handwritten digits under several initialisations: what the first values of the weights do to training.

Trains one multilayer perceptron on scikit-learn's load_digits (1797 images of 8 x 8) once per initialisation,
prints the test accuracies and draws the loss curves. Zeros fail: every hidden unit computes the same
thing, and keeps doing so.

    pip install 'fastinit[plot]' scikit-learn
    python examples/digits.py --plot digits.png
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import fastinit
from fastinit import nn

INITIALISERS: dict[str, Callable[[fastinit.Tensor], object]] = {
    "zeros": nn.init.zeros_,
    "normal 0.01": lambda weight: nn.init.normal_(weight, std=0.01),
    "xavier": nn.init.xavier_uniform_,
    "kaiming": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "masked uniform": lambda weight: nn.init.masked_uniform_(weight, -0.3, 0.3, 0.15),
}


def nudged(images: np.ndarray) -> np.ndarray:
    """The images as they are, and moved by one pixel in each of the four directions: five times as many."""
    framed = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moves = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)]
    return np.concatenate([framed[:, y : y + 8, x : x + 8] for y, x in moves]).reshape(-1, 64)


def load(seed: int) -> tuple[fastinit.Tensor, ...]:
    """Pixels in [0, 1] and labels: training images and labels, test images and labels."""
    digits = load_digits()
    pixels = (digits.data / 16).astype(np.float32)
    images, test_images, labels, test_labels = train_test_split(
        pixels, digits.target, test_size=0.2, stratify=digits.target, random_state=seed
    )
    parts = nudged(images), np.tile(labels, 5), test_images, test_labels
    return tuple(fastinit.tensor(part) for part in parts)


def accuracy(net: nn.Module, images: fastinit.Tensor, labels: fastinit.Tensor) -> float:
    """The share of images whose most likely class is the right one."""
    with fastinit.no_grad():
        return (net(images).argmax(dim=1) == labels).float().mean().item()


def train(
    initialise: Callable[[fastinit.Tensor], object], epochs: int, seed: int
) -> tuple[list[float], float]:
    """Trains from the given first weights; returns the training loss of each epoch, and the test accuracy."""
    fastinit.manual_seed(seed)
    images, labels, test_images, test_labels = load(seed)
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    for module in net:
        if isinstance(module, nn.Linear):
            initialise(module.weight)
            nn.init.zeros_(module.bias)

    optimizer = fastinit.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in fastinit.randperm(len(images)).split(64):
            optimizer.zero_grad()
            loss = criterion(net(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(images))
    return losses, accuracy(net, test_images, test_labels)


def plot(curves: dict[str, list[float]], path: Path) -> None:
    """Draws one loss curve per initialisation."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    styles = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]
    for (name, losses), style in zip(curves.items(), styles, strict=True):
        axes.semilogy(range(1, len(losses) + 1), losses, linestyle=style, label=name)
    axes.set(
        xlabel="epoch", ylabel="training loss (cross-entropy)", title="Digits: one network, five first values"
    )
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Trains once per initialisation and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="save the loss curves as a picture (.png, .svg, .pdf)"
    )
    options = parser.parse_args()

    curves = {}
    print(f"{'initialisation':<16}{'first loss':>12}{'last loss':>12}{'test accuracy':>16}")
    for name, initialise in INITIALISERS.items():
        losses, test_accuracy = train(initialise, options.epochs, options.seed)
        curves[name] = losses
        print(f"{name:<16}{losses[0]:>12.4f}{losses[-1]:>12.6f}{test_accuracy:>15.1%}")
    if options.plot:
        plot(curves, options.plot)
        print(f"loss curves: {options.plot}")


if __name__ == "__main__":
    main()
