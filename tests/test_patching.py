"""Laws of activation patching, on a small Transformer of random weights and on the LLM."""

import numpy as np
import pandas as pd
import pytest
from language_models import small_transformer

from benchmarks.circuits import one_forward_a_site
from lmtutorial.inside.patching import PARTS, Pairs, Patching, pairs_of
from lmtutorial.inside.tail import READ, Tail

CLOSE = {"atol": 2e-4}  # float32 sums in another order


@pytest.fixture(scope="module")
def model():
    return small_transformer().transformer


@pytest.fixture(scope="module")
def pairs(model):
    random = np.random.default_rng(0)
    clean = random.integers(2, model.sizes.vocabulary, (3, 7))
    corrupted = clean.copy()
    corrupted[:, 3] = (clean[:, 3] + 5) % (model.sizes.vocabulary - 2) + 2
    corrupted[1, 5] += 1 - 2 * (corrupted[1, 5] > 10)  # two places differ
    return Pairs(clean, corrupted, [4, 9, 12], [5, 8, 20])


@pytest.fixture(scope="module")
def patching(model, pairs):
    return Patching(model, pairs)


@pytest.mark.parametrize("direction, whole", [("denoising", 1), ("noising", 0)])
def test_patching_everything_at_a_layer_gives_the_other_run(model, pairs, direction, whole):
    patching = Patching(model, pairs, direction)
    for layer in range(model.sizes.layers):
        np.testing.assert_allclose(patching.of(f"layer.{layer}.residual"), whole, **CLOSE)


@pytest.mark.parametrize("direction, nothing", [("denoising", 0), ("noising", 1)])
@pytest.mark.parametrize("part", [*PARTS, "heads"])
def test_patching_a_run_into_itself_changes_nothing(model, pairs, part, direction, nothing):
    patching = Patching(model, pairs, direction)
    patching.source = patching.into
    grid = patching.by_head() if part == "heads" else patching.by_place(part)
    np.testing.assert_allclose(grid, nothing, **CLOSE)


def test_the_stream_behind_the_last_layer_counts_at_the_last_place_alone(patching):
    grid = patching.by_place("residual")[:, -1]  # (prompts, time)
    np.testing.assert_allclose(grid[:, -1], 1, **CLOSE)
    np.testing.assert_allclose(grid[:, :-1], 0, **CLOSE)


@pytest.mark.parametrize("part", PARTS)
def test_the_batched_grid_is_that_of_one_forward_a_site(patching, part):
    np.testing.assert_allclose(patching.by_place(part), one_forward_a_site(patching, part), **CLOSE)


def test_places_before_the_first_difference_are_exactly_what_they_were(patching):
    for part in PARTS:
        assert (patching.by_place(part)[:, :, :3] == 0).all()
        assert (patching.by_place(part)[:, :, 3] != 0).any()


def test_a_head_grid_is_that_of_one_forward_a_head(model, pairs, patching):
    grid = patching.by_head()
    for layer, head in ((0, 1), (1, 3), (2, 0)):
        site = f"layer.{layer}.heads"

        def patched(heads, site=site, head=head):
            return np.where(np.arange(4)[:, None] == head, patching.source[site], heads)

        run = model.run(pairs.corrupted, replace={site: patched}, padding=-1)
        np.testing.assert_allclose(grid[:, layer, head], patching.score(pairs.difference(run.logits[:, -1])), **CLOSE)


def test_all_heads_of_a_layer_together_are_its_attention(patching):
    for layer in range(3):
        np.testing.assert_allclose(
            patching.of(f"layer.{layer}.heads"), patching.of(f"layer.{layer}.attention"), **CLOSE
        )


def test_heads_at_chosen_places_are_patched_there_alone(patching):
    np.testing.assert_allclose(patching.by_head([0, 1, 2]), 0, **CLOSE)
    np.testing.assert_allclose(patching.by_head([3, 4, 5, 6]), patching.by_head(), **CLOSE)
    mask = np.zeros((7, 4, 1), bool)
    mask[-1, 2] = True
    np.testing.assert_allclose(patching.by_head([-1])[:, 1, 2], patching.of("layer.1.heads", mask), **CLOSE)


