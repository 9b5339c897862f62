"""The checkers of chapter 11 accept right answers and name typical mistakes."""

import math

import numpy as np
import pytest

from lmtutorial import checks


def mask_probability(words, kept, sizes=0, share=True, whole=0.0):
    if kept == words:
        return whole
    return 1 / ((words + sizes) * (math.comb(words, kept) if share else 1))


def effective_samples(weights):
    return np.sum(weights) ** 2 / np.sum(np.square(weights))


def samples_needed(error, num_samples, wanted):
    return math.ceil(num_samples * (error / wanted) ** 2)


RIGHT = {
    "mask_probability": mask_probability,
    "effective_samples": effective_samples,
    "samples_needed": samples_needed,
}
WRONG = [
    ("mask_probability", "whole", lambda m, k: 1 / (m * math.comb(m, k))),
    ("mask_probability", "size_only", lambda m, k: mask_probability(m, k, share=False)),
    ("mask_probability", "no_size", lambda m, k: mask_probability(m, k) * m),
    ("mask_probability", "size_too_many", lambda m, k: mask_probability(m, k, sizes=1)),
    ("mask_probability", "coin", lambda m, k: 0 if k == m else 2.0**-m),
    ("mask_probability", "total", lambda m, k: mask_probability(m, k) if m < 6 else 0),
    ("mask_probability", "hand_case", lambda m, k: 0 if k == m else 0.3),
    ("effective_samples", "sum", np.sum),
    ("effective_samples", "inverse", lambda w: 1 / effective_samples(w)),
    ("effective_samples", "not_squared", lambda w: np.sum(w) / np.sum(np.square(w))),
    ("effective_samples", "squares_only", lambda w: np.sum(np.square(w))),
    ("effective_samples", "root", lambda w: np.sqrt(effective_samples(w))),
    ("effective_samples", "equal", lambda w: 7.0),
    ("effective_samples", "count", len),
    ("effective_samples", "heavy", lambda w: effective_samples(w) if np.min(w) > 0 else 3.0),
    ("effective_samples", "largest", lambda w: np.sum(w) / np.max(w)),
    ("effective_samples", "hand_case", lambda w: effective_samples(w) + (0.5 if len(w) == 2 else 0)),
    ("samples_needed", "linear", lambda e, n, w: math.ceil(n * e / w)),
    ("samples_needed", "root", lambda e, n, w: math.ceil(n * math.sqrt(e / w))),
    ("samples_needed", "upside_down", lambda e, n, w: math.ceil(n * (w / e) ** 2)),
    ("samples_needed", "upside_down_linear", lambda e, n, w: math.ceil(n * w / e)),
    ("samples_needed", "half", lambda e, n, w: 1),
    ("samples_needed", "kind", lambda e, n, w: n * (e / w) ** 2),
    ("samples_needed", "down", lambda e, n, w: int(n * (e / w) ** 2)),
    ("samples_needed", "up", lambda e, n, w: math.ceil(n * (e / w) ** 2 / 10) * 10),
    ("samples_needed", "fewer", lambda e, n, w: max(n, samples_needed(e, n, w))),
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


def test_every_message_has_its_mistake():
    told = {(name, key) for name, texts in checks.messages("ch11").items() for key in texts if key != "passed"}
    assert {(name, mistake) for name, mistake, _ in WRONG} == told
