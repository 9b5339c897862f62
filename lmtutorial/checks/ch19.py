"""Checkers for chapter 19: a share of what there was to lose, an interval over seeds and sentences, order by chance."""

from itertools import permutations

import numpy as np

from lmtutorial.checks import Mistake, exercise

share_of_best = exercise("share_of_best")
CURVE = np.array([4.0, 1.0, 0.0, -1.0])  # falls below its start by 0, 3, 4, 5: AOPC 3
RANDOM = np.array([[4.0, 3.0, 1.0, -1.0], [4.0, 4.0, 2.0, -1.0]])  # 2.25 and 1.75
BEST = np.array([4.0, 0.0, -1.0, -1.0])  # 3.5


def drop(curve):
    """AOPC: how far a curve lies below its start, on average over its points."""
    curve = np.asarray(curve, float)
    return (curve[..., :1] - curve).mean(axis=-1)


def rightly_shared(curve, random, best):
    floor = drop(random).mean()
    return float((drop(curve) - floor) / (drop(best) - floor))


def asked(function, factor=1.0, shift=0.0, curve=CURVE):
    return function(*(factor * np.array(given) + shift for given in (curve, RANDOM, BEST)))


@share_of_best.check
def one_number(function):
    got = np.shape(asked(function))
    if got != ():
        return Mistake("number", got=got)


@share_of_best.check
def by_hand(function):
    got, floor, best, own = float(asked(function)), drop(RANDOM).mean(), drop(BEST), drop(CURVE)
    likely = {
        "no_floor": own / best,
        "not_divided": own - floor,
        "whole_range": (own - floor) / best,
        "upside_down": (best - own) / (best - floor),
        "one_order": rightly_shared(CURVE, RANDOM[:1], BEST),
        "one_point": rightly_shared(CURVE[[0, 1]], RANDOM[:, [0, 1]], BEST[[0, 1]]),
    }
    if not np.isclose(got, rightly_shared(CURVE, RANDOM, BEST)):
        named = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        return Mistake(named, got=round(got, 3), want=round(rightly_shared(CURVE, RANDOM, BEST), 3))


@share_of_best.check
def the_ends_of_the_scale(function):
    if not np.isclose(asked(function, curve=BEST), 1):
        return Mistake("best_is_one", got=round(float(asked(function, curve=BEST)), 3))
    worse = float(asked(function, curve=RANDOM[1]))
    if not np.isclose(worse, rightly_shared(RANDOM[1], RANDOM, BEST)):
        return Mistake("clipped", got=round(worse, 3), want=round(rightly_shared(RANDOM[1], RANDOM, BEST), 3))


@share_of_best.check
def a_sharper_model_gets_no_more(function):
    if not np.isclose(asked(function, factor=3.0), asked(function)):
        return Mistake("sharper", got=round(float(asked(function, factor=3.0)), 3))
    if not np.isclose(asked(function, shift=10.0), asked(function)):
        return Mistake("shifted", got=round(float(asked(function, shift=10.0)), 3))


@share_of_best.check
def nothing_to_lose(function):
    flat = np.ones(4)
    with np.errstate(all="ignore"):
        got = float(function(flat, np.ones((2, 4)), flat))
    if not np.isnan(got):
        return Mistake("no_room", got=got)


two_level_interval = exercise("two_level_interval")


def width(function, values):
    _, low, high = function(np.array(values))
    return float(high - low)


@two_level_interval.check
def three_numbers(function):
    got = function(np.array([[1.0, 2.0, 4.0], [0.0, 0.0, 1.0]]))
    if np.shape(got) != (3,):
        return Mistake("three", got=np.shape(got))


@two_level_interval.check
def the_mean(function):
    mean, low, high = function(np.array([[1.0, 2.0, 4.0], [0.0, 0.0, 2.0]]))
    if not np.isclose(mean, 1.5):
        return Mistake("mean", got=round(float(mean), 3))
    if low > high:
        return Mistake("order")


