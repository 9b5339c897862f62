"""Checkers for chapter 16: a layer read through the lens, a threshold found, the rank of a stated reason.

Every call gets arrays of its own: a learner who writes into them spoils no later check.
"""

import numpy as np

from lmtutorial.checks import Mistake, exercise

read_layer = exercise("read_layer")
STREAM = np.array([[3.0, 4.0, 0.0, 0.0], [1.0, -1.0, 1.0, -3.0]])  # two places; root mean squares 2.5 and 1.732
GAIN = np.array([1.0, 2.0, 0.5, 1.0])
MATRIX = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, -1.0], [0.0, 0.0, 2.0, 0.0]])


def scores_of(stream, gain=GAIN, matrix=MATRIX):
    """The right answer."""
    return stream / np.sqrt((stream**2).mean(axis=-1, keepdims=True)) * gain @ matrix.T


@read_layer.check
def one_score_for_each_piece_and_place(function):
    got = np.shape(function(STREAM.copy(), GAIN.copy(), MATRIX.copy()))
    if got != (2, 3):
        return Mistake("turned" if got == (3, 2) else "shape", got=got)


@read_layer.check
def the_norm_by_hand(function):
    got = np.asarray(function(STREAM.copy(), GAIN.copy(), MATRIX.copy()), float)
    centred = STREAM - STREAM.mean(axis=-1, keepdims=True)
    likely = {
        "no_norm": STREAM * GAIN @ MATRIX.T,
        "no_gain": scores_of(STREAM, gain=np.ones(4)),
        "layer_norm": centred / STREAM.std(axis=-1, keepdims=True) * GAIN @ MATRIX.T,
        "length": STREAM / np.linalg.norm(STREAM, axis=-1, keepdims=True) * GAIN @ MATRIX.T,
        "over_places": STREAM / np.sqrt((STREAM**2).mean(axis=0, keepdims=True)) * GAIN @ MATRIX.T,
        "one_for_all": STREAM / np.sqrt((STREAM**2).mean()) * GAIN @ MATRIX.T,
        "last_place": STREAM / np.sqrt((STREAM[-1] ** 2).mean()) * GAIN @ MATRIX.T,
    }
    if np.allclose(got, scores_of(STREAM), atol=1e-3):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value, atol=1e-3)), "hand_case")
    return Mistake(key, got=got.round(2).tolist(), want=scores_of(STREAM).round(2).tolist())


@read_layer.check
def a_longer_vector_says_the_same(function):
    got, longer = (np.asarray(function(factor * STREAM, GAIN.copy(), MATRIX.copy()), float) for factor in (1, 10))
    if not np.allclose(got, longer, atol=1e-3):
        return Mistake("length_counts", got=np.abs(longer - got).max().round(2))


best_threshold = exercise("best_threshold")
APART = np.array([5.5, 3.5, 15.0, 4.0, 6.0, 5.0]), np.array([1, 0, 1, 0, 1, 1])  # every threshold from 4 to below 5
MIXED = np.array([4.0, 1.0, 7.0, 6.0, 3.0, 8.0, 2.0, 5.0]), np.array([1, 0, 1, 0, 0, 1, 0, 1])  # from 3 to below 4


def rightly(scores, labels, threshold):
    """How many texts a threshold judges rightly."""
    return int(((scores > threshold) == labels).sum())


def most(scores, labels):
    """How many texts the best threshold judges rightly: each score is tried, and one below all of them."""
    return max(rightly(scores, labels, place) for place in [scores.min() - 1, *scores])


def found_by(function, scores, labels):
    return function(scores.copy(), labels.copy())


@best_threshold.check
def one_number(function):
    got = np.shape(found_by(function, *APART))
    if got != ():
        return Mistake("number", got=got)


@best_threshold.check
def two_kinds_that_are_apart(function):
    got, (scores, labels) = float(found_by(function, *APART)), APART
    likely = {
        "zero": 0,
        "share": 1,
        "mean": scores.mean(),
        "median": np.median(scores),
        "between_means": (scores[labels == 1].mean() + scores[labels == 0].mean()) / 2,
        "on_the_border": scores[labels == 1].min(),
    }
    if rightly(scores, labels, got) == len(scores):
        return None
    key = next((key for key, value in likely.items() if np.isclose(got, value)), "apart")
    return Mistake(key, got=round(got, 2))


@best_threshold.check
def two_kinds_that_are_mixed(function):
    got, (scores, labels) = float(found_by(function, *MIXED)), MIXED
    if rightly(scores, labels, got) < most(scores, labels):
        key = {6.0: "highest_negative", 5.0: "between_extremes"}.get(round(got, 6), "mixed")
        return Mistake(key, got=round(got, 2), right=rightly(scores, labels, got))


@best_threshold.check
def one_kind_alone(function):
    scores = np.array([3.0, 5.0, 4.0])
    for labels in (np.ones(3, int), np.zeros(3, int)):
        got = float(found_by(function, scores, labels))
        if rightly(scores, labels, got) < 3:
            return Mistake("ends", got=round(got, 2), label=labels[0])


@best_threshold.check
def ten_cases_by_trying_everything(function):
    random = np.random.default_rng(0)
    for _ in range(10):
        scores, labels = random.normal(size=12), random.integers(0, 2, 12)
        got = float(found_by(function, scores, labels))
        if rightly(scores, labels, got) < most(scores, labels):
            return Mistake("worse", got=rightly(scores, labels, got), want=most(scores, labels))


rank_of_reason = exercise("rank_of_reason")
LOST = np.array([0.1, -2.0, 1.5, 0.4])


@rank_of_reason.check
def the_largest_loss_is_rank_one(function):
    got = float(function(LOST.copy(), 2))
    if got != 1:
        return Mistake({0.0: "from_zero", 4.0: "ascending", 2.0: "absolute"}.get(got, "largest"), got=got)


@rank_of_reason.check
def what_speaks_against_the_verdict_comes_last(function):
    got = float(function(LOST.copy(), 1))
    if got != 4:
        return Mistake("absolute" if got == 1 else "smallest", got=got)


@rank_of_reason.check
def equals_share_the_better_rank(function):
    got = float(function(np.array([1.0, 2.0, 1.0]), 2))
    if got != 2:
        return Mistake("equals", got=got)


@rank_of_reason.check
def a_list_will_do(function):
    if float(function([0.0, 3.0], 0)) != 2:
        return Mistake("list", got=float(function([0.0, 3.0], 0)))
