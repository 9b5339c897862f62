"""The checkers of chapter 12 pass what is right and name what is wrong."""

import math
from itertools import combinations, permutations

import numpy as np
from checkers import asked_of_checkers

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


def over_orders(worth, players, gain=lambda worth, before, player: worth(before | {player}) - worth(before)):
    shares = dict.fromkeys(players, 0.0)
    for order in permutations(players):
        for i, player in enumerate(order):
            shares[player] += gain(worth, frozenset(order[:i]), player) / math.factorial(len(players))
    return shares


def sets_alike(worth, players):
    shares = {}
    for player in players:
        others = [p for p in players if p != player]
        groups = [frozenset(g) for size in range(len(players)) for g in combinations(others, size)]
        shares[player] = sum(worth(g | {player}) - worth(g) for g in groups) / len(groups)
    return shares


def factorials(size, words):
    return math.factorial(size) * math.factorial(words - size - 1) / math.factorial(words)


def nothing_was_there(worth, first, second, there):
    a, b, both = worth(there | first), worth(there | second), worth(there | first | second)
    return (a + both - b) / 2, (b + both - a) / 2


RIGHT = [
    ("fair_shares", fair_shares),
    ("fair_shares", by_sets),
    ("shap_kernel_weight", kernel),
    ("owen_cut", owen_cut),
    ("fair_shares", over_orders),
    ("owen_cut", lambda w, a, b, t: list(owen_cut(w, a, b, t))),
    ("owen_cut", lambda w, a, b, t: np.array(owen_cut(w, a, b, t))),
]

WRONG = [
    ("fair_shares", lambda worth, players: [1.0, 2.0, 3.0], "kind"),
    ("fair_shares", scaled(6), "not_divided"),
    ("fair_shares", scaled(2), "by_players"),
    ("fair_shares", first_order, "one_order"),
    ("fair_shares", lambda w, names: {n: w({n}) - w(()) for n in names}, "alone"),
    ("fair_shares", lambda w, names: {n: w(set(names)) - w(set(names) - {n}) for n in names}, "last"),
    ("fair_shares", empty_is_nothing, "empty_is_nothing"),
    ("fair_shares", sets_alike, "sets_alike"),
    ("fair_shares", lambda w, names: over_orders(w, names, lambda w, before, n: w(before | {n})), "worths"),
    ("fair_shares", never_emptied, "sum"),
    ("fair_shares", wrong_player, "hand_case"),
    ("fair_shares", lambda w, n: fair_shares(w, n) if len(n) > 1 else {n[0]: 7.0}, "single"),
    ("shap_kernel_weight", lambda s, w: (w - 1) / (math.comb(w, s) * s * (w - s)), "division"),
    ("shap_kernel_weight", lambda s, w: kernel(s, w) if 0 < s < w else 0.0, "ends"),
    ("shap_kernel_weight", guarded(lambda s, w: (w - 1) / (s * (w - s))), "whole_class"),
    ("shap_kernel_weight", guarded(lambda s, w: 1 / (math.comb(w, s) * s * (w - s))), "no_factor"),
    ("shap_kernel_weight", guarded(lambda s, w: (w - 1) / math.comb(w, s)), "no_sizes"),
    ("shap_kernel_weight", guarded(lambda s, w: (w - 1) / math.comb(w, s) * s * (w - s)), "brackets"),
    ("shap_kernel_weight", guarded(lambda s, w: 1 / (w * math.comb(w - 1, s - 1))), "shapley_weight"),
    ("shap_kernel_weight", guarded(factorials), "shapley_weight"),
    ("shap_kernel_weight", guarded(lambda s, w: 1.0), "hand_case"),
    ("shap_kernel_weight", guarded(lambda s, w: kernel(s, w) if w == 5 else s), "complement"),
    ("owen_cut", lambda w, a, b, t: 3.5, "kind"),
    ("owen_cut", lambda w, a, b, t: (w(t | a) - w(t), w(t | b) - w(t)), "alone"),
    ("owen_cut", lambda w, a, b, t: (w(t | a | b) - w(t | b), w(t | a | b) - w(t | a)), "last"),
    ("owen_cut", lambda w, a, b, t: tuple(2 * x for x in owen_cut(w, a, b, t)), "sum_of_both"),
    ("owen_cut", lambda w, a, b, t: owen_cut(w, b, a, t), "exchanged"),
    ("owen_cut", lambda w, a, b, t: ((w(t | a | b) - w(t)) / 2,) * 2, "evenly"),
    ("owen_cut", nothing_was_there, "start_forgotten"),
    ("owen_cut", lambda w, a, b, t: (1.0, 1.0), "hand_case"),
    ("owen_cut", lambda w, a, b, t: owen_cut(w, a, b, frozenset()), "there"),
    ("owen_cut", lambda w, a, b, t: owen_cut(w, frozenset(min(a)), b, t), "phrases"),
]


test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)


def test_the_worths_by_hand_are_a_game_in_which_nobody_can_be_exchanged():
    assert len(WORTH) == 8 and len({WORTH["a"], WORTH["b"], WORTH["c"]}) == 3
