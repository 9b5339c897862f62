"""The classic recipe, word vectors, two LSTM layers and a sigmoid; and a class that makes any such model explainable.

The recipe is the one that a thousand tutorials share: `Embedding` (frozen GloVe) -> `LSTM(64)` -> `LSTM(32)` ->
`Dense(1)`. LSTM: Hochreiter & Schmidhuber 1997. A `TextClassifier` is a `Preprocessor` and a Keras model that belong
together, and answers the `TextModel` seam.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from ..files import written_whole
from ..preprocessing import PADDING, UNKNOWN, Preprocessor
from .keras_parts import (
    Graph,
    WordVectors,
    broken_layers,
    compiled,
    portable,
    score_before_activation,
    why_padding_counts,
)
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


class TextClassifier(TextModel):
    """A preprocessor and a Keras model that belong together.

    Args:
        keras_model: a Sequential or functional model that maps ids (batch, time), or strings, to (batch, outputs):
            probabilities, logits or ratings. Its weights are shared, not copied.
        preprocessor: the one that the model was trained with.
        classes: a name for each class; by default "negative" and "positive" where there are two.
        unit: what a model without a last activation answers with, "logit" or "rating". By default "logit" where there
            are names for classes or the model was compiled with a loss `from_logits=True`, else "rating". Several
            logits are read as those of a softmax. "rating" takes the output of any model as it is.

    Attributes:
        unit: "logit" or "rating".
        length: to which every text is padded, or `None` for a model with a mask.

    Raises:
        ValueError: if the model cannot be explained, with the reason (see `keras_parts`); if the vocabulary is larger
            than the embedding, or not that of the model's `TextVectorization`; if classes or unit do not fit.

    A model with a mask (`mask_zero=True`) reads each text at its own length. One without, or one of whose layers drops
    the mask, sees padding as words, so that it is always fed the length it was built for: `length`, from its input
    shape or from `preprocessor.max_length`.

    Where ids are looked up in two tables, an embedding is both vectors side by side. Vectors of positions are not part
    of it: they stay as they are when a word is removed.
    """

    replacement = UNKNOWN

    def __init__(
        self,
        keras_model: keras.Model,
        preprocessor: Preprocessor,
        *,
        classes: Sequence[str] | None = None,
        unit: str | None = None,
    ):
        if unit not in (None, "logit", "rating"):
            raise ValueError(f'unit must be "logit" or "rating", got {unit!r}')
        graph = Graph(keras_model)
        self.keras_model, self.preprocessor = keras_model, preprocessor
        self._vectors = WordVectors(graph)
        _check_vocabulary(preprocessor, graph, self._vectors)
        scores, activation = score_before_activation(graph, unit)
        outputs = scores.shape[-1]
        self.unit = _unit(keras_model, activation, outputs, classes, unit)
        self.classes = _class_names(classes, outputs, self.unit)
        self._scorer = keras.Model(graph.ids, scores)  # starts at the ids, behind a TextVectorization
        self._forward = compiled(self._scorer)
        self.length = graph.ids.shape[1] or self._length_without_mask()

    @classmethod
    def from_keras(
        cls,
        model: keras.Model,
        preprocessor: Preprocessor | None = None,
        *,
        classes: Sequence[str] | None = None,
        unit: str | None = None,
    ) -> "TextClassifier":
        """Make a reader's own Keras model explainable.

        Args:
            model: see the class.
            preprocessor: may be left out where the first layer is a `TextVectorization` with its default rules.
            classes, unit: see the class.

        Raises:
            ValueError: as the class does, or if there is no preprocessor.
        """
        if preprocessor is None:
            layer = Graph(model).vectorization
            if layer is None:
                raise ValueError(
                    f"the model {model.name!r} has no TextVectorization layer: "
                    "pass the preprocessor it was trained with"
                )
            preprocessor = _preprocessor_of(layer)
        return cls(model, preprocessor, classes=classes, unit=unit)

    def _length_without_mask(self) -> int | None:
        why = why_padding_counts(self._scorer) if self._vectors.masked else "its Embedding has no mask"
        if why is None:
            return None
        length = self.preprocessor.max_length
        if length is None:
            raise ValueError(
                f"padding changes the answers of this model, because {why}: tell the length it was trained with as "
                "the preprocessor's max_length, or train it with a mask (mask_zero=True)"
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
        ids, rows = np.asarray(ids, np.int32), self._vectors.rows
        if ids.ndim != 2 or ids.size and (ids.min() < 0 or ids.max() >= rows):
            raise ValueError(
                f"ids must be (batch, time) and in [0, {rows}), got shape {ids.shape}"
                + (f" with values from {ids.min()} to {ids.max()}" if ids.size else "")
            )
        if self.length and ids.shape[1] > self.length:
            raise ValueError(f"the model reads {self.length} ids of each text, got {ids.shape[1]}")
        parts = [self._predict_batch(part) for part in _batches(ids)]
        scores = np.concatenate(parts) if parts else np.zeros((0, self._scorer.output_shape[-1]), np.float32)
        self._check_finite(ids, scores)
        return scores

    def _check_finite(self, ids: np.ndarray, scores: np.ndarray) -> None:
        odd = np.flatnonzero(~np.isfinite(scores).all(axis=1))
        if len(odd):
            layers = self.broken_layers()
            words = [self.preprocessor.vocabulary[i] for i in ids[odd[0]][:8] if PADDING < i < self.vocabulary_size]
            cause = f"the weights of its layers {layers} hold NaN or infinity" if layers else "its weights are finite"
            raise ValueError(f"the model answers {scores[odd[0]].tolist()} to the words {words}: {cause}")

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
        return broken_layers(self.keras_model)

    @property
    def embedding(self) -> layers.Embedding:
        """The layer that looks the ids up; the first one, where there are several."""
        return self._vectors.layers[0]

    def embed(self, ids: np.ndarray):
        return self._vectors(ops.convert_to_tensor(ids, "int32"))

    def predict_embeddings(self, embeddings, ids: np.ndarray):
        with self._vectors.replaced_by(ops.convert_to_tensor(embeddings)):
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
        """Write `model.keras`, `preprocessor.json` and `classes.json` (with the unit) into `folder`."""
        folder = Path(folder)
        with written_whole(folder / "model.keras") as beside:
            _bare(self.keras_model).save(beside)
            portable(beside)
        self.preprocessor.save(folder / "preprocessor.json")
        with written_whole(folder / "classes.json") as beside:
            beside.write_text(json.dumps({"classes": self.classes, "unit": self.unit}), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "TextClassifier":
        """Read what `save` wrote, in Keras' safe mode; `ValueError` names a file that is missing or damaged."""
        folder = Path(folder)
        preprocessor = Preprocessor.load(_existing(folder / "preprocessor.json"))
        names = json.loads(_existing(folder / "classes.json").read_text(encoding="utf-8"))
        file = _existing(folder / "model.keras")
        try:
            model = keras.models.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # zipfile, h5py and Keras each have their own errors for a damaged file
            raise ValueError(f"{file} is damaged, or is no Keras model ({type(error).__name__}: {error})") from error
        return cls(model, preprocessor, **(names if isinstance(names, dict) else {"classes": names}))


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


