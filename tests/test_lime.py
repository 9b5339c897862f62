"""LIME beside its closed-form limit, its authors' code, and games whose answer is known."""

import inspect
from itertools import product

import numpy as np
import pytest
from games import SetGame, additive_game, number_of, random_game, text_of
from lime.lime_text import LimeTextExplainer

import lmtutorial as lt
from lmtutorial.explainers import MaskedText, lime_pairs, lime_sampling
from lmtutorial.explainers.lime import lime, lime_limit, word_units
from lmtutorial.explainers.lime_sampling import authors, distances, kernel, size_weights, stratified

N, WORDS = 2000, 6


def game_of(model, text=None, **settings) -> MaskedText:
    return MaskedText(model, text or text_of(model.words), **settings)


def every_mask(words: int) -> np.ndarray:
    return np.array(list(product([False, True], repeat=words)))


def limit_by_hand(model, samples: int, alpha=1.0, width=25.0) -> tuple[np.ndarray, float]:
    """Slopes and intercept of the ridge over all 2^M masks, written as one least-squares problem with extra rows."""
    m = model.words
    masks = every_mask(m)
    weights = []
    for mask in masks:
        kept = int(mask.sum())
        ways = len([1 for other in masks if other.sum() == kept])
        distance = 100 * (1 - np.sqrt(kept / m))
        weights.append((samples - 1) / (m * ways) * np.sqrt(np.exp(-(distance**2) / width**2)) if kept < m else 1.0)
    root = np.sqrt(weights)[:, None]
    design = np.concatenate([root * np.c_[np.ones(len(masks)), masks], np.sqrt(alpha) * np.eye(m + 1)[1:]])
    answers = np.concatenate([root[:, 0] * model.function(masks), np.zeros(m)])
    solved = np.linalg.lstsq(design, answers, rcond=None)[0]
    return solved[1:], solved[0]


def scores_over_seeds(model, seeds: int, **settings) -> np.ndarray:
    return np.array([lime(game_of(model), seed=seed, **settings).scores for seed in range(seeds)])


def assert_mean_within_four_standard_errors(scores: np.ndarray, expected: np.ndarray):
    error = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
    assert error.min() > 0
    # one of 6 words beyond 4 standard errors by chance: less than once in 400 with 30 seeds (Student's t)
    assert np.all(np.abs(scores.mean(axis=0) - expected) < 4 * error)


# The steps


def test_the_kernel_weighs_a_half_kept_text_half_and_one_word_of_ten_hardly_at_all():
    masks = np.zeros((4, 10), bool)
    masks[0], masks[1, :5], masks[2, 0] = True, True, True
    # what the authors' code gives, to two figures
    assert kernel(distances(masks)) == pytest.approx([1, 0.503, 0.024, 3.4e-4], rel=0.02)


def test_the_authors_sample_starts_with_the_text_and_removes_one_to_all_words_equally_often():
    masks, weights, share = authors(np.random.default_rng(0), 5, 20_001)
    assert masks[0].all() and weights[0] == 1 and share[0] == 1 and not share[1:].any()
    removed = np.bincount((~masks[1:]).sum(axis=1), minlength=6)
    assert removed[0] == 0
    # 4000 expected of each, standard deviation 57: four of them
    assert np.all(np.abs(removed[1:] - 4000) < 4 * 57)
    # a word goes with probability (1 + 2 + … + 5) / 25 = .6, standard error .0035
    assert np.all(np.abs((~masks[1:]).mean(axis=0) - 0.6) < 4 * 0.0035)


def test_every_variant_of_a_size_is_drawn_equally_often():
    masks = lime_sampling.draw_masks(np.random.default_rng(0), 5, np.full(10_000, 2))
    counts = np.unique(number_of(masks), return_counts=True)[1]
    # 1000 expected of each of the 10, standard deviation 30
    assert len(counts) == 10 and np.all(np.abs(counts - 1000) < 4 * 30)


def test_masks_are_drawn_in_pieces_without_a_seam(monkeypatch):
    monkeypatch.setattr(lime_sampling, "CHUNK", 50)
    masks = lime_sampling.draw_masks(np.random.default_rng(0), 20, np.arange(1, 21))
    assert list((~masks).sum(axis=1)) == list(range(1, 21))


