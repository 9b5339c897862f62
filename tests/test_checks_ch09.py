"""The checkers of chapter 09: right answers pass, typical mistakes are named."""

import math
from itertools import combinations

import numpy as np
import pytest

from lmtutorial import checks
from lmtutorial.checks.ch09 import shared


def share_out(words, weights):
    scores = [weights.get(word, 0.0) for word in words]
    for i, pair in enumerate(zip(words, words[1:], strict=False)):
        half = weights.get(" ".join(pair), 0.0) / 2
        scores[i] += half
        scores[i + 1] += half
    return scores


def by_spelling(words, weights):
    """Writes each word's score once, under its spelling."""
    scores = dict(zip(words, share_out(words, weights), strict=True))
    return [scores[word] for word in words]


def fewest_removals(scores, output, key=None, until=None):
    sign = 1 if output > 0 else -1
    removed, rest = [], output
    for i in sorted(range(len(scores)), key=key or (lambda i: -sign * scores[i])):
        if key is None and sign * scores[i] <= 0:
            return []
        removed.append(i)
        rest -= scores[i]
        if (until or (lambda rest: (rest > 0) != (output > 0)))(rest):
            return removed
    return []


def tried_out(scores, output):
    """All sets of one word, then of two, …: the first that turns the verdict."""
    for size in range(1, len(scores) + 1):
        for gone in combinations(range(len(scores)), size):
            if (output - sum(scores[i] for i in gone) > 0) != (output > 0):
                return list(gone)
    return []


def in_order(scores, output):
    return fewest_removals(scores, output, key=lambda i: i)


def absolute(scores, output):
    return fewest_removals(scores, output, key=lambda i: -abs(scores[i]))


def positive_only(scores, output):
    return fewest_removals(scores, output) if output > 0 else []


def one_only(scores, output):
    return fewest_removals(scores, output)[:1]


def all_that_help(scores, output):
    sign = 1 if output > 0 else -1
    return [i for i in range(len(scores)) if sign * scores[i] > 0]


def whatever_helps(scores, output):
    """Does not notice that the verdict stays."""
    found = fewest_removals(scores, output)
    return found or all_that_help(scores, output)


def strict_at_zero(scores, output):
    return fewest_removals(scores, output, until=lambda rest: rest * (1 if output > 0 else -1) < 0)


def mistaken_on(values, answer):
    """The right answer, but for the scores `values`."""
    return lambda scores, output: list(answer) if list(scores) == values else fewest_removals(scores, output)


def score_card(weights, largest=5, scale=None, whole=round):
    factor = largest / (scale or max(abs(w) for w in weights.values()))
    points = {word: whole(w * factor) for word, w in weights.items()}
    return {word: p for word, p in points.items() if p != 0}


def with_zeros(weights, largest=5):
    factor = largest / max(abs(w) for w in weights.values())
    return {word: round(w * factor) for word, w in weights.items()}


RIGHT = {"share_out": share_out, "fewest_removals": fewest_removals, "score_card": score_card}


def past_the_end(words, weights):
    return [weights.get(word, 0) + weights.get(f"{word} {words[i + 1]}", 0) / 2 for i, word in enumerate(words)]


WRONG = [
    ("share_out", "behind_the_last", past_the_end),
    ("share_out", "no_weight", lambda w, g: [g[word] for word in w]),
    ("share_out", "shape", lambda w, g: dict(zip(w, share_out(w, g), strict=True))),
    ("share_out", "single", lambda w, g: [1.0 * (word in g) for word in w]),
    ("share_out", "no_pairs", lambda w, g: shared(w, g, 0, 0)),
    ("share_out", "whole", lambda w, g: shared(w, g, 1, 1)),
    ("share_out", "first", lambda w, g: shared(w, g, 1, 0)),
    ("share_out", "second", lambda w, g: shared(w, g, 0, 1)),
    ("share_out", "one_half", lambda w, g: shared(w, g, 0.5, 0)),
    ("share_out", "hand_case", lambda w, g: shared(w, g, 0.7, 0.3)),
    ("share_out", "twice", by_spelling),
    ("share_out", "empty", lambda w, g: share_out(w, g) or [0.0]),
    ("fewest_removals", "kind", lambda s, o: len(fewest_removals(s, o))),
    ("fewest_removals", "positions", lambda s, o: [s[i] for i in fewest_removals(s, o)]),
    ("fewest_removals", "from_one", lambda s, o: [i + 1 for i in fewest_removals(s, o)]),
    ("fewest_removals", "none", lambda s, o: []),
    ("fewest_removals", "in_order", in_order),
    ("fewest_removals", "weakest", lambda s, o: fewest_removals(s, o, key=lambda i: s[i])),
    ("fewest_removals", "too_many", lambda s, o: sorted(all_that_help(s, o), key=lambda i: -s[i])),
    ("fewest_removals", "stops_early", one_only),
    ("fewest_removals", "two", mistaken_on([0.5, 1.0, 0.25, 1.5], [0, 1, 3])),
    ("fewest_removals", "one_side", positive_only),
    ("fewest_removals", "negative", mistaken_on([0.5, -2.0, -0.25, 1.5], [1, 2])),
    ("fewest_removals", "absolute", absolute),
    ("fewest_removals", "other_side", mistaken_on([-3.0, 1.0, 0.25], [2])),
    ("fewest_removals", "zero", strict_at_zero),
    ("fewest_removals", "impossible", whatever_helps),
    ("score_card", "not_a_dict", lambda w, n=5: list(score_card(w, n).values())),
    ("score_card", "not_whole", lambda w, n=5: score_card(w, n, whole=lambda p: p)),
    ("score_card", "zeros", with_zeros),
    ("score_card", "cut", lambda w, n=5: score_card(w, n, whole=int)),
    ("score_card", "signed_maximum", lambda w, n=5: score_card(w, n, scale=max(w.values()))),
    ("score_card", "unscaled", lambda w, n=5: score_card(w, n, scale=1)),
    ("score_card", "rounded_first", lambda w, n=5: {k: n * round(v) for k, v in w.items() if round(v)}),
    ("score_card", "rounded_too_soon", lambda w, n=5: {k: n * p for k, p in score_card(w, 1).items()}),
    ("score_card", "down", lambda w, n=5: score_card(w, n, whole=math.floor)),
    ("score_card", "no_sign", lambda w, n=5: {k: abs(p) for k, p in score_card(w, n).items()}),
    ("score_card", "by_the_sum", lambda w, n=5: score_card(w, n, scale=sum(map(abs, w.values())))),
    ("score_card", "sign", lambda w, n=5: score_card(w, n, scale=min(w.values()))),
    ("score_card", "hand_case", lambda w, n=5: {k: 2 * v for k, v in score_card(w, n).items()}),
    ("score_card", "largest_unused", lambda w, n=5: score_card(w, 5)),
    ("score_card", "largest", lambda w, n=5: score_card(w, n) if n == 5 else {"a": 2}),
    ("score_card", "factor", lambda w, n=5: score_card(w, n, scale=min(max(map(abs, w.values())), 1.0))),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    assert getattr(checks, name).result(RIGHT[name]).passed


def test_any_of_the_smallest_sets_is_right():
    assert checks.fewest_removals.result(tried_out).passed


def test_arrays_are_as_good_as_lists():
    assert checks.share_out.result(lambda w, g: np.array(share_out(w, g))).passed
    assert checks.fewest_removals.result(lambda s, o: np.array(fewest_removals(s, o), int)).passed


@pytest.mark.parametrize("name", RIGHT)
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
