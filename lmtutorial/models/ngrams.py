"""Interpolated Kneser-Ney: the best that counting runs of words can do, and what a network has to beat.

1. Count every run of n words (an n-gram). For the last n - 1 words, the *context*, the shares of what followed would be
   the probabilities, but nearly everything new would be impossible.
2. So take a little, the *discount*, off every count, and give what was saved to a model with a shorter context.
3. That shorter model does not count how often a word came, but behind how many different words. "Francisco" may be
   frequent, but it comes behind "San": in a new context it is hardly ever the word. This is Kneser and Ney's idea.
4. At the bottom, what is left over is shared out evenly.

An n-gram is stored as one whole number whose digits, in base "size of the vocabulary", are its ids. Then sorting a list
of numbers counts a corpus, the context of an n-gram is its number without the last digit, and looking up is bisection.

Sources: Kneser & Ney 1995; Chen & Goodman 1999 for the interpolation, and for three discounts at each length: for what
was counted once, twice, or more often. They are tuned on validation here, not taken from a formula.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.optimize import minimize

from ..preprocessing import PADDING

KINDS = 3  # a discount each for what was counted once, twice, three times or more often
FIRST_DISCOUNTS = (0.7, 1.1, 1.4)  # where tuning starts; Chen & Goodman report values about these


@dataclass(frozen=True)
class Counts:
    """How often n-grams of one length were counted; each is a number in base `vocabulary_size`.

    Attributes:
        ngrams: (ngrams,) int64, sorted, each once.
        counts: (ngrams,) int64.
        contexts: (contexts,) int64, sorted: the n-grams without their last word.
        totals: (contexts,) sum of the counts behind each context.
        kinds: (contexts, 3) how many different words were counted once, twice, more often behind each context.
    """

    ngrams: np.ndarray
    counts: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray

    @classmethod
    def of(cls, ngrams: np.ndarray, vocabulary_size: int) -> "Counts":
        """Count a list of n-grams, in which one that occurs k times stands k times."""
        ngrams, counts = np.unique(ngrams, return_counts=True)
        contexts, row = np.unique(ngrams // vocabulary_size, return_inverse=True)
        kinds = np.zeros((len(contexts), KINDS), np.int64)
        np.add.at(kinds, (row, np.minimum(counts, KINDS) - 1), 1)
        return cls(ngrams, counts, contexts, np.bincount(row, counts).astype(np.int64), kinds)

    def look_up(self, ngrams: np.ndarray, vocabulary_size: int) -> "Found":
        """What was counted of each of `ngrams`, and of its context."""
        place, seen = _find(self.ngrams, ngrams)
        row, known = _find(self.contexts, ngrams // vocabulary_size)
        count, total = self.counts[place] * seen, self.totals[row, None] * 1.0
        kind = np.eye(KINDS)[np.minimum(count, KINDS) - 1] * seen[:, None]
        return Found(count / total[:, 0], kind / total, self.kinds[row] / total * known[:, None], ~known)


def _find(table: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(keys,) a place in the sorted `table`, and whether the key really stands there."""
    place = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return place, table[place] == keys


class Found(NamedTuple):
    """Of each n-gram asked about, everything over the total of its context."""

    share: np.ndarray  # (asked,) its count; 0 if it was never seen
    taken: np.ndarray  # (asked, 3) the discounts that its count pays: one 1, or nothing
    saved: np.ndarray  # (asked, 3) the discounts that were taken behind its context
    unknown: np.ndarray  # (asked,) whether the context was never seen: the shorter one has it all


def interpolate(found: Sequence[Found], discounts: np.ndarray, vocabulary_size: int) -> list[np.ndarray]:
    """P(w | C) = (c(C w) - D) / c(C) + (saved by D behind C) / c(C) x P(w | C without its first word).

    Args:
        found: what each level knows, the shortest n-grams first.
        discounts: (order, 3) what is taken off a count of one, two, three or more, in the same order.

    Returns:
        [(asked,) probabilities] without any count, then with every level in turn; the last is the model's.
    """
    p = [np.full(len(found[0].share), 1 / (vocabulary_size - 1))]  # every id but the padding
    for level, discount in zip(found, discounts, strict=True):
        p.append(level.share - level.taken @ discount + (level.saved @ discount + level.unknown) * p[-1])
    return p


