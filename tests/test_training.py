"""Training: trimmed batches, the best epoch, the seed; clipping, precision, logs, and what is refused."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from lmtutorial.models.batches import TrimmedBatches
from lmtutorial.models.checkpoints import read
from lmtutorial.models.classifier import TextClassifier, build_lstm
from lmtutorial.models.lstm_language_model import build_lstm_lm
from lmtutorial.models.training import fit, freeze_then_tune, train
from lmtutorial.models.windows import Windows
from lmtutorial.preprocessing import Preprocessor

GOOD, BAD = "gorgeous moving funny warm clever".split(), "dull boring tired stale silly".split()


def sentences(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Small texts whose label can be learned: all their judging words are good, or all are bad."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    fill = lambda: "the film is a story of".split()[random.integers(0, 6)]  # noqa: E731
    texts = [
        " ".join([*(fill() for _ in range(random.integers(1, 30))), random.choice(GOOD if y else BAD)]) for y in labels
    ]
    return texts, labels


TRAIN, VALIDATION = sentences(400, 0), sentences(100, 1)
PRE = Preprocessor.fit(TRAIN[0])
MATRIX = np.random.default_rng(0).normal(size=(len(PRE.vocabulary), 8)).astype("float32")
DATA = [(PRE.ids(texts), labels) for texts, labels in (TRAIN, VALIDATION)]


def test_every_row_comes_once_an_epoch_with_its_label_and_without_needless_padding():
    ids, labels = DATA[0]
    batches = TrimmedBatches(ids, labels, 32, seed=0)
    expected = sorted((tuple(i for i in row if i), int(label)) for row, label in zip(ids.tolist(), labels, strict=True))
    for number in range(2):
        found, steps = [], 0
        for x, y in batches.epoch(number).as_numpy_iterator():
            assert x.shape[1] % 8 == 0 and (x != 0).sum(axis=1).max() > x.shape[1] - 8
            found += [(tuple(i for i in row if i), int(label)) for row, label in zip(x.tolist(), y[:, 0], strict=True)]
            steps += x.size
        assert sorted(found) == expected
        assert steps < 0.75 * ids.size


def test_epochs_shuffle_and_the_seed_decides_how():
    ids, labels = DATA[0]

    def epochs(seed: int) -> list[list]:
        batches = TrimmedBatches(ids, labels, 32, seed)
        return [[x.tolist() for x, _ in batches.epoch(i).as_numpy_iterator()] for i in range(2)]

    first = epochs(5)
    assert first == epochs(5)
    assert first[0] != first[1] and first != epochs(6)


def test_training_learns_and_keeps_its_best_epoch():
    keras.utils.set_random_seed(0)
    model = build_lstm(MATRIX, units=(8, 4))
    history = fit(model, *DATA, epochs=8, learning_rate=1e-2, verbose=0)
    assert list(history.columns) == ["accuracy", "loss", "val_accuracy", "val_loss"] and len(history) == 8
    probability = TextClassifier(model, PRE).predict(VALIDATION[0])
    loss = -np.mean(np.log(np.where(VALIDATION[1] == 1, probability, 1 - probability)))
    assert loss == pytest.approx(history["val_loss"].min(), rel=1e-3)
    assert np.mean((probability > 0.5) == VALIDATION[1]) > 0.95


def test_frozen_vectors_stay_and_tuned_ones_move():
    keras.utils.set_random_seed(0)
    frozen = build_lstm(MATRIX, units=(8, 4))
    fit(frozen, *DATA, epochs=1, verbose=0)
    assert np.array_equal(frozen.get_layer("embedding").get_weights()[0], MATRIX)
    phase = {"epochs": 1, "batch_size": 32, "learning_rate": 1e-2}
    tuned, history = freeze_then_tune(MATRIX, *DATA, frozen=phase, tuned=phase, dropout=0.1, verbose=0)
    assert list(history["phase"]) == ["frozen", "tuned"]
    weights = tuned.get_layer("embedding").get_weights()[0]
    assert not np.allclose(weights, MATRIX, atol=1e-2)
    assert np.array_equal(weights, weights.astype(np.float16).astype(np.float32))


def test_one_seed_gives_one_model():
    def train(seed: int) -> np.ndarray:
        phase = {"epochs": 1, "batch_size": 32, "learning_rate": 1e-2}
        model, _ = freeze_then_tune(MATRIX, *DATA, frozen=phase, tuned=phase, dropout=0.2, seed=seed, verbose=0)
        return TextClassifier(model, PRE).predict(VALIDATION[0])

    first = train(1)
    assert np.allclose(first, train(1), atol=1e-5)
    assert not np.allclose(first, train(2), atol=1e-3)


def test_bad_input_is_told_clearly():
    ids, labels = DATA[0]
    model = build_lstm(MATRIX, units=(8, 4))
    with pytest.raises(ValueError, match="400 rows of ids and 399 labels"):
        fit(model, (ids, labels[1:]), DATA[1])
    with pytest.raises(ValueError, match="other than 0 and 1"):
        fit(model, (ids, labels * 2), DATA[1])


TEXT = np.random.default_rng(0).integers(2, 30, 900).astype(np.int32)
ROWS = Windows([TEXT], 2, length=8, batch_size=8)


def language_model(**settings) -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_lstm_lm(30, dim=4, units=(6,), **({"dropout": (0.0, 0.0)} | settings))


@pytest.mark.parametrize("batches", [ROWS, TrimmedBatches(np.ones((9, 4), np.int32), np.ones(9), 4, 0)])
def test_an_epoch_does_not_wait_for_the_thread_that_tunes_tensorflows_pipeline(batches):
    assert batches.epoch(0).options().autotune.enabled is False


class Counted(Windows):
    """Windows that remember which epochs were asked for."""

    def epoch(self, number):
        self.asked = [*getattr(self, "asked", []), number]
        return super().epoch(number)


def test_train_takes_the_steps_that_keras_own_fit_takes():
    ours, bare = language_model(), language_model()
    report = train(ours, ROWS, epochs=2, learning_rate=1e-2, verbose=0)
    bare.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    bare.optimizer.learning_rate = 1e-2
    for number in range(2):
        history = bare.fit(ROWS.epoch(number), verbose=0, shuffle=False)
    # several threads add float32 numbers in any order
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(ours.get_weights(), bare.get_weights(), strict=True))
    assert report.history["loss"].iloc[-1] == pytest.approx(history.history["loss"][0], abs=1e-5)


def test_each_epoch_sees_its_own_batches():
    batches = Counted([TEXT], 2, length=8, batch_size=8)
    train(language_model(), batches, epochs=3, verbose=0)
    assert batches.asked == [0, 1, 2]


def test_the_report_tells_what_was_run_and_how_fast():
    report = train(language_model(), ROWS, epochs=2, verbose=0)
    assert report.steps == 2 * len(ROWS) and report.resumed_from is None and report.best_epoch is None
    assert report.examples_per_second * report.seconds_per_step == pytest.approx(8)
    assert report.tokens_per_second == pytest.approx(8 * report.examples_per_second)
    assert report.first_step > report.seconds_per_step  # it compiles
    assert report.devices and report.cudnn[0]["kind"] == "LSTM" and report.memory["cpu"] > 50


def test_patience_stops_and_the_best_epoch_comes_back():
    # the labels of validation are drawn anew, so that what is learned by heart can only hurt
    noise = Windows([TEXT[::-1].copy()], 2, length=8, batch_size=8, shuffle=False)
    model = language_model()
    report = train(model, ROWS, validation=noise, epochs=40, learning_rate=5e-2, patience=2, verbose=0)
    losses = report.history["val_loss"]
    assert len(losses) == report.best_epoch + 2 < 40 and losses.idxmin() == report.best_epoch
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert model.evaluate(noise.epoch(0), verbose=0) == pytest.approx(losses.min(), abs=1e-5)


def test_clipping_shortens_the_common_norm_of_all_gradients():
    """With SGD at rate 1, one step moves the weights by the clipped gradient."""
    one_step = Windows([TEXT[:100]], 2, length=8, batch_size=8, shuffle=False)
    moved = {}
    for name, norm in (("free", None), ("cut", 0.01)):
        model = language_model()
        before = model.get_weights()
        train(model, one_step, epochs=1, learning_rate=keras.optimizers.SGD(1.0, global_clipnorm=norm), verbose=0)
        moved[name] = [a - b for a, b in zip(model.get_weights(), before, strict=True)]
    assert len(one_step) == 1
    length = {name: np.sqrt(sum(np.sum(m**2) for m in moves)) for name, moves in moved.items()}
    # the sparse gradient of the word vectors holds a word's rows apart, which makes its norm no smaller
    assert length["free"] > 0.02 and length["cut"] <= 0.01 + 1e-5
    adam = train(language_model(), one_step, epochs=1, clipnorm=0.5, verbose=0)
    assert adam.steps == 1


def test_mixed_precision_computes_in_float16_and_leaves_the_model_as_it_was():
    plain, mixed = language_model(), language_model()
    seen = []

    class Listener(keras.layers.Layer):
        def call(self, x):
            seen.append(x.dtype.name if hasattr(x.dtype, "name") else str(x.dtype))
            return x

    inputs = mixed.inputs[0]
    lstm = mixed.get_layer("lstm_1")
    listening = keras.Model(inputs, mixed.get_layer("logits")(mixed.get_layer("scores")(
        mixed.get_layer("to_width")(Listener()(lstm(mixed.get_layer("words")(inputs))[0]))
    )))  # fmt: skip
    seen.clear()
    a = train(plain, ROWS, epochs=2, learning_rate=1e-2, verbose=0).history["loss"]
    b = train(listening, ROWS, epochs=2, learning_rate=1e-2, mixed_precision=True, verbose=0).history["loss"]
    assert "float16" in seen
    assert np.allclose(a, b, atol=0.02) and b.iloc[-1] < b.iloc[0]  # float16 keeps three digits
    assert {layer.compute_dtype for layer in listening.layers} == {"float32"}
    assert {weight.dtype for weight in listening.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    assert listening.predict(TEXT[None, :8], verbose=0).dtype == np.float32


def test_a_broken_run_leaves_the_policy_as_it_was():
    model = language_model()
    with pytest.raises(FloatingPointError):
        train(model, ROWS, epochs=2, learning_rate=1e30, mixed_precision=True, verbose=0)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


@pytest.mark.parametrize("every", [1, 200])
def test_a_loss_that_is_no_number_stops_with_its_step_and_keeps_the_good_checkpoint(every, tmp_path):
    steps = len(ROWS)
    explosion = keras.optimizers.schedules.PiecewiseConstantDecay([steps + 2], [1e-2, 3e38])
    with pytest.raises(
        FloatingPointError, match=r"(nan|inf) at step \d+ \(epoch 2, step \d of \d+\).*clipnorm"
    ) as told:
        train(
            language_model(),
            ROWS,
            epochs=2,
            learning_rate=explosion,
            checkpoints=tmp_path,
            checkpoint_every=every,
            verbose=0,
        )
    (newest,) = sorted(tmp_path.glob("*.ckpt"))[-1:]
    failed = int(re.search(r"at step (\d+)", str(told.value))[1])
    assert steps <= int(newest.stem[5:]) < failed and newest.name in str(told.value)
    _, arrays = read(newest)
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_a_log_for_tensorboard_is_written_without_tensorboard(tmp_path):
    from tensorflow.core.util import event_pb2

    report = train(language_model(), ROWS, validation=ROWS, epochs=2, tensorboard=tmp_path, verbose=0)
    (file,) = tmp_path.iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
        for value in event_pb2.Event.FromString(record).summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found.setdefault(value.tag, []).append(float(tf.make_ndarray(value.tensor)))
    assert len(found["batch_loss"]) == 2 * len(ROWS)
    assert found["val_loss"] == pytest.approx(list(report.history["val_loss"]), rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"epochs": 1.5}, "got 1.5"),
        ({"learning_rate": -1e-3}, "learning_rate must be a positive number, got -0.001"),
        ({"learning_rate": float("nan")}, "got nan"),
        ({"clipnorm": 0}, "clipnorm must be a positive number, got 0"),
        ({"patience": 0}, "patience must be a whole number of at least 1, got 0"),
        ({"patience": 2}, "pass validation data"),
        ({"checkpoint_every": 0}, "checkpoint_every must be"),
        ({"learning_rate": keras.optimizers.SGD(), "clipnorm": 1.0}, "global_clipnorm=1.0 itself"),
        ({"validation": []}, "validation needs len"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_written(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train(language_model(), ROWS, **({"epochs": 1, "checkpoints": tmp_path / "run"} | settings))
    assert not (tmp_path / "run").exists()


def test_batches_without_a_step_are_refused():
    class Nothing:
        def __len__(self):
            return 0

        def epoch(self, number):
            return tf.data.Dataset.range(0)

    with pytest.raises(ValueError, match="batches holds no step: take more text, or smaller batches"):
        train(language_model(), Nothing(), epochs=1)
    with pytest.raises(ValueError, match="batches needs len"):
        train(language_model(), np.zeros((3, 4)), epochs=1)
