"""Which words of the glossary a page uses without leading there: `python -m tools.book_terms [notebooks/NN_x.ipynb …]`.

A reader who meets a word of the glossary can go to its entry from the place where the page first uses it. So each entry
is looked for in the page's prose (not in headings, code, formulas, citations, or under another link), in the singular
and the plural; the first place has to be a {term}. Words that everyday language uses as well are left to the writer: in
"the first feature of the camera", "feature" is no entry.
"""

import re
import sys
from pathlib import Path

from tools.notebooks import chapters, read

ROOT = Path(__file__).resolve().parent.parent
# Words with a plain meaning beside that of the glossary: whether a place means the entry, only a reader can tell.
PLAIN = {
    *("analogy", "baseline", "batch", "bias, social", "circuit", "context", "coverage", "discount", "domain", "dump"),
    *("encoder", "explanation", "exposure", "feature", "frozen", "gate", "kernel", "label", "loss", "mask"),
    *("normalisation", "nucleus", "parameter", "penalty", "probability", "probe", "prompt", "seed", "selectivity"),
    *("split", "temperature", "type"),
}
NOT_PROSE = re.compile(
    r"(?P<term>\{term\}`[^`]+`)|```.*?```|\$\$.*?\$\$|^\s*#+ .*?$|^\(.+\)=$|<summary>.*?</summary>|<[^>]+>"
    r"|\{[\w:-]+\}`[^`]*`|`[^`]*`|!?\[[^\]]*\]\([^)]*\)|\$[^$]*\$",
    re.M | re.S,
)


def entries() -> list[str]:
    """The words of the glossary, in its order."""
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    inside = text.split("```{glossary}\n")[1].split("\n```")[0]
    return [line for line in inside.splitlines() if line and not line.startswith(" ")]


def prose(notebook: Path) -> str:
    """The sentences of a chapter, one cell after the other."""
    cells = (cell.source for cell in read(notebook).cells if cell.cell_type == "markdown")
    return NOT_PROSE.sub(lambda m: m["term"] or " ", "\n\n".join(cells))


def links(text: str) -> list[str]:
    """The entries that a text links to, as they are written there.

    >>> links("a {term}`logit`, and two {term}`Logits <logit>`")
    ['logit', 'logit']
    """
    return re.findall(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`", text)


def unlinked(text: str, words: list[str]) -> list[str]:
    """The `words` that a text uses and whose first use is no link.

    >>> unlinked("Two logits, and a {term}`probe` that is a probe", ["logit", "probe", "embedding"])
    ['logit']
    """
    found = []
    for word in words:
        places = [m for m in _uses(word).finditer(text) if not _within_longer(m, text, word, words)]
        linked = [m.start() for m in re.finditer(r"\{term\}`[^`]+`", text) if _same(links(m[0])[0], word)]
        if places and (not linked or linked[0] > places[0].start()):
            found.append(word)
    return found


def _uses(word: str) -> re.Pattern:
    stem = re.escape(word).replace(r"\ ", r"[\s-]+")
    return re.compile(rf"(?<![\w-])(?:{stem})(?:s|es)?(?![\w-])", re.IGNORECASE)


def _within_longer(use: re.Match, text: str, word: str, words: list[str]) -> bool:
    """Whether the place belongs to an entry with more words, as "embedding" in "word embedding", or to a link."""
    around = text[max(0, use.start() - 60) : use.end() + 60]
    start = use.start() - max(0, use.start() - 60)
    spans = [
        m for longer in words if len(longer) > len(word) and word in longer for m in _uses(longer).finditer(around)
    ]
    spans += re.finditer(r"\{term\}`[^`]+`", around)
    return any(m.start() <= start < m.end() for m in spans)


def _same(link: str, word: str) -> bool:
    return link.casefold() == word.casefold()


def main(files: list[str]) -> int:
    words = [word for word in entries() if word not in PLAIN]
    faults = 0
    for file in [Path(f) for f in files] or chapters():
        for word in unlinked(prose(file), words):
            print(f"{file.stem}: {word!r} is used before it is linked to the glossary")
            faults += 1
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
