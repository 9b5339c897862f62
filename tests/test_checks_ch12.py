"""The checkers of chapter 12 pass what is right and name what is wrong."""

import math
from itertools import permutations

import pytest

from lmtutorial import checks
from lmtutorial.checks.ch12 import WORTH


def fair_shares(worth, players):
    orders = list(permutations(players))
    shares = dict.fromkeys(players, 0.0)
    for order in orders:
        group = frozenset()
        for player in order:
            shares[player] += (worth(group | {player}) - worth(group)) / len(orders)
            group = group | {player}
    return shares


def by_sets(worth, players):
    shares = {}
    for player in players:
        others = [p for p in players if p != player]
        shares[player] = 0.0
        for number in range(2 ** len(others)):
            group = frozenset(p for i, p in enumerate(others) if number >> i & 1)
            weight = 1 / (len(players) * math.comb(len(others), len(group)))
            shares[player] += weight * (worth(group | {player}) - worth(group))
    return shares


def scaled(factor):
    return lambda worth, players: {name: factor * share for name, share in fair_shares(worth, players).items()}


def never_emptied(worth, players):
    shares, group = dict.fromkeys(players, 0.0), frozenset()
    for order in permutations(players):
        for player in order:
            shares[player] += (worth(group | {player}) - worth(group)) / math.factorial(len(players))
            group = group | {player}
    return shares


def empty_is_nothing(worth, players):
    return fair_shares(lambda group: worth(group) if group else 0.0, players)


def wrong_player(worth, players):
    shares = list(fair_shares(worth, players).values())
    return dict(zip(players, shares[::-1], strict=True))


def first_order(worth, players):
    shares, group = {}, frozenset()
    for player in players:
        shares[player] = worth(group | {player}) - worth(group)
        group = group | {player}
    return shares


def kernel(size, words):
    if size in (0, words):
        return math.inf
    return (words - 1) / (math.comb(words, size) * size * (words - size))


def owen_cut(worth, first, second, there):
    none, both = worth(there), worth(there | first | second)
    a, b = worth(there | first), worth(there | second)
    return ((a - none) + (both - b)) / 2, ((b - none) + (both - a)) / 2


def guarded(rule):
    return lambda size, words: math.inf if size in (0, words) else rule(size, words)


RIGHT = [
    ("fair_shares", fair_shares),
    ("fair_shares", by_sets),
    ("shap_kernel_weight", kernel),
    ("owen_cut", owen_cut),
    ("owen_cut", lambda w, a, b, t: list(owen_cut(w, a, b, t))),
]

WRONG = [
    ("fair_shares", lambda worth, players: [1.0, 2.0, 3.0], "one number for each"),
    ("fair_shares", scaled(6), "divide by the number of orders"),
    ("fair_shares", first_order, "one order only"),
    ("fair_shares", lambda w, names: {n: w({n}) - w(()) for n in names}, "to an empty group"),
    ("fair_shares", lambda w, names: {n: w(set(names)) - w(set(names) - {n}) for n in names}, "the last to come"),
    ("fair_shares", empty_is_nothing, "has a worth too"),
    ("fair_shares", never_emptied, "start with an empty group"),
    ("fair_shares", wrong_player, "a should get 5.5 and gets 2.0"),
    ("fair_shares", lambda w, n: fair_shares(w, n) if len(n) > 1 else {n[0]: 7.0}, "should get 2"),
    ("shap_kernel_weight", lambda s, w: (w - 1) / (math.comb(w, s) * s * (w - s)), "divides by zero"),
    ("shap_kernel_weight", lambda s, w: kernel(s, w) if 0 < s < w else 0.0, "is infinite"),
    ("shap_kernel_weight", guarded(lambda s, w: (w - 1) / (s * (w - s))), "all sets of this size together"),
    ("shap_kernel_weight", guarded(lambda s, w: 1 / (math.comb(w, s) * s * (w - s))), "lacks the factor"),
    ("shap_kernel_weight", guarded(lambda s, w: (w - 1) / math.comb(w, s)), "lacks the product"),
    ("shap_kernel_weight", guarded(lambda s, w: 1 / (w * math.comb(w - 1, s - 1))), "formula of the Shapley value"),
    ("shap_kernel_weight", guarded(lambda s, w: 1.0), "4 / (10 * 2 * 3)"),
    ("shap_kernel_weight", guarded(lambda s, w: kernel(s, w) if w == 5 else s), "weigh the same"),
    ("owen_cut", lambda w, a, b, t: 3.5, "Return two numbers"),
    ("owen_cut", lambda w, a, b, t: (w(t | a) - w(t), w(t | b) - w(t)), "adds alone"),
    ("owen_cut", lambda w, a, b, t: (w(t | a | b) - w(t | b), w(t | a | b) - w(t | a)), "beside the other"),
    ("owen_cut", lambda w, a, b, t: tuple(2 * x for x in owen_cut(w, a, b, t)), "Take their mean"),
    ("owen_cut", lambda w, a, b, t: owen_cut(w, b, a, t), "changed places"),
    ("owen_cut", lambda w, a, b, t: ((w(t | a | b) - w(t)) / 2,) * 2, "in halves"),
    ("owen_cut", lambda w, a, b, t: (1.0, 1.0), "4 and 3"),
    ("owen_cut", lambda w, a, b, t: owen_cut(w, a, b, frozenset()), "contains `there`"),
    ("owen_cut", lambda w, a, b, t: owen_cut(w, frozenset(min(a)), b, t), "joins as a whole"),
]


@pytest.mark.parametrize("name, function", RIGHT)
def test_right_answers_pass(name, function):
    assert getattr(checks, name).result(function).status == "passed"


@pytest.mark.parametrize("name, function, words", WRONG)
def test_mistakes_are_named(name, function, words):
    result = getattr(checks, name).result(function)
    assert result.status == "failed" and words in result.message


def test_the_worths_by_hand_are_a_game_in_which_nobody_can_be_exchanged():
    assert len(WORTH) == 8 and len({WORTH["a"], WORTH["b"], WORTH["c"]}) == 3
