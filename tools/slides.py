"""A chapter as slides: one HTML file that needs no network, for a beamer and a keyboard.

    make slides NB=notebooks/06_lstm_classifier.ipynb      # _build/slides/06_lstm_classifier.html

The slides are cut from the built page, so that links, terms, citations and formulas are those of the book, and what
the book hides stays hidden. Each heading begins a slide; the browser measures what fits on it and moves the rest to the
next one (slides.js). Chapters run from left to right, the parts of a section from top to bottom: space goes through
all of them, Escape shows them side by side. reveal.js (MIT) comes from the PyPI package `sphinx-revealjs`, which is
never imported.
"""

import argparse
import base64
import re
from collections.abc import Iterator
from html import escape
from importlib.metadata import files
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from tools import paper
from tools.book_extension import mathjax_file

ROOT = paper.ROOT
TARGET = Path("_build/slides")
STYLE, SCRIPT = (Path(__file__).with_suffix(suffix) for suffix in (".css", ".js"))
# What only the page of the book has a use for; a link to another place of the book becomes plain text.
UNUSED = ".headerlink, .copybtn, .lm-explorer-note, .next-page, style:not(.lm-quiz style), script"


def reveal_file(name: str) -> str:
    """The text of a file of reveal.js inside the installed package.

    >>> reveal_file("reveal.js")[:20].split()[-1]
    'reveal.js'
    """
    end = f"static/revealjs/dist/{name}"
    found = [f for f in files("sphinx-revealjs") or [] if f.as_posix().endswith(end)]
    if not found:
        raise FileNotFoundError(f"sphinx-revealjs holds no {name}; install requirements.lock again")
    return Path(found[0].locate()).read_text(encoding="utf-8")


def page_of(notebook: Path, html: Path) -> Path:
    """The built page of a chapter's notebook; a `ValueError` says what is missing."""
    page = html / "notebooks" / f"{notebook.stem}.html"
    if notebook.suffix != ".ipynb" or not page.is_file():
        known = ", ".join(sorted(p.stem for p in (html / "notebooks").glob("*.html")))
        raise ValueError(f"No built chapter belongs to {str(notebook)!r}: run `make book`, or choose one of: {known}")
    return page


def topics(soup: BeautifulSoup, folder: Path) -> list[list[tuple[str, list[str]]]]:
    """A page as columns of slides, [[(heading, blocks of HTML), ...], ...]; the first begins with its title."""
    article = soup.select_one("article.bd-article")
    for unused in article.select(UNUSED):
        unused.decompose()
    for link in article.select("a[href]"):
        if not link["href"].startswith("https://"):
            link.unwrap()
    for picture in article.select("img"):
        picture["src"] = inline(folder / picture["src"])
    columns = []
    for part in _walk(article):
        if part.name in ("h1", "h2"):
            columns.append([])
        if re.fullmatch("h[1-6]", part.name):
            columns[-1].append((part.decode_contents(), []))
        else:
            columns[-1][-1][1].extend(_blocks(part))
    return columns


def inline(picture: Path) -> str:
    """A picture as an address that holds the picture itself."""
    kind = {".png": "image/png", ".svg": "image/svg+xml"}[picture.suffix]
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"


def _walk(part: Tag) -> Iterator[Tag]:
    """Headings and what stands below them, in reading order."""
    for child in part.find_all(True, recursive=False):
        if child.name == "section":
            yield from _walk(child)
        else:
            yield child


def _blocks(part: Tag) -> Iterator[str]:
    """What may stand on different slides: code and each of its outputs, each question of a quiz."""
    classes = part.get("class", [])
    if "cell" in classes and not part.find("details", recursive=False):
        for half in part.find_all("div", recursive=False):
            pieces = half.find_all(True, recursive=False)
            for piece in pieces:
                quiz = piece.select_one(".lm-quiz")
                kind = " ".join(half.get("class", []))
                yield from _questions(quiz) if quiz else [f'<div class="{kind}">{piece}</div>']
    else:
        yield str(part)


def _questions(quiz: Tag) -> Iterator[str]:
    words, style = escape(quiz["data-words"]), str(quiz.style)
    for form in quiz.select("form"):
        yield f'<div class="lm-quiz" data-words="{words}">{style}{form}<p class="lm-quiz-score" hidden></p></div>'


def make(notebook: Path, html: Path) -> str:
    """The slides of a chapter, a whole page of HTML."""
    page = page_of(notebook, html)
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    own = [script.string or "" for script in soup.find_all("script")]
    math = [code for code in own if code.startswith("window.MathJax")]  # no formula, none of it
    quiz = [code for code in own if "lm-quiz:not" in code]
    columns = topics(soup, page.parent)
    title = BeautifulSoup(columns[0][0][0], "html.parser").get_text(" ", strip=True)
    colours = (html / "_static" / "pygments.css").read_text(encoding="utf-8")
    styles = [reveal_file("reveal.css"), colours, STYLE.read_text(encoding="utf-8")]
    math += [mathjax_file().read_text(encoding="utf-8")] * bool(math)
    scripts = [*math, reveal_file("reveal.js"), SCRIPT.read_text(encoding="utf-8"), *quiz]
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title>",
            *(f"<style>{style}</style>" for style in styles),
            '</head><body><div class="reveal"><main class="slides">',
            *(_column(column) for column in columns),
            "</main></div>",
            *(_script(code) for code in scripts),
            "</body></html>",
        ]
    )


def _column(column: list[tuple[str, list[str]]]) -> str:
    """The slides of a section; a heading with nothing but a smaller one below it stands above that one."""
    slides, above = [], ""
    for i, (heading, blocks) in enumerate(column):
        if not blocks and i + 1 < len(column):
            above = f"{above}{heading}: "
            continue
        slides.append(f'<section class="leaf"><h2>{above}{heading}</h2>{"".join(blocks)}</section>')
        above = ""
    return f"<section>{''.join(slides)}</section>"


def _script(code: str) -> str:
    """Code inside of a page: what would end it there is written in another way, which means the same to it."""
    return f"<script>{code.replace('</script', chr(92).join(['<', '/script']))}</script>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path, help="such as notebooks/06_lstm_classifier.ipynb")
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--to", type=Path, default=ROOT / TARGET, help="the folder that the slides go to")
    options = parser.parse_args()
    try:
        slides = make(options.notebook, options.html)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    options.to.mkdir(parents=True, exist_ok=True)
    file = options.to / f"{options.notebook.stem}.html"
    file.write_text(slides, encoding="utf-8")
    print(f"The slides are ready. Open {file}")


if __name__ == "__main__":
    main()
