"""Fit a Keras model: a seed first, progress while it runs, the best epoch kept, and a crash survived.

`train` serves every model of the package; what happens in it is in `training_run.py`, what it is fed in `batches.py`
and `windows.py`. The review classifier is trained by `fit` and `freeze_then_tune`, which are short calls of it.

The test set is nowhere in this file: it is read once, after every choice has been made.
"""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from .batches import Batches, TrimmedBatches
from .checkpoints import Checkpoints, architecture
from .classifier import build_lstm, round_to_float16
from .training_run import Run, TrainingReport, computing_by


def train(
    model: keras.Model,
    batches: Batches,
    *,
    validation: Batches | None = None,
    loss: keras.losses.Loss | str | None = None,
    epochs: int,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule | keras.optimizers.Optimizer = 1e-3,
    clipnorm: float | None = None,
    mixed_precision: bool = False,
    patience: int | None = None,
    checkpoints: str | Path | None = None,
    checkpoint_every: int = 200,
    tensorboard: str | Path | None = None,
    metrics: Sequence = (),
    jit_compile: bool | str = "auto",
    seed: int = 0,
    verbose: str | int = "auto",
) -> TrainingReport:
    """Take the steps of `epochs` epochs; give `model` the weights of the epoch with the lowest validation loss.

    Args:
        model: built where it is to be trained; inside `devices.several` for several devices.
        batches: see `Batches`.
        validation: whose epoch 0 is evaluated after each epoch, for choosing one; without it the last one counts.
        loss: by default the cross-entropy of ids (labels) and logits (outputs).
        epochs: passes over the data, at most.
        learning_rate: of Adam (Kingma & Ba 2015), a number or a schedule; or an optimizer in its place.
        clipnorm: gradients whose common norm is larger are shortened to it. (Pascanu et al. 2013.)
        mixed_precision: compute in float16 and keep the weights in float32, with a scaled loss. (Micikevicius et al.
            2018.) The layers of a model that is built already are switched over, and back when the training is done.
        patience: stop when the validation loss has not fallen for so many epochs; by default never.
        checkpoints: a folder. If it holds checkpoints of this training, the run goes on from the newest whole one.
        checkpoint_every: steps from one checkpoint to the next; there is one after each epoch anyway.
        tensorboard: a folder for a log that TensorBoard draws.
        metrics: of Keras, beside the loss.
        jit_compile: Keras' setting. `True` (XLA) is quicker where all batches have one shape; each shape is compiled.
        seed: of all random draws. Weights that exist already are not drawn anew.
        verbose: Keras' progress display; 0 is silent.

    Raises:
        ValueError: for a setting out of its range, batches without a step, or a checkpoint of another architecture or
            of other settings; nothing has been written then.
        FloatingPointError: when the loss is no longer a number; the checkpoints before that step are kept.
    """
    _check(batches, validation, epochs, learning_rate, clipnorm, patience, checkpoint_every)
    keras.utils.set_random_seed(seed)
    loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with model.distribute_strategy.scope():  # the optimiser's memory lives where the weights do
        optimizer = _optimizer(learning_rate, clipnorm)
    keeper = None
    if checkpoints is not None:
        settings = _settings(optimizer, loss, mixed_precision, seed, len(batches))
        keeper = Checkpoints(checkpoints, architecture(model), settings)
    with computing_by(model, "mixed_float16" if mixed_precision else None):
        with model.distribute_strategy.scope():
            model.compile(loss=loss, optimizer=optimizer, metrics=list(metrics), jit_compile=jit_compile)
            model.optimizer.build(model.trainable_variables)
        run = Run(model, batches, validation, epochs, patience, keeper, checkpoint_every, tensorboard, verbose)
        return run()


def _check(batches, validation, epochs, learning_rate, clipnorm, patience, checkpoint_every) -> None:
    for name, value in {"batches": batches, "validation": validation}.items():
        if value is not None and not (hasattr(value, "epoch") and hasattr(value, "__len__")):
            raise ValueError(
                f"{name} needs len() and .epoch(number), as Windows and TrimmedBatches have; got {value!r}"
            )
        if value is not None and len(value) < 1:
            raise ValueError(f"{name} holds no step: take more text, or smaller batches")
    for name, value in {"epochs": epochs, "patience": patience, "checkpoint_every": checkpoint_every}.items():
        if value is not None and (int(value) != value or value < 1):
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")
    numbers = {"clipnorm": clipnorm} | ({"learning_rate": learning_rate} if np.isscalar(learning_rate) else {})
    for name, value in numbers.items():
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a positive number, got {value!r}")
    if isinstance(learning_rate, keras.optimizers.Optimizer) and clipnorm is not None:
        raise ValueError(f"give the optimizer its global_clipnorm={clipnorm!r} itself, instead of clipnorm")
    if patience is not None and validation is None:
        raise ValueError(f"patience={patience} waits for the validation loss to fall: pass validation data")


