"""Does an explanation name the words that the model really uses?

Nobody knows the true scores, so one asks the model again:

1. Rank the words by their scores.
2. Take the first ones away, or keep only these, and watch the model's answer.
3. Compare with words taken in random order, because taking away *any* words moves the answer.

Every measure is a short program on `MaskedText`, and in the game's unit: build the game with `output="probability"` for
figures that compare with the literature. The target stays the one predicted of the whole text. All of them judge the
explanation by texts with holes, which the model was never trained on; ask with a second `replacement` before you
believe a small difference.

ERASER: DeYoung et al. 2020. AOPC: Samek et al. 2017. Deletion and insertion: Petsiuk et al. 2018. Infidelity: Yeh et
al. 2019. The best order as a yardstick: Edin et al. 2025.
"""

import math
from collections.abc import Sequence

import numpy as np

from .masking import MaskedText

FRACTIONS = (0.01, 0.05, 0.1, 0.2, 0.5)  # ERASER's bins


def ranking(game: MaskedText, scores: np.ndarray) -> np.ndarray:
    """(words,) the words from the one that speaks most for the target to the one that speaks most against it.

    Of equals the first in the text comes first.

    Raises:
        ValueError: if `scores` are not one finite number to a word.
    """
    scores = np.asarray(scores, float)
    if scores.shape != (len(game),) or not np.isfinite(scores).all():
        raise ValueError(f"{len(game)} finite scores are needed, one to a word, got {scores.shape}: {scores[:8]}")
    return np.argsort(-scores, kind="stable")


def prefixes(order: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """(counts, words) masks: row j marks the first counts[j] words of `order`."""
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return rank[None, :] < np.asarray(counts)[:, None]


def _top(game: MaskedText, scores: np.ndarray, fractions: Sequence[float]) -> np.ndarray:
    """(fractions, words) masks of the top share of the words; at least one word each."""
    if not all(0 < q <= 1 for q in fractions) or not len(fractions):
        raise ValueError(f"fractions must be shares of the words in (0, 1], got {tuple(fractions)}")
    counts = [max(1, math.ceil(q * len(game) - 1e-9)) for q in fractions]
    return prefixes(ranking(game, scores), counts)


def comprehensiveness(game: MaskedText, scores: np.ndarray, fractions: Sequence[float] = FRACTIONS) -> float:
    """mean over q of F(x) - F(x without its top q words).

    High when the model needs the words that the explanation calls important.

    Args:
        game: the text and model under test.
        scores: (words,) attributions; only their order matters.
        fractions: shares of the words to take; at least one word always is, so that for a short text the smallest
            shares all mean one word.

    Returns:
        the mean drop, in the game's unit. ERASER's plain mean over the bins, in probability.
    """
    return float(np.mean(game.whole() - game(~_top(game, scores, fractions))))


def sufficiency(game: MaskedText, scores: np.ndarray, fractions: Sequence[float] = FRACTIONS) -> float:
    """mean over q of F(x) - F(only the top q words of x).

    Low, even negative, when these words alone make the model answer as it does. Arguments and unit as for
    `comprehensiveness`.
    """
    return float(np.mean(game.whole() - game(_top(game, scores, fractions))))


def deletion_curve(game: MaskedText, scores: np.ndarray) -> np.ndarray:
    """(words + 1,) F after the k top words are taken away, k = 0 … all."""
    return game(~prefixes(ranking(game, scores), range(len(game) + 1)))


def insertion_curve(game: MaskedText, scores: np.ndarray) -> np.ndarray:
    """(words + 1,) F when only the k top words are there, k = 0 … all."""
    return game(prefixes(ranking(game, scores), range(len(game) + 1)))


def area(curve: np.ndarray) -> float:
    """The area under a curve over the share of words, by trapezoids, both ends included.

    >>> area(np.array([1.0, 0.0, 0.0]))
    0.25
    """
    curve = np.asarray(curve, float)
    return float(np.mean((curve[1:] + curve[:-1]) / 2))


def aopc(game: MaskedText, scores: np.ndarray) -> float:
    """mean over k = 0 … words of F(x) - F(x without its k top words): the area over the deletion curve.

    Its size depends on the text; hold it against `random_aopc` of the same game.
    """
    curve = deletion_curve(game, scores)
    return float(np.mean(curve[0] - curve))


def random_aopc(game: MaskedText, orders: int = 20, seed: int = 0) -> tuple[float, float]:
    """The mean AOPC of words taken in random order, and its standard error over the orders."""
    if orders < 2:
        raise ValueError(f"two orders or more are needed for an error, got {orders}")
    rng = np.random.default_rng(seed)
    masks = [~prefixes(rng.permutation(len(game)), range(len(game) + 1)) for _ in range(orders)]
    curves = game(np.concatenate(masks)).reshape(orders, -1)
    found = (curves[:, :1] - curves).mean(axis=1)
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(orders))


def best_aopc(game: MaskedText, beam: int = 3) -> float:
    """The largest AOPC that a search over orders of the words finds: how much there is to lose.

    Words are taken away one by one; of all orders begun, those `beam` are kept that have lost most so far. Where every
    word moves the answer by its own amount, whatever the others are, the search finds the best order for certain.

    Args:
        game: the text and model under test.
        beam: how many begun orders are kept; it costs about beam x words^2 / 2 questions.

    Returns:
        the AOPC of the best order found, in the game's unit. It and `random_aopc` are the two ends between which a
        method's AOPC lies, if the method is better than chance.

    Raises:
        ValueError: if no order would be kept.

    Source: Edin et al. 2025, normalized AOPC.
    """
    if beam < 1:
        raise ValueError(f"beam must be 1 or more, got {beam}")
    kept, lost = np.ones((1, len(game)), bool), np.zeros(1)  # (orders, words) still there; sum of drops so far
    for _ in range(len(game)):
        order, word = np.nonzero(kept)
        masks = kept[order]
        masks[np.arange(len(word)), word] = False
        masks, first = np.unique(masks, axis=0, return_index=True)  # the first has lost most, since `kept` is sorted
        drops = lost[order[first]] + game.whole() - game(masks)
        best = np.argsort(-drops, kind="stable")[:beam]
        kept, lost = masks[best], drops[best]
    return float(lost[0] / (len(game) + 1))


def infidelity(
    game: MaskedText,
    scores: np.ndarray,
    *,
    samples: int = 200,
    share: float = 0.5,
    normalize: bool = True,
    seed: int = 0,
) -> float:
    """E over I of (I . phi - (F(x) - F(x without I)))^2, I a random set of words that are taken away.

    Zero for an explanation from whose sums one can read off what the model loses whenever words go. Unlike the other
    measures it asks for the size of the scores, not only for their order.

    Args:
        game: the text and model under test.
        scores: (words,) attributions in the game's unit.
        samples: how many sets are drawn; each distinct one is asked once.
        share: the chance of each word to be in the set.
        normalize: scale the scores by the factor that fits best, as the authors' code does, so that methods without a
            unit can be compared too.
        seed: of the draw.

    Returns:
        the mean square, in the game's unit squared.
    """
    scores = np.asarray(scores, float)
    ranking(game, scores)  # checks them
    if not 0 < share < 1 or samples < 1:
        raise ValueError(f"share must lie in (0, 1) and samples be 1 or more, got {share} and {samples}")
    gone = np.random.default_rng(seed).random((samples, len(game))) < share
    told, lost = gone @ scores, game.whole() - game(~gone)
    power = float(told @ told)
    if normalize and power > 0:
        told = told * float(told @ lost) / power
    return float(np.mean((told - lost) ** 2))
