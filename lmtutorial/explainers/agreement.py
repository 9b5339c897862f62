"""Do methods agree with each other, and with people?

Two methods that rank the words of a text alike agree, whatever their scales; so agreement is measured on ranks. A
high agreement proves nothing (two methods can share a mistake); a low one proves that at most one of them is right
about the order (Krishna et al. 2022, the disagreement problem).

People never scored the words of our reviews. But ten people rated each of 7,500 words from -4 to 4 out of context
(Hutto & Gilbert 2014). Their mean is held against a method's scores of the same words in context. No method can
reach 1: the people differ, and so would another ten (the noise ceiling).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from .explanation import Explanation


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation: that of the ranks, ties sharing theirs; nan where one of the two is constant.

    >>> rank_correlation(np.array([1.0, 2.0, 30.0]), np.array([-5.0, 0.0, 1.0]))
    1.0
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"two rows of scores of one length are needed, got shapes {a.shape} and {b.shape}")
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return round(float(np.corrcoef(rankdata(a), rankdata(b))[0, 1]), 12)


def top_overlap(a: np.ndarray, b: np.ndarray, k: int = 3) -> float:
    """The share of the k strongest words (by absolute score) that two methods have in common, in [0, 1].

    Of equals the first in the text counts as the stronger.

    >>> top_overlap(np.array([3.0, -2.0, 0.0, 0.1]), np.array([3.0, 0.0, -2.0, 0.1]), k=2)
    0.5
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or k < 1:
        raise ValueError(f"scores of one length and k of 1 or more are needed, got {a.shape}, {b.shape} and k={k}")
    k = min(k, len(a))
    first, second = (set(np.argsort(-np.abs(s), kind="stable")[:k].tolist()) for s in (a, b))
    return len(first & second) / k


def agreement(explanations: Mapping[str, Explanation], k: int | None = None) -> pd.DataFrame:
    """Every method against every other on one text, a square table.

    Args:
        explanations: {name: explanation}, all of the same words.
        k: how many top words to compare; by default the rank correlation of all words.
    """
    measure = rank_correlation if k is None else lambda a, b: top_overlap(a, b, k)
    scores = {name: e.scores for name, e in explanations.items()}
    return pd.DataFrame({one: {two: measure(a, b) for two, b in scores.items()} for one, a in scores.items()})


def rated_words(explanations: Sequence[Explanation], lexicon: pd.DataFrame) -> pd.DataFrame:
    """The words of explanations that people have rated: one row an occurrence.

    Args:
        explanations: one to a text, all for the class "positive".
        lexicon: as `load_lexicon` returns it.

    Returns:
        columns `text` (number of the explanation), `word` (lower-cased), `score` (the method's), `valence` (mean
        rating) and `sd` (spread of the ratings).
    """
    spelling = lexicon["word"].str.lower()
    rated = lexicon.assign(word=spelling).drop_duplicates("word").set_index("word")
    rows = [
        (number, token.lower(), float(score))
        for number, e in enumerate(explanations)
        for token, score in zip(e.tokens, e.scores, strict=True)
        if token.lower() in rated.index
    ]
    found = pd.DataFrame(rows, columns=["text", "word", "score"])
    return found.join(rated[["valence", "sd"]], on="word")


def noise_ceiling(words: Sequence[str], lexicon: pd.DataFrame, splits: int = 200, seed: int = 0) -> float:
    """The correlation with the mean of ten raters that a perfect judge could expect, in [0, 1].

    The raters are split into halves at random; the correlation r of the halves' means gives the reliability of all ten
    by Spearman & Brown, 2r / (1 + r); its square root bounds what anything that is not these ten people can reach.

    Args:
        words: the words to be judged, lower-cased, as often as they occur.
        lexicon: as `load_lexicon` returns it.
    """
    spelling = lexicon["word"].str.lower()
    ratings = dict(zip(spelling, lexicon["ratings"], strict=True))
    table = np.array([ratings[word] for word in words], float)  # (occurrences, 10)
    rng, half = np.random.default_rng(seed), table.shape[1] // 2
    found = []
    for _ in range(splits):
        order = rng.permutation(table.shape[1])
        found.append(rank_correlation(table[:, order[:half]].mean(axis=1), table[:, order[half:]].mean(axis=1)))
    r = float(np.mean(found))
    return float(np.sqrt(max(0.0, 2 * r / (1 + r))))
