"""Gradient methods against closed forms, laws, and models with padding, kinks, several pieces to a word and NaN."""

import gc
import subprocess
import sys
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from test_classifier import MODELS, PRE, SIZE, recipe

import lmtutorial as lt
from lmtutorial.explainers import MaskedText, gradients, tape
from lmtutorial.explainers.gradients import (
    RULES,
    input_x_gradient,
    integrated_gradients,
    path_points,
    saliency,
    smooth_grad,
)
from lmtutorial.explainers.occlusion import occlusion_scores
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.models.text_model import Encoding, TextModel
from lmtutorial.preprocessing import UNKNOWN

TEXT = "A gorgeous, moving film; I couldn't like it less."
EXACT = 1e-12  # closed forms in float64: only rounding is left
METHODS = [saliency, input_x_gradient, smooth_grad, integrated_gradients]


class Formula(TextModel):
    """A model whose score is a formula of its words' vectors, float64; the numbers in a text are the vectors' entries.

    "3 1" is a text of two words with the one-dimensional vectors 3 and 1. The removed word is the zero vector.
    """

    unit, replacement = "logit", 1

    def __init__(self, function, *, outputs: int = 1, pieces: int = 1, unit: str = "logit"):
        self.function, self.pieces, self.unit, self.numbers = function, pieces, unit, [0.0, 0.0]
        self.classes = ("rating",) if unit == "rating" else ("negative", "positive", "other")[: max(2, outputs)]
        self.length = function.__code__.co_argcount  # as many positions as the formula has arguments
        self.asked_for_ids = self.asked_for_embeddings = 0

    def encode(self, text):
        spans, end = [], 0
        for word in text.split():
            start = text.index(word, end)
            end = start + len(word)
            spans.append((start, end))
        ids = np.arange(len(self.numbers), len(self.numbers) + len(spans), dtype=np.int32)
        self.numbers += [float(word) for word in text.split()]
        words = range(0, len(ids), self.pieces)
        return Encoding(text, tuple(spans[:: self.pieces]), ids, tuple((i, i + self.pieces) for i in words))

    def predict_ids(self, ids):
        self.asked_for_ids += 1
        return self.predict_embeddings(self.embed(ids), ids).numpy()

    def embed(self, ids):
        return tf.constant(np.array(self.numbers)[ids][..., None])

    def predict_embeddings(self, embeddings, ids):
        self.asked_for_embeddings += 1
        scores = self.function(*tf.unstack(embeddings[..., 0], num=self.length, axis=1))
        return scores if len(scores.shape) == 2 else scores[:, None]


@pytest.fixture(scope="module")
def model() -> TextClassifier:
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module", params=MODELS)
def classifier(request) -> TextClassifier:
    return TextClassifier.from_keras(MODELS[request.param](), PRE)


def test_all_methods_agree_on_an_additive_model():
    additive = Formula(lambda x, y, z: 2 * x - 3 * y + 0.5 * z)
    game = MaskedText(additive, "1.5 -2 4")
    want = [3, 6, 2]
    for scores in (
        input_x_gradient(game).scores,
        smooth_grad(game).scores,
        integrated_gradients(game).scores,
        occlusion_scores(game),
        saliency(game).scores * [1.5, 2, 4],
    ):
        assert np.allclose(scores, want, atol=EXACT)
    # float64 noise in and out of a constant slope
    assert smooth_grad(game).diagnostics["standard_error"].max() < EXACT


def test_two_words_that_only_work_together_share_what_they_do():
    """For f = x y integrated gradients give each word half, as Shapley values do, and occlusion each the whole."""
    game = MaskedText(Formula(lambda x, y: x * y), "3 5")
    assert np.allclose(integrated_gradients(game).scores, [7.5, 7.5], atol=EXACT)
    assert np.allclose(occlusion_scores(game), [15, 15], atol=EXACT)
    assert np.allclose(input_x_gradient(game).scores, [15, 15], atol=EXACT)


