"""Intervals over seeds and sentences, and how a figure goes with size: closed forms and laws."""

import numpy as np
import pytest

from lmtutorial.explainers.uncertainty import (
    chance_of_order,
    interval,
    per_tenfold,
    rank_with_size,
    redrawn_means,
    redraws,
)

RNG = np.random.default_rng(0)
FAMILIES = ["a"] * 3 + ["b"] * 3
WEIGHTS = [5_000, 40_000, 200_000, 6_000, 50_000, 150_000]


def spread(values: np.ndarray) -> float:
    """Standard deviation of the redrawn mean of one model's (seeds, sentences)."""
    return redrawn_means(values[None], redraws(1, *values.shape, rounds=4000)).std()


def test_a_redrawn_mean_is_the_mean_of_the_rows_and_columns_that_were_drawn():
    values, drawn = RNG.normal(size=(2, 3, 7)), redraws(2, 3, 7, rounds=5)
    found = redrawn_means(values, drawn)
    for r, (seeds, sentences) in enumerate(zip(*drawn, strict=True)):
        assert np.allclose(found[r], [values[m][seeds[m]][:, sentences].mean() for m in range(2)])


def test_values_that_are_missing_are_left_out():
    values = np.ones((1, 2, 9))
    values[0, :, 1] = values[0, 0, 2] = np.nan
    assert np.allclose(redrawn_means(values, redraws(1, 2, 9, rounds=50)), 1)
    nothing = np.zeros((1, 1, 2), int), np.ones((1, 9), int)  # a draw of the second sentence alone
    assert np.isnan(redrawn_means(values, nothing)).all()


def test_where_only_the_seeds_differ_more_sentences_make_nothing_surer():
    seeds = RNG.normal(size=(5, 1))
    few, many = (spread(np.repeat(seeds, n, axis=1)) for n in (10, 1000))
    assert few == pytest.approx(seeds.std() / np.sqrt(5), rel=0.05) and many == pytest.approx(few, rel=0.05)


def test_where_only_the_sentences_differ_more_seeds_make_nothing_surer():
    sentences = RNG.normal(size=(1, 60))
    one, many = (spread(np.repeat(sentences, n, axis=0)) for n in (1, 20))
    assert one == pytest.approx(sentences.std() / np.sqrt(60), rel=0.05) and many == pytest.approx(one, rel=0.05)


def test_all_models_are_asked_the_same_sentences():
    both = np.repeat(RNG.normal(size=(1, 1, 50)), 2, axis=0)  # two models that differ in nothing
    means = redrawn_means(both, redraws(2, 1, 50))
    assert np.allclose(means[:, 0], means[:, 1]) and means[:, 0].std() > 0


def test_an_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for trial in range(200):
        random = np.random.default_rng(trial)
        values = random.normal(size=(8, 1)) + random.normal(size=(1, 60)) + random.normal(size=(8, 60))
        found = interval(values.mean(), redrawn_means(values[None], redraws(1, 8, 60, rounds=400))[:, 0])
        held += found["low"] < 0 < found["high"]
    assert 0.86 < held / 200 < 0.99  # eight seeds make a percentile interval a little too narrow


def test_the_slope_is_that_within_the_families():
    size = np.log10(WEIGHTS)
    level = np.array([0, 0, 0, 7, 7, 7])
    assert per_tenfold(WEIGHTS, FAMILIES, 2 * size + level) == pytest.approx(2)
    assert per_tenfold(WEIGHTS, FAMILIES, level) == pytest.approx(0)
    assert np.allclose(per_tenfold(WEIGHTS, FAMILIES, np.stack([size, -size])), [1, -1])


def test_the_rank_correlation_with_size_asks_for_order_alone():
    assert rank_with_size(WEIGHTS, np.log(WEIGHTS)) == pytest.approx(1)
    assert np.allclose(rank_with_size([1, 2, 3], np.array([[9.0, 5, 1], [1, 100, 101], [2, 1, 3]])), [-1, 1, 0.5])
    assert np.isnan(rank_with_size([1, 2, 3], np.ones(3)))


@pytest.mark.parametrize("models, chance", [(3, 1 / 3), (4, 1 / 12), (6, 1 / 360)])
def test_a_perfect_order_comes_up_by_chance_in_two_of_all_orders(models, chance):
    up = np.arange(models)
    assert chance_of_order(up + 1, up) == chance_of_order(up + 1, -up) == pytest.approx(chance)


def test_any_order_is_as_strong_as_none():
    assert chance_of_order([1, 2, 3], [2.0, 3.0, 1.0]) == 1


def test_too_many_orders_are_not_counted():
    with pytest.raises(ValueError, match="9 models have 362,880 orders"):
        chance_of_order(range(1, 10), range(9))
