"""Writing one part of a checkpoint: what an engine calls on this machine or on another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..recipe import Assignment
from .digest import LEAF
from .job import Job
from .plan import File, Part
from .record import Record, Tally
from .store import Sink, Store, open_store
from .stream import Array, Stream
from .values import Values

Progress = Callable[[int], None]
"""Told of each piece that has been filled: its bytes."""

JOB = "job.json"

_NOTHING: Array = np.empty(0, np.uint8)


@dataclass(frozen=True)
class Task:
    """A part of a job, in so few bytes that a million of them can be sent about.

    The job itself is read from the checkpoint's directory, once by each process.

    Args:
        url: the checkpoint's directory.
        options: what `fsspec` takes beside it, as JSON.
        folder: the job's folder in it.
        number: which of the job's parts.
    """

    url: str
    options: str
    folder: str
    number: int

    def run(self) -> str:
        """Writes the part; returns its record. To do it twice, even at once, does no harm."""
        store = open_store(self.url, json.loads(self.options))
        return write_part(store, _job(self.url, self.options, self.folder), self.number).to_text()


@lru_cache(maxsize=4)
def _job(url: str, options: str, folder: str) -> Job:
    return Job.from_dict(json.loads(open_store(url, json.loads(options)).read(f"{folder}/{JOB}")))


def record_name(job: Job, number: int) -> str:
    """Where the record of a part lies."""
    return f"{job.folder}/part-{number:06d}.json"


def staged_name(store: Store, job: Job, file: File) -> str:
    """Where a file lies until all are complete: in the job's folder, unless moving it would copy it."""
    return f"{job.folder}/{file.name}" if store.renames else file.name


def parts_name(job: Job, file: File) -> str:
    """Where the parts of a file lie that several tasks write."""
    return f"{job.folder}/{file.name}"


def write_part(store: Store, job: Job, number: int, progress: Progress = lambda _: None) -> Record:
    """Fills and writes a part of a job's files, and its record when the part is on the disk.

    Raises:
        OSError: the disk is full, or cannot be written to.
    """
    part = job.plan.parts[number]
    file = job.plan.files[part.file]
    if file.whole:
        opened = store.create(staged_name(store, job, file), file.nbytes)
    else:
        first, last = span(file, part)
        opened = store.part(parts_name(job, file), first, last - first)
    with opened as sink:
        record = _fill(sink, job, file, part, progress)
    store.write(record_name(job, number), record.to_text().encode())
    return record


def span(file: File, part: Part) -> tuple[int, int]:
    """The bytes of the file that a part writes: the first one writes the header, too."""
    return (len(file.header) + part.start if part.start else 0), len(file.header) + part.stop


def ranges(file: File, part: Part) -> Iterator[tuple[Assignment, int, int]]:
    """The tensors that have bytes in a part of a file, each with which bytes of it these are."""
    for tensor in file.tensors:
        entry = file.entries[tensor.name]
        low, high = max(entry.start, part.start), min(entry.stop, part.stop)
        if low < high or (low == high and not entry.nbytes):
            yield tensor, low - entry.start, high - entry.start


def _fill(sink: Sink, job: Job, file: File, part: Part, progress: Progress) -> Record:
    tallies: dict[str, Tally] = {}
    with Stream(sink) as stream:
        if part.start == 0:
            stream.write(file.header)
        for tensor, start, stop in ranges(file, part):
            values = Values(tensor, job.seed)
            dtype = tensor.spec.numpy_dtype
            tally = tallies[tensor.name] = Tally(dtype)
            done = start
            while True:
                place: Array = stream.room(stop - done) if done < stop else _NOTHING
                values.fill(place.view(dtype), done // dtype.itemsize)
                tally.add(place, done // LEAF, done + place.size == tensor.spec.nbytes)
                done += place.size
                progress(place.size)
                if done == stop:
                    break
    return Record.of(tallies, file.whole)