@two_level_interval.check
def seeds_that_differ(function):
    values = np.repeat(np.random.default_rng(0).normal(size=(5, 1)), 80, axis=1)  # every sentence says the same
    got, right, cells = width(function, values), 1.7 * values.std() / np.sqrt(5) * 2, values.std() / np.sqrt(400) * 4
    if got < 1e-9:
        return Mistake("sentences_alone")
    if got < 2 * cells:
        return Mistake("cells", width=round(got, 3))
    if not 0.6 * right < got < 1.6 * right:
        return Mistake("width", width=round(got, 3), want=round(right, 3))


@two_level_interval.check
def sentences_that_differ(function):
    values = np.repeat(np.random.default_rng(1).normal(size=(1, 80)), 5, axis=0)  # every seed says the same
    got, right = width(function, values), values.std() / np.sqrt(80) * 3.92
    if got < 1e-9:
        return Mistake("seeds_alone")
    if 0.8 * right / np.sqrt(5) < got < 1.3 * right / np.sqrt(5):
        return Mistake("apart", width=round(got, 3), want=round(right, 3))
    if got > 4 * right:
        return Mistake("values", width=round(got, 3), want=round(right, 3))
    if 0.7 * right < got < 0.92 * right:
        return Mistake("percentiles", width=round(got, 3), want=round(right, 3))
    if not 0.92 * right <= got < 1.15 * right:
        return Mistake("width", width=round(got, 3), want=round(right, 3))


@two_level_interval.check
def the_same_seed(function):
    values = np.random.default_rng(3).normal(size=(5, 40))
    if not np.allclose(function(values.copy()), function(values.copy())):
        return Mistake("seed")


order_by_chance = exercise("order_by_chance")
UP, MIXED = (0.1, 0.2, 0.4, 0.8), (0.3, 0.1, 0.4, 0.2)


def correlation(values):
    """Rank correlation with 1, 2, …, of values that all differ."""
    ranks = np.argsort(np.argsort(values))
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


def by_chance(values, judge=lambda found, own: abs(found) >= abs(own) - 1e-9):
    """The share of all orders whose correlation `judge` calls as strong as that of `values`."""
    own = correlation(values)
    return float(np.mean([judge(correlation(order), own) for order in permutations(values)]))


@order_by_chance.check
def a_share(function):
    got = function(UP)
    if np.shape(got) != () or not 0 <= float(got) <= 1:
        return Mistake("share", got=got)


@order_by_chance.check
def four_in_a_row(function):
    got = float(function(UP))
    if not np.isclose(got, 1 / 12):
        likely = {"one_way": 1 / 24, "stronger": 0.0, "correlation": 1.0}
        named = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        return Mistake(named, got=round(got, 4))


@order_by_chance.check
def downwards_as_upwards(function):
    if not np.isclose(function(UP[::-1]), 1 / 12):
        return Mistake("down", got=round(float(function(UP[::-1])), 4))


@order_by_chance.check
def no_order_to_speak_of(function):
    got, right = float(function(MIXED)), by_chance(MIXED)
    if not np.isclose(got, right):
        stricter = by_chance(MIXED, lambda found, own: abs(found) > abs(own) + 1e-9)
        return Mistake("equals" if np.isclose(got, stricter) else "mixed", got=round(got, 3), want=round(right, 3))


@order_by_chance.check
def ranks_and_not_sizes(function):
    values = (0.1, 0.2, 0.3, 100.0, 0.4)
    got, right = float(function(values)), by_chance(values)
    if not np.isclose(got, right):
        return Mistake("sizes", got=round(got, 3), want=round(right, 3))


@order_by_chance.check
def three_are_few(function):
    if not np.isclose(function((1.0, 2.0, 3.0)), 1 / 3):
        return Mistake("three", got=round(float(function((1.0, 2.0, 3.0))), 3))
