"""The Transformer's laws: nobody looks ahead, positions are distances, and every part is what its name says."""

import keras
import numpy as np
import pytest
from keras import ops
from language_models import small_transformer

from lmtutorial.models.transformer import Attention, Places, Sizes, Transformer, rotate
from lmtutorial.models.transformer_language_model import TransformerLanguageModel

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def lm():
    return small_transformer()


@pytest.fixture(scope="module")
def ids(lm):
    return RANDOM.integers(2, lm.vocabulary_size, (3, 9)).astype(np.int32)


def test_the_parameters_are_those_of_the_sizes():
    sizes = Sizes(50, width=12, layers=2, heads=3, key_heads=1, hidden=20)
    attention, mlp, norms = 12 * 12 + 2 * 12 * 4 + 12 * 12, 3 * 12 * 20, 2 * 12
    assert Transformer(sizes).count_params() == 50 * 12 + 2 * (attention + mlp + norms) + 12
    untied = Transformer(Sizes(50, width=12, layers=2, heads=3, key_heads=1, hidden=20, tied=False))
    assert untied.count_params() == 2 * 50 * 12 + 2 * (attention + mlp + norms) + 12


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"width": 10, "heads": 4}, "width of 10 cannot be split into 4 heads"),
        ({"width": 12, "heads": 4}, "even width"),
        ({"heads": 4, "key_heads": 3}, "4 heads cannot share 3"),
        ({"layers": 0}, "layers must be at least 1, got 0"),
        ({"vocabulary": 0}, "vocabulary must be at least 1, got 0"),
    ],
)
def test_sizes_that_do_not_fit_are_told(wrong, told):
    with pytest.raises(ValueError, match=told):
        Sizes(**({"vocabulary": 10} | wrong))


def test_a_later_word_changes_no_earlier_score(lm, ids):
    other = ids.copy()
    other[:, 6:] = (other[:, 6:] + 1) % lm.vocabulary_size
    one, two = lm.logits(ids), lm.logits(other)
    assert np.array_equal(one[:, :6], two[:, :6])
    assert np.abs(one[:, 6:] - two[:, 6:]).max() > 0.01


def turned(x, start=0, base=10_000.0):
    """Queries or keys (batch, heads, time, head_width) at the places from `start` on."""
    width = x.shape[-1]
    places = Places.counted(Sizes(9, width=width, heads=1, rotary_base=base), x.shape[2], start)
    return np.asarray(rotate(ops.convert_to_tensor(x), places.cos, places.sin))


def test_a_rotated_product_depends_on_the_distance_only():
    q, k = RANDOM.normal(size=(2, 1, 1, 1, 8)).astype(np.float32)
    products = [float((turned(q, at) * turned(k, at - 3)).sum()) for at in (3, 10, 500)]
    assert np.allclose(products, products[0], atol=1e-4)  # float32 angles of up to 500 radians
    assert abs(float((turned(q, 3) * turned(k, 1)).sum()) - products[0]) > 0.01


def test_rotation_turns_neighbouring_pairs_by_their_own_speed():
    x = np.zeros((1, 1, 3, 4), np.float32)
    x[..., 0] = x[..., 2] = 1
    got = turned(x, 0, 100.0)[0, 0]
    for place in range(3):
        slow = place / 10  # 100^(-2/4)
        assert np.allclose(got[place], [np.cos(place), np.sin(place), np.cos(slow), np.sin(slow)], atol=1e-6)


def test_attention_by_hand():
    """One head, as the formula has it: softmax(q k^T / sqrt(d)) v W."""
    sizes = Sizes(9, width=4, heads=1)
    attention = Attention(sizes)
    x = RANDOM.normal(size=(1, 5, 4)).astype(np.float32)
    got, _ = attention(x)
    q, k, v, out = (np.asarray(w) for w in attention.weights)
    q, k = (turned((x @ w)[:, None])[0, 0] for w in (q, k))
    scores = q @ k.T / 2
    weights = np.tril(np.exp(scores))
    want = weights / weights.sum(axis=1, keepdims=True) @ (x[0] @ v) @ out
    assert np.allclose(got[0], want, atol=1e-5)


def test_heads_that_share_keys_are_as_heads_with_copies_of_them():
    shared = Sizes(9, width=8, heads=4, key_heads=2)
    few, many = Attention(shared), Attention(Sizes(9, width=8, heads=4))
    x = RANDOM.normal(size=(2, 5, 8)).astype(np.float32)
    few(x), many(x)
    q, k, v, out = few.get_weights()
    copied = [np.repeat(w.reshape(8, 2, 2), 2, axis=1).reshape(8, 8) for w in (k, v)]
    many.set_weights([q, *copied, out])
    assert np.allclose(few(x)[0], many(x)[0], atol=1e-6)


