"""Runs the cases of `distributed_cases` in groups of processes: `python ranks.py folder size...`.

PyTorch is imported once; each process of a group is a fork. Of each rank, `folder/size-rank.json` says which
cases it has finished, with the traceback of the one that failed, after which it goes no further.
"""

import faulthandler
import json
import multiprocessing
import sys
import traceback
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

import fastinit
from interop.torch.distributed_cases import CASES

SECONDS = 100


def run(rank: int, size: int, folder: Path) -> None:
    outcomes: dict[str, str] = {}
    with (folder / f"{size}-{rank}.log").open("w") as log:
        faulthandler.dump_traceback_later(SECONDS - 10, exit=True, file=log)
        torch.set_num_threads(1)
        fastinit.set_num_threads(1)
        dist.init_process_group(
            "gloo",
            init_method=f"file://{folder}/{size}-store",
            rank=rank,
            world_size=size,
            timeout=timedelta(seconds=30),
        )
        for name, case in CASES.items():
            try:
                case()
                outcomes[name] = "passed"
            except BaseException:
                outcomes[name] = traceback.format_exc()
            (folder / f"{size}-{rank}.json").write_text(json.dumps(outcomes))
            if outcomes[name] != "passed":
                return  # the others wait for this rank, and will say so
        dist.destroy_process_group()


def main(folder: Path, sizes: list[int]) -> None:
    torch.compile(torch.nn.Module(), backend="eager")  # what that imports is imported once

    fork = multiprocessing.get_context("fork")
    for size in sizes:
        processes = [fork.Process(target=run, args=(rank, size, folder)) for rank in range(size)]
        for each in processes:
            each.start()
        for each in processes:
            each.join(SECONDS)
            each.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]])
