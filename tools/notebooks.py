"""What a chapter's notebook must be, as one list of rules; each says in a sentence what is wrong and where.

    python -m tools.notebooks                       # all of them
    python -m tools.notebooks notebooks/01_why_interpretability.ipynb

The rules keep the book honest: a stripped notebook compares nothing when it is run again, a picture without alt text
says nothing to a reader who cannot see it, and a listing that is not the package's own code soon lies.
"""

import ast
import importlib
import inspect
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from lmtutorial import quizzes
from lmtutorial.colab import FIRST_CELL, LLM_CELL, first_cell, notebook_url
from lmtutorial.files import data_folder

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "notebooks"
GLANCE = ("You will be able to", "You need", "Time", "Runs on")
EXERCISE = re.compile(
    r"^\*Difficulty [1-5]/5 · importance [1-5]/5 · (?P<minutes>\d+) minutes( · may be skipped)?\*$", re.M
)
LONGEST_CELL, LONGEST_LINE = 25, 100
SET_UP = (FIRST_CELL, LLM_CELL)
WIDGET = "application/vnd.jupyter.widget-view+json"


def chapters() -> list[Path]:
    """The chapters' notebooks in reading order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))


def appendices() -> list[Path]:
    """The notebooks without a number: they have no exercises and no quiz, and keep every other rule."""
    return sorted(set(FOLDER.glob("*.ipynb")) - set(chapters()))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def problems(path: Path) -> list[str]:
    """Every rule that the notebook at `path` breaks, one sentence each; an empty list if it is fit to be read."""
    notebook = read(path)
    rules = [rule for rule in RULES if path.name[:2].isdecimal() or rule not in (exercises, quiz_and_next_page)]
    return [problem for rule in rules for problem in rule(notebook, path)]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _code(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def _outputs(notebook) -> Iterator:
    for cell in _code(notebook):
        for output in cell.outputs:
            yield cell, output


def _where(cell) -> str:
    lines = [line for line in cell.source.strip().splitlines() if line.strip()]
    return f"in the cell that starts with {lines[0][:60]!r}" if lines else f"in the empty cell {cell.get('id')}"


def run_from_top_to_bottom(notebook, path) -> Iterator[str]:
    counts = [cell.execution_count for cell in _code(notebook)]
    if not counts or any(count is None for count in counts):
        yield "it was not run, or its outputs were stripped: run `make execute`"
    elif counts != list(range(1, len(counts) + 1)):
        yield f"its cells were run out of order: {counts}"
    elif not any(cell.outputs for cell in _code(notebook)):
        yield "no cell has an output: they were stripped; run `make execute`"


def outputs_are_clean(notebook, path) -> Iterator[str]:
    for cell, output in _outputs(notebook):
        if output.output_type == "error":
            yield f"an error ({output.ename}) {_where(cell)}"
        elif output.get("name") == "stderr":
            yield f"a warning or progress bar on stderr {_where(cell)}: {output.text[:80]!r}"
        text = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        if re.search(r"/(?:home|root|tmp|Users|work)/\w", text):
            yield f"an absolute path in the output {_where(cell)}"


def stripped_cells(notebook, path) -> Iterator[str]:
    """A cell that ends in a plain expression must have drawn or printed something."""
    for cell in _code(notebook):
        last = cell.source.strip().splitlines()[-1]
        shows = re.match(r"(print|display|checks\.\w+|quizzes\.show|lt\.explore)\(", last)
        if shows and not cell.outputs:
            yield f"no output {_where(cell)}, which ends in {last[:40]!r}"


def explorers_are_stored_examples(notebook, path) -> Iterator[str]:
    """What stays of an explorer is its example, and a reader's link to one of them leads to no other."""
    seen = set()
    for cell, output in _outputs(notebook):
        data = output.get("data", {})
        if WIDGET in data:
            yield f"a widget that no page can show {_where(cell)}: run `make execute`"
        for name in re.findall(r'<div class="lm-explorer"[^>]* id="([^"]+)"', data.get("text/html", "")):
            if name in seen:
                yield f"a second explorer is called {name!r} {_where(cell)}: give it another name=…"
            seen.add(name)


