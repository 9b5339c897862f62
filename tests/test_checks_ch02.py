"""Right answers to the exercises of chapter 02 pass, typical mistakes are named (two of them: test_checks.py)."""

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


RIGHT = {"log_softmax": log_softmax, "score_gradient": score_gradient}
WRONG = [
    ("log_softmax", "shape", lambda s: np.log(np.exp(s).sum(axis=-1))),
    ("log_softmax", "probabilities", softmax),
    ("log_softmax", "axis", lambda s: s - np.log(np.exp(s).sum(axis=0))),
    ("log_softmax", "axis", lambda s: s - np.log(np.exp(s).sum())),
    ("log_softmax", "hand_case", lambda s: s - s.max(axis=-1, keepdims=True)),
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
    ("score_gradient", "hand_case", lambda s, c: s - np.eye(len(s))[c]),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    result = getattr(checks, name).result(RIGHT[name])
    assert result.passed, result.message


@pytest.mark.parametrize("name", RIGHT)
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message


def test_a_row_is_shifted_by_its_own_largest_score_and_not_by_the_tables():
    """With rows [1000, 999] and [3, 2] a common shift sends the second row below what exp can hold."""
    assert checks.log_softmax.result(shifted_by_the_tables_largest).status == "failed"
