"""The built book reads offline: nothing is fetched, formulas are drawn, search and quizzes answer, models lie in it."""

import hashlib
import io
import json
import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from lmtutorial import __version__
from lmtutorial.colab import BRANCH, REPOSITORY, notebook_url
from tools.notebooks import chapters

FETCHED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "source": "src",
    "iframe": "src",
    "video": "src",
    "audio": "src",
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(html):
    """{path below the book: its HTML} of the pages that the book's authors wrote."""
    found = [p for folder in ("book", "notebooks") for p in sorted((html / folder).glob("*.html"))]
    return {p.relative_to(html).as_posix(): p.read_text(encoding="utf-8") for p in found}


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.seen = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def test_every_chapter_and_page_of_the_contents_is_there(pages):
    wanted = {f"notebooks/{p.stem}.html" for p in chapters()}
    assert wanted | {f"book/{n}.html" for n in ("intro", "how_to_use", "glossary", "references")} <= set(pages)


def test_no_page_fetches_anything_from_the_network(pages):
    for name, page in pages.items():
        for tag, attributes in Tags(page).seen:
            address = attributes.get(FETCHED.get(tag, ""), "") or ""
            fetched = tag != "link" or attributes.get("rel") in {
                "stylesheet",
                "preload",
                "icon",
                "shortcut icon",
                "search",
            }
            if fetched:
                assert not re.match(r"(https?:)?//", address), f"{name}: <{tag}> fetches {address}"


def test_no_style_sheet_or_script_of_ours_fetches_anything(html):
    for file in (html / "_static").rglob("*.css"):
        far = re.findall(r"(?:url\(|@import )[\"']?((?:https?:)?//[^\"')]+)", file.read_text(encoding="utf-8"))
        assert far == [], f"{file.name}: {far}"


def test_everything_that_a_page_fetches_is_in_the_book(html, pages):
    for name, page in pages.items():
        for tag, attributes in Tags(page).seen:
            address = urlsplit(attributes.get(FETCHED.get(tag, ""), "") or "")
            if tag in {"script", "img", "link"} and address.path and not address.scheme and not address.netloc:
                assert (html / name).parent.joinpath(address.path).resolve().exists(), f"{name}: {address.path}"


def test_the_launch_buttons_open_the_page_they_stand_on(pages):
    where = REPOSITORY.removeprefix("https://github.com/")
    for path in chapters():
        links = {a.get("href") for t, a in Tags(pages[f"notebooks/{path.stem}.html"]).seen if t == "a"}
        assert notebook_url(f"notebooks/{path.name}") in links
        assert f"https://mybinder.org/v2/gh/{where}/{BRANCH}?urlpath=lab/tree/notebooks/{path.name}" in links


def test_open_issue_opens_a_form_that_knows_page_and_version(root, pages):
    form = yaml.safe_load((root / ".github/ISSUE_TEMPLATE/page.yml").read_text(encoding="utf-8"))
    fields = {part["id"] for part in form["body"] if "id" in part}
    for name, page in pages.items():
        (link,) = {a["href"] for t, a in Tags(page).seen if t == "a" and "/issues/new" in (a.get("href") or "")}
        address, asked = link.split("?")[0], parse_qs(urlsplit(link).query)
        assert address == f"{REPOSITORY}/issues/new" and asked.pop("template") == ["page.yml"]
        assert asked.pop("title") == [f"{name.removesuffix('.html')}: "]
        assert asked == {"page": [name], "version": [__version__]} and set(asked) <= fields, name


def test_every_picture_has_alt_text_and_every_page_one_title(pages):
    for name, page in pages.items():
        seen = Tags(page).seen
        missing = [a.get("src") for t, a in seen if t == "img" and not a.get("alt")]
        assert missing == [], f"{name}: {missing}"
        article = page[page.index("<article") : page.index("</article>")]
        assert article.count("<h1") == 1, name


def test_no_set_up_code_and_no_warning_is_shown(pages):
    for name, page in pages.items():
        text = re.sub(r"<script.*?</script>|<[^>]+>", "", page, flags=re.S)
        assert "google.colab" not in text and "UserWarning" not in text and "Traceback" not in text, name


def test_the_stored_examples_of_the_prose_pages_are_what_the_models_say(root):
    from tools import landing

    kept = json.loads((root / landing.STORE).read_text(encoding="utf-8"))
    assert kept == landing.examples(), "run make landing"
    assert any(key.startswith("sentence reviews-lstm") and "oatmeal" in key for key in kept), "the landing page's own"


