"""The classic recipe, word vectors, two LSTM layers and a sigmoid; and a class that makes any such model explainable.

The recipe is the one that a thousand tutorials share: `Embedding` (frozen GloVe) -> `LSTM(64)` -> `LSTM(32)` ->
`Dense(1)`. LSTM: Hochreiter & Schmidhuber 1997. A `TextClassifier` is a `Preprocessor` and a Keras model that belong
together, and answers the `TextModel` seam.
"""

import json
from collections.abc import Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from ..files import written_whole
from ..preprocessing import PADDING, UNKNOWN, Preprocessor
from .text_model import Encoding, TextModel, check_text, check_texts

SORTED = 256  # rows of like length, scored together
TILE = 12  # heights of batches are multiples of it; matrix routines take rows by 4 or 6 at a time
MOST_IDS, MOST_PAIRS = 1 << 16, 1 << 23  # in one batch: ids, and pairs of ids of the same text (attention's memory)


def build_lstm(
    matrix: np.ndarray, *, units: tuple[int, ...] = (64, 32), trainable: bool = False, dropout: float = 0.0
) -> keras.Sequential:
    """Embedding -> LSTM -> LSTM -> Dense(1, sigmoid).

    Args:
        matrix: (vocabulary, dim) embedding matrix; row 0 is padding.
        units: width of each LSTM; all but the last return the whole sequence.
        trainable: whether training may move the word vectors.
        dropout: share of the inputs of each following layer that is dropped in training.
    """
    size, dim = matrix.shape
    model = keras.Sequential([keras.Input((None,), dtype="int32", name="ids")])
    model.add(layers.Embedding(size, dim, mask_zero=True, trainable=trainable, name="embedding"))
    for i, width in enumerate(units):
        if dropout:
            model.add(layers.SpatialDropout1D(dropout) if i == 0 else layers.Dropout(dropout))
        model.add(layers.LSTM(width, return_sequences=i < len(units) - 1, name=f"lstm_{i + 1}"))
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(1, activation="sigmoid", name="output"))
    model.get_layer("embedding").set_weights([matrix])
    return model


class Logits(layers.Layer):
    """A `Dense` layer without its activation. It holds no weights of its own: it reads those of the layer it wraps."""

    def __init__(self, dense: layers.Dense):
        super().__init__()
        self.dense = dense

    def call(self, x):
        scores = ops.matmul(x, self.dense.kernel)  # (batch, outputs)
        return scores if self.dense.bias is None else ops.add(scores, self.dense.bias)


def _embedding_of(model: keras.Model) -> layers.Embedding:
    found = [layer for layer in model.layers if isinstance(layer, layers.Embedding)]
    if len(found) != 1:
        raise ValueError(f"the Keras model {model.name!r} has {len(found)} Embedding layers, and needs exactly one")
    return found[0]


@contextmanager
def _answering(embedding: layers.Embedding, embeddings):
    """Inside the block the layer answers with `embeddings`, whatever ids it is given.

    A sub-model that starts behind the Embedding layer would have lost the mask, silently; this way the ids still make
    it.
    """
    embedding.call = lambda ids: embeddings
    try:
        yield
    finally:
        del embedding.call


def _before_last_activation(model: keras.Model):
    """(scores tensor of `model` before its last activation, name of that activation)."""
    last = model.layers[-1]
    if isinstance(last, layers.Softmax):
        return last.input, "softmax"
    name = getattr(getattr(last, "activation", None), "__name__", None)
    if name not in ("sigmoid", "softmax", "linear") or not isinstance(last, layers.Dense | layers.Activation):
        raise ValueError(
            "the last layer must be Dense or Activation with sigmoid, softmax or linear; "
            f"it is {last.name!r} with {name!r}"
        )
    return (Logits(last)(last.input) if isinstance(last, layers.Dense) else last.input), name


