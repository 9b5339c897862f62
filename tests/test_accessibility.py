"""The whole book for everyone: axe has nothing to say, headings are in order, pictures speak, the keyboard suffices.

Every page of `_toc.yml` is looked at, with search and index, with all that is folded opened and every quiz answered.
Explorers at work are in test_live_page.py.
"""

import re
from html.parser import HTMLParser

import pytest
import yaml
from live_book import AXE, BY_COLOUR, STRUCTURE, begin, wake

pytestmark = pytest.mark.slow
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif)\b|^_|/_")
PHONE = (
    "book/intro.html",
    "book/glossary.html",
    "notebooks/05_word_embeddings.html",
    "notebooks/08_training_on_gpu.html",
)
KEYBOARD = ("book/intro.html", "notebooks/01_why_interpretability.html", "search.html")


def pages(root) -> list[str]:
    """Paths below the book of all pages: what `_toc.yml` lists, search, and index."""

    def names(part):
        for key, value in part.items() if isinstance(part, dict) else ():
            if key in ("root", "file"):
                yield f"{value}.html"
            for inner in value if isinstance(value, list) else ():
                yield from names(inner)

    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [*names(contents), "search.html", "genindex.html"]


class Seen(HTMLParser):
    """Of a page as it is written: the levels of its headings, its pictures, and its drawings (with what names them)."""

    def __init__(self, page: str):
        super().__init__()
        self.levels, self.pictures, self.drawings = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.pictures.append(attributes)
        if tag in ("svg", "canvas", "object") or attributes.get("role") == "img":
            self.drawings.append(attributes)


@pytest.fixture(scope="module")
def written(html, root):
    """{page: Seen}"""
    return {name: Seen((html / name).read_text(encoding="utf-8")) for name in pages(root)}


def test_the_contents_hold_every_chapter_and_every_page_of_the_book(root, written):
    assert len(written) >= 24
    assert {f"notebooks/{p.stem}.html" for p in (root / "notebooks").glob("[0-9][0-9]_*.ipynb")} <= set(written)


def test_each_page_has_one_title_and_skips_no_level_of_its_headings(written):
    for name, page in written.items():
        assert page.levels[0] == 1 and page.levels.count(1) == 1, f"{name}: {page.levels}"
        jumps = [pair for pair in zip(page.levels, page.levels[1:], strict=False) if pair[1] > pair[0] + 1]
        assert jumps == [], f"{name}: a heading of level {jumps[0][0]} is followed by one of level {jumps[0][1]}"


def drawn(picture) -> bool:
    """Whether it is a figure of the book, and no badge or logo."""
    return "_images" in picture["src"] and picture["src"].endswith(".png")


def test_every_figure_says_in_words_what_it_shows(written):
    """A picture without a text of its own gets the name of its file from docutils, which says nothing."""
    for name, page in written.items():
        for picture in page.pictures:
            alt = picture.get("alt") or ""
            assert alt.strip() and not FILE_NAME.search(alt), f"{name}: {picture}"
        figures = [p["alt"] for p in page.pictures if drawn(p)]
        assert all(len(alt.split()) >= 5 for alt in figures), f"{name}: {min(figures, key=len)!r}"
    assert sum(drawn(picture) for page in written.values() for picture in page.pictures) >= 100


def test_every_drawing_in_a_page_has_a_name_or_is_decoration(written):
    for name, page in written.items():
        silent = [d for d in page.drawings if not d.get("aria-label") and d.get("aria-hidden") != "true"]
        assert silent == [], f"{name}: {silent}"


def test_a_picture_without_words_is_found():
    seen = Seen('<h1>A</h1><h3>B</h3><img src="../_images/a.png" alt="../_images/a.png"><svg></svg>')
    assert seen.levels == [1, 3] and FILE_NAME.search(seen.pictures[0]["alt"])
    assert seen.drawings == [{}]


# ----------------------------------------------------------------------------------------------------- in a browser

