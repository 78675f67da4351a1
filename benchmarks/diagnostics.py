"""What diagnostics cost: figures beside a reading of the checkpoint, propagation beside a step without it."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastinit
from benchmarks.peers import torch
from benchmarks.report import Table
from benchmarks.timing import Peer, by_turns
from fastinit import checkpoint
from fastinit.diagnostics import parameters, propagation
from fastinit.recipe import Recipe

GPT2 = Path(__file__).parents[1] / "examples" / "gpt2.toml"
TINY = {"n_layer": 2, "n_embd": 48, "n_positions": 32, "n_vocab": 96}

Model = tuple[Any, Any]


def run(options: argparse.Namespace) -> Iterator[Table]:
    threads = max(options.threads)
    torch.set_num_threads(threads)
    fastinit.set_num_threads(threads)
    yield figures(options.quick, threads)
    yield propagations(options.quick, threads)


def figures(quick: bool, threads: int) -> Table:
    """GPT-2's checkpoint: reading it, and the parameters' figures with and without their spectra."""
    table = Table(
        f"diagnostics.parameters of GPT-2's checkpoint, {threads} threads, medians",
        ["10^6 values", "way", "s", "beyond reading, s"],
    )
    with tempfile.TemporaryDirectory() as directory:
        recipe = Recipe.from_toml(GPT2, variables=TINY if quick else None)
        checkpoint.write(recipe, Path(directory) / "gpt2", seed=0)
        opened = checkpoint.Checkpoint(Path(directory) / "gpt2")
        ways: dict[str, Callable[[], object]] = {
            "read": lambda: [opened.read(name).max() for name in opened.tensors],
            "without spectra": lambda: parameters(opened, spectra=False),
            "parameters": lambda: parameters(opened),
        }
        peers = {name: Peer(call) for name, call in ways.items()}
        timings = by_turns(peers, rounds=1 if quick else 5, at_least=0, patience=float("inf"))
        size = sum(each.entry.numel for each in opened.tensors.values()) / 1e6
        for way in ways:
            seconds = timings.median(way)
            table.row(size, way, seconds, seconds - timings.median("read"))
    return table


def propagations(quick: bool, threads: int) -> Table:
    """Forward and backward with a loss, plainly and measured at every layer."""
    table = Table(
        f"diagnostics.propagation, {threads} threads, medians", ["model", "plain ms", "measured / plain"]
    )
    for name, (module, inputs) in models(quick).items():
        peers = {
            "plain": Peer(lambda module=module, inputs=inputs: step(module, inputs)),
            "measured": Peer(lambda module=module, inputs=inputs: propagation(module, inputs, mean_square)),
        }
        timings = by_turns(
            peers, rounds=2 if quick else 15, at_least=0.001 if quick else 0.05, patience=float("inf")
        )
        table.row(name, timings.median("plain") * 1e3, 1 / timings.ratio("measured", to="plain"))
    return table


def models(quick: bool) -> dict[str, Model]:
    """Each model, and what it is called with."""
    from transformers import GPT2Config, GPT2LMHeadModel

    wide, layers = (64, 2) if quick else (1024, 8)
    encoder = torch.nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    gpt2 = GPT2Config(
        n_layer=layers // 2, n_embd=256, n_head=4, vocab_size=5000, bos_token_id=0, eos_token_id=0
    )
    return {
        f"fastinit, {layers} x {wide}, batch 256": perceptron(fastinit, layers, wide, 256),
        f"torch, {layers} x {wide}, batch 256": perceptron(torch, layers, wide, 256),
        "fastinit, 50 x 100, batch 64": perceptron(fastinit, 50, 100, 64),
        "torch, 50 x 100, batch 64": perceptron(torch, 50, 100, 64),
        "torch, Transformer encoder": (torch.nn.TransformerEncoder(encoder, 4), torch.randn(8, 64, 128)),
        "transformers, GPT-2": (GPT2LMHeadModel(gpt2), {"input_ids": torch.randint(0, 5000, (4, 128))}),
    }


def perceptron(library: Any, layers: int, width: int, batch: int) -> Model:
    nn = library.nn
    stack = [layer for _ in range(layers) for layer in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(*stack), library.randn(batch, width)


def mean_square(output: Any) -> Any:
    output = getattr(output, "logits", output)
    return (output * output).mean()


def step(module: Any, inputs: Any) -> None:
    output = module(**inputs) if isinstance(inputs, dict) else module(inputs)
    mean_square(output).backward()
    for parameter in module.parameters():
        parameter.grad = None
