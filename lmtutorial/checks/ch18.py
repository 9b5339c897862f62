"""Checkers for chapter 18: explained variance, the k largest, a control task, a detector's F1.

Every call gets arrays of its own: a learner who writes into them spoils no later check.
"""

import numpy as np

from lmtutorial.checks import Mistake, exercise

explained_share = exercise("explained_share")
X = np.array([[11.0, 0.0], [9.0, 4.0], [10.0, 2.0], [10.0, 10.0]])
REBUILT = np.array([[11.0, 1.0], [9.0, 4.0], [11.0, 2.0], [10.0, 8.0]])


@explained_share.check
def a_copy_explains_everything(function):
    got = float(function(X.copy(), X.copy()))
    if not np.isclose(got, 1):
        return Mistake("turned" if np.isclose(got, 0) else "copy", got=round(got, 3))


@explained_share.check
def the_mean_explains_nothing(function):
    got = float(function(X.copy(), np.tile(X.mean(axis=0), (len(X), 1))))
    if np.isclose(got, 0):
        return None
    about = ((X - X.mean(axis=0)) ** 2).sum()
    likely = {
        "about_zero": 1 - about / (X**2).sum(),
        "one_mean": 1 - about / ((X - X.mean()) ** 2).sum(),
        "counted": 1 - 1 / len(X),
        "mean_of_each": 1 - about / ((X - X.mean(axis=1, keepdims=True)) ** 2).sum(),
    }
    key = next((key for key, value in likely.items() if np.isclose(got, value)), "mean")
    return Mistake(key, got=round(got, 3))


@explained_share.check
def a_case_by_hand(function):
    got, about = float(function(X.copy(), REBUILT.copy())), X - X.mean(axis=0)
    want = 1 - 6 / 58
    error = ((X - REBUILT) ** 2).sum(axis=1)
    with np.errstate(all="ignore"):
        likely = {
            "mean_of_ratios": 1 - np.mean(error / (about**2).sum(axis=1)),
            "by_number": 1 - np.mean(((X - REBUILT) ** 2).sum(axis=0) / (about**2).sum(axis=0)),
            "centred_errors": 1 - (X - REBUILT).var(axis=0).sum() * len(X) / 58,
            "not_squared": 1 - np.abs(X - REBUILT).sum() / np.abs(about).sum(),
        }
    if np.isclose(got, want):
        return None
    key = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
    return Mistake(key, got=round(got, 3), want=round(want, 3))


@explained_share.check
def worse_than_the_mean_is_below_zero(function):
    got = float(function(X.copy(), X + 100))
    if got >= 0:
        return Mistake("cut_at_zero", got=round(got, 3))


k_largest = exercise("k_largest")
A = np.array([[0.5, -3.0, 2.0, 1.0, 0.0], [-1.0, -2.0, 4.0, -0.5, -3.0]])


@k_largest.check
def every_feature_keeps_its_column(function):
    got = np.shape(function(A.copy(), 2))
    if got != A.shape:
        return Mistake("only_k" if got == (2, 2) else "shape", got=got)


@k_largest.check
def two_of_five_by_hand(function):
    got = np.asarray(function(A.copy(), 2), float)
    want = np.array([[0, 0, 2.0, 1.0, 0], [0, 0, 4.0, 0, 0]])
    likely = {
        "by_size": np.array([[0, -3.0, 2.0, 0, 0], [0, 0, 4.0, 0, -3.0]]),
        "below_zero": np.array([[0, 0, 2.0, 1.0, 0], [0, 0, 4.0, -0.5, 0]]),
        "whole_table": np.array([[0, 0, 2.0, 0, 0], [0, 0, 4.0, 0, 0]]),
        "smallest": np.array([[0, -3.0, 0, 0, 0], [0, -2.0, 0, 0, -3.0]]),
        "all_positive": np.maximum(A, 0),
        "ones": (want > 0).astype(float),
    }
    if np.allclose(got, want):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case")
    return Mistake(key, got=got.tolist())


@k_largest.check
def k_is_obeyed(function):
    got = int((np.asarray(function(np.array([[5.0, 4.0, 3.0, 2.0, 1.0]]), 4)) > 0).sum())
    if got != 4:
        return Mistake("other_k", got=got)


@k_largest.check
def the_numbers_given_are_left_alone(function):
    given = A.copy()
    function(given, 2)
    if not np.array_equal(given, A):
        return Mistake("changed")


control_task = exercise("control_task")
TYPES = np.array(["sea", "whale", "sea", "ship", "whale", "sea", "captain", "ship"] * 25)
MANY = np.array([f"word{i}" for i in range(200)])


@control_task.check
def one_label_for_each_place(function):
    got = np.shape(function(TYPES, 0))
    if got != TYPES.shape:
        return Mistake("shape", got=got, want=TYPES.shape)


@control_task.check
def only_zeros_and_ones(function):
    got = set(np.unique(np.asarray(function(MANY, 0))).tolist())
    if not got <= {0, 1}:
        return Mistake("values", got=sorted(got)[:4])


@control_task.check
def a_word_keeps_its_label(function):
    got = np.asarray(function(TYPES, 0))
    changing = [word for word in np.unique(TYPES) if len(set(got[word == TYPES].tolist())) > 1]
    if changing:
        return Mistake("each_place", got=str(changing[0]))


@control_task.check
def the_lot_decides(function):
    got = [np.asarray(function(MANY, seed)) for seed in (0, 1, 0)]
    if not np.array_equal(got[0], got[2]):
        return Mistake("not_seeded")
    if np.array_equal(got[0], got[1]):
        return Mistake("same_lot")
    if not 60 <= got[0].sum() <= 140:
        return Mistake("lopsided", got=int(got[0].sum()))


detector_f1 = exercise("detector_f1")
FIRES = np.array([True, True, True, True, False, False, False, False, False, False])
HAS = np.array([True, True, False, False, True, False, False, False, False, False])


@detector_f1.check
def ten_places_by_hand(function):
    got, want = float(function(FIRES, HAS)), 2 * 2 / (4 + 3)
    likely = {
        "precision": 2 / 4,
        "recall": 2 / 3,
        "accuracy": 0.7,
        "plain_mean": (2 / 4 + 2 / 3) / 2,
        "jaccard": 2 / 5,
        "half": want / 2,
    }
    if np.isclose(got, want):
        return None
    key = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
    return Mistake(key, got=round(got, 3), want=round(want, 3))


@detector_f1.check
def a_perfect_one(function):
    got = float(function(HAS, HAS))
    if not np.isclose(got, 1):
        return Mistake("perfect", got=round(got, 3))


@detector_f1.check
def one_that_never_fires(function):
    with np.errstate(all="ignore"):
        got = float(function(np.zeros(10, bool), HAS))
    if got != 0:
        return Mistake("never", got=got)


@detector_f1.check
def one_that_fires_elsewhere(function):
    with np.errstate(all="ignore"):
        got = float(function(~HAS, HAS))
    if got != 0:
        return Mistake("no_hit", got=got)


@detector_f1.check
def a_property_that_no_place_has(function):
    with np.errstate(all="ignore"):
        got = float(function(np.zeros(10, bool), np.zeros(10, bool)))
    if got != 0:
        return Mistake("nothing_there", got=got)
