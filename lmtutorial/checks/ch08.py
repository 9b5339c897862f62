"""Checkers for chapter 08: an order that can be taken up again, clipping, accumulation, a scaled loss."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

resumable_order = exercise("resumable_order")


@resumable_order.check
def every_row_once(function):
    got = np.asarray(function(50, 3, 0, 0))
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
    if np.array_equal(first, function(50, 3, 1, 0)):
        return Mistake("epochs_alike")
    if np.array_equal(first, function(50, 4, 0, 0)):
        return Mistake("seeds_alike")
    if np.array_equal(function(50, 3, 1, 0), function(50, 4, 0, 0)):
        return Mistake("added_up")


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
    got = [np.asarray(g) for g in function(gradients, 1.0)]
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
    likely = {"each_alone": [1, 0, 1], "sum_of_norms": [3 / 7, 0, 4 / 7], "squared": [3 / 25, 0, 4 / 25]}
    return Mistake(next((key for key, value in likely.items() if np.allclose(flat, value)), "hand_case"))


@clip_gradients.check
def nothing_at_all(function):
    got = np.asarray(function([np.zeros(2)], 1.0)[0])
    if not np.allclose(got, 0):
        return Mistake("zero")


accumulate_gradients = exercise("accumulate_gradients")


@accumulate_gradients.check
def parts_of_one_size(function):
    got = np.asarray(function([np.array([1.0, 4.0]), np.array([3.0, 0.0])], [8, 8]))
    if got.shape != (2,):
        return Mistake("one_gradient", got=got.shape)
    if not np.allclose(got, [2, 2]):
        return Mistake("added" if np.allclose(got, [4, 4]) else "mean")


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
    return lambda scale: np.float16(np.float32(value) * np.float32(scale))


@scaled_gradient.check
def two_things_come_out(function):
    got = function(float16_of(0.5), 4.0)
    if not isinstance(got, tuple) or len(got) != 2:
        return Mistake("two_things")
    if not got[1]:
        return Mistake("refused")


@scaled_gradient.check
def small_ones_survive(function):
    got = np.asarray(function(float16_of(1e-8), 65536.0)[0])
    if got.dtype != np.float32:
        return Mistake("kind", got=got.dtype.name)
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
