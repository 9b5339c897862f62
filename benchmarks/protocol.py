"""How two programs are timed fairly, and what a model alone needs for the same rows.

1. All run in one process, on the same weights and the same number of threads.
2. Each runs once before it is timed, because compilers compile at the first call; that call is reported, not counted.
3. Then they take turns, many times, each time in another order, so that a slow moment of the machine hits all alike.
4. Ratios are taken within a turn. Medians with quartiles are reported.
"""

import os
import time
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np

import lmtutorial as lt
from lmtutorial.preprocessing import UNKNOWN

BATCHES = (1024, 2048, 4096, 8192)


def pin(threads: int) -> None:
    """Let TensorFlow, and PyTorch where it is installed, use so many threads; call it before any model is loaded."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(threads)


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def texts_of(model, words: int, count: int) -> list[str]:
    """The first validation reviews with so many words, all known: leaving an unknown word out changes nothing, so that
    half of the rows would be the same."""
    reviews = lt.load_reviews()
    found = []
    for text in reviews.loc[reviews["split"] == "validation", "text"]:
        tokens = model.preprocessor.tokens(text)
        if len(tokens) == words and UNKNOWN not in model.preprocessor.lookup(tokens):
            found.append(text)
            if len(found) == count:
                return found
    raise ValueError(f"only {len(found)} validation reviews have {words} known words, {count} were wanted")


def seconds_of(run: Callable) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def taking_turns(runs: dict, repeats: int) -> tuple[dict, dict]:
    """{name: seconds of the first call}, {name: (repeats,) seconds} of {name: run}; each turn has another order."""
    first = {name: seconds_of(run) for name, run in runs.items()}
    seconds = {name: np.empty(repeats) for name in runs}
    rng = np.random.default_rng(0)
    for turn in range(repeats):
        for i in rng.permutation(len(runs)):
            name = list(runs)[i]
            seconds[name][turn] = seconds_of(runs[name])
    return first, seconds


def spread(values) -> dict[str, float]:
    """Median and quartiles, to four digits."""
    low, median, high = np.percentile(np.concatenate([np.ravel(v) for v in values]), [25, 50, 75])
    return {name: float(f"{value:.4g}") for name, value in (("median", median), ("low", low), ("high", high))}


@contextmanager
def recorded(model):
    """Inside the block the list that is yielded collects the ids that the model is asked about, a batch each."""
    asked, ask = [], model.predict_ids

    def listen(ids):
        asked.append(np.array(ids))
        return ask(ids)

    model.predict_ids = listen
    try:
        yield asked
    finally:
        del model.predict_ids


class Bare:
    """The classifier's Keras layers without any of our code: what an explainer cannot do without.

    Args:
        model: a classifier that `build_lstm` made; its texts have no padding here.
    """

    def __init__(self, model):
        import keras
        import tensorflow as tf

        embedding, *rest = (a for a in model.keras_model.layers if not isinstance(a, keras.layers.InputLayer))
        kernel, bias = rest[-1].kernel, rest[-1].bias
        whole = keras.Model(model.keras_model.inputs, model.keras_model.outputs)
        shape = (None, None, embedding.output_dim)

        @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
        def forward(ids):
            return whole(ids, training=False)

        @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32), tf.TensorSpec((None, None), tf.int32)])
        def there_and_back(vectors, ids):
            mask, x = embedding.compute_mask(ids), vectors
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                for layer in rest[:-1]:
                    x = layer(x, mask=mask) if isinstance(layer, keras.layers.LSTM) else layer(x)
                score = tf.matmul(x, kernel) + bias
            return score, tape.gradient(score, vectors)

        self._forward, self._there_and_back = (f.get_concrete_function() for f in (forward, there_and_back))
        self._tensor = tf.constant

    def forward(self, ids: np.ndarray, batch: int) -> np.ndarray:
        """(rows, outputs) answers to ids (rows, time), in batches of `batch` rows."""
        parts = [self._forward(self._tensor(ids[i : i + batch])).numpy() for i in range(0, len(ids), batch)]
        return np.concatenate(parts)

    def there_and_back(self, vectors: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """(rows, time, dim) gradients of the score at `vectors`, in one batch; `ids` make the mask."""
        return self._there_and_back(self._tensor(vectors), self._tensor(ids))[1].numpy()

    def best_batch(self, ids: np.ndarray) -> int:
        """The size of batch, out of `BATCHES`, with which the forward pass is quickest."""
        sizes = [size for i, size in enumerate(BATCHES) if i == 0 or BATCHES[i - 1] < len(ids)]
        if len(sizes) == 1:
            return sizes[0]
        _, seconds = taking_turns({str(size): lambda size=size: self.forward(ids, size) for size in sizes}, 3)
        return min(sizes, key=lambda size: np.min(seconds[str(size)]))
