"""The models that readers bring: each is read as it is, explained by three kinds of method, or refused with reasons."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras_models import BUILDERS, CUT, LENGTH, REVIEWS, SIZE, WORDS, build, dense, ids, keras_answers, lstm, table

import lmtutorial as lt
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.preprocessing import Preprocessor

ONE_WORD, SHORT = "good", "A film that is good, but not very good."
TEXTS = [ONE_WORD, SHORT, REVIEWS[3], REVIEWS[8], "xyzzy is a good film"]

model_of = cache(build)
every_model = pytest.mark.parametrize("name", BUILDERS)


@every_model
def test_its_predictions_are_those_of_the_keras_model(name):
    model = model_of(name)
    theirs, scores = keras_answers(model, TEXTS), model.scores(TEXTS)
    if name in ("rating", "logits without activation"):
        assert np.allclose(scores, theirs, atol=1e-6)
        return
    last = ops.softmax if scores.shape[1] > 1 else ops.sigmoid
    assert np.allclose(np.asarray(last(scores)), theirs, atol=1e-6)
    assert np.allclose(model.predict(TEXTS), theirs if theirs.shape[1] > 1 else theirs[:, 0], atol=1e-6)


@every_model
def test_vectors_are_scored_as_their_ids_are_masks_and_padding_included(name):
    model = model_of(name)
    rows = model.ids(TEXTS)
    assert (rows[0] == 0).sum() > 10, "a text without padding would prove nothing"
    scores = model.predict_ids(rows)
    assert np.allclose(np.asarray(model.predict_embeddings(model.embed(rows), rows)), scores, atol=1e-6)
    alone = np.concatenate([model.predict_ids(model.ids([text])) for text in TEXTS])
    assert np.allclose(alone, scores, atol=1e-6)
    moved = np.asarray(model.predict_embeddings(1.5 * model.embed(rows), rows))
    assert (np.abs(moved - scores).max(axis=1) > 1e-4).all(), "the vectors that are given must count"


@every_model
@pytest.mark.parametrize("text", [ONE_WORD, SHORT])
def test_integrated_gradients_add_up_to_what_the_text_gained(name, text):
    e = lt.explain(model_of(name), text, method="integrated_gradients")
    # the method refines until this is so, and says when it could not
    assert e.diagnostics["converged"] and abs(e.completeness_gap) < max(0.01 * abs(e.output - e.baseline_output), 1e-3)
    assert len(e.scores) == len(e.tokens) and np.abs(e.scores).max() > 1e-3


@every_model
@pytest.mark.parametrize("text", [ONE_WORD, SHORT])
def test_kernel_shap_shares_out_exactly_what_the_text_gained(name, text):
    e = lt.explain(model_of(name), text, method="kernel_shap")
    assert abs(e.completeness_gap) < 1e-9  # a constraint of the regression, in float64
    exact = lt.explain(model_of(name), text, method="exact_shapley")
    # nine words have 512 coalitions, so that all are asked; what is left is the float64 of a linear system
    assert np.allclose(e.scores, exact.scores, atol=1e-7) and np.abs(e.scores).max() > 1e-3


@every_model
@pytest.mark.parametrize("text", [ONE_WORD, SHORT, REVIEWS[3]])
def test_occlusion_is_a_plain_loop_over_the_words(name, text):
    model = model_of(name)
    e = lt.explain(model, text)
    row = model.encode(text).ids
    index = model.classes.index(e.target)

    def score(changed: np.ndarray) -> float:
        return float(model.select(model.predict_ids(changed[None]), index)[0])

    for place, found in enumerate(e.scores):
        changed = row.copy()
        changed[place] = model.replacement
        # both are differences of two float32 answers of up to about 4
        assert found == pytest.approx(score(row) - score(changed), abs=2e-6)
    assert e.unit == model.unit and np.abs(e.scores).max() > 1e-3


@pytest.mark.parametrize("name", ["bidirectional LSTM", "TextVectorization first"])
def test_an_explanation_does_not_depend_on_which_texts_came_before(name):
    fresh, used = build(name), model_of(name)
    lt.explain(used, REVIEWS[5], method="integrated_gradients")
    for method in ("occlusion", "integrated_gradients"):
        one, other = (lt.explain(m, SHORT, method=method).scores for m in (fresh, used))
        assert np.array_equal(one, other), method


def test_the_weights_of_two_tables_are_explained_as_those_of_their_sum():
    two = model_of("two Embedding layers: two tables")
    first, second = (layer.get_weights()[0] for layer in two.keras_model.layers if isinstance(layer, layers.Embedding))
    summed = keras.Sequential([ids(), table(), layers.LSTM(5), dense(1, "sigmoid")])
    summed.layers[0].set_weights([first + second])
    summed.layers[1].set_weights(two.keras_model.layers[-2].get_weights())
    summed.layers[2].set_weights(two.keras_model.layers[-1].get_weights())
    one = TextClassifier.from_keras(summed, WORDS)
    for method in ("integrated_gradients", "input_x_gradient"):
        assert np.allclose(lt.explain(one, SHORT, method).scores, lt.explain(two, SHORT, method).scores, atol=1e-5)


def test_vectors_of_positions_stay_where_they_are():
    model = model_of("two Embedding layers: token and position")
    assert np.asarray(model.embed(np.array([[5, 5, 6]]))).shape == (1, 3, 8)
    same = np.asarray(model.embed(np.array([[5, 5]])))
    assert np.array_equal(same[0, 0], same[0, 1])
    one, other = model.ids(["good film", "film good"])
    assert not np.allclose(*model.predict_ids(np.stack([one, other])))


# ---- what a model answers with


def unread(outputs: int) -> keras.Model:
    return keras.Sequential([ids(), table(), layers.GlobalAveragePooling1D(), dense(outputs)])


def test_logits_are_told_from_ratings_by_unit_by_names_or_by_the_loss():
    trained = unread(1)
    trained.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    for model, settings, unit, classes in [
        (unread(1), {}, "rating", ("rating",)),
        (unread(1), {"unit": "logit"}, "logit", ("negative", "positive")),
        (unread(1), {"classes": ["no", "yes"]}, "logit", ("no", "yes")),
        (unread(3), {"classes": ["a", "b", "c"]}, "logit", ("a", "b", "c")),
        (unread(2), {"unit": "rating", "classes": ["joy", "fear"]}, "rating", ("joy", "fear")),
        (trained, {}, "logit", ("negative", "positive")),
    ]:
        found = TextClassifier.from_keras(model, WORDS, **settings)
        assert (found.unit, found.classes) == (unit, classes)


def test_logits_become_probabilities_and_ratings_do_not():
    model = TextClassifier.from_keras(unread(3), WORDS, unit="logit")
    assert np.allclose(model.predict(TEXTS).sum(axis=1), 1)
    assert lt.explain(model, SHORT, output="probability").unit == "probability"
    with pytest.raises(ValueError, match="rating has no probabilities"):
        lt.explain(TextClassifier.from_keras(unread(1), WORDS), SHORT, output="probability")


def test_the_unit_is_saved_with_the_model(tmp_path):
    for unit in ("logit", "rating"):
        TextClassifier.from_keras(unread(2), WORDS, unit=unit).save(tmp_path / unit)
        assert TextClassifier.load(tmp_path / unit).unit == unit


def test_a_model_with_strings_in_front_is_saved_and_loaded(tmp_path):
    model = model_of("TextVectorization first")
    model.save(tmp_path)
    assert np.array_equal(TextClassifier.load(tmp_path).predict(TEXTS), model.predict(TEXTS))


def test_an_odd_last_layer_can_be_explained_as_a_rating():
    stars = keras.Sequential(
        [ids(), *unread(1).layers, layers.Activation("sigmoid"), layers.Rescaling(4.0, offset=1.0)]
    )
    with pytest.raises(ValueError, match='pass unit="rating"'):
        TextClassifier.from_keras(stars, WORDS)
    model = TextClassifier.from_keras(stars, WORDS, unit="rating")
    assert 1 < lt.explain(model, SHORT).output < 5


# ---- masks and lengths


def test_a_mask_that_a_layer_drops_is_noticed():
    def dropped():
        e = table()(x)
        places = layers.Embedding(LENGTH, 8)(ops.cumsum(ops.ones_like(x), axis=1) - 1)
        return layers.Add()([e, places])  # one of the two has no mask, and so the sum has none

    x = ids()
    model = keras.Model(x, dense(1, "sigmoid")(layers.GlobalAveragePooling1D()(dropped())))
    with pytest.raises(ValueError, match=f"{LENGTH} positions: pass a preprocessor with max_length={LENGTH}"):
        TextClassifier.from_keras(model, WORDS)
    assert TextClassifier.from_keras(model, CUT).length == LENGTH
    convolved = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 3)(table()(x)))
    model = keras.Model(x, dense(1, "sigmoid")(convolved))
    with pytest.raises(ValueError, match="because one of its layers drops the mask"):
        TextClassifier.from_keras(model, WORDS)
    assert TextClassifier.from_keras(model, CUT).length == LENGTH


def test_an_error_of_the_model_itself_is_told_and_not_taken_for_a_lost_mask():
    class Broken(layers.Layer):
        def call(self, x):
            if x.shape[0] is not None:  # only once real texts come
                raise RuntimeError("the layer's own trouble")
            return x

    x = ids()
    model = keras.Model(x, dense(1, "sigmoid")(layers.GlobalAveragePooling1D()(Broken()(table()(x)))))
    with pytest.raises(ValueError, match="cannot read a text of 64 words .RuntimeError: .*the layer's own trouble"):
        TextClassifier.from_keras(model, WORDS)


def test_a_longer_text_is_cut_where_the_model_ends_and_says_so():
    model = model_of("TextVectorization first")
    e = lt.explain(model, "a good film " * 30)
    assert len(e.tokens) == LENGTH and e.diagnostics["dropped_words"] == 90 - LENGTH


def test_layers_that_are_used_in_several_models_do_not_confuse_them():
    read = lstm()
    words = layers.TextVectorization(max_tokens=SIZE)
    words.adapt(REVIEWS)
    whole = TextClassifier.from_keras(keras.Sequential([keras.Input((1,), dtype="string"), words, *read.layers]))
    part = TextClassifier.from_keras(read, whole.preprocessor)
    assert np.array_equal(whole.predict(TEXTS), part.predict(TEXTS))
    assert np.array_equal(*(lt.explain(m, SHORT, "input_x_gradient").scores for m in (whole, part)))


def test_a_model_that_was_built_by_training_it_is_read_at_the_length_it_was_trained_with():
    model = keras.Sequential([layers.Embedding(SIZE, 4, mask_zero=True), layers.LSTM(3), layers.Dense(1, "sigmoid")])
    model.compile(loss="binary_crossentropy")
    rows = CUT.ids(REVIEWS[:8], LENGTH)
    model.fit(rows, np.ones((8, 1)), verbose=0)
    assert TextClassifier.from_keras(model, WORDS).length == LENGTH


# ---- what is not finite


def test_weights_that_are_no_numbers_are_named():
    model = build("stacked LSTM with dropout")
    layer = model.keras_model.layers[3]
    layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])
    for method in ("occlusion", "kernel_shap", "saliency", "integrated_gradients"):
        with pytest.raises(ValueError, match=rf"nan.*the weights of its layers \['{layer.name}'\] hold NaN"):
            lt.explain(model, SHORT, method=method)


def test_an_answer_that_is_no_number_is_told_even_if_the_weights_are_fine():
    x = ids()
    mean = layers.GlobalAveragePooling1D()(table()(x))
    model = TextClassifier.from_keras(keras.Model(x, dense(1)(layers.Lambda(lambda a: a / 0.0)(mean))), WORDS)
    with pytest.raises(ValueError, match=r"to the words \['\[UNK\]'\]: its weights are finite"):
        lt.explain(model, ONE_WORD)


# ---- what is refused


def of_strings(*steps, end=1) -> keras.Model:
    rest = [table(mask=False), layers.GlobalAveragePooling1D(), dense(end)]
    return keras.Sequential([keras.Input((1,), dtype="string"), *steps, *rest])


def adapted(**settings) -> layers.TextVectorization:
    layer = layers.TextVectorization(output_sequence_length=8, **settings)
    layer.adapt(REVIEWS)
    return layer


def changed_ids() -> keras.Model:
    x = ids(8)
    e = layers.Embedding(100, 4)(ops.mod(x, 100))
    return keras.Model(x, dense(1)(layers.Flatten()(e)))


def hashed_beside() -> keras.Model:
    x = ids(8)
    both = layers.Concatenate()([table(False)(x), layers.Embedding(100, 4)(ops.mod(x, 100))])
    return keras.Model(x, dense(1)(layers.Flatten()(both)))


def bag_of_words() -> keras.Model:
    words = layers.TextVectorization(max_tokens=SIZE, output_mode="multi_hot")
    words.adapt(REVIEWS)
    return keras.Sequential([keras.Input((), dtype="string"), words, dense(1)])


def two_inputs() -> keras.Model:
    x, year = ids(), keras.Input((1,))
    return keras.Model([x, year], dense(1)(layers.Concatenate()([layers.LSTM(3)(table()(x)), year])))


class Hidden(layers.Layer):
    def __init__(self):
        super().__init__(name="both_tables")
        self.words = table(False)

    def call(self, x):
        return self.words(x)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="mine")
        self.words, self.last = table(), dense(1)

    def call(self, x):
        return self.last(ops.mean(self.words(x), axis=1))


def ends_in(*last) -> keras.Model:
    return keras.Sequential([ids(), table(), layers.LSTM(3, name="reader"), *last])


REFUSED = {
    "no Embedding layer": (bag_of_words, "only a TextVectorization with its default rules.*multi_hot"),
    "numbers in": (lambda: keras.Sequential([keras.Input((5,)), dense(1)]), "no Embedding layer: there is no place"),
    "an Embedding inside a layer": (
        lambda: keras.Sequential([ids(), Hidden(), layers.GlobalMaxPooling1D(), dense(1)]),
        "one inside 'both_tables': put it into the model as a layer",
    ),
    "an Embedding inside a model": (
        lambda: keras.Sequential([ids(), lstm(), dense(1)]),
        "one inside 'sequential.*': explain that model",
    ),
    "text made lower first": (
        lambda: of_strings(layers.Lambda(lambda s: s, name="lower"), adapted()),
        "the text goes through 'lower', a Lambda",
    ),
    "a lookup of whole strings": (
        lambda: of_strings(layers.StringLookup(vocabulary=["a", "b"], name="lookup")),
        "the text goes through 'lookup', a StringLookup",
    ),
    "words by other rules": (lambda: of_strings(adapted(standardize=None)), "'standardize': None"),
    "pairs of words": (lambda: of_strings(adapted(ngrams=2)), "'ngrams': "),
    "ids that are changed": (changed_ids, "looks up what 'mod.*' makes of the ids"),
    "ids that are changed beside others": (hashed_beside, "looks up what 'mod.*' makes of the ids"),
    "two inputs": (two_inputs, "2 inputs"),
    "an answer for every word": (
        lambda: keras.Sequential([ids(), table(), dense(2, "softmax")]),
        r"one output \(batch, outputs\).*None, None, 2",
    ),
    "a subclass": (Subclassed, "'mine' has no graph of layers: it is a subclass"),
    "never built": (lambda: keras.Sequential([table(), dense(1)]), "it has never been called"),
    "no model": (lambda: "reviews-lstm", "expected a Keras model, got a str"),
    "classes that do not exclude each other": (lambda: ends_in(dense(3, "sigmoid")), "do not exclude each other"),
    "a softmax of one": (lambda: ends_in(dense(1, "softmax")), "answers 1 whatever the text is"),
    "an activation in between": (lambda: ends_in(dense(1, "relu")), "'relu'"),
    "several outputs of unknown kind": (lambda: ends_in(dense(3)), '3 outputs without an activation.*unit="rating"'),
    "a state": (
        lambda: keras.Sequential([keras.Input(batch_shape=(2, 5)), table(), layers.LSTM(3, stateful=True), dense(1)]),
        "are stateful",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_explained_is_refused_with_its_reason(reason):
    builder, message = REFUSED[reason]
    built = builder()
    if reason in ("a subclass",):
        built(np.ones((1, 3)))
    preprocessor = None if getattr(built, "inputs", None) and built.inputs[0].dtype == "string" else WORDS
    with pytest.raises(ValueError, match=message):
        TextClassifier.from_keras(built, preprocessor)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"unit": "percent"}, 'unit must be "logit" or "rating", got \'percent\''),
        ({"classes": ["a"]}, "the model has 3 classes, and 1 names were given"),
        ({"classes": ["a", "b"], "unit": "rating"}, "3 classes, and 2 names"),
    ],
)
def test_settings_that_do_not_fit_are_told(settings, message):
    with pytest.raises(ValueError, match=message):
        TextClassifier.from_keras(ends_in(dense(3)), WORDS, **settings)


def test_another_preprocessor_than_the_models_own_is_refused():
    model = model_of("TextVectorization first").keras_model
    with pytest.raises(ValueError, match="another vocabulary than the model's own 'text_vectorization"):
        TextClassifier.from_keras(model, Preprocessor(WORDS.vocabulary[:200]))


@every_model
def test_ids_that_no_table_has_are_refused(name):
    model = model_of(name)
    with pytest.raises(ValueError, match=rf"in \[0, {SIZE}\), got shape \(1, 2\) with values from 3 to {SIZE}"):
        model.predict_ids(np.array([[3, SIZE]]))
