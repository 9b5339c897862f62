"""Checkers for chapter 13: the area under a deletion curve, the smallest flip by trying, a paired interval."""

from itertools import combinations

import numpy as np

from lmtutorial.checks import Mistake, exercise

deletion_area = exercise("deletion_area")
WORTH = {"fine": 5.0, "warm": 3.0, "dull": -2.0, "film": 1.0, "good": 1.0, "bad": -1.0}
WORDS, SCORES = ["fine", "warm", "dull", "film"], [5.0, 3.0, -2.0, 1.0]


def worth(words):
    return sum(WORTH[word] for word in words)


def worth_by_place(words):
    """As `worth`, but later words weigh more, so that it matters which of two equal words is gone."""
    return sum(place * WORTH[word] for place, word in enumerate(words, 1))


def curve(words, scores, order=None, judge=worth):
    """The answers after 0, 1, … words are taken away, highest score first."""
    order = np.argsort(-np.asarray(scores), kind="stable") if order is None else order
    gone = [set(order[:k].tolist()) for k in range(len(words) + 1)]
    return np.array([judge([w for i, w in enumerate(words) if i not in g]) for g in gone])


def area(values):
    return float(np.mean((values[1:] + values[:-1]) / 2))


@deletion_area.check
def one_number(function):
    got = np.shape(function(worth, list(WORDS), list(SCORES)))
    if got != ():
        return Mistake("number", got=got)


@deletion_area.check
def by_hand(function):
    got = float(function(worth, list(WORDS), list(SCORES)))
    right = curve(WORDS, SCORES)
    alone = np.array(
        [worth(WORDS), *(worth([w for w in WORDS if w != gone]) for gone in ("fine", "warm", "film", "dull"))]
    )
    likely = {
        "lowest_first": area(curve(WORDS, SCORES, np.argsort(SCORES))),
        "absolute": area(curve(WORDS, np.abs(SCORES))),
        "no_end": area(right[:-1]),
        "no_start": area(right[1:]),
        "mean": float(right.mean()),
        "sum": float(np.sum((right[1:] + right[:-1]) / 2)),
        "one_at_a_time": area(alone),
    }
    if not np.isclose(got, area(right)):
        named = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        if named == "lowest_first" and lies_above(function):
            named = "drop"
        return Mistake(named, got=round(got, 3), want=round(area(right), 3))


def lies_above(function):
    """Is it the area *above* the curve? Where words only add up, the lowest scores first give the same number."""
    got = float(function(worth_by_place, list(WORDS), list(SCORES)))
    points = curve(WORDS, SCORES, judge=worth_by_place)
    return np.isclose(got, points[0] - area(points))


@deletion_area.check
def a_word_that_stands_twice(function):
    words, scores = ["good", "warm", "good"], [1.0, -1.0, 2.0]
    got, want = float(function(worth_by_place, list(words), list(scores))), curve(words, scores, judge=worth_by_place)
    if not np.isclose(got, area(want)):
        return Mistake("spelling", got=round(got, 3), want=round(area(want), 3))


@deletion_area.check
def nothing_is_changed(function):
    words, scores = list(WORDS), list(SCORES)
    function(worth, words, scores)
    if words != WORDS or scores != SCORES:
        return Mistake("changed")


@deletion_area.check
def one_word(function):
    got = float(function(worth, ["fine"], [1.0]))
    if not np.isclose(got, 2.5):
        return Mistake("one_word", got=round(got, 3))


smallest_flip = exercise("smallest_flip")


def chance(weights, border=0.0):
    """A judge of lists of words: a probability from the sum of their weights."""
    return lambda words: 1 / (1 + np.exp(border - sum(weights[word] for word in words)))


PAIRED = {
    ("a",): 0.7,
    ("b",): 0.9,
    ("c",): 0.9,
    ("b", "c"): 0.2,
    ("a", "b"): 0.6,
    ("a", "c"): 0.6,
    ("a", "b", "c"): 0.1,
}


