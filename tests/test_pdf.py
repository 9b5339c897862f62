"""The book on paper: all of its titles, figures, formulas and answers are there, and its links lead somewhere."""

import re
import unicodedata

import pytest
from bs4 import BeautifulSoup

from tools import paper

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAMES = {"notebooks/01_why", "notebooks/02_softmax", "book/glossary"}


@pytest.fixture(scope="module")
def printed(html, root, tmp_path_factory):
    """The PDF, read by another library than the one that printed it."""
    pypdf = pytest.importorskip("pypdf", reason="left out: pypdf is not installed (make test installs it)")
    from tools import pdf

    return pypdf.PdfReader(pdf.print_book(html, tmp_path_factory.mktemp("paper") / "book.pdf", root))


@pytest.fixture(scope="module")
def gathered(printed, html):
    """The whole book as one page, as it was sent to the printer."""
    return BeautifulSoup((html.parent / "pdf" / "book.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def chapters_on_paper(printed, gathered):
    """{id of a chapter: (its text, its sheets)}"""
    from tools.pdf import sheets

    begin = sorted(sheets(printed).items(), key=lambda item: item[1])
    ends = [sheet for _, sheet in begin[1:]] + [len(printed.pages) + 1]
    return {
        name: (gathered.find(id=name), printed.pages[first - 1 : end - 1])
        for (name, first), end in zip(begin, ends, strict=True)
    }


def squeezed(text: str) -> str:
    """Letters and digits alone: a PDF breaks lines where it likes, and may draw two letters as one."""
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text)).lower()


def figures(sheet) -> int:
    """Pictures of dots that a sheet draws."""
    drawn = sheet["/Resources"].get_object().get("/XObject", {})
    return sum(one.get_object()["/Subtype"] == "/Image" for one in drawn.get_object().values()) if drawn else 0


def test_every_page_of_the_contents_begins_a_sheet_with_its_title(chapters_on_paper, root):
    names = [paper.place(name) for _, pages in paper.parts(root) for name in pages]
    assert list(chapters_on_paper) == names
    begun = {name: squeezed(sheets[0].extract_text()) for name, (_, sheets) in chapters_on_paper.items()}
    assert [name for name in names if squeezed(chapters_on_paper[name][0].h2.get_text()) not in begun[name]] == []


def test_every_figure_of_every_chapter_is_on_its_sheets(chapters_on_paper):
    counts = {
        name: (len(article.select("img[src$='.png']")), sum(figures(sheet) for sheet in sheets))
        for name, (article, sheets) in chapters_on_paper.items()
    }
    assert {name: pair for name, pair in counts.items() if pair[0] != pair[1]} == {}, "(in the book, on paper)"
    assert sum(on_paper for _, on_paper in counts.values()) >= 100


def test_formulas_are_drawn_and_no_source_of_one_is_left(chapters_on_paper):
    text = "".join(sheet.extract_text() for sheet in chapters_on_paper["02_softmax_formula"][1])
    assert [source for source in ("\\(", "\\frac", "\\sum", "$$") if source in text] == []
    assert "cross-entropy" in text


def test_the_bookmarks_are_parts_chapters_and_their_headings(printed, gathered):
    def titles(marks, level=1):
        for mark in marks:
            if isinstance(mark, list):
                yield from titles(mark, level + 1)
            else:
                yield level, mark.title

    wanted = [(int(h.name[1]), " ".join(h.get_text().split())) for h in gathered.find_all(re.compile("^h[1-6]$"))]
    assert list(titles(printed.outline)) == wanted


def test_the_contents_name_the_sheet_of_each_chapter(printed, chapters_on_paper):
    text = squeezed("".join(page.extract_text() for page in printed.pages[1:3]))
    numbers = {name: printed.get_page_number(sheets[0]) + 1 for name, (_, sheets) in chapters_on_paper.items()}
    lines = {
        name: f"{squeezed(article.h2.get_text())}{numbers[name]}" for name, (article, _) in chapters_on_paper.items()
    }
    assert [line for line in lines.values() if line not in text] == []


def test_sheets_have_their_numbers_and_none_is_empty(printed):
    for number, page in enumerate(printed.pages, 1):
        assert b"Tj" in page.get_contents().get_data(), f"sheet {number} is empty"
    for number in range(2, len(printed.pages), 20):
        words = printed.pages[number - 1].extract_text().split()
        assert str(number) in words and len(words) > 1, f"sheet {number}: {words}"


def test_the_file_says_what_it_is_and_screen_readers_can_follow_it(printed):
    assert (printed.metadata.title, printed.metadata.author) == (paper.TITLE, paper.AUTHOR)
    assert printed.trailer["/Root"]["/Lang"] == "en" and printed.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert printed.page_mode == "/UseOutlines"


def test_links_of_the_printed_book_arrive_and_no_id_is_there_twice(gathered):
    ids = [element["id"] for element in gathered.find_all(id=True)]
    assert len(set(ids)) == len(ids)
    inside = {link["href"][1:] for link in gathered.select("a[href^='#']")}
    assert inside - set(ids) == set() and len(inside) > 300
    links = [link["href"] for link in gathered.select("a[href]")]
    assert [link for link in links if not link.startswith(("#", "https://"))] == []


def test_nothing_stays_folded_and_answers_stand_at_the_end_of_their_chapter(gathered):
    assert gathered.select("details, main script, main button") == []
    examples = gathered.select(".lm-explorer")
    assert len(examples) >= 10 and all(re.search(r"\d", example.get_text()) for example in examples)
    assert "with JavaScript" not in gathered.get_text()
    chapters = [a for a in gathered.select("article") if re.match(r"\d\d_", a["id"])]
    for chapter in chapters:
        last = chapter.find_all("section", recursive=False)[-1]
        assert last["class"] == ["answers"], chapter["id"]
        exercises = chapter.select("section[id$='--exercises'] > section")
        assert len(last.find_all("h4")) == len(exercises) + len(chapter.select(".lm-quiz"))
        assert not any(squeezed("Solution") == squeezed(t.get_text()) for e in exercises for t in e.select("p"))
    assert len(chapters) >= 18


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("02_softmax.html#exercises", "#02_softmax--exercises"),
        ("#here", "#01_why--here"),
        ("../book/glossary.html", "#glossary"),
        ("#explorer=explorer-two&text=a+b", "#01_why--explorer-two"),
        ("https://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
        ("../_downloads/1/01_why.ipynb", None),
        ("../search.html", None),
    ],
)
def test_a_link_leads_to_its_place_on_paper_or_to_none(link, leads):
    assert paper.arrival(link, "notebooks/01_why", NAMES) == leads
