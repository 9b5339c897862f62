"""Probabilities are held against what happened, and two numbers mend what two numbers can."""

import numpy as np
import pytest

from lmtutorial.models.calibration import (
    Recalibration,
    brier,
    error_by_chance,
    expected_calibration_error,
    reliability,
)
from lmtutorial.models.text_model import sigmoid


@pytest.fixture(scope="module")
def calibrated() -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from them."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, 20_000)
    return logits, (random.random(20_000) < sigmoid(logits)).astype(int)


def test_the_error_is_that_of_the_table_of_bins():
    p, y = np.array([0.1, 0.3, 0.9, 0.8, 1.0]), np.array([0, 1, 1, 0, 1])
    table = reliability(p, y, bins=2)
    assert table["texts"].tolist() == [2, 3] and np.allclose(table["positive"], [1 / 2, 2 / 3])
    assert np.isclose(expected_calibration_error(p, y, bins=2), 2 / 5 * (0.5 - 0.2) + 3 / 5 * (0.9 - 2 / 3))


def test_one_bin_compares_the_means():
    random = np.random.default_rng(1)
    p, y = random.random(50), random.integers(0, 2, 50)
    assert np.isclose(expected_calibration_error(p, y, bins=1), abs(p.mean() - y.mean()))


def test_a_calibrated_model_shows_the_error_of_chance_and_it_falls_with_the_texts(calibrated):
    logits, labels = calibrated
    p = sigmoid(logits)
    few, many = (
        [expected_calibration_error(p[i : i + n], labels[i : i + n]) for i in range(0, 20_000, n)] for n in (200, 2000)
    )
    assert np.isclose(np.mean(few), error_by_chance(p[:200]), atol=0.01)
    assert np.isclose(np.mean(many), error_by_chance(p[:2000]), atol=0.005)
    assert np.mean(few) > 2 * np.mean(many) > 0


def test_the_brier_score_of_a_shrug_is_a_quarter_and_honesty_is_best(calibrated):
    logits, labels = calibrated
    assert brier(np.full(4, 0.5), np.array([0, 1, 1, 1])) == 0.25
    assert brier(sigmoid(logits), labels) < min(brier(sigmoid(2 * logits), labels), brier(sigmoid(logits / 2), labels))


def test_what_was_made_too_loud_and_leaning_is_found_again(calibrated):
    logits, labels = calibrated
    found = Recalibration.fit(3 * logits - 4, labels)
    assert np.isclose(found.scale, 1 / 3, rtol=0.05) and np.isclose(found.shift, 4 / 3, atol=0.1)
    assert expected_calibration_error(found(3 * logits - 4), labels) < 0.02
    assert expected_calibration_error(sigmoid(3 * logits - 4), labels) > 0.15
    order = np.argsort(logits, kind="stable")
    assert np.all(np.diff(found(logits)[order]) >= 0), "the order of the texts stays"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: reliability([0.2], [1, 0]), "one label to a probability"),
        (lambda: reliability([], []), "one label to a probability"),
        (lambda: brier([1.2], [1]), "from 1.2 to 1.2"),
        (lambda: brier([np.nan], [1]), "lies in"),
        (lambda: reliability([0.2], [1], bins=0), "at least 1 bin"),
        (lambda: Recalibration.fit([0.1, 0.2], [1, 1]), "of both kinds"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_reason(call, says):
    with pytest.raises(ValueError, match=says):
        call()