@pytest.mark.parametrize("rule", RULES)
def test_integrated_gradients_of_separate_terms_are_these_terms(rule):
    game = MaskedText(Formula(lambda x, y, z: 5 * x + y**2 + tf.sin(z)), "0.7 -1.5 2")
    e = integrated_gradients(game, rule=rule, points=256, tolerance=None)
    # midpoint and trapezoid err by about h^2 / 12 times the change of the slope's slope, h = 1/256
    assert np.allclose(e.scores, [3.5, 2.25, np.sin(2)], atol=EXACT if rule == "gauss-legendre" else 1e-5)


def test_where_the_model_is_flat_the_slope_is_zero_and_the_path_still_finds_the_word():
    game = MaskedText(Formula(lambda x: 1 - tf.nn.relu(1 - x)), "2")
    assert saliency(game).scores == input_x_gradient(game).scores == [0]
    assert integrated_gradients(game, rule="midpoint").scores == pytest.approx([1])


def test_integrated_gradients_of_a_kink_are_those_worked_out_by_hand():
    """ReLU(ReLU(x) - 1 - ReLU(y)) at (3, 1): the slope is (1, -1) on the second half of the path and 0 on the first."""
    game = MaskedText(Formula(lambda x, y: tf.nn.relu(tf.nn.relu(x) - 1 - tf.nn.relu(y))), "3 1")
    assert np.allclose(integrated_gradients(game, points=64).scores, [1.5, -0.5], atol=EXACT)


def test_on_a_kink_no_rule_is_better_than_one_point_allows():
    game = MaskedText(Formula(lambda x: tf.nn.relu(x - 1)), str(np.pi))
    for rule in RULES:
        for points in (8, 64):
            gap = abs(integrated_gradients(game, rule=rule, points=points, tolerance=None).completeness_gap)
            # the kink lies inside one piece; a piece of a Gauss-Legendre path is at most pi / 2 times the mean piece
            assert gap < np.pi * np.pi / 2 / (points - 1)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("points", [2, 3, 8, 50])
def test_weights_add_up_to_one_and_places_lie_on_the_path(rule, points):
    place, weights = path_points(rule, points)
    assert weights.sum() == pytest.approx(1, abs=EXACT) and (weights >= 0).all()
    assert place[:2].tolist() == [1, 0] and ((place >= 0) & (place <= 1)).all()
    assert len(place) == points + (0 if rule == "trapezoid" else 2)


@pytest.mark.parametrize("points", [2, 5, 8])
@pytest.mark.parametrize("rule, degree", [("gauss-legendre", None), ("midpoint", 1), ("trapezoid", 1)])
def test_rules_are_exact_for_polynomials_of_the_degree_that_theory_says(rule, points, degree):
    degree = 2 * points - 1 if degree is None else degree
    place, weights = path_points(rule, points)
    for power in range(degree + 1):
        assert weights @ place**power == pytest.approx(1 / (power + 1), abs=EXACT)
    assert abs(weights @ place ** (degree + 1) - 1 / (degree + 2)) > 1e-12


def test_the_trapezoid_does_not_shrink_a_linear_model():
    """Weights 1/n with halved ends, as captum has them, would give (n - 1)/n of every score: 0.9 at 10 points."""
    game = MaskedText(Formula(lambda x: 2 * x), "5")
    e = integrated_gradients(game, rule="trapezoid", points=10, tolerance=None)
    assert e.scores == pytest.approx([10], abs=EXACT)


def test_points_are_doubled_until_the_gap_is_small_and_failing_that_it_says_so():
    steep = MaskedText(Formula(lambda x: tf.sigmoid(50 * (x - 1))), "3")
    first = integrated_gradients(steep, points=4, tolerance=None)
    assert abs(first.completeness_gap) > 0.01
    e = integrated_gradients(steep, points=4)
    assert e.diagnostics["converged"] and abs(e.completeness_gap) < 0.01 * (e.output - e.baseline_output)
    points = e.diagnostics["convergence"][:, 0]
    assert len(points) > 1 and np.array_equal(points[1:], 2 * points[:-1])
    assert e.diagnostics["points"] == points[-1] and e.diagnostics["evaluations"] == sum(points + 2)
    stopped = integrated_gradients(steep, points=4, max_points=8)
    assert not stopped.diagnostics["converged"] and stopped.diagnostics["points"] == 8


