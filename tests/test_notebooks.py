"""Every chapter is fit to be read, its learner's copy follows from it, and the rules themselves can fail."""

import copy
import re
import subprocess
import sys

import nbformat
import pytest
import yaml
from nbclient.exceptions import CellExecutionError

from lmtutorial.colab import FIRST_CELL, notebook_url
from tools import execute, learner, notebooks

CHAPTERS, APPENDICES = notebooks.chapters(), notebooks.appendices()
LEARNERS = sorted(learner.TARGET.glob("*.ipynb"))


def name(path):
    return path.stem


@pytest.mark.parametrize("path", CHAPTERS + APPENDICES, ids=name)
def test_a_notebook_keeps_every_rule(path):
    assert notebooks.problems(path) == []


def test_the_book_lists_every_chapter_in_order_and_the_appendices_last(root):
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    listed = [c["file"] for part in toc["parts"] for c in part["chapters"] if c["file"].startswith("notebooks/")]
    assert listed == [f"notebooks/{p.stem}" for p in CHAPTERS + APPENDICES]


def test_each_chapter_leads_to_the_one_after_it():
    for path, after in zip(CHAPTERS, CHAPTERS[1:], strict=False):
        assert f"]({after.name})" in notebooks.read(path).cells[-1].source, f"{path.name} must lead to {after.name}"


def test_each_link_between_files_has_a_target():
    for path in [*CHAPTERS, *APPENDICES, *LEARNERS]:
        for cell in notebooks.read(path).cells:
            if cell.cell_type == "markdown":
                for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", cell.source):
                    assert (path.parent / link).exists(), f"{path.name}: {link}"


# The rules can fail: a small chapter that keeps all of them, and what is wrong with each bad copy of it.


def chapter(tmp_path, monkeypatch) -> tuple[nbformat.NotebookNode, object]:
    """A notebook that keeps every rule, as if it had just been run, and where it lies."""
    md, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    path = tmp_path / "01_sample.ipynb"
    out = nbformat.v4.new_output("stream", name="stdout", text="0.75\n")
    picture = nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"})
    alt = {"mystnb": {"image": {"alt": "Two bars, the left one three times as high"}}}
    glance = "\n>\n".join(f"> **{line}** something" for line in notebooks.GLANCE)
    listing = notebooks.inspect.getsource(notebooks.resolve("colab.has_backend")).rstrip()
    cells = [
        md("# A sample\n\nIt shows that rules can fail."),
        md(f"> **At a glance**\n>\n{glance} [open in Colab]({notebook_url('notebooks/01_sample.ipynb')})"),
        code(FIRST_CELL, metadata={"tags": ["remove-cell"]}),
        md("## First"),
        code("print(0.75)", outputs=[out]),
        code("draw()", outputs=[picture], metadata=alt),
        code(listing, metadata={"tags": ["lib:colab.has_backend"]}),
        md(
            "## Exercises\n\n[yours](learner/01_sample.ipynb) "
            f"[Colab]({notebook_url('notebooks/learner/01_sample.ipynb')})"
        ),
        md(
            "### Exercise 1: Double\n\n*Difficulty 1/5 · importance 5/5 · 5 minutes · may be skipped*\n\n"
            "A {term}`softmax`.\n\n<details>\n<summary>Hint: it is too small</summary>\n\nTwice.\n\n</details>"
        ),
        code("def double(x):\n    # solution: double x\n    return 2 * x", metadata={"tags": ["hide-input"]}),
        code("checks.double(double)", outputs=[out]),
        md("<details>\n<summary>Why</summary>\n\nBecause.\n\n</details>", metadata={"tags": ["solution"]}),
        md("## What to take away\n\n- One."),
        code('quizzes.show("01_sample")', outputs=[out], metadata={"tags": ["remove-input"]}),
        md("**Next**: [Another](02_other.ipynb)"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=execute.METADATA)
    for number, cell in enumerate((c for c in cells if c.cell_type == "code"), 1):
        cell.execution_count = number
    (tmp_path / "quizzes").mkdir()
    (tmp_path / "quizzes" / "01_sample.yml").write_text("questions: []")
    monkeypatch.setattr(notebooks, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(notebooks.quizzes, "load", lambda name: None)
    return notebook, path


def code_cells(notebook):
    return [c for c in notebook.cells if c.cell_type == "code"]


def strip(n):
    for cell in code_cells(n):
        cell.outputs, cell.execution_count = [], None


def strip_outputs_only(n):
    for cell in code_cells(n):
        cell.outputs = []


def swap_counts(n):
    code_cells(n)[1].execution_count, code_cells(n)[2].execution_count = 3, 2


def start_late(n):
    for cell in code_cells(n):
        cell.execution_count += 1


def add_warning(n):
    code_cells(n)[1].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="UserWarning: careful"))


