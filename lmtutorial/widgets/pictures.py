"""What an explorer shows at first, drawn from an engine's answers by the package's own pictures: HTML without scripts,
and plain text. The same answers give the same bytes.

Each function is a kind of explorer: `ask(request)` is answered by an engine, `state` is what the explorer opens with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .. import render
from ..preprocessing import SPECIAL
from . import bundle

# The words of a picture, apart from its code so that they can be translated.
WORDS = {
    "path": "From the baseline, where every word is unknown ({baseline}), to the text ({output}): what each word has "
    "gathered when a share of the way is done.",
    "sum": "all words",
    "softmax": "After “{text}”: the likeliest of {size} words. Temperature {temperature}; {kept} can be drawn.",
    "next": "After “{text}”: the likeliest words.",
    "score": "score",
    "probability": "probability",
    "drawn": "when drawn",
    "near": "The words nearest to {word}",
    "cosine": "cosine",
    "analogy": "{a} is to {b} as {c} is to …",
}
METHODS = ("integrated_gradients", "occlusion", "lime", "permutation_shap", "saliency", "input_x_gradient")
QUARTERS = (8, 16, 24, 32)  # of the 33 places at which the path explorer asks


@dataclass(frozen=True)
class Drawing:
    """An example as HTML and as plain text."""

    html: str
    text: str

    def __add__(self, other: "Drawing") -> "Drawing":
        return Drawing(self.html + other.html, f"{self.text}\n\n{other.text}")


def sentence(ask, state: dict) -> Drawing:
    """One sentence, or two on the same scale of colours."""
    texts = [state["text"], *([state["second"]] if state["compare"] else [])]
    asked = {"do": "explain", "method": state["method"], "seed": state["seed"]}
    answers = [ask({**asked, "text": text}) for text in texts]
    largest = max(abs(score) for a in answers for score in a["scores"]) if len(answers) > 1 else None
    first, *others = (words_of(a, largest) for a in answers)
    return sum(others, first)


def words_of(answer: dict, largest: float | None = None) -> Drawing:
    """The answer to "explain" as coloured words."""
    title, scores = heading_of(answer), np.array(answer["scores"])
    html = render.tokens_html(title, answer["text"], answer["spans"], scores, largest)
    return Drawing(html, render.tokens_text(title, spelled(answer), scores))


def heading_of(answer: dict, method: str | None = None) -> str:
    target, unit, output = (answer[name] for name in ("target", "unit", "output"))
    return render.heading(
        target, unit, output, method or named(answer["method"]), answer["probability"], answer["contrast"]
    )


def named(method: str) -> str:
    """A method as the interface calls it.

    >>> named("permutation_shap")
    'sampled Shapley'
    """
    return bundle.words()["common"]["methods"][method]


def spelled(answer: dict) -> list[str]:
    return [answer["text"][start:end] for start, end in answer["spans"]]


def methods(ask, state: dict) -> Drawing:
    """Every word's score by every method."""
    asked = {"do": "explain", "text": state["text"], "seed": state["seed"]}
    answers = [ask({**asked, "method": method}) for method in METHODS]
    columns = [named(method) for method in METHODS]
    title = heading_of(answers[0], ", ".join(columns))
    return scores_table(title, spelled(answers[0]), columns, np.array([a["scores"] for a in answers]).T)


def path(ask, state: dict) -> Drawing:
    """What each word has gathered after each quarter of the way, by the trapezoid rule."""
    answer = ask({"do": "path", "text": state["text"], "points": 33})
    alphas, slopes = np.array(answer["alphas"]), np.array(answer["slopes"])  # (points,), (points, words)
    pieces = (slopes[1:] + slopes[:-1]) / 2 * np.diff(alphas)[:, None]
    gathered = np.concatenate([np.zeros((1, slopes.shape[1])), np.cumsum(pieces, axis=0)])[list(QUARTERS)].T
    ends = {"baseline": render.number(answer["outputs"][0]), "output": render.number(answer["outputs"][-1])}
    title = f"{heading_of(answer, named('integrated_gradients'))}. {WORDS['path'].format(**ends)}"
    rows = [*spelled(answer), WORDS["sum"]]
    columns = [f"{round(100 * alphas[place])} %" for place in QUARTERS]
    return scores_table(title, rows, columns, np.vstack([gathered, gathered.sum(axis=0)]))


