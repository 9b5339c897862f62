"""What must be true of every explainer alike: what it refuses, and what it makes of odd texts."""

import keras
import numpy as np
import pytest
from games import additive_game, text_of

import lmtutorial as lt
from lmtutorial.explainers import METHODS
from lmtutorial.models.classifier import TextClassifier

NEEDS_EMBEDDINGS = [name for name, module in METHODS.items() if module == "gradients"]
LAWFUL = ["integrated_gradients", "exact_shapley", "kernel_shap", "permutation_shap", "partition_shap"]


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def broken(model):
    """The shipped model with one weight that is no number."""
    copy = keras.models.clone_model(model.keras_model)
    weights = [w.copy() for w in model.keras_model.get_weights()]
    weights[4][0, 0] = np.nan  # the kernel of lstm_2
    copy.set_weights(weights)
    return TextClassifier.from_keras(copy, model.preprocessor)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "text, target, message",
    [
        ("", None, "the text is empty"),
        (" \n", None, "the text is empty"),
        ("qwxz qqqzz", None, "knows none of the words"),
        ("?!", None, "has no word"),
        (None, None, "text number 0 is None"),
        ("a fine film", 2, "the model has no class 2"),
        ("a fine film", -1, "the model has no class -1"),
        ("a fine film", "postive", "did you mean 'positive'"),
    ],
)
def test_what_cannot_be_explained_is_told_clearly(model, method, text, target, message):
    with pytest.raises(ValueError, match=message):
        lt.explain(model, text, method=method, target=target)


@pytest.mark.parametrize("method", METHODS)
def test_weights_that_are_no_numbers_are_named(broken, method):
    with pytest.raises(ValueError, match="answers .*nan.*lstm_2"):
        lt.explain(broken, "a gorgeous, moving film", method=method)


@pytest.mark.parametrize("method", METHODS)
def test_one_word_gets_the_score_of_the_whole_text(model, method):
    e = lt.explain(model, "gorgeous!", method=method)
    assert e.tokens == ["gorgeous"] and np.isfinite(e.scores).all()
    if method in LAWFUL or method == "occlusion":
        # integrated gradients stop refining at 1 % of the difference; the others are sums of float32 answers
        tolerance = 0.01 * abs(e.output - e.baseline_output) if method == "integrated_gradients" else 1e-6
        assert e.scores[0] == pytest.approx(e.output - e.baseline_output, abs=tolerance)


@pytest.mark.parametrize("method", METHODS)
def test_a_word_that_is_repeated_is_scored_at_each_of_its_places(model, method):
    e = lt.explain(model, "good good good, good", method=method)
    assert e.tokens == ["good"] * 4 and np.isfinite(e.scores).all() and np.ptp(e.scores) > 0


@pytest.mark.parametrize("method", METHODS)
def test_emoji_markup_and_other_scripts_are_text(model, method):
    text = "a fine film 😀 <img src=x onerror=alert(1)> 好 é"
    e = lt.explain(model, text, method=method)
    assert [text[a:b] for a, b in e.spans] == e.tokens and "<img" not in e._repr_html_()


@pytest.mark.parametrize("method", LAWFUL)
def test_scores_that_obey_a_law_add_up(model, method):
    for text in ("a gorgeous, moving film", "It has all the excitement of eating oatmeal."):
        e = lt.explain(model, text, method=method)
        allowed = max(1e-3, 0.01 * abs(e.output - e.baseline_output)) if method == "integrated_gradients" else 1e-6
        assert abs(e.completeness_gap) < allowed


@pytest.mark.parametrize("method", [name for name in METHODS if name not in LAWFUL])
def test_where_no_law_holds_no_gap_is_shown(model, method):
    assert lt.explain(model, "a gorgeous, moving film", method=method).completeness_gap is None


@pytest.mark.parametrize("method", METHODS)
def test_the_other_class_of_one_sigmoid_has_the_opposite_scores(model, method):
    one, other = (lt.explain(model, "a gorgeous, moving film", method=method, target=t) for t in (0, 1))
    expected = other.scores if method == "saliency" else -other.scores
    assert np.allclose(one.scores, expected, atol=1e-5) and one.output == pytest.approx(-other.output, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_question_has_the_same_answer(model, method):
    one, other = (lt.explain(model, "a gorgeous, moving film that is never dull", method=method) for _ in range(2))
    assert np.array_equal(one.scores, other.scores)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in NEEDS_EMBEDDINGS and m != "saliency"])
def test_an_additive_model_gets_its_own_weights(method):
    weights = np.array([0.5, -1.0, 2.0, 0.0, 0.25, -0.125])
    e = lt.explain(additive_game(weights), text_of(6), method=method)
    # LIME's ridge shrinks every slope a little; nothing else here may
    assert np.allclose(e.scores, weights, atol=0.05 if method == "lime" else 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_setting_that_does_not_exist_is_named(model, method):
    with pytest.raises(ValueError, match=f"{method} has no setting 'colour'"):
        lt.explain(model, "a fine film", method=method, colour="red")
