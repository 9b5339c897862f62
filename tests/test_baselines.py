"""What every network has to beat."""

import numpy as np
import pandas as pd
import pytest

import lmtutorial as lt
from lmtutorial.explainers import MaskedText
from lmtutorial.models.baselines import (
    CountsClassifier,
    LexiconRule,
    counts_model,
    sparse_regression,
    tune_counts,
    words_of,
)
from lmtutorial.models.text_model import sigmoid

LEXICON = pd.DataFrame({"word": ["Good", "bad", "great"], "valence": [1.9, -2.5, 3.1]})


def test_the_lexicon_rule_adds_up_what_people_said():
    rule = LexiconRule({"good": 1.9, "bad": -2.5})
    assert rule.sums(["A good, GOOD film", "good but bad", "film"]) == pytest.approx([3.8, -0.6, 0.0])
    assert rule.predict(["A good film", "good but bad", "film"]).tolist() == [1.0, 0.0, 0.0]


def test_a_negation_turns_the_next_three_words():
    rule = LexiconRule({"good": 2.0}, negation=True)
    assert rule.scores(words_of("It isn't very good")) == [0, 0, 0, 0, -2.0]
    assert rule.scores(words_of("Not one two three good")) == [0, 0, 0, 0, 2.0]


def test_threshold_and_negation_are_chosen_on_the_given_texts():
    texts = ["not good", "not great", "good", "great", "bad"]
    rule = LexiconRule.tune(LEXICON, texts, np.array([0, 0, 1, 1, 0]))
    assert rule.negation and np.array_equal(rule.predict(texts), [0, 0, 1, 1, 0])


def test_word_pairs_catch_what_words_cannot():
    texts, labels = ["not good", "good not bad", "bad not good", "not bad"] * 5, np.array([0, 1, 0, 1] * 5)
    assert counts_model((1, 2), C=10.0).fit(texts, labels).score(texts, labels) == 1.0


def test_tuning_reports_the_whole_grid_and_returns_its_best():
    reviews = lt.load_reviews().dropna(subset="label")
    rows = {
        split: (list(part["text"][:300]), part["label"][:300].to_numpy(int)) for split, part in reviews.groupby("split")
    }
    grid = {"ngrams": [(1, 1), (1, 2)], "weighting": ["presence", "tfidf"], "min_count": [1], "C": [0.1, 1.0]}
    model, table = tune_counts(rows["train"], rows["validation"], grid)
    assert len(table) == 8 and table["accuracy"].is_monotonic_decreasing
    texts, labels = rows["validation"]
    assert np.mean(model.predict(texts) == labels) == pytest.approx(table["accuracy"][0])
    best = table.iloc[0]
    again = counts_model(best["ngrams"], best["weighting"], int(best["min_count"]), best["C"]).fit(*rows["train"])
    assert np.array_equal(again.predict(texts), model.predict(texts))


def test_a_sparse_regression_keeps_only_what_decides_and_keeps_fewer_under_a_stronger_penalty():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 40))
    y = (x[:, 0] - x[:, 1] + 0.1 * random.normal(size=300) > 0).astype(int)
    kept = [set(np.flatnonzero(sparse_regression(C).fit(x, y).coef_[0])) for C in (1e-4, 0.02, 10.0)]
    assert kept[0] == set() and kept[1] == {0, 1} and len(kept[2]) > 10


TEXTS = ["not a good film", "a good bad film, good!", "bad, bad film", "not bad at all", "a bore", "good fun"] * 3
LABELS = np.array([0, 1, 0, 1, 0, 1] * 3)
SETTINGS = [(ngrams, weighting) for ngrams in ((1, 1), (1, 2), (2, 3)) for weighting in ("counts", "presence", "tfidf")]


def fitted(ngrams=(1, 2), weighting="counts"):
    return counts_model(ngrams, weighting, C=10.0).fit(TEXTS, LABELS)


@pytest.mark.parametrize("setting", SETTINGS)
def test_behind_the_seam_the_regression_answers_as_before(setting):
    pipeline = fitted(*setting)
    model = CountsClassifier(pipeline)
    texts = [*TEXTS[:6], "Good film, GOOD film", "not a bore, but bad"]
    # exactly the same products and sums, in the same order
    assert np.array_equal(model.predict(texts), sigmoid(pipeline.decision_function(texts)))
    assert all(model.predict_ids(model.encode(t).ids[None]) == pipeline.decision_function([t])[0] for t in texts)


def test_with_a_word_go_the_pairs_that_it_stood_in_and_no_new_pair_is_made():
    model = CountsClassifier(fitted())
    game = MaskedText(model, "not a good film")
    w = model.weights
    got = game(np.array([[True, False, True, True], [True, True, True, True]]))
    # the intercept and the weights are added in another order: rounding only
    assert got[0] == pytest.approx(model.intercept + w["not"] + w["good"] + w["film"] + w["good film"], abs=1e-12)
    assert got[1] - got[0] == pytest.approx(w["a"] + w["not a"] + w["a good"], abs=1e-12)


def test_deleting_a_word_is_judging_the_shorter_text():
    model = CountsClassifier(fitted((1, 2), "tfidf"))
    game = MaskedText(model, "not a bad film", replacement="delete")
    assert sigmoid(game(np.array([[True, False, True, True]]))) == model.predict(["not bad film"])


def test_without_any_word_the_regression_says_its_intercept():
    model = CountsClassifier(fitted((1, 2), "tfidf"))
    assert MaskedText(model, "a good film").nothing() == model.intercept
    assert model.predict_ids(np.zeros((2, 5), int)).tolist() == [[model.intercept]] * 2
    assert model.predict_ids(np.zeros((0, 5), int)).shape == (0, 1)


def test_the_other_class_has_the_opposite_score():
    model = CountsClassifier(fitted(), classes=("pan", "praise"))
    ends = [MaskedText(model, "good bad film", target).whole() for target in ("pan", "praise")]
    assert ends[0] == -ends[1] != 0


def test_counts_have_no_gradient_and_say_what_to_do_instead():
    model = CountsClassifier(fitted())
    for call in (lambda: model.embed(np.ones((1, 1), int)), lambda: model.predict_embeddings(None, None)):
        with pytest.raises(ValueError, match="no word vectors.*occlusion"):
            call()


@pytest.mark.parametrize(
    ("text", "message"), [("", "empty"), ("...", "no word"), ("zyzzyva qoph", "knows none of the words")]
)
def test_a_text_that_cannot_be_explained_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        CountsClassifier(fitted()).encode(text)


def test_odd_ids_and_pipelines_without_two_labels_are_refused():
    for ids in ([[-1]], [[99]], [1, 2]):
        with pytest.raises(ValueError, match="ids must be"):
            CountsClassifier(fitted()).predict_ids(np.array(ids))
    for pipeline, classes in ((counts_model(), ("no", "yes")), (fitted(), ("no", "perhaps", "yes"))):
        with pytest.raises(ValueError, match="two labels"):
            CountsClassifier(pipeline, classes)