def no_machine_in_the_source(notebook, path) -> Iterator[str]:
    for cell in notebook.cells:
        if re.search(r"""["'(]/(?:home|root|tmp|Users|work)/\w""", cell.source):
            yield f"an absolute path {_where(cell)}"
    extra = set(notebook.metadata) - {"kernelspec", "language_info"}
    if extra or notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield f"its metadata is not what `make execute` writes: {sorted(notebook.metadata)}"


def same_first_cell(notebook, path) -> Iterator[str]:
    cells = _code(notebook)
    if not cells or cells[0].source != first_cell(cell.source for cell in cells):
        yield "its first code cell is not that of lmtutorial.colab.first_cell: run `make execute`"
    elif "remove-cell" not in tags(cells[0]):
        yield "its first code cell lacks the tag `remove-cell`"


def headings(notebook, path) -> Iterator[str]:
    levels = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.M | re.S)
            levels += [len(m) for m in re.findall(r"^(#{1,6}) ", text, re.M)]
    if not notebook.cells or not notebook.cells[0].source.startswith("# "):
        yield "it must start with its title: one line `# Title`, then the sentence that claims what will be shown"
    if levels.count(1) != 1:
        yield f"it has {levels.count(1)} headings of the first level; one is right"
    if any(after > before + 1 for before, after in zip(levels, levels[1:], strict=False)):
        yield f"a heading skips a level: {levels}"


def at_a_glance(notebook, path) -> Iterator[str]:
    start = "\n".join(cell.source for cell in notebook.cells[:3])
    if "> **At a glance**" not in start:
        yield "the block `> **At a glance**` is missing at the start"
    for line in GLANCE:
        if f"> **{line}**" not in start:
            yield f"at a glance: the line `> **{line}** …` is missing"
    if notebook_url(f"notebooks/{path.name}") not in start:
        yield f"at a glance: the link to Colab is missing: {notebook_url(f'notebooks/{path.name}')}"
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    planned = sum(int(found["minutes"]) for found in EXERCISE.finditer(text))
    stated = re.search(r"(\d+) to do\b", start)
    if stated and int(stated[1]) != 5 * math.ceil(planned / 5):
        yield f"at a glance: {stated[0]}, but the exercises take {planned} minutes"


