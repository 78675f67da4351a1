"""Runs dieharder (a package of Debian) on the stream's words; docs/statistics.md says what came out.

`python tests/long/dieharder.py results.txt` takes hours. Each line of the results is one p-value: the order
of the words, the test, its n-tuple, the samples of a p-value, the p-values joined in it, the p-value,
dieharder's word for it, the bytes that the run read, and the block that it began at. No two tests of an order
read the same words.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from words import ORDERS

# Test numbers and n-tuples of `dieharder -a`, without 14, which its authors say not to use. The lagged sums
# come last: they read nine tenths of all bytes. The lags of a multiple of 4 words are those of whole blocks.
TESTS = [(test, None) for test in (*range(14), 15, 16, 17, 100, 101, 102, 204, 205, 206, 207, 208, 209)]
TESTS += [(200, n) for n in range(1, 13)] + [(201, n) for n in range(2, 6)] + [(202, n) for n in range(2, 6)]
TESTS += [(203, n) for n in (0, 3, 31, 1, 7, 15, 2, *range(4, 7), *range(8, 15), *range(16, 31), 32)]
APART = 2**36  # blocks between the beginnings of two tests, 1 TiB: more than any reads


def run(order: str, test: int, n: int | None, first_block: int, multiply: int) -> list[str]:
    """The lines of one test's p-values."""
    producer = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("words.py"), order, "--first-block", str(first_block)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    command = ["dieharder", "-g", "200", "-d", str(test), "-m", str(multiply)]
    if n is not None:
        command += ["-n", str(n)]
    output = subprocess.run(command, stdin=producer.stdout, check=True, capture_output=True, text=True).stdout
    producer.stdout.close()
    size = producer.communicate()[1].strip()
    found = [[field.strip() for field in line.split("|")] for line in output.splitlines()]
    return [
        " ".join([order, *fields, size, str(first_block)])
        for fields in found
        if len(fields) == 6 and not fields[0].startswith(("#", "test_name"))
    ]


def summary(results: Path) -> str:
    """What the results say of each order, as a table in Markdown."""
    lines = ["| words | runs | read, 2^30 bytes | p-values | least | largest | weak | failed |"]
    lines.append("| --- |" + " ---: |" * 7)
    rows = [line.split() for line in results.read_text().splitlines()]
    for order in ORDERS:
        of_order = [row for row in rows if row[0] == order]
        runs = {(row[1], row[-1]): int(row[-2]) for row in of_order}
        p = sorted(float(row[5]) for row in of_order)
        weak, failed = (sum(row[6] == word for row in of_order) for word in ("WEAK", "FAILED"))
        read = sum(runs.values()) / 2**30
        fields = (
            order,
            len(runs),
            f"{read:.0f}",
            len(p),
            f"{p[0]:.2g}",
            f"1 - {1 - p[-1]:.2g}",
            weak,
            failed,
        )
        lines.append(f"| {' | '.join(map(str, fields))} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, help="the file that the lines are added to")
    parser.add_argument("--orders", nargs="+", choices=ORDERS, default=list(ORDERS))
    parser.add_argument("--tests", nargs="+", type=int, help="test numbers; default: all")
    parser.add_argument("--ntuples", nargs="+", type=int, help="only these n-tuples; default: all")
    parser.add_argument("--multiply", type=int, default=1, help="so many times the p-values in each result")
    parser.add_argument("--summary", action="store_true", help="run nothing: a table of what the file holds")
    options = parser.parse_args()
    if options.summary:
        print(summary(options.results))
        return
    for index, (test, n) in enumerate(TESTS):
        if (options.tests and test not in options.tests) or (options.ntuples and n not in options.ntuples):
            continue
        for order in options.orders:
            first_block = index * APART + (APART // 2 if options.multiply > 1 else 0)
            for line in run(order, test, n, first_block, options.multiply):
                with options.results.open("a") as results:
                    results.write(line + "\n")


if __name__ == "__main__":
    main()
