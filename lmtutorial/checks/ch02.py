"""Checkers for chapter 02: softmax, perplexity, log probabilities from scores, the gradient of the loss."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

softmax = exercise("softmax")
SCORES = np.array([[0.0, np.log(3.0), 1.0], [2.0, -1.0, 0.5]])


@softmax.check
def shape(function):
    try:
        got = np.shape(function(SCORES.copy()))
    except ValueError as error:
        if "broadcast" in str(error):
            return Mistake("not_kept")
        raise
    if got != SCORES.shape:
        return Mistake("shape", want=SCORES.shape, got=got)


@softmax.check
def each_row_adds_up_to_one(function):
    p = np.asarray(function(SCORES.copy()))
    if np.allclose(p.sum(axis=-1), 1):
        return None
    if np.allclose(p.sum(axis=0), 1):
        return Mistake("axis")
    if np.allclose(np.exp(p).sum(axis=-1), 1):
        return Mistake("logs")
    return Mistake("whole" if np.isclose(p.sum(), 1) else "hand_case", got=np.round(p[0], 3).tolist())


@softmax.check
def case_worked_by_hand(function):
    try:
        p = np.asarray(function(np.array([0.0, np.log(3.0)])))
    except np.exceptions.AxisError:
        return Mistake("one_row")
    if np.allclose(p, [0.25, 0.75]):
        return None
    return Mistake("not_exponential" if np.allclose(p, [0, 1]) else "hand_case", got=np.round(p, 3).tolist())


@softmax.check
def adding_a_constant(function):
    if not np.allclose(function(SCORES + 5), function(SCORES.copy())):
        return Mistake("shift")


@softmax.check
def large_scores(function):
    p = np.asarray(function(np.array([1000.0, 0.0])))
    if not np.allclose(p, [1, 0]):
        return Mistake("overflow", got=p.tolist())
    p = np.asarray(function(np.array([1000.0, 1001.0])))
    if not np.allclose(p, [1 / (1 + np.e), np.e / (1 + np.e)]):
        return Mistake("clipped", got=_short(p))


@softmax.check
def rows_that_lie_far_apart(function):
    p = np.asarray(function(np.array([[1000.0, 0.0], [0.0, 0.0]])))
    if not np.allclose(p, [[1, 0], [0.5, 0.5]]):
        return Mistake("largest_of_all", got=p[1].tolist())


perplexity = exercise("perplexity")


@perplexity.check
def one_number(function):
    got = np.shape(function(np.array([0.5, 0.25])))
    if got != ():
        return Mistake("number", got=got)


@perplexity.check
def four_equal_words(function):
    got = float(function(np.full(4, 0.25)))
    likely = {"not_exp": np.log(4), "sum": 4.0**4, "sign": 0.25, "bits": 2 ** np.log(4)}
    if np.isclose(got, 4):
        return None
    return Mistake(
        next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case"), got=round(got, 3)
    )


@perplexity.check
def unequal_words(function):
    got = float(function(np.array([1.0, 0.25])))
    if not np.isclose(got, 2):
        likely = {"arithmetic": 2.5, "mean_first": 1.6}
        key = next((key for key, value in likely.items() if np.isclose(got, value)), "unequal")
        return Mistake(key, got=round(got, 3))


log_softmax = exercise("log_softmax")


@log_softmax.check
def a_table_of_the_same_shape(function):
    got = np.shape(function(SCORES.copy()))
    if got != SCORES.shape:
        return Mistake("shape", want=SCORES.shape, got=got)


@log_softmax.check
def logs_of_probabilities(function):
    logs = np.asarray(function(SCORES.copy()), float)
    if np.allclose(np.exp(logs).sum(axis=-1), 1):
        return None
    if np.allclose(logs.sum(axis=-1), 1):
        return Mistake("probabilities")
    largest = SCORES.max(axis=-1, keepdims=True)
    shifted = SCORES - largest
    exact = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    likely = {"sign": -exact, "only_shifted": shifted, "half_shifted": exact + largest}
    for key, value in likely.items():
        if np.allclose(logs, value):
            return Mistake(key)
    columns, whole = np.exp(logs).sum(axis=0), np.exp(logs).sum()
    return Mistake("axis" if np.allclose(columns, 1) or np.isclose(whole, 1) else "hand_case", got=_short(logs[0]))


@log_softmax.check
def two_scores_by_hand(function):
    logs = np.asarray(function(np.array([0.0, np.log(3.0)])), float)
    if not np.allclose(np.exp(logs), [0.25, 0.75]):
        return Mistake("hand_case", got=_short(logs))


@log_softmax.check
def huge_scores(function):
    logs = np.asarray(function(np.array([[1000.0, 999.0], [3.0, 2.0]])), float)
    if not np.allclose(logs[0], logs[1]):
        return Mistake("overflow", got=_short(logs[0]))


@log_softmax.check
def a_very_unlikely_word(function):
    logs = np.asarray(function(np.array([0.0, -2000.0])), float)
    if not np.allclose(logs, [0, -2000]):
        return Mistake("underflow", got=_short(logs))


score_gradient = exercise("score_gradient")
THREE = np.array([0.0, np.log(3.0), np.log(4.0)])  # probabilities 1/8, 3/8, 4/8


@score_gradient.check
def one_slope_a_score(function):
    got = np.shape(function(THREE.copy(), 1))
    if got != (3,):
        return Mistake("shape", got=got)


@score_gradient.check
def the_scores_stay_as_they_were(function):
    scores = THREE.copy()
    function(scores, 1)
    if not np.array_equal(scores, THREE):
        return Mistake("changed", got=_short(scores))


@score_gradient.check
def three_words_by_hand(function):
    got = np.asarray(function(THREE.copy(), 1), float)
    p, y = np.array([1, 3, 4]) / 8, np.array([0, 1, 0])
    likely = {"sign": y - p, "no_target": p, "only_target": y * (p - y), "squared": (p - y) * p * (1 - p)}
    likely |= {"no_softmax": THREE - y}
    if np.allclose(got, p - y):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case")
    return Mistake(key, got=_short(got))


@score_gradient.check
def against_finite_differences(function):
    scores, step = np.array([0.3, -1.2, 2.0, 0.7]), 1e-5
    for came in range(4):
        loss = [_loss(scores + step * move, came) - _loss(scores - step * move, came) for move in np.eye(4)]
        if not np.allclose(function(scores.copy(), came), np.array(loss) / (2 * step), atol=1e-6):
            return Mistake("differences", came=came)


@score_gradient.check
def scores_of_a_thousand(function):
    got = np.asarray(function(np.array([1000.0, 0.0]), 1), float)
    if not np.allclose(got, [1, -1]):
        return Mistake("overflow", got=_short(got))


def _loss(scores: np.ndarray, came: int) -> float:
    """Minus the log of the softmax's probability of the word number `came`."""
    return float(np.log(np.exp(scores).sum()) - scores[came])


def _short(values) -> list[float]:
    """Three digits are enough in a message."""
    return np.round(np.asarray(values, float), 3).tolist()
