"""A language model asked about a text: only the text is hidden, and the frame is read once."""

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.explainers import METHODS, MaskedText, play
from lmtutorial.models.zero_shot import SENTIMENT, Wording, ZeroShot, calibrate, few_shot

pytest.importorskip("tokenizers", reason="left out: the extra `llm` is not installed (make test installs it)")
from small_pieces import small_piece_lm

from lmtutorial.inside.stated_reasons import reply_log_probs, stated_reason

FRAME = "Is the food good?\n{text}\nIt is"
TEXT = 'bad food, "so" good'


@pytest.fixture(scope="module")
def lm():
    return small_piece_lm()


@pytest.fixture(scope="module")
def model(lm):
    return ZeroShot(lm, FRAME, (" bad", " good"))


def whole_read(model: ZeroShot, ids: np.ndarray) -> float:
    """The log-odds by one read of the whole prompt, without anything kept."""
    scores = model.lm.logits(ids[None])[0, -1].astype(np.float64)
    against, word = (model.lm.word_id(answer) for answer in model.answers)
    return scores[word] - scores[against]


@pytest.mark.parametrize("frame", [FRAME, "{text}\nIt is", "Review: {text} is", "<|im_start|>{text}<|im_end|>"])
def test_the_frame_read_once_gives_what_the_whole_read_gives(lm, frame):
    model = ZeroShot(lm, frame, (" bad", " good"))
    ids = model.encode(TEXT).ids
    assert lm.decode(ids) == frame.replace("{text}", TEXT)
    assert float(model.predict_ids(ids[None])[0, 0]) == pytest.approx(whole_read(model, ids), abs=1e-5)
    assert float(np.asarray(model.predict_embeddings(model.embed(ids[None]), ids[None]))[0, 0]) == pytest.approx(
        whole_read(model, ids), abs=1e-5
    )


def test_only_the_words_of_the_text_are_hidden(model):
    game = MaskedText(model, TEXT)
    assert game.encoding.words == ["bad", "food", ",", '"', "so", '"', "good"]
    for replacement in (None, "delete"):
        game = MaskedText(model, TEXT, replacement=replacement)
        row = game.masked_ids(np.zeros((1, len(game)), bool))[0]
        row = row[row != model.padding]
        begin, end = model.lm.ids("Is the food good?\n"), model.lm.ids("\nIt is")
        assert np.array_equal(row[: len(begin)], begin) and np.array_equal(row[-len(end) :], end)
        between = row[len(begin) : len(row) - len(end)]
        assert set(between) == (set() if replacement else {model.lm.replacement})
    assert MaskedText(model, TEXT, replacement="delete").nothing() == pytest.approx(
        whole_read(model, np.concatenate([begin, end])), abs=1e-5
    )


def test_rows_of_other_lengths_change_no_answer(model):
    texts = [TEXT, "good", "the key, the key, the key!", "bad"]
    alone = [float(model.scores([text])[0, 0]) for text in texts]
    assert np.allclose(model.scores(texts)[:, 0], alone, atol=1e-5)
    assert np.allclose(model.predict(texts), 1 / (1 + np.exp(-np.array(alone))), atol=1e-6)


