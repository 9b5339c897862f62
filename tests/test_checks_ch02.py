"""Right answers to the exercises of chapter 02 pass, and typical mistakes are named."""

import math

import numpy as np
import pytest

from lmtutorial import checks


def softmax(scores):
    powers = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def score_gradient(scores, came):
    return softmax(scores) - np.eye(len(scores))[came]


def plain_log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def plain_gradient(scores, came):
    return np.exp(scores) / np.exp(scores).sum() - np.eye(len(scores))[came]


def changes_the_scores(scores, came):
    scores -= scores.max()
    return score_gradient(scores, came)


def only_target(scores, came):
    return score_gradient(scores, came) * np.eye(len(scores))[came]


def squared_error(scores, came):
    p = softmax(scores)
    return score_gradient(scores, came) * p * (1 - p)


def shifted_by_the_tables_largest(scores):
    return plain_log_softmax(scores - scores.max() + 1)


def softmax_of_lists(scores):
    """Right as well, without NumPy's help."""
    if np.ndim(scores) > 1:
        return [softmax_of_lists(row) for row in scores]
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def perplexity(probabilities):
    return np.exp(-np.mean(np.log(probabilities)))


def plain_softmax(scores, axis=-1, keepdims=True):
    return np.exp(scores) / np.exp(scores).sum(axis=axis, keepdims=keepdims)


def half_shifted(scores):
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


RIGHT = [
    ("softmax", softmax),
    ("softmax", softmax_of_lists),
    ("softmax", lambda s: softmax(s).astype("float32")),
    ("perplexity", perplexity),
    ("perplexity", lambda p: math.prod(p) ** (-1 / len(p))),
    ("log_softmax", log_softmax),
    ("log_softmax", lambda s: log_softmax(s).astype("float32").tolist()),
    ("score_gradient", score_gradient),
    ("score_gradient", lambda s, c: score_gradient(s, c).tolist()),
]
WRONG = [
    ("softmax", "shape", lambda s: np.exp(s).sum(axis=-1)),
    ("softmax", "not_kept", lambda s: plain_softmax(s, keepdims=False)),
    ("softmax", "axis", lambda s: plain_softmax(s, axis=0)),
    ("softmax", "whole", lambda s: np.exp(s) / np.exp(s).sum()),
    ("softmax", "logs", log_softmax),
    ("softmax", "one_row", lambda s: plain_softmax(s, axis=1)),
    ("softmax", "not_exponential", lambda s: s / s.sum(axis=-1, keepdims=True)),
    ("softmax", "hand_case", lambda s: np.exp2(s) / np.exp2(s).sum(axis=-1, keepdims=True)),
    ("softmax", "shift", lambda s: softmax(s * (1 if s.max() <= 2 else 2))),
    ("softmax", "overflow", plain_softmax),
    ("softmax", "clipped", lambda s: plain_softmax(np.clip(s, -700, 700))),
    ("softmax", "largest_of_all", lambda s: plain_softmax(s - s.max())),
    ("perplexity", "number", lambda p: 1 / p),
    ("perplexity", "not_exp", lambda p: -np.mean(np.log(p))),
    ("perplexity", "sum", lambda p: np.exp(-np.sum(np.log(p)))),
    ("perplexity", "sign", lambda p: np.exp(np.mean(np.log(p)))),
    ("perplexity", "bits", lambda p: 2 ** -np.mean(np.log(p))),
    ("perplexity", "arithmetic", lambda p: np.mean(1 / p)),
    ("perplexity", "mean_first", lambda p: 1 / np.mean(p)),
    ("perplexity", "unequal", lambda p: 1 / np.median(p) if len(set(p)) == 1 else 1 / np.min(p)),
    ("perplexity", "hand_case", lambda p: 1.0 * len(p) + 1),
    ("log_softmax", "sign", lambda s: -log_softmax(s)),
    ("log_softmax", "half_shifted", half_shifted),
    ("log_softmax", "only_shifted", lambda s: s - s.max(axis=-1, keepdims=True)),
    ("score_gradient", "no_softmax", lambda s, c: s - np.eye(len(s))[c]),
    ("log_softmax", "shape", lambda s: np.log(np.exp(s).sum(axis=-1))),
    ("log_softmax", "probabilities", softmax),
    ("log_softmax", "axis", lambda s: s - np.log(np.exp(s).sum(axis=0))),
    ("log_softmax", "axis", lambda s: s - np.log(np.exp(s).sum())),
    ("log_softmax", "hand_case", lambda s: s - s.min(axis=-1, keepdims=True)),
    ("log_softmax", "overflow", plain_log_softmax),
    ("log_softmax", "underflow", lambda s: np.log(softmax(s))),
    ("score_gradient", "shape", lambda s, c: score_gradient(s, c)[c]),
    ("score_gradient", "changed", changes_the_scores),
    ("score_gradient", "sign", lambda s, c: -score_gradient(s, c)),
    ("score_gradient", "no_target", lambda s, c: softmax(s)),
    ("score_gradient", "only_target", only_target),
    ("score_gradient", "squared", squared_error),
    ("score_gradient", "differences", lambda s, c: score_gradient(s, 1)),
    ("score_gradient", "overflow", plain_gradient),
    ("score_gradient", "hand_case", lambda s, c: softmax(s) - 1),
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


def test_a_row_is_shifted_by_its_own_largest_score_and_not_by_the_tables():
    """With rows [1000, 999] and [3, 2] a common shift sends the second row below what exp can hold."""
    assert checks.log_softmax.result(shifted_by_the_tables_largest).status == "failed"
