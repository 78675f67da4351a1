"""Makes the pictures of the documentation by running the code that the pages show.

python docs/pictures.py                     writes docs/images, from GPT-2 with 124 million parameters
python docs/pictures.py --quick --out DIR   the same from a tiny GPT-2, in seconds
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import os
import re
import shutil
import tempfile
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from fastinit import checkpoint
from fastinit.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]
PAGES = "pictures.md", "tutorial.md"
QUICK = {"n_layer": 2, "n_embd": 48, "n_positions": 32, "n_vocab": 96}


BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n!\[[^]]*\]\(([^)]+)\))?", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Reads the arguments, and runs the page in a directory of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a tiny GPT-2")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        Path("images").mkdir()
        recipe = Recipe.from_toml(
            ROOT / "examples" / "gpt2.toml", variables=QUICK if arguments.quick else None
        )
        Path("gpt2.toml").write_text(recipe.to_toml())
        checkpoint.write(recipe, "gpt2", seed=0)
        with contextlib.redirect_stdout(io.StringIO()):
            for page in PAGES:
                run(ROOT / "docs" / page)
        for picture in Path("images").iterdir():
            shutil.copy(picture, out)
        os.chdir(ROOT)


def run(page: Path) -> None:
    """Runs a page's Python, in which a figure at a block's end is the picture that comes next.

    The same code writes the same bytes.
    """
    mpl.rcParams["svg.hashsalt"] = "fastinit"
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    names: dict[str, object] = {}
    for code, picture in BLOCK.findall(page.read_text()):
        *statements, last = ast.parse(code).body
        exec(compile(ast.Module(statements, []), page.name, "exec"), names)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), page.name, "eval"), names)
            if isinstance(shown, Figure):
                shown.savefig(picture)
        else:
            exec(compile(ast.Module([last], []), page.name, "exec"), names)


if __name__ == "__main__":
    main()
