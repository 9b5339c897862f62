"""The tables of the instructors' page, drawn from what `python -m benchmarks.class_setup` measured last.

    ```{class-setup} notebooks
    ```
    ```{class-setup} classes
    ```

A notebook that has not been measured yet has a row all the same, with a dash in the place of its figures.
"""

import json

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from lmtutorial.files import data_folder
from tools.book_status import UNKNOWN, table
from tools.notebooks import appendices, chapters

STORE = "measurements/class_setup.json"
CLASSES = ("chapters 1 to 6", "chapters 1 to 15", "all chapters")


def notebook_rows(found: dict) -> list[list[str]]:
    """Notebook, seconds, processor seconds, peak MB: one row for each notebook of the book."""
    rows = []
    for path in [*chapters(), *appendices()]:
        one = found["notebooks"].get(path.stem)
        figures = [f"{one[k]:,.0f}" for k in ("seconds", "cpu_seconds", "peak_mb")] if one else [UNKNOWN] * 3
        rows.append([path.stem, *figures])
    return rows


def class_rows(found: dict) -> list[list[str]]:
    """Chapters, MB of one student, students on the server: one row for each choice of chapters."""
    rows = []
    for name in CLASSES:
        one = found["classes"].get(name)
        figures = [f"{one['student_mb']:,.0f}", str(one["students"])] if one else [UNKNOWN] * 2
        rows.append([name, *figures])
    return rows


class ClassSetupDirective(SphinxDirective):
    """`notebooks` or `classes` -> a table of what was measured."""

    required_arguments = 1
    TABLES = {
        "notebooks": (("notebook", "s", "CPU s", "MB"), notebook_rows),
        "classes": (("chapters", "MB", "students"), class_rows),
    }

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] not in self.TABLES:
            raise self.error(f"class-setup: {self.arguments[0]!r} is none of {', '.join(self.TABLES)}")
        file = data_folder() / STORE
        self.env.note_dependency(str(file))
        heads, rows = self.TABLES[self.arguments[0]]
        return [table(list(heads), rows(json.loads(file.read_text(encoding="utf-8"))))]


def setup(app) -> dict:
    app.add_directive("class-setup", ClassSetupDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
