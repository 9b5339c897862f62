"""Reading and replacing: what is read is what the model computed, and what is replaced is what it goes on with."""

import warnings

import numpy as np
import pytest
from keras import ops
from language_models import small_transformer

from lmtutorial.models.activations import IN_LAYER, NothingReplaced, site_names, site_shape

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model():
    return small_transformer().transformer


@pytest.fixture(scope="module")
def ids(model):
    return RANDOM.integers(2, model.sizes.vocabulary, (3, 7)).astype(np.int32)


@pytest.fixture(scope="module")
def everything(model, ids):
    return model.run(ids, read=model.sites)


@pytest.fixture(autouse=True)
def every_warning_is_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_reading_changes_nothing(model, ids, everything):
    assert np.allclose(everything.logits, model(ids), atol=1e-5)
    assert set(everything.values) == set(model.sites) == set(site_names(3)) and len(model.sites) == 2 + 3 * len(
        IN_LAYER
    )


def test_every_site_has_the_shape_it_is_said_to_have(model, everything):
    assert all(everything[f"layer.1.{name}"].shape == site_shape(name, model.sizes, 3, 7) for name in IN_LAYER)
    s = {name: everything[f"layer.1.{name}"].shape for name in IN_LAYER}
    assert s["queries"] == (3, 4, 7, 4) and s["keys"] == s["values"] == (3, 2, 7, 4)
    assert s["pattern"] == (3, 4, 7, 7) and s["heads"] == (3, 7, 4, 4) and s["neurons"] == (3, 7, 24)
    assert {s[name] for name in ("attention", "middle", "mlp", "residual")} == {(3, 7, 16)}
    assert everything["embedding"].shape == everything["final"].shape == (3, 7, 16)


def test_the_stream_is_the_sum_of_all_that_was_added(everything):
    stream = everything["embedding"]
    for i in range(3):
        stream = stream + everything[f"layer.{i}.attention"]
        assert np.allclose(stream, everything[f"layer.{i}.middle"], atol=1e-5)
        stream = stream + everything[f"layer.{i}.mlp"]
        assert np.allclose(stream, everything[f"layer.{i}.residual"], atol=1e-5)


def test_patterns_are_probabilities_of_places_that_were_read(everything):
    for i in range(3):
        pattern = everything[f"layer.{i}.pattern"]
        assert np.allclose(pattern.sum(axis=-1), 1, atol=1e-6) and not np.triu(pattern, 1).any()


def test_what_the_heads_add_sums_to_attention(model, everything):
    parts = model.head_outputs(1, everything["layer.1.heads"])
    assert parts.shape == (3, 7, 4, 16)
    assert np.allclose(ops.sum(parts, axis=2), everything["layer.1.attention"], atol=1e-5)


def test_the_last_stream_gives_the_logits(model, everything):
    last = everything["layer.2.residual"]
    assert np.allclose(model.unembed(last), everything.logits, atol=1e-5)
    normed = last * np.asarray(model.final_scale(last)) * np.asarray(model.final_gain)
    assert np.allclose(normed, everything["final"], atol=1e-5)
    assert np.allclose(normed @ np.asarray(model.output_matrix).T, everything.logits, atol=1e-4)


@pytest.mark.parametrize("site", [s for s in site_names(3) if s != "layer.2.residual"])
def test_a_value_from_another_run_takes_effect_from_a_function_and_from_an_array_alike(model, ids, site):
    donor = model.run(ids[::-1], read=[site])[site]
    by_array = model.run(ids, replace={site: donor}, read=[site])
    by_function = model.run(ids, replace={site: lambda old: donor})
    assert np.allclose(by_array[site], donor)
    assert np.allclose(by_array.logits, by_function.logits, atol=1e-5)
    assert np.abs(by_array.logits - model.run(ids).logits).max() > 1e-3


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_whole_stream_of_another_run_gives_that_runs_answer(model, ids, layer):
    other = model.run(ids[::-1], read=[f"layer.{layer}.residual"])
    patched = model.run(ids, replace={f"layer.{layer}.residual": other[f"layer.{layer}.residual"]})
    assert np.allclose(patched.logits, other.logits, atol=1e-5)


def test_a_number_and_a_row_broadcast(model, ids):
    zero = model.run(ids, replace={"layer.1.mlp": 0.0})
    row = model.run(ids, replace={"layer.1.mlp": np.zeros(16)})
    assert np.array_equal(zero.logits, row.logits)


def test_the_scores_of_normed_vectors_can_be_replaced_too(model, ids):
    assert not model.run(ids, replace={"final": 0.0}).logits.any()
    assert not model.run(ids, replace={"final": 0.0}, logits="last").logits.any()


