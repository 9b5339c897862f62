"""The checkers of chapter 01 accept right answers and name typical mistakes."""

from collections import Counter

import numpy as np
import pytest

from lmtutorial import checks


def next_words(tokens, word):
    after = Counter(b for a, b in zip(tokens, tokens[1:], strict=False) if a == word)
    return {b: n / sum(after.values()) for b, n in after.items()}


def leave_one_out(predict, words):
    return np.array([predict(words) - predict(words[:i] + words[i + 1 :]) for i in range(len(words))])


def turning_words(predict, words):
    side = predict(words) > 0.5
    return [w for i, w in enumerate(words) if (predict(words[:i] + words[i + 1 :]) > 0.5) != side]


def pops(predict, words):
    scores = []
    for _ in range(len(words)):
        before = predict(words)
        words.pop(0)
        scores.append(before - predict(words))
    return scores


RIGHT = {"next_words": next_words, "leave_one_out": leave_one_out, "turning_words": turning_words}
WRONG = [
    ("next_words", "kind", lambda t, w: [b for a, b in zip(t, t[1:], strict=False) if a == w]),
    ("next_words", "counts", lambda t, w: dict(Counter(b for a, b in zip(t, t[1:], strict=False) if a == w))),
    ("next_words", "whole_text", lambda t, w: {b: n * 3 / 9 for b, n in next_words(t, w).items()}),
    ("next_words", "every_word", lambda t, w: {v: n / len(t) for v, n in Counter(t).items()}),
    ("next_words", "last", lambda t, w: next_words(t, w) or {"": 1.0}),
    ("leave_one_out", "shape", lambda p, w: p(w)),
    ("leave_one_out", "sign", lambda p, w: -leave_one_out(p, w)),
    ("leave_one_out", "without", lambda p, w: [p(w[:i] + w[i + 1 :]) for i in range(len(w))]),
    ("leave_one_out", "twice", lambda p, w: [p(w) - p([v for v in w if v != word]) for word in w]),
    ("leave_one_out", "alone", lambda p, w: [p([word]) for word in w]),
    ("leave_one_out", "changed", pops),
    ("turning_words", "kind", lambda p, w: np.array(turning_words(p, w))),
    ("turning_words", "helpers", lambda p, w: [v for i, v in enumerate(w) if p(w[:i] + w[i + 1 :]) > p(w)]),
    ("turning_words", "negative", lambda p, w: [v for i, v in enumerate(w) if p(w) > 0.5 > p(w[:i] + w[i + 1 :])]),
    ("turning_words", "positive", lambda p, w: [v for i, v in enumerate(w) if p(w[:i] + w[i + 1 :]) < p(w)]),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    assert getattr(checks, name).result(RIGHT[name]).passed


@pytest.mark.parametrize("name", RIGHT)
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
