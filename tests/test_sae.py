"""Laws of the sparse autoencoder, of its measures, of the rule that names features, and of steering."""

import json

import numpy as np
import pandas as pd
import pytest
from keras import ops
from language_models import TEXT, small_transformer
from scipy import sparse

from lmtutorial import files
from lmtutorial.inside import feature_names, sae_quality, sae_training, steering, word_kinds
from lmtutorial.inside.activations import Activations, by_length, collect, padded, text_rows
from lmtutorial.inside.sae import SparseAutoencoder, keep_largest, load_sae
from lmtutorial.inside.sae_quality import Principal, explained_variance


@pytest.fixture(scope="module")
def lm():
    return small_transformer(width=16, layers=3, heads=2, hidden=32)


@pytest.fixture(scope="module")
def rows(lm):
    lines = TEXT.split("\n")
    return [lm.ids(text) for text in (TEXT, *lines)]


@pytest.fixture
def random():
    return np.random.default_rng(0)


def planted(random, places=20_000, features=64, width=32):
    """Vectors that are sums of a few of 64 directions, and the directions."""
    directions = random.normal(size=(features, width))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    activations = (random.random((places, features)) < 0.04) * random.exponential(1, (places, features))
    return (activations @ directions + 1).astype(np.float32), directions


# --- explained variance ---------------------------------------------------------------------------------------------


def test_the_mean_explains_nothing_and_a_copy_everything(random):
    x = random.normal(5, 2, (200, 7))
    assert explained_variance(x, x) == 1
    assert explained_variance(x, np.broadcast_to(x.mean(axis=0), x.shape)) == pytest.approx(0, abs=1e-12)


def test_what_lies_far_from_zero_has_no_variance_for_that(random):
    """Variance about zero would call the mean a nearly perfect answer here."""
    x = random.normal(size=(200, 7))
    rebuilt = x + random.normal(0, 0.5, x.shape)
    assert explained_variance(x + 100, rebuilt + 100) == pytest.approx(explained_variance(x, rebuilt))


def test_errors_are_summed_before_they_are_divided():
    x = np.array([[0.0], [2.0], [10.0], [-12.0]])
    rebuilt = np.array([[1.0], [1.0], [10.0], [-12.0]])
    assert explained_variance(x, rebuilt) == pytest.approx(1 - 2 / 248)


def test_vectors_without_variance_or_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="no variance"):
        explained_variance(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="same"):
        explained_variance(np.eye(3), np.eye(3)[:, :2])
    with pytest.raises(ValueError, match="NaN"):
        explained_variance(np.array([[np.nan], [1.0]]), np.ones((2, 1)))


# --- the autoencoder ------------------------------------------------------------------------------------------------


def test_the_k_largest_are_kept_and_nothing_below_zero(random):
    x = random.normal(size=(50, 20)).astype(np.float32)
    kept = ops.convert_to_numpy(keep_largest(x, 4))
    assert np.all((kept > 0).sum(axis=1) <= 4) and np.all((kept == 0) | (kept == x))
    for row, found in zip(x, kept, strict=True):
        assert set(found[found > 0]) == {v for v in np.sort(row)[-4:] if v > 0}
    assert not ops.convert_to_numpy(keep_largest(-np.ones((2, 3), np.float32), 2)).any()


def one_to_one(width=6, k=2, scale=1.0):
    """A dictionary of the axes themselves."""
    sae = SparseAutoencoder(width, width, k, scale=scale)
    sae.encoder.assign(np.eye(width))
    sae.decoder.assign(np.eye(width))
    return sae


def test_with_the_axes_as_dictionary_the_largest_numbers_stay():
    x = np.array([[3.0, -9.0, 1.0, 0.5, 2.0, 0.0]], np.float32)
    assert one_to_one().rebuild(x).tolist() == [[3.0, 0.0, 0.0, 0.0, 2.0, 0.0]]
    assert one_to_one(scale=2.0).encode(x).tolist() == [[1.5, 0.0, 0.0, 0.0, 1.0, 0.0]]