def softmax(ask, state: dict) -> Drawing:
    """The likeliest next words, before and after temperature, top-k and top-p."""
    answer = ask({"do": "next", "text": state["text"], "top": 12, "drawable": True, **sampling_of(state)})
    size, kept = (f"{answer[name]:,}" for name in ("size", "kept"))
    title = WORDS["softmax"].format(text=state["text"], size=size, kept=kept, temperature=f"{state['temperature']:g}")
    rows = [
        (w["word"], render.number(w["score"]), render.share(w["plain"]), render.share(w["cut"]) if w["cut"] else "0")
        for w in answer["words"]
    ]
    return plain_table(title, [WORDS["score"], WORDS["probability"], WORDS["drawn"]], rows)


def sampling_of(state: dict) -> dict:
    """What a request says of temperature, top-k and top-p: 0 and 1 cut nothing."""
    top_p = state["top_p"] if 0 < state["top_p"] < 1 else None
    return {"temperature": state["temperature"], "top_k": state["top_k"] or None, "top_p": top_p}


def next_word(ask, state: dict) -> Drawing:
    """Which words of the context speak for the next one, which are likely, and what the model writes, if asked."""
    text = state["text"]
    likely = ask({"do": "next", "text": text, "top": 500})["words"]
    known = [w["word"] for w in likely if w["word"] not in SPECIAL]
    target = state["target"] or known[0]
    rivals = {"all": None, "word": state["contrast"] or None, "runner-up": next(w for w in known if w != target)}
    asked = {"do": "explain", "text": text, "method": state["method"], "seed": 0}
    why = ask({**asked, "target": target, "contrast": rivals[state["against"]]})
    rows = [(w["word"], render.share(w["plain"])) for w in likely[:10]]
    drawing = words_of(why) + plain_table(WORDS["next"].format(text=text), [WORDS["probability"]], rows)
    if not state["written"]:
        return drawing
    asked = {"do": "continue", "text": text, "length": state["length"], "seed": state["seed"]}
    return drawing + paragraph(ask({**asked, **sampling_of(state)})["text"])


def word_map(ask, state: dict) -> Drawing:
    """The words around a word, or an analogy."""
    if state["question"] == "near":
        found = ask({"do": "near", "plus": [state["word"]], "minus": [], "top": 8})
        title = WORDS["near"].format(word=state["word"])
    else:
        three = {name: state[name] for name in "abc"}
        found = ask({"do": "analogy", **three, "top": 8})
        title = WORDS["analogy"].format(**three)
    return plain_table(title, [WORDS["cosine"]], [(w["word"], f"{w['cosine']:.2f}") for w in found["words"]])


def paragraph(text: str) -> Drawing:
    return Drawing(f'<p style="white-space:pre-wrap">{render.clean(text)}</p>', text)


def scores_table(title: str, words: Sequence[str], columns: Sequence[str], scores: np.ndarray) -> Drawing:
    """(words, columns) scores as a table, each column on its own scale of colours."""
    rows = [(render.visible(word), *map(render.number, row)) for word, row in zip(words, scores, strict=True)]
    return Drawing(render.table_html(title, words, columns, scores), table_text(title, columns, rows))


def plain_table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Drawing:
    """Rows of texts, the first of each naming it."""
    cell = "padding:1px 8px;border:0;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"
    head = "".join(f'<th scope="col" style="{cell};white-space:normal">{render.clean(c)}</th>' for c in columns)
    body = "".join(
        f'<tr><th scope="row" style="{cell};text-align:left">{render.clean(render.visible(name))}</th>'
        + "".join(f'<td style="{cell}">{render.clean(value)}</td>' for value in values)
        + "</tr>"
        for name, *values in rows
    )
    html = (
        f'<div class="lm-table" style="max-width:100%;overflow-x:auto" tabindex="0" role="region" '
        f'aria-label="{render.clean(title)}"><div style="font-size:.85em;opacity:.85">{render.clean(title)}</div>'
        f'<table style="border-collapse:separate;border-spacing:1px;font-size:.9em;margin:0"><thead><tr><td></td>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )
    return Drawing(html, table_text(title, columns, rows))


def table_text(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in plain text.

    >>> print(table_text("a title", ["score"], [("dull", "−1.00"), ("film", "+0.25")]))
    a title
          score
    dull  −1.00
    film  +0.25
    """
    cells = [("", *columns), *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = [
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{v:>{w}}" for v, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in cells
    ]
    return "\n".join([title, *lines])
