"""The TextModel seam, answered by any Keras model with an Embedding layer."""

import zipfile

import keras
import numpy as np
import pytest
from keras import layers, ops

from lmtutorial.files import data_folder
from lmtutorial.models.classifier import TextClassifier, build_lstm, round_to_float16
from lmtutorial.models.keras_parts import NEWER
from lmtutorial.preprocessing import Preprocessor

TEXTS = [
    "a gorgeous, moving film",
    "dull",
    "I couldn't like this long and very boring film at all",
    "words that nobody knows: xyzzy",
]
PRE = Preprocessor.fit(TEXTS[:3], max_length=12)
SIZE = len(PRE.vocabulary)


def recipe(seed: int = 0) -> keras.Sequential:
    keras.utils.set_random_seed(seed)
    return build_lstm(np.random.default_rng(seed).normal(size=(SIZE, 8)).astype("float32"), units=(6, 4))


def unmasked() -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            layers.Embedding(SIZE, 8),
            layers.Conv1D(5, 3),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )


def branched() -> keras.Model:
    ids = keras.Input((None,), dtype="int32")
    e = layers.Embedding(SIZE, 8, mask_zero=True)(ids)
    both = layers.Concatenate()([layers.LSTM(4)(e), layers.GRU(4, go_backwards=True)(e)])
    return keras.Model(ids, layers.Activation("sigmoid")(layers.Dense(1)(both)))


def regression() -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(SIZE, 8, mask_zero=True),
            layers.Bidirectional(layers.LSTM(4)),
            layers.Dense(1),
        ]
    )


MODELS = {"recipe": recipe, "unmasked": unmasked, "branched": branched, "regression": regression}


@pytest.fixture(params=MODELS)
def classifier(request) -> TextClassifier:
    return TextClassifier.from_keras(MODELS[request.param](), PRE)


def test_embeddings_are_scored_as_their_ids_are_padding_included(classifier):
    ids = classifier.ids(TEXTS)
    assert (ids == 0).any(), "a batch without padding would prove nothing"
    found = np.asarray(classifier.predict_embeddings(classifier.embed(ids), ids))
    assert np.allclose(found, classifier.predict_ids(ids), atol=1e-6)


def test_embeddings_that_change_change_the_score(classifier):
    ids = classifier.ids(TEXTS)
    moved = classifier.predict_embeddings(classifier.embed(ids) * 2.0, ids)
    assert np.abs(np.asarray(moved) - classifier.predict_ids(ids)).min() > 1e-6
    assert np.allclose(
        classifier.predict_ids(ids), np.asarray(classifier.predict_embeddings(classifier.embed(ids), ids)), atol=1e-6
    )


def test_scores_are_those_of_the_keras_model_before_its_last_activation(classifier):
    ids = classifier.ids(TEXTS)
    scores, answers = classifier.predict_ids(ids), np.asarray(classifier.keras_model(ids))
    last = {"rating": lambda x: x, "logit": ops.softmax if scores.shape[1] > 1 else ops.sigmoid}[classifier.unit]
    assert np.allclose(np.asarray(last(scores)), answers, atol=1e-6)


def test_a_model_with_a_mask_reads_each_text_at_its_own_length():
    model = TextClassifier.from_keras(recipe(), PRE)
    together = model.predict_ids(model.ids(TEXTS))
    alone = np.concatenate([model.predict_ids(model.ids([text])) for text in TEXTS])
    assert model.length is None
    assert np.allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("name", ["recipe", "unmasked"])
def test_a_rows_answer_does_not_depend_on_how_many_rows_are_asked_with_it(name):
    model = TextClassifier.from_keras(MODELS[name](), PRE)
    ids = np.tile(model.ids(TEXTS), (3000, 1))  # 12,000 rows of 12 ids: several batches
    whole = model.predict_ids(ids)
    for rows in (1, 2, 3, 7, 12, 13, 100, 1001, 12_000):
        # one unit in the last place of a float32 near 4; routines differ from one processor to the next
        assert np.allclose(model.predict_ids(ids[:rows]), whole[:rows], atol=1e-6), rows
    assert model.predict_ids(ids[:0]).shape == (0, whole.shape[1])


