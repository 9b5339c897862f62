"""A language model as the scorer of one question: the next word against all others, or against one other."""

import gc
import json
import weakref

import numpy as np
import pytest
from language_models import small_lm

import lmtutorial as lt
from lmtutorial.explainers import METHODS, MaskedText, play
from lmtutorial.explainers.tape import gradient_function
from lmtutorial.models.next_word import ANY_OTHER, NextWord, log_odds
from lmtutorial.models.text_model import sigmoid
from lmtutorial.preprocessing import PADDING, UNKNOWN

PROMPT = "The keys, to the cabinet\nthat crossed"
GRADIENTS = [name for name, module in METHODS.items() if module == "gradients"]
LINEAR = [name for name in METHODS if name != "saliency"]  # whose scores are linear in the explained score
EXACT = ["exact_shapley", "kernel_shap", "permutation_shap", "partition_shap"]


@pytest.fixture(scope="module")
def lm():
    return small_lm()


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def distribution(lm, text: str) -> np.ndarray:
    """(vocabulary,) log P of every next word, from the logits of all positions."""
    return log_softmax(lm.logits(lm.prompt_ids(text))[0, -1])


def score(model: NextWord, text: str) -> float:
    return float(model.predict_ids(model.encode(text).ids[None])[0, 0])


@pytest.mark.parametrize("word", ["are", "the", ".", '"', "[END]"])
def test_the_sigmoid_of_the_score_is_the_words_probability(lm, word):
    p = float(np.exp(distribution(lm, PROMPT)[lm.word_id(word)]))
    found = score(lm.next_word(word), PROMPT)
    # float32 scores of up to 20 carry 2e-6; what follows is in float64 here
    assert found == pytest.approx(np.log(p) - np.log1p(-p), abs=1e-5)
    assert float(sigmoid(found)) == pytest.approx(p, rel=1e-5)
    assert float(sigmoid(found)) == pytest.approx(dict(lm.next_words(PROMPT, top=None))[word], rel=1e-5)


def test_the_probabilities_of_all_questions_add_up_to_one(lm):
    known = [word for word in lm.vocabulary if word not in ("", "[UNK]")]
    log_p = distribution(lm, PROMPT)
    total = sum(float(sigmoid(score(lm.next_word(word), PROMPT))) for word in known)
    assert total == pytest.approx(1 - np.exp(log_p[[PADDING, UNKNOWN]]).sum(), abs=1e-5)


def test_held_against_one_word_the_score_is_the_difference_of_two_log_probabilities(lm):
    log_p = distribution(lm, PROMPT)
    expected = log_p[lm.word_id("are")] - log_p[lm.word_id("is")]
    model = lm.next_word("are", "is")
    assert model.classes == ("is", "are") and lm.next_word("are").classes == (ANY_OTHER, "are")
    assert score(model, PROMPT) == pytest.approx(expected, abs=1e-5)
    assert score(lm.next_word("is", "are"), PROMPT) == pytest.approx(-expected, abs=1e-5)


def test_a_word_that_is_all_but_certain_keeps_its_log_odds():
    """1 - p is 0 in float32 from a logit of 17 on; the sum over the other words is not."""
    logits = np.array([[40.0, 0.0, 0.0, -3.0]], np.float32)
    assert float(log_odds(logits, 0)[0, 0]) == pytest.approx(40 - np.log(2 + np.exp(-3.0)), abs=1e-5)
    assert float(log_odds(logits, 3)[0, 0]) == pytest.approx(-43, abs=1e-5)
    assert float(log_odds(logits, 3, 1)[0, 0]) == -3


def test_scores_in_embedding_space_are_those_of_the_ids(lm):
    for question in (("are",), ("are", "is")):
        model = lm.next_word(*question)
        ids = np.stack([model.encode(PROMPT).ids, model.encode(PROMPT).ids[::-1]])
        from_embeddings = np.asarray(model.predict_embeddings(model.embed(ids), ids))
        assert np.allclose(from_embeddings, model.predict_ids(ids), atol=1e-5)


def test_padding_and_other_rows_change_no_answer(lm):
    model = lm.next_word("are", "is")
    ids = np.random.default_rng(0).integers(1, lm.vocabulary_size, (30, 9)).astype(np.int32)
    alone = np.concatenate([model.predict_ids(row[None]) for row in ids])
    # up to the seventh digit: some processors choose the routine of so wide a product by the number of rows
    assert np.allclose(model.predict_ids(ids), alone, rtol=1e-6, atol=1e-6)
    padded = np.pad(ids, ((0, 0), (0, 5)))
    # zeros behind the end take part in no sum; only the blocks of a matrix product may differ
    assert np.allclose(model.predict_ids(padded), alone, atol=1e-5)
    mixed = np.where(np.arange(9) < np.arange(1, 31)[:, None] % 9 + 1, ids, PADDING)
    short = [model.predict_ids(row[row != PADDING][None])[0] for row in mixed]
    assert np.allclose(model.predict_ids(mixed), short, atol=1e-5)
    assert model.predict_ids(ids[:0]).shape == (0, 1)


