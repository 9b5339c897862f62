"""Every link, picture and file of the built book is there, and what leads outside of it is a whole address."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

pytestmark = pytest.mark.slow
ADDRESSES = ("href", "src", "data", "poster")
OUTSIDE = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[^\s<>\"{}|\\^`]*)?([?#][^\s<>\"{}|\\^`]*)?", re.I)


class Page(HTMLParser):
    """What a page can be entered by (`names`) and where it leads (`links`), from its HTML."""

    def __init__(self, text: str):
        super().__init__()
        self.names, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.names.update(value for name in ("id", "name") if (value := attributes.get(name)))
        self.links += [value for name in ADDRESSES if (value := attributes.get(name)) is not None]


def outside(link: str) -> bool:
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def place(fragment: str) -> str:
    """The name of the place that a link leads to; a link to an explorer also says what it is to show."""
    return parse_qs(fragment)["explorer"][0] if fragment.startswith("explorer=") else unquote(fragment)


def fault(html, pages, name, link) -> str | None:
    """Why a link on the page `name` leads nowhere inside the book, or None."""
    parts = urlsplit(link)
    file = (html / name).parent.joinpath(unquote(parts.path)).resolve() if parts.path else html / name
    if not file.is_relative_to(html.resolve()):
        return f"{link!r} leads out of the book's folder"
    if not file.is_file():
        return f"{link!r}: there is no such file"
    target = pages.get(file.relative_to(html.resolve()).as_posix())
    if parts.fragment and target and place(parts.fragment) not in target.names:
        return f"{link!r}: that page has no place of this name"
    return None


@pytest.fixture(scope="module")
def pages(html):
    """{path below the book: Page} of every page that the book holds, search and index too."""
    found = [file for file in html.rglob("*.html") if "_static" not in file.parts]
    return {f.relative_to(html).as_posix(): Page(f.read_text(encoding="utf-8")) for f in found}


def test_every_link_inside_the_book_arrives(html, pages):
    faults = [
        f"{name}: {why}"
        for name, page in pages.items()
        for link in page.links
        if link and not outside(link) and (why := fault(html, pages, name, link))
    ]
    assert faults == []
    assert sum(not outside(link) for page in pages.values() for link in page.links) > 1000


def test_no_link_is_empty(pages):
    assert [name for name, page in pages.items() if "" in page.links] == []


def test_every_link_to_the_outside_is_a_whole_address(pages):
    known = {link for page in pages.values() for link in page.links if outside(link)}
    known = {link for link in known if not link.startswith(("data:", "mailto:"))}
    # publishers gave some DOIs angle brackets, and browsers write them as they must be
    known = {re.sub("[<>]", lambda m: quote(m[0]), link) if "//doi.org/" in link else link for link in known}
    assert [link for link in sorted(known) if not OUTSIDE.fullmatch(link)] == []
    assert len(known) > 50


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("nowhere.html", "no such file"),
        ("other.html#nowhere", "no place of this name"),
        ("#nowhere", "no place of this name"),
        ("#explorer=gone&text=good", "no place of this name"),
        ("other.html#explorer=here&text=good", None),
        ("../../secret.txt", "leads out of"),
        ("other.html#here", None),
        ("../_images/a%20b.png", None),
    ],
)
def test_a_link_that_leads_nowhere_is_told(tmp_path, link, says):
    for file in ("book/one.html", "book/other.html", "_images/a b.png"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("", encoding="utf-8")
    pages = {"book/one.html": Page("<p>"), "book/other.html": Page('<h2 id="here">')}
    why = fault(tmp_path, pages, "book/one.html", link)
    assert why is None if says is None else says in why
