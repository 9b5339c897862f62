"""Checkers for chapter 11: the chance of a variant, what weighted samples are worth, how many are needed."""

import math

import numpy as np

from lmtutorial.checks import Mistake, exercise

mask_probability = exercise("mask_probability")


@mask_probability.check
def the_whole_text(function):
    got = float(function(4, 4))
    if got != 0:
        return Mistake("whole", got=got)


@mask_probability.check
def two_holes_in_five(function):
    got = float(function(5, 3))
    likely = {
        "coin": 1 / 32,
        "size_only": 1 / 5,
        "no_size": 1 / math.comb(5, 3),
        "size_too_many": 1 / (6 * math.comb(5, 3)),
    }
    if not math.isclose(got, 1 / 50):
        return Mistake(next((key for key, value in likely.items() if math.isclose(value, got)), "hand_case"), got=got)


@mask_probability.check
def all_add_up(function):
    total = sum(math.comb(7, kept) * function(7, kept) for kept in range(8))
    if not math.isclose(total, 1):
        return Mistake("total", total=total)


effective_samples = exercise("effective_samples")


@effective_samples.check
def equal_weights(function):
    got = float(function(np.full(10, 0.5)))
    likely = {"sum": 5, "inverse": 0.1, "not_squared": 2, "squares_only": 2.5, "root": math.sqrt(10)}
    if not math.isclose(got, 10):
        return Mistake(next((key for key, value in likely.items() if math.isclose(value, got)), "equal"), got=got)


@effective_samples.check
def one_heavy_weight(function):
    got = float(function(np.array([1.0, 0, 0, 0])))
    if math.isclose(got, 4):
        return Mistake("count")
    if not math.isclose(got, 1):
        return Mistake("heavy", got=got)


@effective_samples.check
def by_hand(function):
    got = float(function(np.array([3.0, 1.0])))
    if math.isclose(got, 4 / 3):
        return Mistake("largest")
    if not math.isclose(got, 1.6):
        return Mistake("hand_case", got=got)


samples_needed = exercise("samples_needed")


@samples_needed.check
def half_the_error(function):
    got = function(0.02, 1000, 0.01)
    likely = {"linear": 2000, "root": math.ceil(1000 * math.sqrt(2)), "upside_down": 250, "upside_down_linear": 500}
    if got != 4000:
        return Mistake(next((key for key, value in likely.items() if value == got), "half"), got=got)


@samples_needed.check
def a_whole_number(function):
    got = function(0.03, 100, 0.02)
    if not isinstance(got, int | np.integer):
        return Mistake("kind", got=type(got).__name__)


@samples_needed.check
def rounded_up(function):
    got = function(0.0301, 100, 0.02)  # 226.5
    if got == 226:
        return Mistake("down")
    if got != 227:
        return Mistake("up", got=got)


@samples_needed.check
def fewer_are_enough(function):
    got = function(0.01, 1000, 0.02)
    if got != 250:
        return Mistake("fewer", got=got)
