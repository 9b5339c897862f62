"""Fit a Keras model: a seed first, progress while it runs, the best epoch kept.

The best epoch is the one with the lowest validation loss (early stopping: Prechelt 1998). The test set is nowhere in this
file: it is read once, after every choice has been made.
"""

import keras
import numpy as np
import pandas as pd

from ..preprocessing import PADDING
from .classifier import build_lstm, round_to_float16


class TrimmedBatches(keras.utils.PyDataset):
    """Batches of texts of like length, without the padding that none of them needs.

    A model with a mask gives the same answers with and without padding, but pays for every step of it. Each epoch shuffles the
    rows, sorts them by length within pools of 32 batches, and shuffles the batches. Widths are multiples of 8, so that few
    shapes are compiled.

    Args:
        ids: (rows, time) padded with 0 on the right.
        labels: (rows,).
        batch_size: rows to a batch; the last one may hold fewer.
        seed: of the shuffling; `None` keeps the rows in order.
    """

    POOL, STEP = 32, 8

    def __init__(self, ids: np.ndarray, labels: np.ndarray, batch_size: int, seed: int | None = None):
        super().__init__()
        self.ids, self.labels, self.batch_size = ids, np.asarray(labels, np.float32)[:, None], batch_size
        self.lengths = (ids != PADDING).sum(axis=1)
        self.random = None if seed is None else np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self):
        rows = np.arange(len(self.ids)) if self.random is None else self.random.permutation(len(self.ids))
        pool = self.POOL * self.batch_size
        rows = [part[np.argsort(self.lengths[part], kind="stable")] for part in np.split(rows, range(pool, len(rows), pool))]
        self.batches = [part[i : i + self.batch_size] for part in rows for i in range(0, len(part), self.batch_size)]
        if self.random is not None:
            self.random.shuffle(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.batches[index]
        width = -(-max(1, self.lengths[rows].max()) // self.STEP) * self.STEP
        ids = np.full((len(rows), width), PADDING, np.int32)
        kept = min(width, self.ids.shape[1])
        ids[:, :kept] = self.ids[rows, :kept]
        return ids, self.labels[rows]


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
        TrimmedBatches(*train, batch_size, seed),
        validation_data=TrimmedBatches(*validation, 256),
        epochs=epochs,
        callbacks=[best],
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

    While the layers above are still random their gradients would wreck the vectors: so these wait until the first phase is
    over. (Gradual unfreezing: Howard & Ruder 2018.)

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
