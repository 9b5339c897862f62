"""LIME's line with less chance in it: an imitation that knows every pair of words goes first.

1. Fit an imitation of the model to the sample, which has a number for each word and for each pair of words. For a
   probability it is the logit of the imitation that adds up, so that it is flat where the model is.
2. The line that endless sampling would lay through that imitation is known: by algebra, or by listing all variants.
3. Add LIME's fit of what the imitation misses. However poor the imitation is, the sum aims at LIME's line; the better
   it is, the less is left to chance.

Source: control variates, as in Owen, Monte Carlo theory, methods and examples, chapter 8.
"""

import numpy as np

from ..models.text_model import sigmoid
from .lime_fitting import Line, weighted_ridge
from .lime_sampling import Sample, every_mask

FEATURES = 500  # at most (31 words): beyond this the fit takes longer than the model
LISTED = 12  # words whose variants the imitation of a probability can be asked about at once
PENALTY = 0.1  # on pairs, as if so many average samples spoke against each


def pair_count(words: int) -> int:
    """How many numbers an imitation fits: one, one for each word, and one for each pair."""
    return 1 + words + words * (words - 1) // 2


def pairs_help(sample: Sample) -> bool:
    """Whether the sample leaves something to chance, and is large enough to tell pairs of words from it."""
    count = pair_count(sample.masks.shape[1])
    return sample.share.min() < 1 and count <= FEATURES and len(sample.masks) >= 1.2 * count


def line_by_pairs(
    sample: Sample, answers: np.ndarray, sizes: np.ndarray, alpha: float, *, probability: bool = False
) -> tuple[Line, np.ndarray]:
    """limit line of an imitation + weighted_ridge of what it misses.

    Args:
        sample: for which `pairs_help`.
        answers: (samples,) of the model.
        sizes: (words + 1,) weight of all variants that keep 0, 1, … words (`lime_sampling.size_weights`).
        alpha: of the ridge.
        probability: whether the answers are probabilities.

    Returns:
        the line, and how far (samples,) answers lie from what line and imitation together say without having seen them.
    """
    masks, weights, _ = sample
    features, bent = pair_features(masks), probability and masks.shape[1] <= LISTED
    aim, trust = answers, weights
    if bent:
        p = np.clip(answers, 1e-9, 1 - 1e-9)
        aim, trust = np.log(p / (1 - p)), weights * (p * (1 - p)) ** 2  # what an error of the logit does to p
        trust = trust + 1e-3 * trust.mean()
    numbers, leverage = _imitate(features, aim, trust, masks.shape[1])
    imitated = features @ numbers
    missed = answers - (sigmoid(imitated) if bent else imitated)
    rest = weighted_ridge(masks, missed, weights, alpha)
    limit = (_limit_by_listing if bent else limit_of_pairs)(numbers, sizes, alpha)
    return Line(limit.intercept + rest.intercept, limit.slopes + rest.slopes), (missed - rest(masks)) / (1 - leverage)


def pair_features(masks: np.ndarray) -> np.ndarray:
    """(samples, numbers) ones, which words are kept, and which pairs."""
    first, second = np.triu_indices(masks.shape[1], 1)
    return np.concatenate([np.ones((len(masks), 1)), masks, masks[:, first] & masks[:, second]], axis=1)


def _imitate(features: np.ndarray, aim: np.ndarray, trust: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    """(numbers,) that come nearest to `aim`, and the leverage of each sample on its own imitation."""
    penalty = np.full(features.shape[1], PENALTY * trust.mean())
    penalty[: words + 1] = 1e-9 * trust.sum()  # none, but for words that the sample cannot tell apart
    root = features * np.sqrt(trust)[:, None]  # of the weighted features: root.T @ root is half the work
    inverse = np.linalg.inv(root.T @ root + np.diag(penalty))
    leverage = np.full(len(features), features.shape[1] / len(features))  # where samples abound their mean will do
    if leverage[0] > 0.1:
        leverage = np.einsum("if,if->i", root @ inverse, root)
    return inverse @ (features.T @ (trust * aim)), leverage


def _limit_by_listing(numbers: np.ndarray, sizes: np.ndarray, alpha: float) -> Line:
    """The line through sigmoid(words and pairs), from all variants."""
    masks = every_mask(len(sizes) - 1)
    kept = masks.sum(axis=1)
    weights = (sizes / np.bincount(kept))[kept]
    return weighted_ridge(masks, sigmoid(pair_features(masks) @ numbers), weights, alpha)


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