def test_marks_and_line_ends_are_words_and_the_start_is_none(lm):
    e = lt.explain(lm, PROMPT, target="are")
    assert e.tokens == ["The", "keys", ",", "to", "the", "cabinet", "\n", "that", "crossed"]
    encoding = lm.next_word("are").encode(PROMPT)
    assert encoding.ids[0] == lm.start and encoding.pieces[0] == (1, 2) and len(encoding.ids) == 10
    game = MaskedText(lm.next_word("are"), PROMPT)
    rows = game.masked_ids(np.zeros((1, len(game)), bool))
    assert rows[0, 0] == lm.start and set(rows[0, 1:]) == {UNKNOWN}
    assert "↵" in repr(e) and "↵" in e._repr_html_() and "\n" not in repr(e).splitlines()[7]


def test_a_deleted_word_leaves_the_shorter_text(lm):
    game = MaskedText(lm.next_word("are", "is"), "the keys to the cabinet", replacement="delete")
    without = score(lm.next_word("are", "is"), "the keys the cabinet")
    assert game(np.array([[True, True, False, True, True]]))[0] == pytest.approx(without, abs=1e-5)
    nothing = log_softmax(lm.logits(np.array([[lm.start]]))[0, 0])
    expected = nothing[lm.word_id("are")] - nothing[lm.word_id("is")]
    assert game.nothing() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("question", [{"target": "are"}, {"target": "are", "contrast": "is"}])
def test_every_method_explains_a_next_word(lm, method, question):
    e = lt.explain(lm, PROMPT, method=method, **question)
    assert len(e.scores) == 9 and np.isfinite(e.scores).all() and np.ptp(e.scores) > 0
    assert (e.target, e.contrast, e.unit) == ("are", question.get("contrast"), "logit")
    if method != "integrated_gradients":  # that one measures its end points on its own path
        model = lm.next_word(*question.values())
        assert e.output == pytest.approx(score(model, PROMPT), abs=1e-5)
    back = lt.Explanation.from_dict(json.loads(json.dumps(e.to_dict(), allow_nan=False)))
    assert back.to_dict() == e.to_dict() and back._repr_html_() == e._repr_html_()


@pytest.mark.parametrize("method", LINEAR)
def test_are_over_is_is_the_opposite_of_is_over_are(lm, method):
    one = lt.explain(lm, PROMPT, method=method, target="are", contrast="is")
    other = lt.explain(lm, PROMPT, method=method, target="is", contrast="are")
    # sums of float32 answers of about 10; sampling methods draw the same samples for both
    assert np.allclose(one.scores, -other.scores, atol=1e-4)


@pytest.mark.parametrize("method", ["input_x_gradient", "exact_shapley", "occlusion"])
def test_contrasts_add_up_like_differences_of_logits(lm, method):
    """z_a - z_c = (z_a - z_b) + (z_b - z_c), and these methods are linear in the score."""
    a_c, a_b, b_c = (
        lt.explain(lm, PROMPT, method=method, target=target, contrast=contrast).scores
        for target, contrast in (("are", "was"), ("are", "is"), ("is", "was"))
    )
    assert np.allclose(a_c, a_b + b_c, atol=1e-4)


@pytest.mark.parametrize("contrast", [None, "is"])
def test_scores_that_obey_a_law_add_up(lm, contrast):
    for method in EXACT:
        assert abs(lt.explain(lm, PROMPT, method=method, target="are", contrast=contrast).completeness_gap) < 1e-6
    e = lt.explain(lm, PROMPT, method="integrated_gradients", target="are", contrast=contrast)
    # weights this large make a rugged path: refined until 1 % of the difference
    assert abs(e.completeness_gap) < max(1e-3, 0.01 * abs(e.output - e.baseline_output))


def test_gradients_are_those_of_finite_differences(lm):
    model = lm.next_word("are")
    ids = model.encode("the keys to the").ids[None]
    e = np.asarray(model.embed(ids), np.float64)
    _, gradient = gradient_function(model)(MaskedText(model, "the keys to the"), e, ids)
    step = 1e-2
    for place in ((0, 2, 3), (0, 4, 0)):
        nudge = np.zeros_like(e)
        nudge[place] = step
        vectors = np.concatenate([e + nudge, e - nudge]).astype(np.float32)
        ends = np.asarray(model.predict_embeddings(vectors, np.repeat(ids, 2, axis=0)), np.float64)[:, 0]
        # float32 answers over a step of 0.02, and its third-order error
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=5e-3, rel=5e-2)


