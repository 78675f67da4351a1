"""Writing a checkpoint of any size: every file whole or not at all, and what is complete never done twice."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..recipe import Recipe, RecipeError
from .engines import Engine, engine_called
from .errors import EngineError
from .header import INDEX
from .job import FOLDER, Job
from .manifest import MANIFEST, Manifest
from .plan import MAX_SHARD_SIZE, File, Part, Plan
from .record import Record, summaries
from .sizes import format_bytes, parse_bytes
from .store import Store, open_store
from .task import JOB, Progress, Task, parts_name, record_name, span, staged_name, write_part

_MODEL = re.compile(r"model(-\d{5,}-of-\d{5,})?\.safetensors")


def write(
    recipe: Recipe,
    directory: str | os.PathLike[str],
    *,
    seed: int = 0,
    force: bool = False,
    resume: bool = False,
    max_shard_size: int | str = MAX_SHARD_SIZE,
    max_memory: int | str | None = None,
    engine: Engine | str = "local",
    options: Mapping[str, Any] | None = None,
    progress: Progress = lambda _: None,
) -> Manifest:
    """Writes the initial checkpoint of a recipe: safetensors files, their index, and a manifest.

    The same recipe and seed give the same files, byte for byte, whoever writes them. They lie in a folder of
    their own until all are complete and on the disk; then each gets its name, the index last. Until then, and
    after any error, what was in the directory stays as it was. The memory taken does not grow with the
    checkpoint.

    Args:
        recipe: a recipe that lists its tensors.
        directory: where the files go, a path or an address that `fsspec` knows; made where it is missing.
            With an engine of several machines, each of them must reach it.
        seed: the seed of every tensor's stream, a 64-bit int.
        force: whether another checkpoint in the directory, or the beginning of one, may be replaced.
        resume: whether to go on with what an interrupted call has left: files that are complete are kept.
            Where nothing is left, it starts; where all is there, it only looks.
        max_shard_size: how many bytes of values a file may hold, as a number or as `"5GB"`.
        max_memory: what making a matrix may take where an initialiser is not elementwise (`orthogonal_`),
            beside the buffers; None: whatever it takes.
        engine: `"local"`: the threads of this process; `"dask"`, `"ray"`, or an `Engine`.
        options: what `fsspec` takes beside an address (its `storage_options`).
        progress: called with the bytes of each piece that is done.

    Returns:
        The manifest: what each tensor's bytes are.

    Raises:
        RecipeError: the recipe lists no tensors, or a matrix takes more than `max_memory`.
        ValueError: the seed is no 64-bit int, a size is none, or there is no such engine.
        FileExistsError: there is a checkpoint, and neither `force` nor `resume` was given; or what `resume`
            finds has another recipe, seed or shard size.
        BlockingIOError: another process is writing to the directory.
        EngineError: the workers that tried a task have died, or a result is missing.
        OSError: the disk is full, or the directory cannot be made or written in.

    Draws: each tensor from position 0 of `Generator(seed=seed).fork(name)`; no other generator moves.

    Source: fastinit's own, in the safetensors format; see docs/checkpoints.md.
    """
    job = Job.of(recipe, seed, max_shard_size)
    _check_memory(job.plan, recipe, max_memory)
    runner = engine_called(engine) if isinstance(engine, str) else engine
    store = open_store(directory, options)
    store.make()
    with store.lock():
        old = _look(store, job, force, resume)
        if old is not None and _intact(store, old):
            progress(sum(file.data_bytes for file in job.plan.files))
            return old
        with _working(store, job):
            records = _fill(store, job, old, runner, options or {}, progress)
            found = summaries(records[number] for number in sorted(records))
            manifest = Manifest(store.url, job, found if old is None else old.tensors)
            _publish(store, manifest, old)
    return manifest


def unfinished(store: Store) -> list[str]:
    """The folders of checkpoints that have been begun in a directory."""
    return [name for name in store.names() if name.startswith(FOLDER)]


def _check_memory(plan: Plan, recipe: Recipe, most: int | str | None) -> None:
    nbytes, name = plan.largest_matrix
    if most is not None and nbytes > parse_bytes(most):
        source = recipe.source or "recipe"
        raise RecipeError(
            f'{source}: tensor "{name}": {recipe.assignments[str(name)].initialiser} makes '
            f"whole matrices, and takes {format_bytes(nbytes)} for one, more than the "
            f"{format_bytes(parse_bytes(most))} that are allowed (--max-memory)"
        )


def _look(store: Store, job: Job, force: bool, resume: bool) -> Manifest | None:
    """Decides by what is in the directory whether to begin; returns the manifest if it is this very job's."""
    begun = unfinished(store)
    there = [name for name in store.names() if name in (INDEX, MANIFEST) or _MODEL.fullmatch(name)]
    if resume and MANIFEST in there:
        manifest = Manifest.read(store)
        if manifest.job == job:
            return manifest
    if resume and job.folder in begun:
        return None
    if force:
        for folder in begun:
            store.remove(folder)
        return None
    if begun:
        why = "has another recipe, seed or shard size" if resume else "resume (--resume) goes on with"
        raise FileExistsError(
            f"{store.url} holds the beginning of a checkpoint, which {why}; force (--force) replaces it"
        )
    if there:
        raise FileExistsError(f"{store.path(there[0])} exists, and is kept without force (--force)")
    return None


def _intact(store: Store, manifest: Manifest) -> bool:
    """Whether all that a manifest lists is there, as far as sizes tell, and nothing is left to be done."""
    plan = manifest.job.plan
    index = None if store.size(INDEX) is None else store.read(INDEX)
    sizes = all(store.size(file.name) == file.nbytes for file in plan.files)
    return sizes and index == plan.index and manifest.job.folder not in unfinished(store)