def test_training_and_running_compute_the_same(lm, ids):
    assert np.allclose(lm.transformer(ids), lm.logits(ids), atol=1e-5)


def test_reading_on_from_the_cache_is_reading_at_once(lm, ids):
    whole = lm.logits(ids)
    scores, state = lm.step(ids[:, :4])
    assert np.allclose(scores, whole[:, 3], atol=1e-5)
    for place in range(4, ids.shape[1]):
        scores, state = lm.step(ids[:, place : place + 1], state)
        assert np.allclose(scores, whole[:, place], atol=1e-5)


def test_neither_batch_nor_padding_changes_a_row(lm, ids):
    alone = np.concatenate([lm.logits(row[None]) for row in ids])
    assert np.allclose(lm.logits(ids), alone, atol=1e-5)
    padded = np.pad(ids, ((0, 0), (0, 4)), constant_values=lm.padding)
    assert np.allclose(lm.logits(padded)[:, :9], alone, atol=1e-5)
    assert np.allclose(lm.last_logits(padded), alone[:, -1], atol=1e-5)
    assert np.allclose(lm.run(padded, logits="last").logits, alone[:, -1], atol=1e-5)


def test_the_chain_rule_holds(lm):
    text = "The keys to the cabinet are on the table."
    ids = np.r_[lm.start, lm.ids(text)].astype(np.int32)
    scores = lm.logits(ids[None, :-1])[0].astype(np.float64)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    assert lm.log_prob(text) == pytest.approx(log_p[np.arange(len(ids) - 1), ids[1:]].sum(), rel=1e-5)


def test_a_gradient_is_the_slope(lm, ids):
    tf = pytest.importorskip("tensorflow")
    embeddings = tf.convert_to_tensor(lm.embed(ids))
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        score = tf.reduce_sum(lm.last_logits_of_embeddings(embeddings, ids)[:, 3])
    gradient = np.asarray(tape.gradient(score, embeddings), np.float64)
    direction = RANDOM.normal(size=gradient.shape).astype(np.float32)
    step = 1e-3 * np.abs(np.asarray(embeddings)).mean()
    up, down = (
        np.asarray(lm.last_logits_of_embeddings(embeddings + sign * step * direction, ids))[:, 3].sum()
        for sign in (1, -1)
    )
    assert (gradient * direction).sum() == pytest.approx((up - down) / (2 * step), rel=0.05)


def test_it_learns_what_can_be_learned_and_dropout_is_for_training_only():
    keras.utils.set_random_seed(0)
    model = Transformer(Sizes(7, width=16, layers=1, heads=2, dropout=0.1))
    rows = np.tile(np.arange(7), 3)[None].repeat(16, axis=0)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.learning_rate = 0.01
    before = model.evaluate(rows[:, :-1], rows[:, 1:], verbose=0)
    model.fit(rows[:, :-1], rows[:, 1:], epochs=30, verbose=0)
    assert model.evaluate(rows[:, :-1], rows[:, 1:], verbose=0) < 0.1 < before
    assert np.array_equal(model(rows[:, :5]), model(rows[:, :5]))


def test_a_saved_model_comes_back(lm, ids, tmp_path):
    lm.save(tmp_path / "mine")
    back = TransformerLanguageModel.load(tmp_path / "mine")
    assert back.vocabulary == lm.vocabulary and back.transformer.sizes == lm.transformer.sizes
    assert np.allclose(back.logits(ids), lm.logits(ids), atol=0.05)  # weights are kept in float16
    again = Transformer.from_config(lm.transformer.get_config())
    assert again.sizes == lm.transformer.sizes


def test_a_damaged_or_missing_file_is_named(lm, tmp_path):
    lm.save(tmp_path / "mine")
    (tmp_path / "mine" / "weights.npz").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(ValueError, match="damaged Transformer"):
        TransformerLanguageModel.load(tmp_path / "mine")
    (tmp_path / "mine" / "transformer.json").unlink()
    with pytest.raises(ValueError, match=r"transformer\.json does not exist"):
        TransformerLanguageModel.load(tmp_path / "mine")


def test_a_vocabulary_of_another_size_is_refused(lm):
    with pytest.raises(ValueError, match="they do not belong together"):
        TransformerLanguageModel(Transformer(Sizes(5, width=8, heads=2)), lm.preprocessor)
