"""The logit lens: each layer's stream, read as the output reads the last one's."""

import json

import numpy as np
import pytest
from language_models import small_lm, small_transformer

from lmtutorial.inside.lens import lens_probabilities, logit_lens

TEXT = "The keys, to the cabinet\nthat crossed"


@pytest.fixture(scope="module")
def lm():
    return small_transformer()


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_the_last_level_is_the_models_own_answer(lm):
    lens = logit_lens(lm, TEXT, "are", top=5)
    p = softmax(lm.logits(lm.prompt_ids(TEXT))[0])
    assert np.array_equal(lens.top_ids[-1], np.argsort(-p, axis=1, kind="stable")[:, :5])
    assert np.allclose(lens.top_p[-1], -np.sort(-p, axis=1)[:, :5], atol=1e-6)
    assert np.allclose(lens.target_p[-1], p[:, lm.word_id("are")], atol=1e-6)


def test_each_level_is_normed_by_its_own_length(lm):
    """The formula written out: h / sqrt(mean(h^2) + epsilon) * gain, then the product with every word's vector."""
    transformer = lm.transformer
    run = lm.run(TEXT, read=["layer.1.residual"])
    h = run["layer.1.residual"][0].astype(np.float64)
    normed = h / np.sqrt((h**2).mean(axis=-1, keepdims=True) + transformer.sizes.epsilon)
    scores = normed * np.asarray(transformer.final_gain) @ np.asarray(transformer.output_matrix).T
    lens = logit_lens(lm, TEXT, "are")
    assert np.allclose(lens.target_p[2], softmax(scores)[:, lm.word_id("are")], atol=1e-6)
    # so the length of a vector says nothing
    assert np.allclose(lens_probabilities(lm, 1000 * h), lens_probabilities(lm, h), atol=1e-4)


def test_ranks_begin_with_one_and_follow_the_probabilities(lm):
    lens = logit_lens(lm, TEXT, "are", top=lm.vocabulary_size)
    assert lens.levels == ("embedding", "layer 0", "layer 1", "layer 2")
    assert lens.top_p.shape == (4, len(lens.tokens), lm.vocabulary_size)
    assert np.allclose(lens.top_p.sum(axis=-1), 1)
    for level, place in np.ndindex(4, len(lens.tokens)):
        order = [word for word, _ in lens.top(level, place)]
        assert order.index("are") + 1 == lens.target_rank[level, place]


def test_the_first_level_is_where_the_answer_comes_to_stay(lm):
    answer = logit_lens(lm, TEXT).top()[0][0]
    lens = logit_lens(lm, TEXT, answer)
    first = lens.first_level()
    assert np.all(lens.target_rank[first:, -1] == 1)
    assert first == 0 or lens.target_rank[first - 1, -1] > 1
    other = next(word for word, _ in logit_lens(lm, TEXT, top=3).top()[1:] if word not in ("", "[UNK]"))
    with pytest.raises(ValueError, match="is not the model's answer behind 'crossed'"):
        logit_lens(lm, TEXT, other).first_level()


def test_the_table_counts_its_rows_from_the_last_level(lm):
    lens = logit_lens(lm, TEXT)
    assert lens.table(every=2).index.tolist() == ["layer 0", "layer 2"]
    assert lens.table().shape == (4, len(lens.tokens)) and lens.table(places=slice(-2, None)).shape == (4, 2)
    assert lens.table().iloc[-1, -1] == lens.top()[0][0]


def test_what_the_page_reads_is_plain_and_short(lm):
    values = json.loads(json.dumps(logit_lens(lm, TEXT, "are").to_dict()))
    places = len(values["tokens"])
    assert set(values) == {"text", "tokens", "layers", "top", "target", "target_p"}
    assert np.shape(values["target_p"]) == (4, places) and len(values["top"]) == 4
    piece, p = values["top"][-1][-1][0]
    assert isinstance(piece, str) and p == round(p, 3)
    assert "target" not in logit_lens(lm, TEXT).to_dict()


def test_what_cannot_be_read_is_named(lm):
    with pytest.raises(ValueError, match="LSTMLanguageModel has none"):
        logit_lens(small_lm(), TEXT)
    with pytest.raises(ValueError, match="does not know the word 'xylophone'"):
        logit_lens(lm, TEXT, "xylophone")
    with pytest.raises(ValueError, match="top must be at least 1, got 0"):
        logit_lens(lm, TEXT, top=0)


def test_the_llm_answers_at_the_last_level_and_not_at_the_first(llm):
    text = "The capital of France is"
    lens = logit_lens(llm, text, " Paris")
    (piece, p), *_ = llm.next_words(text, 1)
    assert lens.top()[0][0] == piece == " Paris" and lens.top()[0][1] == pytest.approx(p, abs=1e-4)
    assert lens.target_p[0, -1] < 0.01 and lens.first_level() > 15
