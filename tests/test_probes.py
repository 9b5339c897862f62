"""Laws of probes and their controls."""

import numpy as np
import pandas as pd
import pytest

from lmtutorial.inside import probes
from lmtutorial.inside.probes import control_labels, fit_probe, majority, split_by_sentence, split_by_sentence_and_type
from lmtutorial.inside.rated_words import places_by_row, rated_words


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def words(random):
    """1,200 occurrences of 120 word types in 300 sentences: a vector of each type, and a little of the context."""
    types, sentences = random.integers(0, 120, 1200), np.repeat(np.arange(300), 4)
    return types, sentences, random.normal(size=(120, 20))[types] + 0.1 * random.normal(size=(1200, 20))


def test_a_property_that_a_plane_cuts_is_read_without_error(random):
    x = random.normal(3, 1, (900, 5)) * [1, 10, 100, 1, 1]
    labels = (x @ [2, 0.1, -0.02, 0, 0] > 6 + 0.3 - 6).astype(int)
    split = split_by_sentence(np.arange(900))
    probe = fit_probe(x, labels, split, strengths=(1e4,))
    assert probe.accuracy(x[split == "test"], labels[split == "test"]) > 0.97


def test_the_score_is_the_log_odds_of_the_fitted_regression(random):
    from sklearn.linear_model import LogisticRegression

    x, labels = random.normal(2, 3, (200, 4)), random.integers(0, 2, 200)
    split = np.where(np.arange(200) < 100, "train", "validation")
    z = (x - x[:100].mean(axis=0)) / x[:100].std(axis=0)
    fitted = LogisticRegression(C=0.01).fit(z[:100], labels[:100])
    assert np.allclose(fit_probe(x, labels, split, strengths=(0.01,)).scores(x), fitted.decision_function(z), atol=1e-3)


def test_validation_alone_chooses_how_strongly_weights_are_held_down(random):
    """The training labels are noise but for one number; validation knows it, and holds the rest down."""
    x = random.normal(size=(260, 100))
    labels = (x[:, 0] > 0).astype(int)
    split = np.where(np.arange(260) < 60, "train", np.where(np.arange(260) < 160, "validation", "test"))
    rated = {c: fit_probe(x, labels, split, strengths=(c,)).accuracy(x[60:160], labels[60:160]) for c in (1e-3, 1e3)}
    chosen = fit_probe(x, labels, split, strengths=(1e-3, 1e3))
    assert rated[chosen.strength] == max(rated.values())


def test_test_vectors_have_no_say(random):
    x, labels = random.normal(size=(300, 6)), random.integers(0, 2, 300)
    split = split_by_sentence(np.arange(300))
    spoiled = np.where((split == "test")[:, None], 1e6, x)
    assert np.array_equal(fit_probe(x, labels, split).weights, fit_probe(spoiled, labels, split).weights)


def test_a_type_keeps_its_lot_and_as_many_types_are_ones(words, random):
    types = words[0]
    labels = (types < 24).astype(int)
    lots = control_labels(types, labels, seed=3)
    by_type = pd.Series(lots).groupby(types)
    assert (by_type.nunique() == 1).all() and by_type.first().sum() == 24
    assert not np.array_equal(lots, control_labels(types, labels, seed=4))


def test_the_control_is_learned_by_heart_where_the_type_is_in_the_vector_and_not_for_new_types(words, random):
    types, sentences, x = words
    lots = control_labels(types, (types < 60).astype(int))
    by_sentence, both = split_by_sentence(sentences), split_by_sentence_and_type(sentences, types)
    wide = np.eye(120)[types] + 0.02 * random.normal(size=(1200, 120))
    known = fit_probe(wide, lots, by_sentence).accuracy(wide[by_sentence == "test"], lots[by_sentence == "test"])
    new = fit_probe(wide, lots, both).accuracy(wide[both == "test"], lots[both == "test"])
    assert known > 0.95 and new < 0.7


def test_no_sentence_is_in_two_parts(words):
    _, sentences, _ = words
    split = split_by_sentence(sentences)
    assert pd.Series(split).groupby(sentences).nunique().max() == 1
    assert pd.Series(split).value_counts(normalize=True)["train"] == pytest.approx(0.6, abs=0.01)


def test_neither_sentence_nor_type_is_in_two_parts(words):
    types, sentences, _ = words
    split = split_by_sentence_and_type(sentences, types)
    kept = pd.DataFrame({"split": split, "type": types, "sentence": sentences})[split != ""]
    assert kept.groupby("type")["split"].nunique().max() == kept.groupby("sentence")["split"].nunique().max() == 1
    assert set(kept["split"]) == {"train", "validation", "test"} and len(kept) > 200


def test_the_floor_is_the_label_that_is_commoner_in_training():
    split = np.array(["train"] * 3 + ["test"] * 4)
    assert majority([1, 1, 0, 1, 0, 0, 0], split) == 0.25
    assert majority([0, 0, 1, 1, 0, 0, 0], split) == 0.75


def test_a_random_property_is_not_selective_and_a_real_one_is(words, random):
    """A property with a direction of its own is read off new types; noise is at the floor everywhere."""
    types, sentences, x = words
    labels = (types % 2).astype(int)
    real = x + 3.0 * np.outer(labels, np.ones(20))
    found = probes.probe_sites({"real": real, "noise": random.normal(size=x.shape)}, labels, types, sentences)
    real, noise = found.set_index("site").loc["real"], found.set_index("site").loc["noise"]
    assert real["seen"] > 0.95 and real["unseen"] > 0.95 and real["selectivity"] > 0.1
    assert abs(noise["unseen"] - 0.5) < 0.2 and abs(noise["selectivity"]) < 0.2
    assert np.allclose(found["selectivity"], found["seen"] - found["control"])


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ValueError, match="both labels"):
        fit_probe(np.eye(3), [1, 1, 1], ["train", "train", "validation"])
    with pytest.raises(ValueError, match="2 labels"):
        fit_probe(np.eye(3), [1, 0], ["train"] * 3)


def test_rated_words_are_single_pieces_inside_a_sentence_with_the_raters_sign(llm):
    from lmtutorial.corpora import load_lexicon

    rows, table = rated_words(llm)
    valence = load_lexicon().drop_duplicates("word").set_index("word")["valence"]
    assert table["word"].value_counts().max() <= 4 and table["word"].nunique() > 1000
    assert ((table["word"].map(valence) > 0) == (table["label"] == 1)).all()
    assert table["word"].map(valence).abs().min() >= 1 and table["place"].min() >= 1
    for r in table.sample(50, random_state=0).itertuples():
        assert llm.vocabulary[rows[r.row][r.place]] == " " + r.word
    kept = places_by_row(table, len(rows))
    assert sum(map(len, kept)) == len(table) and min(map(len, kept)) >= 1
