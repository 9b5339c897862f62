"""A chapter as slides: one file without network, cut at its headings, on which nothing sticks out."""

import re

import pytest

from tools import slides
from tools.notebooks import appendices, chapters

pytestmark = pytest.mark.slow
CHAPTER = "06_lstm_classifier"


@pytest.fixture(scope="module")
def made(html, root, tmp_path_factory):
    """{chapter: its file of slides}: one that is long, and one with explorers and formulas."""
    files = {}
    for name in (CHAPTER, "02_softmax_formula"):
        files[name] = tmp_path_factory.mktemp("slides") / f"{name}.html"
        files[name].write_text(slides.make(root / "notebooks" / f"{name}.ipynb", html), encoding="utf-8")
    return files


@pytest.fixture(scope="module", params=[CHAPTER, "02_softmax_formula"])
def show(request, made, chromium):
    """The slides on a beamer; what the page complains of is in `troubles`."""
    from tools.screenshots import new_page

    page = new_page(chromium, 1280)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.troubles = []
    page.on("console", lambda m: page.troubles.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: page.troubles.append(str(e)))
    page.goto(made[request.param].as_uri())
    page.evaluate("lmSlides")
    yield page
    page.context.close()


def test_each_heading_begins_a_slide_and_parts_of_a_section_stand_below_it(small_page):
    columns = slides.topics(small_page, None)
    assert [[heading for heading, _ in column] for column in columns] == [["Title"], ["A", "A.1"], ["B"]]
    (_, blocks) = columns[1][1]
    assert len(blocks) == 3 and "print(1)" in blocks[0] and ">1<" in blocks[1] and "questions" in blocks[2]
    assert "book.html" not in "".join(blocks) and "https://outside" in "".join(blocks)


@pytest.fixture
def small_page():
    from bs4 import BeautifulSoup

    code, output = ("<pre>print(1)</pre>", "<pre>1</pre>")
    cell = f'<div class="cell"><div class="cell_input">{code}</div><div class="cell_output">{output}</div></div>'
    links = '<p><a href="../book.html">questions</a> <a href="https://outside.org">out</a></p>'
    first = f"<section><h2>A</h2><p>text</p><section><h3>A.1</h3>{cell}{links}</section></section>"
    sections = f"<section><h1>Title</h1>{first}<section><h2>B</h2></section></section>"
    return BeautifulSoup(f'<article class="bd-article">{sections}</article>', "html.parser")


def test_a_heading_without_text_stands_above_the_next_one():
    made = slides._column([("A", []), ("A.1", ["<p>text</p>"]), ("B", [])])
    assert re.findall("<h2>(.*?)</h2>", made) == ["A: A.1", "B"]


def test_a_notebook_that_is_no_chapter_is_told(html):
    with pytest.raises(ValueError, match="'notebooks/66_none.ipynb': run `make book`, or choose one of: 01_"):
        slides.page_of(slides.Path("notebooks/66_none.ipynb"), html)


def test_every_chapter_can_be_cut(html):
    from bs4 import BeautifulSoup

    for notebook in [*chapters(), *appendices()]:
        assert "Reveal.initialize" in slides.make(notebook, html), notebook.name
        page = slides.page_of(notebook, html)
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        pictures = len(soup.select("article img[src$='.png']"))
        text = "".join(block for column in slides.topics(soup, page.parent) for _, part in column for block in part)
        assert text.count("data:image/png;base64,") == pictures, notebook.name
        assert "google.colab" not in text.replace("colab.research.google.com", "")


def test_the_file_holds_all_that_it_shows(made):
    text = made[CHAPTER].read_text(encoding="utf-8")
    assert re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="(?!data:)[^"]*"', text) == []
    assert "UserWarning" not in text and made[CHAPTER].stat().st_size < 8e6


@pytest.mark.browser
def test_slides_open_without_network_or_complaint_and_hold_the_whole_chapter(show):
    assert show.refused == [] and show.troubles == []
    total = show.evaluate("Reveal.getTotalSlides()")
    assert 30 <= total <= 120
    titles = show.locator("section.leaf > h2:not(.continued)").count()
    assert 20 <= titles < total


@pytest.mark.browser
def test_nothing_sticks_out_of_a_slide(show):
    """Only what a reader opens on a slide (a solution, the feedback of a quiz) may make it scroll."""
    wide = show.evaluate(
        """() => Reveal.getSlides().filter((slide) => {
      const { h, v } = Reveal.getIndices(slide);
      Reveal.slide(h, v);
      return slide.scrollWidth > slide.clientWidth || slide.scrollHeight > slide.clientHeight;
    }).map((slide) => slide.innerText.slice(0, 60))"""
    )
    assert wide == []


@pytest.mark.browser
def test_figures_and_formulas_are_drawn_and_fit(show):
    sizes = show.evaluate("[...document.querySelectorAll('.leaf img')].map((i) => [i.naturalWidth, i.offsetHeight])")
    assert len(sizes) >= 7 and all(width > 0 for width, _ in sizes) and all(height <= 540 for _, height in sizes)
    assert show.locator(".leaf mjx-container svg").count() >= 3


@pytest.mark.browser
def test_the_keyboard_goes_through_all_slides_and_shows_them_side_by_side(show):
    show.evaluate("Reveal.slide(0, 0)")
    seen = set()
    for _ in range(show.evaluate("Reveal.getTotalSlides()")):
        seen.add(show.evaluate("Object.values(Reveal.getIndices()).slice(0, 2).join()"))
        show.keyboard.press("Space")
    assert len(seen) == show.evaluate("Reveal.getTotalSlides()")
    show.keyboard.press("Escape")
    assert show.evaluate("Reveal.isOverview()")
    show.keyboard.press("Escape")


@pytest.mark.browser
def test_a_quiz_answers_on_its_slide(show):
    form = show.locator("section.leaf form[data-kind=one]").first
    form.evaluate("(f) => { const { h, v } = Reveal.getIndices(f.closest('section')); Reveal.slide(h, v); }")
    form.locator("label").first.click()
    assert len(form.locator(".lm-quiz-feedback").inner_text()) > 20
    before = show.evaluate("JSON.stringify(Reveal.getIndices())")
    show.keyboard.press("Space")
    assert show.evaluate("JSON.stringify(Reveal.getIndices())") != before, "the answer has kept the keys"
