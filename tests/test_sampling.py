"""From scores to a draw."""

import numpy as np
import pytest

from lmtutorial.models.sampling import next_word_probabilities

SCORES = np.random.default_rng(0).normal(size=50) * 3


def test_without_settings_it_is_the_softmax():
    powers = np.exp(SCORES)
    assert np.allclose(next_word_probabilities(SCORES), powers / powers.sum(), atol=1e-15)
    assert np.allclose(next_word_probabilities(SCORES + 1e4), powers / powers.sum(), atol=1e-12)


@pytest.mark.parametrize("temperature", [0.01, 0.5, 2, 1e6])
def test_a_temperature_divides_the_scores(temperature):
    p = next_word_probabilities(SCORES, temperature=temperature)
    assert abs(p.sum() - 1) < 1e-12
    if temperature == 0.01:
        assert p.max() > 0.999  # nearly always the likeliest
    elif temperature == 1e6:
        assert np.ptp(p) < 1e-6  # nearly all words alike
    else:
        assert np.allclose(np.log(p[3] / p[7]), (SCORES[3] - SCORES[7]) / temperature)


def test_top_k_keeps_the_k_likeliest_in_their_proportions():
    p, plain = next_word_probabilities(SCORES, top_k=5), next_word_probabilities(SCORES)
    kept = np.argsort(-SCORES)[:5]
    assert np.count_nonzero(p) == 5 and np.allclose(p[kept], plain[kept] / plain[kept].sum())
    assert np.allclose(next_word_probabilities(SCORES, top_k=500), plain)


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9, 0.999, 1])
def test_top_p_keeps_the_fewest_words_that_reach_it(top_p):
    plain = np.sort(next_word_probabilities(SCORES))[::-1]
    kept = np.count_nonzero(next_word_probabilities(SCORES, top_p=top_p))
    assert plain[:kept].sum() >= top_p - 1e-12 and (kept == 1 or plain[: kept - 1].sum() < top_p)


def test_a_sum_that_reaches_top_p_exactly_needs_no_further_word():
    assert np.count_nonzero(next_word_probabilities(np.log([0.5, 0.25, 0.125, 0.125]), top_p=0.75)) == 2


def test_of_two_limits_the_tighter_one_counts():
    assert np.count_nonzero(next_word_probabilities(SCORES, top_k=2, top_p=0.999)) == 2


def test_a_word_that_must_not_come_does_not():
    barred = SCORES.copy()
    barred[SCORES.argmax()] = -np.inf
    p = next_word_probabilities(barred, temperature=5)
    assert p[SCORES.argmax()] == 0 and abs(p.sum() - 1) < 1e-12
