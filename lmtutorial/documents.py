"""Running text for a language model: whole documents, each in one split.

A sentence of an article gives away the names and words of the next one. So a language model is judged on articles (or
chapters) of which it has read nothing: splits are drawn by document, once, from a fixed seed.
"""

import re

import numpy as np
import pandas as pd

from .corpora import SPLITS, load_books, load_wikipedia
from .files import nearest

CORPORA = ("wiki", "book", "both")
HELD_OUT = 0.1  # of the characters, for validation and again for test
_CHAPTER = re.compile(r"^(?=CHAPTER \d+\.)", re.MULTILINE)


def load_documents(corpus: str = "wiki", *, progress: bool = True) -> pd.DataFrame:
    """The articles of the Wikipedia dump, the chapters of *Moby-Dick*, or both, for training a language model.

    Args:
        corpus: "wiki", "book" or "both".
        progress: show a bar on stderr once reading has taken two seconds.

    Returns:
        `title`, `text` (a line is a heading, a paragraph or a point of a list) and `split`. "both" is the rows of the
        one and then of the other, in the same splits.

    Raises:
        ValueError: for another name.

    >>> load_documents("book")["split"].value_counts().to_dict()
    {'train': 104, 'test': 18, 'validation': 13}
    """
    if corpus == "both":
        return pd.concat([load_documents(part, progress=progress) for part in ("wiki", "book")], ignore_index=True)
    if corpus == "wiki":
        table = pd.DataFrame([(article.title, article.text) for article in load_wikipedia(progress=progress)])
    elif corpus == "book":
        table = pd.DataFrame([chapter for text in load_books()["text"] for chapter in _chapters(text)])
    else:
        raise ValueError(f"no corpus {corpus!r}{nearest(corpus, CORPORA)}; there are {', '.join(CORPORA)}")
    table.columns = ["title", "text"]
    return table.assign(split=split_documents(table["text"]))


def split_documents(texts, *, held_out: float = HELD_OUT, seed: int = 0) -> list[str]:
    """A split for each document, drawn at random: `held_out` of the characters for test, as much for validation.

    Args:
        texts: the documents.
        held_out: share of all characters; the document that reaches it is the last.
        seed: of the draw.

    Raises:
        ValueError: for fewer than three documents, or a share that leaves nothing to train on.
    """
    sizes = np.array([len(text) for text in texts])
    if len(sizes) < 3 or not 0 < held_out < 0.5:
        raise ValueError(
            f"three splits need three documents and a share between 0 and 0.5, got {len(sizes)} and {held_out}"
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    reached = np.cumsum(sizes[order]) / sizes.sum()
    split = np.full(len(sizes), SPLITS[0], dtype=object)
    first = min(int(np.searchsorted(reached, held_out)) + 1, len(sizes) - 2)
    second = min(int(np.searchsorted(reached, reached[first - 1] + held_out)) + 1, len(sizes) - 1)
    split[order[:first]], split[order[first:second]] = "test", "validation"
    return list(split)


def _chapters(book: str) -> list[tuple[str, str]]:
    """(title, text) of each chapter; the lines of a paragraph, which are printed one below the other, become one."""
    chapters = []
    for part in filter(str.strip, _CHAPTER.split(book)):
        paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", part.strip())]
        chapters.append((paragraphs[0], "\n".join(paragraphs)))
    return chapters