def test_the_weight_of_a_size_is_what_the_authors_sample_gives_it_on_average():
    masks, weights, _ = authors(np.random.default_rng(0), 6, 100_000)
    found = np.bincount(masks.sum(axis=1), weights, minlength=7)
    # 16,700 of each size, so that chance moves a size's weight by 0.8 %: four of them
    assert found == pytest.approx(size_weights(6, 100_000), rel=0.032)


@pytest.mark.parametrize("budget", [20, 60, 300, 1023])
def test_a_stratified_sample_gives_each_size_its_weight(budget):
    samples = [stratified(np.random.default_rng(seed), 10, 5000, 25.0, budget) for seed in range(400)]
    found = np.mean([np.bincount(s.masks.sum(axis=1), s.weights, minlength=11) for s in samples], axis=0)
    expected = size_weights(10, 5000)
    # exact where at least one variant is expected; else there is one in few of the 400 seeds, and the mean may be off
    # by four times its own deviation, the root of weight x weight-of-a-row / 400
    row = expected[:10].sum() / (budget - 1)
    assert np.all(np.abs(found - expected) <= 4 * np.sqrt(expected * row / 400) + 1e-9)
    assert all(abs(len(s.masks) - budget) <= 1 for s in samples)


def test_a_stratified_sample_of_all_variants_has_each_of_them_once():
    masks, weights, share = stratified(np.random.default_rng(0), 6, 5000, 25.0, 64)
    assert sorted(number_of(masks)) == list(range(64)) and np.all(share == 1)
    assert np.bincount(masks.sum(axis=1), weights) == pytest.approx(size_weights(6, 5000))


def test_merged_copies_of_a_variant_weigh_what_they_weighed_together():
    sample = authors(np.random.default_rng(0), 6, 3000)
    once = lime_sampling.merged(sample)
    assert len(once.masks) == len(np.unique(sample.masks, axis=0)) < 65
    weights = np.bincount(number_of(sample.masks), sample.weights, minlength=64)
    assert once.weights == pytest.approx(weights[number_of(once.masks)])


def test_small_sizes_are_taken_without_repetition():
    masks, _, share = stratified(np.random.default_rng(0), 12, 5000, 25.0, 400)
    kept = masks.sum(axis=1)
    small = masks[kept >= 10]  # 1 + 12 + 66 variants, fewer than their share of 400
    assert len(small) == 79 == len(np.unique(small, axis=0)) and np.all(share[kept >= 10] == 1)


def test_pairs_have_the_limit_that_summing_over_all_variants_gives():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=lime_pairs.pair_count(5))
    first, second = np.triu_indices(5, 1)
    model = SetGame(lambda z: numbers[0] + z @ numbers[1:6] + (z[:, first] & z[:, second]) @ numbers[6:], 5)
    slopes, intercept = limit_by_hand(model, N)
    line = lime_pairs.limit_of_pairs(numbers, size_weights(5, N), 1.0)
    # both solve the same equations in float64
    assert np.allclose(line.slopes, slopes, atol=1e-10) and line.intercept == pytest.approx(intercept, abs=1e-10)


# The limit


@pytest.mark.parametrize("words", [1, 2, 3, 6, 8])
def test_the_limit_is_the_weighted_ridge_over_all_variants(words):
    model = random_game(words)
    slopes, intercept = limit_by_hand(model, N)
    e = lime_limit(game_of(model), num_samples=N)
    # both solve the same equations in float64
    assert np.allclose(e.scores, slopes, atol=1e-10)
    assert e.diagnostics["intercept"] == pytest.approx(intercept, abs=1e-10)
    assert e.diagnostics["local_prediction"] == pytest.approx(intercept + slopes.sum(), abs=1e-10)
    assert not e.diagnostics["standard_error"].any()


def test_lime_is_its_limit_where_all_variants_fit_into_the_budget():
    model = random_game(WORDS)
    e = lime(game_of(model), budget=2**WORDS, num_samples=N)
    assert np.allclose(e.scores, limit_by_hand(model, N)[0], atol=1e-10)  # the same equations in float64
    assert e.diagnostics["evaluations"] == 2**WORDS and not e.diagnostics["standard_error"].any()
    assert e.diagnostics["r2"] == pytest.approx(lime_limit(game_of(model), num_samples=N).diagnostics["r2"])


