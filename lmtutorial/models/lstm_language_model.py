"""A word-level language model: embedding, LSTM layers, and a score for every word of the vocabulary.

1. Look up a vector for each word (batch, time, dim); the first columns may begin as GloVe's.
2. Let one or two LSTM layers read them from left to right (batch, time, units). (Mikolov et al. 2010 for recurrent
   networks as language models; Zaremba et al. 2014 for dropout between the layers and not along the time.)
3. Bring the hidden state to the width of the vectors, and multiply it with the vector of every word: the output layer
   is the embedding read backwards, and a word has one vector instead of two. (Tied weights: Press & Wolf 2017.)
4. The model is trained on stretches of text that begin with nothing read; in use, the state is carried from one piece
   of a text to the next.
"""

import json
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from ..files import written_whole
from ..preprocessing import END, PADDING, Preprocessor
from .language_model import LanguageModel

FILES = ("weights.npz", "preprocessor.json", "model.json")  # what `save` writes


class TiedOutput(layers.Layer):
    """scores = h E^T + b: each word's score is the product of the hidden vector with the word's own embedding.

    Args:
        embedding: the layer whose table (vocabulary, dim) is shared.
    """

    def __init__(self, embedding: layers.Embedding, **settings):
        super().__init__(**settings)
        self.embedding = embedding

    def build(self, shape):
        self.bias = self.add_weight(name="bias", shape=(self.embedding.input_dim,), initializer="zeros")

    def call(self, hidden):
        table = ops.cast(self.embedding.embeddings, hidden.dtype)  # (vocabulary, dim)
        return ops.matmul(hidden, ops.transpose(table)) + ops.cast(self.bias, hidden.dtype)


def build_lstm_lm(
    vocabulary_size: int,
    *,
    dim: int = 200,
    units: tuple[int, ...] = (256,),
    tied: bool = True,
    vectors: np.ndarray | None = None,
    frozen: bool = False,
    dropout: tuple[float, float] = (0.3, 0.5),
) -> keras.Model:
    """ids (batch, time) -> scores (batch, time, vocabulary).

    Args:
        vocabulary_size: number of words.
        dim: width of the word vectors.
        units: width of each LSTM layer.
        tied: whether the output layer shares the embedding's table.
        vectors: (vocabulary, at most dim) what the first columns of the table begin as; rows of zeros are left random.
        frozen: whether the table stays as it is in training; `vectors` must then fill it.
        dropout: shares dropped of whole columns of the word vectors, and of the LSTM's outputs.

    Raises:
        ValueError: if the vectors do not fit.
    """
    if vectors is not None and (len(vectors) != vocabulary_size or vectors.shape[1] > dim):
        raise ValueError(f"vectors of the shape {vectors.shape} do not fit {vocabulary_size} words of width {dim}")
    if frozen and (vectors is None or vectors.shape[1] != dim):
        raise ValueError(f"a frozen embedding needs vectors of its full width {dim}")
    ids = keras.Input((None,), dtype="int32", name="ids")
    begin = keras.initializers.RandomNormal(stddev=0.1)
    embedding = layers.Embedding(vocabulary_size, dim, embeddings_initializer=begin, trainable=not frozen, name="words")
    x = layers.SpatialDropout1D(dropout[0])(embedding(ids))
    for i, width in enumerate(units):
        x, *_ = layers.LSTM(width, return_sequences=True, return_state=True, name=f"lstm_{i + 1}")(x)
        x = layers.Dropout(dropout[1])(x)
    if tied and units[-1] != dim:
        x = layers.Dropout(dropout[0])(layers.Dense(dim, name="to_width")(x))
    output = TiedOutput(embedding, name="scores") if tied else layers.Dense(vocabulary_size, name="scores")
    # softmax and loss are computed in float32 also where the layers below run in float16
    model = keras.Model(ids, layers.Activation("linear", dtype="float32", name="logits")(output(x)))
    if vectors is not None:
        begin_with(embedding, vectors)
    return model


def begin_with(embedding: layers.Embedding, vectors: np.ndarray) -> None:
    """Put vectors into the first columns of the table, at the scale of the random ones; zero rows stay random."""
    table = np.array(embedding.get_weights()[0])
    known = np.any(vectors != 0, axis=1)
    scale = table.std() / vectors[known].std() if embedding.trainable else 1
    table[known, : vectors.shape[1]] = scale * vectors[known]
    embedding.set_weights([table])