def test_what_is_run_from_a_place_on_is_what_the_whole_run_has_there(model, pairs):
    sites = [f"layer.{i}.{name}" for i in range(3) for name in (*READ, "residual")]
    run = model.run(pairs.clean, read=["embedding", *sites], padding=-1)
    tail = Tail(model, 4, run)
    x = run["embedding"][:, 4:]
    for layer in range(3):
        x = tail.layer(layer, np.concatenate([x, x]))[: len(x)]
        np.testing.assert_allclose(x, run[f"layer.{layer}.residual"][:, 4:], **CLOSE)


def test_batches_of_another_size_give_the_same(monkeypatch, patching):
    before = patching.by_place("mlp")
    monkeypatch.setattr("lmtutorial.inside.patching.ROWS", 10)
    np.testing.assert_allclose(patching.by_place("mlp"), before, **CLOSE)


def test_noising_and_denoising_of_the_whole_stream_at_one_place_are_each_others_mirror(model):
    """Where one place carries all that differs, what is enough is what is needed."""
    clean, corrupted = np.array([[2, 3, 4, 5]]), np.array([[2, 3, 4, 6]])
    pairs = Pairs(clean, corrupted, [7], [8])
    there, back = (Patching(model, pairs, d).by_place()[0, :, -1] for d in ("denoising", "noising"))
    np.testing.assert_allclose(there, 1, **CLOSE)
    np.testing.assert_allclose(back, 0, **CLOSE)


def test_what_cannot_be_patched_is_refused(model, pairs, patching):
    with pytest.raises(ValueError, match="no direction 'denoise'.*denoising"):
        Patching(model, pairs, "denoise")
    with pytest.raises(ValueError, match="no part 'mpl'.*mlp"):
        patching.by_place("mpl")
    with pytest.raises(ValueError, match="no site 'layer.9.heads' to patch"):
        patching.of("layer.9.heads")
    with pytest.raises(ValueError, match="the same as its corrupted one"):
        Pairs(pairs.clean, pairs.clean, pairs.answer, pairs.other)
    with pytest.raises(ValueError, match=r"one shape .*\(3, 7\) and \(3, 6\)"):
        Pairs(pairs.clean, pairs.corrupted[:, :-1], pairs.answer, pairs.other)
    with pytest.raises(ValueError, match="3 prompts need as many answers"):
        Pairs(pairs.clean, pairs.corrupted, [1], [2])
    with pytest.raises(ValueError, match="there is no scale"):
        Patching(model, Pairs(pairs.clean, pairs.corrupted, [4, 9, 12], [4, 9, 12]))


def test_the_llm_is_asked_for_prompts_of_one_length(llm):
    rows = [("Mary saw a", "John saw a", " dog", " cat"), ("Mary saw the", "John had seen the", " dog", " cat")]
    table = pd.DataFrame(rows, columns=["clean", "corrupted", "answer", "other"])
    assert pairs_of(llm, table[:1]).clean.shape == (1, 3)
    with pytest.raises(ValueError, match=r"same number of tokens, got \[3, 4\]"):
        pairs_of(llm, table)
    with pytest.raises(ValueError, match=r"lacks \['answer'\]"):
        pairs_of(llm, table.drop(columns="answer"))


def test_patching_the_llm_keeps_the_laws(llm):
    row = ("When Mary and John went out, John called", "When Mary and John went out, Mary called", " Mary", " John")
    patching = Patching(
        llm.transformer, pairs_of(llm, pd.DataFrame([row], columns=["clean", "corrupted", "answer", "other"]))
    )
    np.testing.assert_allclose(patching.of("layer.12.residual"), 1, atol=1e-3)
    np.testing.assert_allclose(patching.of("layer.29.residual", np.eye(9, dtype=bool)[-1:].T), 1, atol=1e-3)
    assert patching.clean_difference > 0 > patching.corrupted_difference
