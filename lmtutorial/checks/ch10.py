"""Checkers for chapter 10: weights of trapezoids, a path integral, an average over noise with its error."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

trapezoid_weights = exercise("trapezoid_weights")
PLACES = np.array([0.0, 0.1, 0.4, 1.0])  # pieces of 0.1, 0.3 and 0.6


@trapezoid_weights.check
def one_weight_for_each_place(function):
    got = np.shape(function(PLACES.copy()))
    if got != (4,):
        return Mistake("pieces" if got == (3,) else "count", got=got)


@trapezoid_weights.check
def three_places_at_equal_distances(function):
    got = np.asarray(function(np.array([0.0, 0.5, 1.0])), float)
    likely = {
        "share_of_points": [1 / 6, 1 / 3, 1 / 6],
        "whole_ends": [1 / 2, 1 / 2, 1 / 2],
        "equal": [1 / 3, 1 / 3, 1 / 3],
        "not_halved": [1 / 2, 1, 1 / 2],
    }
    if np.allclose(got, [1 / 4, 1 / 2, 1 / 4]):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), None)
    if key:
        return Mistake(key, got=got.round(3).tolist(), total=round(float(got.sum()), 3))


@trapezoid_weights.check
def places_at_unequal_distances(function):
    got = np.asarray(function(PLACES.copy()), float)
    likely = {
        "distances_unused": [1 / 6, 1 / 3, 1 / 3, 1 / 6],
        "piece_behind": [0.1, 0.3, 0.6, 0],
        "piece_before": [0, 0.1, 0.3, 0.6],
        "not_halved": [0.1, 0.4, 0.9, 0.6],
        "whole_ends": [0.1, 0.2, 0.45, 0.6],
        "no_ends": [0, 0.2, 0.45, 0],
    }
    if np.allclose(got, [0.05, 0.2, 0.45, 0.3]):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case")
    return Mistake(key, got=got.round(3).tolist(), total=round(float(got.sum()), 3))


@trapezoid_weights.check
def two_places(function):
    if not np.allclose(function(np.array([0.0, 1.0])), [0.5, 0.5]):
        return Mistake("two", got=np.round(function(np.array([0.0, 1.0])), 3).tolist())


@trapezoid_weights.check
def a_straight_slope(function):
    """The rule is exact for slopes that are straight lines."""
    for points in (5, 11, 50):
        places = np.sort(np.r_[0, np.random.default_rng(points).random(points - 2), 1])
        if not np.isclose(np.sum(function(places) * places), 0.5):
            return Mistake("line", points=points)


integrate_gradients = exercise("integrate_gradients")
TEXT = np.array([[3.0, 1.0], [5.0, -2.0], [0.5, 4.0]])  # (time, dim)
BASE = np.array([[1.0, 1.0], [0.0, 0.0], [0.5, 2.0]])


def slope_of_squares(vectors):
    """The gradient of the sum of all squares: integrated, it gives text ** 2 - baseline ** 2."""
    return 2 * np.asarray(vectors)


def recorded(gradient):
    """`gradient`, and the list of the points that it was asked at."""
    asked = []

    def function(vectors):
        asked.append(np.array(vectors, float))
        return gradient(vectors)

    return function, asked


@integrate_gradients.check
def one_score_for_each_word(function):
    got = np.shape(function(slope_of_squares, TEXT, BASE, 4))
    if got != (3,):
        return Mistake("every_number" if got == (3, 2) else "shape", got=got)


@integrate_gradients.check
def a_constant_slope(function):
    slope = np.array([[1.0, 2.0], [-1.0, 0.5], [2.0, 1.0]])
    gradient, asked = recorded(lambda vectors: slope)
    got = np.asarray(function(gradient, TEXT, BASE, 4))
    if any(point.shape != TEXT.shape for point in asked):
        return Mistake("all_at_once", got=next(point.shape for point in asked if point.shape != TEXT.shape))
    want = (slope * (TEXT - BASE)).sum(axis=1)
    likely = {
        "no_difference": slope.sum(axis=1),
        "times_text": (slope * TEXT).sum(axis=1),
        "not_averaged": 4 * want,
        "length": np.linalg.norm(slope * (TEXT - BASE), axis=1),
        "sign": -want,
        "mean_over_dim": want / 2,
        "one_mean": (slope.mean() * (TEXT - BASE)).sum(axis=1),
    }
    if not np.allclose(got, want):
        key = next((key for key, value in likely.items() if np.allclose(got, value)), "constant")
        return Mistake(key, got=got.round(2).tolist(), want=want.tolist())


@integrate_gradients.check
def where_it_asks(function):
    gradient, asked = recorded(slope_of_squares)
    function(gradient, TEXT, BASE, 4)
    if len(asked) != 4:
        return Mistake("how_often", got=len(asked))
    way = TEXT - BASE
    found = np.sort([float(((point - BASE) * way).sum() / (way * way).sum()) for point in asked])
    off = max(np.abs(point - BASE - share * way).max() for point, share in zip(asked, found, strict=False))
    if np.allclose(found, [0.125, 0.375, 0.625, 0.875]):
        return None
    if np.allclose(found, found[0]) and off < 1e-9:
        return Mistake("one_place")
    if all(np.allclose(point, (k + 0.5) / 4 * TEXT) for k, point in enumerate(asked)):
        return Mistake("from_zero")
    if all(np.allclose(point, BASE + (k + 0.5) / 4 * TEXT) for k, point in enumerate(asked)):
        return Mistake("baseline_added")
    ends = {"left": [0, 0.25, 0.5, 0.75], "right": [0.25, 0.5, 0.75, 1], "with_ends": np.linspace(0, 1, 4)}
    return Mistake(
        next((key for key, places in ends.items() if np.allclose(found, places)), "places"), got=found.round(3).tolist()
    )


@integrate_gradients.check
def adds_up(function):
    got = np.asarray(function(slope_of_squares, TEXT, BASE, 64))
    want = (TEXT**2 - BASE**2).sum(axis=1)  # the midpoint rule is exact for a straight slope
    if not np.allclose(got, want):
        return Mistake("squares", got=got.round(2).tolist(), want=want.tolist())


smooth_scores = exercise("smooth_scores")


@smooth_scores.check
def two_arrays(function):
    got = function(slope_of_squares, TEXT, 0.1, 20, np.random.default_rng(0))
    if not isinstance(got, tuple | list | np.ndarray) or len(got) != 2:
        return Mistake("two", got=type(got).__name__)
    if np.shape(got[0]) != (3,) or np.shape(got[1]) != (3,):
        return Mistake("shapes", got=[np.shape(part) for part in got])


@smooth_scores.check
def how_much_noise(function):
    gradient, asked = recorded(slope_of_squares)
    function(gradient, TEXT, 0.1, 400, np.random.default_rng(0))
    if len(asked) != 400:
        return Mistake("samples", got=len(asked))
    noise = np.array(asked) - TEXT
    spread, span = float(noise.std()), float(np.ptp(TEXT))
    if spread > 1e-9 and np.allclose(noise, noise[0]):
        return Mistake("one_draw")
    if np.isclose(spread, 0.1 * span, rtol=0.1):
        same = np.ptp(noise.reshape(400, -1), axis=1).max() < 1e-9
        return Mistake("same_noise") if same else None
    if spread < 1e-9:
        return Mistake("no_noise")
    likely = {"absolute": 0.1, "std_of_text": 0.1 * TEXT.std(), "largest_only": 0.1 * TEXT.max()}
    found = (key for key, value in likely.items() if np.isclose(spread, value, rtol=0.1))
    return Mistake(next(found, "spread"), got=round(spread, 3), want=round(0.1 * span, 3))


@smooth_scores.check
def a_constant_slope_is_not_disturbed(function):
    slope = np.array([[1.0, 2.0], [-1.0, 0.5], [2.0, 1.0]])
    scores, error = function(lambda vectors: slope, TEXT, 0.1, 30, np.random.default_rng(0))
    want = (slope * TEXT).sum(axis=1)
    if np.allclose(scores, slope.sum(axis=1)):
        return Mistake("gradient_only")
    if np.allclose(scores, want):
        return Mistake("error_of_nothing", got=np.round(error, 3).tolist()) if np.abs(error).max() > 1e-9 else None
    noisy = np.abs(np.asarray(scores) - want).max() < 1
    return Mistake("noisy_product" if noisy else "constant", got=np.round(scores, 2).tolist(), want=want.tolist())


@smooth_scores.check
def the_standard_error(function):
    """The slope of squares has the spread 2 sigma, so that a score's is 2 sigma |e| and its error that over sqrt(n)."""
    samples, sigma = 2000, 0.1 * float(np.ptp(TEXT))
    _, error = function(slope_of_squares, TEXT, 0.1, samples, np.random.default_rng(0))
    spread = 2 * sigma * np.linalg.norm(TEXT, axis=1)
    if np.allclose(error, spread / np.sqrt(samples), rtol=0.15):
        return None
    if np.allclose(error, spread, rtol=0.15):
        return Mistake("spread_not_error")
    if np.allclose(error, 2 * sigma * np.abs(TEXT).sum(axis=1) / np.sqrt(samples), rtol=0.15):
        return Mistake("errors_added")
    return Mistake("divided_twice" if np.allclose(error, spread / samples, rtol=0.15) else "error")