def test_rebuilding_is_decoding_what_was_encoded(random):
    x, _ = planted(random, 300)
    sae = sae_training.begin(x, 64, 5)
    assert np.allclose(sae.rebuild(x), sae.decode(sae.encode(x)), atol=1e-5)


def test_an_activation_of_one_adds_the_features_direction(random):
    x, _ = planted(random, 300)
    sae = sae_training.begin(x, 64, 5)
    f = np.zeros((2, 64), np.float32)
    f[1, 3] = 1
    assert np.allclose(np.diff(sae.decode(f), axis=0)[0], sae.direction(3), atol=1e-5)


def test_the_unit_of_the_vectors_changes_nothing_that_is_measured(random):
    x, _ = planted(random, 500)
    one, thousand = sae_training.begin(x, 64, 5), sae_training.begin(1000 * x, 64, 5)
    assert explained_variance(x, one.rebuild(x)) == pytest.approx(
        explained_variance(1000 * x, thousand.rebuild(1000 * x)), abs=1e-4
    )


@pytest.mark.parametrize("settings", [{"k": 0}, {"k": 9}, {"k": 2, "scale": 0.0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match="must be"):
        SparseAutoencoder(4, 8, **settings)


def test_vectors_of_another_width_and_features_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="6 numbers"):
        one_to_one().encode(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="from 0 to 5"):
        one_to_one().direction(6)


def test_what_is_saved_is_read_again(random, tmp_path):
    x, _ = planted(random, 300)
    sae = sae_training.begin(x, 64, 5, site="layer.2.residual")
    sae.save(tmp_path / "mine", {"note": "a test"})
    again = SparseAutoencoder.load(tmp_path / "mine")
    assert (again.k, again.scale, again.site, again.layer) == (5, sae.scale, "layer.2.residual", 2)
    assert np.allclose(again.decoder, sae.decoder, atol=1e-3)  # float16
    assert json.loads((tmp_path / "mine" / "card.json").read_text())["note"] == "a test"


def test_a_damaged_or_missing_file_is_named(random, tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        SparseAutoencoder.load(tmp_path)
    one_to_one().save(tmp_path)
    (tmp_path / "weights.npz").write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match="damaged"):
        SparseAutoencoder.load(tmp_path)


# --- training -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learned():
    x, directions = planted(np.random.default_rng(0))
    sae = sae_training.begin(x, 64, 4)
    settings = {"steps": 1000, "batch_size": 512, "learning_rate": 3e-3, "dead_after": 5000, "progress": False}
    return sae, sae_training.train(sae, x, **settings), x, directions


def test_training_finds_the_directions_that_the_vectors_were_made_of(learned):
    sae, left, x, directions = learned
    likeness = np.asarray(sae.decoder) @ directions.T
    assert np.mean(likeness.max(axis=0) > 0.9) > 0.9
    assert left[-1] < 0.3 * left[0]


def test_all_directions_stay_of_length_one(learned):
    assert np.allclose(np.linalg.norm(learned[0].decoder, axis=1), 1, atol=1e-5)


def test_what_is_reported_in_training_is_what_the_measure_says(learned):
    sae, left, x, _ = learned
    assert 1 - explained_variance(x, sae.rebuild(x)) == pytest.approx(np.mean(left[-20:]), abs=0.01)


def test_it_explains_more_than_as_many_principal_components(learned):
    sae, _, x, _ = learned
    assert explained_variance(x, sae.rebuild(x)) > explained_variance(x, Principal.fit(x, sae.k).rebuild(x)) + 0.2


def few_steps(x, seed, dead_after=10**9, steps=150):
    sae = sae_training.begin(x, 64, 4)
    weak = np.where(np.arange(64) < 32, 0.02, 1.0)  # half of the features are never among the largest
    sae.encoder.assign(np.asarray(sae.encoder) * weak)
    settings = {"batch_size": 256, "learning_rate": 1e-2, "seed": seed, "progress": False}
    sae_training.train(sae, x, steps=steps, dead_after=dead_after, **settings)
    return sae


def test_dead_features_come_back_by_what_the_living_leave_over(random):
    x, _ = planted(random, 5000)
    dead, revived = (sae_quality.sparsity(few_steps(x, 0, after).encode(x))["dead"] for after in (10**9, 2000))
    assert dead > 0.4 and revived < dead / 2


def test_the_seed_alone_decides(random):
    x, _ = planted(random, 1000)
    one, same, other = (np.asarray(few_steps(x, seed, steps=5).encoder) for seed in (0, 0, 1))
    assert np.array_equal(one, same) and not np.allclose(one, other)


def test_training_refuses_vectors_of_another_width():
    with pytest.raises(ValueError, match="width 6"):
        sae_training.train(one_to_one(), np.eye(4), steps=1)


# --- what else can be said of a dictionary --------------------------------------------------------------------------


def test_l0_and_dead_features_are_counted():
    assert sae_quality.sparsity([[1, 0, 2, 0], [0, 0, 3, 0]]) == {"l0": 1.5, "dead": 0.5}


def test_principal_components_explain_the_largest_eigenvalues(random):
    x = random.normal(3, 1, (400, 6)) * [5, 4, 3, 2, 1, 0.5]
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(x.T)))[::-1]
    for k in (1, 3, 6):
        found = explained_variance(x, Principal.fit(x, k).rebuild(x))
        assert found == pytest.approx(eigenvalues[:k].sum() / eigenvalues.sum(), abs=1e-5)
    with pytest.raises(ValueError, match="from 1 to"):
        Principal.fit(x, 7)


