"""Stored grids of a real LLM as explorers: what it would say behind each layer, and what patching a value brings back.

Each grid took many runs of the model, so a recorded command computed them once, and these explorers show its numbers:

    lens-grids       the logit lens: (layer, place) -> the likeliest pieces, and the probability of one
    patching-grids   activation patching: (layer, place) or (layer, head) -> a score, 0 as in the corrupted run and 1 as
                     in the clean one

Nothing is computed here or in the page, but the lines that "Copy as Python" gives do compute the number of a cell.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass

from .. import files, render
from .export import packed
from .pictures import Drawing, table_text

MODEL = "smollm2-135m"  # what all grids are of
FILES = {"lens-grids": "measurements/lens_grids.json", "patching-grids": "measurements/patching_grids.json"}
EVERY = 3  # of an example's layers: a page has room for a third of them

# The words of an example, apart from its code so that they can be translated.
WORDS = {
    "top": "“{text}”: the likeliest next piece at each place, read behind every third layer.",
    "target": "“{text}”: the probability of “{target}” at each place, read behind every third layer.",
    "patching": "{what} of “{clean}”, put into “{corrupted}”, one at a time, in every third layer. 0: nothing changes; "
    "1: “{answer}” leads “{other}” by as much as in the first prompt.",
    "residual": "The residual stream",
    "attention": "What attention adds",
    "mlp": "What the MLP adds",
    "heads": "What each head fetches",
    "layer": "layer {number}",
    "head": "head {number}",
}


@dataclass(frozen=True)
class Grids:
    """Stored grids, in the place of a model.

    Attributes:
        name: of the file, as a page asks for it.
        prompts: one dictionary for each, as the file has it.
    """

    name: str
    prompts: list[dict]

    def answer(self, request: dict) -> dict:
        """The answer to "about" and to "grids"; `ValueError` for any other question."""
        if request.get("do") == "about":
            return {"kind": "grids", "name": MODEL, "classes": [], "unit": None, "methods": [], "code": None}
        if request.get("do") == "grids":
            return {"prompts": self.prompts}
        raise ValueError(f"there is no question {request.get('do')!r} here; there are 'about' and 'grids'")


@functools.cache
def load_grids(name: str) -> Grids:
    """The shipped grids of a name in `FILES`.

    >>> sorted(load_grids("patching-grids").prompts[0]["grids"])
    ['attention', 'heads', 'mlp', 'residual']
    """
    return Grids(name, json.loads(files.path(FILES[name]).read_text(encoding="utf-8"))["prompts"])


def pack_grids(name: str) -> bytes:
    """Grids as the file that the page reads: nothing but a manifest."""
    return packed({"name": MODEL, "kind": "grids", "prompts": load_grids(name).prompts}, {})


def lens_grid(ask, state: dict) -> Drawing:
    """A prompt's lens, as a table."""
    prompt = chosen(ask({"do": "grids"})["prompts"], state["prompt"])
    title = WORDS[state["show"]].format(text=prompt["text"], target=prompt["target"].strip())
    labels, columns = prompt["layers"], prompt["tokens"]
    if state["show"] == "top":
        cells = [[(piece, p) for (piece, p), *_ in row] for row in prompt["top"]]
        return table(title, labels, columns, [[(render.visible(piece), p, 1.0) for piece, p in row] for row in cells])
    largest = max(max(row) for row in prompt["target_p"])
    return table(title, labels, columns, [[(f"{p:.2f}", p, largest) for p in row] for row in prompt["target_p"]])


def patching_grid(ask, state: dict) -> Drawing:
    """What patching each value of a prompt brings back, as a table."""
    prompt = chosen(ask({"do": "grids"})["prompts"], state["prompt"])
    site, told = state["site"], {name: prompt[name].strip() for name in ("clean", "corrupted", "answer", "other")}
    grid = prompt["grids"][site]
    title = WORDS["patching"].format(what=WORDS[site], **told)
    labels = [WORDS["layer"].format(number=i) for i in range(len(grid))]
    heads = [WORDS["head"].format(number=i) for i in range(len(grid[0]))]
    largest = max(abs(score) for row in grid for score in row)
    cells = [[(render.number(score), score, largest) for score in row] for row in grid]
    return table(title, labels, heads if site == "heads" else prompt["tokens"], cells)


def chosen(prompts: list[dict], number: int) -> dict:
    """The prompt of a number; `ValueError` if there is none."""
    if not 0 <= number < len(prompts):
        raise ValueError(f"there is no prompt {number}: they are numbered from 0 to {len(prompts) - 1}")
    return prompts[number]


def table(title: str, labels: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[tuple]]) -> Drawing:
    """Every third row of a grid, and its last one.

    Args:
        title: a line above.
        labels: of the rows.
        columns: their heads.
        cells: rows of (text, value, the value that gets the full colour).
    """
    kept = [i for i in range(len(labels)) if i % EVERY == 0 or i == len(labels) - 1]
    head = "".join(f'<th scope="col">{render.clean(render.visible(name))}' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{render.clean(labels[i])}' + "".join(cell_html(*cell) for cell in cells[i]) for i in kept
    )
    looks = "font-size:.8em;white-space:nowrap;margin:0;border-collapse:separate;border-spacing:3px 1px"
    html = (
        f'<div style="max-width:100%;overflow-x:auto" tabindex="0" role="region" aria-label="{render.clean(title)}">'
        f'<div style="font-size:.85em;opacity:.85">{render.clean(title)}</div>'
        f'<table style="{looks}"><thead><tr><td>{head}<tbody>{body}</table></div>'
    )
    rows = [(labels[i], *(text for text, *_ in cells[i])) for i in kept]
    return Drawing(html, table_text(title, [render.visible(name) for name in columns], rows))


def cell_html(text: str, value: float, largest: float) -> str:
    r, g, b = render.FOR if value >= 0 else render.AGAINST
    strength = round(255 * render.opacity(value, largest))
    colour = f' style="background:#{r:02x}{g:02x}{b:02x}{strength:02x}"' if strength > 2 else ""
    return f"<td{colour}>{render.clean(text)}"