class TextClassifier(TextModel):
    """A preprocessor and a Keras model that belong together.

    Args:
        keras_model: maps ids (batch, time) to probabilities (batch, outputs), or to ratings; has one `Embedding` layer.
        preprocessor: the one that the model was trained with.
        classes: a name for each class.

    Raises:
        ValueError: if the model has not exactly one `Embedding` layer, if its last activation is none of sigmoid,
            softmax and linear, if the vocabulary is larger than the embedding, or if the number of class names does
            not fit.

    A model with a mask (`mask_zero=True`) reads each text at its own length. One without sees padding as words, so
    that it is always fed the length it was built for: `length`, from its input shape or from `preprocessor.max_length`.
    """

    replacement = UNKNOWN

    def __init__(self, keras_model: keras.Model, preprocessor: Preprocessor, *, classes: Sequence[str] | None = None):
        self.keras_model, self.preprocessor = keras_model, preprocessor
        self.embedding = _embedding_of(keras_model)
        if len(preprocessor.vocabulary) > self.embedding.input_dim:
            raise ValueError(
                f"the vocabulary has {len(preprocessor.vocabulary)} entries and the embedding "
                f"{self.embedding.input_dim} rows: "
                "this preprocessor does not belong to this model"
            )
        scores, activation = _before_last_activation(keras_model)
        self.unit = "rating" if activation == "linear" else "logit"
        self.classes = _class_names(classes, scores.shape[-1], activation)
        self.length = None if self.embedding.mask_zero else self._fixed_length()
        self._scorer = keras.Model(self.embedding.input, scores)  # starts at the ids, behind a TextVectorization
        self._forward = _compiled(self._scorer)

    @classmethod
    def from_keras(
        cls, model: keras.Model, preprocessor: Preprocessor | None = None, *, classes: Sequence[str] | None = None
    ) -> "TextClassifier":
        """Make a reader's own Keras model explainable.

        Args:
            model: a Sequential or functional model with one `Embedding` layer. Its weights are shared, not copied.
            preprocessor: may be left out where the first layer is a `TextVectorization` with its default rules.
            classes: a name for each class; by default "negative" and "positive" for a sigmoid.

        Raises:
            ValueError: as the class does, or if there is no preprocessor.
        """
        found = [layer for layer in model.layers if isinstance(layer, layers.TextVectorization)]
        if preprocessor is None and found:
            preprocessor = _preprocessor_of(found[0])
        if preprocessor is None:
            raise ValueError(
                f"the model {model.name!r} has no TextVectorization layer: pass the preprocessor it was trained with"
            )
        return cls(model, preprocessor, classes=classes)

    def _fixed_length(self) -> int:
        length = self.embedding.input.shape[1] or self.preprocessor.max_length
        if length is None:
            raise ValueError(
                "the model's Embedding has no mask, so that padding changes its answers: tell the length it was "
                "trained with as the preprocessor's max_length, or train it with mask_zero=True"
            )
        return length

    def ids(self, texts: Sequence[str]) -> np.ndarray:
        """(batch, time) ids as the model was trained to read them; `ValueError` names an empty text."""
        for text in check_texts(texts):
            check_text(text)
        return self.preprocessor.ids(texts, self.length)

    def encode(self, text: str) -> Encoding:
        spans = self.preprocessor.spans(check_text(text))
        if not spans:
            raise ValueError(f"{text!r} has no word")
        ids = self.ids([text])[0]
        kept = min(len(spans), len(ids))
        if np.all(ids[:kept] == UNKNOWN):
            raise ValueError(f"the model knows none of the words of {text!r}")
        return Encoding(text, tuple(spans[:kept]), ids, tuple((i, i + 1) for i in range(kept)), len(spans) - kept)

    def predict_ids(self, ids: np.ndarray) -> np.ndarray:
        """Scores (batch, outputs) of ids (batch, time), before the last activation; `ValueError` for odd ids."""
        ids = np.asarray(ids, np.int32)
        if ids.ndim != 2 or ids.size and (ids.min() < 0 or ids.max() >= self.embedding.input_dim):
            raise ValueError(
                f"ids must be (batch, time) and in [0, {self.embedding.input_dim}), got shape {ids.shape}"
                + (f" with values from {ids.min()} to {ids.max()}" if ids.size else "")
            )
        if self.length and ids.shape[1] > self.length:
            raise ValueError(f"the model reads {self.length} ids of each text, got {ids.shape[1]}")
        parts = [self._predict_batch(part) for part in _batches(ids)]
        return np.concatenate(parts) if parts else np.zeros((0, self._scorer.output_shape[-1]), np.float32)

    def _predict_batch(self, ids: np.ndarray) -> np.ndarray:
        """Scores of one batch.

        The last rows of a matrix may be multiplied by another routine than the rest, and then differ in the seventh
        digit. Rows that repeat the first ones fill the batch to whole tiles, so that no row's answer depends on how
        many others are asked with it.
        """
        rows = len(ids)
        used = np.flatnonzero((ids != PADDING).any(axis=0))
        width = self.length or (used[-1] + 1 if len(used) else 1)  # a mask makes the columns behind these superfluous
        filled = np.full((-(-rows // TILE) * TILE, width), PADDING, np.int32)
        filled[:, : ids.shape[1]] = ids[np.arange(len(filled)) % rows, :width]
        return self._forward(filled)[:rows]

    @property
    def vocabulary_size(self) -> int:
        return len(self.preprocessor.vocabulary)

    def broken_layers(self) -> list[str]:
        return [a.name for a in self.keras_model.layers if not all(np.isfinite(w).all() for w in a.get_weights())]

    def embed(self, ids: np.ndarray):
        return self.embedding(ops.convert_to_tensor(np.asarray(ids, np.int32)))

    def predict_embeddings(self, embeddings, ids: np.ndarray):
        with _answering(self.embedding, ops.convert_to_tensor(embeddings)):
            return self._scorer(ops.convert_to_tensor(ids, "int32"), training=False)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """(batch, outputs) scores before the last activation. Texts of like length are run together."""
        ids = self.ids(texts)
        order = np.argsort((ids != PADDING).sum(axis=1), kind="stable")
        result = np.empty((len(ids), self._scorer.output_shape[-1]), np.float32)
        for start in range(0, len(ids), SORTED):
            rows = order[start : start + SORTED]
            result[rows] = self.predict_ids(ids[rows])
        return result

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """What the model says of each text.

        Returns:
            (batch,) probability of the second class for one sigmoid; (batch, classes) probabilities for a softmax;
            (batch,) ratings for a regression.

        Raises:
            ValueError: if a text is empty or is not a string.
        """
        scores = self.scores(texts).astype(np.float64)
        if self.unit == "rating":
            return scores[:, 0] if scores.shape[1] == 1 else scores
        columns = [self.probability(scores, i) for i in range(len(self.classes))]
        return columns[1] if scores.shape[1] == 1 else np.stack(columns, axis=1)

    def save(self, folder: str | Path) -> None:
        """Write `model.keras`, `preprocessor.json` and `classes.json` into `folder`."""
        folder = Path(folder)
        with written_whole(folder / "model.keras") as beside:
            _bare(self.keras_model).save(beside)
        self.preprocessor.save(folder / "preprocessor.json")
        with written_whole(folder / "classes.json") as beside:
            beside.write_text(json.dumps(self.classes), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "TextClassifier":
        """Read what `save` wrote, in Keras' safe mode; `ValueError` names a file that is missing or damaged."""
        folder = Path(folder)
        preprocessor = Preprocessor.load(_existing(folder / "preprocessor.json"))
        classes = json.loads(_existing(folder / "classes.json").read_text(encoding="utf-8"))
        file = _existing(folder / "model.keras")
        try:
            model = keras.models.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # zipfile, h5py and Keras each have their own errors for a damaged file
            raise ValueError(f"{file} is damaged, or is no Keras model ({type(error).__name__}: {error})") from error
        return cls(model, preprocessor, classes=classes)


def _batches(ids: np.ndarray) -> list[np.ndarray]:
    """Rows of ids (rows, time) in batches of like height: few, because each step of each batch has its fixed cost, and
    small enough for the memory.
    """
    rows, width = ids.shape
    most = max(TILE, min(MOST_IDS // max(1, width), MOST_PAIRS // max(1, width) ** 2) // TILE * TILE)
    tiles = -(-rows // TILE)
    count = -(-tiles * TILE // most)
    height = -(-tiles // count) * TILE if count else TILE
    return [ids[i : i + height] for i in range(0, rows, height)]


def _compiled(scorer: keras.Model):
    """`scorer` as one function of ids (batch, time), compiled once for every batch and time at its first call."""
    if keras.backend.backend() != "tensorflow":
        return scorer.predict_on_batch
    import tensorflow as tf

    @cache
    def traced():
        shape = tf.TensorSpec((None, scorer.input.shape[1]), tf.int32)
        return tf.function(lambda ids: scorer(ids, training=False), input_signature=[shape]).get_concrete_function()

    # what a plain tf.function asks itself at each call takes as long as a third of ten short texts
    return lambda ids: traced()(tf.constant(ids)).numpy()


def _bare(model: keras.Model) -> keras.Model:
    """The same layers without the optimizer, whose state is twice as large as the model."""
    return keras.Model(model.inputs, model.outputs, name=model.name)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ValueError(f"{file} does not exist: is {file.parent.name!r} the folder of a saved TextClassifier?")
    return file


def _class_names(classes: Sequence[str] | None, outputs: int, activation: str) -> tuple[str, ...]:
    count = 2 if activation == "sigmoid" and outputs == 1 else outputs
    if classes is None:
        if activation == "linear" and outputs == 1:
            return ("rating",)
        return ("negative", "positive") if count == 2 else tuple(f"class {i}" for i in range(count))
    if len(classes) != count:
        raise ValueError(f"the model has {count} classes, and {len(classes)} names were given: {list(classes)}")
    return tuple(classes)


def _preprocessor_of(layer: layers.TextVectorization) -> Preprocessor:
    """A Preprocessor with the rules and the vocabulary of a TextVectorization layer."""
    config = layer.get_config()
    default = {
        "standardize": "lower_and_strip_punctuation",
        "split": "whitespace",
        "ngrams": None,
        "output_mode": "int",
    }
    odd = {key: config[key] for key, value in default.items() if config[key] != value}
    if odd:
        raise ValueError(
            f"only a TextVectorization with its default rules can be read; this one has {odd}. Pass a preprocessor."
        )
    return Preprocessor(tuple(layer.get_vocabulary()), "keras", config["output_sequence_length"])


def round_to_float16(model: keras.Model) -> None:
    """Round every weight to the nearest float16, in place: what is scored is then exactly what ships."""
    model.set_weights([weight.astype(np.float16).astype(weight.dtype) for weight in model.get_weights()])
