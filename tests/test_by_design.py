"""What a readable model says of itself: nothing left over, nothing made up."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.explainers import MaskedText
from lmtutorial.explainers.by_design import counts_scores, explain_counts, explain_lexicon
from lmtutorial.explainers.occlusion import occlusion
from lmtutorial.models.baselines import CountsClassifier, LexiconRule, counts_model, words_of

GRID = [(ngrams, weighting) for ngrams in ((1, 1), (1, 2), (2, 3)) for weighting in ("counts", "presence", "tfidf")]


@pytest.fixture(scope="module")
def reviews():
    rows = lt.load_reviews().dropna(subset="label")
    return rows[rows["split"] == "train"].sample(600, random_state=0), rows[rows["split"] == "validation"].head(150)


def trained(reviews, ngrams=(1, 1), weighting="counts"):
    return CountsClassifier(counts_model(ngrams, weighting).fit(reviews[0]["text"], reviews[0]["label"].to_numpy(int)))


def shapley(game) -> np.ndarray:
    """Over all coalitions, as the formula stands: mean over sizes of the mean gain of a player."""
    players = range(len(game))
    values = np.zeros(len(game))
    for player in players:
        others = [p for p in players if p != player]
        for size in range(len(game)):
            share = factorial(size) * factorial(len(game) - size - 1) / factorial(len(game))
            for coalition in combinations(others, size):
                without = np.isin(players, coalition)
                gain = game((without | np.isin(players, [player]))[None]) - game(without[None])
                values[player] += share * gain[0]
    return values


@pytest.mark.parametrize("setting", GRID)
def test_the_scores_add_up_to_what_the_model_says(reviews, setting):
    model = trained(reviews, *setting)
    for text in reviews[1]["text"]:
        e = explain_counts(model, text)
        # a sum of at most some hundred float64 terms of size 1, in another order
        assert abs(e.completeness_gap) < 1e-12
        assert e.diagnostics["probability"] == pytest.approx(model.predict([text])[0], abs=1e-12)
        assert e.baseline_output == model.intercept and e.tokens == model.encode(text).words


def test_single_words_get_their_weight_times_their_value(reviews):
    model = trained(reviews, (1, 1), "tfidf")
    vectorizer, regression = model.vectorizer, model.regression
    text = "A film of good, good fun"
    value = dict(zip(vectorizer.get_feature_names_out(), vectorizer.transform([text]).toarray()[0], strict=True))
    expected = {w: value[w] * regression.coef_[0, vectorizer.vocabulary_[w]] for w in ("a", "film", "of", "fun")}
    e = explain_counts(model, text)
    assert dict(zip(e.tokens, e.scores, strict=True)) == pytest.approx(
        {
            "A": expected["a"],
            "film": expected["film"],
            "of": expected["of"],
            "good": value["good"] * model.weights["good"] / 2,  # stands twice: half each
            "fun": expected["fun"],
        },
        abs=1e-12,  # the same products
    )


def test_a_pair_gives_half_to_each_of_its_words():
    model = CountsClassifier(counts_model((2, 2), "counts").fit(["not good", "very good"] * 4, [0, 1] * 4))
    weight = model.weights["not good"]
    assert counts_scores(model, "Not good, I said: not good") == pytest.approx(
        [weight / 2, weight / 2, 0, 0, weight / 2, weight / 2]
    )


def test_equal_parts_are_the_shapley_values_of_counted_ngrams(reviews):
    model = trained(reviews, (1, 3), "counts")
    text = "it is not a good film, not a good"
    expected = shapley(MaskedText(model, text))
    # float64 sums over 2^9 coalitions
    assert counts_scores(model, text) == pytest.approx(expected, abs=1e-10)
    assert np.abs(expected).max() > 0.1


def test_without_pairs_and_norms_a_weight_is_also_what_goes_with_the_word(reviews):
    model = trained(reviews, (1, 1), "counts")
    for text in reviews[1]["text"][:30]:
        assert occlusion(MaskedText(model, text)).scores == pytest.approx(counts_scores(model, text), abs=1e-10)


SHAPLEY = ["exact_shapley", "kernel_shap", "permutation_shap", "partition_shap"]


@pytest.mark.parametrize(
    ("method", "settings"), [*((name, {}) for name in ("occlusion", *SHAPLEY)), ("lime", {"alpha": 1e-9})]
)
def test_every_explainer_finds_the_weights_of_a_model_that_only_adds(reviews, method, settings):
    model = trained(reviews, (1, 1), "counts")
    for text in [text for text in reviews[1]["text"] if 5 <= len(words_of(text)) <= 12][:5]:
        # float64 throughout; the regressions solve systems of up to 12 unknowns, LIME's with a ridge of 1e-9
        assert lt.explain(model, text, method, **settings).scores == pytest.approx(counts_scores(model, text), abs=1e-7)


@pytest.mark.parametrize("method", ["exact_shapley", "kernel_shap"])
def test_shapley_explainers_give_each_word_of_a_pair_its_half(reviews, method):
    model = trained(reviews, (1, 2), "counts")
    text = "it is not a good film, not a good"
    assert lt.explain(model, text, method).scores == pytest.approx(counts_scores(model, text), abs=1e-7)


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient", "integrated_gradients"])
def test_gradient_methods_are_refused_and_told_why(reviews, method):
    with pytest.raises(ValueError, match="no word vectors"):
        lt.explain(trained(reviews), "a good film", method)


def test_with_tf_idf_a_word_that_goes_changes_the_value_of_the_others(reviews):
    model = trained(reviews, (1, 1), "tfidf")
    text = reviews[1]["text"].iloc[0]
    gap = np.abs(occlusion(MaskedText(model, text)).scores - counts_scores(model, text))
    assert gap.max() > 0.01


def test_a_repeated_word_is_missed_only_when_every_place_of_it_goes():
    model = CountsClassifier(counts_model((1, 1), "presence").fit(["good", "bad"] * 4, [1, 0] * 4))
    half = model.weights["good"] / 2
    assert counts_scores(model, "good good") == pytest.approx([half, half])
    assert occlusion(MaskedText(model, "good good")).scores == pytest.approx([0, 0], abs=1e-12)


def test_the_other_class_turns_every_sign(reviews):
    model = trained(reviews, (1, 2), "tfidf")
    ours, theirs = (explain_counts(model, "a good film", target=t) for t in ("positive", "negative"))
    assert np.array_equal(ours.scores, -theirs.scores) and ours.output == -theirs.output
    assert ours.diagnostics["probability"] + theirs.diagnostics["probability"] == pytest.approx(1)
    assert (ours.target, theirs.target) == ("positive", "negative")


def test_the_lexicon_rule_tells_its_sum_and_its_threshold(reviews):
    rule = LexiconRule.tune(lt.load_lexicon(), list(reviews[0]["text"]), reviews[0]["label"].to_numpy(int))
    for text in reviews[1]["text"]:
        e = explain_lexicon(rule, text)
        assert abs(e.completeness_gap) < 1e-12  # ratings have one or two digits
        assert (e.output > 0) == rule.predict([text])[0]
        assert len(e.scores) == len(words_of(text))


def test_a_negation_shows_in_the_lexicon_rules_explanation():
    e = explain_lexicon(LexiconRule({"good": 2.0}, 1.0, negation=True), "It is NOT good.")
    assert e.tokens == ["It", "is", "NOT", "good"] and e.scores.tolist() == [0, 0, 0, -2.0]
    assert (e.output, e.baseline_output, e.unit) == (-3.0, -1.0, "rating")


def test_texts_without_words_are_refused(reviews):
    model, rule = trained(reviews), LexiconRule({})
    for text, message in (("", "empty"), ("?!", "no word")):
        for call in (lambda t: explain_counts(model, t), lambda t: explain_lexicon(rule, t)):
            with pytest.raises(ValueError, match=message):
                call(text)
    with pytest.raises(ValueError, match="knows none"):
        explain_counts(model, "zyzzyva")
    with pytest.raises(ValueError, match="no class 'neutral'"):
        explain_counts(model, "a film", target="neutral")
