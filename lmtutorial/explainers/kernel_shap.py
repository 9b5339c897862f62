"""Kernel SHAP: Shapley values from a sample of coalitions, by a weighted regression.

1. Draw pairs, a set of words and the words that it leaves out. Every size of set is drawn equally often, no set twice,
   and a size with few sets is drawn whole.
2. Ask the model about both sides of each pair. The difference of the answers cancels whatever single and paired words
   do on both sides alike; what is left is close to sum_i z_i phi_i, with z_i = 1 for the words of the set and -1 for
   the others.
3. Fit phi by least squares. A pair weighs what Kernel SHAP says, as many times over as it stands for sets that were not
   drawn; the scores are held to add up to what the whole text gained over the empty one.
4. Three words that work together are what disturbs such a regression most. So first fit a small share for every triple
   (a ridge regression, its strength chosen by the data), give each word a third of its triples, and let step 3 see
   only what the triples do not explain. Whatever step 4 finds, step 3 stays right: given all sets it is exact.
5. Each pair's error, predicted from the other pairs, gives each word's standard error.

Source: Lundberg & Lee 2017 (steps 2, 3); Covert & Lee 2021 (pairs); Musco & Witter 2025, "Provably accurate Shapley
value estimation via leverage score sampling" (step 1); Fumagalli, Witter & Musco 2026, "PolySHAP" (step 4).
"""

from functools import cache
from itertools import combinations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.special import comb
from threadpoolctl import ThreadpoolController

from .explanation import Explanation
from .masking import MaskedText

MOST_WORDS = 1000
RIDGES = (0.01, 0.1, 1.0, 10.0)  # noise of a pair over the spread of the triples' signal, from small to large
LINEAR = 1000.0  # spread of the single words' signal over the triples': so large that these are hardly shrunk
MOST_FITTED = 500  # pairs that the triples are fitted to: the cost grows with the cube


