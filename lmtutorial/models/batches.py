"""What a model is trained on: batches that can be asked for again.

A training that goes on after a crash must see the rows that it would have seen. So batches are no stream, which is gone
once it has passed, but an object that gives the batches of an epoch by its number, the same ones each time.
`Windows` (windows.py) cuts running text in this way; `TrimmedBatches` groups texts with labels.
"""

from typing import Protocol

import numpy as np
import tensorflow as tf

STEP = 8  # widths of batches are multiples of it


def ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    """The same batches, two of them prepared while a step runs, and without TensorFlow's own tuning.

    The thread that tunes takes up to 1.2 seconds to stop when an epoch ends, and has nothing to tune in ours.
    """
    settings = tf.data.Options()
    settings.autotune.enabled = False
    return batches.prefetch(2).with_options(settings)


class Batches(Protocol):
    """What a model is trained on."""

    def __len__(self) -> int:
        """Steps in an epoch."""

    def epoch(self, number: int) -> tf.data.Dataset:
        """(inputs, labels) of each step of an epoch; the same for the same number."""


class TrimmedBatches:
    """Batches of texts of like length, without the padding that none of them needs.

    A model with a mask gives the same answers with and without padding, but pays for every step of it. Widths are
    multiples of 8, so that few shapes are compiled.

    Args:
        ids: (rows, time) padded with 0 on the right.
        labels: (rows,).
        batch_size: rows to a batch; the last of each width may hold fewer.
        seed: another order for each epoch, from this seed; `None` keeps the rows in order.
    """

    def __init__(self, ids: np.ndarray, labels: np.ndarray, batch_size: int, seed: int | None = None):
        self.ids, self.labels, self.batch_size, self.seed = (
            ids,
            np.asarray(labels, np.float32)[:, None],
            batch_size,
            seed,
        )
        _, rows_of_width = np.unique(-(-np.maximum(1, np.count_nonzero(ids, axis=1)) // STEP), return_counts=True)
        self.steps = int(np.sum(-(-rows_of_width // batch_size)))
        self._orders, self._drawn = None, 0

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.steps

    def order(self, epoch: int) -> np.ndarray:
        """(rows,) in which order an epoch takes the rows."""
        if self.seed is None:
            return np.arange(len(self.ids))
        draw = 2 * epoch  # for all epochs at once, Keras would draw two orders each: the shipped classifier saw those
        if self._orders is None or draw < self._drawn:
            tf.random.set_seed(self.seed)  # TensorFlow mixes it with the seed below
            self._orders = tf.data.Dataset.range(len(self.ids)).shuffle(len(self.ids), seed=self.seed)
            self._drawn = 0
        for _ in range(draw - self._drawn):
            iter(self._orders)  # an order that nobody looks at, so that the next one is the one asked for
        self._drawn = draw + 1
        return np.fromiter(self._orders.as_numpy_iterator(), np.int64, len(self.ids))

    def epoch(self, number: int) -> tf.data.Dataset:
        """Ids (batch, width) and labels (batch, 1) of each step of an epoch."""
        order = self.order(number)
        rows = tf.data.Dataset.from_tensor_slices((self.ids[order], self.labels[order]))
        rows = rows.map(lambda row, label: (row[: tf.maximum(1, tf.math.count_nonzero(row, dtype=tf.int32))], label))
        boundaries = list(range(STEP + 1, self.ids.shape[1] + STEP + 1, STEP))
        batches = rows.bucket_by_sequence_length(
            lambda row, label: tf.shape(row)[0],
            boundaries,
            [self.batch_size] * (len(boundaries) + 1),
            pad_to_bucket_boundary=True,
        )
        return ahead(batches.apply(tf.data.experimental.assert_cardinality(self.steps)))
