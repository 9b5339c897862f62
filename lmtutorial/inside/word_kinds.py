"""Kinds of words and pieces that a feature may be named after: one list, the same for all features.

It was extended once, after a first look at a provisional autoencoder (120 training steps). It is no blind list, and
what a name is worth must show in its F1 on new text.

Closed classes, such as months and forms of *be*, are written out here; countries, nationalities and members of a family
are those of the Google analogies (Mikolov et al. 2013), which come with gensim; pleasant and unpleasant words are those
of the rated lexicon. The rest is spelling: digits, capitals, marks, endings.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..corpora import load_lexicon

CLOSED = {
    "month": "january february march april may june july august september october november december",
    "weekday": "monday tuesday wednesday thursday friday saturday sunday",
    "number word": "one two three four five six seven eight nine ten twenty thirty hundred thousand million",
    "form of be": "be am is are was were been being",
    "form of have": "have has had having",
    "modal verb": "can could may might must shall should will would",
    "personal pronoun": "i you he she it we they me him her us them",
    "first person": "i me my we us our myself ourselves",
    "possessive": "my your his her its our their",
    "question word": "who whom whose what which when where why how",
    "demonstrative": "this that these those",
    "article": "the a an",
    "negation": "not no never nor none nothing nobody cannot",
    "conjunction": "and or but nor",
    "preposition": "of in to for with on at by from about into over after under between through during against",
    "adverb of degree": "very too so quite rather more most less least",
    "word about films": "film films movie movies cinema picture story plot comedy drama scene scenes",
    "word about the sea": "sea ship boat whale whales captain sailor sailors ocean vessel crew deck harpoon",
}
ENDINGS = ("ing", "ed", "ly", "tion", "s", "er", "al")


def plain(piece: str) -> str:
    """A piece without blanks and capitals: " The" and "the" are one word.

    >>> plain(" The"), plain("\\n")
    ('the', 'line end')
    """
    return piece.strip().lower() or ("line end" if "\n" in piece else "blank")


@functools.cache
def word_lists() -> dict[str, frozenset[str]]:
    """{kind: its words in lower case}."""
    from gensim.test.utils import datapath

    lists = {name: frozenset(words.split()) for name, words in CLOSED.items()}
    chunks = Path(datapath("questions-words.txt")).read_text(encoding="utf-8").lower().split(": ")[1:]
    pairs = {title: [line.split()[:2] for line in lines] for title, *lines in (c.strip().splitlines() for c in chunks)}
    lists["country"] = frozenset(pair[1] for pair in pairs["capital-world"])
    lists["nationality"] = frozenset(pair[1] for pair in pairs["gram6-nationality-adjective"])
    lists["family word"] = frozenset(word for pair in pairs["family"] for word in pair)
    table = load_lexicon()
    lists["pleasant word"] = frozenset(table.loc[table["valence"] >= 1, "word"])
    lists["unpleasant word"] = frozenset(table.loc[table["valence"] <= -1, "word"])
    return lists


def kinds(here: Sequence[str], before: Sequence[str], whole: Sequence[bool]) -> dict[str, np.ndarray]:
    """{kind: (places,) booleans} of pieces, of the pieces before them, and of whether each is a word by itself."""
    words = [plain(p) if w else "" for p, w in zip(here, whole, strict=True)]
    found = {name: [word in known for word in words] for name, known in word_lists().items()}
    found |= {f"word in -{end}": [w.endswith(end) and len(w) > len(end) + 1 for w in words] for end in ENDINGS}
    found |= {
        "digit": [p.strip().isdigit() for p in here],
        "behind a digit": [p.strip().isdigit() for p in before],
        "capital": [p.strip()[:1].isupper() for p in here],
        "behind a capital": [p.strip()[:1].isupper() for p in before],
        "inside a word": [p[:1].isalpha() and q[-1:].isalpha() for p, q in zip(here, before, strict=True)],
        "mark": [bool(p.strip()) and not any(c.isalnum() for c in p) for p in here],
        "end of a sentence": [p.strip() in (".", "!", "?") for p in here],
        "quotation mark": [p.strip() in ('"', "'", "“", "”", "‘", "’", "''") for p in here],
        "behind a quotation mark": [p.strip() in ('"', "“", "‘") for p in before],
        "first of a line": ["\n" in p for p in before],
        "first of a sentence": [p.strip() in (".", "!", "?") for p in before],
    }
    return {name: np.asarray(values, bool) for name, values in found.items()}


def in_brackets(pieces: Sequence[str]) -> list[bool]:
    """Whether each piece stands behind a "(" whose ")" has not come; a line end closes all."""
    open_, found = False, []
    for piece in pieces:
        found.append(open_)
        for sign in piece:
            open_ = sign == "(" or (open_ and sign not in ")\n")
    return found