def test_a_copy_recovers_all_cross_entropy_and_zeros_nothing(lm, rows):
    rebuilds = {"copy": lambda x: x, "nothing": np.zeros_like, "half": lambda x: x / 2}
    losses = sae_quality.spliced_losses(lm, rows, "layer.1.residual", rebuilds)
    assert sae_quality.recovered(losses, "copy") == 1 and sae_quality.recovered(losses, "nothing") == 0
    assert np.allclose(losses["clean"], losses["copy"]) and not np.allclose(losses["clean"], losses["zero"])


def test_the_clean_loss_is_that_of_the_model(lm, rows):
    losses = sae_quality.spliced_losses(lm, rows, "layer.0.residual", {})
    for number, row in enumerate(rows):
        scores = lm.logits(row[None])[0].astype(float)
        log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        said = [log_p[t - 1, row[t]] for t in range(2, len(row))]
        assert losses.loc[number, "pieces"] == len(said)
        assert losses.loc[number, "clean"] == pytest.approx(-sum(said), abs=1e-3)


def test_what_is_too_long_and_the_first_place_stay_as_they_are(lm, rows):
    site = "layer.0.residual"
    spoiled = sae_quality.spliced_losses(lm, rows, site, {}, longest=0.0)
    assert np.allclose(spoiled["zero"], spoiled["clean"])
    seen = []
    sae_quality.spliced_losses(lm, rows[:1], site, {"look": lambda x: seen.append(x) or x})
    assert len(seen[0]) == len(rows[0]) - 1


# --- collecting -----------------------------------------------------------------------------------------------------


def test_collected_vectors_are_those_of_each_row_read_alone(lm, rows):
    acts = collect(lm, rows, ["embedding", "layer.1.residual"])
    assert len(acts) == sum(len(row) - 1 for row in rows)
    for number, row in enumerate(rows):
        alone = lm.run(row, read=["layer.1.residual"], logits=None)["layer.1.residual"][0]
        assert np.allclose(acts.vectors["layer.1.residual"][acts.row == number], alone[1:], rtol=1e-4, atol=1e-3)
        assert acts.ids[acts.row == number].tolist() == row[1:].tolist()


def test_only_the_places_asked_for_are_kept(lm, rows):
    acts = collect(lm, rows[:2], ["embedding"], keep=[[0, 3], []])
    assert (acts.row.tolist(), acts.place.tolist()) == ([0, 0], [0, 3])
    with pytest.raises(ValueError, match="row 1 has the places"):
        collect(lm, rows[:2], ["embedding"], keep=[[0], [99]])
    with pytest.raises(ValueError, match="at least one"):
        collect(lm, [], ["embedding"])


