"""A Transformer reads texts that are longer than its context, and is found again after it was saved."""

import numpy as np
import pytest
from language_models import TEXT, small_transformer

from lmtutorial.models.transformer_language_model import TransformerLanguageModel

LONG = " ".join([TEXT] * 3)


def one_by_one(lm, ids):
    """Scores behind each of the ids (time,), read with the cache."""
    state, scores = None, []
    for i in ids:
        found, state = lm.step(np.array([[i]]), state)
        scores.append(found[0])
    return np.stack(scores), state


def test_reading_on_forgets_what_lies_further_back_than_the_context():
    # with one layer, what a place knows of earlier ones is what it looks at itself
    lm = small_transformer(layers=1, context=12)
    ids = lm.ids(LONG)[:50]
    scores, state = one_by_one(lm, ids)
    assert state[0][0].shape[2] == 12, "the cache holds the context and no more"
    last = lm.logits(ids[None, -12:])[0, -1]
    assert np.allclose(scores[-1], last, atol=1e-3)
    assert not np.allclose(scores[-1], lm.logits(ids[None])[0, -1], atol=1e-2), "the whole text says something else"


def test_within_the_context_reading_on_is_reading_at_once():
    lm = small_transformer(context=64)
    ids = lm.ids(LONG)[:40]
    assert np.allclose(one_by_one(lm, ids)[0], lm.logits(ids[None])[0], atol=1e-4)


def test_a_text_longer_than_the_context_has_a_perplexity():
    lm = small_transformer(context=80)
    ids = lm.ids(" ".join([TEXT] * 6))
    found = lm.log_probs_of_ids([ids, ids[:30]], progress=False)
    assert len(found[0]) == len(ids) > 300 and np.isfinite(found[0]).all()
    assert np.allclose(found[0][:30], found[1], atol=1e-4)


def test_the_second_model_of_a_process_is_saved_and_read_like_the_first(tmp_path):
    small_transformer()
    lm = small_transformer(seed=2)  # Keras calls it by another name than the first
    lm.save(tmp_path)
    again = TransformerLanguageModel.load(tmp_path)
    ids = lm.prompt_ids("the keys to the cabinet")
    assert np.allclose(again.logits(ids), lm.logits(ids), atol=0.05)  # weights are rounded to float16
    assert again.preprocessor == lm.preprocessor and again.transformer.sizes == lm.transformer.sizes


def test_a_damaged_folder_is_named(tmp_path):
    small_transformer().save(tmp_path)
    (tmp_path / "transformer.json").write_text('{"vocabulary": 5}')
    with pytest.raises(ValueError, match="holds a damaged Transformer"):
        TransformerLanguageModel.load(tmp_path)
    (tmp_path / "weights.npz").unlink()
    with pytest.raises(ValueError, match="weights.npz does not exist"):
        TransformerLanguageModel.load(tmp_path)