def _optimizer(learning_rate, clipnorm: float | None) -> keras.optimizers.Optimizer:
    if isinstance(learning_rate, keras.optimizers.Optimizer):
        return learning_rate
    return keras.optimizers.Adam(learning_rate, global_clipnorm=clipnorm)


def _settings(optimizer, loss, mixed_precision: bool, seed: int, steps: int) -> dict:
    """What must be the same when a training goes on; `epochs` may grow."""
    values = {key: value for key, value in optimizer.get_config().items() if key != "name"}
    goal = loss.get_config() if hasattr(loss, "get_config") else getattr(loss, "__name__", loss)
    values |= {
        "optimizer": type(optimizer).__name__,
        "loss": goal,
        "mixed_precision": mixed_precision,
        "seed": seed,
        "steps": steps,
    }
    return json.loads(json.dumps(values, default=lambda value: type(value).__name__))


def fit(
    model: keras.Model,
    train_rows: tuple[np.ndarray, np.ndarray],
    validation_rows: tuple[np.ndarray, np.ndarray],
    *,
    epochs: int = 10,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int | None = None,
    seed: int = 0,
    verbose: str | int = "auto",
) -> pd.DataFrame:
    """Train with Adam and binary cross-entropy; give `model` the weights of its best epoch.

    Args:
        model: maps ids (batch, time) to a probability (batch, 1).
        train_rows: ids (rows, time) and labels (rows,) in {0, 1}.
        validation_rows: the same, for choosing the epoch.
        epochs: passes over the training rows, at most.
        batch_size: rows to a step.
        learning_rate: of Adam (Kingma & Ba 2015).
        patience: stop when the validation loss has not fallen for so many epochs; by default never.
        seed: of shuffling and dropout. Weights that exist already are not drawn anew.
        verbose: Keras' progress display; 0 is silent.

    Returns:
        one row an epoch: accuracy, loss, val_accuracy, val_loss.

    Raises:
        ValueError: if ids and labels differ in number, or a label is neither 0 nor 1.
    """
    for name, (ids, labels) in {"train": train_rows, "validation": validation_rows}.items():
        if len(ids) != len(labels):
            raise ValueError(f"{name} has {len(ids)} rows of ids and {len(labels)} labels")
        if not np.isin(labels, (0, 1)).all():
            raise ValueError(f"{name} has labels other than 0 and 1: {sorted(set(np.unique(labels)) - {0, 1})[:3]}")
    return train(
        model,
        TrimmedBatches(*train_rows, batch_size, seed),
        validation=TrimmedBatches(*validation_rows, 256),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        epochs=epochs,
        learning_rate=learning_rate,
        patience=patience,
        seed=seed,
        verbose=verbose,
    ).history


def freeze_then_tune(
    matrix: np.ndarray,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    frozen: dict,
    tuned: dict,
    dropout: float,
    build: Callable[..., keras.Model] = build_lstm,
    seed: int = 0,
    verbose: str | int = "auto",
) -> tuple[keras.Model, pd.DataFrame]:
    """Train the recipe with frozen word vectors, then let the vectors move at a low rate.

    While the layers above are still random their gradients would wreck the vectors: so these wait until the first
    phase is over. (Gradual unfreezing: Howard & Ruder 2018.)

    Args:
        matrix: (vocabulary, dim) embedding matrix.
        train, validation: see `fit`.
        frozen, tuned: settings of `fit` for each of the two phases.
        dropout: see `build_lstm`.
        build: makes the model, as `build(matrix, dropout=dropout)`; its word vectors are its layer "embedding".

    Returns:
        the model with its weights rounded to float16, and the history of both phases, one row an epoch.
    """
    keras.utils.set_random_seed(seed)
    model = build(matrix, dropout=dropout)
    first = fit(model, train, validation, seed=seed, verbose=verbose, **frozen)
    model.get_layer("embedding").trainable = True
    second = fit(model, train, validation, seed=seed, verbose=verbose, **tuned)
    model.get_layer("embedding").trainable = False
    round_to_float16(model)
    return model, pd.concat([first.assign(phase="frozen"), second.assign(phase="tuned")], ignore_index=True)
