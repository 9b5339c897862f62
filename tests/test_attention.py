"""Maps of attention, rollout, what heads fetch, and other patterns with the same answer."""

import numpy as np
import pytest
from language_models import small_transformer

import lmtutorial as lt
from lmtutorial.explainers import METHODS, explain
from lmtutorial.inside import other_patterns
from lmtutorial.inside.attention import (
    PLACES,
    WAYS,
    AttentionMaps,
    attention_maps,
    kinds_of_places,
    rollout,
    where_heads_look,
    word_scores,
)
from lmtutorial.models.text_model import Encoding

PROMPT = "the keys to the cabinet are on the"


@pytest.fixture(scope="module")
def lm():
    return small_transformer()


@pytest.fixture(scope="module")
def maps(lm):
    return attention_maps(lm, PROMPT)


def made_up(weights: np.ndarray, ids=None) -> AttentionMaps:
    """Maps of a text that no model has read."""
    ids = np.arange(weights.shape[-1]) if ids is None else np.asarray(ids)
    return AttentionMaps([str(i) for i in ids], ids, weights, np.ones(weights.shape[:-1]))


def test_each_row_shares_out_its_attention_and_nobody_looks_ahead(maps):
    assert maps.weights.shape == (3, 4, 9, 9) and maps.tokens[:3] == ["[END]", "the", "keys"]
    assert (maps.weights >= 0).all() and np.allclose(maps.weights.sum(axis=-1), 1, atol=1e-5)
    assert np.all(np.triu(maps.weights, k=1) == 0)


def test_a_map_is_the_softmax_of_queries_and_keys(lm, maps):
    run = lm.run(PROMPT, read=["layer.1.queries", "layer.1.keys"])
    queries, keys = run["layer.1.queries"][0], np.repeat(run["layer.1.keys"][0], 2, axis=0)  # two heads share a key
    scores = np.einsum("hid,hjd->hij", queries, keys) / np.sqrt(queries.shape[-1])
    shares = np.exp(scores) * np.tril(np.ones(scores.shape[1:]))
    assert np.allclose(maps.weights[1], shares / shares.sum(axis=-1, keepdims=True), atol=1e-5)


def test_what_is_fetched_adds_up_to_what_attention_adds_to_the_stream(lm):
    one = small_transformer(heads=1, key_heads=1)
    found = attention_maps(one, "the")
    added = one.run("the", read=["layer.0.attention"])["layer.0.attention"][0]
    # the first place sees itself alone, so that one length is all there is
    assert np.isclose(found.fetched[0, 0, 0, 0], np.linalg.norm(added[0]), rtol=1e-5)
    assert found.fetched[0, 0, 1].sum() >= np.linalg.norm(added[1]), "lengths are at least that of the sum"
    # with two keys to four heads, value by value
    maps, run = attention_maps(lm, PROMPT), lm.run(PROMPT, read=["layer.2.values", "layer.2.attention"])
    matrix = np.asarray(lm.transformer.blocks[2].attention.to_stream.kernel).reshape(4, 4, 16)
    offered = np.repeat(run["layer.2.values"][0], 2, axis=0) @ matrix  # (heads, time, width)
    assert np.allclose(np.linalg.norm(offered, axis=-1), maps.lengths[2], rtol=1e-5)
    total = np.einsum("hij,hjw->iw", maps.weights[2], offered)
    assert np.allclose(total, run["layer.2.attention"][0], atol=1e-4)


def test_rollout_is_a_mixture_of_what_stands_before(maps):
    assert maps.rollout.shape == (3, 9, 9)
    assert np.allclose(maps.rollout.sum(axis=-1), 1) and (maps.rollout >= 0).all()
    assert np.all(np.triu(maps.rollout, k=1) == 0)


def test_heads_that_look_at_themselves_mix_nothing():
    alone = np.broadcast_to(np.eye(5), (4, 2, 5, 5))
    assert np.allclose(rollout(alone), np.eye(5))