@pytest.mark.parametrize("sampling", [{"sampling": "authors"}, {"budget": 30}, {"budget": 45}])
def test_the_mean_over_seeds_is_the_limit(sampling):
    model = random_game(WORDS)
    expected = limit_by_hand(model, N)[0]
    assert_mean_within_four_standard_errors(scores_over_seeds(model, 30, num_samples=N, **sampling), expected)


def limes_own(model, seed: int, samples: int) -> np.ndarray:
    """What the authors' library says, (words,) slopes, with the same masking and target."""

    def classify(texts):
        masks = np.array([[word != "UNKNOWN" for word in text.split()] for text in texts])
        answers = model.function(masks)
        return np.stack([-answers, answers], axis=1)

    explainer = LimeTextExplainer(bow=False, mask_string="UNKNOWN", feature_selection="none", random_state=seed)
    e = explainer.explain_instance(text_of(model.words), classify, num_features=model.words, num_samples=samples)
    return np.array([slope for _, slope in sorted(e.as_map()[1])])


def test_the_authors_own_code_has_the_same_limit():
    model = random_game(WORDS)
    theirs = np.array([limes_own(model, seed, N) for seed in range(30)])
    assert_mean_within_four_standard_errors(theirs, limit_by_hand(model, N)[0])
    ours = scores_over_seeds(model, 30, num_samples=N, sampling="authors")
    # and the same spread: a ratio of two deviations from 30 seeds lies in (.6, 1.7) 99 times in 100, here their mean
    assert 0.6 < (ours.std(axis=0) / theirs.std(axis=0)).mean() < 1.7


def test_the_fit_is_the_authors_fit_to_the_same_samples():
    from lime.lime_base import LimeBase

    model = random_game(WORDS)
    sample = authors(np.random.default_rng(0), WORDS, 300)
    answers = model.function(sample.masks)
    base = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 25**2)), random_state=0)
    intercept, slopes, r2, local = base.explain_instance_with_data(
        sample.masks.astype(float), answers[:, None], distances(sample.masks), 0, WORDS, "none"
    )
    e = lime(game_of(model), num_samples=300, sampling="authors", seed=0)
    # the same samples and the same ridge; scikit-learn and numpy solve it by different routes
    assert np.allclose(e.scores, [slope for _, slope in sorted(slopes)], atol=1e-10)
    ours = [e.diagnostics[key] for key in ("intercept", "r2", "local_prediction")]
    assert ours == pytest.approx([intercept, r2, float(local[0])], abs=1e-10)


# What it says


def test_an_additive_game_is_told_but_for_the_shrinkage():
    weights = np.array([3.0, -2.0, 0.0, 1.0, 0.5, -0.1])
    e = lime(game_of(additive_game(weights)), alpha=1e-9)
    # no chance is left in it, and nearly no ridge
    assert np.allclose(e.scores, weights, atol=1e-6) and e.diagnostics["r2"] == pytest.approx(1)
    shrunk = lime(game_of(additive_game(weights)))
    assert np.all(np.abs(shrunk.scores[:2]) < np.abs(weights[:2]))
    assert np.all(np.abs(lime(game_of(additive_game(weights)), num_samples=100).scores[:2]) < np.abs(shrunk.scores[:2]))


@pytest.mark.parametrize("settings", [{"sampling": "authors"}, {"budget": 100}, {"budget": 400}])
def test_the_standard_error_foresees_the_spread_over_seeds(settings):
    rng = np.random.default_rng(0)
    table = rng.normal(size=2**9)
    model = SetGame(lambda z: 0.3 * table[number_of(z)] + z @ np.arange(9) + 2 * (z[:, 0] & z[:, 4]), 9)
    told = [lime(game_of(model), seed=s, num_samples=N, **settings) for s in range(40)]
    spread = np.std([e.scores for e in told], axis=0, ddof=1)
    foreseen = np.mean([e.diagnostics["standard_error"] for e in told], axis=0)
    # a deviation from 40 seeds is right to 11 %, the mean over 9 words to about 5 %; the estimate leans to caution
    assert 0.8 < (foreseen / spread).mean() < 1.35