def test_a_threshold_is_taken_off_and_a_turned_question_turns_the_sign(lm, model):
    shifted = ZeroShot(lm, FRAME, (" bad", " good"), threshold=0.5)
    turned = ZeroShot(lm, FRAME, (" good", " bad"))
    score = float(model.scores([TEXT])[0, 0])
    assert float(shifted.scores([TEXT])[0, 0]) == pytest.approx(score - 0.5, abs=1e-6)
    assert float(turned.scores([TEXT])[0, 0]) == pytest.approx(-score, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_an_answer(model, method):
    e = lt.explain(model, TEXT, method, target="positive")
    assert e.tokens == ["bad", "food", ",", '"', "so", '"', "good"] and np.isfinite(e.scores).all()
    assert e.output == pytest.approx(whole_read(model, model.encode(TEXT).ids), abs=1e-4)


def test_the_path_of_gradients_leads_from_the_hidden_text_to_the_text():
    model = ZeroShot(small_piece_lm(scale=1.5), FRAME, (" bad", " good"))
    game = MaskedText(model, TEXT, target="positive")
    e = play(game, "integrated_gradients", points=128, tolerance=None)
    assert e.baseline_output == pytest.approx(game.nothing(), abs=1e-4)
    assert abs(e.completeness_gap) < 0.02 * abs(e.output - e.baseline_output) + 0.01


def test_what_does_not_fit_the_frame_is_named(lm, model):
    with pytest.raises(ValueError, match="a frame has '{text}' once"):
        ZeroShot(lm, "no place for it", (" bad", " good"))
    with pytest.raises(ValueError, match="'xyz' is 3 pieces"):
        ZeroShot(lm, FRAME, ("xyz", " good"))
    with pytest.raises(ValueError, match="every row must begin with the frame"):
        model.predict_ids(np.ones((1, 40), np.int32))
    with pytest.raises(ValueError, match="the text is empty"):
        model.encode("  ")


def test_a_wording_becomes_a_prompt(lm):
    wording = Wording("Is {text} good?", ("no", "yes"), "I say")
    assert wording.frame(lm) == "<|im_start|>user\nIs {text} good?<|im_end|>\n<|im_start|>assistant\nI say"
    shown = few_shot([("so {good}", "positive"), (" bad ", "negative")])
    assert shown.frame(lm) == (
        "Review: so (good)\nSentiment: positive\n\nReview: bad\nSentiment: negative\n\nReview: {text}\nSentiment:"
    )


def test_a_threshold_puts_most_texts_on_their_right_side():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=40), rng.integers(0, 2, 40)
    found = calibrate(scores, labels)
    assert found.accuracy == np.mean((scores > found.threshold) == labels)
    assert found.accuracy == max(np.mean((scores > t) == labels) for t in np.linspace(-4, 4, 4001))
    assert calibrate(np.array([1.0, 2.0]), np.array([1, 1])).threshold < 1
    with pytest.raises(ValueError, match="one label to a score"):
        calibrate(scores, labels[:-1])


def test_the_chance_of_a_reply_is_that_of_its_pieces_one_after_the_other(lm):
    prompt, replies = 'the key "', ["key", "good food", "!"]
    found = reply_log_probs(lm, prompt, replies)
    for value, reply in zip(found, replies, strict=True):
        ids, begin = np.concatenate([lm.ids(prompt), lm.ids(reply + '"')]), len(lm.ids(prompt))
        scores = lm.logits(ids[None])[0].astype(np.float64)
        log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        assert value == pytest.approx(log_p[np.arange(begin - 1, len(ids) - 1), ids[begin:]].sum(), abs=1e-4)


def test_a_stated_reason_speaks_of_the_words_of_the_text(model):
    said = stated_reason(model, "good food, good key!")
    assert said.verdict == model.classes[int(model.scores(["good food, good key!"])[0, 0] > 0)]
    finite = [word for word, value in zip(said.words, said.told, strict=True) if np.isfinite(value)]
    assert finite == ["good", "food", "key"]  # each word once, and no mark
    assert said.words[said.told_word] in finite
    with pytest.raises(ValueError, match="no word that could be named"):
        stated_reason(model, "!!")


def test_the_llm_can_be_asked_in_a_chat(llm):
    model = ZeroShot.asking(llm, SENTIMENT["chat"])
    good, bad = model.scores(["A gorgeous, moving film.", "Dull and far too long."])[:, 0]
    assert good > bad + 1
    ids = model.encode("A gorgeous, moving film.").ids
    assert good == pytest.approx(whole_read(model, ids), abs=1e-3)
    with pytest.raises(ValueError, match="'  moving' runs together with what stands before it"):
        model.encode("  moving")
    said = stated_reason(model, "A gorgeous, moving film.")
    assert said.verdict == "positive" and said.named
    for name, wording in SENTIMENT.items():
        asked = ZeroShot.asking(llm, wording)
        assert asked.encode("3 stars: not bad.").words == ["3", "stars", ":", "not", "bad", "."], name