def test_running_on_from_a_layer_is_running_from_the_start(model, ids, everything):
    for layer in range(1, 4):
        on = model.run_from(layer, everything[f"layer.{layer - 1}.residual"], logits="last")
        assert np.allclose(on.logits, everything.logits[:, -1], atol=1e-5)
    on = model.run_from(0, everything["embedding"], read=["layer.2.mlp"], replace={"layer.1.attention": 0.0})
    start = model.run(ids, read=["layer.2.mlp"], replace={"layer.1.attention": 0.0})
    assert np.allclose(on["layer.2.mlp"], start["layer.2.mlp"], atol=1e-5)


def test_the_last_place_of_a_padded_row_is_that_of_its_text(model, ids):
    rows = np.pad(ids, ((0, 0), (0, 3)))
    residual = model.run(rows, read=["layer.0.residual"], logits=None)["layer.0.residual"]
    on = model.run_from(1, residual, ids=rows, logits="last")
    assert np.allclose(on.logits, model.run(ids, logits="last").logits, atol=1e-5)


def test_layers_behind_the_last_site_are_not_run(model, ids, monkeypatch):
    run = []
    layer = model.layer
    monkeypatch.setattr(type(model), "layer", lambda self, i, *rest: (run.append(i), layer(i, *rest))[1])
    model.run(ids, read=["layer.0.mlp"], logits=None)
    assert run == [0]


def test_a_misspelt_site_is_told_with_the_nearest(model, ids):
    with pytest.raises(ValueError, match=r"no site 'layer\.1\.residul'; did you mean 'layer\.1\.residual'"):
        model.run(ids, read=["layer.1.residul"])
    with pytest.raises(ValueError, match=r"no site 'layer\.3\.mlp'"):
        model.run(ids, replace={"layer.3.mlp": 0.0})
    with pytest.raises(ValueError, match=r"'layer\.0\.mlp' was not read.*'layer\.1\.mlp'"):
        model.run(ids, read=["layer.1.mlp"])["layer.0.mlp"]
    with pytest.raises(ValueError, match="read is a list"):
        model.run(ids, read="layer.1.mlp")


@pytest.mark.parametrize("new", [lambda old: old, lambda old: old * 1.0])
def test_a_replacement_that_changes_nothing_is_reported(model, ids, new):
    with pytest.warns(NothingReplaced, match=r"'layer\.1\.mlp' changed nothing") as caught:
        run = model.run(ids, replace={"layer.1.mlp": new})
    assert run.unchanged == ("layer.1.mlp",) and caught[0].filename == __file__


def test_an_array_that_changes_nothing_is_reported_and_others_are_not(model, ids, everything):
    with pytest.warns(NothingReplaced):
        run = model.run(ids, replace={"layer.1.mlp": everything["layer.1.mlp"], "layer.2.mlp": 0.0})
    assert run.unchanged == ("layer.1.mlp",)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ids": [[0, 10_000]]}, "ids run from 0 to .*, got 0 to 10,000"),
        ({"ids": [[-1]]}, "got -1 to -1"),
        ({"ids": [[0.5]]}, r"whole numbers \(batch, time\), got float64"),
        ({"ids": [0, 1]}, r"of the shape \(2,\)"),
        ({"ids": np.zeros((0, 3), int)}, r"of the shape \(0, 3\)"),
        ({"logits": "first"}, "'first'"),
        (
            {"replace": {"layer.1.mlp": np.zeros(5)}},
            r"\(5,\) does not fit 'layer\.1\.mlp', which is \(3, 7, 16\)",
        ),
        ({"replace": {"layer.1.mlp": np.zeros((9, 7, 16))}}, r"shape \(9, 7, 16\) does not fit 'layer\.1\.mlp'"),
        ({"replace": {"layer.1.mlp": np.zeros((1, 3, 7, 16))}}, r"shape \(1, 3, 7, 16\) does not fit"),
        ({"replace": {"layer.1.heads": np.zeros((3, 7, 16))}}, r"'layer\.1\.heads', which is \(3, 7, 4, 4\)"),
        ({"replace": {"embedding": np.zeros((9, 7, 16))}}, r"shape \(9, 7, 16\) does not fit 'embedding'"),
        ({"replace": {"layer.1.mlp": lambda x: np.zeros((9, 9, 16))}}, r"shape \(9, 9, 16\) does not fit 'mlp'"),
    ],
)
def test_bad_input_is_told(model, ids, wrong, told):
    with pytest.raises(ValueError, match=told):
        model.run(**({"ids": ids} | {k: np.asarray(v) if k == "ids" else v for k, v in wrong.items()}))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"layer": 4}, "from 0 to 3, got 4"),
        ({"residual": np.zeros((1, 2, 5))}, r"\(batch, time, 16\), got \(1, 2, 5\)"),
        ({"read": ["embedding"]}, "'embedding' comes before layer 1"),
        ({"replace": {"layer.0.mlp": 0.0}}, r"'layer\.0\.mlp' comes before layer 1"),
    ],
)
def test_going_on_from_where_one_cannot_is_told(model, wrong, told):
    with pytest.raises(ValueError, match=told):
        model.run_from(**({"layer": 1, "residual": np.zeros((1, 2, 16))} | wrong))
