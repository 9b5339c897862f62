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


def pops_by_number(predict, words):
    whole = predict(words)
    return [whole - predict([words.pop(i), *words][1:]) for i in range(len(words))]


def removes_the_spelling(predict, words):
    scores = []
    for word in words:
        shorter = list(words)
        shorter.remove(word)
        scores.append(predict(words) - predict(shorter))
    return scores


def from_the_front(predict, words):
    """What each word adds to those before it: right for a sum of weights, and for nothing else."""
    return [predict(words[: i + 1]) - predict(words[:i]) for i in range(len(words))]


def by_how_often_the_word_stands(tokens, word):
    after = Counter(b for a, b in zip(tokens, tokens[1:], strict=False) if a == word)
    return {b: n / tokens.count(word) for b, n in after.items()}


RIGHT = [
    ("next_words", next_words),
    ("leave_one_out", leave_one_out),
    ("leave_one_out", lambda p, w: list(leave_one_out(p, w))),
    ("turning_words", turning_words),
    ("turning_words", lambda p, w: tuple(turning_words(p, w))),
    ("turning_words", lambda p, w: np.array(turning_words(p, w))),
]
WRONG = [
    ("next_words", "kind", lambda t, w: [b for a, b in zip(t, t[1:], strict=False) if a == w]),
    ("next_words", "counts", lambda t, w: dict(Counter(b for a, b in zip(t, t[1:], strict=False) if a == w))),
    ("next_words", "whole_text", lambda t, w: {b: n * 3 / len(t) for b, n in next_words(t, w).items()}),
    ("next_words", "before", lambda t, w: next_words(t[::-1], w)),
    ("next_words", "rounded", lambda t, w: {b: round(p, 2) for b, p in next_words(t, w).items()}),
    ("next_words", "hand_case", lambda t, w: {t[t.index(w) + 1]: 1.0}),
    ("next_words", "stands_last", by_how_often_the_word_stands),
    ("next_words", "every_word", lambda t, w: {v: n / len(t) for v, n in Counter(t).items()}),
    ("next_words", "last", lambda t, w: next_words(t, w) or {"": 1.0}),
    ("leave_one_out", "shape", lambda p, w: p(w)),
    ("leave_one_out", "dictionary", lambda p, w: dict(zip(w, leave_one_out(p, w), strict=True))),
    ("leave_one_out", "sign", lambda p, w: -leave_one_out(p, w)),
    ("leave_one_out", "without", lambda p, w: [p(w[:i] + w[i + 1 :]) for i in range(len(w))]),
    ("leave_one_out", "twice", lambda p, w: [p(w) - p([v for v in w if v != word]) for word in w]),
    ("leave_one_out", "alone", lambda p, w: [p([word]) for word in w]),
    ("leave_one_out", "all_but_alone", lambda p, w: [p(w) - p([word]) for word in w]),
    ("leave_one_out", "hand_case", lambda p, w: [p(w)] * len(w)),
    ("leave_one_out", "replaced", lambda p, w: [p(w) - p([*w[:i], "[UNK]", *w[i + 1 :]]) for i in range(len(w))]),
    ("leave_one_out", "together", from_the_front),
    ("leave_one_out", "place", removes_the_spelling),
    ("leave_one_out", "changed", pops),
    ("leave_one_out", "changed", pops_by_number),
    ("turning_words", "kind", lambda p, w: set(turning_words(p, w))),
    ("turning_words", "marks", lambda p, w: [v in turning_words(p, w) for v in w]),
    ("turning_words", "places", lambda p, w: [i for i, v in enumerate(w) if v in turning_words(p, w)]),
    ("turning_words", "nothing", lambda p, w: [v for i, v in enumerate(w) if p(w[:i] + w[i + 1 :]) < 0 < p(w)]),
    ("turning_words", "once", lambda p, w: list(dict.fromkeys(turning_words(p, w)))),
    ("turning_words", "moved", lambda p, w: turning_words(p, w) if len(w) != 3 else w),
    ("turning_words", "helpers", lambda p, w: [v for i, v in enumerate(w) if p(w[:i] + w[i + 1 :]) > p(w)]),
    ("turning_words", "negative", lambda p, w: [v for i, v in enumerate(w) if p(w) > 0.5 > p(w[:i] + w[i + 1 :])]),
    ("turning_words", "positive", lambda p, w: [v for i, v in enumerate(w) if p(w[:i] + w[i + 1 :]) < p(w)]),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_passes(name, answer):
    result = getattr(checks, name).result(answer)
    assert result.passed, result.message


@pytest.mark.parametrize("name", sorted({name for name, _ in RIGHT}))
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
