"""Induction scores: found where they were built in, absent where nothing is repeated."""

import numpy as np
import pytest
from language_models import small_transformer

from lmtutorial.inside import induction


@pytest.fixture(scope="module")
def model():
    return small_transformer().transformer


def test_each_row_holds_different_tokens_twice():
    ids = induction.repeated_tokens(60, rows=5, length=20, first=7)
    assert ids.shape == (5, 40) and ids.min() >= 7 and ids.max() < 60
    assert np.array_equal(ids[:, :20], ids[:, 20:]) and all(len(set(row)) == 20 for row in ids.tolist())
    assert np.array_equal(ids, induction.repeated_tokens(60, rows=5, length=20, first=7))
    with pytest.raises(ValueError, match="out of 10"):
        induction.repeated_tokens(20, length=11, first=10)


class Told:
    """A model whose heads look where they are told: head 0 behind the first occurrence, head 1 at it, head 2 evenly."""

    class sizes:
        layers, heads = 1, 3

    def run(self, ids, read, logits, padding):
        time = ids.shape[1]
        pattern = np.zeros((1, 3, time, time))
        for place in range(time):
            earlier = [p for p in range(place) if ids[0, p] == ids[0, place]]
            pattern[0, 0, place, earlier[-1] + 1 if earlier else 0] = 1
            pattern[0, 1, place, earlier[-1] if earlier else place] = 1
            pattern[0, 2, place, : place + 1] = 1 / (place + 1)
        return {"layer.0.pattern": pattern}


def test_the_score_is_one_for_a_head_that_looks_behind_the_first_occurrence():
    scores = induction.induction_scores(Told(), induction.repeated_tokens(100, rows=3, length=30))
    np.testing.assert_allclose(scores[0, :2], [1, 0])
    assert scores[0, 2] == pytest.approx(np.mean([1 / n for n in range(31, 60)]))


def test_with_all_heads_left_alone_the_loss_is_the_models_own(model):
    ids = induction.repeated_tokens(model.sizes.vocabulary, rows=6, length=12, first=2)
    loss = induction.second_half_loss(model, ids, np.ones((1, 3, 4), bool))[0]
    logits = model.run(ids, padding=-1).logits[:, 12:-1].astype(float)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    assert loss == pytest.approx(-np.take_along_axis(log_p, ids[:, 13:, None], -1).mean(), abs=1e-4)


def test_taking_heads_out_changes_the_loss(model):
    ids = induction.repeated_tokens(model.sizes.vocabulary, rows=2, length=12, first=2)
    masks = np.ones((2, 3, 4), bool)
    masks[1, 1] = False
    whole, less = induction.second_half_loss(model, ids, masks)
    assert abs(whole - less) > 1e-3


def test_rows_that_do_not_repeat_are_refused(model):
    with pytest.raises(ValueError, match="the same tokens twice"):
        induction.induction_scores(model, np.arange(2, 12)[None])


def test_the_llm_has_heads_that_do_nothing_but_this(llm):
    ids = induction.repeated_tokens(len(llm.vocabulary), rows=1, length=25, first=17)
    scores = induction.induction_scores(llm.transformer, ids)
    assert scores.max() > 0.5 and np.median(scores) < 0.05
