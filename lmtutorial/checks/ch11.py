"""Checkers for chapter 11: how many variants are different, what weighted samples are worth, how many are needed."""

import math

import numpy as np

from lmtutorial.checks import Mistake, exercise

expected_variants = exercise("expected_variants")


def chance_of_one(words, kept):
    """Of one particular variant in one draw: a size of 1, …, `words` words to go, and one variant of that size."""
    return 1 / (words * math.comb(words, kept))


def different(words, draws, chance=chance_of_one, sets=math.comb):
    """How many variants with a hole are expected to come in so many draws."""
    return sum(sets(words, kept) * (1 - (1 - chance(words, kept)) ** draws) for kept in range(words))


@expected_variants.check
def two_words_and_three_samples(function):
    """Two draws: the empty text has the chance 1/2 in each, and the two with one word 1/4."""
    got = float(function(2, 3))
    likely = {
        "text_missing": different(2, 2),
        "text_drawn": 1 + different(2, 3),
        "coin": 1 + sum(1 - (1 - 1 / 4) ** 2 for _ in range(3)),
        "sizes_only": 1 + different(2, 2, sets=lambda words, kept: 1),
        "size_chance": 1 + different(2, 2, chance=lambda words, kept: 1 / words),
        "one_size_too_many": 1 + different(2, 2, chance=lambda words, kept: 1 / 3 / math.comb(2, kept)),
        "expected_draws": 3,
        "never_drawn": 4 - different(2, 2),
    }
    if not math.isclose(got, 1 + different(2, 2)):
        named = next((key for key, value in likely.items() if math.isclose(got, value)), "hand_case")
        return Mistake(named, got=round(got, 3))


@expected_variants.check
def only_the_text_itself(function):
    got = float(function(4, 1))
    if not math.isclose(got, 1):
        return Mistake("one_sample", got=round(got, 3))


@expected_variants.check
def more_than_there_are(function):
    got = float(function(3, 100_000))
    if not math.isclose(got, 8, abs_tol=1e-6):
        return Mistake("all_of_them", got=round(got, 3))


@expected_variants.check
def as_drawn_in_the_chapter(function):
    got, want = float(function(12, 5000)), 1 + different(12, 4999)
    if not math.isclose(got, want, rel_tol=1e-9):
        return Mistake("chapter", got=round(got, 1), want=round(want, 1))


effective_samples = exercise("effective_samples")


@effective_samples.check
def equal_weights(function):
    got = float(function(np.full(10, 0.5)))
    likely = {"sum": 5, "inverse": 0.1, "not_squared": 2, "squares_only": 2.5, "root": math.sqrt(10), "one_for_all": 1}
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
    likely = {
        "linear": 2000,
        "root": math.ceil(1000 * math.sqrt(2)),
        "upside_down": 250,
        "upside_down_linear": 500,
        "further": 3000,
    }
    if got != 4000:
        return Mistake(next((key for key, value in likely.items() if value == got), "half"), got=got)


@samples_needed.check
def a_whole_number(function):
    got = function(0.0302, 100, 0.02)  # 228.01
    if float(got) != int(got):
        return Mistake("kind", got=round(float(got), 2))


@samples_needed.check
def rounded_up(function):
    got = function(0.0302, 100, 0.02)
    if got == 228:
        return Mistake("down")
    if got == 300:
        return Mistake("rounded_too_soon")
    if got != 229:
        return Mistake("up", got=got)


@samples_needed.check
def fewer_are_enough(function):
    got = function(0.01, 1000, 0.02)
    if got != 250:
        return Mistake("fewer", got=got)