# Let colours change at once, and open what is folded.
UNFOLD = """() => {
  const style = "* { transition: none !important; animation: none !important; }";
  document.head.insertAdjacentHTML("beforeend", `<style>${style}</style>`);
  for (const folded of document.querySelectorAll("details")) folded.open = true;
}"""
ANSWER = """() => {
  for (const form of document.querySelectorAll(".lm-quiz form")) form.querySelector("label")?.click();
}"""
# Thousands of words stand in few colours: of each kind of text (tag, colour, size, all that lies behind it) axe looks
# at two on a page, the first and the last.
SAMPLES = """() => {
  document.querySelectorAll("[data-sample]").forEach((one) => one.removeAttribute("data-sample"));
  const behind = new Map([[null, ""]]);
  const back = (e) => {
    if (!behind.has(e)) {
      const s = getComputedStyle(e);
      const clear = s.backgroundColor === "rgba(0, 0, 0, 0)" && s.opacity === "1";
      behind.set(e, (clear ? "" : `${s.backgroundColor} ${s.opacity}/`) + back(e.parentElement));
    }
    return behind.get(e);
  };
  const first = new Map(), last = new Map();
  for (const e of document.body.querySelectorAll("*")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
    const s = getComputedStyle(e);
    const kind = [e.tagName, s.color, s.fontSize, s.fontWeight, s.textDecorationLine, back(e)].join("|");
    if (!first.has(kind)) first.set(kind, e);
    last.set(kind, e);
  }
  for (const e of [...first.values(), ...last.values()]) e.setAttribute("data-sample", "");
  return first.size;
}"""
DARK = "Object.assign(document.documentElement.dataset, { theme: 'dark', mode: 'dark' })"
# Drawings that a script has made and that neither have a name nor are hidden from a screen reader.
SILENT = """[...document.querySelectorAll("svg, canvas, [role=img]")].filter((e) => e.getClientRects().length
  && !e.closest("[aria-hidden=true]") && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby")
  && !e.querySelector("title") && !(e.parentElement.closest("[role=img]"))).map((e) => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def axe():
    return pytest.importorskip("axe_playwright_python.sync_playwright").Axe()


def complaints(axe, page, options, context=None) -> list[str]:
    report = axe.run(page, context=context, options=options)
    return [report.generate_report()] if report.violations_count else []


@pytest.fixture(scope="module")
def inspected(chromium, html, root, axe):
    """{page: complaints, light and dark}, and below "phone …" those of some pages on a narrow screen."""
    found = {}
    page = begin(chromium)
    samples, colours = {"include": [["[data-sample]"]]}, {**AXE, "runOnly": BY_COLOUR}
    for name in pages(root):
        page.goto((html / name).as_uri())
        page.evaluate(UNFOLD)
        page.evaluate(ANSWER)
        found[name] = complaints(axe, page, STRUCTURE) + page.evaluate(SILENT)
        for change in ("null", DARK):
            page.evaluate(change)
            assert page.evaluate(SAMPLES) >= 5
            found[name] += complaints(axe, page, colours, samples)
    page.context.close()
    page = begin(chromium, 390, "dark")
    for name in PHONE:
        page.goto((html / name).as_uri())
        page.evaluate(UNFOLD)
        page.evaluate(SAMPLES)
        found[f"phone {name}"] = complaints(axe, page, STRUCTURE) + complaints(axe, page, colours, samples)
    page.context.close()
    return found


@pytest.mark.browser
def test_axe_finds_nothing_on_any_page_in_light_or_dark_or_on_a_phone(inspected):
    faulty = {name: reports for name, reports in inspected.items() if reports}
    assert faulty == {}, f"{list(faulty)}\n" + "\n".join(report for one in faulty.values() for report in one)[:6000]


# Each control that a keyboard must reach, with a mark; a group of radio buttons is one stop.
STOPS = """() => {
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
  const stops = (e) => {
    if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({ visibilityProperty: true })) return false;
    const group = e.type === "radio" ? [...all].filter((other) => other.name === e.name && other.form === e.form) : [e];
    return e === (group.find((one) => one.checked) ?? group[0]);
  };
  const wanted = [...all].filter(stops);
  wanted.forEach((e, i) => { e.dataset.stop = i; });
  return wanted.length;
}"""
# Where the focus is, and whether one sees it: something there looks otherwise than without the focus.
FOCUS = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const parts = [e, e.labels?.[0], e.parentElement, e.closest(".sd-card")].filter(Boolean);
  const looks = () => parts.map((part) => {
    const s = getComputedStyle(part);
    const outline = s.outlineStyle === "none" ? "" : `${s.outlineStyle} ${s.outlineWidth} ${s.outlineColor}`;
    return [outline, s.boxShadow, s.backgroundColor, s.borderColor, s.color, s.textDecoration].join(" ");
  }).join();
  const on = looks();
  e.blur();
  const off = looks();
  e.focus({ preventScroll: true });
  return { stop: e.dataset.stop ?? null, seen: on !== off, html: e.outerHTML.slice(0, 140) };
}"""


@pytest.mark.browser
@pytest.mark.parametrize("name", KEYBOARD)
def test_every_control_is_reached_by_the_keyboard_and_one_sees_where_one_is(chromium, html, name):
    page = begin(chromium)
    page.goto((html / name).as_uri())
    page.evaluate(UNFOLD)
    wake(page)
    wanted, reached = page.evaluate(STOPS), set()
    for _ in range(wanted + 60):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        assert focus["seen"], f"the focus cannot be seen: {focus['html']}"
        reached.add(focus["stop"])
    missed = {str(i) for i in range(wanted)} - reached
    assert missed == set(), [
        page.locator(f"[data-stop='{i}']").evaluate("(e) => e.outerHTML.slice(0, 160)") for i in missed
    ]
    page.context.close()


@pytest.mark.browser
def test_the_first_stop_of_a_keyboard_skips_to_the_text(chromium, html):
    page = begin(chromium)
    page.goto((html / "notebooks/01_why_interpretability.html").as_uri())
    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.innerText").lower()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main, .bd-main') !== null")
    page.context.close()
