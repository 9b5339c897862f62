"""What an explainer needs of a reader's Keras model: where ids become vectors, and the score behind the answer.

1. Walk back through the model's graph from its output, and refuse what cannot be explained, with the reason.
2. Find the ids: the model's input, or what a `TextVectorization` makes of strings.
3. Find the `Embedding` layers that look these ids up. One that looks up positions is a part of the model like any
   other: which word stands at a position does not matter to it.
4. Cut off the last activation, because a float32 probability is flat near 0 and 1. It is never inverted.
5. Compile what is left, once for texts of every number and length.
"""

import json
import zipfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops


class Logits(layers.Layer):
    """A `Dense` layer without its activation. It holds no weights of its own: it reads those of the layer it wraps."""

    def __init__(self, dense: layers.Dense):
        super().__init__()
        self.dense = dense

    def call(self, x):
        scores = ops.matmul(x, self.dense.kernel)  # (batch, outputs)
        return scores if self.dense.bias is None else ops.add(scores, self.dense.bias)


class Graph:
    """The operations that lead from a model's input to its output.

    Args:
        model: a Sequential or functional model with one input and one output (batch, outputs).

    Attributes:
        steps: (operation, its input tensors) for each operation on the way.
        ids: the tensor of ids (batch, time).
        vectorization: the `TextVectorization` that makes the ids, or `None`.

    Raises:
        ValueError: if the model has no such graph, or if something else than a `TextVectorization` reads its strings.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self._check()
        self.steps = list(_steps(model.outputs[0]))
        self.vectorization = None
        self.ids = model.inputs[0]
        if self.ids.dtype == "string":
            self._read_strings()

    def _check(self) -> None:
        model = self.model
        if not isinstance(model, keras.Model):
            raise ValueError(f"expected a Keras model, got a {type(model).__name__}")
        if not getattr(model, "outputs", None):
            raise ValueError(
                f"the model {model.name!r} has no graph of layers: "
                + (
                    "it has never been called; begin it with a keras.Input or train it first"
                    if isinstance(model, keras.Sequential)
                    else "it is a subclass of keras.Model; build it as a Sequential or functional model"
                )
            )
        if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
            raise ValueError(
                f"the model {model.name!r} must map one input to one output (batch, outputs); it has "
                f"{len(model.inputs)} inputs and outputs of the shapes {[tuple(o.shape) for o in model.outputs]}"
            )
        stateful = [layer.name for layer in model.layers if getattr(layer, "stateful", False)]
        if stateful:
            raise ValueError(f"the layers {stateful} are stateful: their answers depend on what was asked before")

    def _read_strings(self) -> None:
        readers = [op for op, inputs in self.steps if self.ids in _Same(inputs)]
        others = [op for op in readers if not isinstance(op, layers.TextVectorization)]
        if others or len(readers) != 1:
            raise ValueError(
                f"the text goes through {others[0].name!r}, a {type(others[0]).__name__}, and what that makes of it is "
                "not known: only a TextVectorization may read the text. Explain the part of the model behind it, and "
                "pass a preprocessor"
            )
        self.vectorization = readers[0]
        self.ids = next(inputs[0] for _, inputs in self.steps if inputs and _maker(inputs[0]) is self.vectorization)


class _Same(list):
    """A list that looks for the very object: symbolic tensors have no equality."""

    def __contains__(self, wanted) -> bool:
        return any(item is wanted for item in self)


def _maker(tensor):
    """The operation that a symbolic tensor comes from."""
    return tensor._keras_history.operation


def _steps(output):
    """(operation, its input tensors), backwards from `output`.

    A layer may be used in several models, so that `layer.input` need not be the one of this model.
    """
    waiting, seen = [output], set()
    while waiting:
        operation, node, _ = waiting.pop()._keras_history
        if (id(operation), node) not in seen:
            seen.add((id(operation), node))
            inputs = operation._inbound_nodes[node].input_tensors
            yield operation, inputs
            waiting += inputs


class WordVectors:
    """The Embedding layers that look up a model's ids, as one: their vectors stand side by side.

    Where a model adds two tables, each gets the gradient of the sum; products with a difference of vectors, as in
    integrated gradients, then add up to what they are at the sum.

    Args:
        graph: of the model.

    Attributes:
        layers: the `Embedding` layers.
        rows: ids must be below it.
        positions: how many positions the model has vectors for; `None` if it has none, or needs none.
        masked: whether every layer masks padding.

    Raises:
        ValueError: if there is no such layer, or one looks up something that is made of the ids.
    """

    def __init__(self, graph: Graph):
        found = [(op, inputs[0]) for op, inputs in graph.steps if isinstance(op, layers.Embedding)]
        self.layers = [layer for layer, tensor in found if tensor is graph.ids]
        others = [(layer, tensor) for layer, tensor in found if tensor is not graph.ids]
        for layer, tensor in others:
            if layer in self.layers or not _same_for_all_words(graph.ids, tensor, min(a.input_dim for a, _ in found)):
                raise ValueError(
                    f"the Embedding {layer.name!r} looks up what {_maker(tensor).name!r} makes of the ids, and not the "
                    "ids themselves: move that step into the preprocessor"
                )
        if not self.layers:
            raise ValueError(f"the model {graph.model.name!r} has no Embedding layer{_where_else(graph.model)}")
        self.rows = min(layer.input_dim for layer in self.layers)
        self.positions = min((layer.input_dim for layer, _ in others), default=None)
        self.masked = all(layer.mask_zero for layer in self.layers)

    def __call__(self, ids):
        """(batch, time, dim) vectors of ids (batch, time)."""
        vectors = [layer(ids) for layer in self.layers]
        return vectors[0] if len(vectors) == 1 else ops.concatenate(vectors, axis=-1)

    @contextmanager
    def replaced_by(self, vectors):
        """Inside the block the layers answer with `vectors` (batch, time, dim), whatever ids they are given.

        A sub-model that starts behind an Embedding layer would have lost the mask, silently; this way the ids still
        make it.
        """
        start = 0
        try:
            for layer in self.layers:
                part = vectors[..., start : start + layer.output_dim]
                layer.call = lambda ids, part=part: part
                start += layer.output_dim
            yield
        finally:
            for layer in self.layers:
                vars(layer).pop("call", None)


def _same_for_all_words(ids, tensor, rows: int) -> bool:
    """Whether what is made of the ids depends on their number only, as positions do."""
    width = ids.shape[1] or 8
    words = np.stack([np.ones(width, np.int32), 1 + np.arange(width, dtype=np.int32) % (rows - 1)])
    made = np.asarray(keras.Model(ids, tensor)(ops.convert_to_tensor(words)))
    return len(made) != 2 or np.array_equal(made[0], made[1])  # positions may come without a batch


def _where_else(model: keras.Model) -> str:
    for layer in model.layers:
        if any(isinstance(part, layers.Embedding) for part in layer._flatten_layers()):
            what = "explain that model" if isinstance(layer, keras.Model) else "put it into the model as a layer"
            return f" of its own, but one inside {layer.name!r}: {what}"
    return ": there is no place where a word becomes a vector"


def score_before_activation(graph: Graph, unit: str | None):
    """(scores tensor (batch, outputs) of the model before its last activation, name of that activation).

    Args:
        graph: of the model.
        unit: "rating" takes the output as it is; see `TextClassifier`.

    Raises:
        ValueError: if the last activation is none that leads from scores to probabilities.
    """
    output = graph.model.outputs[0]
    if unit == "rating":
        return output, "linear"
    last, inputs = graph.steps[0]
    name = getattr(getattr(last, "activation", None), "__name__", None)
    if type(last).__name__ in ("Softmax", "Sigmoid"):  # layers.Softmax, ops.softmax, ops.sigmoid
        score, name = inputs[0], type(last).__name__.lower()
    elif name in ("sigmoid", "softmax") and isinstance(last, layers.Dense | layers.Activation):
        score = Logits(last)(inputs[0]) if isinstance(last, layers.Dense) else inputs[0]
    elif unit == "logit" or name == "linear" and isinstance(last, layers.Dense | layers.Activation):
        score, name = output, "linear"
    else:
        raise ValueError(
            "the last layer must be Dense or Activation with sigmoid, softmax or linear; it is "
            f'{last.name!r} with {name!r}. To explain its output as it is, pass unit="rating"'
        )
    outputs = score.shape[-1]
    if name == "sigmoid" and outputs > 1 or name == "softmax" and outputs == 1:
        raise ValueError(
            f"{last.name!r} has a {name} of {outputs} outputs: "
            + (
                "classes that do not exclude each other cannot be explained together; make a model of one of them"
                if name == "sigmoid"
                else "it answers 1 whatever the text is"
            )
        )
    return score, name


def why_padding_counts(scorer: keras.Model) -> str | None:
    """Why padding behind a text changes the scores of a model whose Embedding has a mask; `None` if it does not.

    A layer that cannot handle a mask drops it without an error, as `Conv1D` does, or `Add` if one of its inputs has
    none. So the model is asked about the shortest text that it can read, with and without padding: a layer with a
    window cannot read one that is shorter than the window.
    """
    for words in (1, 2, 4, 8, 16, 32, 64):
        rows = [ops.convert_to_tensor([[1] * words + [0] * padding]) for padding in (0, 3)]
        try:
            short, long = (np.asarray(scorer(row, training=False)) for row in rows)
        except Exception as error:  # the backends share no class of error for too short a text; told if none is read
            told = " ".join(str(error).split())[:300]
            reason = f"it cannot read a text of {words} words ({type(error).__name__}: {told})"
        else:
            same = np.allclose(short, long, rtol=1e-4, atol=1e-6, equal_nan=True)
            return None if same else "one of its layers drops the mask"
    return reason


def compiled(scorer: keras.Model):
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


def broken_layers(model: keras.Model) -> list[str]:
    """Names of the layers whose weights hold a NaN or an infinity."""
    return [
        layer.name
        for layer in model.layers
        if not all(np.isfinite(w).all() for w in map(np.asarray, layer.weights) if w.dtype.kind == "f")
    ]


NEWER = ("quantization_config", "input_axes", "output_axes")  # of layers and initializers; unset unless asked for


def portable(file: Path) -> None:
    """Leave out of a `.keras` file the settings that are unset and that an older Keras does not know by name.

    A newer Keras writes `quantization_config: null` into each layer that could be quantised, and an older one, of which
    many readers' machines have some release, refuses a layer with a setting that it does not know, whatever its value.
    """
    with zipfile.ZipFile(file) as whole:
        parts = {info: whole.read(info) for info in whole.infolist()}
    with zipfile.ZipFile(file, "w") as again:
        for info, content in parts.items():
            if info.filename == "config.json":
                content = json.dumps(json.loads(content, object_hook=_without_unset)).encode()
            again.writestr(info, content)


def _without_unset(settings: dict) -> dict:
    return {key: value for key, value in settings.items() if key not in NEWER or value is not None}
