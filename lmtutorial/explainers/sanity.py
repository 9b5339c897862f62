"""Two questions that an explanation has to pass before it is believed.

- **Does it depend on the model?** Re-initialise the model's layers one after the other from the output down, and
  explain again. A method whose picture survives that has drawn the text, not the model (Adebayo et al. 2018).
- **Does it hold still?** Move the word embeddings by an amount that hardly moves the answer, and explain again (Yeh et
  al. 2019: the largest change relative to the explanation's own size).
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

import keras
import numpy as np

from ..models.classifier import TextClassifier
from ..models.text_model import TextModel
from .agreement import rank_correlation
from .explanation import Explanation

ROWS = 1024  # rows a nudged model is asked at a time
Explainer = Callable[[TextModel, str], Explanation]


def cascade(model: TextClassifier, seed: int = 0) -> Iterator[tuple[str, TextClassifier]]:
    """The model itself, then copies with one layer more re-initialised each, from the output down to the embedding.

    Every copy holds the trained weights below and fresh ones, drawn by each layer's own initialisers, above. The model
    that was given is never touched.

    Yields:
        (name of the layer re-initialised last, classifier); the first is ("trained", a copy with all weights kept).
    """
    trained, fresh = model.keras_model, fresh_copy(model.keras_model, seed)
    layers = [layer for layer in trained.layers if layer.weights]
    for depth in range(len(layers) + 1):
        copy = fresh_copy(trained, seed)
        copy.set_weights(trained.get_weights())
        for layer in layers[len(layers) - depth :]:
            copy.get_layer(layer.name).set_weights(fresh.get_layer(layer.name).get_weights())
        name = layers[len(layers) - depth].name if depth else "trained"
        yield name, TextClassifier.from_keras(copy, model.preprocessor, classes=model.classes)


def fresh_copy(model: keras.Model, seed: int) -> keras.Model:
    """The same layers with fresh weights; what others draw from the global random states stays as it was."""
    states = random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(seed)
    try:
        return keras.models.clone_model(model)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def randomisation(
    model: TextClassifier, texts: Sequence[str], methods: Mapping[str, Explainer], seed: int = 0
) -> dict[str, dict[str, dict[str, float]]]:
    """How much of each method's explanations survives when the model is forgotten layer by layer.

    Args:
        model: a classifier.
        texts: to explain.
        methods: {name: (model, text) -> Explanation}.
        seed: of the fresh weights, and of nothing else.

    Returns:
        {method: {layer: {"signed": mean rank correlation with the trained model's scores, "absolute": the same of
        absolute scores}}}; "trained" comes first, with 1 for every method that gives the same answer twice.
    """
    found, before = {name: {} for name in methods}, {}
    for layer, copy in cascade(model, seed):
        for name, explain in methods.items():
            scores = [explain(copy, text).scores for text in texts]
            pairs = list(zip(before.setdefault(name, scores), scores, strict=True))
            found[name][layer] = {
                "signed": float(np.nanmean([rank_correlation(a, b) for a, b in pairs])),
                "absolute": float(np.nanmean([rank_correlation(np.abs(a), np.abs(b)) for a, b in pairs])),
            }
    return found


class Nudged(TextModel):
    """A model whose embeddings are moved by `noise` (time, dim), the same for every row it is asked."""

    def __init__(self, model: TextModel):
        self.model, self.noise = model, np.zeros((1, 1), np.float32)
        self.classes, self.unit, self.replacement, self.padding = (
            model.classes,
            model.unit,
            model.replacement,
            model.padding,
        )

    def encode(self, text: str):
        return self.model.encode(text)

    def embed(self, ids: np.ndarray):
        ids = np.asarray(ids)  # refuses to become part of a graph, which would keep the first noise for ever
        return self.model.embed(ids) + self.noise[: ids.shape[1]]

    def predict_embeddings(self, embeddings, ids):
        return self.model.predict_embeddings(embeddings, ids)

    def predict_ids(self, ids: np.ndarray) -> np.ndarray:
        parts = [ids[i : i + ROWS] for i in range(0, len(ids), ROWS)]
        return np.concatenate([np.asarray(self._forward(self.embed(part), part)) for part in parts])

    @cached_property
    def _forward(self):
        """`predict_embeddings`, compiled where the backend is TensorFlow: each eager step of an LSTM has its price."""
        if keras.backend.backend() != "tensorflow":
            return self.predict_embeddings
        import tensorflow as tf

        return tf.function(self.predict_embeddings, reduce_retracing=True)


def sensitivity(
    model: TextModel,
    text: str,
    explain: Explainer,
    *,
    radius: float = 0.02,
    samples: int = 10,
    seed: int = 0,
) -> float:
    """max over y of |phi(y) - phi(x)| / |phi(x)|, y within `radius` of x in every coordinate of its embeddings.

    Args:
        model: any model with embeddings; a `Nudged` one, which keeps its compiled gradient, saves time for many texts.
        text: to explain.
        explain: (model, text) -> Explanation; a method with random choices has to fix its seed, or its own noise is
            measured.
        radius: as a share of the range of the text's embeddings.
        samples: how many y are drawn.
        seed: of the draw.

    Returns:
        the largest relative change, 0 for an explanation that holds still; nan if the scores are all zero.

    Raises:
        ValueError: if radius or samples are not positive.
    """
    if radius <= 0 or samples < 1:
        raise ValueError(f"radius and samples must be positive, got {radius} and {samples}")
    ids, rng = model.encode(text).ids, np.random.default_rng(seed)
    nudged = model if isinstance(model, Nudged) else Nudged(model)
    x = np.asarray(nudged.model.embed(ids[None]))[0]  # (time, dim)
    nudged.noise = np.zeros_like(x)
    before = explain(nudged, text).scores
    changes = []
    for _ in range(samples):
        nudged.noise = (radius * np.ptp(x) * rng.uniform(-1, 1, x.shape)).astype(x.dtype)
        changes.append(np.linalg.norm(explain(nudged, text).scores - before))
    size = np.linalg.norm(before)
    return float(max(changes) / size) if size else float("nan")
