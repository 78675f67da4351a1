"""`python -m benchmarks [fills] [dense] [models] [diagnostics] [checkpoints]`: beside peers, in ratios."""

from __future__ import annotations

import argparse
from pathlib import Path

import fastinit
from benchmarks import checkpoints, dense, diagnostics, fills, models
from benchmarks.peers import torch

SUITES = {
    "fills": fills.run,
    "dense": dense.run,
    "models": models.run,
    "diagnostics": diagnostics.run,
    "checkpoints": checkpoints.run,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    all_threads = fastinit.get_num_threads()
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and few rounds: shows that it runs, no more"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument(
        "--threads",
        type=int,
        nargs="+",
        default=sorted({1, all_threads}),
        help="default: 1 and all; dense, models and diagnostics: the most",
    )
    of_fills = parser.add_argument_group("fills")
    of_fills.add_argument(
        "--fills", nargs="+", choices=fills.FILLS, default=list(fills.FILLS), metavar="FILL"
    )
    of_fills.add_argument("--dtypes", nargs="+", choices=fills.DTYPES, default=list(fills.DTYPES))
    of_fills.add_argument("--sizes", type=int, nargs="+", help="in values", default=fills.SIZES)
    of_fills.add_argument(
        "--seconds",
        type=float,
        default=240,
        help="about how long they may take, unless peers need more; default: 240",
    )
    of_fills.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw rate against size (needs the extra `plot`)"
    )
    of_checkpoints = parser.add_argument_group("checkpoints")
    of_checkpoints.add_argument(
        "--gigabytes", type=int, nargs="+", default=[1, 4, 16], help="how large; default: 1 4 16"
    )
    of_checkpoints.add_argument(
        "--directory", type=Path, help="on the disk that is to be measured; default: the temporary one's"
    )
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"unknown suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    if options.plot and len(options.sizes) < 2:
        parser.error("--plot draws rate against size: it needs two sizes")
    if options.quick:
        options.sizes = [size for size in options.sizes if size <= 2**16]
    return options


def main() -> None:
    options = arguments()
    print(f"fastinit {fastinit.__version__} beside torch {torch.__version__}")
    fastinit.show_config()
    for name in options.suites or SUITES:
        for table in SUITES[name](options):
            if options.markdown:
                print(table.markdown())
            else:
                table.print()


if __name__ == "__main__":
    main()
