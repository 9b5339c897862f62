"""The neighbourhood of a text: the variants of it that LIME asks the model about, and how much each of them counts.

`authors` samples as LIME's code does:

1. The text itself comes first.
2. For each other variant draw how many words go, uniformly from 1 to all of them; then which ones, uniformly.
3. A variant counts the less the farther it is from the text: `kernel(distances(masks))`.

`stratified` answers the same question, what the fit would be if every variant were seen, with fewer variants:

1. The weight of a variant depends on one thing, how many words it keeps. So each *size* gets its share of the variants
   in proportion to that weight, instead of by chance; drawing a variant that then hardly counts is a waste.
2. A size with fewer variants than its share is taken whole. Where all sizes are, nothing is left to chance.
3. The variants of a size share its weight equally, so that the weighted sample stands for the same neighbourhood.

Source: Ribeiro, Singh & Guestrin 2016, and their code (lime 0.2, `lime_text.py`, `lime_base.py`), from which this
follows in its numbers. Strata and proportional shares: Cochran, Sampling Techniques, 1977, chapter 5.
"""

from itertools import chain, combinations
from math import comb
from typing import NamedTuple

import numpy as np

CHUNK = 2**21  # random numbers made at a time: 16 MB


class Sample(NamedTuple):
    """Variants of a text.

    Attributes:
        masks: (samples, words) booleans, `True` where a word is kept; the text itself comes first.
        weights: (samples,) how much each counts in the fit.
        share: (samples,) how much of its size the sample has seen, from 0 (some at random) to 1 (all of them).
    """

    masks: np.ndarray
    weights: np.ndarray
    share: np.ndarray


def distances(masks: np.ndarray) -> np.ndarray:
    """100 (1 - cos(mask, all ones)) = 100 (1 - sqrt(kept / words)), (samples,)."""
    return 100 * (1 - np.sqrt(masks.mean(axis=1)))


def kernel(distance: np.ndarray, width: float = 25.0) -> np.ndarray:
    """sqrt(exp(-distance² / width²)).

    >>> kernel(distances(np.array([[True, True], [True, False], [False, False]]))).round(3)
    array([1.   , 0.503, 0.   ])
    """
    return np.sqrt(np.exp(-(distance**2) / width**2))


def draw_masks(rng: np.random.Generator, words: int, removed: np.ndarray) -> np.ndarray:
    """(samples, words) masks; row i leaves out `removed[i]` >= 1 words, each choice of them as likely as any other."""
    rows = max(1, CHUNK // words)
    parts = [np.zeros((0, words), bool)]
    for start in range(0, len(removed), rows):
        last = removed[start : start + rows, None] - 1
        keys = rng.random((len(last), words))  # the words with the smallest keys go
        parts.append(keys > np.take_along_axis(np.sort(keys, axis=1), last, axis=1))
    return np.concatenate(parts)


def authors(rng: np.random.Generator, words: int, samples: int, width: float = 25.0) -> Sample:
    """`samples` variants as LIME's authors draw them, the text itself first."""
    masks = draw_masks(rng, words, rng.integers(1, words + 1, samples - 1))
    masks = np.concatenate([np.ones((1, words), bool), masks])
    share = np.zeros(samples)
    share[0] = 1
    return Sample(masks, kernel(distances(masks), width), share)


def merged(sample: Sample) -> Sample:
    """The same sample with each variant once, as heavy as all its copies: short texts have thousands of them.

    A variant drawn c times weighs c times as much and errs c times less (in variance), as if a share of 1 - 1/c of what
    chance can do to it had been seen.
    """
    masks, weights, share = sample
    if masks.shape[1] > 16:
        return sample
    keys = np.packbits(masks, axis=1)
    keys = np.pad(keys, ((0, 0), (0, 2 - keys.shape[1]))).view(np.uint16)[:, 0]
    _, first, copies = np.unique(keys, return_index=True, return_counts=True)
    return Sample(masks[first], weights[first] * copies, 1 - (1 - share[first]) / copies)


def size_weights(words: int, samples: int, width: float = 25.0) -> np.ndarray:
    """(words + 1,) expected weight of all variants that keep 0, 1, …, all words, in a sample as the authors draw it."""
    kept = np.arange(words + 1)
    weights = (samples - 1) / words * kernel(100 * (1 - np.sqrt(kept / words)), width)
    weights[words] = 1  # the text itself, once
    return weights


def all_masks(words: int, removed: int) -> np.ndarray:
    """(variants, words) every mask that leaves out `removed` words."""
    gone = np.fromiter(chain.from_iterable(combinations(range(words), removed)), np.intp).reshape(-1, removed)
    masks = np.ones((len(gone), words), bool)
    np.put_along_axis(masks, gone, False, axis=1)
    return masks


def every_mask(words: int) -> np.ndarray:
    """(2^words, words) all masks.

    >>> every_mask(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    return (np.arange(2**words)[:, None] >> np.arange(words)) % 2 == 1


def allot(weights: np.ndarray, variants: np.ndarray, rows: int) -> np.ndarray:
    """(sizes,) how many of `rows` variants each size gets: its share of the weight, at most all that there are."""
    whole = np.zeros(len(weights), bool)
    while True:
        rest = np.where(whole, 0, weights)
        left = rows - variants[whole].sum()
        share = np.where(whole, variants, left * rest / max(rest.sum(), 1e-300))
        more = ~whole & (share >= variants)
        if not more.any():
            return share
        whole |= more  # what a size leaves over goes to the others


def stratified(rng: np.random.Generator, words: int, samples: int, width: float, budget: int) -> Sample:
    """About `budget` variants that stand for the `samples` of `authors`; all 2^words of them where they fit."""
    weights = size_weights(words, samples, width)[:words]
    variants = np.array([min(comb(words, kept), 2**53) for kept in range(words)], np.float64)
    share = allot(weights, variants, budget - 1)
    # round up or down by one chance for all sizes: each is right on average, and so is their sum
    counts = np.diff(np.floor(np.cumsum(np.where(share < variants, share, 0)) + rng.random()), prepend=0)
    counts = np.where(share < variants, counts, variants).astype(int)
    # where less than one variant is expected there is none most of the time, and one that counts for more at others
    each = weights / np.where(share < 1, np.maximum(share, 1e-300), np.maximum(counts, 1))
    masks = _draw_sizes(rng, counts, variants)
    kept = masks.sum(axis=1)
    seen = np.append(np.minimum(counts / variants, 1), 1)
    return Sample(masks, np.append(each, 1)[kept], seen[kept])


def _draw_sizes(rng: np.random.Generator, counts: np.ndarray, variants: np.ndarray) -> np.ndarray:
    """(1 + counts.sum(), words) the whole text, then `counts[k]` masks that keep k words, out of `variants[k]`.

    Small sizes are listed and none of their masks comes twice; in large ones that would be rare.
    """
    words = len(counts)
    listed = (counts > 0) & (variants <= 4 * counts)
    parts = [np.ones((1, words), bool)]
    for kept in np.flatnonzero(listed):
        masks = all_masks(words, words - kept)
        parts.append(masks[rng.permutation(len(masks))[: counts[kept]]] if counts[kept] < len(masks) else masks)
    removed = np.repeat(words - np.arange(words), np.where(listed, 0, counts))
    return np.concatenate([*parts, draw_masks(rng, words, removed)])
