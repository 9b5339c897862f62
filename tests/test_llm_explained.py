"""Every explainer on a language model of pieces: a word is one or several pieces, hidden and summed together."""

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.explainers import METHODS, MaskedText, masking, play, tape
from lmtutorial.explainers.vectors import sum_pieces
from lmtutorial.models.piece_words import words_of_pieces
from lmtutorial.models.text_model import Cost

pytest.importorskip("tokenizers", reason="left out: the extra `llm` is not installed (make test installs it)")
from small_pieces import small_piece_lm

PROMPT = "the good key, 你!\nbad food"
EXACT = ["exact_shapley", "kernel_shap", "permutation_shap", "partition_shap"]
MARY = "When Mary and John went to the store, John gave a drink to"


@pytest.fixture(scope="module")
def lm():
    return small_piece_lm()


def test_a_word_is_a_run_of_letters_and_takes_all_its_pieces(lm):
    encoding = lm.encode(PROMPT)
    assert encoding.words == ["the", "good", "key", ",", "你", "!", "\n", "bad", "food"]
    pieces = {
        w: [lm.vocabulary[i] for i in encoding.ids[a:b]]
        for w, (a, b) in zip(encoding.words, encoding.pieces, strict=True)
    }
    assert pieces["good"] == [" good"] and pieces["food"] == [" ", "f", "o", "od"]
    assert len(pieces["你"]) == 4  # a blank and three bytes of one character


@pytest.mark.parametrize(
    "text", ["x", "Ain't it? 12 keys!! ", "\n\n the\n", "bad...key", " 🙂🙂 你好", "a  b   c\n", "!?"]
)
def test_every_piece_belongs_to_exactly_one_word(lm, text):
    encoding = lm.encode(text)
    places = [place for start, end in encoding.pieces for place in range(start, end)]
    blank = len(lm.ids(text)) - len(lm.ids(text.rstrip(" ")))  # at the end they belong to nobody
    assert places == list(range(len(encoding.ids) - blank))
    ends = [end for _, end in encoding.spans]
    assert all(word.strip() or "\n" in word for word in encoding.words) and ends == sorted(ends)
    assert "".join("".join(encoding.words).split()) == "".join(text.split())


def test_a_piece_that_touches_two_words_joins_them():
    spans, pieces = words_of_pieces("so-called.", [(0, 1), (1, 4), (4, 9), (9, 10)])
    assert (spans, pieces) == (((0, 9), (9, 10)), ((0, 3), (3, 4)))
    assert words_of_pieces("a b!", [(0, 1), (1, 4)]) == (((0, 1), (2, 4)), ((0, 1), (1, 2)))


def test_a_removed_word_becomes_the_replacement_as_often_as_it_has_pieces(lm):
    game = MaskedText(lm.next_word(" good"), PROMPT)
    assert lm.vocabulary[lm.replacement] == " ..."
    masks = game.without_each_word()
    start, end = game.encoding.pieces[8]
    row = game.masked_ids(masks[8:9])[0]
    assert set(row[start:end]) == {lm.replacement} and np.array_equal(row[:start], game.encoding.ids[:start])
    deleted = MaskedText(lm.next_word(" good"), PROMPT, replacement="delete").masked_ids(masks[8:9])[0]
    assert np.array_equal(deleted[:start], game.encoding.ids[:start]) and set(deleted[start:]) == {lm.padding}


def test_padding_behind_the_end_changes_no_answer(lm):
    model = lm.next_word(" good", " bad")
    ids = model.encode(PROMPT).ids[None]
    padded = np.pad(ids, ((0, 0), (0, 5)), constant_values=lm.padding)
    assert np.allclose(model.predict_ids(padded), model.predict_ids(ids), atol=1e-5)
    assert np.allclose(model.predict_embeddings(model.embed(ids), ids), model.predict_ids(ids), atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_the_next_piece(lm, method):
    e = lt.explain(lm, PROMPT, method, target=" good", contrast=" bad")
    assert len(e.scores) == 9 and np.isfinite(e.scores).all() and (e.target, e.contrast) == (" good", " bad")
    scores = lm.logits(lm.prompt_ids(PROMPT))[0, -1]
    assert e.output == pytest.approx(scores[lm.word_id(" good")] - scores[lm.word_id(" bad")], abs=1e-4)
    if method in EXACT:
        assert e.completeness_gap == pytest.approx(0, abs=1e-6)


def test_the_gradient_of_a_word_is_the_sum_over_its_pieces(lm):
    game = MaskedText(lm.next_word(" good", " bad"), PROMPT)
    e = play(game, "input_x_gradient")
    rows = tape.gradient_function(game.model)
    embeddings = rows.embed(game.encoding.ids[None])
    _, gradient = rows(game, embeddings, game.encoding.ids[None])
    products = (gradient[0].astype(np.float64) * embeddings[0]).sum(axis=-1)
    assert np.allclose(e.scores, sum_pieces(game, products), rtol=1e-3, atol=1e-6)  # float32, in other batches


def test_a_generated_text_is_explained_piece_by_piece(lm):
    story = lt.explain_generation(lm, "the key", 6, top_k=3, seed=2)
    assert story.text == lm.generate("the key", 6, top_k=3, seed=2)
    drawn = lm.draw("the key", 6, top_k=3, seed=2)
    assert story.generated == [lm.vocabulary[i] for i in drawn]
    for k, e in enumerate(story.explanations):
        model = lm.next_word(story.generated[k])
        ids = np.concatenate([lm.ids("the key"), np.array(drawn[:k], np.int32)])
        assert e.output == pytest.approx(float(model.predict_ids(ids[None])[0, 0]), abs=1e-4)
    assert story.scores.shape == (6, len(story.words))


def test_a_text_that_ends_at_once_cannot_be_explained(lm, monkeypatch):
    monkeypatch.setattr(lm, "draw", lambda *a, **k: [])
    with pytest.raises(ValueError, match="the model ends the text right behind 'the key'"):
        lt.explain_generation(lm, "the key", 3)


def test_a_model_that_keeps_more_for_the_way_back_is_given_fewer_rows():
    small, large = tape.rows_at_a_time(14 * 2304), tape.rows_at_a_time(14 * 2304, Cost(memory=1500))
    assert small > 400 and large == 2**29 // (1500 * 14 * 2304)


def test_questions_are_announced_by_what_they_cost(lm, monkeypatch):
    monkeypatch.setattr(masking, "LONG", 1000)
    model = lm.next_word(" good", " bad")
    lt.explain(model, PROMPT)  # 11 rows of 16 ids: nothing to announce
    monkeypatch.setattr(model, "cost", Cost(reading=100))
    with pytest.warns(UserWarning, match="the model has to read 11 variants of a text of 9 words"):
        lt.explain(model, PROMPT)


def test_the_llm_names_the_name_that_was_not_said_again(llm):
    assert llm.vocabulary[llm.replacement] == " ..."
    e = lt.explain(llm, MARY, target=" Mary", contrast=" John")
    assert e.output > 3 and e.top(1)[0][0] == "Mary"
    game = MaskedText(llm.next_word(" Mary", " John"), MARY)
    ids = game.encoding.ids[None]
    assert np.allclose(game.model.predict_embeddings(game.model.embed(ids), ids), e.output, atol=1e-3)
    saliency = play(game, "saliency")
    assert np.isfinite(saliency.scores).all() and saliency.scores.min() > 0


def test_the_llm_costs_more_than_a_small_model(llm, lm):
    assert llm.cost.reading > 100 > lm.cost.reading and llm.cost.memory > 1000
