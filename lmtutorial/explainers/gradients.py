"""Gradients: nudge a word's vector a little, in every direction at once, and watch how fast the model's answer moves.

1. Look the words up: each becomes a vector of numbers, its embedding.
2. Ask TensorFlow for the derivative of the explained score with respect to each of these numbers (tape.py).
3. Reduce the numbers of a word, and of its pieces if it has several, to one score.

The methods differ in *where* they ask and in how they reduce: *saliency* asks at the text and takes the length of a
word's gradient (Simonyan, Vedaldi & Zisserman 2014); *input x gradient* takes its product with the word's vector
(Shrikumar et al. 2016); *SmoothGrad* asks at many noisy copies of the text (Smilkov et al. 2017); *integrated
gradients* asks along the straight path from a baseline to the text (Sundararajan, Taly & Yan 2017).
"""

from functools import lru_cache

import numpy as np

from ..files import nearest
from .explanation import Explanation
from .masking import MaskedText
from .tape import slopes
from .vectors import baseline_vectors, inside_words, sum_pieces, vectors_of

RULES = ("gauss-legendre", "midpoint", "trapezoid")
REFINED = 2 * 10**5  # points x positions up to which doubling goes on: 500 points for 400 words
FLOOR = 1e-3  # a completeness gap below it counts as none: float32 models are not exact to more than about 1e-5


def saliency(game: MaskedText, *, norm: str = "l2") -> Explanation:
    """score_i = ||dF/de_i||: how far the answer moves when word i's vector is nudged.

    Never negative: it says which words matter to the next small change, not for or against what they speak.

    Args:
        game: the model, text, target and unit.
        norm: "l2" for the length of the gradient, "l1" for the sum of its absolute values. Pieces of a word are summed.

    Returns:
        an `Explanation` whose settings name the reduction.

    Raises:
        ValueError: for another `norm`; if Keras does not run on TensorFlow; if the model answers NaN.
    """
    if norm not in ("l1", "l2"):
        raise ValueError(f'norm must be "l1" or "l2", got {norm!r}')
    order = int(norm[1])
    scores = _at_the_text(game, lambda gradient: np.linalg.norm(gradient, order, axis=-1))
    settings = {"reduction": f"{norm} norm over the embedding dimension, unsigned"}
    return Explanation.of_game(game, scores, "saliency", settings=settings, diagnostics={})


def input_x_gradient(game: MaskedText) -> Explanation:
    """score_i = e_i . dF/de_i: what the answer would lose on the way to a zero vector if its slope never changed.

    Args:
        game: the model, text, target and unit.

    Returns:
        an `Explanation` with signed scores, summed over the embedding dimension and over the pieces of a word.

    Raises:
        ValueError: if Keras does not run on TensorFlow, or if the model answers NaN.
    """
    text = vectors_of(game)[0]
    scores = _at_the_text(game, lambda gradient: dot(gradient, text))
    settings = {"reduction": "signed sum over the embedding dimension"}
    return Explanation.of_game(game, scores, "input_x_gradient", settings=settings, diagnostics={})


def smooth_grad(game: MaskedText, *, samples: int = 50, noise: float = 0.15, seed: int = 0) -> Explanation:
    """score_i = e_i . mean over noise n of dF/de_i at e + n, with n ~ N(0, sigma^2).

    It smooths input x gradient, not saliency: the mean of a signed product is what it is an estimate of, and so has a
    standard error; the length of a mean is longer than the mean's true length, the more so the noisier it is. The
    product is with the text's own vector, without the noise.

    Args:
        game: the model, text, target and unit.
        samples: how many noisy copies, at least two.
        noise: sigma as a share of the range of the text's embeddings, max - min over all words and dimensions. It is
            relative because embeddings have no natural scale: what is a breath for one model is a storm for another.
        seed: of the noise.

    Returns:
        an `Explanation`; diagnostics hold "sigma" and the "standard_error" (words,) of each score.

    Raises:
        ValueError: for fewer than two samples or a noise that is not positive; as `input_x_gradient` does.
    """
    if samples < 2 or not 0 < noise < np.inf:
        raise ValueError(f"samples must be at least 2 and noise a positive share, got {samples} and {noise}")
    first, inside = vectors_of(game), inside_words(game)
    text = first[0]
    sigma = noise * np.ptp(text[inside])
    random = np.random.default_rng(seed)

    def at(start: int, stop: int) -> np.ndarray:
        # chunks draw one after the other from one stream, so that their size changes nothing
        drawn = random.standard_normal((stop - max(start, 2), *text.shape))
        return np.concatenate([first[start:stop], text + sigma * drawn * inside[:, None]])

    _, products = slopes(game, 2 + samples, at, lambda gradient: dot(gradient, text))
    each = sum_pieces(game, products[2:])  # (samples, words)
    return Explanation.of_game(
        game,
        each.mean(axis=0),
        "smooth_grad",
        settings={"samples": samples, "noise": noise, "seed": seed, "smooths": "input x gradient"},
        diagnostics={
            "evaluations": samples + 2,
            "sigma": float(sigma),
            "standard_error": each.std(axis=0, ddof=1) / np.sqrt(samples),
        },
    )


