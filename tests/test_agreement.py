"""Agreement of verb and subject: the sentences, and what is measured on them."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

import lmtutorial as lt
from benchmarks import agreement
from lmtutorial.models.lstm_language_model import LSTMLanguageModel, build_lstm_lm
from lmtutorial.preprocessing import Preprocessor


@pytest.fixture(scope="module")
def rows():
    return lt.load_verb_agreement()


@pytest.fixture(scope="module")
def between(rows):
    return rows[rows["condition"] != "no noun"].reset_index(drop=True)


def test_every_form_of_a_verb_is_right_as_often_as_it_is_wrong(rows):
    assert len(rows) == 144 and rows["condition"].value_counts().tolist() == [48, 48, 48]
    assert rows.groupby(["condition", "number"]).size().tolist() == [24] * 6
    for verb in ("is", "are", "was", "were", "has", "have"):
        assert (rows["right"] == verb).sum() == (rows["wrong"] == verb).sum() == 24
    assert rows["prompt"].is_unique


def test_the_verb_agrees_with_the_subject(rows):
    plural = {"are", "were", "have"}
    assert ((rows["number"] == "plural") == rows["right"].isin(plural)).all()
    forms = rows[rows["condition"] == "no noun"].pivot(index="frame", columns="number", values="head")
    assert all(a != b and a[:4] == b[:4] for a, b in zip(forms["singular"], forms["plural"], strict=True))


def test_the_subject_is_the_second_word_and_the_other_noun_the_last(rows, between):
    assert all(
        prompt.split()[agreement.HEAD] == head for prompt, head in zip(rows["prompt"], rows["head"], strict=True)
    )
    assert all(prompt.split()[-1] == noun for prompt, noun in zip(between["prompt"], between["noun"], strict=True))
    assert (between["noun"] != "").all() and (rows.loc[rows["condition"] == "no noun", "noun"] == "").all()


def test_the_noun_in_between_has_the_number_that_the_condition_says(between):
    singular = between[(between["number"] == "singular") & (between["condition"] == "same number")].set_index("frame")
    for row in between.itertuples():
        is_singular = (row.number == "singular") == (row.condition == "same number")
        assert (row.noun == singular.loc[row.frame, "noun"]) == is_singular


def test_effects_are_found_in_a_model_that_adds_them(between):
    """log-odds of the plural verb = 0.3 + 2 (head plural) - 1.5 (noun plural), with the signs of the right verb."""
    plural = (between["number"] == "plural").to_numpy()
    noun_plural = plural ^ (between["condition"] == "other number").to_numpy()
    value = 0.3 + 2 * plural - 1.5 * noun_plural
    effect = agreement.effects(between.assign(log_odds=np.where(plural, value, -value)))
    assert np.allclose(effect["head"], 2) and np.allclose(effect["noun"], -1.5) and len(effect) == 24


def test_the_right_way_is_judged_with_everything_else_equal(rows):
    plural = (rows["number"] == "plural").to_numpy()
    value = -5 + 0.1 * plural * (rows["frame"] < 6)  # always the singular verb; six frames lean the right way
    pairs = agreement.right_ways(rows.assign(log_odds=np.where(plural, value, -value)))
    assert len(pairs) == 72 and pairs.groupby("frame").size().eq(3).all()
    assert (pairs["right"] == (pairs["frame"] < 6)).all()


def test_pointing_by_hand():
    found = agreement.pointing(np.array([0.0, 3.0, -1.0, 0.0, -4.0]))
    expected = {"first": 0.0, "first_for": 1.0, "rank": 2.0, "credit": 3 / 8, "over_noun": 1.0}
    assert found == expected
    tied = agreement.pointing(np.array([0.5, 1.0, -1.0]))
    assert tied["first"] == 0.5 and tied["rank"] == 1.5


def test_a_method_that_tells_what_changing_a_noun_does_follows_the_model(between):
    plural = (between["number"] == "plural").to_numpy()
    noun_plural = plural ^ (between["condition"] == "other number").to_numpy()
    strength = 1 + between["frame"].to_numpy() % 5
    value = -1 + strength * (2 * plural + 1.5 * noun_plural)  # of the plural verb
    sign = np.where(plural, 1, -1)
    rows = between.assign(log_odds=sign * value)
    head, noun = agreement.flips(rows).T
    assert np.allclose(head, 2 * strength)  # in favour of the right verb, whichever it is
    assert np.allclose(noun, 1.5 * strength * np.where(noun_plural == plural, 1, -1))
    perfect = [np.array([0, h, 0, 0, n]) for h, n in zip(head, noun, strict=True)]
    found = agreement.following(rows, perfect)
    assert found["mean"] == found["low"] == found["high"] == 1 and found["n"] == 192
    turned = agreement.following(rows, [-scores for scores in perfect])
    assert turned["mean"] == -1
    random = np.random.default_rng(0)
    # 192 pairs: a standard error of 0.07
    assert abs(agreement.following(rows, list(random.normal(size=(96, 5))))["mean"]) < 0.2


def test_random_scores_point_as_often_as_chance():
    random = np.random.default_rng(0)
    found = pd.DataFrame([agreement.pointing(random.normal(size=5)) for _ in range(20_000)]).mean()
    # 20,000 draws: three standard errors are 0.009 for a share and 0.03 for a rank
    assert found["first"] == pytest.approx(0.2, abs=0.009) and found["rank"] == pytest.approx(3, abs=0.03)
    assert found["credit"] == pytest.approx(0.2, abs=0.009) and found["over_noun"] == pytest.approx(0.5, abs=0.011)


def test_an_interval_is_as_wide_as_the_frames_differ():
    frames = np.repeat(np.arange(24), 4)
    alike = agreement.over_frames(np.repeat(np.arange(24) % 2, 4), frames)
    assert alike["mean"] == 0.5 and alike["n"] == 96
    # 24 independent frames, not 96 sentences: half the width is about 1.96 * 0.5 / sqrt(24) = 0.20
    assert (alike["high"] - alike["low"]) / 2 == pytest.approx(0.20, abs=0.03)
    assert agreement.over_frames([1.0, np.nan], [0, 1])["n"] == 1


def test_everything_is_measured_and_fits_into_json(rows):
    preprocessor = Preprocessor.fit([*rows["prompt"], "is are was were has have\n"], rules="language", max_tokens=None)
    keras.utils.set_random_seed(0)
    model = build_lstm_lm(len(preprocessor.vocabulary), dim=8, units=(8,))
    model.set_weights([4 * weight for weight in model.get_weights()])
    lm = LSTMLanguageModel(model, preprocessor)
    few = rows[rows["frame"] < 4].reset_index(drop=True)
    found = agreement.measure(lm, few.assign(trigram=1.0), ("occlusion", "integrated_gradients"))
    json.dumps(found, allow_nan=False)
    p = dict(lm.next_words(few["prompt"][0], top=None))
    assert found["rows"][0][3] == pytest.approx(np.log(p["is"] / p["are"]), abs=1e-3)
    right = np.mean([row[3] > 0 for row in found["rows"]])
    assert found["accuracy"]["lstm"]["all"]["mean"] == pytest.approx(right, abs=1e-4)
    assert found["accuracy"]["trigram"]["all"]["mean"] == 1
    for asked in ("contrast", "alone"):
        assert set(found["pointing"][asked]) == {"all", "same number", "other number"}
        assert set(found["pointing"][asked]["all"]) == {"occlusion", "integrated_gradients", "random"}
    # of the 16 sentences with a noun in between, 12 have five words and 4 have six
    assert found["chance"]["first"] == pytest.approx((12 / 5 + 4 / 6) / 16, abs=1e-4)
    head = found["pointing"]["contrast"]["all"]["occlusion"]["first"]["mean"]
    games = [(r.prompt, r.right, r.wrong) for r in few[few["condition"] != "no noun"].itertuples()]
    top = [np.abs(lt.explain(lm, p, target=a, contrast=b).scores).argmax() == 1 for p, a, b in games]
    assert head == pytest.approx(np.mean(top), abs=1e-4)