def add_error(n):
    code_cells(n)[1].outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]))


def set_source(index, text):
    def change(n):
        n.cells[index].source = text

    return change


def long_cell(n):
    n.cells[4].source = "\n".join(f"x = {i}" for i in range(40)) + "\nprint(0.75)"


def no_alt(n):
    n.cells[5].metadata = nbformat.from_dict({})


def second_picture(n):
    n.cells[5].outputs.append(n.cells[5].outputs[0])


def other_metadata(n):
    n.metadata["widgets"] = {}


def untag_solution(n):
    n.cells[11].metadata = nbformat.from_dict({})


BAD = [
    ("stripped", strip),
    ("were stripped", strip_outputs_only),
    ("out of order", swap_counts),
    ("out of order", start_late),
    ("a warning or progress bar", add_warning),
    ("an error (ValueError)", add_error),
    ("first_cell", set_source(2, "import sys")),
    ("must start with its title", set_source(0, "No title")),
    ("skips a level", set_source(3, "#### First")),
    ("at a glance", set_source(1, "> **At a glance**")),
    ("but the exercises take 5 minutes", set_source(1, "> **Time** 20 minutes to read, 15 to do")),
    ("without alt text", no_alt),
    ("2 pictures with one alt text", second_picture),
    ("differs between processors", set_source(4, 'print(table.sort_values("mean"))')),
    ("is not the package's code", set_source(6, "def has_backend(): ...")),
    ("lines in the cell", long_cell),
    ("an absolute path", set_source(4, "open('/home/me/x')\nprint(1)")),
    ("metadata is not what", other_metadata),
    (
        "lacks the line `*Difficulty",
        set_source(8, "### Exercise 1: Double\n\n<details><summary>Hint: x</summary></details>"),
    ),
    ("lacks a folded hint", set_source(8, "### Exercise 1: Double\n\n*Difficulty 1/5 · importance 5/5 · 5 minutes*")),
    ("lacks a line `# solution", set_source(9, "def double(x):\n    return 2 * x")),
    ("lacks a cell that calls `checks", set_source(10, "print(double(2))")),
    ("lacks the folded reason", untag_solution),
    ("links to the learner's copy", set_source(7, "## Exercises")),
    ("not folded", lambda n: n.cells[9].metadata.clear()),
    ("lacks the quiz", set_source(13, "print('no quiz')")),
    ("its last cell must hold", set_source(14, "The end.")),
]


def test_a_sound_chapter_has_no_problems(tmp_path, monkeypatch):
    notebook, path = chapter(tmp_path, monkeypatch)
    execute.write(notebook, path)
    assert notebooks.problems(path) == []


def test_an_appendix_needs_no_exercise_and_no_quiz(tmp_path, monkeypatch):
    notebook, _ = chapter(tmp_path, monkeypatch)
    notebook.cells = [c for c in notebook.cells[:7] if c.cell_type == "markdown" or "lib:" not in str(c.metadata)]
    notebook.cells[1].source = notebook.cells[1].source.replace("01_sample", "a_sample")
    execute.write(notebook, tmp_path / "a_sample.ipynb")
    assert notebooks.problems(tmp_path / "a_sample.ipynb") == []
    strip(notebook)
    execute.write(notebook, tmp_path / "a_sample.ipynb")
    assert any("stripped" in problem for problem in notebooks.problems(tmp_path / "a_sample.ipynb"))


@pytest.mark.parametrize(("says", "spoil"), BAD, ids=[f"{i}-{says[:20]}" for i, (says, _) in enumerate(BAD)])
def test_a_spoilt_chapter_is_rejected_for_its_reason(tmp_path, monkeypatch, says, spoil):
    notebook, path = chapter(tmp_path, monkeypatch)
    spoil(notebook)
    execute.write(notebook, path)
    found = notebooks.problems(path)
    assert any(says in problem for problem in found), found


# The learner's copies.


