"""The whole built book as one page for paper, which tools/pdf.py prints.

One page rather than one file a chapter: links between chapters, bookmarks, page numbers and running heads are then the
browser's own work. What a screen folds or moves is settled here. Hints, solutions and the answers of the quizzes stand
at the end of their chapter; explorers show their stored example; parts are headings of the first level, chapters of
the second. Formulas are drawn by MathJax when the page is opened.
"""

import copy
import posixpath
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parent.parent
STYLE = Path(__file__).with_suffix(".css")
TITLE, AUTHOR = "Explaining Language Models", "The lmtutorial authors"
# What only a screen can use.
UNUSED = ".headerlink, script, style, button, .lm-explorer-note, .lm-quiz-feedback, .lm-quiz-score, .sd-btn, .next-page"
REFERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers")


def parts(root: Path = ROOT) -> list[tuple[str, list[str]]]:
    """[(title of a part, names of its pages)] as `_toc.yml` lists them; the landing page is a part of its own."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [(part["caption"], [page["file"] for page in part["chapters"]]) for part in contents["parts"]]
    return [("About this book", [contents["root"]]), *found]


def place(name: str, fragment: str = "") -> str:
    """The id on paper of a page, or of a place on it.

    >>> place("notebooks/02_softmax_formula", "exercises")
    '02_softmax_formula--exercises'
    """
    return posixpath.basename(name) + (f"--{fragment}" if fragment else "")


def arrival(link: str, name: str, names: set[str]) -> str | None:
    """Where a link of the page `name` leads on paper; None if it leads to what paper does not hold.

    >>> arrival("../book/glossary.html#term-token", "notebooks/10_gradients", {"book/glossary"})
    '#glossary--term-token'
    """
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return link
    here = posixpath.dirname(name)
    page = posixpath.normpath(posixpath.join(here, unquote(address.path))) if address.path else name
    page = page.removesuffix(".html")
    fragment = unquote(address.fragment)
    if fragment.startswith("explorer="):
        fragment = parse_qs(fragment)["explorer"][0]
    return f"#{quote(place(page, fragment))}" if page in names else None


def chapter(html: Path, name: str, names: set[str]) -> Tag:
    """The text of a page, ready for paper."""
    page = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    article = page.select_one("article.bd-article").extract()
    for unused in article.select(UNUSED):
        unused.decompose()
    _rename(article, name, names)
    answers = _take_answers(page, article, name)
    for folded in article.select("details"):
        _unfold(page, folded)
    if answers:
        article.append(answers)
    for heading in article.find_all(re.compile("^h[1-5]$")):
        heading.name = f"h{int(heading.name[1]) + 1}"
    article["id"], article["style"] = place(name), f"page: {page_name(name)}"
    return article


def _rename(article: Tag, name: str, names: set[str]) -> None:
    """Ids are those of one page no more, and links lead to the places on paper, or are plain text."""
    for element in article.find_all(True):
        if element.get("id"):
            element["id"] = place(name, element["id"])
        for key in REFERS:
            if element.get(key):
                value = element[key]
                element[key] = " ".join(
                    place(name, one) for one in (value if isinstance(value, list) else value.split())
                )
        if element.name == "img":
            element["src"] = "../html/" + posixpath.normpath(posixpath.join(posixpath.dirname(name), element["src"]))
    for link in article.select("a[href]"):
        target = arrival(link["href"], name, names)
        if target:
            link["href"] = target
        else:
            link.unwrap()


def _unfold(page: BeautifulSoup, folded: Tag) -> None:
    """What can be opened on a screen stands open on paper, below its title."""
    title = folded.summary.extract()
    closed = title.select_one(".collapsed")
    line = page.new_tag("p", attrs={"class": "unfolded-title"})
    line.string = (closed or title).get_text(" ", strip=True).removeprefix("Show the ").capitalize()
    folded.insert(0, line)
    folded.name, folded["class"] = "div", "unfolded"


def _take_answers(page: BeautifulSoup, article: Tag, name: str) -> Tag | None:
    """Take hints, solutions and the answers of the quiz out of a chapter, into a section of their own."""
    section = page.new_tag("section", attrs={"class": "answers"})
    for exercise in article.select("section[id$='--exercises'] > section"):
        pieces = exercise.find_all(True, recursive=False)
        help_begins = next((i for i, piece in enumerate(pieces) if _is_help(piece)), None)
        if help_begins is not None:
            _put(page, section, exercise.h3, exercise["id"], pieces[help_begins:])
    for quiz in article.select(".lm-quiz"):
        title = quiz.find_previous(re.compile("^h[1-6]$"))
        _put(page, section, title, title.parent.get("id", place(name)), quiz.select("details"))
    if not section.contents:
        return None
    heading = page.new_tag("h2")
    heading.string = "Help and answers"
    section.insert(0, heading)
    return section


def _is_help(piece: Tag) -> bool:
    folds = piece if piece.name == "details" else piece.select_one("details")
    return folds is not None and "Expected output" not in folds.summary.get_text()


def _put(page: BeautifulSoup, section: Tag, title: Tag, target: str, pieces: list[Tag]) -> None:
    """Move `pieces` to the end of `section`, below a heading that leads back to where they come from."""
    heading, link = page.new_tag("h3"), page.new_tag("a", href=f"#{quote(target)}")
    link.extend(copy.copy(word) for word in title.contents)
    heading.append(link)
    section.append(heading)
    for piece in pieces:
        piece = piece.extract()
        for folded in [*([piece] if piece.name == "details" else []), *piece.select("details")]:
            _unfold(page, folded)
        section.append(piece)


def page_name(name: str) -> str:
    """The name of a chapter's sheets, which carry its title; names of CSS hold letters alone and begin with one."""
    return "p" + re.sub(r"\W|_", "-", posixpath.basename(name))


