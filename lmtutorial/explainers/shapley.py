"""Shapley values: each word's fair share of what the whole text gained over the empty one.

1. Call every set of words a coalition, and what the model says when only these words are kept its worth.
2. A word's *marginal contribution* to a coalition is what the worth grows by when the word joins it.
3. Let the words join one after the other. A word's Shapley value is its marginal contribution, averaged over all
   orders in which the words can join.

`exact_shapley` sums over all coalitions, `permutation_shap` draws orders. `kernel_shap` (in a module of its own)
reaches the same values by a regression and needs fewer questions.

Source: Shapley 1953, "A value for n-person games"; Štrumbelj & Kononenko 2014 and Lundberg & Lee 2017 for models.
Orders in both directions: Mitchell, Cooper, Frank & Holmes 2022, "Sampling permutations for Shapley value estimation".
"""

import numpy as np
from scipy.special import comb

from .explanation import Explanation
from .masking import MaskedText

EXACT_WORDS = 16  # 65,536 coalitions; each further word doubles them
ORDERED_WORDS = 1000  # an order of so many words is two thousand texts of as many words


def coalitions(words: int) -> np.ndarray:
    """(2^words, words) booleans: row n keeps the words of the bits set in n.

    >>> coalitions(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    numbers = np.arange(2**words)[:, None]
    return (numbers >> np.arange(words) & 1).astype(bool)


def shapley_of_table(worth: np.ndarray) -> np.ndarray:
    """phi_i = sum over sets S without i of weight(S) (worth(S + i) - worth(S)).

    weight(S) = |S|! (M - |S| - 1)! / M! = 1 / (M C(M - 1, |S|)) for M words.

    Args:
        worth: (2^words,) the worth of each row of `coalitions(words)`.

    Returns:
        (words,) Shapley values.

    >>> shapley_of_table(np.array([0.0, 1.0, 2.0, 7.0]))
    array([3., 4.])
    """
    words = len(worth).bit_length() - 1
    size = coalitions(words).sum(axis=1)  # (2^words,)
    weight = 1 / (words * comb(words - 1, np.minimum(size, words - 1)))
    scores = np.empty(words)
    for word in range(words):
        # the middle axis is the word's bit: 0 without it, 1 with it
        without, joined = np.moveaxis(worth.reshape(-1, 2, 2**word), 1, 0)
        share = weight.reshape(-1, 2, 2**word)[:, 0]
        scores[word] = np.sum(share * (joined - without))
    return scores


def exact_shapley(game: MaskedText) -> Explanation:
    """phi_i = sum over S without i of |S|! (M - |S| - 1)! / M! (game(S and i) - game(S)).

    Every one of the 2^words coalitions is asked: 4,096 for twelve words, 65,536 for sixteen.

    Args:
        game: a text of at most 16 words, and its model.

    Returns:
        an `Explanation` whose scores add up to `output - baseline_output`, up to rounding.

    Raises:
        ValueError: if the text has more than 16 words.
    """
    words = len(game)
    if words > EXACT_WORDS:
        raise ValueError(
            f"exact_shapley asks the model about every set of words, and {words} words have 2^{words} of them: "
            f"for more than {EXACT_WORDS} words use kernel_shap or partition_shap"
        )
    worth = game(coalitions(words))
    return Explanation.of_game(
        game, shapley_of_table(worth), "exact_shapley", settings={}, diagnostics={}, complete=True
    )


def permutation_shap(game: MaskedText, *, evaluations: int | None = None, seed: int = 0) -> Explanation:
    """phi_i = mean over drawn orders of game(the words before i, and i) - game(the words before i).

    Each order is used forwards and backwards, so that what two words do together is shared without error. It is the
    definition, sampled: without bias, with a standard error that assumes nothing. On the reviews it errs less than
    `kernel_shap` where there are fewer than about eight questions a word, and more where there are more.

    Args:
        game: the text and model to explain.
        evaluations: questions to spend; an order costs 2 (words - 1). By default twenty orders.
        seed: of the random orders.

    Returns:
        an `Explanation` whose scores add up to `output - baseline_output`, with `diagnostics["standard_error"]`
        (words,), nan where a single order was drawn.

    Raises:
        ValueError: if `evaluations` does not pay for one order, or there are more than 1,000 words.
    """
    words = len(game)
    if words > ORDERED_WORDS:
        raise ValueError(
            f"permutation_shap takes at most {ORDERED_WORDS} words, got {words:,}: use partition_shap instead"
        )
    cost = max(1, 2 * (words - 1))
    evaluations = 20 * cost + 2 if evaluations is None else evaluations
    if evaluations < cost + 2:
        raise ValueError(f"one order of {words} words costs {cost + 2} evaluations, got evaluations={evaluations}")
    orders = (evaluations - 2) // cost
    rank = np.random.default_rng(seed).random((orders, words)).argsort(axis=1).argsort(axis=1)  # place of each word
    before = np.arange(words + 1)[:, None]  # how many words have joined: 0 ... words
    steps = np.stack([rank[:, None] < before, rank[:, None] >= words - before])  # (2, orders, words + 1, words)
    worth = game(steps.reshape(-1, words)).reshape(2, orders, words + 1)
    gains = np.diff(worth, axis=2)  # (2, orders, words) in order of joining
    place = np.stack([rank, words - 1 - rank])
    shares = np.take_along_axis(gains, place, axis=2).mean(axis=0)  # (orders, words)
    spread = shares.std(axis=0, ddof=1) if orders > 1 else np.full(words, np.nan)
    return Explanation.of_game(
        game,
        shares.mean(axis=0),
        "permutation_shap",
        settings={"evaluations": evaluations, "seed": seed},
        diagnostics={"standard_error": spread / np.sqrt(orders), "orders": orders},
        complete=True,
    )