def test_questions_to_one_model_share_what_is_compiled(lm):
    assert gradient_function(lm.next_word("are")) is gradient_function(lm.next_word("the", "is"))
    one, other = (lt.explain(lm, PROMPT, method="input_x_gradient", target=t).scores for t in ("are", "the"))
    assert not np.allclose(one, other)


def test_nothing_keeps_a_model_alive_that_was_explained():
    lm = small_lm()
    for method in ("occlusion", "integrated_gradients"):
        lt.explain(lm, "the keys", method=method, target="are")
    gone = weakref.ref(lm)
    del lm
    gc.collect()
    assert gone() is None


def test_the_likeliest_known_word_is_explained_by_default(lm):
    likeliest = next(word for word, _ in lm.next_words(PROMPT) if word not in lm.vocabulary[:2])
    e = lt.explain(lm, PROMPT)
    assert e.target == likeliest and np.array_equal(e.scores, lt.explain(lm, PROMPT, target=likeliest).scores)


def test_the_heading_says_what_was_asked(lm):
    against_one = lt.explain(lm, PROMPT, target="Are", contrast="is", method="input_x_gradient")
    assert repr(against_one).startswith("are rather than is: probability ")
    assert " among the two (log-odds " in repr(against_one) and "are rather than is" in against_one._repr_html_()
    assert repr(lt.explain(lm, PROMPT, target="are")).startswith("are: probability ")
    as_probability = lt.explain(lm, PROMPT, target="are", contrast="is", output="probability")
    assert as_probability.output == pytest.approx(float(sigmoid(against_one.output)), abs=1e-6)


def test_methods_are_compared_on_one_question(lm):
    both = lt.compare(lm, PROMPT, ["occlusion", "kernel_shap"], target="are", contrast="is")
    assert "are rather than is" in repr(both) and both["occlusion"].contrast == "is"
    from lmtutorial.explainers.comparison import Comparison

    with pytest.raises(ValueError, match="explains 'are'"):
        Comparison({"one": both["occlusion"], "two": lt.explain(lm, PROMPT, target="are")})


@pytest.mark.parametrize("explain", [lt.explain, lt.compare])
@pytest.mark.parametrize(
    "text, question, message",
    [
        ("", {"target": "are"}, "the text is empty"),
        ("", {}, "the text is empty"),
        ("xyzzy plugh", {"target": "are"}, "knows none of the words of 'xyzzy plugh'"),
        ("the keys", {"target": "xyzzy"}, "does not know the word 'xyzzy'"),
        ("the keys", {"target": "cabinent"}, "did you mean 'cabinet'"),
        ("the keys", {"target": "are", "contrast": "xyzzy"}, "does not know the word 'xyzzy'"),
        ("the keys", {"target": "was not"}, "'was not' is 2 tokens"),
        ("the keys", {"target": "Are", "contrast": "are"}, "cannot be held against itself"),
        ("the keys", {"contrast": "is"}, "a contrast needs a target"),
        ("the keys", {"target": ""}, "the text is empty"),
        ("the keys", {"target": "are", "replacement": 0}, "padding"),
    ],
)
def test_what_cannot_be_asked_is_told_clearly(lm, explain, text, question, message):
    with pytest.raises(ValueError, match=message):
        explain(lm, text, **question)


def test_ids_outside_the_vocabulary_are_refused(lm):
    for ids in (np.array([1, 2]), np.array([[-1, 2]]), np.array([[1, lm.vocabulary_size]])):
        with pytest.raises(ValueError, match="ids must be"):
            lm.next_word("are").predict_ids(ids)


def test_a_classifier_has_no_contrast():
    with pytest.raises(ValueError, match="'negative'.* no language model"):
        lt.explain(lt.load_model("reviews-lstm"), "a fine film", contrast="negative")


@pytest.mark.parametrize("method", ["occlusion", *GRADIENTS])
def test_weights_that_are_no_numbers_are_named(method):
    lm = small_lm()
    lstm = lm.keras_model.get_layer("lstm_1")
    lstm.set_weights([np.full_like(weight, np.nan) for weight in lstm.get_weights()])
    with pytest.raises(ValueError, match="nan.*lstm_1"):
        play(MaskedText(lm.next_word("are"), "the keys"), method)