def _heads(titles: dict[str, str]) -> Iterator[str]:
    for name, title in titles.items():
        text = title.replace("\\", "").replace('"', "'")
        yield f'@page {page_name(name)} {{ @top-left {{ content: "{text}" }} }}\n'


def _contents(titles: dict[str, str], root: Path) -> Iterator[str]:
    yield '<nav class="book-contents" aria-label="Contents"><p class="book-contents-title">Contents</p>'
    for part, names in parts(root):
        yield f"<p>{escape(part)}</p><ul>"
        for name in names:
            link = f'<a href="#{place(name)}"><span>{escape(titles[name])}</span> <span class="number"></span></a>'
            yield f"<li>{link}</li>"
        yield "</ul>"
    yield "</nav>"


def gather(html: Path, root: Path = ROOT) -> str:
    """The book as one page of HTML, to be written into a folder beside `html`."""
    names = {name for _, pages in parts(root) for name in pages}
    articles = {name: chapter(html, name, names) for _, pages in parts(root) for name in pages}
    titles = {name: article.h2.get_text(" ", strip=True) for name, article in articles.items()}
    first = BeautifulSoup((html / f"{parts(root)[0][1][0]}.html").read_text(encoding="utf-8"), "html.parser")
    sheets = [link["href"] for link in first.select("link[rel=stylesheet]")]
    math = next(s.string for s in first.find_all("script") if (s.string or "").startswith("window.MathJax"))
    body = []
    for part, pages in parts(root):
        body.append(f'<h1 class="part">{escape(part)}</h1>')
        body += [str(articles[name]) for name in pages]
    return "\n".join(
        [
            f'<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
            f'<title>{TITLE}</title><meta name="author" content="{AUTHOR}">',
            *(f'<link rel="stylesheet" href="../html/{sheet.removeprefix("../")}">' for sheet in sheets),
            f"<style>{''.join(_heads(titles))}{STYLE.read_text(encoding='utf-8')}</style>",
            f'<script>{math}</script><script defer src="../html/mathjax/tex-svg.js"></script></head>',
            f'<body><main class="bd-content"><header class="cover"><p class="title">{TITLE}</p>',
            f'<p>{AUTHOR}</p><p class="licence">Text: CC BY 4.0 · code: MIT</p></header>',
            *_contents(titles, root),
            *body,
            "</main></body></html>",
        ]
    )