def test_a_learners_copy_has_the_task_where_the_solution_was(tmp_path, monkeypatch):
    notebook, path = chapter(tmp_path, monkeypatch)
    before = copy.deepcopy(notebook)
    made = learner.learner_copy(notebook, path.name)
    sources = "\n".join(c.source for c in made.cells)
    assert 'def double(x):\n    raise NotImplementedError("double x")' in sources and "2 * x" not in sources
    assert "Because." not in sources and "Twice." in sources, "the reason goes and the hint stays"
    assert "A softmax." in sources and "{term}" not in sources
    assert all(not c.outputs and c.execution_count is None for c in code_cells(made))
    assert code_cells(made)[0].source == FIRST_CELL and notebook == before


def test_the_learners_copies_are_those_of_the_chapters(tmp_path):
    made = {p.name: p.read_text(encoding="utf-8") for p in learner.write_all(tmp_path)}
    kept = {p.name: p.read_text(encoding="utf-8") for p in LEARNERS}
    assert made.keys() == kept.keys(), "run make learner"
    assert [n for n in made if made[n] != kept[n]] == [], "run make learner"
    assert [n for n in made if "Do them here; each may be skipped." not in made[n]] == [], "sends the learner to itself"


@pytest.mark.slow
@pytest.mark.parametrize("path", LEARNERS, ids=name)
def test_a_learners_copy_runs_and_stops_only_where_the_learner_must_write(path):
    notebook = notebooks.read(path)
    execute.execute(notebook, folder=path.parent, allow_errors=True)
    errors = [o for c in code_cells(notebook) for o in c.outputs if o.output_type == "error"]
    assert {o.ename for o in errors} <= {"NotImplementedError"}, [o.evalue for o in errors]
    said = "".join(o.get("text", "") for c in code_cells(notebook) for o in c.outputs)
    assert "not done yet" in said, "at least one checker waits for the learner"


# Running notebooks.


def test_running_a_notebook_twice_changes_no_byte(tmp_path):
    path = tmp_path / "small.ipynb"
    cell = nbformat.v4.new_code_cell("print(1)\nprint(2)\n{3}", id="one")
    execute.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T", id="t"), cell]), path)
    seen = []
    for _ in range(2):
        notebook = notebooks.read(path)
        execute.tidy(notebook)
        execute.execute(notebook, folder=tmp_path)
        execute.tidy(notebook)
        execute.write(notebook, path)
        seen.append(path.read_bytes())
    assert seen[0] == seen[1] and b'"iopub' not in seen[0] and str(tmp_path).encode() not in seen[0]
    assert [c.id for c in notebooks.read(path).cells] == ["t", "one"]


def test_a_cell_that_fails_stops_the_run(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute.execute(notebook, folder=tmp_path)


def test_a_changed_output_is_found_when_the_notebook_is_run_again(root, tmp_path):
    """nbval with our settings: the same notebook passes as it is, and fails once a number in its output was edited."""
    path = tmp_path / "small.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(0.75)\nprint('took 3 s')", id="one")])
    execute.execute(notebook, folder=tmp_path)
    execute.tidy(notebook)
    settings = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={root}/tests/sanitize.cfg", "-q"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-c",
        str(root / "pyproject.toml"),
        *settings,
        str(path),
    ]
    codes = []
    for change in (("3 s", "5 s"), ("0.75", "0.76")):
        notebook.cells[0].outputs[0].text = notebook.cells[0].outputs[0].text.replace(*change)
        execute.write(notebook, path)
        codes.append(subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode)
    assert codes == [0, 1]


def test_solutions_and_quiz_calls_are_folded_when_a_notebook_is_run():
    solution = nbformat.v4.new_code_cell("def f(x):\n    # solution: double x\n    return 2 * x")
    quiz = nbformat.v4.new_code_cell('quizzes.show("01_sample")')
    execute.fold(nbformat.v4.new_notebook(cells=[solution, quiz]))
    assert notebooks.tags(solution) == ["hide-input"] and solution.metadata["jupyter"]["source_hidden"]
    assert notebooks.tags(quiz) == ["remove-input"]


def test_the_first_cell_is_put_where_it_is_missing():
    md, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    notebook = nbformat.v4.new_notebook(cells=[md("# T"), code("print(1)")])
    execute.put_first_cell(notebook)
    execute.put_first_cell(notebook)
    assert [c.source for c in code_cells(notebook)] == [FIRST_CELL, "print(1)"]
