"""Checkers for chapter 14: log-odds against the rest, one word erased at a time, how often chance points right.

Every call gets arrays of its own: a learner who writes into them spoils no later check.
"""

import numpy as np

from lmtutorial.checks import Mistake, exercise

odds_against_rest = exercise("odds_against_rest")
LOGITS = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])


@odds_against_rest.check
def one_number_for_each_row(function):
    got = np.shape(function(LOGITS.copy(), 0))
    if got != (2,):
        return Mistake("shape", got=got)


@odds_against_rest.check
def probabilities_by_hand(function):
    got = np.asarray(function(LOGITS.copy(), 0), float)
    p = np.exp(LOGITS[:, 0])
    likely = {
        "log_probability": np.log(p),
        "probability": p,
        "odds": p / (1 - p),
        "turned": np.log((1 - p) / p),
        "sum_of_logits": LOGITS[:, 0] - LOGITS[:, 1:].sum(axis=1),
        "wrong_word": np.log(np.exp(LOGITS[:, 1]) / (1 - np.exp(LOGITS[:, 1]))),
    }
    if np.allclose(got, np.log(p / (1 - p))):
        return None
    if not np.isfinite(got).all():
        return Mistake("not_a_number", got=got.tolist())
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case")
    return Mistake(key, got=got.round(3).tolist(), want=np.log(p / (1 - p)).round(3).tolist())


@odds_against_rest.check
def scores_that_are_no_log_probabilities(function):
    got, shifted = (np.asarray(function(LOGITS + shift, 2), float) for shift in (0, 3))
    if not np.allclose(got, shifted):
        return Mistake("not_normalised", got=(shifted - got).round(2).tolist())


@odds_against_rest.check
def a_word_that_is_all_but_certain(function):
    got = float(np.asarray(function(np.array([[60.0, 0.0, 0.0]]), 0), float)[0])
    if not np.isclose(got, 60 - np.log(2)):
        return Mistake("certain", got=got)


@odds_against_rest.check
def large_scores(function):
    with np.errstate(all="ignore"):
        got = float(np.asarray(function(np.array([[2000.0, 1999.0]]), 0), float)[0])
    if not np.isclose(got, 1):
        return Mistake("overflow", got=got)


erase_each = exercise("erase_each")
WEIGHTS = np.array([0.0, 0.0, 3.0, -1.0, 0.5, 2.0])  # of ids
IDS = np.array([4, 2, 3, 5, 2])  # the first is the start token
UNKNOWN = 1


def adds_up(ids):
    """A score that adds a weight for each id."""
    return float(WEIGHTS[np.asarray(ids)].sum())


@erase_each.check
def one_score_for_each_word(function):
    got = np.shape(function(adds_up, IDS.copy(), UNKNOWN))
    if got != (4,):
        return Mistake("start_too" if got == (5,) else "shape", got=got)


@erase_each.check
def a_score_that_adds_up(function):
    got = np.asarray(function(adds_up, IDS.copy(), UNKNOWN), float)
    want, whole = WEIGHTS[IDS[1:]], adds_up(IDS)
    likely = {
        "not_taken_off": whole - want,
        "turned": -want,
        "piled_up": np.cumsum(want),
        "one_too_far": WEIGHTS[IDS[:-1]],
    }
    if np.allclose(got, want):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "additive")
    return Mistake(key, got=got.round(2).tolist(), want=want.tolist())


@erase_each.check
def the_place_stays(function):
    asked = []

    def score(ids):
        asked.append(np.array(ids))
        return adds_up(ids)

    function(score, IDS.copy(), UNKNOWN)
    if any(len(ids) != len(IDS) for ids in asked):
        return Mistake("deleted", got=min(map(len, asked)))
    if not any(UNKNOWN in ids for ids in asked):
        return Mistake("other_id", got=sorted({int(i) for ids in asked for i in ids} - set(IDS.tolist())))
    if any(np.sum(ids != IDS) > 1 for ids in asked):
        return Mistake("several", got=int(max(np.sum(ids != IDS) for ids in asked)))


@erase_each.check
def the_ids_are_left_alone(function):
    ids = IDS.copy()
    function(adds_up, ids, UNKNOWN)
    if not np.array_equal(ids, IDS):
        return Mistake("changed", got=ids.tolist(), was=IDS.tolist())


chance_of_pointing = exercise("chance_of_pointing")


@chance_of_pointing.check
def one_length(function):
    got = float(function([4, 4]))
    if not np.isclose(got, 0.25):
        likely = {"words": 4, "right_everywhere": 1}
        key = next((key for key, value in likely.items() if np.isclose(got, value)), "one_length")
        return Mistake(key, got=got)


@chance_of_pointing.check
def two_lengths(function):
    got = float(function([2, 10]))
    likely = {"one_over_the_mean": 1 / 6, "added": 0.6}
    if not np.isclose(got, 0.3):
        key = next((key for key, value in likely.items() if np.isclose(got, value)), "two_lengths")
        return Mistake(key, got=round(got, 3))


@chance_of_pointing.check
def an_array_will_do(function):
    if not np.isclose(float(function(np.array([1, 2, 4]))), 7 / 12):
        return Mistake("array", got=float(function(np.array([1, 2, 4]))))


@chance_of_pointing.check
def two_words_at_once(function):
    got = float(function([4, 10], 2))
    likely = {"top_unused": 0.175, "with_repetition": np.mean([1 - 0.75**2, 1 - 0.9**2])}
    if not np.isclose(got, 0.35):
        key = next((key for key, value in likely.items() if np.isclose(got, value)), "two_at_once")
        return Mistake(key, got=round(got, 3))


@chance_of_pointing.check
def a_sentence_that_is_too_short(function):
    got = float(function([2, 12], 3))
    if not np.isclose(got, 0.625):
        key = {0.875: "over_one", 0.125: "left_out", 0.25: "left_out"}.get(round(got, 3), "too_short")
        return Mistake(key, got=round(got, 3))