class LSTMLanguageModel(LanguageModel):
    """A preprocessor with the rules "language", and a model that `build_lstm_lm` made, which belong together.

    Args:
        keras_model: its weights are shared, not copied.
        preprocessor: the one that it was trained with.

    Raises:
        ValueError: if the two do not fit.
    """

    def __init__(self, keras_model: keras.Model, preprocessor: Preprocessor):
        if END not in preprocessor.vocabulary:
            raise ValueError(f'the vocabulary has no {END!r}: fit it with rules="language"')
        self.keras_model, self.preprocessor = keras_model, preprocessor
        self.start = preprocessor.lookup([END])[0]
        self.embedding = keras_model.get_layer("words")
        self.lstms = [layer for layer in keras_model.layers if isinstance(layer, layers.LSTM)]
        self.after = [layer for layer in keras_model.layers if layer.name in ("to_width", "scores", "logits")]
        if self.embedding.input_dim != self.vocabulary_size:
            raise ValueError(
                f"the vocabulary has {self.vocabulary_size} entries and the embedding {self.embedding.input_dim} rows: "
                "this preprocessor does not belong to this model"
            )

    def embed(self, ids):
        return self.embedding(ops.convert_to_tensor(ids, "int32"))

    def hidden(self, embeddings, state=None):
        """What the last LSTM layer says at each position (batch, time, units), and the state behind the last one.

        Args:
            embeddings: (batch, time, dim).
            state: [h, c] of each layer, each (batch, units); by default nothing has been read.
        """
        behind = []
        for i, lstm in enumerate(self.lstms):
            embeddings, h, c = lstm(embeddings, initial_state=state[i] if state else None, training=False)
            behind.append([h, c])
        return embeddings, behind

    def scores_of_hidden(self, hidden):
        """Scores (..., vocabulary) of what the last LSTM layer says (..., units)."""
        for layer in self.after:
            hidden = layer(hidden)
        return hidden

    def last_logits_of_embeddings(self, embeddings, ids):
        hidden, _ = self.hidden(embeddings)
        last = ops.sum(ops.cast(ops.not_equal(ids, PADDING), "int32"), axis=1) - 1  # (batch,) of the last word
        chosen = ops.take_along_axis(hidden, ops.maximum(last, 0)[:, None, None], axis=1)  # (batch, 1, units)
        return self.scores_of_hidden(chosen[:, 0])

    def last_logits(self, ids):
        return self.last_logits_of_embeddings(self.embed(ids), ids)

    def logits(self, ids: np.ndarray) -> np.ndarray:
        return np.asarray(self._functions["logits"](np.asarray(ids, np.int32)))

    def read(self, ids: np.ndarray, targets: np.ndarray, state=None) -> tuple[np.ndarray, list]:
        log_p, state = self._functions["read"](
            np.asarray(ids, np.int32), np.asarray(targets, np.int32), state or self._nothing_read(len(ids))
        )
        return np.asarray(log_p, np.float64), state

    def step(self, ids: np.ndarray, state=None) -> tuple[np.ndarray, list]:
        scores, state = self._functions["step"](np.asarray(ids, np.int32), state or self._nothing_read(len(ids)))
        return np.asarray(scores), state

    def _nothing_read(self, rows: int) -> list:
        return [[ops.zeros((rows, lstm.units))] * 2 for lstm in self.lstms]

    @cached_property
    def _functions(self) -> dict:
        """The three ways to read, each compiled once for every number of rows and positions."""

        def logits(ids):
            return self.scores_of_hidden(self.hidden(self.embed(ids))[0])

        def read(ids, targets, state):
            hidden, state = self.hidden(self.embed(ids), state)
            log_p = ops.log_softmax(self.scores_of_hidden(hidden), axis=-1)
            return ops.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0], state

        def step(ids, state):
            hidden, state = self.hidden(self.embed(ids), state)
            return self.scores_of_hidden(hidden[:, -1]), state

        functions = {"logits": logits, "read": read, "step": step}
        if keras.backend.backend() != "tensorflow":
            return functions
        import tensorflow as tf

        ids = tf.TensorSpec((None, None), tf.int32)
        state = [[tf.TensorSpec((None, lstm.units), tf.float32)] * 2 for lstm in self.lstms]
        signatures = {"logits": [ids], "read": [ids, ids, state], "step": [ids, state]}
        return {name: tf.function(f, input_signature=signatures[name]) for name, f in functions.items()}

    def save(self, folder: str | Path) -> None:
        """Write `weights.npz` (as float16), `preprocessor.json` and `model.json` (how it is built) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {weight.path: np.asarray(weight, np.float16) for weight in self.keras_model.weights}
        with written_whole(folder / "weights.npz") as beside, beside.open("wb") as file:
            np.savez_compressed(file, **weights)
        self.preprocessor.save(folder / "preprocessor.json")
        shape = {
            "dim": self.embedding.output_dim,
            "units": [lstm.units for lstm in self.lstms],
            "tied": isinstance(self.after[-2], TiedOutput),
        }
        with written_whole(folder / "model.json") as beside:
            beside.write_text(json.dumps(shape) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "LSTMLanguageModel":
        """Read what `save` wrote; `ValueError` names a file that is missing or damaged."""
        folder = Path(folder)
        for name in FILES:
            if not (folder / name).is_file():
                raise ValueError(f"{folder / name} does not exist: is {folder.name!r} the folder of a language model?")
        preprocessor = Preprocessor.load(folder / "preprocessor.json")
        try:
            shape = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            model = build_lstm_lm(
                len(preprocessor.vocabulary), dim=shape["dim"], units=tuple(shape["units"]), tied=shape["tied"]
            )
            with np.load(folder / "weights.npz", allow_pickle=False) as weights:
                model.set_weights([weights[weight.path].astype(np.float32) for weight in model.weights])
        except Exception as error:  # json, zipfile, NumPy and Keras each have their own errors for a damaged file
            raise ValueError(f"{folder} holds a damaged language model ({type(error).__name__}: {error})") from error
        return cls(model, preprocessor)