def test_rollout_by_hand():
    back = np.array([[1.0, 0.0], [1.0, 0.0]])  # the second place looks at the first
    found = rollout(np.broadcast_to(back, (2, 3, 2, 2)))
    assert np.allclose(found[0], [[1, 0], [0.5, 0.5]]) and np.allclose(found[1], [[1, 0], [0.75, 0.25]])


def test_the_order_of_heads_does_not_matter_to_rollout_and_that_of_layers_does(maps):
    assert np.allclose(rollout(maps.weights[:, ::-1]), maps.rollout)
    assert not np.allclose(rollout(maps.weights[::-1])[-1], maps.rollout[-1], atol=1e-3)


@pytest.mark.parametrize(
    "weights, message",
    [(np.eye(3), "got the shape \\(3, 3\\)"), (np.full((1, 1, 2, 2), 0.4), "must sum to 1; one sums to 0.800")],
)
def test_rollout_refuses_what_is_no_attention(weights, message):
    with pytest.raises(ValueError, match=message):
        rollout(weights)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_read_a_map_shares_out_1(maps, way):
    row = maps.last_row(way)
    assert row.shape == (9,) and np.isclose(row.sum(), 1) and (row >= 0).all()


def test_a_misspelt_way_is_named(maps):
    with pytest.raises(ValueError, match="no way 'rolout'.*did you mean 'rollout'"):
        maps.last_row("rolout")


def test_pieces_of_a_word_are_added_up_and_the_start_belongs_to_no_word():
    encoding = Encoding("ab c", ((0, 2), (3, 4)), np.arange(4), ((1, 3), (3, 4)))
    assert np.allclose(word_scores(np.array([0.4, 0.1, 0.2, 0.3]), encoding), [0.3, 0.3])
    with pytest.raises(ValueError, match="4 places need as many numbers, got 3"):
        word_scores(np.ones(3), encoding)


def test_kinds_of_places_share_out_every_place_that_can_be_seen():
    kinds = kinds_of_places(np.array([7, 3, 5, 3, 7]))
    assert np.array_equal(kinds.sum(axis=0), np.tril(np.ones((5, 5))))
    itself, previous, first, same, rest = kinds
    assert np.array_equal(itself, np.eye(5)) and previous[4, 3] == 1 and first[3, 0] == 1
    assert same[3, 1] == 1 and same[4, 0] == 0, "the first place counts as the first, whatever stands there"
    assert rest[4].tolist() == [0, 1, 1, 0, 0]


def test_a_head_that_looks_one_place_back_is_told():
    back = np.eye(6, k=-1)
    back[0, 0] = 1
    table = where_heads_look([made_up(np.stack([back, np.eye(6)])[None])])
    assert table.columns.tolist() == list(PLACES)
    assert table.loc["layer 0, head 0", "previous"] == 1 and table.loc["layer 0, head 1", "itself"] == 1


def test_even_attention_reads_as_the_row_it_is_compared_with(maps):
    even = other_patterns.even_pattern(9)[None, None]
    table = where_heads_look([made_up(even, maps.ids)])
    assert np.allclose(table.loc["layer 0, head 0"], table.loc["evenly"])
    assert np.allclose(where_heads_look([maps, maps]).sum(axis=1), 1, atol=1e-5)
    with pytest.raises(ValueError, match="no text has more than 3 places"):
        where_heads_look([made_up(np.eye(2)[None, None])])


def test_distances_between_distributions():
    p, q = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]), np.array([0.5, 0.5, 0.0])
    assert other_patterns.total_variation(p, q).tolist() == [0.0, 0.5]
    assert np.isclose(other_patterns.jensen_shannon(p, q)[0], 0)
    assert np.isclose(other_patterns.jensen_shannon(np.eye(2), np.eye(2)[::-1]), 1).all()
    assert np.allclose(other_patterns.jensen_shannon(p[1], q), other_patterns.jensen_shannon(q, p[1]))