def test_a_path_costs_no_call_of_the_model_beside_its_own_batch():
    one = Formula(lambda x, y: x * y)
    e = integrated_gradients(MaskedText(one, "3 5"))
    assert (e.output, e.baseline_output) == (15, 0)
    assert one.asked_for_ids == 0 and one.asked_for_embeddings == 1, (
        "one call, and that while the graph is written down"
    )
    integrated_gradients(MaskedText(one, "2 7"))
    assert one.asked_for_embeddings == 1


def test_a_model_is_compiled_once_for_texts_of_every_length_and_forgotten_with_it():
    keras_model = recipe()
    mine = TextClassifier.from_keras(keras_model, PRE)
    function = tape.gradient_function(mine)
    for text in ("dull", "a gorgeous film", TEXT):
        integrated_gradients(MaskedText(mine, text))
    assert tape.gradient_function(mine) is function
    gone = weakref.ref(mine)
    del mine
    gc.collect()
    assert gone() is None


def test_further_training_is_seen_by_the_compiled_gradient():
    keras_model = recipe()
    mine = TextClassifier.from_keras(keras_model, PRE)
    before = saliency(MaskedText(mine, TEXT)).scores
    keras_model.layers[-1].set_weights([3 * w for w in keras_model.layers[-1].get_weights()])
    assert np.allclose(saliency(MaskedText(mine, TEXT)).scores, 3 * before, rtol=1e-5)  # float32


def test_output_and_baseline_are_what_the_model_says_of_their_ids(classifier):
    game = MaskedText(classifier, TEXT)
    e = integrated_gradients(game)
    asked = MaskedText(classifier, TEXT)
    # float32, another batch than predict_ids makes
    assert e.output == pytest.approx(asked.whole(), abs=1e-6)
    assert e.baseline_output == pytest.approx(asked.nothing(), abs=1e-6)
    assert game.whole() == e.output and game.nothing() == e.baseline_output


@pytest.mark.parametrize("baseline", ["unknown", "zero", "mean", "dull film"])
def test_scores_add_up_for_every_baseline(classifier, baseline):
    e = integrated_gradients(MaskedText(classifier, TEXT), baseline=baseline, tolerance=0.01)
    assert abs(e.completeness_gap) < max(0.01 * abs(e.output - e.baseline_output), 1e-3)
    assert e.complete and e.settings["baseline"] == baseline


def test_a_text_as_baseline_is_filled_up_with_unknown_words(model):
    e = integrated_gradients(MaskedText(model, "a gorgeous, moving film"), baseline="a dull film")
    ids = np.append(model.encode("a dull film").ids, model.replacement)
    assert e.baseline_output == pytest.approx(float(model.predict_ids(ids[None])[0, 0]), abs=1e-5)  # float32
    assert e.scores[0] == 0, "the word that both texts begin with cannot matter"


def test_the_mean_baseline_is_the_mean_row_of_the_embedding(model):
    game = MaskedText(model, "a gorgeous film")
    matrix = model.keras_model.get_layer("embedding").get_weights()[0][1 : model.vocabulary_size]
    means = np.repeat(matrix.mean(axis=0, dtype=np.float64)[None], 3, axis=0).astype(np.float32)
    want = np.asarray(model.predict_embeddings(means[None], game.encoding.ids[None]))[0, 0]
    e = integrated_gradients(game, baseline="mean")
    assert e.baseline_output == pytest.approx(float(want), abs=1e-5)  # float32


def test_padding_gets_nothing_and_changes_nothing():
    mine = TextClassifier.from_keras(MODELS["unmasked"](), PRE)
    ids = mine.encode("a dull film").ids
    assert len(ids) == 12 > 3
    vectors = gradients.vectors_of(MaskedText(mine, "a dull film"))
    for baseline in ("unknown", "zero", "mean", "boring"):
        base = gradients.baseline_vectors(MaskedText(mine, "a dull film"), baseline, *vectors)
        assert np.array_equal(base[3:], vectors[0][3:]) and not np.array_equal(base[:3], vectors[0][:3])
    masked = TextClassifier.from_keras(recipe(), PRE)
    short = MaskedText(masked, "a dull film")
    wide = MaskedText(masked, "a dull film")
    object.__setattr__(
        wide,
        "encoding",
        Encoding("a dull film", short.encoding.spans, np.pad(short.encoding.ids, (0, 9)), short.encoding.pieces),
    )
    for method in METHODS[:2] + METHODS[3:]:  # SmoothGrad draws other noise for another shape
        assert np.allclose(method(short).scores, method(wide).scores, atol=1e-6)  # float32


