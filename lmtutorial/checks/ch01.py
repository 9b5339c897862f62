"""Checkers for chapter 01: next words by counting, leaving words out, verdicts that hang on one word."""

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
    if "the" in got or "sees" in got and len(got) > 3:
        return Mistake("every_word", got=got)
    if set(got) != {"whale", "ship"} or not np.isclose(got["whale"], 2 / 3):
        return Mistake("whole_text" if np.isclose(got.get("whale", 0), 2 / 9) else "hand_case", got=got)


@next_words.check
def the_last_word(function):
    got = function(TEXT, "dives")
    if got != {}:
        return Mistake("last", got=got)


leave_one_out = exercise("leave_one_out")
WEIGHTS = {"good": 2.0, "bad": -3.0, "film": 0.5}


def additive(words):
    return sum(WEIGHTS.get(word, 0.0) for word in words)


def both_needed(words):
    return float("not" in words and "bad" in words)


@leave_one_out.check
def one_score_a_word(function):
    got = np.shape(function(additive, ["a", "good", "film"]))
    if got != (3,):
        return Mistake("shape", got=got)


@leave_one_out.check
def the_list_stays_as_it_was(function):
    words = ["a", "good", "film"]
    function(additive, words)
    if words != ["a", "good", "film"]:
        return Mistake("changed", got=words)


@leave_one_out.check
def by_hand(function):
    got = np.asarray(function(additive, ["a", "good", "film"]), float)
    want = np.array([0.0, 2.0, 0.5])
    if np.allclose(got, want):
        return None
    if np.allclose(got, -want):
        return Mistake("sign", got=got.tolist())
    return Mistake("without" if np.allclose(got, 2.5 - want) else "hand_case", got=got.tolist())


@leave_one_out.check
def a_word_that_stands_twice(function):
    got = np.asarray(function(additive, ["good", "good"]), float)
    if not np.allclose(got, [2, 2]):
        return Mistake("twice", got=got.tolist())


@leave_one_out.check
def words_that_need_each_other(function):
    got = np.asarray(function(both_needed, ["not", "so", "bad"]), float)
    if not np.allclose(got, [1, 0, 1]):
        return Mistake("alone" if np.allclose(got, 0) else "hand_case", got=got.tolist())


turning_words = exercise("turning_words")


def sided(words):
    return 1 / (1 + np.exp(-additive(words)))


@turning_words.check
def a_list(function):
    got = function(sided, ["good", "film"])
    if not isinstance(got, list):
        return Mistake("kind", got=type(got).__name__)


@turning_words.check
def a_positive_verdict(function):
    got = function(sided, ["good", "good", "bad", "film"])
    if got != ["good", "good"]:
        return Mistake("helpers" if got == ["bad"] else "positive", got=got)


@turning_words.check
def a_negative_verdict(function):
    got = function(sided, ["good", "bad"])
    if got != ["bad"]:
        return Mistake("negative", got=got)


@turning_words.check
def a_verdict_that_hangs_on_no_single_word(function):
    got = function(sided, ["bad", "bad", "film"])
    if got != []:
        return Mistake("moved", got=got)