def cross_entropy(discounts: np.ndarray, found: Sequence[Found], vocabulary_size: int) -> tuple[float, np.ndarray]:
    """Minus the mean log probability, and its gradient in the 3 x order discounts, the last level's first."""
    discounts = discounts.reshape(-1, KINDS)
    *shorter, p = interpolate(found, discounts, vocabulary_size)
    gradient, slope = np.zeros_like(discounts), -1 / p / len(p)
    for k in reversed(range(len(found))):
        gradient[k] = slope @ (found[k].saved * shorter[k][:, None] - found[k].taken)
        slope = slope * (found[k].saved @ discounts[k] + found[k].unknown)
    return -np.log(p).mean(), gradient.ravel()


@dataclass(frozen=True)
class KneserNey:
    """A language model that counted: interpolated Kneser-Ney with words as ids.

    Make one with `KneserNey.fit` or, with the discounts that suit a validation text best, with `KneserNey.tune`.

    Every document is read behind `start`, as many times as a context is long, so that the first word has a context too
    and no context reaches into another document. The unknown word is a word like others. Padding has no probability.

    >>> model = KneserNey.fit([[2, 3, 2, 3, 2, 4]], vocabulary_size=6, start=5, order=2, discounts=0.5)
    >>> model.distribution([2]).round(3)
    array([0.   , 0.025, 0.15 , 0.567, 0.233, 0.025])

    Attributes:
        levels: `levels[k]` counts the n-grams of k + 1 words: occurrences at the last level, different left neighbours
            before it.
        discounts: (order, 3) what is taken off a count of one, two, three or more.
        vocabulary_size: ids are smaller than this; id 0 is the padding.
        start: the id that every document begins behind.
    """

    levels: tuple[Counts, ...]
    discounts: np.ndarray
    vocabulary_size: int
    start: int

    @classmethod
    def fit(
        cls,
        documents: Sequence[Sequence[int]],
        vocabulary_size: int,
        start: int,
        *,
        order: int = 3,
        discounts: float | np.ndarray = FIRST_DISCOUNTS,
    ) -> "KneserNey":
        """Count `documents`, each a list of ids without its start token.

        Args:
            order: longest run of words that is counted; 3 is a trigram model.
            discounts: one number, three (for counts of one, two and more), or (order, 3).

        Raises:
            ValueError: for no documents, ids outside 1 … vocabulary_size - 1, an order below 1 or too long for 63 bits,
                discounts outside [0, count].
        """
        if order < 1 or vocabulary_size**order >= 2**63:
            raise ValueError(f"order must be at least 1 and vocabulary_size**order below 2**63, got order {order}")
        discounts = np.broadcast_to(np.asarray(discounts, float), (order, KINDS))
        if np.any(discounts < 0) or np.any(discounts > np.arange(1, KINDS + 1)):
            raise ValueError(f"discounts must lie in [0, 1], [0, 2], [0, 3] for counts of 1, 2, 3, got {discounts}")
        model = cls((), discounts, vocabulary_size, start)
        ngrams, levels = model._ngrams(documents, order), []
        for length in range(order, 0, -1):
            levels.append(Counts.of(ngrams, vocabulary_size))
            ngrams = levels[-1].ngrams % vocabulary_size ** (length - 1)  # each different left neighbour counts once
        return replace(model, levels=tuple(reversed(levels)))

    @classmethod
    def tune(
        cls,
        train: Sequence[Sequence[int]],
        validation: Sequence[Sequence[int]],
        vocabulary_size: int,
        start: int,
        *,
        order: int = 3,
    ) -> "KneserNey":
        """Count `train`, and choose the 3 x order discounts under which `validation` has the lowest perplexity."""
        model = cls.fit(train, vocabulary_size, start, order=order)
        found = model._look_up(model._ngrams(validation, order))
        # a little off each end: without a discount, what was never seen has probability zero
        bounds = [(0.01, kind - 0.01) for kind in range(1, KINDS + 1)] * order
        best = minimize(
            cross_entropy, model.discounts.ravel(), (found, vocabulary_size), "L-BFGS-B", jac=True, bounds=bounds
        )
        return replace(model, discounts=best.x.reshape(order, KINDS))

    @property
    def order(self) -> int:
        """The longest run of words that was counted."""
        return len(self.levels)

    def log_probs(self, ids: Sequence[int]) -> np.ndarray:
        """(time,) natural log of P(ids[t] | start, ids[:t]) of one document."""
        p = self._probabilities(self._ngrams([ids], self.order))
        with np.errstate(divide="ignore"):  # where a discount is 0, log 0 is the honest answer
            return np.log(p)

    def perplexity(self, documents: Sequence[Sequence[int]]) -> float:
        """exp of minus the mean log probability of all tokens of `documents`."""
        return float(np.exp(-np.concatenate([self.log_probs(ids) for ids in documents]).mean()))

    def distribution(self, context: Sequence[int] = ()) -> np.ndarray:
        """(vocabulary,) P(w | context) for every id w; it adds up to 1.

        Args:
            context: the ids since the beginning of a document; none of them, or `start` alone, is the beginning itself.
        """
        before = [self.start] * self.order + [int(i) for i in context]
        prefix = self._ngrams([before], self.order)[-1] % self.vocabulary_size ** (self.order - 1)
        asked = prefix * self.vocabulary_size + np.arange(self.vocabulary_size)
        p = self._probabilities(asked)
        p[PADDING] = 0
        return p

    def _ngrams(self, documents: Sequence[Sequence[int]], order: int) -> np.ndarray:
        """(tokens,) int64: for every token of every document, the run of `order` words that ends with it."""
        if not len(documents) or not all(len(ids) for ids in documents):
            raise ValueError("there must be documents, and a token in each")
        start = [self.start] * (order - 1)
        padded = [np.concatenate([start, ids]).astype(np.int64) for ids in documents]
        for ids in (*padded, np.array([self.start])):
            if ids.min() <= PADDING or ids.max() >= self.vocabulary_size:
                raise ValueError(f"ids must be in [1, {self.vocabulary_size}), got {ids.min()} to {ids.max()}")
        digits = self.vocabulary_size ** np.arange(order - 1, -1, -1, dtype=np.int64)
        return np.concatenate([sliding_window_view(ids, order) @ digits for ids in padded])

    def _probabilities(self, ngrams: np.ndarray) -> np.ndarray:
        """(asked,) P(last word | the words before it)."""
        return interpolate(self._look_up(ngrams), self.discounts, self.vocabulary_size)[-1]

    def _look_up(self, ngrams: np.ndarray) -> list[Found]:
        """What every level knows of the last words of each n-gram, the shortest first."""
        size = self.vocabulary_size
        return [level.look_up(ngrams % size ** (k + 1), size) for k, level in enumerate(self.levels)]


class Unigram:
    """The share of each word in the training text, whatever came before: Kneser-Ney of order 1 by its common name.

    >>> Unigram.fit([[2, 3, 2, 3, 2, 4]], vocabulary_size=6, start=5).distribution().round(3)
    array([0.   , 0.107, 0.373, 0.257, 0.157, 0.107])
    """

    @staticmethod
    def fit(documents: Sequence[Sequence[int]], vocabulary_size: int, start: int) -> KneserNey:
        """Count `documents`; see `KneserNey.fit`. Where every word of the vocabulary was seen, nothing is to tune."""
        return KneserNey.fit(documents, vocabulary_size, start, order=1)
