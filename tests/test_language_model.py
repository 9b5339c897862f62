"""What every language model must keep: probabilities add up, the chain rule holds, and reading on is reading."""

import keras
import numpy as np
import pytest
from keras import ops

import lmtutorial as lt
from lmtutorial.models.language_model import PIECE
from lmtutorial.models.lstm_language_model import LSTMLanguageModel, build_lstm_lm
from lmtutorial.preprocessing import UNKNOWN, Preprocessor

TEXTS = list(lt.load_reviews()["text"][:400])
WORDS = Preprocessor.fit([text + "\n" for text in TEXTS], max_tokens=900, rules="language")
SIZE = len(WORDS.vocabulary)
TEXT = "The film is not good (it is bad), I think.\nA second line of it."
SHAPES = {
    "tied": {"dim": 24, "units": (16,)},
    "tied, of equal width": {"dim": 16, "units": (16,)},
    "two layers, untied": {"dim": 12, "units": (16, 10), "tied": False},
    "frozen": {"dim": 8, "units": (16,), "vectors": np.random.default_rng(1).normal(size=(SIZE, 8)), "frozen": True},
}


def language_model(shape: str) -> LSTMLanguageModel:
    keras.utils.set_random_seed(3)
    model = build_lstm_lm(SIZE, **SHAPES[shape])
    model.set_weights([3 * w for w in model.get_weights()])  # so large that every word matters
    return LSTMLanguageModel(model, WORDS)


@pytest.fixture(params=SHAPES)
def lm(request):
    return language_model(request.param)


@pytest.fixture
def one():
    return language_model("tied")


def with_start(lm, text):
    return np.r_[lm.start, lm.ids(text)][None]


def log_softmax(logits):
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def test_the_probabilities_of_all_next_words_add_up_to_one(lm):
    words = lm.next_words("a good film", top=None)
    assert len(words) == len({word for word, _ in words}) == SIZE
    assert abs(sum(p for _, p in words) - 1) < 1e-12  # a softmax in float64
    assert [p for _, p in words] == sorted((p for _, p in words), reverse=True)
    assert lm.next_words("a good film", top=3) == words[:3]


def test_log_prob_is_the_chain_rule(lm):
    tokens = WORDS.tokens(TEXT)
    first = log_softmax(lm.logits(np.array([[lm.start]], np.int32)))[0, 0, lm.ids(TEXT)[0]]
    spans = WORDS.spans(TEXT)
    rest = [
        np.log(dict(lm.next_words(TEXT[: spans[i - 1][1]], top=None))[lm.tokens(TEXT)[i]])
        for i in range(1, len(tokens))
    ]
    # float32 scores: 1e-5 for each of some 18 tokens
    assert abs(lm.log_prob(TEXT) - (first + sum(rest))) < 2e-4


def test_perplexity_is_keras_own_loss_exponentiated(lm):
    lm.keras_model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    texts = TEXTS[:20]
    rows = [with_start(lm, text) for text in texts]
    losses = [lm.keras_model.evaluate(row[:, :-1], row[:, 1:], verbose=0) for row in rows]
    weights = [row.shape[1] - 1 for row in rows]
    theirs = np.exp(np.average(losses, weights=weights))
    assert abs(lm.perplexity(texts) / theirs - 1) < 1e-5  # float32 losses


def test_a_text_read_in_pieces_is_the_text_read_at_once(lm):
    long = " ".join(TEXTS[:12])
    assert len(lm.ids(long)) > 3 * PIECE, "a text of one piece would prove nothing"
    row = with_start(lm, long)
    whole = log_softmax(lm.logits(row))[0, np.arange(row.shape[1] - 1), row[0, 1:]]
    beside = lm.log_probs([TEXTS[0], long, TEXTS[30]])
    assert np.abs(beside[1] - whole).max() < 1e-4  # float32, carried over 200 steps
    alone = lm.log_probs([TEXTS[0]])[0]
    # this model is so unsure of itself that log P reaches -48, where float32 has steps of 4e-6
    assert np.allclose(beside[0], alone, rtol=2e-6, atol=1e-5), "texts read side by side must not touch each other"


def test_padding_behind_a_text_changes_nothing(lm):
    row = with_start(lm, TEXT)
    padded = np.concatenate([row, np.zeros((1, 5), np.int32)], axis=1)
    last = lm.logits(row)[:, -1]
    assert np.abs(np.asarray(lm.last_logits(padded)) - last).max() < 1e-5
    assert np.abs(lm.logits(padded)[:, : row.shape[1]] - lm.logits(row)).max() < 1e-5
    assert np.abs(np.asarray(lm.last_logits_of_embeddings(lm.embed(padded), padded)) - last).max() < 1e-5


def test_the_scores_are_those_of_the_keras_model(lm):
    row = with_start(lm, TEXT)
    assert np.abs(lm.logits(row) - np.asarray(lm.keras_model(row))).max() < 1e-5


def test_a_tied_output_scores_words_by_their_own_vectors():
    lm = language_model("tied, of equal width")
    row = with_start(lm, TEXT)
    hidden, _ = lm.hidden(lm.embed(row))
    table, bias = lm.embedding.get_weights()[0], np.asarray(lm.keras_model.get_layer("scores").bias)
    assert np.abs(np.asarray(hidden) @ table.T + bias - lm.logits(row)).max() < 1e-4
    # one table, of 900 words: the output layer adds its bias alone
    assert lm.keras_model.count_params() == SIZE * 16 + 4 * 16 * (16 + 16 + 1) + SIZE