def explorers(page) -> list[dict]:
    return [a for tag, a in Tags(page).seen if tag == "div" and "lm-explorer" in (a.get("class") or "").split()]


def test_the_landing_page_opens_with_an_explorer(pages):
    (found,) = explorers(pages["book/intro.html"])
    assert (found["id"], found["data-kind"], found["data-model"]) == ("explorer-oatmeal", "sentence", "reviews-lstm")
    assert json.loads(found["data-state"])["text"] == "It has all the excitement of eating oatmeal."


def test_the_explorers_script_is_on_the_pages_that_hold_one_and_on_no_other(html):
    for file in html.rglob("*.html"):
        page = file.read_text(encoding="utf-8")
        scripts = [a["src"] for tag, a in Tags(page).seen if tag == "script" and "lm-explorer" in (a.get("src") or "")]
        assert len(scripts) == (1 if explorers(page) else 0), f"{file.name}: {scripts}"
        assert all(re.search(r"_static/lm-explorer\.js\?v=\w{8}$", script) for script in scripts)


def test_every_explorer_of_a_page_has_a_name_of_its_own_and_a_model_in_the_book(html, pages):
    index = (html / "lm-models" / "index.js").read_text(encoding="utf-8")
    known = json.loads(re.fullmatch(r"lmExplorerIndex\((.*)\);\n", index)[1])
    for name, page in pages.items():
        found = explorers(page)
        ids = [explorer["id"] for explorer in found]
        assert len(set(ids)) == len(ids), f"{name}: {ids}"
        assert {explorer.get("data-model", "map") for explorer in found} <= set(known), name
    for name, facts in known.items():
        script = (html / "lm-models" / f"{name}.js").read_bytes()
        assert facts == {"v": hashlib.sha256(script).hexdigest()[:8], "bytes": len(script)}
        assert f'\nlmExplorerData("{name}", "' in script[:200].decode()


@pytest.fixture
def small_book(tmp_path, monkeypatch):
    """Build a page of Markdown with the book's directive: (what Sphinx complained of, the built page)."""
    from sphinx.application import Sphinx

    from tools import book_explorers, landing

    monkeypatch.setattr(book_explorers, "write_scripts_and_models", lambda app: None)
    example = {"html": "<p>a drawing</p>", "text": "a drawing in letters"}
    kept = {landing.stored.key(*explorer): example for explorer in landing.explorers(DIRECTIVE)}
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "explorers.json").write_text(json.dumps(kept), encoding="utf-8")

    def build(markdown, builder="html"):
        (tmp_path / "index.md").write_text(f"# A page\n\n{markdown}\n", encoding="utf-8")
        warnings, settings = io.StringIO(), {"extensions": ["myst_parser", "tools.book_explorers"]}
        folders = [str(tmp_path / name) for name in ("", builder, "doctrees")]
        app = Sphinx(folders[0], None, *folders[1:], builder, settings, status=None, warning=warnings, freshenv=True)
        app.build()
        (page,) = [*(tmp_path / builder).glob("index.*"), *(tmp_path / builder).glob("*.tex")]
        return warnings.getvalue(), page.read_text(encoding="utf-8")

    return build


DIRECTIVE = """```{explorer} softmax
:name: hot
:temperature: 1.5
:top_k: 5
:text: "After this: nothing"
```"""


def test_a_directive_writes_the_element_with_its_stored_example(small_book):
    warnings, page = small_book(DIRECTIVE)
    (found,) = explorers(page)
    assert warnings == "" and "<p>a drawing</p>" in page and "in letters" not in page
    assert (found["id"], found["data-kind"], found["data-model"]) == ("explorer-hot", "softmax", "wiki-lstm")
    state = json.loads(found["data-state"])
    assert (state["text"], state["temperature"], state["top_k"]) == ("After this: nothing", 1.5, 5)


def test_a_page_that_is_no_html_shows_the_example_as_text(small_book):
    assert "a drawing in letters" in small_book(DIRECTIVE, "text")[1]
    assert "a drawing in letters" in small_book(DIRECTIVE, "latex")[1]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("1.5", "1.6"), "no example of this 'softmax': run make landing"),
        (("softmax", "sofmax"), "no kind 'sofmax'; did you mean 'softmax'"),
        (("1.5", "hot"), "Expecting value"),
        (("temperature", "temprature"), "Unknown option keys: .*temprature"),
        (("name: hot", "name: So hot"), "the name of an explorer"),
        ((":top_k: 5", ":seed: 1.5"), "seed must be a int, got 1.5"),
    ],
)
def test_a_directive_that_cannot_be_drawn_is_an_error_that_says_why(small_book, changed, says):
    assert re.search(says, small_book(DIRECTIVE.replace(*changed))[0])