def _bare(model: keras.Model) -> keras.Model:
    """The same layers without the optimizer, whose state is twice as large as the model."""
    return keras.Model(model.inputs, model.outputs, name=model.name)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ValueError(f"{file} does not exist: is {file.parent.name!r} the folder of a saved TextClassifier?")
    return file


def _check_vocabulary(preprocessor: Preprocessor, graph: Graph, vectors: WordVectors) -> None:
    size = len(preprocessor.vocabulary)
    if size > vectors.rows:
        raise ValueError(
            f"the vocabulary has {size} entries and the embedding {vectors.rows} rows: "
            "this preprocessor does not belong to this model"
        )
    layer = graph.vectorization
    if layer is not None and tuple(layer.get_vocabulary()) != preprocessor.vocabulary:
        raise ValueError(f"the preprocessor has another vocabulary than the model's own {layer.name!r}")
    places, length = vectors.positions, graph.ids.shape[1] or preprocessor.max_length
    if places is not None and (length is None or length > places):
        raise ValueError(f"the model has vectors for {places} positions: pass a preprocessor with max_length={places}")


def _unit(model: keras.Model, activation: str, outputs: int, classes: Sequence[str] | None, unit: str | None) -> str:
    if activation != "linear":
        return "logit"
    named = classes is not None and (outputs > 1 or len(classes) > 1)
    if unit is None and (named or getattr(model.loss, "from_logits", False)):
        return "logit"
    if unit is None and outputs > 1:
        raise ValueError(
            f'the model has {outputs} outputs without an activation: name its classes, or pass unit="logit" if they '
            'are the logits of a softmax, or unit="rating" if they are ratings'
        )
    return unit or "rating"


def _class_names(classes: Sequence[str] | None, outputs: int, unit: str) -> tuple[str, ...]:
    count = 2 if unit == "logit" and outputs == 1 else outputs
    if classes is None:
        if unit == "rating":
            return ("rating",) if count == 1 else tuple(f"rating {i}" for i in range(count))
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
        "ragged": False,
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
