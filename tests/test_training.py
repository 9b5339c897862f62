"""Training: trimmed batches, the best epoch, the seed."""

import keras
import numpy as np
import pytest

from lmtutorial.models.batches import TrimmedBatches
from lmtutorial.models.classifier import TextClassifier, build_lstm
from lmtutorial.models.training import fit, freeze_then_tune
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
