"""What decides every byte of a checkpoint, as it is written down for those who make a part of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .. import STREAM_VERSION, __version__
from ..random import Generator
from ..recipe import Recipe
from .plan import Plan, plan
from .sizes import parse_bytes

FORMAT = 1
"""The version of the manifest's form."""

FOLDER = ".fastinit-"
"""How the folder of an unfinished checkpoint begins; the job's name follows."""


@dataclass(frozen=True)
class Job:
    """A recipe and a seed, and how large a file may be. Jobs are equal if they give the same bytes.

    Args:
        recipe: the recipe.
        seed: the seed of every tensor's stream.
        max_shard_size: the most bytes of values in a file.
    """

    recipe: Recipe
    seed: int
    max_shard_size: int

    @classmethod
    def of(cls, recipe: Recipe, seed: int, max_shard_size: int | str) -> Job:
        """The job that writes the checkpoint of a recipe and a seed.

        Raises:
            ValueError: the seed is no 64-bit int, or `max_shard_size` no size.
        """
        return cls(recipe, Generator(seed=seed).initial_seed(), parse_bytes(max_shard_size))

    @classmethod
    def from_dict(cls, document: Any) -> Job:
        """Reads a job from what `to_dict` gave, other keys beside it.

        Raises:
            ValueError: it is none, or of another version of fastinit or of its stream.
        """
        if not isinstance(document, dict):
            raise ValueError("it is not a JSON object")
        kinds = {"recipe": str, "seed": int, "max_shard_size": int, "stream_version": int, "format": int}
        for key, kind in kinds.items():
            if not isinstance(document.get(key), kind) or isinstance(document[key], bool):
                raise ValueError(f'"{key}" is missing, or is not a {kind.__name__}')
        for key, known in (("format", FORMAT), ("stream_version", STREAM_VERSION)):
            if document[key] != known:
                raise ValueError(
                    f"its {key} is {document[key]}, and that of fastinit {__version__} is {known}"
                )
        recipe = Recipe.from_text(document["recipe"], source="the manifest's recipe")
        if document.get("recipe_digest") != recipe.digest():
            raise ValueError("its recipe has not the digest that stands beside it")
        return cls.of(recipe, document["seed"], document["max_shard_size"])

    def to_dict(self) -> dict[str, Any]:
        """The job as JSON holds it."""
        return {
            "format": FORMAT,
            "stream_version": STREAM_VERSION,
            "fastinit": __version__,
            "seed": self.seed,
            "max_shard_size": self.max_shard_size,
            "recipe": self.recipe.to_toml(),
            "recipe_digest": self.recipe.digest(),
        }

    @cached_property
    def plan(self) -> Plan:
        """The files."""
        return plan(self.recipe, self.max_shard_size)

    @cached_property
    def name(self) -> str:
        """What tells this job from another: 16 hexadecimal digits."""
        text = f"{FORMAT} {STREAM_VERSION} {self.seed} {self.max_shard_size} {self.recipe.digest()}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def folder(self) -> str:
        """Where the job's unfinished files lie, in the checkpoint's directory."""
        return FOLDER + self.name
