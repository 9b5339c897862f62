"""Fit a Keras model: a seed first, progress while it runs, the best epoch kept.

The best epoch is the one with the lowest validation loss (early stopping: Prechelt 1998). The test set is nowhere in
this
file: it is read once, after every choice has been made.
"""

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from .classifier import build_lstm, round_to_float16

STEP = 8  # widths of batches are multiples of it


def trimmed_batches(ids: np.ndarray, labels: np.ndarray, batch_size: int, seed: int | None = None) -> tf.data.Dataset:
    """Batches of texts of like length, without the padding that none of them needs.

    A model with a mask gives the same answers with and without padding, but pays for every step of it. Widths are
    multiples of 8, so that few shapes are compiled.

    Args:
        ids: (rows, time) padded with 0 on the right.
        labels: (rows,).
        batch_size: rows to a batch; the last of each width may hold fewer.
        seed: shuffle anew for each epoch, from this seed; `None` keeps the rows in order.

    Returns:
        batches of ids (batch, width) and labels (batch, 1).
    """
    labels = np.asarray(labels, np.float32)[:, None]
    rows = tf.data.Dataset.from_tensor_slices((ids, labels))
    if seed is not None:
        rows = rows.shuffle(len(ids), seed=seed)
    rows = rows.map(lambda row, label: (row[: tf.maximum(1, tf.math.count_nonzero(row, dtype=tf.int32))], label))
    boundaries = list(range(STEP + 1, ids.shape[1] + STEP + 1, STEP))
    batches = rows.bucket_by_sequence_length(
        lambda row, label: tf.shape(row)[0],
        boundaries,
        [batch_size] * (len(boundaries) + 1),
        pad_to_bucket_boundary=True,
    )
    _, rows_of_width = np.unique(-(-np.maximum(1, np.count_nonzero(ids, axis=1)) // STEP), return_counts=True)
    count = int(np.sum(-(-rows_of_width // batch_size)))
    return batches.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


def fit(
    model: keras.Model,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
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
        train: ids (rows, time) and labels (rows,) in {0, 1}.
        validation: the same, for choosing the epoch.
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
    for name, (ids, labels) in {"train": train, "validation": validation}.items():
        if len(ids) != len(labels):
            raise ValueError(f"{name} has {len(ids)} rows of ids and {len(labels)} labels")
        if not np.isin(labels, (0, 1)).all():
            raise ValueError(f"{name} has labels other than 0 and 1: {sorted(set(np.unique(labels)) - {0, 1})[:3]}")
    keras.utils.set_random_seed(seed)
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(learning_rate), metrics=["accuracy"])
    best = keras.callbacks.EarlyStopping("val_loss", patience=patience or epochs, restore_best_weights=True)
    history = model.fit(
        trimmed_batches(*train, batch_size, seed),
        validation_data=trimmed_batches(*validation, 256),
        epochs=epochs,
        callbacks=[best],
        shuffle=False,  # the batches are shuffled already
        verbose=verbose,
    )
    return pd.DataFrame(history.history).rename_axis("epoch").rename(index=lambda epoch: epoch + 1)


def freeze_then_tune(
    matrix: np.ndarray,
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    *,
    frozen: dict,
    tuned: dict,
    dropout: float,
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

    Returns:
        the model with its weights rounded to float16, and the history of both phases, one row an epoch.
    """
    keras.utils.set_random_seed(seed)
    model = build_lstm(matrix, dropout=dropout)
    first = fit(model, train, validation, seed=seed, verbose=verbose, **frozen)
    model.get_layer("embedding").trainable = True
    second = fit(model, train, validation, seed=seed, verbose=verbose, **tuned)
    model.get_layer("embedding").trainable = False
    round_to_float16(model)
    return model, pd.concat([first.assign(phase="frozen"), second.assign(phase="tuned")], ignore_index=True)