def test_the_first_columns_of_a_table_begin_as_the_vectors_given():
    vectors = np.random.default_rng(0).normal(size=(SIZE, 5))
    vectors[7] = 0  # a word without a vector
    table = build_lstm_lm(SIZE, dim=9, units=(4,), vectors=vectors).get_layer("words").get_weights()[0]
    ratio = np.delete(table[:, :5] / np.where(vectors == 0, 1, vectors), 7, axis=0)
    assert np.allclose(ratio, ratio[0, 0], rtol=1e-5) and np.abs(table[7]).min() > 0
    frozen = build_lstm_lm(SIZE, dim=5, units=(4,), vectors=vectors, frozen=True).get_layer("words")
    assert np.allclose(np.delete(frozen.get_weights()[0], 7, 0), np.delete(vectors, 7, 0)) and not frozen.trainable


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"vectors": np.ones((3, 5))}, "do not fit"),
        ({"vectors": np.ones((SIZE, 500))}, "do not fit"),
        ({"frozen": True}, "full width 200"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        build_lstm_lm(SIZE, **settings)


def test_a_model_is_read_back_as_it_was_written(lm, tmp_path):
    rounded = [w.astype(np.float16).astype(np.float32) for w in lm.keras_model.get_weights()]
    lm.keras_model.set_weights(rounded)
    lm.save(tmp_path)
    again = lt.load_model(tmp_path)
    row = with_start(lm, TEXT)
    assert np.array_equal(again.logits(row), lm.logits(row)) and again.vocabulary == lm.vocabulary


@pytest.mark.parametrize("damage", ["cut", "missing", "other shape", "no json"])
def test_a_damaged_model_is_named(one, tmp_path, damage):
    one.save(tmp_path)
    weights = tmp_path / "weights.npz"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-2000])
    elif damage == "missing":
        weights.unlink()
    elif damage == "other shape":
        (tmp_path / "model.json").write_text('{"dim": 25, "units": [16], "tied": true}')
    else:
        (tmp_path / "model.json").write_text("[")
    with pytest.raises(ValueError, match="weights.npz does not exist" if damage == "missing" else "damaged language"):
        LSTMLanguageModel.load(tmp_path)


def test_a_preprocessor_of_another_model_is_refused(one):
    other = Preprocessor.fit(TEXTS, max_tokens=50, rules="language")
    with pytest.raises(ValueError, match=r"no '\[END\]'"):
        LSTMLanguageModel(one.keras_model, other)
    with pytest.raises(ValueError, match="does not belong"):
        LSTMLanguageModel(one.keras_model, Preprocessor(WORDS.vocabulary[:100], "language"))


def test_generation_repeats_with_its_seed_and_never_writes_an_unknown_word(one):
    written = one.generate("The film is", 60, seed=5)
    assert written == one.generate("The film is", 60, seed=5) != one.generate("The film is", 60, seed=6)
    assert written.startswith("The film is") and UNKNOWN not in one.draw("The film is", 200, temperature=3, seed=1)
    assert one.generate("The film is", 0) == "The film is"


def test_one_likeliest_word_at_a_time_is_greedy(one):
    text = "A good film"
    for _ in range(5):
        likeliest = next(word for word, _ in one.next_words(text, top=3) if word not in ("", "[UNK]"))
        drawn = one.vocabulary[one.draw(text, 1, top_k=1)[0]]
        assert drawn == likeliest
        text += "\n" if drawn == "[END]" else f" {drawn}"


@pytest.mark.parametrize("text", ["", "  \n", "—"])
def test_an_empty_prompt_is_refused(one, text):
    for ask in (one.next_words, one.generate, one.log_prob):
        with pytest.raises(ValueError, match="empty|no word"):
            ask(text)


def test_a_prompt_of_unknown_words_is_refused_but_has_a_probability(one):
    for ask in (one.next_words, one.generate):
        with pytest.raises(ValueError, match="knows none of the words of 'Xyzzy plugh'"):
            ask("Xyzzy plugh")
    assert one.log_prob("Xyzzy plugh") < 0  # of two unknown words in a row


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"temperature": 0}, "temperature must be above 0, got 0"),
        ({"temperature": -1}, "temperature must be above 0, got -1"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 0}, "top_p must be above 0 and at most 1, got 0"),
        ({"top_p": 1.5}, "top_p must be above 0 and at most 1, got 1.5"),
        ({"top_k": 0}, "top_k must be a whole number"),
        ({"top_k": 2.5}, "top_k must be a whole number"),
        ({"length": -1}, "length must be 0 or more"),
    ],
)
def test_a_setting_outside_its_range_is_refused(one, settings, told):
    with pytest.raises(ValueError, match=told):
        one.generate("A good film", **settings)


def test_other_bad_questions_are_refused(one):
    with pytest.raises(ValueError, match="at least one text"):
        one.perplexity([])
    with pytest.raises(ValueError, match="top must be at least 1"):
        one.next_words("a film", top=0)
    with pytest.raises(ValueError, match="does not know the word 'filmm'; did you mean 'film'"):
        one.word_id("filmm")
    with pytest.raises(ValueError, match="is 2 tokens"):
        one.word_id("good film")
    with pytest.raises(ValueError, match="expected a list of texts"):
        one.perplexity("a film")


def test_a_very_long_text_takes_the_memory_of_a_piece(one):
    long = " ".join(TEXTS)
    assert len(one.ids(long)) > 7000
    assert np.isfinite(one.log_prob(long)) and ops.shape(one.embed(one.ids(TEXT)[None]))[-1] == 24
