"""What the book needs from Sphinx beyond its settings.

MathJax is copied from the PyPI package `sphinx-mathjax-offline` into the built book (one file; nothing of it is
committed), so that formulas are drawn without a network. Two habits of the chapters' Markdown, which any notebook
program shows as plain quotation and italics, get a class here, so that the style sheet can make a card and a small
label of them. The tables of their outputs and the list of references are mended for screen readers.
"""

import re
import shutil
from importlib.metadata import files
from pathlib import Path
from urllib.parse import quote, urlencode

from docutils import nodes
from sphinx.addnodes import download_reference, only, pending_xref
from sphinx.util.docutils import SphinxDirective

from lmtutorial import __version__, quizzes
from lmtutorial.colab import REPOSITORY
from lmtutorial.files import data_folder

MATHJAX = "mathjax/tex-svg.js"


def mathjax_file() -> Path:
    """MathJax' single-file build inside the installed package.

    >>> mathjax_file().name
    'tex-svg.js'
    """
    found = [f for f in files("sphinx-mathjax-offline") or [] if f.as_posix().endswith(f"static/{MATHJAX}")]
    if not found:
        raise FileNotFoundError(f"sphinx-mathjax-offline holds no {MATHJAX}; install requirements.lock again")
    return Path(found[0].locate())


def copy_mathjax(app) -> None:
    target = Path(app.outdir) / MATHJAX
    if app.builder.format == "html" and not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(mathjax_file(), target)


def add_classes(app, doctree) -> None:
    """`at-a-glance` for the quotation that starts so; `exercise-facts` for the line of difficulty and minutes."""
    for quotation in doctree.findall(nodes.block_quote):
        if quotation.astext().startswith("At a glance"):
            quotation["classes"].append("at-a-glance")
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.astext().startswith("Difficulty ") and "importance" in paragraph.astext():
            paragraph["classes"].append("exercise-facts")
        elif paragraph.astext().startswith("Next: "):
            paragraph["classes"].append("next-page")


def hand_out_learners_copies(app, doctree) -> None:
    """A link to a learner's copy hands out the notebook itself, so that it also works offline."""
    for link in list(doctree.findall(pending_xref)):
        target = link.get("reftarget", "")
        if target.startswith("notebooks/learner/"):
            file = f"/{target.removesuffix('.ipynb')}.ipynb"
            link.replace_self(download_reference("", "", *link.children, reftarget=file, refdoc=app.env.docname))


def number_by_file(app, env) -> list[str]:
    """A chapter has the number of its file: pages and prose agree, whichever chapters are still to be written."""
    for page, numbers in env.toc_secnumbers.items():
        match = re.match(r"notebooks/(\d+)_", page)
        if not match:
            continue
        chapter = int(match[1])
        for anchor, number in numbers.items():
            numbers[anchor] = (chapter, *number[1:]) if number else number
        for node in [env.titles[page], *env.tocs[page].findall(nodes.reference)]:
            if node.get("secnumber"):
                node["secnumber"] = [chapter, *node["secnumber"][1:]]
    return []


def leave_thebe_out(app, pagename, templatename, context, doctree) -> None:
    """Take Thebe's scripts off the page: it needs a network, and jupyter-book declares its constants twice."""
    for kind in ("script_files", "css_files"):
        context[kind] = [
            f for f in context.get(kind, []) if "thebe" not in f"{f} {getattr(f, 'attributes', '')}".lower()
        ]


def mend_table_corners(app, pagename, templatename, context, doctree) -> None:
    """The empty corner of a table, of pandas or in Markdown, is no heading: it names nothing to a screen reader."""
    if "body" in context:
        context["body"] = re.sub(r"<th([^>]*)>(?:<p></p>)?</th>", r"<td\1></td>", context["body"])


def mend_references_roles(app, pagename, templatename, context, doctree) -> None:
    """The list of references is a list with items; docutils gives the items a role that no list may hold."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def open_the_form(app, pagename, templatename, context, doctree) -> None:
    """*Open issue* opens the form for an error on a page, filled in with the page and the version of the book."""
    asked = {"template": "page.yml", "title": f"{pagename}: ", "page": f"{pagename}.html", "version": __version__}
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", [group]):
            if button.get("label") == "source-issues-button":
                button["url"] = f"{REPOSITORY}/issues/new?{urlencode(asked, quote_via=quote)}"


class QuizDirective(SphinxDirective):
    """A quiz of data/quizzes on a page that is no notebook; its questions as a list where a page is no HTML."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            quiz = quizzes.load(self.arguments[0])
        except ValueError as error:
            raise self.error(f"quiz: {error}") from error
        self.env.note_dependency(str(data_folder() / "quizzes" / f"{quiz.name}.yml"))
        elsewhere = only(expr="not html")
        items = (nodes.list_item("", nodes.paragraph("", question.stem)) for question in quiz.questions)
        elsewhere += nodes.enumerated_list("", *items)
        return [nodes.raw("", quizzes.page(quiz), format="html"), elsewhere]


def setup(app) -> dict:
    app.add_directive("quiz", QuizDirective)
    app.connect("builder-inited", copy_mathjax)
    app.connect("doctree-read", add_classes)
    app.connect("doctree-read", hand_out_learners_copies, priority=100)  # before Sphinx gathers what is handed out
    app.connect("env-get-updated", number_by_file, priority=900)  # once Sphinx has counted
    app.connect("html-page-context", leave_thebe_out, priority=900)
    app.connect("html-page-context", open_the_form, priority=900)  # once the theme has made its buttons
    app.connect("html-page-context", mend_table_corners)
    app.connect("html-page-context", mend_references_roles)
    # another env_version than that of a book that was built makes Sphinx read all of its pages again
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1", "env_version": 2}