def test_batches_hold_every_row_once_and_are_not_too_large(random):
    rows = [np.ones(n, int) for n in random.integers(1, 60, 100)]
    batches = by_length(rows, 200)
    assert sorted(np.concatenate(batches)) == list(range(100))
    assert all(padded([rows[i] for i in batch]).size <= 200 for batch in batches)


def test_rows_of_a_split_come_from_that_split_and_are_not_too_long(lm):
    rows = text_rows(lm, "test", {"book": 5, "reviews": 7}, length=20)
    assert rows["corpus"].value_counts().to_dict() == {"reviews": 7, "book": 5}
    assert rows["ids"].map(len).between(8, 20).all()
    for wrong, message in (("tset", "did you mean 'test'"), ("test", "did you mean 'book'")):
        with pytest.raises(ValueError, match=message):
            text_rows(lm, wrong, {"books": 1})


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_feature_that_is_a_property_gets_its_name_and_one_that_is_none_gets_a_poor_score(random):
    yes = random.random((2000, 3)) < 0.1
    table = pd.DataFrame(yes, columns=["piece: a", "before: b", "kind: c"])
    f = np.zeros((2000, 4))
    f[:, 0] = yes[:, 1] * 2.0
    f[:, 1] = np.where(yes[:, 2], 5.0, (random.random(2000) < 0.3) * 1.0)  # right where it is strong
    f[:, 2] = random.random(2000) < 0.1
    names = feature_names.best_names(sparse.csr_matrix(f), table)
    assert names["feature"].tolist() == [0, 1, 2]  # the last one is never used
    assert names["name"].tolist()[:2] == ["before: b", "kind: c"]
    assert names["f1"].tolist()[:2] == pytest.approx([1, 1]) and names["threshold"][1] >= 1
    assert names["f1"][2] < 0.3
    checked = feature_names.check_names(names, sparse.csr_matrix(f[:100]), table[:100])
    assert checked["f1_new"].tolist()[:2] == pytest.approx([1, 1])
    assert feature_names.chosen(names)["feature"].tolist() == [0, 1]


def test_one_feature_is_shown_for_each_name_and_so_many_of_each_kind():
    names = pd.DataFrame(
        {
            "feature": range(5),
            "name": ["piece: a", "piece: a", "piece: b", "piece: c", "kind: x"],
            "f1": [0.8, 0.9, 0.95, 0.75, 0.6],
        }
    )
    assert feature_names.chosen(names, each=2)["feature"].tolist() == [2, 1]


def test_brackets_open_and_close():
    assert word_kinds.in_brackets(list("a(b)c")) == [False, False, True, True, False]
    assert word_kinds.in_brackets(["(x)", "y", " (", "z", "\n", "u"]) == [False, False, False, True, True, False]


def test_kinds_are_told_by_the_pieces():
    here, before = [" Paris", "ing", "7", " lovely", "."], [" in", "go", "1", "\n", "?"]
    found = word_kinds.kinds(here, before, [True, False, True, True, True])
    expected = {
        "capital": 0, "inside a word": 1, "behind a digit": 2, "pleasant word": 3, "first of a line": 3, "mark": 4,
        "first of a sentence": 4,
    }  # fmt: skip
    for kind, place in expected.items():
        assert np.flatnonzero(found[kind]).tolist() == [place], kind
    assert found["digit"].tolist() == [False, False, True, False, False]
    months = word_kinds.kinds([" May", "may"], [" in", "dis"], [True, False])["month"]
    assert months.tolist() == [True, False]  # a piece inside a word is no word


