"""The checkers of chapter 19 accept right answers and name typical mistakes."""

from itertools import permutations

import numpy as np
from checkers import asked_of_checkers

from lmtutorial.checks.ch19 import MIXED, by_chance, correlation, drop


def shared(curve, random, best, aopc=drop, above=True, below=True):
    floor, top = float(aopc(random).mean()), float(aopc(best))
    room = top - floor * below
    return float("nan") if top == floor else float((float(aopc(curve)) - floor * above) / room)


def from_zero(curve):
    return -np.asarray(curve, float).mean(axis=-1) + 4


def two_level(values, rounds=2000, seed=0, draw=("seeds", "sentences"), level=(2.5, 97.5)):
    values, rng, found = np.asarray(values, float), np.random.default_rng(seed), []
    rows, columns = values.shape
    for _ in range(rounds):
        chosen = values[rng.integers(0, rows, rows)] if "seeds" in draw else values
        found.append((chosen[:, rng.integers(0, columns, columns)] if "sentences" in draw else chosen).mean())
    return (float(values.mean()), *np.percentile(found, level))


def of_cells(values, rounds=2000):
    rng, cells = np.random.default_rng(0), np.ravel(values)
    found = [rng.choice(cells, len(cells)).mean() for _ in range(rounds)]
    return (float(np.mean(values)), *np.percentile(found, [2.5, 97.5]))


def other_sentences_for_each_seed(values, rounds=2000):
    rng, found = np.random.default_rng(0), []
    for _ in range(rounds):
        rows = values[rng.integers(0, len(values), len(values))]
        found.append(np.mean([rng.choice(row, len(row)) for row in rows]))
    return (float(np.mean(values)), *np.percentile(found, [2.5, 97.5]))


def of_values(values):
    return (float(np.mean(values)), *np.percentile(values, [2.5, 97.5]))


def stronger(found, own):
    return abs(found) > abs(own) + 1e-9


def by_size(values):
    place = np.arange(len(values))
    found = [abs(np.corrcoef(place, order)[0, 1]) for order in permutations(values)]
    return float(np.mean(np.array(found) >= abs(np.corrcoef(place, values)[0, 1]) - 1e-9))


RIGHT = [
    ("share_of_best", shared),
    ("two_level_interval", two_level),
    ("order_by_chance", by_chance),
]
WRONG = [
    ("share_of_best", lambda c, r, b: drop(r), "number"),
    ("share_of_best", lambda c, r, b: shared(c, r, b, above=False, below=False), "no_floor"),
    ("share_of_best", lambda c, r, b: drop(c) - drop(r).mean(), "not_divided"),
    ("share_of_best", lambda c, r, b: shared(c, r, b, below=False), "whole_range"),
    ("share_of_best", lambda c, r, b: 1 - shared(c, r, b), "upside_down"),
    ("share_of_best", lambda c, r, b: shared(c, r[:1], b), "one_order"),
    ("share_of_best", lambda c, r, b: shared(c[:2], r[:, :2], b[:2]), "one_point"),
    ("share_of_best", lambda c, r, b: 0.5, "hand_case"),
    ("share_of_best", lambda c, r, b: min(shared(c, r, b), 0.9), "best_is_one"),
    ("share_of_best", lambda c, r, b: max(0.0, shared(c, r, b)), "clipped"),
    ("share_of_best", lambda c, r, b: shared(c, r, b) * b[0] / 4, "sharper"),
    ("share_of_best", lambda c, r, b: shared(c, r, b) + (b[0] == 14), "shifted"),
    ("share_of_best", lambda c, r, b: shared(c, r, b) if drop(b) else 0.0, "no_room"),
    ("two_level_interval", lambda v: 1.0, "three"),
    ("two_level_interval", lambda v: (0.5, 0.4, 0.6), "mean"),
    ("two_level_interval", lambda v: (np.mean(v), 2.0, 1.0), "order"),
    ("two_level_interval", lambda v: two_level(v, draw=("sentences",)), "sentences_alone"),
    ("two_level_interval", lambda v: two_level(v, draw=("seeds",)), "seeds_alone"),
    ("two_level_interval", of_cells, "cells"),
    ("two_level_interval", other_sentences_for_each_seed, "apart"),
    ("two_level_interval", lambda v: two_level(v) if np.ptp(v, axis=0).any() else of_values(v), "values"),
    ("two_level_interval", lambda v: two_level(v, level=(5, 95)), "percentiles"),
    ("two_level_interval", lambda v: two_level(v, level=(25, 75)), "width"),
    ("two_level_interval", lambda v: two_level(v, seed=None), "seed"),
    ("order_by_chance", lambda v: 24.0, "share"),
    ("order_by_chance", lambda v: by_chance(v, lambda found, own: found >= own - 1e-9), "one_way"),
    ("order_by_chance", lambda v: by_chance(v, stronger), "stronger"),
    ("order_by_chance", lambda v: abs(correlation(v)), "correlation"),
    ("order_by_chance", lambda v: 0.5, "hand_case"),
    ("order_by_chance", lambda v: by_chance(v) if v[0] < v[-1] else 1.0, "down"),
    ("order_by_chance", lambda v: by_chance(v, stronger) if v == MIXED else by_chance(v), "equals"),
    ("order_by_chance", lambda v: by_chance(v) if v != MIXED else 0.5, "mixed"),
    ("order_by_chance", by_size, "sizes"),
    ("order_by_chance", lambda v: by_chance(v) if len(v) > 3 else 1 / 6, "three"),
]
test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