def pairs_of_sizes(words: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """How many pairs to draw of sets of 1, 2, ... words // 2, and how many there are: two (sizes,) arrays.

    Every size of set is as likely as any other (the leverage scores of this regression), until a class is used up.
    """
    sizes = np.arange(1, words // 2 + 1)
    half = np.where(2 * sizes == words, 0.5, 1.0)  # a set of half the words is paired with one of its own size
    available = comb(words, sizes) * half
    wanted = np.zeros(len(sizes))
    for i in range(len(sizes)):  # from the smallest class to the largest
        wanted[i] = min(available[i], (pairs - wanted.sum()) * half[i] / half[i:].sum())
    return np.diff(np.floor(np.cumsum(wanted) + 0.5), prepend=0).astype(int), available


def distinct_sets(words: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, words) masks of `count` different sets of `size` words; of two complements at most one."""
    halves = 2 * size == words  # keep the one of the two with word 0
    if 2 * count >= comb(words, size) / (1 + halves):
        members = np.array(list(combinations(range(words), size)))
        masks = np.zeros((len(members), words), bool)
        np.put_along_axis(masks, members, True, axis=1)
        masks = masks[masks[:, 0]] if halves else masks
        return masks[rng.permutation(len(masks))[:count]]
    masks = np.zeros((0, words), bool)
    while len(masks) < count:
        more = rng.random((2 * (count - len(masks)), words)).argsort(axis=1) < size
        more ^= halves & ~more[:, :1]
        masks = np.concatenate([masks, more])
        first = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True)[1]
        masks = masks[np.sort(first)]
    return masks[:count]


def draw_pairs(words: int, pairs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sets of words to ask about, each of which stands for its complement too.

    Returns:
        (pairs, words) masks; (pairs,) weights, Kernel SHAP's (M - 1) / (C(M, s) s (M - s)) over the chance of being
        drawn; (pairs,) that chance, 1 where a size was drawn whole.
    """
    counts, available = pairs_of_sizes(words, pairs)
    masks = np.concatenate([distinct_sets(words, s, n, rng) for s, n in enumerate(counts, 1) if n])
    masks = rng.permutation(masks)  # any first few are then a fair sample
    size = masks.sum(axis=1)
    chance = (counts / available)[size - 1]
    return masks, (words - 1) / (comb(words, size) * size * (words - size) * chance), chance


def influence(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(pairs, words) how far each pair's difference moves each score.

    The sum of the scores is fixed; what is left of z without it are the rows minus their means.
    """
    x = z - z.mean(axis=1, keepdims=True)
    weighed = weights[:, None] * x
    return weighed @ np.linalg.pinv(x.T @ weighed, rcond=1e-9, hermitian=True)


def kernel_regression(z, differences, weights, total: float) -> np.ndarray:
    """The phi that minimise sum weight (difference - z phi)^2, sum(phi) = total.

    Args:
        z: (pairs, words) 1 for the words of a set, -1 for the others.
        differences: (pairs,) game(set) - game(the others).
        weights: (pairs,) from `draw_pairs`.
        total: game(all words) - game(no word).

    Returns:
        (words,) scores.
    """
    even = total / z.shape[1]  # everybody's share if all were alike
    left = differences - even * z.sum(axis=1)
    return even + influence(z, weights).T @ left


def triples_share(z: np.ndarray, rest: np.ndarray, weights: np.ndarray):
    """What the model makes of words in threes, by ridge regression on all products z_i z_j z_k.

    The products are never written out: two pairs with the inner product a = z z' have the sum of common products
    sum_{i<j<k} z_i z_j z_k z'_i z'_j z'_k = (a^3 - (3 M - 2) a) / 6, and a ridge regression needs no more than that.
    The strength of the ridge is the one that makes the answers most likely.

    Args:
        z, weights: as for `kernel_regression`.
        rest: (pairs,) what single words leave of the differences.

    Returns:
        (words,) the triples' part of the scores; (pairs,) the triples' part of `rest`; (pairs,) the error of each
        fitted pair, predicted from the others.
    """
    words = z.shape[1]
    fitted = min(len(z), MOST_FITTED)
    # the whole text against the empty one is a pair too, a certain one, and single words leave nothing of it
    rows = np.concatenate([np.ones((1, words)), z])
    answers, noise = np.append(0.0, rest[:fitted]), np.append(1e-6, weights.mean() / weights[:fitted])
    a = rows @ rows[: fitted + 1].T  # (1 + pairs, 1 + fitted)
    common = a * (a * a - (3 * words - 2)) / (6 * comb(words, 3))  # a mean over all triples
    signal = common[: fitted + 1] + LINEAR / words * a[: fitted + 1]
    best = -np.inf
    for ridge in RIDGES:
        tried = np.linalg.cholesky(signal + np.diag(ridge * noise))
        half = solve_triangular(tried, answers, lower=True)
        likelihood = -len(half) / 2 * np.log(half @ half + 1e-300) - np.log(np.diag(tried)).sum()
        if likelihood <= best:
            break
        best, lower, whitened = likelihood, tried, half
    alpha = solve_triangular(lower, whitened, lower=True, trans="T")
    left_out = alpha / np.diag(dpotri(lower, lower=1)[0])  # each pair left out once, in closed form
    rows = rows[: fitted + 1]
    others = rows.sum(axis=1, keepdims=True) - rows
    products_with = rows * (others * others - (words - 1)) / 2  # (fitted + 1, words) sum_{j<k} z_i z_j z_k for word i
    return products_with.T @ alpha / (3 * comb(words, 3)), common[1:] @ alpha, left_out[1:]


def kernel_shap(
    game: MaskedText, *, evaluations: int | None = None, triples: bool = True, seed: int = 0
) -> Explanation:
    """phi = argmin over sum(phi) = game(all) - game(none) of sum_S kernel(S) (game(S) - game(none) - phi(S))^2.

    No word is left out by a hidden selection of features. With 2^words evaluations the scores are exact; with fewer
    than about eight a word, `permutation_shap` errs less.

    Args:
        game: the text and model to explain.
        evaluations: questions to spend, the whole text and the empty one included; by default 512 and two a word.
        triples: whether words that act in threes are fitted beside single words; `False` is the plain regression, which
            needs about three times the evaluations for the same error on the reviews.
        seed: of the random sets.

    Returns:
        an `Explanation` whose scores add up to `output - baseline_output`, with `diagnostics["standard_error"]`
        (words,), zero where all sets were asked.

    Raises:
        ValueError: if there are fewer than 2 words + 2 evaluations, or more than 1,000 words.
    """
    words = len(game)
    if words > MOST_WORDS:
        raise ValueError(f"kernel_shap fits at most {MOST_WORDS} words and got {words:,}: use partition_shap instead")
    asked = 512 + 2 * words if evaluations is None else evaluations
    if asked < min(2 * words + 2, 2**words):
        raise ValueError(f"{words} words need at least {min(2 * words + 2, 2**words)} evaluations, got {evaluations}")
    settings = {"evaluations": min(asked, 2**words), "triples": triples, "seed": seed}
    scores, error = game_regression(game, (settings["evaluations"] - 2) // 2, triples, np.random.default_rng(seed))
    return Explanation.of_game(
        game, scores, "kernel_shap", settings=settings, diagnostics={"standard_error": error}, complete=True
    )


def game_regression(game: MaskedText, pairs: int, triples: bool, rng: np.random.Generator):
    """Steps 1 to 5: (words,) scores and (words,) standard errors."""
    words = len(game)
    if words == 1:
        return np.array([game.whole() - game.nothing()]), np.zeros(1)
    masks, weights, chance = draw_pairs(words, pairs, rng)
    worth = game(np.concatenate([masks, ~masks])).reshape(2, -1)
    total = game.whole() - game.nothing()
    with _one_thread()():
        return fit(np.where(masks, 1.0, -1.0), worth[0] - worth[1], weights, chance, total, triples)


def fit(z, differences, weights, chance, total, triples: bool):
    """Steps 3 to 5: (words,) scores and (words,) standard errors."""
    words = z.shape[1]
    scores = kernel_regression(z, differences, weights, total)
    rest, left_out = differences - z @ scores, np.zeros(0)
    if triples and words > 3 and chance.min() < 1:
        in_threes, explained, left_out = triples_share(z, rest, weights)
        alone = kernel_regression(z, rest - explained, weights, -in_threes.sum())
        scores, rest = scores + in_threes + alone, rest - explained - z @ alone
    moves = influence(z, weights)
    # a pair pulls the fit towards itself: what the others predict of it is farther off
    errors = rest / np.maximum(1 - np.sum(moves * (z - z.mean(axis=1, keepdims=True)), axis=1), 1e-9)
    errors[: len(left_out)] = left_out
    variance = np.sum((1 - chance)[:, None] * (moves * errors[:, None]) ** 2, axis=0)
    return scores, np.sqrt(variance)


@cache
def _one_thread():
    """A context in which linear algebra keeps to one thread: for matrices this small, threads cost more than they give,
    and a hundred times more while the model's own threads are still busy.
    """
    controller = ThreadpoolController()
    return lambda: controller.limit(limits=1, user_api="blas")