def test_the_model_is_compiled_once_for_all_shapes(monkeypatch):
    model = TextClassifier.from_keras(recipe(), PRE)
    traced, call = [], type(model._scorer).call
    monkeypatch.setattr(
        type(model._scorer), "call", lambda self, *args, **kw: traced.append(1) or call(self, *args, **kw)
    )
    for rows, words in ((1, 3), (40, 12), (300, 7), (1, 1)):
        assert np.isfinite(model.predict_ids(np.ones((rows, words)))).all()
    assert len(traced) == 1


def test_another_backend_of_keras_gives_the_same_scores(monkeypatch):
    keras_model = recipe()
    ids = TextClassifier.from_keras(keras_model, PRE).ids(TEXTS)
    expected = TextClassifier.from_keras(keras_model, PRE).predict_ids(ids)
    monkeypatch.setattr(keras.backend, "backend", lambda: "another")
    assert np.allclose(TextClassifier.from_keras(keras_model, PRE).predict_ids(ids), expected, atol=1e-6)


def test_a_model_without_a_mask_keeps_the_length_it_was_built_for():
    model = TextClassifier.from_keras(unmasked(), PRE)
    assert model.length == 12 and model.ids(["dull"]).shape == (1, 12)
    free = keras.Sequential(
        [keras.Input((None,), dtype="int32"), layers.Embedding(SIZE, 8), layers.LSTM(4), layers.Dense(1, "sigmoid")]
    )
    with pytest.raises(
        ValueError, match="padding changes the answers of this model, because its Embedding has no mask"
    ):
        TextClassifier.from_keras(free, Preprocessor(PRE.vocabulary))


