"""Explanations as values: side by side, as JSON, as shap's; agreement of methods and with people."""

import json

import numpy as np
import pytest
from games import additive_game, random_game, text_of

import lmtutorial as lt
from lmtutorial.explainers.agreement import noise_ceiling, rank_correlation, rated_words, top_overlap

TEXT = "A gorgeous, moving film; it's <b>never</b> dull."


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


def test_methods_of_one_comparison_share_their_questions():
    model = additive_game([1.0, -2.0, 0.5, 0.0])
    comparison = lt.compare(model, text_of(4), methods=["occlusion", "exact_shapley", "kernel_shap"])
    assert model.rows_seen == 16
    assert np.allclose(comparison.scores, np.array([[1, -2, 0.5, 0]] * 3).T, atol=1e-9)
    assert np.allclose(comparison.agreement().to_numpy(), 1) and np.allclose(comparison.agreement(k=2).to_numpy(), 1)


def test_a_comparison_shows_each_methods_own_numbers(model):
    comparison = lt.compare(model, TEXT, methods={"occlusion": {}, "lime": {"seed": 3}})
    assert list(comparison) == ["occlusion", "lime"] and comparison["lime"].settings["seed"] == 3
    table = comparison.table()
    assert table.index.tolist() == comparison.tokens
    assert np.array_equal(table["occlusion"], lt.explain(model, TEXT).scores)
    page = comparison._repr_html_()
    assert "<script" not in page and page.count("<tr>") == len(comparison.tokens) + 1
    assert all(lt.render.number(score) in page for score in comparison.scores.ravel())
    assert "gorgeous" in repr(comparison)


def test_words_typed_into_a_review_are_text_in_the_table():
    page = lt.compare(additive_game([1.0, 2.0]), "<img onerror=x>", methods=["occlusion"])._repr_html_()
    assert "<img" not in page and "&lt;img" in page


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: lt.compare(m, "fine", methods=[]), "nothing to compare"),
        (lambda m: lt.compare(m, "fine", methods=["occlusion", "shapp"]), "no method 'shapp'"),
        (lambda m: lt.compare("m", "fine"), "str is no TextModel"),
        (lambda m: lt.compare(m, ""), "the text is empty"),
    ],
)
def test_bad_comparisons_are_refused(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)


def test_explanations_of_different_texts_are_not_compared(model):
    from lmtutorial.explainers.comparison import Comparison

    with pytest.raises(ValueError, match="explains 'positive' of 'a dull film'"):
        Comparison({"one": lt.explain(model, "a fine film"), "two": lt.explain(model, "a dull film")})


@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients", "lime", "kernel_shap"])
def test_an_explanation_survives_json(model, method):
    e = lt.explain(model, TEXT, method=method)
    back = lt.Explanation.from_dict(json.loads(json.dumps(e.to_dict(), allow_nan=False)))
    assert back.to_dict() == e.to_dict() and np.array_equal(back.scores, e.scores)
    assert back._repr_html_() == e._repr_html_() and back.completeness_gap == e.completeness_gap
    assert back.spans == e.spans and type(back.scores) is type(e.scores)


@pytest.mark.parametrize("bad", [{}, {"text": "a"}, None, {"colour": 1}])
def test_a_dict_that_is_no_explanation_says_what_is_missing(bad):
    with pytest.raises(ValueError, match="missing are .*'scores'"):
        lt.Explanation.from_dict(bad)


def test_shaps_explanation_holds_the_same_numbers_and_the_whole_text(model):
    e = lt.explain(model, TEXT, method="kernel_shap")
    theirs = e.to_shap()
    assert np.array_equal(theirs.values, e.scores) and float(theirs.base_values) == e.baseline_output
    assert "".join(theirs.data) == TEXT and list(theirs.feature_names) == e.tokens
    assert float(theirs.base_values + theirs.values.sum()) == pytest.approx(e.output, abs=1e-6)


def test_ranks_not_scales_decide_agreement():
    a = np.array([0.1, -3.0, 2.0, 0.4])
    assert rank_correlation(a, np.exp(a)) == 1 and rank_correlation(a, -a) == -1
    assert np.isnan(rank_correlation(a, np.ones(4)))
    # ties share their rank: by hand, ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4)
    assert rank_correlation(np.array([0, 1, 1, 2]), np.arange(4)) == pytest.approx(0.9486832980505138, abs=1e-9)


def test_the_top_words_are_those_of_largest_absolute_score():
    a, b = np.array([5.0, -4, 0, 1]), np.array([0.0, -4, 5, 1])
    assert top_overlap(a, b, 1) == 0 and top_overlap(a, b, 2) == 0.5 and top_overlap(a, b, 10) == 1
    with pytest.raises(ValueError, match="k=0"):
        top_overlap(a, b, 0)
    with pytest.raises(ValueError, match="one length"):
        rank_correlation(a, b[:2])


def test_rated_words_are_found_with_their_ratings_however_they_are_spelt():
    lexicon = lt.load_lexicon()
    rated = rated_words([lt.explain(random_game(4), "GREAT the xyzzy horrible")], lexicon)
    assert rated["word"].tolist() == ["great", "horrible"]
    assert rated["valence"].tolist() == [3.1, -2.5] and rated["text"].tolist() == [0, 0]


def test_the_noise_ceiling_is_one_for_raters_who_agree_and_low_for_random_ones():
    import pandas as pd

    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(300)]
    same = [tuple([int(r)] * 10) for r in rng.integers(-4, 5, 300)]
    noise = [tuple(int(r) for r in rng.integers(-4, 5, 10)) for _ in words]
    assert noise_ceiling(words, pd.DataFrame({"word": words, "ratings": same})) == pytest.approx(1)
    # ten raters who share nothing have a reliability near 0; its root is below one half with 300 words
    low = pd.DataFrame({"word": words, "ratings": noise})
    assert noise_ceiling(words, low) < 0.5
    lexicon = lt.load_lexicon()
    assert 0.9 < noise_ceiling(lexicon["word"].str.lower().tolist()[:2000], lexicon, splits=20) < 1