@pytest.mark.parametrize("method", METHODS)
def test_the_size_of_chunks_changes_nothing(model, method, monkeypatch):
    whole = method(MaskedText(model, TEXT)).scores
    monkeypatch.setattr(tape, "CHUNK", 1)
    # float32 matrix products of another height
    assert np.allclose(method(MaskedText(model, TEXT)).scores, whole, atol=1e-5)


def test_pieces_of_a_word_are_summed():
    """Two pieces to a word: "1 2 3 4" are the words (1, 2) and (3, 4)."""
    game = MaskedText(Formula(lambda a, b, c, d: a + 10 * b + 100 * c + 1000 * d, pieces=2), "1 2 3 4")
    assert np.allclose(integrated_gradients(game).scores, [21, 4300], atol=1e-9)  # sums of thousands in float64
    assert np.allclose(input_x_gradient(game).scores, [21, 4300], atol=1e-9)
    assert np.allclose(saliency(game).scores, [11, 1100], atol=1e-9)


def test_saliency_is_the_length_of_the_gradient_and_never_negative(model):
    game = MaskedText(model, TEXT)
    two, one = saliency(game), saliency(game, norm="l1")
    assert (two.scores >= 0).all() and (one.scores >= two.scores).all()
    assert "l2 norm" in two.settings["reduction"] and "unsigned" in one.settings["reduction"]
    ids = game.encoding.ids[None]
    vectors = np.asarray(model.embed(ids))
    with tf.GradientTape() as by_hand:
        watched = tf.constant(vectors)
        by_hand.watch(watched)
        logit = model.predict_embeddings(watched, ids)
    slope = by_hand.gradient(logit, watched).numpy()[0]
    assert np.allclose(two.scores, np.linalg.norm(slope, axis=-1), atol=1e-5)  # float32
    assert np.allclose(input_x_gradient(game).scores, (slope * vectors[0]).sum(axis=-1), atol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_are_differentiated_as_the_model_computes_them(outputs):
    functions = {1: lambda x, y: 2 * x - y, 3: lambda x, y: tf.stack([x, y, x * y], axis=1)}
    made = Formula(functions[outputs], outputs=outputs)
    for index in range(len(made.classes)):
        game = MaskedText(made, "0.3 -0.8", index, output="probability")
        e = input_x_gradient(game)

        def probability(x, y, index=index):
            scores = made.predict_embeddings(tf.constant([[[x], [y]]], tf.float64), None).numpy()
            return made.probability(scores, index)[0]

        h = 1e-5  # central differences err by h^2
        slope_x = (probability(0.3 + h, -0.8) - probability(0.3 - h, -0.8)) / (2 * h)
        slope_y = (probability(0.3, -0.8 + h) - probability(0.3, -0.8 - h)) / (2 * h)
        assert e.unit == "probability" and np.allclose(e.scores, [0.3 * slope_x, -0.8 * slope_y], atol=1e-9)
        assert abs(integrated_gradients(game).completeness_gap) < 1e-6  # 16 points on a smooth function


def test_a_probability_near_one_still_has_a_slope():
    """A float32 sigmoid of 30 is 1, and its slope 0; the true slope is exp(-30)."""
    steep = Formula(lambda x: tf.cast(10 * x, tf.float32))
    e = input_x_gradient(MaskedText(steep, "3", output="probability"))
    assert e.scores == pytest.approx([30 * np.exp(-30)], rel=1e-5)


def test_the_other_class_of_one_sigmoid_has_the_opposite_scores(model):
    for method in METHODS[1:]:
        for output in ("logit", "probability"):
            for_it, against = (
                method(MaskedText(model, TEXT, target, output=output)).scores for target in ("positive", "negative")
            )
            assert np.allclose(for_it, -against, atol=1e-6)
    for_it, against = (saliency(MaskedText(model, TEXT, target)).scores for target in ("positive", "negative"))
    assert np.allclose(for_it, against, atol=1e-6)


def test_a_softmax_is_explained_for_the_class_asked_for():
    mine = TextClassifier.from_keras(MODELS["unmasked"](), PRE)
    found = [integrated_gradients(MaskedText(mine, TEXT, index)).scores for index in range(3)]
    assert np.abs(found[0] - found[1]).max() > 1e-4
    predicted = int(np.argmax(mine.predict([TEXT])))
    assert np.allclose(integrated_gradients(MaskedText(mine, TEXT)).scores, found[predicted], atol=1e-6)


def test_smooth_grad_repeats_with_its_seed_and_knows_its_error(model):
    game = MaskedText(model, TEXT)
    one, again = smooth_grad(game, seed=3), smooth_grad(game, seed=3)
    assert np.array_equal(one.scores, again.scores)
    many = np.array([smooth_grad(game, samples=20, seed=seed).scores for seed in range(30)])
    told = smooth_grad(game, samples=20).diagnostics["standard_error"]
    # the spread of 30 means has a relative error of 13 %, the error told by 20 samples one of 16 %
    assert np.median(many.std(axis=0, ddof=1) / told) == pytest.approx(1, abs=0.4)
    exact = smooth_grad(game, samples=4000)
    error = smooth_grad(game, samples=200, seed=1)
    assert (np.abs(error.scores - exact.scores) < 4.5 * error.diagnostics["standard_error"]).all()


def test_smooth_grad_of_a_square_is_known_and_its_noise_is_relative():
    """The slope of x^2 is 2 x; its mean over noise is 2 x too, and 2 sigma is its spread."""
    for scale in (1, 100):
        game = MaskedText(Formula(lambda x, y: x**2 + y), f"{3 * scale} {scale}")
        e = smooth_grad(game, samples=2000, noise=0.1)
        sigma = 0.1 * 2 * scale
        assert e.diagnostics["sigma"] == pytest.approx(sigma)
        assert e.diagnostics["standard_error"][0] == pytest.approx(3 * scale * 2 * sigma / np.sqrt(2000), rel=0.1)
        assert abs(e.scores[0] - 18 * scale**2) < 4 * e.diagnostics["standard_error"][0]


def test_one_word_is_explained(model):
    for method in METHODS:
        e = method(MaskedText(model, "gorgeous"))
        assert len(e.scores) == 1 and np.isfinite(e.scores).all()
    assert e.scores[0] == pytest.approx(e.output - e.baseline_output, abs=0.01 * abs(e.output - e.baseline_output))


def test_repeated_words_are_scored_place_by_place(model):
    e = integrated_gradients(MaskedText(model, "good good good film"))
    assert len(set(e.scores.round(4))) == 4


def test_a_model_of_fixed_length_with_flattened_positions_is_explained():
    flat = keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            layers.Embedding(SIZE, 8),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    e = integrated_gradients(MaskedText(TextClassifier.from_keras(flat, PRE), TEXT))
    assert e.completeness_gap == pytest.approx(0, abs=1e-6)  # a linear model


def test_deleting_as_replacement_is_asked_of_the_model(model):
    game = MaskedText(model, "a gorgeous film", replacement="delete")
    e = input_x_gradient(game)
    assert e.settings["replacement"] == "delete"
    assert e.baseline_output == MaskedText(model, "a gorgeous film", replacement="delete").nothing()


def test_nan_in_the_weights_is_named():
    keras_model = recipe()
    layer = keras_model.get_layer("lstm_2")
    layer.set_weights([np.full_like(w, np.nan) for w in layer.get_weights()])
    mine = TextClassifier.from_keras(keras_model, PRE)
    for method in METHODS:
        with pytest.raises(ValueError, match=r"the model answers nan .*its layers \['lstm_2'\] hold NaN"):
            method(MaskedText(mine, TEXT))


def test_nan_in_the_slope_alone_is_named():
    root = Formula(lambda x: tf.where(x > 0, x, tf.sqrt(x)))  # answers 0 at 0; the slope there is infinite
    with pytest.raises(ValueError, match="the model has gradients of inf to '0'"):
        saliency(MaskedText(root, "0"))


def test_an_answer_without_a_gradient_is_refused():
    with pytest.raises(ValueError, match="does not depend on its embeddings by steps that have a gradient"):
        saliency(MaskedText(Formula(lambda x: tf.cast(tf.cast(x, tf.int32), tf.float64)), "1"))


def test_another_backend_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="Keras runs on 'jax': set os.environ"):
        saliency(MaskedText(Formula(lambda x: x), "1"))


