"""The one gradient function: what a model answers at points in embedding space, and how steeply it rises there.

1. The model's part behind the embeddings is written down once as a TensorFlow graph with a `GradientTape` around it.
   Its numbers of rows and positions are left open, so that it is compiled once per model and not once per text. What a
   model is asked, where it has a question (a next word), is an input too.
2. Rows are run in chunks that fit into memory, many at a time.
3. Each chunk's gradient is reduced to one number per row and position in float64 before the next chunk begins.

It needs TensorFlow as Keras' backend: JAX and PyTorch take gradients of functions without a tape, in other ways.
"""

import warnings
from collections.abc import Callable
from weakref import WeakKeyDictionary, ref

import numpy as np
from tqdm.auto import tqdm

from ..models.text_model import SMALL, Cost, TextModel
from .masking import MaskedText

CHUNK = 2**29  # bytes that a chunk of rows may need
# Rows x positions of a small model. What takes longer than about half a minute is announced, what would take an hour is
# refused.
LONG, TOO_LONG = 10**5, 10**7

_COMPILED: "WeakKeyDictionary[TextModel, GradientFunction]" = WeakKeyDictionary()


def slopes(
    game: MaskedText, rows: int, at: Callable, reduce: Callable, *, nothing: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """F(e) and the reduced dF/de at rows of embeddings e; F is the game's target in the game's unit.

    Args:
        game: says which model, text, target and unit. It is told what the model answers to rows 0 and 1.
        rows: how many rows there are.
        at: `at(start, stop)` makes the embeddings (n, time, dim) of these rows; row 0 is the whole text.
        nothing: whether row 1 is the text with every word removed.
        reduce: turns gradients (n, time, dim), float64, into (n, time).

    Returns:
        scores (rows, outputs) as the model gives them, and the reduced gradients (rows, time).

    Raises:
        ValueError: if Keras runs on another backend, if the model answers NaN, or if there is too much to compute.
    """
    ids = game.encoding.ids
    compiled = gradient_function(game.model)
    step = max(2, rows_at_a_time(len(ids) * compiled.position_bytes, compiled.cost))  # both ends of a path come first
    _announce(rows, len(ids), compiled.cost)
    scores, reduced = [], []
    starts = range(0, rows, step)
    for start in tqdm(starts, desc="gradients", delay=2, leave=False) if len(starts) > 1 else starts:
        embeddings = at(start, min(start + step, rows))
        answers, gradient = compiled(game, embeddings, np.repeat(ids[None], len(embeddings), axis=0))
        _check_finite(game, answers, gradient)
        if start == 0:
            known = 2 if nothing and game.replacement != "delete" else 1
            game.remember(np.array([[True], [False]]).repeat(len(game), axis=1)[:known], answers[:known])
        # +1, or -1 for the first class of a model with one sigmoid
        sign = game.model.select(np.ones((1, answers.shape[1])), game.index)[0]
        scores.append(answers)
        reduced.append(reduce(sign * gradient.astype(np.float64)))
    return np.concatenate(scores), np.concatenate(reduced)


def rows_at_a_time(size: int, cost: Cost = SMALL) -> int:
    """How many rows of embeddings of `size` bytes are run together; `cost` says what the way back keeps of each.

    >>> rows_at_a_time(400 * 50 * 4), rows_at_a_time(10_000 * 50 * 4)
    (209, 8)
    """
    return max(1, int(CHUNK // (cost.memory * size)))


def gradient_function(model: TextModel) -> "GradientFunction":
    """The compiled gradient of a model, made when it is first asked for and kept as long as the model lives."""
    shared = model.shared
    if shared not in _COMPILED:
        _COMPILED[shared] = GradientFunction(shared, len(model.question))
    return _COMPILED[shared]


class GradientFunction:
    """`function(game, embeddings, ids)` -> scores (rows, outputs) and gradients (rows, time, dim) of the game's target.

    Args:
        model: whose `predict_embeddings` is differentiated.
        asked: how many numbers its `question` has.

    Raises:
        ValueError: if Keras runs on another backend than TensorFlow, or if the answer has no gradient.
    """

    def __init__(self, model: TextModel, asked: int = 0):
        _need_tensorflow()
        import tensorflow as tf

        sample = model.embed(np.full((1, 1), model.replacement, np.int32))  # for its width and type only
        self.dtype, self.position_bytes = sample.dtype, sample.shape[-1] * sample.dtype.size
        self.cost = model.cost
        kept = ref(model)  # the model must not be kept alive by what is kept for it
        self.embed = _lookup(kept)

        @tf.function
        def scores_and_gradient(embeddings, ids, index, probability, *question):
            with tf.GradientTape() as tape:
                tape.watch(embeddings)
                scores = kept().predict_embeddings(embeddings, ids, *question)  # (rows, outputs)
            one = tf.one_hot(index, scores.shape[-1], dtype=tf.float64)  # dF/dscores of a logit or a rating
            slope = tf.where(probability, _probability_slope(tf.cast(scores, tf.float64), one), one)
            gradient = tape.gradient(scores, embeddings, tf.cast(slope, scores.dtype))
            if gradient is None:
                raise ValueError("the model's answer does not depend on its embeddings by steps that have a gradient")
            return scores, gradient

        shapes = [
            ((None, None, sample.shape[-1]), sample.dtype),
            ((None, None), tf.int32),
            ((), tf.int32),
            ((), tf.bool),
            *[((), tf.int32)] * asked,
        ]
        self._graph = scores_and_gradient.get_concrete_function(*(tf.TensorSpec(*shape) for shape in shapes))
        self._outputs = self._graph.structured_outputs[0].shape[-1]
        self._numbers = [tf.constant(i) for i in range(self._outputs)]
        self._probability = {kind: tf.constant(kind) for kind in (False, True)}

    def __call__(self, game: MaskedText, embeddings: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import tensorflow as tf

        # one output is explained without asking which class it speaks for, because that may cost a question
        index = game.index if self._outputs > 1 else 0
        scores, gradient = self._graph(
            tf.constant(embeddings, self.dtype),
            tf.constant(ids, tf.int32),
            self._numbers[index],
            self._probability[game.unit == "probability"],
            *(tf.constant(number) for number in game.model.question),
        )
        return scores.numpy(), gradient.numpy()


def _lookup(kept: ref) -> Callable:
    """`embed(ids)` -> (rows, time, dim) array: the model's `embed`, compiled because Keras is slow to call a layer."""
    import tensorflow as tf

    ids = tf.TensorSpec((None, None), tf.int32)
    try:
        graph = tf.function(lambda ids: kept().embed(ids)).get_concrete_function(ids)
    except NotImplementedError:  # it is NumPy code, which no graph can hold
        return lambda ids: np.asarray(kept().embed(ids))
    return lambda ids: graph(tf.constant(ids, tf.int32)).numpy()


def _need_tensorflow() -> None:
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"gradients need TensorFlow, and Keras runs on {keras.backend.backend()!r}: "
            'set os.environ["KERAS_BACKEND"] = "tensorflow" before keras is imported'
        )


def _probability_slope(scores, one):
    """dp/dscores (rows, outputs): p (1 - p) for one sigmoid, p (one - all probabilities) for a softmax.

    Taken from the scores in float64, because a float32 sigmoid is flat from a logit of 17 on.
    """
    import tensorflow as tf

    if scores.shape[-1] == 1:
        return tf.sigmoid(scores) * tf.sigmoid(-scores)
    p = tf.nn.softmax(scores)
    return tf.reduce_sum(one * p, axis=-1, keepdims=True) * (one - p)


def _announce(rows: int, time: int, cost: Cost) -> None:
    work = rows * time * cost.slopes
    if work > TOO_LONG:
        raise ValueError(
            f"the gradient at {rows:,} points of a text of {time:,} positions would take too long: "
            "explain a shorter text, or take fewer points"
        )
    if work > LONG:
        warnings.warn(
            f"the gradient at {rows:,} points of a text of {time:,} positions takes a while: "
            "the model reads them one after the other, forwards and backwards",
            stacklevel=4,
        )


def _check_finite(game: MaskedText, scores: np.ndarray, gradient: np.ndarray) -> None:
    for what, values in (("answers", scores), ("has gradients of", gradient)):
        odd = values[~np.isfinite(values)]
        if len(odd):
            layers = game.model.broken_layers()
            cause = f": the weights of its layers {layers} hold NaN or infinity" if layers else ""
            raise ValueError(f"the model {what} {odd[0]} to {game.encoding.text[:60]!r}{cause}")