def test_permuted_rows_hold_the_same_shares(maps):
    own = maps.weights[:, :, -1]
    rows = other_patterns.permuted_rows(own, 5)
    assert rows.shape == (5, *own.shape) and np.allclose(np.sort(rows), np.sort(own)[None])
    assert not np.allclose(rows[0], rows[1]) and np.array_equal(rows, other_patterns.permuted_rows(own, 5))


def test_the_models_own_pattern_moves_nothing_and_another_one_does(lm, maps):
    own = maps.weights[:, :, -1]
    rows = np.concatenate([own[None], other_patterns.permuted_rows(own, 3)])
    found = other_patterns.with_patterns(lm, maps, rows)
    assert found.apart[0] < 1e-6 and found.moved[0] < 1e-5 and found.same_word[0]
    assert (found.apart[1:] > 0.1).all() and (found.moved[1:] > 1e-3).all()


def test_a_pattern_in_one_layer_leaves_the_others_alone(lm, maps):
    rows = other_patterns.permuted_rows(maps.weights[:, :, -1], 2)
    found = other_patterns.with_patterns(lm, maps, rows, [1])
    ids = lm.prompt_ids(PROMPT)
    whole = maps.weights[1].copy()
    whole[:, -1] = rows[0, 1]
    direct = lm.run(ids, replace={"layer.1.pattern": whole[None]}, logits="last").logits
    p, q = (other_patterns.probabilities(x) for x in (direct, lm.run(ids, logits="last").logits))
    assert np.isclose(found.moved[0], other_patterns.total_variation(p, q)[0], atol=1e-5)


def test_the_farthest_pattern_keeps_the_answer(lm, maps):
    found = other_patterns.farthest_pattern(lm, maps, tolerance=0.05, tries=16)
    assert found.moved[0] <= 0.05 + 1e-6 and found.apart[0] > 0.1
    assert np.allclose(found.rows.sum(axis=-1), 1, atol=1e-5)
    strict = other_patterns.farthest_pattern(lm, maps, tolerance=0.001, tries=16)
    assert strict.apart[0] < found.apart[0]


def test_surprise_is_what_the_language_model_says(lm):
    ids = np.r_[lm.prompt_ids(PROMPT)[0], lm.ids("table")]
    found = other_patterns.surprise(lm, ids[None, :-1], ids[None, 1:])
    assert np.allclose(-found[0], lm.log_probs_of_ids([ids[1:]], progress=False)[0], atol=1e-4)
    even = {f"layer.{i}.pattern": other_patterns.even_pattern(len(ids) - 1) for i in range(3)}
    assert not np.allclose(other_patterns.surprise(lm, ids[None, :-1], ids[None, 1:], even), found, atol=1e-2)


@pytest.mark.parametrize("method", METHODS)
def test_every_explainer_explains_a_transformers_next_word(lm, method):
    e = explain(lm, PROMPT, method=method, target="table", contrast="cat")
    assert len(e.scores) == 8 and np.isfinite(e.scores).all() and np.ptp(e.scores) > 0
    if e.completeness_gap is not None:
        # random weights make a rough path: integrated gradients stop at the most points that they may take
        assert abs(e.completeness_gap) < max(0.01, 0.05 * abs(e.output - e.baseline_output))


@pytest.fixture(scope="module")
def shipped():
    return lt.load_model("wiki-transformer")


@pytest.mark.parametrize("method", METHODS)
def test_every_explainer_explains_the_shipped_transformer(shipped, method):
    e = explain(shipped, "the roads to the city", method=method, target="are", contrast="is")
    assert e.tokens == ["the", "roads", "to", "the", "city"] and np.isfinite(e.scores).all()
    if e.completeness_gap is not None:
        assert abs(e.completeness_gap) < max(1e-3, 0.01 * abs(e.output - e.baseline_output))


def test_the_shipped_transformer_has_a_head_that_looks_one_place_back(shipped):
    texts = ["the history of the city begins in the middle ages .", "he was the first president of the united states"]
    table = where_heads_look([attention_maps(shipped, text) for text in texts])
    assert table["previous"].idxmax() == "layer 2, head 0" and table["previous"].max() > 0.5