@pytest.mark.parametrize(
    "method, settings, message",
    [
        ("saliency", {"norm": "l3"}, "'l3'"),
        ("smooth_grad", {"samples": 1}, "samples must be at least 2"),
        ("smooth_grad", {"noise": 0}, "noise a positive share"),
        ("integrated_gradients", {"rule": "midpiont"}, "did you mean 'midpoint'"),
        ("integrated_gradients", {"points": 1}, "points must be from 2"),
        ("integrated_gradients", {"points": 9, "max_points": 8}, "max_points = 8, got 9"),
        ("integrated_gradients", {"baseline": "a dull and boring and much too long film"}, "the text 3: choose"),
        ("integrated_gradients", {"baseline": "qwxz"}, "knows none of the words of 'qwxz'"),
        ("integrated_gradients", {"baseline": ""}, "the text is empty"),
        ("integrated_gradients", {"baseline": 0}, "baseline must be one of"),
    ],
)
def test_bad_settings_are_told_clearly(model, method, settings, message):
    with pytest.raises(ValueError, match=message):
        lt.explain(model, "a gorgeous film", method=method, **settings)


def test_a_model_without_a_vocabulary_has_no_mean_word():
    with pytest.raises(ValueError, match="does not say how large its vocabulary is"):
        integrated_gradients(MaskedText(Formula(lambda x: x), "1"), baseline="mean")


