"""Words and scores -> HTML and plain text. Knows no model; what it is given is text, never HTML.

A score is shown three times: by colour (blue speaks for, orange against: a pair that colour-blind readers tell
apart), by a sign, and by its number. The colours are translucent, so that they sit on a light page as well as on a
dark one.
"""

import html
import re
from collections.abc import Sequence

import numpy as np

# The words of a rendered explanation, apart from its code so that they can be translated.
WORDS = {
    "heading": "{target}: {answer} · method: {method}",
    "contrast": "{target} rather than {contrast}",
    "log-odds": "probability {probability} among the two (log-odds {output})",
    "tiny": "below 0.0001",
    "logit": "probability {probability} (logit {output})",
    "probability": "probability {output}",
    "other": "{unit} {output}",
    "spoken": "{word}: {score}",
}
FOR, AGAINST = (0, 114, 178), (213, 94, 0)  # Okabe & Ito's blue and vermilion
STRONGEST = 0.42  # opacity of the largest score: text on it keeps a contrast of 4.5 in both themes


def clean(text: str) -> str:
    """`text` escaped for HTML, with what no page can hold (lone surrogates, NUL) as the replacement character."""
    return html.escape(re.sub("[\ud800-\udfff\x00]", "\ufffd", text))


def visible(word: str) -> str:
    """`word`, or a sign for it where it is the end of a line."""
    return word if word.strip() else "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"


def number(score: float, digits: int = 2) -> str:
    """A score with its sign; what rounds to zero has none.

    >>> number(0.126), number(-1.5), number(-0.001)
    ('+0.13', '\N{MINUS SIGN}1.50', '0.00')
    """
    rounded = round(float(score), digits)
    sign = "+" if rounded > 0 else "\N{MINUS SIGN}" if rounded < 0 else ""
    return f"{sign}{abs(rounded):.{digits}f}"


def share(probability: float) -> str:
    """A probability with two digits behind the point; a small one with its first digit that is not zero.

    >>> share(0.123), share(0.00312), share(0.0000312)
    ('0.12', '0.003', 'below 0.0001')
    """
    if probability >= 0.005 or probability < 0:  # the mean of a method's own baseline may lie outside [0, 1]
        return f"{probability:.2f}"
    return f"{probability:.1g}" if probability >= 0.0001 else WORDS["tiny"]


def heading(
    target: str, unit: str, output: float, method: str, probability: float | None = None, contrast: str | None = None
) -> str:
    """One line that says what was explained: the target (and what it was held against, if it was one thing), the
    model's answer (with a probability if any), the method.

    >>> heading("are", "logit", 1.23, "occlusion", 0.7738, contrast="is")
    'are rather than is: probability 0.77 among the two (log-odds +1.23) · method: occlusion'
    """
    shown = number(output) if unit != "probability" else share(output)
    form = "probability" if unit == "probability" else "other" if probability is None else "logit"
    likely = None if probability is None else share(probability)
    if contrast is not None:
        target = WORDS["contrast"].format(target=target, contrast=contrast)
        form = "log-odds" if form == "logit" else form
    answer = WORDS[form].format(unit=unit, output=shown, probability=likely)
    return WORDS["heading"].format(target=target, answer=answer, method=method.replace("_", " "))


def opacity(score: float, largest: float) -> float:
    """How strongly a score is coloured, in [0, STRONGEST]."""
    return round(STRONGEST * abs(score) / largest, 3) if largest > 0 else 0.0


def word_html(word: str, score: float, largest: float) -> str:
    """One word as a small block: its spelling, and under it sign and number, on the colour of its score."""
    r, g, b = FOR if score >= 0 else AGAINST
    shown = number(score)
    arrow = "" if shown[0] not in "+\N{MINUS SIGN}" else "▲" if shown[0] == "+" else "▼"
    spoken = clean(WORDS["spoken"].format(word=word, score=shown))
    return (
        f'<span role="listitem" aria-label="{spoken}" style="display:inline-flex;'
        "flex-direction:column;align-items:center;line-height:1.25;"
        f"margin:2px 1px;padding:1px 5px 2px;border-radius:5px;"
        f'background-color:rgba({r},{g},{b},{opacity(score, largest)})">{clean(word)}'
        f'<span style="font-size:.68em;font-variant-numeric:tabular-nums;white-space:nowrap">'
        f"{arrow}{shown}</span></span>"
    )


