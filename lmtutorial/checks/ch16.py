"""Checkers for chapter 16: a layer read through the lens, a verdict out of two logits, the rank of a stated reason."""

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
    got = np.shape(function(STREAM, GAIN, MATRIX))
    if got != (2, 3):
        return Mistake("turned" if got == (3, 2) else "shape", got=got)


@read_layer.check
def the_norm_by_hand(function):
    got = np.asarray(function(STREAM, GAIN, MATRIX), float)
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
    got, longer = (np.asarray(function(factor * STREAM, GAIN, MATRIX), float) for factor in (1, 10))
    if not np.allclose(got, longer, atol=1e-3):
        return Mistake("length_counts", got=np.abs(longer - got).max().round(2))


verdict_log_odds = exercise("verdict_log_odds")
LOGITS = np.array([[2.0, -1.0, 5.0, 0.0], [0.5, 1.5, 3.0, 0.0]])
FOR, AGAINST, THRESHOLD = 0, 1, 0.5


@verdict_log_odds.check
def one_number_for_each_text(function):
    got = np.shape(function(LOGITS, FOR, AGAINST, 0.0))
    if got != (2,):
        return Mistake("shape", got=got)


@verdict_log_odds.check
def two_logits_and_nothing_else(function):
    got = np.asarray(function(LOGITS, FOR, AGAINST, 0.0), float)
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    want = LOGITS[:, FOR] - LOGITS[:, AGAINST]
    likely = {
        "against_all": np.log(p[:, FOR] / (1 - p[:, FOR])),
        "probabilities": p[:, FOR] - p[:, AGAINST],
        "probability": 1 / (1 + np.exp(-want)),
        "odds": np.exp(want),
        "turned": -want,
        "one_only": LOGITS[:, FOR],
    }
    if np.allclose(got, want):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case")
    return Mistake(key, got=got.round(2).tolist(), want=want.tolist())


@verdict_log_odds.check
def the_threshold_is_taken_off(function):
    plain, got = (np.asarray(function(LOGITS, FOR, AGAINST, t), float) for t in (0.0, THRESHOLD))
    if np.allclose(got, plain - THRESHOLD):
        return None
    likely = {"added": plain + THRESHOLD, "ignored": plain, "cut": (plain > THRESHOLD).astype(float)}
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "threshold")
    return Mistake(key, got=(got - plain).round(2).tolist())


rank_of_reason = exercise("rank_of_reason")
LOST = np.array([0.1, -2.0, 1.5, 0.4])


@rank_of_reason.check
def the_largest_loss_is_rank_one(function):
    got = float(function(LOST, 2))
    if got != 1:
        return Mistake({0.0: "from_zero", 4.0: "ascending", 2.0: "absolute"}.get(got, "largest"), got=got)


@rank_of_reason.check
def what_speaks_against_the_verdict_comes_last(function):
    got = float(function(LOST, 1))
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