def test_too_much_work_is_refused_and_much_work_announced(model, monkeypatch):
    game = MaskedText(model, "good film " * 50)
    monkeypatch.setattr(tape, "LONG", 1000)
    with pytest.warns(UserWarning, match="the gradient at 18 points of a text of 100 positions takes a while"):
        integrated_gradients(game)
    monkeypatch.setattr(tape, "TOO_LONG", 1000)
    with pytest.raises(ValueError, match="too long: explain a shorter text"):
        integrated_gradients(game)


def test_doubling_stops_where_a_long_text_would_take_too_long(model, monkeypatch):
    monkeypatch.setattr(gradients, "REFINED", 4 * 12)
    e = integrated_gradients(MaskedText(model, TEXT), points=2, tolerance=1e-9)
    assert e.diagnostics["points"] == 4 and len(e.tokens) == 10


@pytest.mark.slow
def test_the_gap_on_every_labelled_test_sentence_is_under_one_percent(model):
    reviews = lt.load_reviews().dropna(subset="label")
    test = reviews["text"][reviews["split"] == "test"]
    texts = [text for text in test if (model.ids([text]) > UNKNOWN).any()]  # two reviews have no word that it knows
    assert len(texts) > 1600
    for text in texts:
        e = integrated_gradients(MaskedText(model, text))
        assert abs(e.completeness_gap) < max(0.01 * abs(e.output - e.baseline_output), 1e-3), text


MEMORY = """
import resource, warnings
import lmtutorial as lt
model = lt.load_model("reviews-lstm")
model.predict(["a good film"])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
text = " ".join(["a gorgeous moving film that I could not like"] * 45)
assert len(lt.explain(model, text, method="smooth_grad").tokens) > 400
lt.explain(model, text, method="integrated_gradients", points=256, tolerance=None)
print((peak() - before) // 1024)
"""


@pytest.mark.slow
def test_a_text_of_four_hundred_words_stays_within_the_memory():
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1500, f"{done.stdout} MB above the loaded model"