def tokens_html(
    title: str, text: str, spans: Sequence[tuple[int, int]], scores: np.ndarray, largest: float | None = None
) -> str:
    """A text with its words coloured by their scores.

    Args:
        title: a line above the text.
        text: the raw text; punctuation between the words stays visible.
        spans: (start, end) of each word, in order and without overlap.
        scores: (words,) numbers.
        largest: the score that gets the full colour; by default the largest in absolute value. Give the same to several
            texts to make their colours comparable.

    Returns:
        HTML without scripts or outside resources, readable on light and dark pages.
    """
    largest = float(np.max(np.abs(scores), initial=0.0)) if largest is None else largest
    parts, end = [], 0
    for (start, stop), score in zip(spans, scores, strict=True):
        parts += [clean(text[end:start]), word_html(visible(text[start:stop]), float(score), largest)]
        end = stop
    parts.append(clean(text[end:]))
    return (
        f'<div class="lm-tokens" style="max-width:46em;overflow-wrap:anywhere">'
        f'<div style="font-size:.85em;opacity:.85">{clean(title)}</div>'
        f'<div role="list" dir="auto" style="font-size:1.05em">{"".join(parts)}</div></div>'
    )


def table_html(title: str, words: Sequence[str], columns: Sequence[str], scores: np.ndarray) -> str:
    """Words down the side, methods across: each score on the colour of its share of its column's strongest.

    Args:
        title: a line above the table.
        words: one row each.
        columns: one method each.
        scores: (words, methods) numbers; NaN for an empty cell.

    Returns:
        HTML as of `tokens_html`; a table too wide for the page scrolls by itself.
    """
    largest = np.fmax.reduce(np.abs(scores), axis=0, initial=0.0)
    cell = "padding:1px 8px;border:0;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"
    head = "".join(
        f'<th scope="col" style="{cell};vertical-align:bottom;white-space:normal">{clean(c)}</th>' for c in columns
    )
    rows = []
    for word, row in zip(words, scores, strict=True):
        cells = []
        for score, top in zip(row, largest, strict=True):
            if np.isnan(score):
                cells.append("<td></td>")
                continue
            r, g, b = FOR if score >= 0 else AGAINST
            colour = f"background-color:rgba({r},{g},{b},{opacity(score, top)})"
            cells.append(f'<td style="{cell};{colour}">{number(score)}</td>')
        name = clean(visible(word))
        rows.append(f'<tr><th scope="row" style="{cell};text-align:left">{name}</th>{"".join(cells)}</tr>')
    return (
        '<div class="lm-table" style="max-width:100%;overflow-x:auto" tabindex="0" role="region" '
        f'aria-label="{clean(title)}"><div style="font-size:.85em;opacity:.85">{clean(title)}</div>'
        '<table style="border-collapse:separate;border-spacing:1px;font-size:.9em;margin:0">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def tokens_text(title: str, words: Sequence[str], scores: np.ndarray) -> str:
    """The same in plain text: one word a line, with a bar as long as its score.

    >>> print(tokens_text("a title", ["dull", "film"], np.array([-1.0, 0.25])))
    a title
    dull  −1.00 ◀◀◀◀◀◀◀◀◀◀
    film  +0.25 ▶▶
    """
    largest = float(np.max(np.abs(scores), initial=0.0)) or 1.0
    words = [visible(word) for word in words]
    width = max(map(len, words), default=0)
    bars = [("▶" if s > 0 else "◀") * int(round(10 * abs(s) / largest)) for s in scores]
    lines = [f"{w:<{width}} {number(s):>6} {bar}".rstrip() for w, s, bar in zip(words, scores, bars, strict=True)]
    return "\n".join([title, *lines])
