"""Run notebooks from top to bottom in a fresh kernel and write their outputs back, with small diffs.

    python -m tools.execute                                  # every one
    python -m tools.execute notebooks/03_corpora.ipynb
    python -m tools.execute --check                          # run, write nothing, only report the seconds

Cell ids stay as they are, times and versions are left out of the metadata, texts of one stream are joined, the first
cell is put to `lmtutorial.colab.first_cell`, and solutions are folded. Of a widget only its stored example stays: its
other half names a model in a kernel that is gone, and a program that shows a notebook would prefer that to the example
(nbval never compares it). A cell that fails stops the run and nothing is written.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from lmtutorial.colab import first_cell
from lmtutorial.files import written_whole
from tools.notebooks import FOLDER, ROOT, WIDGET, appendices, chapters, read

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
SOLUTION_CELL = {
    "cellView": "form",
    "jupyter": {"source_hidden": True},
    "mystnb": {"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"},
}
BUDGET = 90  # seconds a notebook, on two processor cores


def execute(notebook: nbformat.NotebookNode, *, folder: Path = FOLDER, timeout: int = 600, allow_errors=False) -> float:
    """Run `notebook` in place in `folder`; the seconds that it took."""
    start = time.monotonic()
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        allow_errors=allow_errors,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return time.monotonic() - start


def put_first_cell(notebook: nbformat.NotebookNode) -> None:
    """Make the first code cell the one that all notebooks share; add it after the first text cell if there is none."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if code and ("lmtutorial.colab" in code[0].source or "remove-cell" in code[0].metadata.get("tags", [])):
        cell = code[0]
    else:
        cell = nbformat.v4.new_code_cell(id="set-up")
        notebook.cells.insert(1, cell)
    cell.source = first_cell(other.source for other in code)
    cell.metadata["tags"] = ["remove-cell"]


def fold(notebook: nbformat.NotebookNode) -> None:
    """Fold away solutions (in the book, JupyterLab and Colab alike) and the call that draws a quiz."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "# solution:" in cell.source:
            _tag(cell, "hide-input")
            cell.metadata.update(SOLUTION_CELL)
        elif cell.cell_type == "code" and cell.source.startswith("quizzes.show("):
            _tag(cell, "remove-input")


def _tag(cell, tag: str) -> None:
    cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), tag})


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Leave in the file only what a reader needs."""
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        for key in ("execution", "ExecuteTime", "scrolled", "collapsed", "colab", "outputId"):
            cell.metadata.pop(key, None)
        cell.source = cell.source.rstrip()
        for output in cell.get("outputs", []):
            output.pop("transient", None)
            if "text/html" in output.get("data", {}):
                output["data"].pop(WIDGET, None)
            if "metadata" in output:
                output["metadata"] = {}


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    with written_whole(path) as beside:
        nbformat.write(notebook, beside)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing, only run and report the seconds")
    options = parser.parse_args()
    failed = []
    for path in [p.resolve() for p in options.notebooks] or [*chapters(), *appendices()]:
        notebook = read(path)
        put_first_cell(notebook)
        fold(notebook)
        tidy(notebook)
        try:
            seconds = execute(notebook, folder=path.parent)
        except CellExecutionError as error:
            failed.append(path.name)
            print(f"{path.name}: stopped\n{error}", file=sys.stderr)
            continue
        over = f"  over the budget of {BUDGET} s" if seconds > BUDGET else ""
        print(
            f"{seconds:6.1f} s  {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}{over}", flush=True
        )
        if over:
            failed.append(path.name)
        if not options.check:
            tidy(notebook)
            write(notebook, path)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
