"""The recorded study of other domains: its arithmetic, and that what is stored fits together."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import lmtutorial as lt
from benchmarks import domain_fixes, domain_texts, domain_words
from benchmarks.domain_texts import AWAY, LOADERS, auc, judged, labelled, lead, resampled


@pytest.fixture(scope="module")
def study() -> dict:
    return json.loads(lt.files.path("measurements/domains.json").read_text(encoding="utf-8"))


def test_the_area_under_the_curve_is_that_of_the_library():
    random = np.random.default_rng(0)
    p, y = random.random(300).round(2), random.integers(0, 2, 300)  # with ties
    assert np.isclose(auc(p, y), roc_auc_score(y, p))


def test_a_draw_takes_whole_documents():
    documents = np.array(["a", "a", "b", "c", "c", "c"])
    for rows in resampled(documents, draws=20):
        taken = [documents[i] for i in rows]
        assert taken.count("a") % 2 == 0 and taken.count("c") % 3 == 0
        assert taken.count("a") / 2 + taken.count("b") + taken.count("c") / 3 == 3


def test_sentences_of_one_document_are_no_independent_evidence():
    random = np.random.default_rng(0)
    right = np.repeat(random.random(40) < 0.7, 10)  # ten sentences of a document are all right or all wrong
    apart = lead(right, np.zeros(400), np.arange(400))
    whole = lead(right, np.zeros(400), np.repeat(np.arange(40), 10))
    assert whole["value"] == apart["value"]
    assert whole["high"] - whole["low"] > 2 * (apart["high"] - apart["low"])  # about sqrt(10)


def test_the_mean_over_seeds_is_taken_first():
    y = np.array([1, 1, 0, 0])
    p = np.array([[0.9, 0.9, 0.1, 0.1], [0.9, 0.1, 0.9, 0.1]])
    found = judged(p, y, np.arange(4), ("accuracy",))["accuracy"]
    assert found["value"] == 0.75 and found["seeds"] == [1.0, 0.5] and found["low"] <= 0.75 <= found["high"]


def test_the_splits_of_a_domain_share_no_document():
    for domain in AWAY:
        parts = [set(labelled(domain, split)[2]) for split in ("train", "validation", "test")]
        assert not (parts[0] & parts[2] or parts[1] & parts[2])


def test_what_is_stored_is_what_the_network_says(study):
    for domain in LOADERS:
        texts, y, _ = labelled(domain, "test")
        stored, p = study["measures"][domain], domain_texts.network().predict(texts)
        assert stored["texts"] == len(texts)
        for name, measure in domain_texts.MEASURES.items():
            assert np.isclose(stored["models"]["network"][name]["value"], measure(p, y), atol=0.005), name


def test_every_figure_has_an_interval_round_it(study):
    def figures(part):
        if isinstance(part, dict):
            if {"value", "low", "high"} <= set(part):
                yield part
            for inner in part.values():
                yield from figures(inner)

    found = list(figures(study))
    assert len(found) > 150 and all(f["low"] <= f["value"] <= f["high"] for f in found)


def test_each_fix_has_five_draws(study):
    for domain in AWAY:
        parts = [f for kind in study["tuned"][domain].values() for f in kind.values()]
        for part in (*parts, study["added"][domain]["fine-tuned"]):
            assert len(part["accuracy"]["seeds"]) == 5


def test_a_tuner_starts_where_the_network_stood_and_leaves_it_there():
    """Two trainings from the same seed end at the same answers, though another one came between."""
    texts, y, _ = labelled("tweets", "train")
    part, validation = (texts[:32], y[:32]), (texts[32:96], y[32:96])
    base = domain_texts.network()
    before, tuner = base.predict(texts[:8]), domain_fixes.Tuner(base)
    answers = [tuner.train(part, validation, seed).predict(texts[:8]) for seed in (0, 1, 0)]
    assert np.allclose(answers[0], answers[2], atol=1e-6) and not np.allclose(answers[0], answers[1], atol=1e-3)
    assert np.array_equal(base.predict(texts[:8]), before) and not np.allclose(answers[0], before, atol=1e-3)


def test_more_words_change_nothing_where_there_are_none():
    base, more = domain_texts.network(), domain_fixes.with_words("products")
    assert np.allclose(base.predict(["a gorgeous film"]), more.predict(["a gorgeous film"]), atol=1e-6)
    assert "ipod" in more.preprocessor.vocabulary and "ipod" not in base.preprocessor.vocabulary


def test_turned_words_are_what_the_rule_says(study):
    rule = study["settings"]["rule"]
    for domain in AWAY:
        assert study["words"][domain]["turned"] == len(study["words"][domain]["rows"])
        for row in study["words"][domain]["rows"]:
            assert row["documents"] >= rule["documents"] and row["score"] * row["rating"] < 0
            assert min(abs(row["score_z"]), abs(row["rating_z"])) >= rule["standard_errors"]


def test_a_text_of_which_nothing_is_known_is_answered_too():
    p = domain_words.without_unknown(["zyzzyva qwxyz", "a gorgeous film"])
    assert np.isfinite(p).all() and p[1] > 0.9
