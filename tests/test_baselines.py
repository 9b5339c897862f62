"""What every network has to beat."""

import numpy as np
import pandas as pd
import pytest

import lmtutorial as lt
from lmtutorial.models.baselines import LexiconRule, counts_model, tune_counts, words_of

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
