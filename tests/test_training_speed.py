"""The measurement of training speed: the same model, the same steps, and a bound with nothing left out."""

import importlib

import numpy as np
import pytest

from benchmarks import training_speed
from lmtutorial.models.windows import Windows

TINY = {"vocabulary_size": 60, "dim": 5, "units": (7,)}


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(training_speed, "SHAPE", TINY)
    monkeypatch.setattr(training_speed, "BATCH", 4)
    monkeypatch.setattr(training_speed, "LENGTH", 6)


def test_the_bound_counts_every_product_once_forward_and_twice_backward(tiny):
    multiplications = sum(times * a[0] * a[1] * b[1] for times, a, b in training_speed.products())
    tokens, words, dim, units = 24, 60, 5, 7
    assert multiplications == 3 * tokens * (dim * 4 * units + units * 4 * units + units * dim + dim * words)
    assert all(a[1] == b[0] for _, a, b in training_speed.products())


def test_compiled_and_plain_steps_start_from_one_loss_and_both_learn(tiny):
    weights = training_speed.initial_weights()
    ids = np.random.default_rng(0).integers(2, 60, (4, 7)).astype(np.int32)
    for jit in (False, True):
        step = training_speed.keras_step(ids, weights, jit)
        losses = [float(step()) for _ in range(20)]
        assert losses[0] == pytest.approx(np.log(60), abs=0.1)  # small weights: all words alike
        assert losses[-1] < losses[0] - 0.01


@pytest.mark.crosscheck
def test_pytorch_computes_the_same_losses_step_after_step(tiny):
    importlib.import_module("torch")
    weights = training_speed.initial_weights()
    ids = np.random.default_rng(0).integers(2, 60, (4, 7)).astype(np.int32)
    keras, torch = training_speed.keras_step(ids, weights, False), training_speed.torch_step(ids, weights)
    # Adam with the same settings and the same clipping: the paths stay together
    assert [float(keras()) for _ in range(5)] == pytest.approx([torch() for _ in range(5)], abs=1e-4)


def test_repeated_batches_are_the_same_in_every_epoch():
    stream = np.arange(2, 400, dtype=np.int32)
    batches = training_speed.Repeated(Windows([stream], 2, length=8, batch_size=4), 3)
    epochs = [[x.tolist() for x, _ in batches.epoch(i).as_numpy_iterator()] for i in (0, 1)]
    assert epochs[0] == epochs[1] and len(epochs[0]) == len(batches) == 3
