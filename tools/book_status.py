"""The page "Status": which notebooks run where, drawn from what `python -m tools.environments` found last.

    ```{status} notebooks
    ```
    ```{status} versions
    ```

Signs stand beside words in the page's own text, so that the table itself holds none that would have to be translated.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

STORE = "book/status.json"
RAN, CHANGED, BROKE, UNKNOWN = "✓", "≈", "✗", "–"


def notebook_rows(found: dict[str, dict]) -> list[list[str]]:
    """One row a notebook, one column an environment.

    >>> notebook_rows({"new": {"notebooks": {"01_a": {"broke": "", "changed": 2, "cells": 9}}}})
    [['01_a', '≈ 2/9']]
    """
    names = sorted({name for environment in found.values() for name in environment["notebooks"]})
    return [[name, *(sign(environment["notebooks"].get(name)) for environment in found.values())] for name in names]


def sign(result: dict | None) -> str:
    """What a cell of the table says of one notebook in one environment."""
    if result is None:
        return UNKNOWN
    if result["broke"]:
        return f"{BROKE} {result['broke']}"
    return f"{CHANGED} {result['changed']}/{result['cells']}" if result["changed"] else f"{RAN} {result['cells']}"


def version_rows(found: dict[str, dict]) -> list[list[str]]:
    """One row a library, one column an environment; of one that a notebook has replaced, both versions.

    >>> version_rows({"new": {"versions": {"numpy": "2.5.5"}, "replaced": {"numpy": "2.0.2"}}})
    [['numpy', '2.0.2 → 2.5.5']]
    """
    libraries = list(dict.fromkeys(name for environment in found.values() for name in environment["versions"]))
    return [[name, *(_version(environment, name) for environment in found.values())] for name in libraries]


def _version(environment: dict, name: str) -> str:
    had = environment["replaced"].get(name)
    return f"{had} → " * bool(had) + environment["versions"].get(name, UNKNOWN)


class StatusDirective(SphinxDirective):
    """`notebooks` or `versions` -> a table with a column for each environment."""

    required_arguments = 1
    ROWS = {"notebooks": notebook_rows, "versions": version_rows}

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] not in self.ROWS:
            raise self.error(f"status: {self.arguments[0]!r} is none of {', '.join(self.ROWS)}")
        file = Path(self.env.srcdir) / STORE
        self.env.note_dependency(str(file))
        found = json.loads(file.read_text(encoding="utf-8"))
        heads = ["", *(f"{name}\n{environment['date']}" for name, environment in found.items())]
        return [table(heads, self.ROWS[self.arguments[0]](found))]


def table(heads: list[str], rows: list[list[str]]) -> nodes.table:
    """A table whose first column names its rows."""
    group = nodes.tgroup(
        "", *(nodes.colspec(colwidth=1, stub=1 if i == 0 else 0) for i in range(len(heads))), cols=len(heads)
    )
    group += nodes.thead("", _row(heads))
    group += nodes.tbody("", *map(_row, rows))
    return nodes.table("", group, classes=["lm-status"])


def _row(texts: list[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in texts))


def setup(app) -> dict:
    app.add_directive("status", StatusDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
