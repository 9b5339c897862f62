"""Checkers for chapter 12: fair shares over all orders, the weights of Kernel SHAP, one cut of a tree of phrases."""

import math
from itertools import combinations, permutations

import numpy as np

from lmtutorial.checks import Mistake, exercise

NAMES = ["a", "b", "c"]
# the worth of every group of three players; no two of them can be exchanged
WORTH = {"": 1.0, "a": 3.0, "b": 2.0, "c": 1.0, "ab": 8.0, "ac": 4.0, "bc": 3.0, "abc": 13.0}
SHARES = {"a": 5.5, "b": 4.5, "c": 2.0}


def worth(group):
    return WORTH["".join(sorted(group))]


def near(got, want) -> bool:
    return abs(float(got) - want) < 1e-9


def mean_over_sets(name):
    """What a player adds, as a mean in which each set of the others counts the same."""
    others = [other for other in NAMES if other != name]
    groups = [set(group) for size in range(3) for group in combinations(others, size)]
    return sum(worth(group | {name}) - worth(group) for group in groups) / len(groups)


def mean_before(name):
    """The mean worth of those who came before a player, over all orders."""
    return sum(worth(order[: order.index(name)]) for order in permutations(NAMES)) / math.factorial(len(NAMES))


fair_shares = exercise("fair_shares")


@fair_shares.check
def a_number_for_each_player(function):
    got = function(worth, NAMES)
    if not isinstance(got, dict) or set(got) != set(NAMES):
        return Mistake("kind", got=str(got)[:60])


@fair_shares.check
def what_it_is_a_mean_of(function):
    got = function(worth, NAMES)
    orders = math.factorial(len(NAMES))
    likely = {
        "not_divided": {name: orders * share for name, share in SHARES.items()},
        "one_order": {"a": 2.0, "b": 5.0, "c": 5.0},
        "alone": {name: worth({name}) - worth(()) for name in NAMES},
        "last": {name: worth(NAMES) - worth(set(NAMES) - {name}) for name in NAMES},
        "empty_is_nothing": {name: share + 1 / 3 for name, share in SHARES.items()},
        "by_players": {name: orders / len(NAMES) * share for name, share in SHARES.items()},
        "sets_alike": {name: mean_over_sets(name) for name in NAMES},
        "worths": {name: share + mean_before(name) for name, share in SHARES.items()},
    }
    for key, values in likely.items():
        if all(near(got[name], values[name]) for name in NAMES):
            return Mistake(key)


@fair_shares.check
def nothing_left_over(function):
    got = function(worth, NAMES)
    if not near(sum(got.values()), 12):
        return Mistake("sum", got=round(float(sum(got.values())), 3))


@fair_shares.check
def a_case_by_hand(function):
    got = function(worth, NAMES)
    wrong = next((name for name in NAMES if not near(got[name], SHARES[name])), None)
    if wrong is not None:
        return Mistake("hand_case", name=wrong, want=round(SHARES[wrong], 3), got=round(float(got[wrong]), 3))


@fair_shares.check
def a_single_player(function):
    if not near(function(lambda group: 5.0 + 2 * len(group), ["only"])["only"], 2):
        return Mistake("single")


shap_kernel_weight = exercise("shap_kernel_weight")


@shap_kernel_weight.check
def both_ends(function):
    try:
        ends = [float(function(size, 5)) for size in (0, 5)]
    except ZeroDivisionError:
        return Mistake("division")
    if ends != [math.inf, math.inf]:
        return Mistake("ends", got=str(ends))


@shap_kernel_weight.check
def one_set_of_two_words_in_five(function):
    got = float(function(2, 5))
    likely = {
        "whole_class": 4 / 6,
        "no_factor": 1 / 60,
        "no_sizes": 4 / 10,
        "brackets": 4 / 10 * 2 * 3,
        "shapley_weight": 2 * 2 / 120,
        "shapley_weight_joined": 6 / 120,
    }
    if not near(got, 4 / 60):
        found = next((key for key, value in likely.items() if near(got, value)), "hand_case")
        return Mistake(found.removesuffix("_joined"), got=round(got, 4))


@shap_kernel_weight.check
def a_set_and_its_complement(function):
    if not all(near(function(size, 9), float(function(9 - size, 9))) for size in range(1, 9)):
        return Mistake("complement")


owen_cut = exercise("owen_cut")
A, B, C = (frozenset(name) for name in NAMES)
NOBODY = frozenset()


@owen_cut.check
def a_pair_of_numbers(function):
    got = function(worth, A, B, NOBODY)
    if not isinstance(got, tuple | list | np.ndarray) or len(got) != 2:
        return Mistake("kind", got=str(got)[:60])


@owen_cut.check
def two_words_and_nothing_beside_them(function):
    got = tuple(map(float, function(worth, A, B, NOBODY)))  # worths 1, 3, 2, 8
    likely = {
        "alone": (2, 1),
        "last": (6, 5),
        "sum_of_both": (8, 6),
        "exchanged": (3, 4),
        "evenly": (3.5, 3.5),
        "start_forgotten": (4.5, 3.5),
    }
    if not (near(got[0], 4) and near(got[1], 3)):
        found = (key for key, want in likely.items() if near(got[0], want[0]) and near(got[1], want[1]))
        return Mistake(next(found, "hand_case"), got=got)


@owen_cut.check
def with_something_beside_them(function):
    got = tuple(map(float, function(worth, A, B, C)))  # worths 1, 4, 3, 13
    if not (near(got[0], 6.5) and near(got[1], 5.5)):
        return Mistake("there", got=got)


@owen_cut.check
def phrases_of_several_words(function):
    got = tuple(map(float, function(worth, A | B, C, NOBODY)))  # worths 1, 8, 1, 13
    if not (near(got[0], 9.5) and near(got[1], 2.5)):
        return Mistake("phrases", got=got)
