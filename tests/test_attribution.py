"""Direct logit attribution shares a logit out among the parts that wrote it, and nothing is lost."""

import numpy as np
import pytest
from language_models import small_transformer

from lmtutorial.inside.attribution import direct_attribution


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "untied"])
def model(request):
    return small_transformer(tied=request.param).transformer


@pytest.fixture(scope="module")
def ids(model):
    return np.random.default_rng(1).integers(2, model.sizes.vocabulary, (4, 6))


def test_the_parts_sum_to_the_logit(model, ids):
    target = np.array([3, 4, 5, 6])
    shared = direct_attribution(model, ids, target)
    logits = model.run(ids, padding=-1).logits[:, -1]
    np.testing.assert_allclose(shared.output, logits[np.arange(4), target], atol=1e-5)
    np.testing.assert_allclose(shared.total, shared.output, rtol=1e-4, atol=1e-4)
    assert shared.heads.shape == (4, 3, 4) and shared.mlps.shape == (4, 3) and shared.embedding.shape == (4,)


def test_a_contrast_is_the_difference_of_both_words(model, ids):
    both = direct_attribution(model, ids, 7, 9)
    one, other = direct_attribution(model, ids, 7), direct_attribution(model, ids, 9)
    np.testing.assert_allclose(both.heads, one.heads - other.heads, atol=1e-5)
    np.testing.assert_allclose(both.total, both.output, rtol=1e-4, atol=1e-4)


def test_a_head_says_what_is_lost_when_its_share_is_taken_out_behind_the_last_layer(model, ids):
    """With the norm held fixed: the closed form of one part's share."""
    run = model.run(ids, read=["layer.0.heads", "layer.2.residual"], logits=None, padding=-1)
    written = np.asarray(model.head_outputs(0, run["layer.0.heads"]))[:, -1, 2]  # (prompts, width)
    scale = np.asarray(model.final_scale(run["layer.2.residual"][:, -1]))
    said = (written * scale * np.asarray(model.final_gain)) @ np.asarray(model.output_matrix)[11]
    np.testing.assert_allclose(direct_attribution(model, ids, 11).heads[:, 0, 2], said, atol=1e-5)


def test_what_is_no_word_is_refused(model, ids):
    with pytest.raises(ValueError, match="4 prompts need one target each"):
        direct_attribution(model, ids, [1, 2])
    with pytest.raises(ValueError, match="contrast: ids run from 0"):
        direct_attribution(model, ids, 1, 10_000)


def test_the_parts_of_the_llm_sum_to_its_logit(llm):
    ids = llm.ids("When Mary and John went to the store, John gave a drink to")[None]
    shared = direct_attribution(llm.transformer, ids, llm.word_id(" Mary"), llm.word_id(" John"))
    np.testing.assert_allclose(shared.total, shared.output, atol=1e-3)
    assert shared.output[0] > 1
