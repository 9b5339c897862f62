"""What a model computes inside while it reads real text, collected as one long table of vectors.

1. Take texts and cut them into rows of pieces, at most so long that the model reads many of them side by side
   (`text_rows`).
2. Let the model read rows of like length together, and keep the vectors of one or several sites at the places that are
   asked for (`collect`). Layers behind the last of these sites are not run.

The first place of a row is left out by default. Models of this kind lay a vector there that is hundreds of times as
long as any other, whatever word stands there, and attention that has nothing to fetch rests on it: a *massive
activation* (Sun et al. 2024, "Massive Activations in Large Language Models"; Xiao et al. 2024 call the place an
*attention sink*). Who trains on it learns this one vector and nothing else.

What it costs: places x width numbers of four bytes for each site, so 230 MB for 100,000 places of SmolLM2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..corpora import SPLITS, load_reviews
from ..documents import load_documents
from ..files import nearest

SHORTEST = 8  # pieces; shorter rows say little about reading in context
TOGETHER = 2048  # pieces in one batch of rows


@dataclass(frozen=True)
class Activations:
    """Vectors of some sites at some places of some rows.

    Attributes:
        vectors: {site: (places, width) float32}.
        row: (places,) the row that each stands in.
        place: (places,) where in its row.
        ids: (places,) the piece there.
    """

    vectors: dict[str, np.ndarray]
    row: np.ndarray
    place: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def text_rows(lm, split: str, counts: dict[str, int], *, length: int = 128, seed: int = 0) -> pd.DataFrame:
    """Rows of pieces from the corpora of this book, drawn at random.

    Args:
        lm: the language model whose pieces are counted.
        split: "train", "validation" or "test" of the corpora's own splits.
        counts: how many rows of "wiki" (articles, cut up), "book" (chapters, cut up) and "reviews" (a sentence a row);
            all of them where there are fewer.
        length: the longest row, in pieces.
        seed: of the draw.

    Returns:
        `corpus` and `ids` ((time,) int32, from 8 to `length`), one row each.

    Raises:
        ValueError: for an unknown split or corpus, or a length below 8.
    """
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}{nearest(split, SPLITS)}")
    if length < SHORTEST:
        raise ValueError(f"a row needs at least {SHORTEST} pieces, got length={length}")
    random, rows = np.random.default_rng(seed), []
    for corpus, count in counts.items():
        texts = _texts(corpus, split)
        ids = [lm.ids(text) for text in texts if text.strip()]
        cut = [piece[i : i + length] for piece in ids for i in range(0, len(piece), length)]
        cut = [piece for piece in cut if len(piece) >= SHORTEST]
        rows += [(corpus, cut[i]) for i in np.sort(random.permutation(len(cut))[:count])]
    return pd.DataFrame(rows, columns=["corpus", "ids"])


def _texts(corpus: str, split: str) -> list[str]:
    if corpus == "reviews":
        table = load_reviews()
    elif corpus in ("wiki", "book"):
        table = load_documents(corpus, progress=False)
    else:
        raise ValueError(f"no corpus {corpus!r}{nearest(corpus, ('wiki', 'book', 'reviews'))}")
    return list(table.loc[table["split"] == split, "text"])


def padded(rows: Sequence[np.ndarray], padding: int = 0) -> np.ndarray:
    """(rows, longest) ids, filled up on the right.

    >>> padded([np.array([5, 6]), np.array([7])]).tolist()
    [[5, 6], [7, 0]]
    """
    ids = np.full((len(rows), max(map(len, rows))), padding, np.int32)
    for filled, row in zip(ids, rows, strict=True):
        filled[: len(row)] = row
    return ids


def by_length(rows: Sequence[np.ndarray], together: int = TOGETHER) -> list[np.ndarray]:
    """Numbers of the rows in batches: rows of like length, about `together` pieces with the padding."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    batches, start = [], 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * len(rows[order[stop]]) <= together:
            stop += 1
        batches.append(order[start:stop])
        start = stop
    return batches


def collect(
    lm,
    rows: Sequence[np.ndarray],
    sites: Sequence[str],
    *,
    keep: Sequence[Sequence[int]] | None = None,
    progress: bool = True,
) -> Activations:
    """The vectors of `sites`, (batch, time, width), while `lm` reads each of the rows.

    Args:
        lm: a language model with `run`.
        rows: (time,) ids each.
        sites: names of sites.
        keep: for each row the places to keep; by default all but the first.
        progress: show a bar once it has taken two seconds.

    Returns:
        the places in the order of the rows.

    Raises:
        ValueError: for no rows, an empty row, or a place outside of its row; `lm.run` names an unknown site.
    """
    if not len(rows) or min(map(len, rows)) == 0:
        raise ValueError("rows must be at least one, and none of them empty")
    keep = [np.arange(1, len(row)) for row in rows] if keep is None else [np.asarray(k, int) for k in keep]
    for number, (row, places) in enumerate(zip(rows, keep, strict=True)):
        if len(places) and not 0 <= places.min() <= places.max() < len(row):
            raise ValueError(f"row {number} has the places 0 to {len(row) - 1}, not {places.tolist()}")
    ends = np.cumsum([len(places) for places in keep])
    vectors: dict[str, np.ndarray] = {}
    with tqdm(total=int(ends[-1]), unit=" places", delay=2, disable=not progress) as bar:
        for batch in by_length(rows):
            run = lm.run(padded([rows[i] for i in batch]), read=list(sites), logits=None)
            for site in sites:
                found = run[site]
                if site not in vectors:
                    vectors[site] = np.empty((ends[-1], *found.shape[2:]), np.float32)
                for values, i in zip(found, batch, strict=True):
                    vectors[site][ends[i] - len(keep[i]) : ends[i]] = values[keep[i]]
            bar.update(sum(len(keep[i]) for i in batch))
    row = np.repeat(np.arange(len(rows)), [len(places) for places in keep])
    place = np.concatenate(keep)
    return Activations(vectors, row, place, np.concatenate([r[k] for r, k in zip(rows, keep, strict=True)]))
