"""The book's explorers for the tests: pages over http or from files, what stands in them, the Python they hand out."""

import ast
import io
import re
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from benchmarks.live_pages import WATCH
from lmtutorial.widgets import stored

LANDING, MADE = "book/intro.html", "book/made-for-this-test.html"
NAMES = ("first", "second", "third", "fourth", "fifth", "sixth")
LEAD = '<p class="lm-lead">'
EXAMPLE = stored.Drawing("<p>an example that was stored</p>", "an example that was stored")
ASKED = """
window.asked = [];
document.addEventListener("lm-explorer-painted", (e) => window.asked.push({ host: e.target.id, ...e.detail.request }));
"""
# axe has nothing to fetch style sheets for, and from a file it may not.
AXE = {"resultTypes": ["violations"], "preload": False}
BY_COLOUR = ["color-contrast", "link-in-text-block"]  # the rules whose answer depends on the theme
STRUCTURE = {**AXE, "rules": {rule: {"enabled": False} for rule in BY_COLOUR}}
COLOURS = {**AXE, "runOnly": BY_COLOUR}
# Code listings have thousands of words in a few colours: of each kind of word, axe looks at one on each page.
MARK_SAMPLES = """() => {
  const kinds = new Map([...document.querySelectorAll(".highlight pre span")].map((word) => [word.className, word]));
  for (const word of kinds.values()) word.setAttribute("data-sample", "");
  return kinds.size;
}"""


def begin(chromium, width: int = 1280, theme: str = "light", **settings):
    """A page that notes what it asks for (`requests`), complains of (`troubles`), and what explorers paint."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **settings)
    context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
    context.add_init_script(WATCH + ASKED)
    page = context.new_page()
    page.requests, page.troubles = [], []
    page.on("request", lambda request: page.requests.append(request.url))
    page.on("console", lambda m: page.troubles.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    return page


def outside(page, home: str) -> list[str]:
    """What a page has asked for that does not lie in the book's own folder."""
    return [url for url in page.requests if not url.startswith((home, "data:", "blob:"))]


def wake(page) -> list[str]:
    """Scroll to every explorer of a page until it lives; their names."""
    names = page.locator(".lm-explorer[data-model]").evaluate_all("(all) => all.map((one) => one.id)")
    for name in names:
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.locator(f"#{name}[data-live]").wait_for(timeout=30_000)
    return names


def colour_faults(axe, page) -> list[str]:
    """What axe has to say of the colours of a whole page."""
    samples = page.evaluate(MARK_SAMPLES)
    looks = [{"exclude": [[".highlight pre"]]}, *([{"include": [["[data-sample]"]]}] if samples else [])]
    found = [axe.run(page, context=context, options=COLOURS) for context in looks]
    return [one.generate_report() for one in found if one.violations_count]


def put_in(page, html: Path, home: str, *elements: tuple[str, dict]) -> str:
    """Make a page of the book with other explorers, (kind, state), in the place of the landing page's; its address.

    They are called explorer-first, explorer-second, … The page's frame is the book's own, and so are its scripts.
    """
    text = (html / LANDING).read_text(encoding="utf-8").replace('class="lm-explorer"', "hidden")
    made = [
        stored.element(kind, stored.KINDS[kind].model, stored.KINDS[kind].state | state, EXAMPLE, name, place="page")
        for name, (kind, state) in zip(NAMES, elements, strict=False)
    ]
    text = text.replace(LEAD, "".join(made) + LEAD, 1)
    page.route(home + MADE, lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
    return home + MADE


@contextmanager
def painted(page, timeout: int = 15_000, **wanted):
    """After the block, wait until an explorer has painted an answer to a question with these parts."""
    page.evaluate("window.asked.length = 0")
    yield
    has = "(wanted) => window.asked.some((one) => Object.entries(wanted).every(([key, value]) => one[key] === value))"
    page.wait_for_function(has, arg=wanted, timeout=timeout)


def write(page, text: str, where: str = ".lm-explorer textarea", **wanted) -> None:
    """Type a text, key by key, in place of the one that stands there, and wait for its answer."""
    area = page.locator(where).first
    area.press("Control+a")
    with painted(page, text=text, **wanted):
        area.press_sequentially(text, delay=2)


def settled(page) -> list:
    """All that the first explorer shows, and what its controls stand at, once that does not change any more."""
    before = None
    for _ in range(40):
        page.wait_for_timeout(120)
        waits = page.explorer.locator(".lmx-waiting:visible, .lmx-busy").count()
        body = page.explorer.locator(".lmx-body")
        controls = body.locator("input, textarea").evaluate_all("(all) => all.map((c) => [c.type, c.value, c.checked])")
        now = [body.inner_text(), controls]
        if now == before and not waits:
            return now
        before = now
    raise AssertionError(f"not settled: {before}")


def number(text: str) -> float:
    """A number as it stands in a page: number("▼−1.25") -> -1.25"""
    return float(re.search(r"-?\d[\d,]*\.?\d*", text.replace("−", "-"))[0].replace(",", ""))


def tokens(explorer) -> tuple[list[str], list[float]]:
    """The words on their colours, and their numbers."""
    scores = explorer.locator(".lmx-token .lmx-score").all_inner_texts()
    return explorer.locator(".lmx-token .lmx-word").all_inner_texts(), [number(score) for score in scores]


def copied(explorer, what: str = "Copy as Python") -> str:
    """What the explorer gives away."""
    explorer.get_by_role("button", name=what).click()
    area = explorer.locator("textarea.lmx-copy")
    area.wait_for()
    return area.input_value()


def run(lines: str) -> tuple[list, str]:
    """(values of the expressions among some lines of Python and what they display, what they print)."""
    shown, printed = [], io.StringIO()
    space = {"display": lambda *things: shown.extend(things)}
    with redirect_stdout(printed):
        for statement in ast.parse(lines).body:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), "copied", "eval"), space)
                shown += [] if value is None else [value]
            else:
                exec(compile(ast.Module([statement], []), "copied", "exec"), space)
    return shown, printed.getvalue()
