"""The stored example of an explorer: what it opens with, to be read where nothing can answer.

    <div class="lm-explorer" data-kind="sentence" data-model="reviews-lstm" data-state="{…}" id="explorer-first">…</div>

In a page of the book, a script finds this element and puts the living explorer in the place of the example. Where no
script runs (a printed page, a notebook that was not run), and for a model that the book does not ship, the example
stays.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from .. import render
from . import grids, pictures
from .pictures import Drawing

# The words below an example, apart from its code so that they can be translated.
WORDS = {
    "cell": "A stored example: run this cell, or read the book with JavaScript, to try a text of your own.",
    "page": "A stored example: read this page with JavaScript to try a text of your own.",
    "cell of grids": "Every third layer: run this cell, or read the book with JavaScript, to see all of them.",
    "page of grids": "Every third layer: read this page with JavaScript to see all of them.",
    "python": "A stored example: this one needs Python. Run this cell to try a text of your own.",
}
OATMEAL = "It has all the excitement of eating oatmeal."
MAP = "map"  # what stands for a model where there is none


@dataclass(frozen=True)
class Kind:
    """A kind of explorer.

    Attributes:
        model: the shipped model that it opens with; `None` where it needs none.
        state: all that it can be told, with what it shows where it is told nothing.
        draw: `draw(ask, state)` -> its example, where `ask(request)` is answered by an engine.
        writes: whether its model must be a language model.
        stored: whether `model` is the name of stored grids (`grids.FILES`), and nothing is computed.
    """

    model: str | None
    state: dict
    draw: Callable[[Callable[[dict], dict], dict], Drawing]
    writes: bool = False
    stored: bool = False


def element(
    kind: str, model: str | None, state: dict, example: Drawing, name: str | None = None, place: str = "cell"
) -> str:
    """The element with its example inside.

    Args:
        kind: a name in `KINDS`.
        model: name of a shipped model; `None` leaves the example as it is in every page.
        state: the whole state.
        name: tells explorers of one page apart; by default the kind.
        place: "cell" of a notebook, or "page" of prose: what a reader can do there to bring it to life.
    """
    model = MAP if KINDS[kind].model is None else model
    facts = {"kind": kind, "model": model, "state": json.dumps(state, ensure_ascii=False)}
    data = " ".join(f'data-{key}="{render.clean(value)}"' for key, value in facts.items() if value is not None)
    note = WORDS[f"{place} of grids" if KINDS[kind].stored else place if model else "python"]
    return (
        f'<div class="lm-explorer" {data} id="{host_id(kind, name)}">{example.html}'
        f'<p class="lm-explorer-note" style="font-size:.85em;opacity:.85">{note}</p></div>'
    )


def host_id(kind: str, name: str | None = None) -> str:
    """The element's id, which a reader's link names.

    >>> host_id("next_word"), host_id("sentence", "oatmeal")
    ('explorer-next-word', 'explorer-oatmeal')
    """
    name = name or kind.replace("_", "-")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"the name of an explorer is made of a-z, 0-9 and -, and starts with a letter; got {name!r}")
    return f"explorer-{name}"


def key(kind: str, model: str | None, state: dict) -> str:
    """What an example is found by among those that the book keeps.

    >>> key("path", "reviews-lstm", {"text": "a film", "place": 1.0})
    'path reviews-lstm {"place": 1.0, "text": "a film"}'
    """
    return f"{kind} {model or MAP} {json.dumps(state, sort_keys=True, ensure_ascii=False)}"


def typed(kind: str, texts: dict[str, str]) -> dict:
    """Settings that were written down as text, as the values that `state_of` takes.

    >>> typed("softmax", {"text": "a film", "top_k": "5", "temperature": "0.5"})
    {'text': 'a film', 'top_k': 5, 'temperature': 0.5}
    """
    state = KINDS[kind].state
    return {name: text if isinstance(state.get(name, ""), str) else json.loads(text) for name, text in texts.items()}


# Each kind's whole state, as the interface names it; the values are what it opens with where it is told nothing.
SENTENCE = {"text": OATMEAL, "method": "integrated_gradients", "seed": 0, "compare": False, "second": ""}
SOFTMAX = {"text": "After the war, he", "temperature": 1.0, "top_k": 0, "top_p": 1.0, "word": "", "seed": 0}
QUESTION = {"text": "In 1945, the government of the country", "target": "", "against": "all", "contrast": ""}
WRITING = {"written": False, "place": 0, "length": 20, "temperature": 1.0, "top_k": 0, "top_p": 0.8, "seed": 0}
WORD_MAP = {"question": "near", "word": "film", "a": "man", "b": "king", "c": "woman", "view": "map"}
# -1: the strongest of all
LENS_GRID = {"prompt": 0, "show": "top", "layer": -1, "place": -1}
PATCHING_GRID = {"prompt": 0, "site": "residual", "layer": -1, "place": -1}
CHOICES = {
    "against": ("all", "runner-up", "word"),
    "question": ("near", "analogy"),
    "view": ("map", "plane"),
    "show": ("top", "target"),
    "site": ("residual", "attention", "mlp", "heads"),
}

KINDS = {
    "sentence": Kind("reviews-lstm", SENTENCE, pictures.sentence),
    "methods": Kind("reviews-lstm", {"text": OATMEAL, "seed": 0}, pictures.methods),
    "path": Kind("reviews-lstm", {"text": OATMEAL, "place": 0.5}, pictures.path),
    "softmax": Kind("wiki-lstm", SOFTMAX, pictures.softmax, writes=True),
    "next_word": Kind("wiki-lstm", {**QUESTION, "method": "occlusion", **WRITING}, pictures.next_word, writes=True),
    "map": Kind(None, WORD_MAP, pictures.word_map),
    "lens_grid": Kind("lens-grids", LENS_GRID, grids.lens_grid, stored=True),
    "patching_grid": Kind("patching-grids", PATCHING_GRID, grids.patching_grid, stored=True),
}
