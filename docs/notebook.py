"""Makes a notebook of a page: its text and its code, run from top to bottom.

python docs/notebook.py docs/tutorial.md examples/tutorial.ipynb
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"^!\[.*?\]\(.*?\)\n", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:|#)([^)]+)\)")


def notebook(page: Path, where: Path) -> nbformat.NotebookNode:
    """The page as a notebook that has not run: what the code prints and draws is left out.

    Args:
        page: of Markdown.
        where: the folder that the notebook is for, from which its links lead.
    """
    text = page.read_text()
    cells, done = [], 0
    for block in BLOCK.finditer(text):
        cells.append(new_markdown_cell(_prose(text[done : block.start()], page, where)))
        if block[1] == "python":
            cells.append(new_code_cell(block[2].rstrip("\n")))
        elif block[1] != "output":
            cells.append(new_markdown_cell(block[0].rstrip("\n")))
        done = block.end()
    cells.append(new_markdown_cell(_prose(text[done:], page, where)))
    cells = [cell for cell in cells if cell.source]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # nbformat's own are random
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def run(made: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Runs a notebook in a kernel of its own; what differs from run to run is left out.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
    """
    NotebookClient(made, timeout=120, kernel_name="python3").execute()
    for cell in made.cells:
        cell.metadata.pop("execution", None)
    made.metadata.language_info = {"name": "python"}
    return made


def _prose(text: str, page: Path, where: Path) -> str:
    """The text, without its pictures, which the code draws; links lead from the notebook's folder."""

    def moved(link: re.Match[str]) -> str:
        target, hash_, anchor = link[1].partition("#")
        path = os.path.relpath(page.parent / target, where)
        return f"]({Path(path).as_posix()}{hash_}{anchor})"

    return LINK.sub(moved, PICTURE.sub("", text)).strip()


def main() -> None:
    """Reads the page, runs the notebook, writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    nbformat.write(run(notebook(options.page, options.out.parent)), options.out)


if __name__ == "__main__":
    main()