def integrated_gradients(
    game: MaskedText,
    *,
    baseline: str = "unknown",
    points: int = 16,
    rule: str = "gauss-legendre",
    tolerance: float | None = 0.01,
    max_points: int = 512,
) -> Explanation:
    """score_i = (e_i - b_i) . integral over a in [0, 1] of dF/de_i at b + a (e - b).

    The scores add up to F(e) - F(b), because the integral of a slope along a path is the rise from its foot to its top.
    The integral is a sum over points of the path, so that what is missing from this law measures the sum's error.

    Args:
        game: the model, text, target and unit.
        baseline: b, what counts as nothing: "unknown" (the game's removed word at every place), "zero" (vectors of
            zeros), "mean" (the mean vector of the vocabulary), or any other text, which is filled up with unknown words
            if it is shorter. Only the places of words are changed; padding and special positions keep their vectors.
        points: on the path, to begin with.
        rule: how they are placed and weighed: see `path_points`.
        tolerance: double the points until |gap| < tolerance * |F(e) - F(b)|, or < 0.001; `None` for one round.
        max_points: where doubling stops.

    Returns:
        an `Explanation` with a `completeness_gap`. Diagnostics: "points" of the last round, "converged" (whether the
        tolerance, if there is one, was met) and "convergence" (rounds, 2), the points and the gap of each round.

    Raises:
        ValueError: for settings that are none of these; if the baseline has more words than the text; if Keras does not
            run on TensorFlow; if the model answers NaN.
    """
    if not 2 <= points <= max_points:
        raise ValueError(f"points must be from 2 to max_points = {max_points}, got {points}")
    text, nothing = vectors_of(game)
    base = baseline_vectors(game, baseline, text, nothing)
    rounds = []
    while True:
        scores, answers = path_integral(game, text, base, points, rule, nothing=base is nothing)
        output, baseline_output = _in_unit(game, answers)
        rounds.append((points, scores.sum() - (output - baseline_output)))
        enough = np.inf if tolerance is None else max(tolerance * abs(output - baseline_output), FLOOR)
        converged = abs(rounds[-1][1]) < enough
        if converged or 2 * points > min(max_points, REFINED // len(text)):
            break
        points *= 2
    return Explanation.of_game(
        game,
        scores,
        "integrated_gradients",
        settings={
            "baseline": baseline,
            "points": rounds[0][0],
            "rule": rule,
            "tolerance": tolerance,
            "max_points": max_points,
        },
        diagnostics={
            "evaluations": sum(n + 2 for n, _ in rounds),
            "points": points,
            "converged": bool(converged),
            "convergence": np.array(rounds),
        },
        complete=True,
        output=output,
        baseline_output=baseline_output,
    )


def path_integral(
    game: MaskedText, text: np.ndarray, base: np.ndarray, points: int, rule: str, *, nothing: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (words,) of one round, and what the model answers at both ends of the path, (2, outputs).

    Both ends of the path are rows of the same batch, with weight zero where the rule does not use them: the outputs
    that completeness compares cost no call of the model of their own. `nothing` says that `base` is the game's own.
    """
    place, weights = path_points(rule, points)

    def at(start: int, stop: int) -> np.ndarray:
        part = place[start:stop, None, None]
        return part * text + (1 - part) * base  # exact at both ends

    answers, products = slopes(game, len(place), at, lambda gradient: dot(gradient, text - base), nothing=nothing)
    return sum_pieces(game, weights @ products), answers[:2]


def path_points(rule: str, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Places on the path in [0, 1] and their weights, which add up to 1; the path's ends 1 and 0 come first.

    "gauss-legendre" is exact for slopes that are polynomials of degree 2 points - 1, and the best for smooth ones.
    "midpoint" weighs the middles of `points` equal pieces equally. "trapezoid" asks at the ends too: `points` places
    are points - 1 pieces, so that the weights are 1 / (points - 1), and half of it at the ends.

    >>> path_points("trapezoid", 3)
    (array([1. , 0. , 0.5]), array([0.25, 0.25, 0.5 ]))
    """
    if rule == "gauss-legendre":
        place, weights = legendre(points)  # on [-1, 1], where the weights add up to 2
        place, weights = (1 + place) / 2, weights / 2
    elif rule == "midpoint":
        place, weights = (np.arange(points) + 0.5) / points, np.full(points, 1 / points)
    elif rule == "trapezoid":
        piece = 1 / (points - 1)
        inner = np.arange(1, points - 1) * piece
        return np.r_[1.0, 0.0, inner], np.r_[piece / 2, piece / 2, np.full(points - 2, piece)]
    else:
        raise ValueError(f"no rule {rule!r}{nearest(rule, RULES)}; there are {RULES}")
    return np.r_[1.0, 0.0, place], np.r_[0.0, 0.0, weights]


legendre = lru_cache(maxsize=64)(np.polynomial.legendre.leggauss)  # 512 points take half a second


def dot(gradient: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """(rows, time) products of gradients (rows, time, dim) with one direction (time, dim)."""
    return np.einsum("rtd,td->rt", gradient, direction)


def _at_the_text(game: MaskedText, reduce) -> np.ndarray:
    """(words,) the gradient at the text itself, reduced."""
    rows = vectors_of(game)
    _, reduced = slopes(game, 2, lambda start, stop: rows[start:stop], reduce)
    return sum_pieces(game, reduced[0])


def _in_unit(game: MaskedText, answers: np.ndarray) -> np.ndarray:
    """(rows,) the target's answers in the unit of the game."""
    pick = game.model.probability if game.unit == "probability" else game.model.select
    return np.asarray(pick(answers, game.index), np.float64)
