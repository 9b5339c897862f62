"""Checkers for chapter 09: a weight shared out, the fewest words that turn a verdict, a card of whole points."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

share_out = exercise("share_out")
WORDS = ["not", "a", "good", "film"]
WEIGHTS = {"not": -1.0, "good": 2.0, "film": 0.25, "a good": 0.5, "not a": -0.3, "good film": 0.7, "a": 0.1}


def shared(words, weights, first=0.5, second=0.5):
    """Each word its own weight, and parts of each pair."""
    scores = np.array([weights.get(word, 0.0) for word in words])
    for i in range(len(words) - 1):
        weight = weights.get(f"{words[i]} {words[i + 1]}", 0.0)
        scores[i] += first * weight
        scores[i + 1] += second * weight
    return scores


@share_out.check
def one_score_for_each_position(function):
    try:
        got = function(WORDS, WEIGHTS)
    except IndexError:
        return Mistake("behind_the_last")
    if isinstance(got, dict) or np.shape(got) != (4,):
        return Mistake("shape", got=type(got).__name__ if isinstance(got, dict) else np.shape(got))


@share_out.check
def single_words(function):
    try:
        got = np.asarray(function(["a", "dull", "film"], {"dull": -2.0, "film": 0.5}), float)
    except KeyError as error:
        return Mistake("no_weight", got=error.args[0])
    if not np.allclose(got, [0, -2, 0.5]):
        return Mistake("single", got=got.round(2).tolist())


@share_out.check
def pairs_by_hand(function):
    got = np.asarray(function(WORDS, WEIGHTS), float)
    likely = {
        "no_pairs": shared(WORDS, WEIGHTS, 0, 0),
        "whole": shared(WORDS, WEIGHTS, 1, 1),
        "first": shared(WORDS, WEIGHTS, 1, 0),
        "second": shared(WORDS, WEIGHTS, 0, 1),
        "one_half": shared(WORDS, WEIGHTS, 0.5, 0),
    }
    if not np.allclose(got, shared(WORDS, WEIGHTS)):
        key = next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case")
        return Mistake(key, got=got.round(3).tolist(), want=shared(WORDS, WEIGHTS).round(3).tolist())


@share_out.check
def words_that_occur_twice(function):
    words = ["good", "not", "good"]
    weights = {"not good": -1.0, "good": 2.0}
    got = np.asarray(function(words, weights), float)
    if not np.allclose(got, shared(words, weights)):
        return Mistake("twice", got=got.round(2).tolist(), want=shared(words, weights).tolist())


@share_out.check
def nothing_to_share(function):
    if len(function([], WEIGHTS)) != 0:
        return Mistake("empty")


fewest_removals = exercise("fewest_removals")
SCORES = [0.5, -0.2, 2.0, 1.0]  # output 1.8: without position 2 it is -0.2


def turns(scores, output, positions) -> bool:
    """Whether these removals change the truth of `output > 0`."""
    return len(set(positions)) == len(positions) and (output - sum(scores[i] for i in positions) > 0) != (output > 0)


@fewest_removals.check
def a_list_of_positions(function):
    got = function(SCORES, 1.8)
    if not isinstance(got, list | tuple | np.ndarray):
        return Mistake("kind", got=type(got).__name__)
    if any(not isinstance(i, int | np.integer) for i in got):
        return Mistake("positions", got=list(got))
    if list(got) == [3]:
        return Mistake("from_one")


@fewest_removals.check
def one_is_enough(function):
    got = [int(i) for i in function(SCORES, 1.8)]
    if got != [2]:
        key = {(0,): "in_order", (0, 2): "in_order", (0, 1, 2): "in_order", (): "none"}.get(tuple(got), "too_many")
        return Mistake(key if got[:1] != [1] else "weakest", got=got)


@fewest_removals.check
def two_are_needed(function):
    """Positions 1 and 3 leave -0.5; 0 and 3 leave exactly 0, which is not positive either."""
    scores = [0.5, 1.0, 0.25, 1.5]
    got = sorted(int(i) for i in function(list(scores), 2.0))
    if len(got) != 2 or not turns(scores, 2.0, got):
        return Mistake("stops_early" if got == [3] else "two", got=got)


@fewest_removals.check
def a_negative_verdict(function):
    got = [int(i) for i in function([0.5, -2.0, -0.25, 1.5], -0.25)]
    if got != [1]:
        return Mistake("one_side" if got in ([], [3]) else "negative", got=got)


@fewest_removals.check
def a_strong_word_on_the_other_side(function):
    got = [int(i) for i in function([-3.0, 1.0, 0.25], 0.75)]
    if got != [1]:
        return Mistake("absolute" if 0 in got or not got else "other_side", got=got)


@fewest_removals.check
def exactly_zero_is_not_positive(function):
    first, second = ([int(i) for i in function(*case)] for case in (([1.0, 0.5], 1.0), ([-1.0, -0.5], -1.0)))
    if (first, sorted(second)) != ([0], [0, 1]):
        return Mistake("zero", first=first, second=second)


@fewest_removals.check
def nothing_turns_it(function):
    got = list(function([0.5, 0.25, -1.0], 3.0))
    if got:
        return Mistake("impossible", got=got)


score_card = exercise("score_card")
CARD = {"dull": -0.8, "fun": 0.5, "film": 0.05, "and": 0.15, "too": -0.45}  # times 5 / 0.8: -5, 3.1, 0.3, 0.9, -2.8


@score_card.check
def whole_points(function):
    got = function(dict(CARD))
    if not isinstance(got, dict):
        return Mistake("not_a_dict", got=type(got).__name__)
    odd = [v for v in got.values() if float(v) != int(v)]
    if odd:
        return Mistake("not_whole", got=odd[0])


@score_card.check
def by_hand(function):
    got = {word: int(points) for word, points in function(dict(CARD)).items()}
    likely = {
        "zeros": {"dull": -5, "fun": 3, "film": 0, "and": 1, "too": -3},
        "cut": {"dull": -5, "fun": 3, "too": -2},
        "signed_maximum": {"dull": -8, "fun": 5, "and": 2, "too": -4},
        "unscaled": {"dull": -4, "fun": 2, "and": 1, "too": -2},
        "rounded_first": {"dull": -5},
        "rounded_too_soon": {"dull": -5, "fun": 5, "too": -5},
        "down": {"dull": -5, "fun": 3, "too": -3},
        "no_sign": {"dull": 5, "fun": 3, "and": 1, "too": 3},
        "by_the_sum": {"dull": -2, "fun": 1, "too": -1},
    }
    if got != {"dull": -5, "fun": 3, "and": 1, "too": -3}:
        key = next((key for key, value in likely.items() if value == got), None)
        if key is None:
            key = "sign" if any(v * CARD[w] < 0 for w, v in got.items() if w in CARD) else "hand_case"
        return Mistake(key, got=got)


@score_card.check
def another_largest(function):
    got = {word: int(points) for word, points in function({"a": 0.2, "b": -0.1}, 2).items()}
    if got != {"a": 2, "b": -1}:
        return Mistake("largest_unused" if got == {"a": 5, "b": -2} else "largest", got=got)


@score_card.check
def a_factor_changes_nothing(function):
    one, ten = function(dict(CARD)), function({word: 10 * weight for word, weight in CARD.items()})
    if dict(one) != dict(ten):
        return Mistake("factor", one=dict(one), ten=dict(ten))
