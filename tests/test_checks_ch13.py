"""The checkers of chapter 13 accept right answers and name typical mistakes."""

from itertools import combinations

import numpy as np
import pytest

from lmtutorial import checks


def deletion_area(predict, words, scores, order=None, points=slice(None), join="mean"):
    order = list(np.argsort(-np.asarray(scores), kind="stable")) if order is None else order
    kept = [[w for i, w in enumerate(words) if i not in order[:k]] for k in range(len(words) + 1)]
    curve = np.array([predict(rest) for rest in kept])[points]
    middle = (curve[1:] + curve[:-1]) / 2
    return float({"mean": middle.mean, "sum": middle.sum, "points": curve.mean}[join]())


def by_spelling(predict, words, scores):
    order = [words[i] for i in np.argsort(-np.asarray(scores), kind="stable")]
    curve = np.array([predict([w for w in words if w not in order[:k]]) for k in range(len(words) + 1)])
    return float(np.mean((curve[1:] + curve[:-1]) / 2))


def by_remove(predict, words, scores):
    left, curve = list(words), [predict(words)]
    for word, _ in sorted(zip(words, scores, strict=True), key=lambda pair: -pair[1]):
        left.remove(word)
        curve.append(predict(left))
    return float(np.mean((np.array(curve[1:]) + curve[:-1]) / 2))


def put_back(predict, words, scores):
    order = np.argsort(-np.asarray(scores), kind="stable")
    curve = np.array([predict(words)] + [predict(words[:i] + words[i + 1 :]) for i in order])
    return float(np.mean((curve[1:] + curve[:-1]) / 2))


def emptied(predict, words, scores):
    result = deletion_area(predict, words, scores)
    words.clear()
    return result


def smallest_flip(predict, words, sizes=None, both=True, show=None):
    side = predict(words) > 0.5
    if not side and not both:
        return []
    for size in sizes or range(1, len(words) + 1):
        for gone in combinations(range(len(words)), size):
            rest = [w for i, w in enumerate(words) if i not in gone]
            if (predict(rest) > 0.5) != side:
                return show(words, gone) if show else gone
    return []


def greedy(predict, words):
    gone, side = [], predict(words) > 0.5
    while len(gone) < len(words):
        rest = {i: predict([w for j, w in enumerate(words) if j not in (*gone, i)]) for i in range(len(words))}
        rest = {i: p for i, p in rest.items() if i not in gone}
        best = min(rest, key=lambda i: rest[i] if side else -rest[i])
        gone.append(best)
        if (rest[best] > 0.5) != side:
            return sorted(gone)
    return []


def paired_interval(a, b, draws=2000, seed=0, level=(2.5, 97.5)):
    d, rng = np.asarray(a) - np.asarray(b), np.random.default_rng(seed)
    means = d[rng.integers(0, len(d), (draws, len(d)))].mean(axis=1)
    return (float(d.mean()), *np.percentile(means, level))


def unpaired(a, b, draws=2000):
    rng = np.random.default_rng(0)
    means = [rng.choice(a, len(a)).mean() - rng.choice(b, len(b)).mean() for _ in range(draws)]
    return (float(np.mean(a) - np.mean(b)), *np.percentile(means, [2.5, 97.5]))


RIGHT = {"deletion_area": deletion_area, "smallest_flip": smallest_flip, "paired_interval": paired_interval}
WRONG = [
    ("deletion_area", "number", lambda p, w, s: np.zeros(3)),
    ("deletion_area", "lowest_first", lambda p, w, s: deletion_area(p, w, -np.asarray(s))),
    ("deletion_area", "drop", lambda p, w, s: p(w) - deletion_area(p, w, s)),
    ("deletion_area", "absolute", lambda p, w, s: deletion_area(p, w, np.abs(s))),
    ("deletion_area", "no_end", lambda p, w, s: deletion_area(p, w, s, points=slice(None, -1))),
    ("deletion_area", "no_start", lambda p, w, s: deletion_area(p, w, s, points=slice(1, None))),
    ("deletion_area", "mean", lambda p, w, s: deletion_area(p, w, s, join="points")),
    ("deletion_area", "sum", lambda p, w, s: deletion_area(p, w, s, join="sum")),
    ("deletion_area", "one_at_a_time", put_back),
    ("deletion_area", "hand_case", lambda p, w, s: 0.0),
    ("deletion_area", "spelling", by_spelling),
    ("deletion_area", "spelling", by_remove),
    ("deletion_area", "changed", emptied),
    ("deletion_area", "one_word", lambda p, w, s: deletion_area(p, w, s) if len(w) > 1 else 5.0),
    ("smallest_flip", "kind", lambda p, w: 1),
    ("smallest_flip", "words", lambda p, w: smallest_flip(p, w, show=lambda words, gone: [words[i] for i in gone])),
    ("smallest_flip", "several_sets", lambda p, w: [smallest_flip(p, w)]),
    ("smallest_flip", "kept", lambda p, w: [i for i in range(len(w)) if i not in smallest_flip(p, w)]),
    ("smallest_flip", "one_word_flip", lambda p, w: [0]),
    ("smallest_flip", "negative", lambda p, w: smallest_flip(p, w, both=False)),
    ("smallest_flip", "single_only", lambda p, w: smallest_flip(p, w, sizes=[1])),
    ("smallest_flip", "greedy", greedy),
    ("smallest_flip", "pair", lambda p, w: smallest_flip(p, w) if len(w) == 3 else [0, 1]),
    ("smallest_flip", "none", lambda p, w: smallest_flip(p, w) or [0, 1]),
    ("smallest_flip", "size", lambda p, w: smallest_flip(p, w, sizes=[1, 2])),
    ("paired_interval", "three", lambda a, b: 1.0),
    ("paired_interval", "sign", lambda a, b: paired_interval(b, a)),
    ("paired_interval", "mean", lambda a, b: (0.5, 0.4, 0.6)),
    ("paired_interval", "order", lambda a, b: (np.mean(a - b), 1.0, 0.0)),
    ("paired_interval", "unpaired", unpaired),
    ("paired_interval", "not_drawn", lambda a, b: (np.mean(a - b),) * 3),
    ("paired_interval", "values", lambda a, b: (np.mean(a - b), *np.percentile(a - b, [2.5, 97.5]))),
    ("paired_interval", "width", lambda a, b: paired_interval(a, b, level=(25, 75))),
    ("paired_interval", "seed", lambda a, b: paired_interval(a, b, seed=None)),
    ("paired_interval", "seed_unused", lambda a, b, seed=0: paired_interval(a, b)),
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