def test_a_model_is_written_again_only_when_it_is_made_of_something_else(html, monkeypatch):
    from tools import book_models

    folder = html / "lm-models"
    assert book_models.outdated(folder) == []
    monkeypatch.setattr(book_models.files, "checksums", lambda: {"models/wiki-lstm/weights.npz": "0"})
    assert book_models.outdated(folder) == list(book_models.DATA)
    assert book_models.outdated(html / "elsewhere") == list(book_models.DATA)


@pytest.fixture(scope="module")
def visit(html, chromium):
    """Open a page of the book without network; `page.troubles` gathers what the console and the page complain of."""
    from tools.screenshots import new_page

    def open_page(name, width=1280, theme="light"):
        page = new_page(chromium, width, theme)
        page.troubles = []
        page.on("console", lambda m: page.troubles.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda e: page.troubles.append(str(e)))
        path, _, query = name.partition("?")
        page.goto(f"{(html / path).as_uri()}?{query}")
        page.wait_for_load_state("load")
        return page

    return open_page


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_open_from_a_file_without_network_or_complaint_and_fit_a_phone(visit, pages, theme):
    for name in pages:
        page = visit(name, 390, theme)
        page.wait_for_timeout(300)
        assert page.refused == [], f"{name} asked for {page.refused}"
        assert page.troubles == [], f"{name}: {page.troubles}"
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{name} is wider than a phone"
        page.context.close()


@pytest.mark.browser
def test_formulas_are_drawn(visit):
    page = visit("notebooks/02_softmax_formula.html")
    page.wait_for_selector("mjx-container svg", timeout=10_000)
    assert page.locator("mjx-container svg").count() >= 3
    assert "$$" not in page.locator("article").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize(("word", "place"), [("softmax", "glossary"), ("logit", "glossary"), (None, "last chapter")])
def test_search_answers_offline(visit, pages, word, place):
    """A word of the glossary, and the longest one of the last chapter's title."""
    wanted = f"book/{place}.html" if word else f"notebooks/{chapters()[-1].stem}.html"
    title = re.sub("<[^>]+>", " ", re.search("<h1>(.*?)</h1>", pages[wanted], re.S)[1])
    page = visit(f"search.html?q={word or max(re.findall('[a-z]+', title), key=len)}")
    page.get_by_text("Search finished").wait_for(timeout=10_000)
    links = page.locator("ul.search li a").evaluate_all("(all) => all.map((link) => link.getAttribute('href'))")
    assert any(link.startswith(wanted) for link in links), f"{page.url}: {links}"
    assert len(links) >= 3 or not word, f"{word}: {links}"
    assert page.refused == [] and page.troubles == []


@pytest.mark.browser
def test_a_quiz_in_a_chapter_answers_a_click(visit):
    page = visit("notebooks/01_why_interpretability.html", 390, "dark")
    form = page.locator(".lm-quiz form[data-kind=one]").first
    form.locator("label").first.click()
    assert len(form.locator(".lm-quiz-feedback").inner_text()) > 20
    assert re.search(r"\d of \d|All \d", page.locator(".lm-quiz-score").inner_text())


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_quiz_and_outputs_can_be_read_in_both_themes(visit, theme):
    """Text against what lies behind it: 4.5 to 1, as WCAG asks."""
    page = visit("notebooks/01_why_interpretability.html", 1280, theme)
    page.locator(".lm-quiz label").first.click()
    weak = page.evaluate(
        CONTRAST, ".lm-quiz legend, .lm-quiz label span, .lm-quiz b, .lm-quiz button, .at-a-glance p, .cell_output pre"
    )
    assert weak == []


# For each element: its colour over the first opaque background behind it; those below 4.5 come back.
CONTRAST = """(selector) => {
  const parse = (c) => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if ((c.length < 4 ? 1 : c[3]) > 0.5) return c;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)].filter((e) => e.innerText && e.getClientRects().length).map((e) => {
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    return [e.innerText.slice(0, 40), Math.round(100 * (a + 0.05) / (b + 0.05)) / 100];
  }).filter(([, ratio]) => ratio < 4.5);
}"""
