"""Checkers for chapter 01: next words by counting, leaving words out, verdicts that hang on one word."""

import contextlib

import numpy as np

from lmtutorial.checks import Mistake, exercise

next_words = exercise("next_words")
TEXT = "the whale sees the ship and the whale dives".split()


@next_words.check
def a_dictionary(function):
    got = function(TEXT, "the")
    if not isinstance(got, dict):
        return Mistake("kind", got=type(got).__name__)


@next_words.check
def case_worked_by_hand(function):
    got = function(TEXT, "the")
    if got == {"whale": 2, "ship": 1}:
        return Mistake("counts")
    if set(got) == {"sees", "and"}:
        return Mistake("before", got=got)
    if "the" in got or "sees" in got and len(got) > 3:
        return Mistake("every_word", got=got)
    whale = got.get("whale", 0)
    if set(got) != {"whale", "ship"} or not np.isclose(whale, 2 / 3):
        likely = {"whole_text": 2 / 9, "rounded": round(2 / 3, 2)}
        key = next((key for key, value in likely.items() if np.isclose(whale, value, rtol=0, atol=1e-3)), "hand_case")
        return Mistake(key, got=got)


@next_words.check
def the_last_word(function):
    got = function(TEXT, "dives")
    if got != {}:
        return Mistake("last", got=got)


@next_words.check
def a_word_that_also_stands_last(function):
    got = function(["the", "whale", "and", "the"], "the")
    if not np.isclose(sum(got.values()), 1):
        return Mistake("stands_last", got=got)


leave_one_out = exercise("leave_one_out")
WEIGHTS = {"good": 2.0, "bad": -3.0, "film": 0.5}


def additive(words):
    if isinstance(words, str):
        raise TypeError(f"predict takes a list of words, and got the text {words!r}")
    return sum(WEIGHTS.get(word, 0.0) for word in words)


def lifted(words):
    return 1 + additive(words)


def both_needed(words):
    return float("not" in words and "bad" in words)


def ends_badly(words):
    return float(words[-1:] == ["bad"])


@leave_one_out.check
def the_list_stays_as_it_was(function):
    words = ["a", "good", "film"]
    with contextlib.suppress(IndexError):  # what a list that got shorter leads to
        function(additive, words)
    if words != ["a", "good", "film"]:
        return Mistake("changed", got=words)


@leave_one_out.check
def one_score_a_word(function):
    got = function(additive, ["a", "good", "film"])
    if isinstance(got, dict):
        return Mistake("dictionary")
    if np.shape(got) != (3,):
        return Mistake("shape", got=np.shape(got))


@leave_one_out.check
def by_hand(function):
    got = np.asarray(function(lifted, ["a", "good", "film"]), float)
    want = np.array([0.0, 2.0, 0.5])
    likely = {"sign": -want, "without": 3.5 - want, "alone": 1 + want, "all_but_alone": 2.5 - want}
    if np.allclose(got, want):
        return None
    return Mistake(
        next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case"), got=got.tolist()
    )


@leave_one_out.check
def the_list_gets_shorter(function):
    got = np.asarray(function(lambda words: float(len(words)), ["a", "good", "film"]), float)
    if not np.allclose(got, 1):
        return Mistake("replaced")


@leave_one_out.check
def a_word_that_stands_twice(function):
    got = np.asarray(function(additive, ["good", "good"]), float)
    if not np.allclose(got, [2, 2]):
        return Mistake("twice", got=got.tolist())


@leave_one_out.check
def words_that_need_each_other(function):
    got = np.asarray(function(both_needed, ["not", "so", "bad"]), float)
    if not np.allclose(got, [1, 0, 1]):
        return Mistake("together", got=got.tolist())


@leave_one_out.check
def a_word_whose_place_matters(function):
    got = np.asarray(function(ends_badly, ["bad", "film", "bad"]), float)
    if not np.allclose(got, [0, 0, 1]):
        return Mistake("place", got=got.tolist())


turning_words = exercise("turning_words")


def sided(words):
    return 1 / (1 + np.exp(-additive(words)))


@turning_words.check
def a_list(function):
    got = function(sided, ["good", "good", "bad", "film"])
    if not isinstance(got, list | tuple | np.ndarray):
        return Mistake("kind", got=type(got).__name__)
    for key, kind in (("marks", bool | np.bool_), ("places", int | np.integer)):
        if len(got) and isinstance(got[0], kind):
            return Mistake(key, got=list(got))


@turning_words.check
def a_positive_verdict(function):
    got = list(function(sided, ["good", "good", "bad", "film"]))
    if got != ["good", "good"]:
        likely = {"helpers": ["bad"], "nothing": [], "once": ["good"]}
        return Mistake(next((key for key, value in likely.items() if got == value), "positive"), got=got)


@turning_words.check
def a_negative_verdict(function):
    got = list(function(sided, ["good", "bad"]))
    if got != ["bad"]:
        return Mistake("negative", got=got)


@turning_words.check
def a_verdict_that_hangs_on_no_single_word(function):
    got = list(function(sided, ["bad", "bad", "film"]))
    if got != []:
        return Mistake("moved", got=got)