def paired(words):
    """0.95 for all words; what is missing decides, and "b" with "c" does more than "a" with anything."""
    gone = tuple(word for word in "abc" if word not in words)
    return PAIRED.get(gone, 0.95)


@smallest_flip.check
def one_word_is_enough(function):
    words = ["dull", "fine", "film"]
    got = function(chance({"dull": -1.0, "fine": 3.0, "film": 0.5}), list(words))
    if isinstance(got, int | np.integer | str | float):
        return Mistake("kind", got=repr(got))
    if any(isinstance(item, str) for item in got):
        return Mistake("words", got=list(got))
    if any(np.ndim(item) for item in got):
        return Mistake("several_sets", got=list(got))
    if sorted(got) != [1]:
        return Mistake("kept" if sorted(got) == [0, 2] else "one_word_flip", got=sorted(map(int, got)))


@smallest_flip.check
def a_negative_verdict(function):
    got = function(chance({"dull": -3.0, "fine": 1.0, "film": 0.5}), ["dull", "fine", "film"])
    if sorted(got) != [0]:
        return Mistake("negative", got=sorted(map(int, got)))


@smallest_flip.check
def two_that_only_work_together(function):
    got = function(paired, ["a", "b", "c", "d", "e"])
    if not len(got):
        return Mistake("single_only")
    if sorted(got) != [1, 2]:
        return Mistake("greedy" if len(got) == 3 else "pair", got=sorted(map(int, got)))


@smallest_flip.check
def nothing_flips_it(function):
    got = function(lambda words: 0.9, ["a", "b"])
    if len(got):
        return Mistake("none", got=list(got))


@smallest_flip.check
def the_smallest_of_all(function):
    random = np.random.default_rng(0)
    for _ in range(8):
        weights = dict(zip("abcdef", random.normal(size=6), strict=True))
        judge, words = chance(weights, random.normal() / 2), list("abcdef")
        side = judge(words) > 0.5
        flips = [
            len(gone)
            for size in range(1, 7)
            for gone in combinations(range(6), size)
            if (judge([w for i, w in enumerate(words) if i not in gone]) > 0.5) != side
        ]
        got = function(judge, words)
        if len(got) != min(flips, default=0):
            return Mistake("size", want=min(flips, default=0), got=len(got))


paired_interval = exercise("paired_interval")


@paired_interval.check
def three_numbers(function):
    got = function(np.array([1.0, 2.0, 4.0]), np.array([0.0, 0.0, 1.0]))
    if np.shape(got) != (3,):
        return Mistake("three", got=np.shape(got))


@paired_interval.check
def the_mean(function):
    mean, low, high = function(np.array([1.0, 2.0, 4.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    if np.isclose(mean, -1.75):
        return Mistake("sign")
    if not np.isclose(mean, 1.75):
        return Mistake("mean", got=round(float(mean), 3))
    if low > high:
        return Mistake("order")


@paired_interval.check
def pairs_stay_together(function):
    b = np.random.default_rng(1).normal(size=300)
    _, low, high = function(b + 0.1, b)
    if not np.allclose([low, high], 0.1):
        return Mistake("unpaired", width=round(float(high - low), 3))


@paired_interval.check
def of_the_mean(function):
    random = np.random.default_rng(2)
    a, b = random.normal(size=400), np.zeros(400)
    _, low, high = function(a, b)
    width, want = float(high - low), 2 * 1.96 * a.std() / 20
    if width < 0.1 * want:
        return Mistake("not_drawn", width=round(width, 4))
    if width > 5 * want:
        return Mistake("values", width=round(width, 2))
    if not 0.9 * want < width < 1.1 * want:
        return Mistake("width", width=round(width, 3), want=round(want, 3))


@paired_interval.check
def the_same_seed(function):
    a, b = np.random.default_rng(3).normal(size=(2, 50))
    if not np.allclose(function(a, b), function(a, b)):
        return Mistake("seed")


@paired_interval.check
def another_seed(function):
    a, b = np.random.default_rng(3).normal(size=(2, 50))
    if np.array_equal(function(a, b, seed=1), function(a, b, seed=2)):
        return Mistake("seed_unused")