def pictures_have_alt_text(notebook, path) -> Iterator[str]:
    for cell in _code(notebook):
        pictures = sum(any(kind.startswith("image/") for kind in o.get("data", {})) for o in cell.outputs)
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if pictures and len(alt) < 20:
            yield f"a picture without alt text (cell metadata mystnb.image.alt) {_where(cell)}"
        if pictures > 1:
            yield f"{pictures} pictures with one alt text between them: draw each in a cell of its own {_where(cell)}"
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(", cell.source):
            yield f"a picture without alt text {_where(cell)}"


def listings_are_the_packages_own(notebook, path) -> Iterator[str]:
    for cell in _code(notebook):
        for tag in tags(cell):
            if tag.startswith("lib:"):
                try:
                    own = inspect.getsource(resolve(tag.removeprefix("lib:"))).rstrip()
                except (AttributeError, ImportError, OSError, TypeError) as error:
                    yield f"the tag {tag!r} names nothing in the package: {error}"
                    continue
                if cell.source.rstrip() != own:
                    yield f"the listing {tag!r} is not the package's code; copy it again"


def resolve(name: str):
    """The object at a dotted path below the package: `"preprocessing.Preprocessor"`.

    >>> resolve("colab.gpu").__name__
    'gpu'
    """
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(["lmtutorial", *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ImportError(f"lmtutorial.{parts[0]}")


def cells_are_short(notebook, path) -> Iterator[str]:
    for cell in _code(notebook):
        lines = cell.source.splitlines()
        listing = any(tag.startswith("lib:") for tag in tags(cell))
        if len(lines) > LONGEST_CELL and not listing:
            yield f"{len(lines)} lines {_where(cell)}; at most {LONGEST_CELL}"
        if any(len(line) > LONGEST_LINE for line in lines) and not listing and cell.source not in SET_UP:
            yield f"a line over {LONGEST_LINE} characters {_where(cell)}: a phone shows about 45"


def exercises(notebook, path) -> Iterator[str]:
    """Each exercise: heading, the line of numbers, hint, solution code, a checker, and why."""
    found = 0
    for title, cells in _sections(notebook, "Exercise "):
        found += 1
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        if not EXERCISE.search(text):
            yield f"{title}: lacks the line `*Difficulty 2/5 · importance 4/5 · 10 minutes · may be skipped*`"
        if "<summary>Hint" not in text:
            yield f"{title}: lacks a folded hint (`<details><summary>Hint: …</summary>`)"
        if not any("solution" in tags(c) and "<summary>Why" in c.source for c in cells):
            yield f"{title}: lacks the folded reason (`<details><summary>Why …`) in a cell tagged `solution`"
        if not re.search(r"^\s*# solution: \S", code, re.M):
            yield f"{title}: lacks a line `# solution: what to do` in the code"
        if not re.search(r"^checks\.\w+\(\w+\)", code, re.M):
            yield f"{title}: lacks a cell that calls `checks.NAME(function)`"
        for cell in cells:
            if "# solution:" in cell.source and "hide-input" not in tags(cell):
                yield f"{title}: the solution is not folded: run `make execute`"
    copy = notebook_url(f"notebooks/learner/{path.name}")
    if found and not any(copy in cell.source and f"](learner/{path.name})" in cell.source for cell in notebook.cells):
        yield f"under `## Exercises`: lacks the links to the learner's copy, learner/{path.name} and {copy}"
    if not found:
        yield "it has no exercise (a heading `### Exercise 1: …`)"


def _sections(notebook, start: str) -> Iterator[tuple[str, list]]:
    """(heading, cells) of each section whose heading starts with `start`, up to the next heading."""
    title, cells = None, []
    for cell in notebook.cells:
        heading = re.match(r"#{1,6} (.+)", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            if title:
                yield title, cells
            title, cells = (heading.group(1) if heading.group(1).startswith(start) else None), []
        cells.append(cell)
    if title:
        yield title, cells


def quiz_and_next_page(notebook, path) -> Iterator[str]:
    if f'quizzes.show("{path.stem}")' not in "\n".join(cell.source for cell in _code(notebook)):
        yield f'it lacks the quiz: `quizzes.show("{path.stem}")`'
    elif (data_folder() / "quizzes" / f"{path.stem}.yml").is_file():
        quizzes.load(path.stem)
    else:
        yield f"data/quizzes/{path.stem}.yml is missing"
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    if "## What to take away" not in text:
        yield "it lacks the section `## What to take away` (at most five points)"
    last = notebook.cells[-1].source if notebook.cells else ""
    if not re.search(r"^\*\*Next\*\*: \[.+?\]\(.+?\)", last, re.M):
        yield "its last cell must hold the line `**Next**: [title](02_softmax_formula.ipynb)`"


def no_hidden_helpers(notebook, path) -> Iterator[str]:
    """Code that a reader of the page does not see may be set-up or a solution, and nothing else."""
    for cell in _code(notebook):
        hidden = {"remove-cell", "remove-input", "hide-input", "hide-cell"} & set(tags(cell))
        plain = "# solution" not in cell.source and cell.source not in SET_UP and not cell.source.startswith("quizzes.")
        if hidden and plain and any(isinstance(n, ast.FunctionDef) for n in ast.walk(_tree(cell))):
            yield f"a helper hidden from the reader {_where(cell)}"


def _tree(cell) -> ast.AST:
    lines = (re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in cell.source.splitlines())
    return ast.parse("\n".join(lines))


def sorts_are_stable(notebook, path) -> Iterator[str]:
    """Rows that are equal in what they are sorted by come in another order on another processor, unless told not to."""
    for cell in _code(notebook):
        for call in re.findall(r"\.sort_values\([^)]*\)", cell.source):
            if 'kind="stable"' not in call:
                yield f'a sort that differs between processors {_where(cell)}: {call[:60]!r} wants kind="stable"'


RULES = (
    run_from_top_to_bottom,
    outputs_are_clean,
    stripped_cells,
    explorers_are_stored_examples,
    sorts_are_stable,
    no_machine_in_the_source,
    same_first_cell,
    headings,
    at_a_glance,
    pictures_have_alt_text,
    listings_are_the_packages_own,
    cells_are_short,
    exercises,
    quiz_and_next_page,
    no_hidden_helpers,
)


def main(arguments: list[str]) -> int:
    wrong = 0
    for path in [Path(a) for a in arguments] or [*chapters(), *appendices()]:
        for problem in problems(path):
            wrong += 1
            print(f"{path.name}: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
