"""Checkers for chapter 08: an order that can be taken up again, clipping, accumulation, a scaled loss."""

from itertools import combinations, product

import numpy as np

from lmtutorial.checks import Mistake, exercise

resumable_order = exercise("resumable_order")


@resumable_order.check
def every_row_once(function):
    got = np.asarray(function(50, 3, 0, 0))
    if sorted(got.tolist()) == list(range(1, 51)):
        return Mistake("from_one")
    if got.shape != (50,) or sorted(got.tolist()) != list(range(50)):
        return Mistake("not_all", got=len(np.unique(got)))


@resumable_order.check
def the_same_again(function):
    np.random.seed(1)
    first = np.array(function(50, 3, 2, 0))
    function(50, 3, 1, 0)
    np.random.seed(2)
    if not np.array_equal(first, function(50, 3, 2, 0)):
        return Mistake("another_time")


@resumable_order.check
def epochs_and_seeds_differ(function):
    first = np.array(function(50, 3, 0, 0))
    if np.array_equal(first, range(50)):
        return Mistake("not_shuffled")
    if np.array_equal(first, function(50, 3, 1, 0)):
        return Mistake("epochs_alike")
    if np.array_equal(function(50, 3, 1, 0), function(50, 4, 1, 0)):
        return Mistake("seeds_alike")
    if np.array_equal(function(50, 3, 1, 0), function(50, 4, 0, 0)):
        return Mistake("added_up")


@resumable_order.check
def no_two_runs_share_an_order(function):
    """A product, a sum of multiples, or bits laid over each other give one number for different pairs."""
    pairs = list(product((0, 1, 2, 3), (0, 1, 2, 10, 20)))
    orders = {pair: np.asarray(function(50, *pair, 0)) for pair in pairs}
    for one, other in combinations(pairs, 2):
        if np.array_equal(orders[one], orders[other]):
            return Mistake("one_number", one=one, other=other)


@resumable_order.check
def what_is_left(function):
    whole, rest = np.array(function(50, 3, 1, 0)), np.asarray(function(50, 3, 1, 20))
    if rest.shape != (30,):
        return Mistake("not_skipped", got=len(rest))
    if not np.array_equal(rest, whole[20:]):
        return Mistake("shuffled_anew")


clip_gradients = exercise("clip_gradients")


@clip_gradients.check
def short_ones_stay(function):
    gradients = [np.array([0.3, 0.0]), np.array([[0.4]])]
    try:
        got = [np.asarray(g) for g in function(gradients, 1.0)]
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        return Mistake("ragged")
    if [g.shape for g in got] != [(2,), (1, 1)]:
        return Mistake("shapes", got=[g.shape for g in got])
    if not all(np.allclose(a, b) for a, b in zip(got, gradients, strict=True)):
        return Mistake("lengthened")


@clip_gradients.check
def one_common_norm(function):
    got = [np.asarray(g) for g in function([np.array([3.0, 0.0]), np.array([[4.0]])], 1.0)]
    flat = np.concatenate([g.ravel() for g in got])
    if np.allclose(flat, [0.6, 0, 0.8]):
        return None
    likely = {
        "each_alone": [1, 0, 1],
        "sum_of_norms": [3 / 7, 0, 4 / 7],
        "squared": [3 / 25, 0, 4 / 25],
        "largest_number": [3 / 4, 0, 1],
        "untouched": [3, 0, 4],
    }
    found = next((key for key, value in likely.items() if np.allclose(flat, value)), "hand_case")
    return Mistake(found, got=[g.round(3).tolist() for g in got])


@clip_gradients.check
def another_norm(function):
    got = np.concatenate([np.ravel(g) for g in function([np.array([3.0, 0.0]), np.array([[4.0]])], 2.5)])
    if not np.allclose(got, [1.5, 0, 2]):
        return Mistake("norm_unused" if np.allclose(got, [0.6, 0, 0.8]) else "half", got=got.round(3).tolist())


@clip_gradients.check
def nothing_at_all(function):
    try:
        got = np.asarray(function([np.zeros(2)], 1.0)[0])
    except ZeroDivisionError:
        return Mistake("zero")
    if not np.allclose(got, 0):
        return Mistake("zero")


accumulate_gradients = exercise("accumulate_gradients")


@accumulate_gradients.check
def parts_of_one_size(function):
    got = np.asarray(function([np.array([1.0, 4.0]), np.array([3.0, 0.0])], [8, 8]))
    if got.shape != (2,):
        return Mistake("one_gradient", got=got.shape)
    if not np.allclose(got, [2, 2]):
        likely = {"added": 4, "not_divided": 32, "by_parts": 16, "sizes_unused": 4 / 16, "divided_twice": 1}
        found = next((key for key, value in likely.items() if np.allclose(got, value)), "mean")
        return Mistake(found, got=got.round(3).tolist())


@accumulate_gradients.check
def parts_of_unlike_size(function):
    got = np.asarray(function([np.array([1.0]), np.array([5.0])], [6, 2]))
    if not np.allclose(got, 2):
        return Mistake("unweighted" if np.allclose(got, 3) else "weights", got=round(float(got[0]), 3))


@accumulate_gradients.check
def one_part_alone(function):
    part = np.array([[1.0, -2.0], [0.5, 3.0]])
    got = np.asarray(function([part.copy()], [5]))
    if got.shape != (2, 2) or not np.allclose(got, part):
        return Mistake("alone")


scaled_gradient = exercise("scaled_gradient")


def float16_of(value):
    """The gradient at a scale, with the overflow that a GPU would not speak of either."""

    def gradient_at(scale):
        with np.errstate(over="ignore"):
            return (np.asarray(value, np.float32) * np.float32(scale)).astype(np.float16)

    return gradient_at


@scaled_gradient.check
def two_things_come_out(function):
    got = function(float16_of(0.5), 4.0)
    if not isinstance(got, tuple | list) or len(got) != 2:
        return Mistake("two_things")
    if isinstance(got[0], bool | np.bool_):
        return Mistake("exchanged")
    if not got[1]:
        return Mistake("refused")


@scaled_gradient.check
def small_ones_survive(function):
    got = np.asarray(function(float16_of(1e-8), 65536.0)[0])
    if got.dtype != np.float32:
        return Mistake("kind" if got.dtype == np.float16 else "wide", got=got.dtype.name)
    if np.isclose(got, 65536e-8, rtol=0.01, atol=0):
        return Mistake("not_divided")
    if got == 0:
        return Mistake("lost")
    if not np.isclose(got, 1e-8, rtol=0.01, atol=0):
        return Mistake("hand_case", got=f"{float(got):.2e}")


@scaled_gradient.check
def overflow_is_told(function):
    if function(float16_of(3.0), 65536.0)[1]:
        return Mistake("infinite")


@scaled_gradient.check
def one_word_for_the_whole_gradient(function):
    """Of an array, a single number that overflowed is enough to leave the step out."""
    usable = function(float16_of([0.5, -0.25]), 4.0)[1]
    if np.shape(usable) != ():
        return Mistake("one_verdict", got=np.shape(usable))
    for values in ([0.5, 3.0], [0.5, -3.0], [0.5, np.nan]):
        if function(float16_of(values), 65536.0)[1]:
            return Mistake("some_finite", got=values)
