"""Keeping only some heads: all of them is the model, and what is kept or replaced is what was asked for."""

import numpy as np
import pytest
from language_models import small_transformer

from lmtutorial.inside import circuits
from lmtutorial.inside.patching import Pairs

CLOSE = {"atol": 2e-4}  # float32 sums in another order


@pytest.fixture(scope="module")
def model():
    return small_transformer().transformer


@pytest.fixture(scope="module")
def pairs(model):
    clean = np.random.default_rng(0).integers(2, model.sizes.vocabulary, (3, 6))
    corrupted = clean.copy()
    corrupted[:, 2] = clean[:, 2] % 10 + 12
    return Pairs(clean, corrupted, [4, 9, 12], [5, 8, 20])


@pytest.fixture(scope="module")
def means(model):
    return circuits.mean_heads(model, np.random.default_rng(1).integers(2, model.sizes.vocabulary, (8, 6)))


def test_the_strongest_heads_are_those_farthest_from_zero():
    scores = np.array([[0.1, -0.9, 0.0], [0.3, 0.3, -0.2]])
    assert circuits.strongest(scores, 4) == [(0, 1), (1, 0), (1, 1), (1, 2)]
    assert circuits.strongest(scores, 0) == []
    with pytest.raises(ValueError, match="cannot choose 7 heads"):
        circuits.strongest(scores, 7)


def test_a_mask_is_true_for_its_heads_alone():
    mask = circuits.mask_of([(0, 2), (1, 0)], 2, 3)
    assert np.argwhere(mask).tolist() == [[0, 2], [1, 0]]
    with pytest.raises(ValueError, match=r"no head \(2, 0\): there are 2 layers of 3 heads"):
        circuits.mask_of([(2, 0)], 2, 3)


def test_random_sets_have_the_size_asked_for_and_are_as_often_at_each_head():
    masks = circuits.random_masks(4, 3, 4, draws=600)
    assert masks.shape == (600, 3, 4) and (masks.sum(axis=(1, 2)) == 4).all()
    assert np.abs(masks.mean(axis=0) - 1 / 3).max() < 0.08  # four standard errors
    assert np.array_equal(masks, circuits.random_masks(4, 3, 4, draws=600))


def test_keeping_all_heads_is_the_model_itself(model, pairs, means):
    whole = pairs.difference(model.run(pairs.clean, padding=-1).logits[:, -1])
    kept = circuits.kept_difference(model, pairs, np.ones((1, 3, 4), bool), means)
    np.testing.assert_allclose(kept[0], whole, **CLOSE)


def test_with_no_head_kept_nothing_is_moved_between_places(model, pairs, means):
    """What is left depends on the last token alone."""
    other = pairs.clean.copy()
    other[:, :-1] = 3
    none = np.zeros((1, 3, 4), bool)
    same_end = Pairs(other, pairs.corrupted, pairs.answer, pairs.other)
    kept, kept_of_other = (circuits.kept_difference(model, p, none, means) for p in (pairs, same_end))
    np.testing.assert_allclose(kept, kept_of_other, **CLOSE)


def test_a_kept_head_is_left_alone_and_the_others_give_their_mean(model, pairs, means):
    mask = circuits.mask_of([(1, 2)], 3, 4)
    replace = circuits.keeping(np.repeat(mask[None], 3, axis=0), means)
    run = model.run(pairs.clean, read=["layer.1.heads"], replace=replace, padding=-1)
    before = model.run(
        pairs.clean, read=["layer.1.heads"], replace={s: replace[s] for s in ["layer.0.heads"]}, padding=-1
    )
    np.testing.assert_allclose(run["layer.1.heads"][:, :, 2], before["layer.1.heads"][:, :, 2], **CLOSE)
    np.testing.assert_allclose(
        run["layer.1.heads"][:, :, [0, 1, 3]], np.repeat(means[1][None, :, [0, 1, 3]], 3, 0), **CLOSE
    )


def test_sets_side_by_side_do_not_see_each_other(model, pairs, means, monkeypatch):
    masks = circuits.random_masks(5, 3, 4, draws=4)
    together = circuits.kept_difference(model, pairs, masks, means)
    monkeypatch.setattr(circuits, "ROWS", 3)
    np.testing.assert_allclose(circuits.kept_difference(model, pairs, masks, means), together, **CLOSE)
    assert np.ptp(together, axis=0).max() > 0.01


def test_shares_run_from_no_head_to_all_of_them():
    np.testing.assert_allclose(circuits.kept_share([1.0, 2.5, 4.0], 1.0, 4.0), [0, 0.5, 1])
    with pytest.raises(ValueError, match="no effect to share"):
        circuits.kept_share(1.0, 2.0, 2.0)


def test_looks_are_the_shares_of_the_pattern(model, pairs):
    table = circuits.looks(model, pairs.clean, [(2, 1), (0, 3)], -1, {"all": 0, "own": np.array([1, 2, 3])})
    pattern = model.run(pairs.clean, read=["layer.2.pattern"], padding=-1)["layer.2.pattern"]
    assert table.loc[(2, 1), "all"] == pytest.approx(pattern[:, 1, -1, 0].mean())
    assert table.loc[(2, 1), "own"] == pytest.approx(pattern[[0, 1, 2], 1, -1, [1, 2, 3]].mean())
    everywhere = circuits.looks(model, pairs.clean, [(0, 3)], -1, {str(i): i for i in range(6)})
    assert everywhere.sum(axis=1).item() == pytest.approx(1, abs=1e-5)


def test_layers_that_are_kept_whole_are_run_once_and_change_nothing(model, pairs, means):
    masks = np.ones((2, 3, 4), bool)
    masks[0, 2, 1] = masks[1, 1, 3] = False
    together = circuits.kept_difference(model, pairs, masks, means)
    one_by_one = [circuits.kept_difference(model, pairs, masks[i : i + 1], means)[0] for i in (0, 1)]
    np.testing.assert_allclose(together, one_by_one, **CLOSE)
    np.testing.assert_allclose(
        together[1],
        pairs.difference(
            model.run(pairs.clean, replace=circuits.keeping(masks[[1] * 3], means), padding=-1).logits[:, -1]
        ),
        **CLOSE,
    )


NOTHING = {"answer": 0.0, "giver": 0.0, "giver before": 0.0}


@pytest.mark.parametrize(
    "to, giver, at_giver, says, name",
    [
        ({"answer": 0.6}, {}, 0.0, {"answer": 1.0}, "speaks for the answer"),
        ({"answer": 0.6}, {}, 0.0, {"answer": -1.0}, "speaks against the answer"),
        ({"giver": 0.5, "answer": 0.2}, {}, 0.1, {"answer": 2.0}, "reads the giver"),
        ({"giver": 0.5}, {}, 0.1, {"giver": -2.0}, "speaks against the giver"),
        ({"giver before": 0.5}, {}, 0.0, {"giver": 0.5}, "speaks for the giver"),
        ({"answer": 0.05}, {}, 0.0, {"answer": 1.0}, "looks elsewhere"),
        ({"answer": 0.9}, {"giver before": 0.4}, 0.9, {}, "finds the giver's first naming"),
        ({}, {"giver before": 0.1, "behind it": 0.4}, 0.8, {}, "looks behind it"),
    ],
)
def test_a_head_is_named_by_where_it_looks_from_the_place_at_which_it_works(to, giver, at_giver, says, name):
    giver = {"giver before": 0.0, "behind it": 0.0} | giver
    assert circuits.job(NOTHING | to, giver, at_giver, {"answer": 0.0, "giver": 0.0} | says) == name