def test_strata_and_pairs_leave_less_to_chance_than_as_many_samples_of_the_authors():
    pairs = np.random.default_rng(1).normal(size=(10, 10))
    model = SetGame(lambda z: np.tanh(np.einsum("si,ij,sj->s", z, pairs, z) / 3), 10)
    limit = lime_limit(game_of(model), num_samples=N).scores

    def error(**settings):
        scores = [lime(game_of(model), seed=seed, num_samples=N, **settings).scores for seed in range(10)]
        return np.sqrt(np.mean((scores - limit) ** 2))

    # the authors ask for 870 distinct variants here; a third of these, chosen with care, do better
    assert error(budget=300) < error(sampling="authors")


@pytest.mark.parametrize("words", [8, 13])  # the imitation is bent for the first, and straight for the second
def test_an_imitation_of_probabilities_aims_at_the_same_line(words):
    pairs = np.random.default_rng(2).normal(size=(words, words))
    model = SetGame(lambda z: 4 * np.tanh(np.einsum("si,ij,sj->s", z, pairs, z) / 6) + z[:, 0], words)
    limit = lime_limit(game_of(model, output="probability"), num_samples=N).scores
    runs = [lime(game_of(model, output="probability"), num_samples=N, budget=120, seed=s) for s in range(30)]
    spread = np.std([run.scores for run in runs], axis=0, ddof=1)
    # what is left of the imitation's own fit is a bias far below the spread; its mean over 30 seeds has a fifth of that
    assert np.all(np.abs(np.mean([run.scores for run in runs], axis=0) - limit) < 1.2 * spread)
    foreseen = np.mean([run.diagnostics["standard_error"] for run in runs], axis=0)
    assert 0.75 < (foreseen / spread).mean() < 1.4  # as for logits, from fewer seeds


def test_words_that_the_model_does_not_read_score_next_to_nothing():
    model = SetGame(lambda z: 1.0 * z[:, 1], 10)
    e = lime(game_of(model), budget=200)
    assert e.top(1)[0][0] == "w1" and np.all(np.abs(np.delete(e.scores, 1)) < 0.01)


def test_a_seed_makes_the_answer_and_another_seed_another():
    model = random_game(8)
    for settings in ({"sampling": "authors"}, {"budget": 100}):
        first, same, other = (lime(game_of(model), seed=seed, **settings).scores for seed in (3, 3, 4))
        assert np.array_equal(first, same) and not np.allclose(first, other)


def test_a_game_played_before_changes_nothing_and_is_not_asked_again():
    model = random_game(8)
    game = game_of(model)
    first = lime(game, seed=1).scores
    rows = model.rows_seen
    assert np.array_equal(first, lime(game, seed=1).scores) and model.rows_seen == rows


# Words and types


def test_types_take_all_occurrences_of_a_word_together():
    # the verdict falls only when both "good" are gone
    model = SetGame(lambda z: 1.0 * (z[:, 0] | z[:, 2]), 3)
    e = lime(game_of(model, "good film Good"), words="types", num_samples=N)
    two = limit_by_hand(SetGame(lambda z: 1.0 * z[:, 0], 2), N)[0]  # the same game with the types as players
    assert np.allclose(np.bincount(e.diagnostics["types"], e.scores), two[::-1], atol=1e-10)  # film, good
    assert e.scores[0] == e.scores[2] == pytest.approx(two[0] / 2)


def test_occurrences_add_up_to_the_lines_answer():
    model = random_game(5)
    for words in ("positions", "types"):
        e = lime(game_of(model, "a b a c b"), words=words)
        assert e.diagnostics["intercept"] + e.scores.sum() == pytest.approx(e.diagnostics["local_prediction"])


def test_units_are_told_apart_by_their_spelling_without_case():
    assert list(word_units(["The", "film", "the"], "types")) == [1, 0, 1]
    assert list(word_units(["The", "film", "the"], "positions")) == [0, 1, 2]


