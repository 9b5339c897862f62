"""A stream of tokens as rows to learn from.

1. The documents are put one behind the other, each behind the token that a text starts after.
2. The stream is cut into windows of equal length; the labels of a window are its tokens moved on by one, so that every
   position is a question: what comes next?
3. Each epoch cuts at another place and takes the windows in another order, both drawn from the seed and the epoch's
   number alone: whoever asks for epoch 7 twice gets the same rows.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from .batches import ahead


class Windows:
    """Batches of windows, new ones for each epoch.

    Args:
        documents: (time,) ids of each document.
        start: the id that each begins after.
        length: tokens in a window.
        batch_size: windows in a batch; those left over at the end of an epoch wait for another epoch's cut.
        seed: of offsets and orders.
        shuffle: `False` for the plain order without an offset, as validation wants it.

    Raises:
        ValueError: if the text does not fill one batch.
    """

    def __init__(
        self,
        documents: Sequence[np.ndarray],
        start: int,
        *,
        length: int = 48,
        batch_size: int = 32,
        seed: int = 0,
        shuffle: bool = True,
    ):
        if length < 1 or batch_size < 1:
            raise ValueError(f"length and batch_size must be 1 or more, got {length} and {batch_size}")
        self.stream = np.concatenate([np.r_[np.int32(start), ids] for ids in documents] or [np.empty(0, np.int32)])
        self.length, self.batch_size, self.seed, self.shuffle = length, batch_size, seed, shuffle
        # the last token is a label only, and an offset may cost up to length - 1 tokens
        windows = (len(self.stream) - 1 - (length - 1 if shuffle else 0)) // length
        self.steps = windows // batch_size
        if self.steps < 1:
            raise ValueError(
                f"a text of {len(self.stream):,} tokens does not fill one batch of {batch_size} windows of {length} "
                "tokens: take more text, or smaller batches or windows"
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        return self.steps

    def rows(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and labels of an epoch, each (rows, length), rows in their order."""
        random = np.random.default_rng([self.seed, epoch])
        offset = int(random.integers(self.length)) if self.shuffle else 0
        count = self.steps * self.batch_size
        starts = offset + self.length * np.arange((len(self.stream) - 1 - offset) // self.length)
        chosen = random.permutation(starts)[:count] if self.shuffle else starts[:count]
        places = chosen[:, None] + np.arange(self.length)
        return self.stream[places], self.stream[places + 1]

    def epoch(self, number: int) -> tf.data.Dataset:
        """The batches of an epoch: ids and labels, each (batch_size, length)."""
        rows = tf.data.Dataset.from_tensor_slices(self.rows(number))
        return ahead(rows.batch(self.batch_size, drop_remainder=True))
