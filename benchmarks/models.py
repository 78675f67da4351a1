"""Modules of PyTorch's, constructed plainly and within `fast_init`, beside a first touch of their memory."""

from __future__ import annotations

import argparse
import gc
import math
from collections.abc import Callable, Iterator

import numpy as np

import fastinit
from benchmarks.peers import torch
from benchmarks.report import Table
from benchmarks.timing import Peer, Timings, by_turns

Build = Callable[[], torch.nn.Module]
ROUNDS = 5


class Truncated(torch.nn.Module):
    """A square matrix that starts as vision transformers and many others do."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(side, side))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        torch.nn.init.trunc_normal_(self.weight)


def run(options: argparse.Namespace) -> Iterator[Table]:
    threads = max(options.threads)
    torch.set_num_threads(threads)
    fastinit.set_num_threads(threads)
    yield constructions(options.quick, threads)
    yield calls(options.quick, threads)


def models(quick: bool) -> dict[str, Build]:
    """How each model is constructed, from its configuration alone."""
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    if quick:
        gpt2 = GPT2Config(n_layer=2, n_embd=64, n_head=2, vocab_size=500, bos_token_id=0, eos_token_id=0)
        sizes = {"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128, "vocab_size": 500}
    else:
        gpt2 = GPT2Config()
        sizes = {
            "hidden_size": 2048, "num_hidden_layers": 16, "intermediate_size": 8192, "vocab_size": 128256,
        }  # fmt: skip
    llama = LlamaConfig(**sizes, num_attention_heads=32, num_key_value_heads=8, tie_word_embeddings=True)
    return {
        "GPT-2": lambda: GPT2LMHeadModel(gpt2),
        "Llama": lambda: LlamaForCausalLM(llama),
        "trunc_normal_": lambda: Truncated(100 if quick else 10_000),
    }


def constructions(quick: bool, threads: int) -> Table:
    """Each model made plainly, within `fast_init(0)`, within `fast_init(0, lazy=True)`, and its floor.

    The floor is the same model made without memory, given it, and zeroed in place.
    """
    table = Table(
        f"Construction of a model, float32, {threads} threads, medians",
        ["model", "10^6 values", "way", "s", "plain / it", "it / floor"],
    )
    for name, build in models(quick).items():
        millions, timings = construction(build, 1 if quick else ROUNDS)
        for way in timings.seconds:
            ratios = timings.ratio(way, to="plain"), timings.ratio("floor", to=way)
            table.row(name, millions, way, timings.median(way), *ratios)
    return table


def construction(build: Build, rounds: int) -> tuple[float, Timings]:
    """The size of a model in 10^6 values, and the times of its constructions.

    Each begins with no other model in memory, and with as much free memory as it needs that has been in use
    a moment ago. The host of a virtual machine may take free memory away and give it back, slowly, at the
    next touch: without that, a turn would pay for the host, or not, by how long ago others had their turns.
    """
    from fastinit.interop.torch import fast_init

    held: list[torch.nn.Module] = []
    with torch.device("meta"):
        size = sum(parameter.numel() for parameter in build().parameters())

    def fast(lazy: bool) -> torch.nn.Module:
        with fast_init(0, lazy=lazy):
            return build()

    def free() -> None:
        held.clear()
        gc.collect()
        fastinit.nn.init.zeros_(np.empty(2 * size, np.float32))

    builds = {
        "plain": build,
        "fast_init": lambda: fast(lazy=False),
        "fast_init, lazy": lambda: fast(lazy=True),
        "floor": lambda: zeroed(build),
    }
    peers = {name: Peer(lambda make=make: held.append(make()), prepare=free) for name, make in builds.items()}
    timings = by_turns(peers, rounds=rounds, at_least=0, patience=math.inf)
    return size / 1e6, timings


def zeroed(build: Build) -> torch.nn.Module:
    with torch.device("meta"):
        model = build()
    model.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.zero_()
    return model


def calls(quick: bool, threads: int) -> Table:
    """One row per size: a call of the same name on a Parameter that has been written before."""
    table = Table(
        f"init.kaiming_uniform_ of a Parameter, float32, {threads} threads",
        ["shape", "fastinit us", "x torch"],
    )
    for shape in ((3, 4), (64, 64) if quick else (8192, 8192)):
        parameter = torch.nn.Parameter(torch.zeros(shape))
        peers = {
            name: Peer(lambda init=init, tensor=parameter: init.kaiming_uniform_(tensor))
            for name, init in (("fastinit", fastinit.nn.init), ("torch", torch.nn.init))
        }
        timings = by_turns(
            peers, rounds=2 if quick else 9, at_least=0.001 if quick else 0.02, patience=math.inf
        )
        row = timings.median("fastinit") * 1e6, timings.ratio("fastinit", to="torch")
        table.row(" x ".join(map(str, shape)), *row)
    return table
