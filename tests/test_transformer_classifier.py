"""The Transformer that classifies: padding takes part in nothing, order does, and every explainer can ask it."""

import numpy as np
import pytest
from keras import ops

import lmtutorial as lt
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.models.transformer_classifier import build_transformer
from lmtutorial.preprocessing import PADDING, Preprocessor

TEXTS = ["a gorgeous, moving film", "dull", "I couldn't like this long and very boring film at all"]
PRE = Preprocessor.fit(TEXTS, max_length=16)
MATRIX = np.random.default_rng(0).normal(size=(len(PRE.vocabulary), 10)).astype("float32")


@pytest.fixture(scope="module")
def keras_model():
    import keras

    keras.utils.set_random_seed(0)
    return build_transformer(MATRIX, width=8, blocks=2, heads=2, places=16, dropout=0.1)


@pytest.fixture(scope="module")
def model(keras_model) -> TextClassifier:
    return TextClassifier(keras_model, PRE)


def test_a_texts_score_does_not_depend_on_padding_nor_on_its_neighbours(keras_model):
    alone = [np.asarray(keras_model(PRE.ids([text])))[0, 0] for text in TEXTS]
    together = np.asarray(keras_model(PRE.ids(TEXTS, 16)))[:, 0]
    assert np.allclose(alone, together, atol=1e-6)
    assert len(set(np.round(alone, 4))) == 3, "models that answer the same to all would pass"


def test_it_is_read_at_a_texts_own_length(model):
    assert model.length is None and model.ids(["dull"]).shape == (1, 1)


def test_the_order_of_the_words_counts(model):
    one, other = model.scores(["a moving film", "film moving a"])[:, 0]
    assert abs(one - other) > 1e-4


def test_a_text_of_padding_alone_has_a_finite_score(keras_model):
    assert np.isfinite(np.asarray(keras_model(np.full((1, 4), PADDING)))).all()


def test_the_word_vectors_are_those_given_and_stay_unless_they_may_move(keras_model):
    assert np.array_equal(keras_model.get_layer("embedding").get_weights()[0], MATRIX)
    frozen, free = (build_transformer(MATRIX, width=4, heads=2, trainable=may) for may in (False, True))
    assert len(free.trainable_weights) == len(frozen.trainable_weights) + 1


def test_embeddings_are_scored_as_their_ids_are(model):
    ids = model.ids(TEXTS)
    assert (ids == PADDING).any()
    assert np.allclose(model.predict_embeddings(model.embed(ids), ids), model.predict_ids(ids), atol=1e-5)
    moved = model.predict_embeddings(ops.multiply(model.embed(ids), 2.0), ids)
    assert np.abs(np.asarray(moved) - model.predict_ids(ids)).max() > 1e-4


@pytest.mark.parametrize("method", ["integrated_gradients", "partition_shap"])
def test_scores_add_up_to_what_the_text_does_to_the_answer(model, method):
    e = lt.explain(model, TEXTS[0], method)
    assert abs(e.completeness_gap) < 0.01 * max(abs(e.output - e.baseline_output), 0.1)


def test_what_is_saved_answers_the_same_when_it_is_read_again(model, tmp_path):
    model.save(tmp_path)
    assert np.allclose(TextClassifier.load(tmp_path).scores(TEXTS), model.scores(TEXTS), atol=1e-6)


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="a width of 10 cannot be split into 4 heads"):
        build_transformer(MATRIX, width=10, heads=4)
    with pytest.raises(ValueError, match="a width of 0"):
        build_transformer(MATRIX, width=0)
