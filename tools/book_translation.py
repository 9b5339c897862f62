"""What Sphinx's own extraction of sentences leaves out, handed to it: prose in HTML, on buttons and folds.

Sphinx gathers headings, paragraphs, list items, cells of tables and terms (`make gettext`), and puts their translations
in their place when the book is built in another language. A fold (`<summary>`), a lead or a drawing that is written
as HTML is one closed block to it. Here such a block says which sentences it holds, through Sphinx's own interface for
nodes that can be translated. Quizzes and explorers are left out: their words come from files of their own.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.addnodes import translatable
from sphinx.transforms import SphinxTransform

INLINE = "a|abbr|b|code|em|i|kbd|mark|q|s|small|span|strong|sub|sup|tspan"  # a sentence goes on through these
SEPARATOR = re.compile(rf"<(?!/?(?:{INLINE})\b)[^>]*>")
UNREAD = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.S)
SPOKEN = re.compile(r'\s(?:alt|aria-label|title)="([^"]*)"')
LETTER = re.compile(r"[^\W\d_]")
OWN_WORDS = ("lm-quiz", "lm-explorer")
LABELS = ("prompt_show", "prompt_hide")  # of a cell that myst-nb folds


def sentences(html: str) -> Iterator[str]:
    """The pieces of text in a block of HTML that a reader sees or hears, each with the inline tags inside it.

    >>> list(sentences('<details><summary>Hint: it is <em>not</em> 0</summary><p>See <a href="#a">here</a>.</p>'))
    ['Hint: it is <em>not</em> 0', 'See <a href="#a">here</a>.']
    """
    bare = UNREAD.sub("<br>", html)
    for piece in [*SPOKEN.findall(bare), *SEPARATOR.split(bare)]:
        if LETTER.search(re.sub(r"<[^>]*>", "", piece)):
            yield piece.strip()


def replaced(html: str, original: str, translation: str) -> str:
    """`html` with one of its pieces of text replaced, wherever that piece stands whole.

    >>> replaced('<p id="or">or</p>', "or", "oder")
    '<p id="or">oder</p>'
    """
    text = re.sub(rf"(^|>)(\s*){re.escape(original)}(\s*)(?=<|$)", lambda m: m[1] + m[2] + translation + m[3], html)
    spoken = re.compile(rf'(\s(?:alt|aria-label|title)="){re.escape(original)}"')
    return spoken.sub(lambda m: f'{m[1]}{translation.replace(chr(34), "&quot;")}"', text)


class html_prose(nodes.raw, translatable):
    """A block of HTML whose sentences can be translated; it is written like any raw node."""

    def preserve_original_messages(self) -> None:
        self["originals"] = list(sentences(self.astext()))

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        text = replaced(self.astext(), original_message, translated_message)
        self.children = []
        self += nodes.Text(text)
        self.rawsource = text

    def extract_original_messages(self) -> list[str]:
        return self["originals"]


class fold_labels(nodes.comment, translatable):
    """What is written on a folded cell, which stands before this; no reader sees the node itself."""

    def preserve_original_messages(self) -> None:
        self["originals"] = [self.folded()[key] for key in LABELS if self.folded().get(key)]

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        for key in LABELS:
            if self.folded().get(key) == original_message:
                self.folded()[key] = translated_message

    def extract_original_messages(self) -> list[str]:
        return self["originals"]

    def folded(self) -> nodes.Element:
        return self.parent[self.parent.index(self) - 1]


class OfferMoreProse(SphinxTransform):
    """Before Sphinx gathers or translates sentences: make blocks of HTML and the text on buttons known to it."""

    default_priority = 5

    def apply(self, **kwargs) -> None:
        if self.config.language == "en" and self.app.builder.name != "gettext":
            return
        for block in [n for n in self.document.findall(nodes.raw) if _is_prose(n)]:
            new = html_prose("", block.astext(), format="html")
            new.source, new.line = block.source, block.line
            block.replace_self(new)
        for cell in [n for n in self.document.findall(nodes.container) if n.get(LABELS[0])]:
            label = fold_labels()
            label.source, label.line = cell.source or self.document["source"], cell.line or 0  # no catalogue without
            cell.parent.insert(cell.parent.index(cell) + 1, label)
        for text in [n for n in self.document.findall(nodes.inline) if n.get("translatable") and not n.rawsource]:
            text.rawsource = text.astext()  # sphinx-design leaves it empty in Markdown
            if self.app.builder.name == "gettext":  # which looks at the page once links are resolved: that loses it
                plain = nodes.paragraph(text.rawsource, text.rawsource)
                plain.source, plain.line = text.source, text.line
                _paragraph_of(text).replace_self(plain)


def _is_prose(block: nodes.raw) -> bool:
    """Whether a block of HTML was written on the page, rather than drawn by a cell, a quiz or an explorer."""
    above = block.parent
    if block.get("format") != "html" or isinstance(above, nodes.TextElement):
        return False  # inside a paragraph it is part of the paragraph's own message
    while above is not None:
        if "nb_element" in above.attributes:
            return False
        above = above.parent
    return not any(f'class="{name}' in block.astext() for name in OWN_WORDS)


def _paragraph_of(node: nodes.Node) -> nodes.Node:
    while not isinstance(node, nodes.paragraph):
        node = node.parent
    return node


def gather_the_original(app) -> None:
    """An edition that is up to date with its translation still finds the English sentences."""
    if app.builder.name == "gettext":
        app.config.locale_dirs = []


def setup(app) -> dict:
    app.add_node(html_prose)
    app.add_node(fold_labels)
    app.add_transform(OfferMoreProse)
    app.connect("builder-inited", gather_the_original)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