# Odd and bad input


def test_a_text_of_one_word_gets_the_shrunken_difference():
    model = SetGame(lambda z: 2.0 * z[:, 0], 1)
    nothing = 4999 * np.sqrt(np.exp(-(100**2) / 25**2))  # the weight of the empty text, that of the whole one being 1
    curvature = nothing / (nothing + 1)
    for sampling in ("stratified", "authors"):
        assert lime(game_of(model), sampling=sampling).scores == pytest.approx([2 * curvature / (curvature + 1)])


def test_a_text_of_one_repeated_type_has_one_slope():
    model = SetGame(lambda z: 2.0 * z.all(axis=1), 3)
    scores = lime(game_of(model, "good good good"), words="types").scores
    one = lime(game_of(SetGame(lambda z: 2.0 * z[:, 0], 1))).scores
    assert scores == pytest.approx(np.full(3, one[0] / 3))


def test_a_model_that_always_says_the_same_gets_zero_scores():
    e = lime(game_of(SetGame(lambda z: np.full(len(z), 0.7), 10)), budget=50)
    # what is left is rounding
    assert np.allclose(e.scores, 0, atol=1e-9) and e.diagnostics["local_prediction"] == pytest.approx(0.7)


@pytest.mark.parametrize("sampling", ["authors", "stratified"])
def test_a_kernel_that_sees_nothing_but_the_text_itself_gives_zeros(sampling):
    e = lime(game_of(random_game(5)), kernel_width=0.01, sampling=sampling)
    assert np.allclose(e.scores, 0, atol=1e-9) and np.isfinite(e.diagnostics["standard_error"]).all()


@pytest.mark.parametrize(
    ("settings", "quoted"),
    [
        ({"num_samples": 5}, "num_samples must be a whole number of at least 7 for 6 words, got 5"),
        ({"num_samples": 50.5}, "50.5"),
        ({"budget": 3}, "budget .* got 3"),
        ({"sampling": "author"}, "'author'"),
        ({"sampling": "authors", "budget": 100}, "budget=100"),
        ({"words": "type"}, "'type'"),
        ({"kernel_width": 0}, "kernel_width"),
        ({"alpha": 0}, "alpha"),
        ({"kernel_width": float("nan")}, "nan"),
        ({"num_samples": 10**8}, "too many"),
    ],
)
def test_settings_that_make_no_sense_are_quoted(settings, quoted):
    with pytest.raises(ValueError, match=quoted):
        lime(game_of(random_game(WORDS)), **settings)


def test_the_limit_of_a_long_text_is_refused():
    with pytest.raises(ValueError, match="at most 16 words"):
        lime_limit(game_of(random_game(17)))


def test_a_very_long_text_is_refused_before_the_model_is_asked():
    model = additive_game(np.ones(10_000))
    with pytest.raises(ValueError, match="at least 10001 for 10000 words"):
        lime(game_of(model))
    with pytest.raises(ValueError, match="too many to fit in memory"):
        lime(game_of(model), num_samples=10_001)
    assert model.rows_seen == 0


def test_four_hundred_words_are_explained():
    weights = np.random.default_rng(0).normal(size=400)
    e = lime(game_of(additive_game(weights)), num_samples=2000, alpha=1e-6)
    # an additive game is told exactly by any sample that tells the words apart
    assert np.allclose(e.scores, weights, atol=1e-4)


def test_all_settings_are_in_the_explanation():
    e = lime(game_of(random_game(4)), num_samples=100, seed=7)
    names = [name for name in inspect.signature(lime).parameters if name != "game"]
    assert set(names) <= set(e.settings) and e.settings["seed"] == 7
    again = lime(game_of(random_game(4)), **{name: e.settings[name] for name in names})
    assert np.array_equal(again.scores, e.scores)


def test_the_shipped_classifier_is_explained_and_in_probability_too():
    model = lt.load_model("reviews-lstm")
    for output in ("logit", "probability"):
        e = lt.explain(model, "a gorgeous, moving film", method="lime", output=output)
        assert e.unit == output and e.top(1)[0][0] == "gorgeous" and e.completeness_gap is None
        assert e.diagnostics["evaluations"] == 16
