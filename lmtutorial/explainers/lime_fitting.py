"""The straight line that LIME lays through a model's answers, how well it fits, and how much of it is chance.

`weighted_ridge` is LIME's own fit. `line_by_pairs` estimates the same line with less chance in it:

1. Fit a richer imitation to the same answers, which knows every pair of words as well.
2. Of that imitation the line that infinitely many samples would give is known exactly, by algebra.
3. Add LIME's fit of what the imitation misses. However poor the imitation is, the sum aims at LIME's line; the better
   it is, the less is left to chance.

Sources: Ribeiro, Singh & Guestrin 2016 (ridge); control variates: Owen, Monte Carlo theory, methods and examples,
chapter 8.
"""

from typing import NamedTuple

import numpy as np

from .lime_sampling import Sample

FEATURES = 500  # of pairs at most (31 words): beyond this the fit takes longer than the model
PENALTY = 0.1  # on pairs, as if so many average samples spoke against each


class Line(NamedTuple):
    """`intercept + masks @ slopes`, slopes (words,)."""

    intercept: float
    slopes: np.ndarray

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        return self.intercept + masks @ self.slopes


def weighted_ridge(masks: np.ndarray, answers: np.ndarray, weights: np.ndarray, alpha: float = 1.0) -> Line:
    """argmin over (b, c) of sum_i weights_i (answers_i - b - masks_i c)² + alpha |c|².

    The weights are not normalised: the fewer and lighter the samples, the more `alpha` shrinks the slopes.

    Args:
        masks: (samples, words) booleans.
        answers: (samples,) of the model.
        weights: (samples,) each at least 0.
        alpha: above 0.
    """
    mean, centre = weights @ masks / weights.sum(), weights @ answers / weights.sum()
    x = masks - mean  # (samples, words)
    weighted = x * weights[:, None]
    slopes = np.linalg.solve(weighted.T @ x + alpha * np.eye(x.shape[1]), weighted.T @ (answers - centre))
    return Line(float(centre - mean @ slopes), slopes)


def weighted_r2(line: Line, masks: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
    """1 - sum_i weights_i (answers_i - line(masks_i))² / sum_i weights_i (answers_i - mean)²; 1 where all are equal."""
    spread = weights @ (answers - weights @ answers / weights.sum()) ** 2
    return float(1 - weights @ (answers - line(masks)) ** 2 / spread) if spread > 0 else 1.0


def standard_error(sample: Sample, misses: np.ndarray, alpha: float) -> np.ndarray:
    """(words,) sqrt(sum_i (1 - share_i) (H⁻¹ weight_i x_i miss_i / (1 - leverage_i))²), H being the fit's curvature.

    What another seed would change, estimated from one: each sample pulls at the slopes as far as the fit misses it, or
    would miss it without having seen it. A size that was taken whole adds nothing, no seed can change it.

    Args:
        sample: that the fit has seen.
        misses: (samples,) answers less what the fit says.
        alpha: of the ridge.
    """
    masks, weights, share = sample
    x = masks - weights @ masks / weights.sum()
    weighted = x * weights[:, None]
    pulls = weighted @ np.linalg.inv(weighted.T @ x + alpha * np.eye(x.shape[1]))  # (samples, words)
    leverage = weights / weights.sum() + np.einsum("iw,iw->i", x, pulls)
    alone = np.maximum(1 - leverage, 1e-9)  # 0 where the fit hangs on one sample
    return np.sqrt((1 - share) * (misses / alone) ** 2 @ pulls**2)


def pair_features(words: int) -> int:
    """How many numbers an imitation with pairs fits: one, one for each word, and one for each pair."""
    return 1 + words + words * (words - 1) // 2


def line_by_pairs(sample: Sample, answers: np.ndarray, sizes: np.ndarray, alpha: float) -> tuple[Line, np.ndarray]:
    """limit line of an imitation with pairs + weighted_ridge of what it misses.

    Args:
        sample: of at least as many variants as `pair_features`, of at least three words.
        answers: (samples,) of the model.
        sizes: (words + 1,) weight of all variants that keep 0, 1, … words (`lime_sampling.size_weights`).
        alpha: of the ridge.

    Returns:
        the line, and how far (samples,) answers lie from what line and pairs together say without having seen them.
    """
    masks, weights, _ = sample
    first, second = np.triu_indices(masks.shape[1], 1)
    features = np.concatenate([np.ones((len(masks), 1)), masks, masks[:, first] & masks[:, second]], axis=1)
    penalty = np.full(features.shape[1], PENALTY * weights.mean())
    penalty[: masks.shape[1] + 1] = 1e-9 * weights.sum()  # none, but for words that the sample cannot tell apart
    root = features * np.sqrt(weights)[:, None]  # of the weighted features: root.T @ root is half the work
    inverse = np.linalg.inv(root.T @ root + np.diag(penalty))
    numbers = inverse @ (features.T @ (weights * answers))
    leverage = features.shape[1] / len(features)  # where samples abound their mean will do
    if leverage > 0.1:
        leverage = np.einsum("if,if->i", root @ inverse, root)
    missed = answers - features @ numbers
    rest = weighted_ridge(masks, missed, weights, alpha)
    limit = limit_of_pairs(numbers, sizes, alpha)
    return Line(limit.intercept + rest.intercept, limit.slopes + rest.slopes), (missed - rest(masks)) / (1 - leverage)


def limit_of_pairs(numbers: np.ndarray, sizes: np.ndarray, alpha: float) -> Line:
    """The line that LIME lays through a function of words and pairs when it sees every variant.

    All words are alike to LIME's weights, so that it takes four numbers to know them all: how much weight there is, and
    the shares of it on variants that keep one given word, two, three.

    Args:
        numbers: (features,) the function: constant, words, pairs in the order of `np.triu_indices`.
        sizes: (words + 1,) weight of all variants that keep 0, 1, … words.
        alpha: of the ridge.
    """
    words, weight = len(sizes) - 1, sizes.sum()
    k = np.arange(words + 1)
    one, two, three = (
        sizes @ share / weight
        for share in (k / words, k * (k - 1) / (words * (words - 1)), k * (k - 1) * (k - 2) / _ordered(words))
    )
    pairs = np.zeros((words, words))
    pairs[np.triu_indices(words, 1)] = numbers[words + 1 :]
    pairs += pairs.T
    of_word, total = pairs.sum(axis=1), pairs.sum() / 2  # a word's pairs, all pairs
    shared = np.full((words, words), two - one**2) + np.eye(words) * (one - two)  # covariance of word and word
    # a word and a pair: the pair contains the word, or it does not
    pulls = shared @ numbers[1 : words + 1] + (two - one * two) * of_word + (three - one * two) * (total - of_word)
    slopes = np.linalg.solve(weight * shared + alpha * np.eye(words), weight * pulls)
    mean = numbers[0] + one * numbers[1 : words + 1].sum() + two * total
    return Line(float(mean - one * slopes.sum()), slopes)


def _ordered(words: int) -> int:
    return words * (words - 1) * (words - 2)
