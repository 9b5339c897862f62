"""Compute the stored examples of the explorers on the book's prose pages, so that they show what the models say.

    python -m tools.landing        # writes book/explorers.json

Every block ```{explorer} in book/*.md is found, and drawn from the shipped model by the package's own explainers.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from myst_parser.parsers.options import options_to_items

from lmtutorial.files import written_whole
from lmtutorial.widgets import engine, stored
from tools.book_explorers import STORE, explorer_of

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^(?P<fence>`{3,}|:{3,})\{explorer\} *(?P<kind>\S+) *\n(?P<options>.*?)^(?P=fence) *$", re.M | re.S)


def explorers(page: str) -> Iterator[tuple[str, str | None, dict]]:
    """(kind, model, state) of each explorer that stands in a page's Markdown.

    >>> list(explorers("```{explorer} path\\n:text: a film\\n```\\n"))
    [('path', 'reviews-lstm', {'text': 'a film', 'place': 0.5})]
    """
    for found in BLOCK.finditer(page):
        written = re.sub(r"^:", "", found["options"], flags=re.M)
        options = dict(options_to_items(written)[0])
        options.pop("name", None)
        yield explorer_of(found["kind"], options.pop("model", None), options)


def examples() -> dict[str, dict[str, str]]:
    """{key: HTML and text} of the stored example of every explorer in book/*.md."""
    pages = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "book").glob("*.md"))]
    asked = {stored.key(*explorer): explorer for page in pages for explorer in explorers(page)}
    return {key: _drawn(*asked[key]) for key in sorted(asked)}


def _drawn(kind: str, model: str | None, state: dict) -> dict[str, str]:
    example = stored.KINDS[kind].draw(lambda request: engine.answer(_loaded(model), request), state)
    return {"html": example.html, "text": example.text}


@cache
def _loaded(name: str | None):
    from lmtutorial.models.zoo import load_model
    from lmtutorial.widgets.grids import FILES, load_grids

    return None if name is None else load_grids(name) if name in FILES else load_model(name)


def main() -> None:
    found = examples()
    with written_whole(ROOT / STORE) as beside:
        beside.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{STORE}: {len(found)} example{'s' if len(found) != 1 else ''}")


if __name__ == "__main__":
    main()
