"""The notebook of the tutorial is the tutorial, and runs."""

import importlib.util
from types import ModuleType

import pytest

from reference.pages import ROOT, steps

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

PAGE = ROOT / "docs" / "tutorial.md"
NOTEBOOK = ROOT / "examples" / "tutorial.ipynb"


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "docs" / "notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def printed_by(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def code_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_its_cells_are_those_of_the_page() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    made = maker().notebook(PAGE, NOTEBOOK.parent)
    assert [(cell.cell_type, cell.source) for cell in stored.cells] == [
        (cell.cell_type, cell.source) for cell in made.cells
    ]
    assert [cell.source + "\n" for cell in code_of(made)] == [step.code for step in steps("docs/tutorial.md")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what the kernel's client is made of
def test_it_runs_and_prints_and_draws_what_the_page_shows() -> None:
    run = code_of(maker().run(maker().notebook(PAGE, NOTEBOOK.parent)))
    assert [printed_by(cell) or None for cell in run] == [step.printed for step in steps("docs/tutorial.md")]
    outputs = [output for cell in run for output in cell.outputs]
    drawn = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(drawn) == PAGE.read_text().count("![")