def test_a_text_vectorization_layer_brings_its_own_preprocessor():
    layer = layers.TextVectorization(output_sequence_length=9)
    layer.adapt(TEXTS)
    whole = keras.Sequential(
        [
            keras.Input((1,), dtype="string"),
            layer,
            layers.Embedding(layer.vocabulary_size(), 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model = TextClassifier.from_keras(whole)
    assert model.preprocessor.rules == "keras" and model.length == 9
    answers = whole(ops.convert_to_tensor(np.array(TEXTS)[:, None]))
    assert np.allclose(model.predict(TEXTS), np.asarray(answers)[:, 0], atol=1e-6)
    odd = layers.TextVectorization(split="character")
    odd.adapt(TEXTS)
    with pytest.raises(ValueError, match="'split': 'character'"):
        TextClassifier.from_keras(
            keras.Sequential(
                [
                    keras.Input((1,), dtype="string"),
                    odd,
                    layers.Embedding(50, 8),
                    layers.GlobalAveragePooling1D(),
                    layers.Dense(1, "sigmoid"),
                ]
            )
        )


def test_weights_are_shared_so_that_further_training_is_seen():
    keras_model = recipe()
    model = TextClassifier.from_keras(keras_model, PRE)
    before = model.predict(TEXTS)
    keras_model.layers[-1].set_weights([np.ones((4, 1)), np.array([3.0])])
    assert np.abs(model.predict(TEXTS) - before).min() > 0.1


def test_layers_whose_weights_are_broken_are_named():
    keras_model = recipe()
    model = TextClassifier.from_keras(keras_model, PRE)
    assert model.broken_layers() == []
    keras_model.get_layer("lstm_2").set_weights(
        [np.full_like(w, np.nan) for w in keras_model.get_layer("lstm_2").get_weights()]
    )
    assert model.broken_layers() == ["lstm_2"] and model.vocabulary_size == SIZE


def test_predictions_come_in_the_order_of_the_texts_whatever_their_lengths():
    model = TextClassifier.from_keras(recipe(), PRE)
    many = TEXTS * 100
    alone = {text: model.predict([text])[0] for text in TEXTS}
    assert np.allclose(model.predict(many), [alone[text] for text in many], atol=1e-6)
    softmax = TextClassifier.from_keras(unmasked(), PRE).predict(TEXTS)
    assert softmax.shape == (4, 3) and np.allclose(softmax.sum(axis=1), 1)


def test_saving_and_loading_changes_no_answer(tmp_path):
    for name, build in MODELS.items():
        model = TextClassifier.from_keras(build(), PRE)
        model.save(tmp_path / name)
        again = TextClassifier.load(tmp_path / name)
        assert np.array_equal(again.predict(TEXTS), model.predict(TEXTS))
        assert (again.classes, again.unit, again.length) == (model.classes, model.unit, model.length)


def test_the_optimizer_is_not_saved(tmp_path):
    for trained in (False, True):
        model = recipe()
        if trained:
            model.compile("adam", "binary_crossentropy")
            model.fit(PRE.ids(TEXTS), np.array([1.0, 0.0, 0.0, 1.0]), verbose=0)
        TextClassifier(model, PRE).save(tmp_path / str(trained))
    plain, after_training = ((tmp_path / name / "model.keras").stat().st_size for name in ("False", "True"))
    assert after_training < 1.05 * plain


def test_a_saved_model_has_no_setting_that_an_older_keras_does_not_know(tmp_path):
    TextClassifier(recipe(), PRE).save(tmp_path)
    for file in (tmp_path / "model.keras", data_folder() / "models" / "reviews-lstm" / "model.keras"):
        with zipfile.ZipFile(file) as parts:
            settings = parts.read("config.json").decode()
        assert '"output"' in settings and not [name for name in NEWER if f'"{name}"' in settings]


def test_rounded_weights_are_exactly_what_float16_can_hold():
    model = recipe()
    round_to_float16(model)
    assert all(np.array_equal(w, w.astype(np.float16).astype(np.float32)) for w in model.get_weights())


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.predict("dull"), "put it in a list"),
        (lambda m: m.predict([3.5]), "text number 0 is 3.5, a float"),
        (lambda m: m.predict(["fine", "  "]), r"the text is empty \('  '\)"),
        (lambda m: m.encode("?!"), "has no word"),
        (lambda m: m.encode("xyzzy plugh"), "knows none of the words of 'xyzzy plugh'"),
        (lambda m: m.predict_ids(np.array([[SIZE + 1]])), f"values from {SIZE + 1} to {SIZE + 1}"),
        (lambda m: m.predict_ids(np.array([1, 2])), r"ids must be \(batch, time\)"),
        (lambda m: TextClassifier(unmasked(), PRE).predict_ids(np.ones((1, 13))), "reads 12 ids of each text, got 13"),
        (lambda m: m.target_index("postive", np.zeros(1)), "did you mean 'positive'"),
        (lambda m: TextClassifier(m.keras_model, PRE, classes=["one"]), "2 classes, and 1 names"),
        (lambda m: TextClassifier.from_keras(m.keras_model), "pass the preprocessor"),
        (
            lambda m: TextClassifier(m.keras_model, Preprocessor.fit([f"w{i}" for i in range(99)])),
            "does not belong to this model",
        ),
        (
            lambda m: TextClassifier.from_keras(keras.Sequential([keras.Input((3,)), layers.Dense(1)]), PRE),
            "no Embedding layer: there is no place where a word becomes a vector",
        ),
    ],
)
def test_bad_input_is_told_clearly(call, message):
    with pytest.raises(ValueError, match=message):
        call(TextClassifier.from_keras(recipe(), PRE))


def test_an_activation_that_is_no_probability_is_refused():
    odd = keras.Sequential(
        [keras.Input((None,), dtype="int32"), layers.Embedding(SIZE, 8), layers.LSTM(4), layers.Dense(1, "tanh")]
    )
    with pytest.raises(ValueError, match="'tanh'"):
        TextClassifier.from_keras(odd, PRE)


@pytest.mark.parametrize("damage", ["missing", "truncated", "rubbish"])
def test_a_damaged_model_file_is_named(tmp_path, damage):
    TextClassifier.from_keras(recipe(), PRE).save(tmp_path)
    file = tmp_path / "model.keras"
    content = file.read_bytes()
    file.unlink() if damage == "missing" else file.write_bytes(content[:500] if damage == "truncated" else b"rubbish")
    with pytest.raises(ValueError, match="model.keras"):
        TextClassifier.load(tmp_path)
