"""Print the built book: one PDF with a title page, contents, bookmarks, page numbers, and links between chapters.

    make pdf                    # _build/pdf/explaining-language-models.pdf, after the book was built

Chromium prints the page that tools/paper.py gathers, twice: only a printed book knows on which sheets its chapters
begin, and the second one says it in its contents. The PDF is tagged, so that a screen reader can follow it.
"""

import argparse
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject
from tqdm import tqdm

from tools import paper
from tools.screenshots import browser, new_page

ROOT = paper.ROOT
TARGET = Path("_build/pdf/explaining-language-models.pdf")
WIDTH = 658  # what is left of A4 between its margins, in CSS pixels: 174 mm at 96 dots an inch

# Formulas and tables that are wider than the sheet are made smaller, as much as each one needs.
FIT = """(width) => {
  for (const wide of document.querySelectorAll("table, mjx-container[display=true], .lm-tokens")) {
    const inner = wide.querySelector(":scope > svg")?.getBoundingClientRect().width ?? wide.scrollWidth;
    const room = Math.min(width, wide.parentElement.clientWidth || width);
    if (inner > room + 1) wide.style.zoom = room / inner;
  }
}"""
NUMBER = """(sheets) => {
  for (const link of document.querySelectorAll(".book-contents a")) {
    link.querySelector(".number").textContent = sheets[decodeURIComponent(link.hash.slice(1))] ?? "";
  }
}"""


def sheets(reader: PdfReader) -> dict[str, int]:
    """{id of a chapter: the sheet on which it begins, from 1}."""
    found = {}
    for name, target in reader.named_destinations.items():
        if "--" not in name:
            found[name.lstrip("/")] = reader.get_destination_page_number(target) + 1
    return found


def print_book(html: Path, target: Path, root: Path = ROOT) -> Path:
    """Print the book that is built in `html` to `target`, a PDF below a folder beside `html`."""
    source = html.parent / "pdf" / "book.html"
    source.parent.mkdir(parents=True, exist_ok=True)
    text = paper.gather(html, root)
    source.write_text(text, encoding="utf-8")
    draft = source.with_name("draft.pdf")
    with browser() as opened, tqdm(total=4, desc="printing", leave=False) as progress:
        page = new_page(opened, WIDTH)
        page.set_default_timeout(600_000)
        page.emulate_media(media="print", color_scheme="light")
        page.goto(source.as_uri())
        page.wait_for_function("window.MathJax?.startup?.promise")
        page.evaluate("MathJax.startup.promise")
        page.evaluate(FIT, WIDTH)
        progress.update()
        page.pdf(path=draft, prefer_css_page_size=True, print_background=True)
        page.evaluate(NUMBER, sheets(PdfReader(draft)))
        progress.update()
        page.pdf(path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
        progress.update()
        finish(target, headings(text))
        progress.update()
    draft.unlink()
    return target


def headings(page: str) -> list[str]:
    """The text of every heading of a page of HTML, in reading order.

    >>> headings("<h1>Why?</h1><p>So.</p><h2 id='a'><a href='#b'>Because &amp; so</a></h2>")
    ['Why?', 'Because & so']
    """
    found = re.findall(r"<(h[1-6])\b[^>]*>(.*?)</\1>", page, re.S)
    return [" ".join(unescape(re.sub("<[^>]+>", "", text)).split()) for _, text in found]


def bookmarks(parent) -> Iterator:
    """Every bookmark below one of them, or below the outline itself, in reading order."""
    mark = parent.get("/First")
    while mark is not None:
        mark = mark.get_object()
        yield mark
        yield from bookmarks(mark)
        mark = mark.get("/Next")


def finish(pdf: Path, titles: list[str]) -> None:
    """Say in the file what it is and who wrote it, and open it with its bookmarks.

    Chromium writes a heading at the top of a sheet twice into its bookmark: `titles` are put in place of all.
    """
    writer = PdfWriter(clone_from=pdf)
    about = {"/Title": paper.TITLE, "/Author": paper.AUTHOR, "/Subject": "How to explain what language models answer"}
    writer.add_metadata(about)
    writer.page_mode = "/UseOutlines"
    for mark, title in zip(bookmarks(writer.root_object["/Outlines"]), titles, strict=True):
        mark[NameObject("/Title")] = TextStringObject(title)
    writer.write(pdf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--to", type=Path, default=ROOT / TARGET)
    options = parser.parse_args()
    made = print_book(options.html.resolve(), options.to.resolve())
    print(f"{len(PdfReader(made).pages)} sheets, {made.stat().st_size / 1e6:.1f} MB: {made}")


if __name__ == "__main__":
    main()