@contextmanager
def _working(store: Store, job: Job) -> Iterator[None]:
    """The job's folder, while the block lasts; after an error it stays if anything in it is complete."""
    store.make(job.folder)
    try:
        for name in store.names(job.folder):
            if name.startswith("."):  # what a killed process was about to write
                store.remove(f"{job.folder}/{name}")
        store.write(f"{job.folder}/{JOB}", json.dumps(job.to_dict()).encode())
        yield
    except BaseException:
        with suppress(OSError):  # the error is what matters
            if not any(name.startswith("part-") for name in store.names(job.folder)):
                store.remove(job.folder)
        raise


def _fill(
    store: Store,
    job: Job,
    old: Manifest | None,
    runner: Engine | None,
    options: Mapping[str, Any],
    progress: Progress,
) -> dict[int, Record]:
    """Writes the parts that are not there yet; returns the records of all."""
    records = _records(store, job)
    todo = _missing(store, job, records, old)
    _check_room(store, job, todo)
    if old is None and not store.renames:
        _retract(store)
    left = sum(part.stop - part.start for part in (job.plan.parts[number] for number in todo))
    progress(sum(file.data_bytes for file in job.plan.files) - left)
    if runner is None:
        for number in todo:
            records[number] = write_part(store, job, number, progress)
    else:
        tasks = [_task(store, job, number, options) for number in todo]
        for place, text in runner.run(tasks):
            records[todo[place]] = Record.from_text(text)
            part = job.plan.parts[todo[place]]
            progress(part.stop - part.start)
    lost = len(set(todo) - records.keys())
    if lost:
        raise EngineError(f"the engine has given no result of {lost} of {len(todo)} tasks")
    return records


def _records(store: Store, job: Job) -> dict[int, Record]:
    names = set(store.names(job.folder))
    records = {}
    for number in range(len(job.plan.parts)):
        if record_name(job, number).rpartition("/")[2] in names:
            with suppress(ValueError):  # one that is none counts for none
                records[number] = Record.from_text(store.read(record_name(job, number)))
    return records


def _missing(store: Store, job: Job, records: dict[int, Record], old: Manifest | None) -> list[int]:
    """The parts that are to be made; a record of one whose bytes are gone is dropped."""
    named = _named(store, job, old)
    todo = []
    for number, part in enumerate(job.plan.parts):
        file = job.plan.files[part.file]
        known = number in records or old is not None
        if known and _complete(store, job, file, named):
            continue
        if number in records:
            if _has_part(store, job, file, part):
                continue
            del records[number]
            store.remove(record_name(job, number))
        todo.append(number)
    return todo


def _named(store: Store, job: Job, old: Manifest | None) -> bool:
    """Whether a file that has its final name can be this job's, and not one that is to be replaced."""
    return old is not None or store.size(f"{job.folder}/{_PUBLISHING}") is not None


def _complete(store: Store, job: Job, file: File, named: bool) -> bool:
    staged = store.size(staged_name(store, job, file)) == file.nbytes
    return staged or (named and store.size(file.name) == file.nbytes)


def _has_part(store: Store, job: Job, file: File, part: Part) -> bool:
    first, last = span(file, part)
    return not file.whole and store.has_part(parts_name(job, file), first, last - first)


def _check_room(store: Store, job: Job, todo: list[int]) -> None:
    parts = [job.plan.parts[number] for number in todo]
    needed = sum(last - first for first, last in (span(job.plan.files[part.file], part) for part in parts))
    free = store.free()
    if free is not None and free < needed:
        raise OSError(
            f"what is to be written to {store.url} takes {needed:,} bytes, "
            f"but its disk has only {free:,} free"
        )


def _task(store: Store, job: Job, number: int, options: Mapping[str, Any]) -> Task:
    url = store.url if "://" in store.url else str(Path(store.url).absolute())
    return Task(url, json.dumps(dict(options), sort_keys=True), job.folder, number)


_PUBLISHING = "publishing"


def _publish(store: Store, manifest: Manifest, old: Manifest | None) -> None:
    """Gives the files their names, now that all are complete; can be cut off anywhere, and done again."""
    job = manifest.job
    files = job.plan.files
    named = _named(store, job, old)
    for file in files:
        if not file.whole and not _complete(store, job, file, named):
            first = [span(file, part)[0] for part in job.plan.parts if files[part.file] is file]
            store.join(parts_name(job, file), first, staged_name(store, job, file))
    for file in files:
        if not _complete(store, job, file, named):
            raise FileNotFoundError(
                f"{store.path(file.name)} has gone while the checkpoint was written; what is complete is "
                "kept: go on with resume (--resume)"
            )
    store.write(f"{job.folder}/{_PUBLISHING}", b"")
    if old is None:
        _retract(store)
    for file in files:
        staged = staged_name(store, job, file)
        if staged != file.name and store.size(staged) is not None:
            store.rename(staged, file.name)
    for name in store.names():
        if _MODEL.fullmatch(name) and name not in manifest.files:
            store.remove(name)
    _write(store, job, MANIFEST, manifest.to_text().encode())
    if job.plan.index is None:
        store.remove(INDEX)
    else:
        _write(store, job, INDEX, job.plan.index)
    store.remove(job.folder)


def _write(store: Store, job: Job, name: str, data: bytes) -> None:
    """Writes a whole file by way of the job's folder, where what a killed process leaves is found again."""
    if store.renames:
        store.write(f"{job.folder}/{name}", data)
        store.rename(f"{job.folder}/{name}", name)
    else:
        store.write(name, data)


def _retract(store: Store) -> None:
    """Removes what vouches for the files of another checkpoint, before the first of them is replaced."""
    store.remove(INDEX)
    store.remove(MANIFEST)
