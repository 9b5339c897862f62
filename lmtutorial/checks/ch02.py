"""Checkers for chapter 02, the softmax formula."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

softmax = exercise("softmax")
SCORES = np.array([[0.0, np.log(3.0), 1.0], [2.0, -1.0, 0.5]])


@softmax.check
def shape(function):
    got = np.shape(function(SCORES))
    if got != SCORES.shape:
        return Mistake("shape", want=SCORES.shape, got=got)


@softmax.check
def each_row_adds_up_to_one(function):
    p = np.asarray(function(SCORES))
    if np.allclose(p.sum(axis=-1), 1):
        return None
    if np.allclose(p.sum(axis=0), 1):
        return Mistake("axis")
    return Mistake("whole" if np.isclose(p.sum(), 1) else "hand_case", got=np.round(p[0], 3).tolist())


@softmax.check
def case_worked_by_hand(function):
    p = np.asarray(function(np.array([0.0, np.log(3.0)])))
    if np.allclose(p, [0.25, 0.75]):
        return None
    return Mistake("not_exponential" if np.allclose(p, [0, 1]) else "hand_case", got=np.round(p, 3).tolist())


@softmax.check
def adding_a_constant(function):
    if not np.allclose(function(SCORES + 5), function(SCORES)):
        return Mistake("shift")


@softmax.check
def large_scores(function):
    p = np.asarray(function(np.array([1000.0, 0.0])))
    if not np.allclose(p, [1, 0]):
        return Mistake("overflow", got=p.tolist())


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
        return Mistake("arithmetic" if np.isclose(got, 2.5) else "hand_case", got=round(got, 3))
