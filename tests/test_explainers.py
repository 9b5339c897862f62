"""Masking, occlusion, `explain` and the Explanation they end in."""

import numpy as np
import pytest
from test_classifier import MODELS, PRE

import lmtutorial as lt
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.explainers.occlusion import occlusion_scores
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.models.text_model import Encoding, TextModel

TEXT = "A gorgeous, moving film; I couldn't like it less."


class Additive(TextModel):
    """A model whose closed form is known: the score is the sum of a weight for each word."""

    classes, unit, replacement = ("negative", "positive"), "logit", 1
    weights = np.array([0.0, 0.0, 1.0, -2.0, 0.5])

    def __init__(self):
        self.rows_seen = 0

    def encode(self, text):
        spans, end = [], 0
        for word in text.split():
            end = text.index(word, end) + len(word)
            spans.append((end - len(word), end))
        return Encoding(
            text, tuple(spans), np.array([int(w) for w in text.split()]), tuple((i, i + 1) for i in range(len(spans)))
        )

    def predict_ids(self, ids):
        self.rows_seen += len(ids)
        return self.weights[ids].sum(axis=1, keepdims=True)

    def embed(self, ids):
        raise NotImplementedError

    def predict_embeddings(self, embeddings, ids):
        raise NotImplementedError


class Pieces(Additive):
    """The same, with two ids to every word."""

    def encode(self, text):
        one = super().encode(text)
        return Encoding(
            text, one.spans, np.repeat(one.ids, 2), tuple((2 * i, 2 * i + 2) for i in range(len(one.spans)))
        )


@pytest.fixture(scope="module")
def model() -> TextClassifier:
    return lt.load_model("reviews-lstm")


def test_each_distinct_row_is_evaluated_once_and_remembered():
    additive = Additive()
    game = MaskedText(additive, "2 3 4 2")
    masks = np.random.default_rng(0).random((5000, 4)) < 0.5
    values = game(masks)
    assert game.evaluations == additive.rows_seen == 16
    assert np.array_equal(values, masks @ np.array([1, -2, 0.5, 1]))
    game(masks[:100])
    assert additive.rows_seen == 16


def test_occlusion_of_an_additive_model_is_its_weights():
    assert np.allclose(occlusion_scores(MaskedText(Additive(), "2 3 4 2")), [1, -2, 0.5, 1])
    assert np.allclose(occlusion_scores(MaskedText(Pieces(), "2 3 4 2")), [2, -4, 1, 2])


def test_occlusion_on_the_shipped_model_equals_a_plain_loop(model):
    for text in lt.load_reviews()["text"][:20]:
        e = lt.explain(model, text)
        ids = model.encode(text).ids
        whole = float(model.predict_ids(ids[None])[0, 0])
        for position, score in enumerate(e.scores):
            changed = ids.copy()
            changed[position] = model.replacement
            assert abs(score - (whole - float(model.predict_ids(changed[None])[0, 0]))) < 1e-6


def test_deleting_a_word_equals_the_shorter_text(model):
    game = MaskedText(model, "a gorgeous moving film", replacement="delete")
    mask = np.array([[True, False, True, True]])
    assert game(mask)[0] == pytest.approx(float(model.scores(["a moving film"])[0, 0]), abs=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_any_keras_model_can_be_explained(name):
    mine = TextClassifier.from_keras(MODELS[name](), PRE)
    e = lt.explain(mine, TEXT)
    assert e.unit == mine.unit and len(e.scores) == len(e.tokens) == len(mine.preprocessor.tokens(TEXT))
    assert np.isfinite(e.scores).all()


def test_the_other_class_of_one_sigmoid_has_the_opposite_scores(model):
    assert lt.explain(model, TEXT).target == "positive"
    assert np.allclose(lt.explain(model, TEXT).scores, -lt.explain(model, TEXT, target="negative").scores)


def test_a_softmax_is_explained_for_the_class_it_predicts():
    mine = TextClassifier.from_keras(MODELS["unmasked"](), PRE)
    assert lt.explain(mine, TEXT).target == mine.classes[int(np.argmax(mine.predict([TEXT])))]


def test_probability_is_explained_on_request(model):
    e = lt.explain(model, TEXT, output="probability")
    assert e.unit == "probability" and e.output == pytest.approx(model.predict([TEXT])[0], abs=1e-6)


def test_tokens_are_the_raw_spelling(model):
    e = lt.explain(model, TEXT)
    assert e.tokens == ["A", "gorgeous", "moving", "film", "I", "could", "n't", "like", "it", "less"]
    assert [TEXT[a:b] for a, b in e.spans] == e.tokens


def test_no_law_means_no_gap_and_a_law_shows_it(model):
    e = lt.explain(model, TEXT)
    assert e.completeness_gap is None
    lawful = lt.Explanation("a b", ((0, 1), (2, 3)), np.array([1.0, 2.0]), "t", "logit", 4.0, 0.5, "m", complete=True)
    assert lawful.completeness_gap == pytest.approx(-0.5)


def test_a_text_longer_than_the_model_says_what_it_dropped():
    mine = TextClassifier.from_keras(MODELS["recipe"](), PRE)
    e = lt.explain(mine, "film " * 100_000)
    assert len(e.scores) == 12 and e.diagnostics["dropped_words"] == 99_988


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: lt.explain(m, ""), "the text is empty"),
        (lambda m: lt.explain(m, " \n"), "the text is empty"),
        (lambda m: lt.explain(m, "qwxz qqqzz"), "knows none of the words of 'qwxz qqqzz'"),
        (lambda m: lt.explain(m, "!?"), "'!\\?' has no word"),
        (lambda m: lt.explain(m, 42), "text number 0 is 42, a int"),
        (lambda m: lt.explain(m, "fine", method="oclusion"), "did you mean 'occlusion'"),
        (lambda m: lt.explain("reviews-lstm", "fine"), "str is no TextModel"),
        (lambda m: lt.explain(m, "fine", output="percent"), "'percent'"),
        (lambda m: lt.explain(m, "fine", replacement=0), "delete the word silently"),
        (lambda m: lt.explain(m, "fine", replacement="mask"), "replacement must be an id"),
        (lambda m: lt.explain(m, "fine", target="possitive"), "did you mean 'positive'"),
        (lambda m: MaskedText(m, "fine film")(np.ones((1, 3), bool)), r"booleans \(samples, 2\)"),
        (lambda m: MaskedText(m, "fine film")(np.ones((1, 2))), "float64"),
        (lambda m: lt.load_model("review-lstm"), "did you mean 'reviews-lstm'"),
    ],
)
def test_bad_input_is_told_clearly(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)
