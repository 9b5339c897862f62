"""Cascading randomisation and sensitivity."""

import keras
import numpy as np
import pytest
from keras import layers

import lmtutorial as lt
from lmtutorial.explainers.sanity import Nudged, cascade, randomisation, sensitivity
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.preprocessing import Preprocessor

TEXTS = ["a gorgeous, moving film that is never dull", "it never made me laugh, and it is far too long"]


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def linear() -> TextClassifier:
    """The mean of the embeddings, times a vector: a gradient that is the same everywhere."""
    pre = Preprocessor.fit(TEXTS)
    keras.utils.set_random_seed(0)
    parts = [
        keras.Input((None,), dtype="int32"),
        layers.Embedding(len(pre.vocabulary), 6, mask_zero=True, embeddings_initializer="normal"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, "sigmoid"),
    ]
    return TextClassifier.from_keras(keras.Sequential(parts), pre)


def occlusion(model, text):
    return lt.explain(model, text, method="occlusion")


def test_the_cascade_goes_from_the_output_down_and_keeps_what_lies_below(model):
    before = [w.copy() for w in model.keras_model.get_weights()]
    steps = [(name, copy.keras_model.get_weights()) for name, copy in cascade(model)]
    assert [name for name, _ in steps] == ["trained", "output", "lstm_2", "lstm_1", "embedding"]
    # weights in the order of the layers: embedding 1, lstm_1 3, lstm_2 3, output 2
    kept = [9, 7, 4, 1, 0]
    for (name, weights), below in zip(steps, kept, strict=True):
        same = [np.array_equal(a, b) for a, b in zip(weights, before, strict=True)]
        assert all(same[:below]), name
        kernels = [i for i, w in enumerate(weights) if i >= below and w.ndim == 2]
        assert not any(same[i] for i in kernels), name
    assert all(np.array_equal(a, b) for a, b in zip(before, model.keras_model.get_weights(), strict=True))


def test_each_step_keeps_the_fresh_weights_of_the_step_before(model):
    steps = [copy.keras_model.get_weights() for _, copy in cascade(model, seed=3)]
    assert np.array_equal(steps[1][7], steps[4][7])  # the output's kernel, drawn once
    other = [copy.keras_model.get_weights() for _, copy in cascade(model, seed=4)]
    assert not np.array_equal(steps[1][7], other[1][7])


def test_the_cascade_leaves_the_global_random_states_alone(model):
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    next(iter(cascade(model)))
    assert np.array_equal(np.random.random(3), expected)


def test_a_method_that_looks_at_the_model_is_lost_when_the_model_is_forgotten(model):
    found = randomisation(model, TEXTS, {"occlusion": occlusion})["occlusion"]
    assert found["trained"] == {"signed": 1.0, "absolute": 1.0}
    assert abs(found["embedding"]["signed"]) < 0.6


def test_a_method_that_only_looks_at_the_text_passes_unchanged_and_is_found_out(model):
    def length_of_words(model, text):
        e = occlusion(model, text)
        lengths = np.array([len(token) for token in e.tokens], float)
        return lt.Explanation(e.text, e.spans, lengths, e.target, e.unit, 0.0, 0.0, "length")

    found = randomisation(model, TEXTS, {"length": length_of_words})["length"]
    assert all(step["signed"] == 1 for step in found.values())


def test_a_model_nudged_by_nothing_is_the_model(model):
    nudged, ids = Nudged(model), model.ids(TEXTS)
    assert np.allclose(nudged.predict_ids(ids), model.predict_ids(ids), atol=1e-5)  # another graph, same sums
    nudged.noise = np.full((ids.shape[1], 50), 0.3, np.float32)
    assert np.abs(nudged.predict_ids(ids) - model.predict_ids(ids)).max() > 1e-2


def test_the_gradient_of_a_linear_model_holds_still(linear):
    def saliency(model, text):
        return lt.explain(model, text, method="saliency")

    assert sensitivity(linear, TEXTS[0], saliency) == pytest.approx(0, abs=1e-5)
    assert sensitivity(linear, TEXTS[0], occlusion) == pytest.approx(0, abs=1e-4)  # both ends move alike


def test_a_larger_radius_moves_an_explanation_more(model):
    small, large = (sensitivity(model, TEXTS[0], occlusion, radius=r, samples=4) for r in (0.01, 0.2))
    assert 0 < small < large
    assert sensitivity(model, TEXTS[0], occlusion, samples=2) == sensitivity(model, TEXTS[0], occlusion, samples=2)
    with pytest.raises(ValueError, match="must be positive"):
        sensitivity(model, TEXTS[0], occlusion, radius=0)


def test_one_nudged_model_serves_gradients_of_many_texts_with_the_noise_of_each(model):
    def saliency(model, text):
        return lt.explain(model, text, method="saliency")

    nudged = Nudged(model)
    for text in [*TEXTS, "dull"]:
        apart = sensitivity(model, text, saliency, samples=2, radius=0.1)
        assert apart > 0, "the gradient of an LSTM moves with its embeddings"
        assert sensitivity(nudged, text, saliency, samples=2, radius=0.1) == pytest.approx(apart, rel=1e-3)  # float32