def test_strongest_texts_come_first_one_to_a_row(lm):
    class Decoded:
        vocabulary = tuple("abcdefgh")
        decode = staticmethod(lambda ids: "".join("abcdefgh"[i] for i in ids))

    rows = [np.arange(5), np.arange(3, 8)]
    acts = Activations({}, np.array([0, 0, 1]), np.array([1, 2, 4]), np.array([1, 2, 7]))
    found = feature_names.top_texts(Decoded, rows, acts, np.array([1.0, 3.0, 2.0]), around=2)
    assert found.to_numpy().tolist() == [[3.0, "ab", "c", "de"], [2.0, "fg", "h", ""]]
    assert feature_names.top_texts(Decoded, rows, acts, np.zeros(3)).empty


# --- steering -------------------------------------------------------------------------------------------------------


def test_a_push_behind_the_last_layer_moves_the_scores_as_the_output_matrix_says(lm, rows):
    row, direction = rows[0], np.random.default_rng(0).normal(size=16)
    last = lm.run(row, read=["layer.2.residual"], logits=None)["layer.2.residual"][:, -1]
    wanted = np.asarray(lm.transformer.unembed((last + 2 * direction).astype(np.float32)))
    found = lm.run(row, replace={"layer.2.residual": steering.push(direction, 2.0)}, logits="last").logits
    assert np.allclose(found, wanted, atol=1e-3)


def test_the_first_place_is_not_pushed(lm, rows):
    site = "layer.0.residual"
    plain, pushed = (
        lm.run(rows[0], read=[site], replace=replace, logits=None)[site][0]
        for replace in (None, {site: steering.push(np.ones(16))})
    )
    assert np.allclose(pushed[0], plain[0], rtol=1e-4)
    assert np.allclose(pushed[1:], plain[1:] + 1, rtol=1e-4, atol=1e-3)


def test_a_random_direction_is_as_long_and_another_for_each_seed():
    like = np.arange(1.0, 9.0)
    one, two = (steering.random_direction(like, seed=seed) for seed in (0, 1))
    assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(like)) and not np.allclose(one, two)
    with pytest.raises(ValueError, match="one vector"):
        steering.push(np.ones((2, 3)))


# --- what ships -----------------------------------------------------------------------------------------------------


def test_the_shipped_autoencoder_is_what_its_card_says():
    sae = load_sae()
    card = json.loads(files.path("models/smollm2-sae/card.json").read_text(encoding="utf-8"))
    assert card["sizes"] == {"width": 576, "features": 1536, "k": 32, "scale": sae.scale, "site": "layer.14.residual"}
    assert np.allclose(np.linalg.norm(sae.decoder, axis=1), 1, atol=2e-3)  # float16
    with pytest.raises(ValueError, match="ships no data file"):
        load_sae("smollm3-sae")


def test_the_shipped_autoencoder_beats_as_many_principal_components_on_new_text(llm):
    text = "The government of the country was elected in 1945, and the war in Europe came to its end."
    x = collect(llm, [llm.ids(text)], ["layer.14.residual"]).vectors["layer.14.residual"]
    with np.load(files.path("models/smollm2-sae/principal.npz")) as beside:
        principal = Principal(beside["mean"], beside["components"].astype(np.float32))
    assert len(principal.components) == load_sae().k
    learned, plain = (explained_variance(x, one.rebuild(x)) for one in (load_sae(), principal))
    assert learned > 0.6 and learned > plain + 0.2


def test_the_first_place_holds_a_massive_activation(llm):
    ids = llm.ids("In 1945, the government of the country fell.")
    x = llm.run(ids, read=["layer.14.residual"], logits=None)["layer.14.residual"][0]
    lengths = np.linalg.norm(x, axis=1)
    assert lengths[0] > 50 * lengths[1:].max()
    assert sae_quality.MASSIVE * np.median(lengths) < lengths[0]


def test_steered_text_is_the_models_own_without_a_push(llm):
    prompt, site = "The capital of France is", "layer.14.residual"
    written = steering.steered_text(llm, prompt, site, length=3, top_k=1)
    assert written == llm.generate(prompt, 3, top_k=1)
    p = steering.steered_next_words(llm, prompt, site)
    assert p.sum() == pytest.approx(1) and llm.vocabulary[p.argmax()] in written
