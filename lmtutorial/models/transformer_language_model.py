"""A Transformer as a language model: what `transformer` computes, in the words of `language_model`.

What has been read is kept as keys and values of every layer and place (the *cache*), so that each further word costs
one place and not the whole text. Of a long text the oldest places are forgotten: a model that was trained on windows
knows no longer distances. Scores of the whole vocabulary are made where they are asked for and nowhere else.
"""

import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from keras import ops

from ..files import written_whole
from ..preprocessing import END, Preprocessor
from .activations import Run
from .language_model import LanguageModel
from .text_model import Cost
from .transformer import Places, Sizes, Transformer, rotate

FILES = ("weights.npz", "preprocessor.json", "transformer.json")  # what `save` writes


class TransformerLanguageModel(LanguageModel):
    """A preprocessor with the rules "language" and a `Transformer` that was trained with it.

    Args:
        transformer: its weights are shared, not copied.
        preprocessor: the one that it was trained with.

    Raises:
        ValueError: if the two do not fit.
    """

    def __init__(self, transformer: Transformer, preprocessor: Preprocessor):
        if END not in preprocessor.vocabulary:
            raise ValueError(f'the vocabulary has no {END!r}: fit it with rules="language"')
        self.transformer, self.preprocessor = transformer, preprocessor
        self.start = preprocessor.lookup([END])[0]
        self._check_size()

    def _check_size(self) -> None:
        if self.transformer.sizes.vocabulary != self.vocabulary_size:
            raise ValueError(
                f"the vocabulary has {self.vocabulary_size} entries and the Transformer scores "
                f"{self.transformer.sizes.vocabulary}: they do not belong together"
            )

    @property
    def cost(self) -> Cost:
        """Measured with SmolLM2-135M beside the review classifier; for other sizes by the number of weights."""
        sizes = self.transformer.sizes
        weights = sizes.layers * sizes.width * (2 * sizes.width + 3 * sizes.hidden)
        return Cost(reading=max(1, weights / 4e5), slopes=max(1, weights / 1.2e7), memory=50 * sizes.layers)

    @property
    def keras_model(self) -> keras.Model:
        return self.transformer

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of everything that `run` can read or replace."""
        return self.transformer.sites

    def run(self, ids, read=(), replace=None, logits: str | None = "all") -> Run:
        """`Transformer.run` of ids (batch, time) or (time,), or of a text."""
        if isinstance(ids, str):
            ids = self.prompt_ids(ids)
        return self.transformer.run(np.atleast_2d(ids), read=read, replace=replace, logits=logits, padding=self.padding)

    def embed(self, ids):
        return self.transformer.words(ops.convert_to_tensor(ids, "int32"))

    def last_logits_of_embeddings(self, embeddings, ids):
        stream, _ = self.transformer.stream(embeddings)
        last = ops.maximum(last_places(ids, self.padding), 0)
        return self.transformer.unembed(ops.take_along_axis(stream, last[:, None, None], axis=1)[:, 0])

    def last_logits(self, ids):
        return self.last_logits_of_embeddings(self.embed(ids), ids)

    def logits(self, ids: np.ndarray) -> np.ndarray:
        return np.asarray(self._functions["logits"](np.asarray(ids, np.int32)))

    def read(self, ids: np.ndarray, targets: np.ndarray, state=None) -> tuple[np.ndarray, list]:
        ids, targets = np.asarray(ids, np.int32), np.asarray(targets, np.int32)
        log_p, state = self._functions["read"](ids, targets, self._remembered(state, ids))
        return np.asarray(log_p, np.float64), state

    def step(self, ids: np.ndarray, state=None) -> tuple[np.ndarray, list]:
        ids = np.asarray(ids, np.int32)
        scores, state = self._functions["step"](ids, self._remembered(state, ids))
        return np.asarray(scores), state

    def _remembered(self, state, ids: np.ndarray) -> list:
        """The state before reading ids (batch, time), as far back as the context reaches.

        Only distances count, so that the places that stay are numbered anew: their keys are turned back by as many
        places as are forgotten.
        """
        sizes = self.transformer.sizes
        if state is None:
            return [self.transformer.nothing_read(len(ids))] * sizes.layers
        gone = state[0][0].shape[2] + ids.shape[1] - sizes.context
        if gone <= 0:
            return state
        kept, turn = [], Places.counted(sizes, 1, gone)
        for keys, values in state:
            keys, values = keys[:, :, gone:], values[:, :, gone:]
            alone = ops.reshape(keys, (len(ids), -1, 1, sizes.head_width))  # each key a text of one place
            kept.append((ops.reshape(rotate(alone, turn.cos, -turn.sin), ops.shape(keys)), values))
        return kept

    @cached_property
    def _functions(self) -> dict:
        """The three ways to read, each compiled once for every number of rows and places."""
        model = self.transformer

        def logits(ids):
            return model.unembed(model.stream(self.embed(ids))[0])

        def read(ids, targets, state):
            stream, state = model.stream(self.embed(ids), state)
            scores = model.unembed(stream)
            chosen = ops.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]
            return chosen - ops.logsumexp(scores, axis=-1), state

        def step(ids, state):
            stream, state = model.stream(self.embed(ids), state)
            return model.unembed(stream[:, -1]), state

        functions = {"logits": logits, "read": read, "step": step}
        if keras.backend.backend() != "tensorflow":
            return functions
        import tensorflow as tf

        sizes, ids = model.sizes, tf.TensorSpec((None, None), tf.int32)
        kept = tf.TensorSpec((None, sizes.key_heads, None, sizes.head_width), tf.float32)
        state = [(kept, kept)] * sizes.layers
        signatures = {"logits": [ids], "read": [ids, ids, state], "step": [ids, state]}
        return {
            name: tf.function(f, input_signature=signatures[name], autograph=False) for name, f in functions.items()
        }

    def save(self, folder: str | Path) -> None:
        """Write `weights.npz` (as float16), `preprocessor.json` and `transformer.json` (its sizes) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {own_path(weight): np.asarray(weight, np.float16) for weight in self.transformer.weights}
        with written_whole(folder / "weights.npz") as beside, beside.open("wb") as file:
            np.savez_compressed(file, **weights)
        self.preprocessor.save(folder / "preprocessor.json")
        with written_whole(folder / "transformer.json") as beside:
            beside.write_text(json.dumps(asdict(self.transformer.sizes)) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "TransformerLanguageModel":
        """Read what `save` wrote; `ValueError` names a file that is missing or damaged."""
        folder = Path(folder)
        for name in FILES:
            if not (folder / name).is_file():
                raise ValueError(f"{folder / name} does not exist: is {folder.name!r} the folder of a Transformer?")
        preprocessor = Preprocessor.load(folder / "preprocessor.json")
        try:
            sizes = Sizes(**json.loads((folder / "transformer.json").read_text(encoding="utf-8")))
            transformer = Transformer(sizes, initializer="zeros")
            with np.load(folder / "weights.npz", allow_pickle=False) as weights:
                values = [weights[own_path(weight)].astype(np.float32) for weight in transformer.weights]
            transformer.set_weights(values)
        except Exception as error:  # json, zipfile, NumPy and Keras each have their own errors for a damaged file
            raise ValueError(f"{folder} holds a damaged Transformer ({type(error).__name__}: {error})") from error
        return cls(transformer, preprocessor)


def own_path(weight) -> str:
    """The path of a weight below its model, whose name differs from one to the next: "layer_0/mlp/gate/kernel"."""
    return weight.path.split("/", 1)[1]


def last_places(ids, padding: int):
    """(batch,) the place of the last id in each row (batch, time) that is not padding; -1 where there is none."""
    places = ops.arange(1, ops.shape(ids)[1] + 1)
    return ops.max(ops.where(ops.not_equal(ids, padding), places, 0), axis=1) - 1
