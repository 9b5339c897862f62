"""Write the landing page's example from the shipped model, so that what it shows is what the model says.

    python -m tools.landing ["another line of a review"]

Without a text, the one that stands in the page is computed again.
"""

import re
import sys
from pathlib import Path

import lmtutorial as lt
from lmtutorial.files import written_whole

PAGE = Path(__file__).resolve().parent.parent / "book" / "intro.md"
START, END = "<!-- example: {text} -->", "<!-- end of example -->"
EXAMPLE = re.compile(r"<!-- example: (?P<text>.*?) -->\n(?P<html>.*?)<!-- end of example -->", re.S)


def example(text: str, model=None) -> str:
    """The marked block of the page: the text's explanation as HTML, on one line so that Markdown leaves it alone."""
    drawn = lt.explain(model or lt.load_model("reviews-lstm"), text, method="occlusion")._repr_html_()
    return f'{START.format(text=text)}\n<div class="lm-example">{" ".join(drawn.split())}</div>\n\n{END}'


def shown() -> str:
    """The text that the page explains now."""
    return EXAMPLE.search(PAGE.read_text(encoding="utf-8"))["text"]


def main(arguments: list[str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    block = example(" ".join(arguments) or shown())
    with written_whole(PAGE) as beside:
        beside.write_text(EXAMPLE.sub(lambda _: block, page), encoding="utf-8")
    print(f"{PAGE.name}: {shown()}")


if __name__ == "__main__":
    main(sys.argv[1:])
