"""Explorers on the pages of the book: the directive that places one, the scripts that bring it to life, its models.

    ```{explorer} sentence
    :text: It has all the excitement of eating oatmeal.
    :method: occlusion
    ```

The page holds the explorer's stored example, computed once by `make landing` and kept in book/explorers.json, so that
it can be read without a script, on paper, and before the model has come. In a notebook, `lt.explore(...)` leaves the
same element in its output. The script goes on those pages that hold an explorer, and on no other.
"""

import json
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.addnodes import only
from sphinx.util.docutils import SphinxDirective

from lmtutorial.files import nearest, written_whole
from lmtutorial.widgets import bundle, state_of, stored

SCRIPT, STORE, MODELS = "lm-explorer.js", "book/explorers.json", "lm-models"
SETTINGS = sorted({name for kind in stored.KINDS.values() for name in kind.state})


class ExplorerDirective(SphinxDirective):
    """`kind` and its settings -> the element with its stored example; plain text where a page is no HTML."""

    required_arguments = 1
    option_spec = {name: directives.unchanged for name in ("model", "name", *SETTINGS)}

    def run(self) -> list[nodes.Node]:
        try:
            html, text = self.example()
        except ValueError as error:  # among them JSONDecodeError, of a number that is none
            raise self.error(f"explorer: {error}") from error
        elsewhere = only(expr="not html")
        elsewhere += nodes.literal_block(text, text, language="none")
        return [nodes.raw("", html, format="html"), elsewhere]

    def example(self) -> tuple[str, str]:
        kind, options = self.arguments[0], dict(self.options)
        model, name = options.pop("model", None), options.pop("name", None)
        kind, model, state = explorer_of(kind, model, options)
        file = Path(self.env.srcdir) / STORE
        self.env.note_dependency(str(file))
        kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        example = kept.get(stored.key(kind, model, state))
        if example is None:
            raise ValueError(f"{STORE} has no example of this {kind!r}: run make landing")
        example = stored.Drawing(example["html"], example["text"])
        return stored.element(kind, model, state, example, name, place="page"), example.text


def explorer_of(kind: str, model: str | None, options: dict[str, str]) -> tuple[str, str | None, dict]:
    """Kind, model and whole state of an explorer that was written down as text.

    >>> explorer_of("path", None, {"text": "a film"})
    ('path', 'reviews-lstm', {'text': 'a film', 'place': 0.5})
    """
    if kind not in stored.KINDS:
        raise ValueError(f"there is no kind {kind!r}{nearest(kind, stored.KINDS)}")
    return kind, model or stored.KINDS[kind].model, state_of(kind, stored.typed(kind, options))


def write_scripts_and_models(app) -> None:
    """Put what the pages need into the built book; models only where they are missing or out of date."""
    if app.builder.format != "html":
        return
    for name, text in bundle.page_scripts().items():
        with written_whole(Path(app.outdir) / "_static" / name) as beside:
            beside.write_text(text, encoding="utf-8")
    command = [sys.executable, str(Path(__file__).with_name("book_models.py")), str(Path(app.outdir) / MODELS)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"the explorers' models could not be written: {made.stderr[-2000:]}")


def add_script(app, pagename, templatename, context, doctree) -> None:
    if 'class="lm-explorer"' in context.get("body", ""):
        app.add_js_file(SCRIPT)  # not deferred: its styles reserve each explorer's height before the page is drawn


def setup(app) -> dict:
    app.add_directive("explorer", ExplorerDirective)
    app.connect("builder-inited", write_scripts_and_models)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
