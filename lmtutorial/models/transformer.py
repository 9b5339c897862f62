"""A decoder-only Transformer in which every value on the way can be read or replaced.

The same classes are the small model that a reader trains and, with other sizes, a real LLM of the Llama family:

1. Look up a vector for each id: the *residual stream* (batch, time, width), one vector to a place.
2. Each layer adds to it twice. *Attention* lets each place fetch from the places before it; the *MLP* works on each
   place by itself. Both read the stream through a norm that brings its length to 1 (RMSNorm: Zhang & Sennrich 2019).
3. Where a place is enters as a rotation of queries and keys, so that their product depends on the distance between
   two places only (rotary positions: Su et al. 2021).
4. A last norm, and the product with the vector of every word: one score for each.

(Vaswani et al. 2017 for the Transformer; Shazeer 2020 for the gated MLP, SwiGLU; Ainslie et al. 2023 for keys and
values that several heads share; Touvron et al. 2023 for putting these together.)

Each value that is worth a look has a name, a *site*: "layer.5.residual", "layer.3.pattern" (see `sites`). `run` is the
one way to read and to replace them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import keras
import numpy as np
from keras import layers, ops

from .activations import Run, Runner, shared_block, site_names


@dataclass(frozen=True)
class Sizes:
    """How large a Transformer is.

    Args:
        vocabulary: number of ids.
        width: of the residual stream.
        layers: how many.
        heads: of attention, in each layer; together they are as wide as the stream.
        key_heads: how many keys and values the heads share; by default each head has its own.
        hidden: number of neurons in each MLP; by default three times the width.
        context: how many places the model was trained with.
        rotary_base: the slowest pair of numbers turns about this many times slower than the fastest.
        epsilon: added under the root of the norms.
        tied: whether the output matrix is the table of vectors.
        dropout: share of what each part adds to the stream that is dropped in training.

    Raises:
        ValueError: if the sizes do not fit together.
    """

    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    key_heads: int | None = None
    hidden: int | None = None
    context: int = 256
    rotary_base: float = 10_000.0
    epsilon: float = 1e-5
    tied: bool = True
    dropout: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "key_heads", self.key_heads or self.heads)
        object.__setattr__(self, "hidden", self.hidden or 3 * self.width)
        for name in ("vocabulary", "width", "layers", "heads", "key_heads", "hidden", "context"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.width % self.heads or self.head_width % 2:
            raise ValueError(f"a width of {self.width} cannot be split into {self.heads} heads of an even width")
        if self.heads % self.key_heads:
            raise ValueError(f"{self.heads} heads cannot share {self.key_heads} key heads evenly")

    @property
    def head_width(self) -> int:
        return self.width // self.heads


def untouched(name, value):
    """What a layer does with its sites when nobody reads or replaces them."""
    return value


def dense(units: int, initializer, name: str) -> layers.Dense:
    """A product with a matrix (in, units), without a bias."""
    return layers.Dense(units, use_bias=False, kernel_initializer=initializer, name=name)


@dataclass(frozen=True)
class Places:
    """Where the words of a text stand, computed once for all layers.

    Attributes:
        cos, sin: (time, head_width / 2) of the angle by which each pair of numbers is turned at each place.
        allowed: (time, earlier + time) whether a place may look at another: nobody looks ahead.
    """

    cos: object
    sin: object
    allowed: object

    @classmethod
    def counted(cls, sizes: Sizes, time, start=0) -> "Places":
        """So many places behind the first `start`. Pair i of n turns by base^(-i/n) radians from each to the next."""
        speed = sizes.rotary_base ** (-np.arange(0, sizes.head_width, 2, dtype="float32") / sizes.head_width)
        place = start + ops.arange(time)
        angle = ops.cast(place, "float32")[:, None] * speed  # (time, head_width / 2)
        return cls(ops.cos(angle), ops.sin(angle), ops.arange(start + time)[None, :] <= place[:, None])


def rotate(x, cos, sin):
    """Turn each pair of neighbouring numbers by the angle of its place.

    Args:
        x: (batch, heads, time, head_width) queries or keys.
        cos, sin: (time, head_width / 2), of `Places`.

    Returns:
        (batch, heads, time, head_width); every pair is as long as before.
    """
    cos, sin = ops.cast(cos, x.dtype), ops.cast(sin, x.dtype)
    first, second = x[..., 0::2], x[..., 1::2]
    turned = ops.stack([first * cos - second * sin, first * sin + second * cos], axis=-1)
    return ops.reshape(turned, ops.shape(x))


class Attention(layers.Layer):
    """Each place fetches from itself and the places before it.

    pattern = softmax(queries keys^T / sqrt(head_width)), heads = pattern values, attention = heads W.
    """

    def __init__(self, sizes: Sizes, initializer="glorot_uniform", **settings):
        super().__init__(**settings)
        self.sizes, shared = sizes, sizes.key_heads * sizes.head_width
        self.to_queries = dense(sizes.width, initializer, "queries")
        self.to_keys = dense(shared, initializer, "keys")
        self.to_values = dense(shared, initializer, "values")
        self.to_stream = dense(sizes.width, initializer, "output")

    def build(self, shape):
        for part in (self.to_queries, self.to_keys, self.to_values, self.to_stream):
            part.build((None, None, self.sizes.width))
        self.built = True

    def call(self, x, past=None, tap=untouched, places: Places | None = None):
        """What attention adds to the stream (batch, time, width), and (keys, values) of all places read so far.

        Args:
            x: (batch, time, width), normed.
            past: keys and values (batch, key_heads, earlier, head_width) of the places before; by default none.
            tap: `tap(name, value)` gives the value that goes on.
            places: where the words stand; by default they are counted.
        """
        s, (batch, time, width) = self.sizes, ops.shape(x)
        places = places or Places.counted(s, time, 0 if past is None else ops.shape(past[0])[2])
        flat = ops.reshape(x, (-1, width))  # one product with each matrix for all places of all rows
        queries = self.split(self.to_queries(flat), s.heads, batch, time)
        keys = self.split(self.to_keys(flat), s.key_heads, batch, time)
        queries = tap("queries", rotate(queries, places.cos, places.sin))
        keys = tap("keys", rotate(keys, places.cos, places.sin))
        values = tap("values", self.split(self.to_values(flat), s.key_heads, batch, time))
        if past is not None:
            keys, values = ops.concatenate([past[0], keys], axis=2), ops.concatenate([past[1], values], axis=2)
        # heads that share keys stand one behind the other: (batch, key_heads, heads / key_heads x time, head_width)
        grouped = ops.reshape(queries * s.head_width**-0.5, (batch, s.key_heads, -1, s.head_width))
        scores = ops.matmul(grouped, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.reshape(scores, (batch, s.heads, time, -1))
        pattern = tap("pattern", ops.softmax(ops.where(places.allowed, scores, -1e9)))
        grouped = ops.reshape(pattern, (batch, s.key_heads, ops.shape(grouped)[2], -1))
        heads = ops.reshape(ops.matmul(grouped, values), (batch, s.heads, time, s.head_width))
        heads = tap("heads", ops.transpose(heads, (0, 2, 1, 3)))  # (batch, time, heads, head_width)
        added = self.to_stream(ops.reshape(heads, (-1, width)))
        return ops.reshape(added, (batch, time, width)), (keys, values)

    def split(self, x, heads: int, batch, time):
        """(batch x time, heads x head_width) -> (batch, heads, time, head_width)."""
        return ops.transpose(ops.reshape(x, (batch, time, heads, self.sizes.head_width)), (0, 2, 1, 3))


class MLP(layers.Layer):
    """neurons = silu(gate x) * (up x), mlp = down neurons: each place by itself."""

    def __init__(self, sizes: Sizes, initializer="glorot_uniform", **settings):
        super().__init__(**settings)
        self.sizes = sizes
        self.gate, self.up = dense(sizes.hidden, initializer, "gate"), dense(sizes.hidden, initializer, "up")
        self.down = dense(sizes.width, initializer, "down")

    def build(self, shape):
        self.gate.build((None, None, self.sizes.width))
        self.up.build((None, None, self.sizes.width))
        self.down.build((None, None, self.sizes.hidden))
        self.built = True

    def call(self, x, tap=untouched):
        batch, time, width = ops.shape(x)
        flat = ops.reshape(x, (-1, width))
        neurons = ops.silu(self.gate(flat)) * self.up(flat)
        neurons = tap("neurons", ops.reshape(neurons, (batch, time, self.sizes.hidden)))
        return ops.reshape(self.down(ops.reshape(neurons, (-1, self.sizes.hidden))), (batch, time, width))


class Block(layers.Layer):
    """One layer: x + attention(norm(x)), and then y + mlp(norm(y))."""

    def __init__(self, sizes: Sizes, initializer="glorot_uniform", **settings):
        super().__init__(**settings)
        self.sizes = sizes
        self.attention_norm = layers.RMSNormalization(epsilon=sizes.epsilon, name="attention_norm")
        self.attention = Attention(sizes, initializer, name="attention")
        self.mlp_norm = layers.RMSNormalization(epsilon=sizes.epsilon, name="mlp_norm")
        self.mlp = MLP(sizes, initializer, name="mlp")
        self.dropout = layers.Dropout(sizes.dropout)

    def build(self, shape):
        for part in (self.attention_norm, self.attention, self.mlp_norm, self.mlp):
            part.build((None, None, self.sizes.width))
        self.built = True

    def call(self, x, past=None, tap=untouched, places: Places | None = None, training=False):
        """The stream behind this layer (batch, time, width), and its (keys, values)."""
        added, seen = self.attention(self.attention_norm(x), past=past, tap=tap, places=places)
        x = tap("middle", x + self.dropout(tap("attention", added), training=training))
        added = self.mlp(self.mlp_norm(x), tap=tap)
        return tap("residual", x + self.dropout(tap("mlp", added), training=training)), seen


class Transformer(keras.Model):
    """ids (batch, time) -> scores (batch, time, vocabulary) of what comes next.

    Args:
        sizes: how large it is.
        initializer: of every matrix; "zeros" is the quickest where weights are read from a file.
        table: of the vectors of the words; by default they begin small and random.

    Attributes:
        blocks: its layers.
        table: (vocabulary, width) the vector of each id.
        output_matrix: (vocabulary, width) what the last norm's vectors are multiplied with; the table where
            `sizes.tied`.
    """

    def __init__(self, sizes: Sizes, initializer="glorot_uniform", table=None, **settings):
        super().__init__(**settings)
        self.sizes = sizes
        begin = initializer if initializer == "zeros" else keras.initializers.RandomNormal(stddev=0.02)
        self.words = layers.Embedding(
            sizes.vocabulary, sizes.width, embeddings_initializer=table or begin, name="words"
        )
        self.dropout = layers.Dropout(sizes.dropout)
        self.blocks = [Block(sizes, initializer, name=f"layer_{i}") for i in range(sizes.layers)]
        self.final_norm = layers.RMSNormalization(epsilon=sizes.epsilon, name="final_norm")
        self.output_words = None
        if not sizes.tied:
            self.output_words = layers.Embedding(
                sizes.vocabulary, sizes.width, embeddings_initializer=begin, name="output"
            )
        self.build((None, None))

    def build(self, shape):
        for part in (self.words, self.output_words):
            if part is not None:
                part.build((None, None))
        for part in (*self.blocks, self.final_norm):
            part.build((None, None, self.sizes.width))
        self.built = True

    def call(self, ids, training=False):
        x = self.dropout(self.words(ids), training=training)
        places = Places.counted(self.sizes, ops.shape(ids)[1])
        for block in self.blocks:
            x, _ = block(x, places=places, training=training)
        return self.unembed(x)

    def stream(self, x, past=None):
        """The stream behind the last layer, and the (keys, values) of every layer, to be read on from.

        Args:
            x: (batch, time, width) embeddings.
            past: what an earlier call returned as its second value; by default nothing has been read.
        """
        seen = []
        past = past or [self.nothing_read(ops.shape(x)[0])] * self.sizes.layers
        places = self.places(x, past[0])
        for i in range(self.sizes.layers):
            x, pair, _, _ = self.layer(i, x, past[i], places)
            seen.append(pair)
        return x, seen

    def places(self, x, past) -> Places:
        """Where the words of x (batch, time, width) stand behind those of which `past` holds (keys, values)."""
        return Places.counted(self.sizes, ops.shape(x)[1], ops.shape(past[0])[2])

    def layer(self, number: int, x, past, places: Places, replaced=None, names: tuple[str, ...] = ()):
        """One layer, compiled, with the weights as constants: see `shared_block` for what it takes and returns."""
        weights = [weight.value for weight in self.blocks[number].weights]
        return self._shared_block(weights, x, past, places, replaced or {}, names)

    def nothing_read(self, rows: int):
        """(keys, values) of no place at all, for each of so many rows."""
        empty = ops.zeros((rows, self.sizes.key_heads, 0, self.sizes.head_width), self.compute_dtype)
        return empty, empty

    @cached_property
    def _shared_block(self):
        return shared_block(self.blocks[0])

    @property
    def table(self):
        return self.words.embeddings

    @property
    def output_matrix(self):
        return (self.output_words or self.words).embeddings

    @property
    def final_gain(self):
        """(width,) what the last norm multiplies each number of the stream with."""
        return self.final_norm.scale

    def final_scale(self, residual):
        """(..., 1) what the last norm multiplies a vector of the stream (..., width) with: 1 / its root mean square."""
        return ops.rsqrt(ops.mean(ops.square(residual), axis=-1, keepdims=True) + self.sizes.epsilon)

    def unembed(self, residual):
        """Scores (..., vocabulary) of vectors of the stream (..., width): the last norm, then the product."""
        return self.scores(self.final_norm(residual))

    def scores(self, final):
        """Scores (..., vocabulary) of normed vectors (..., width)."""
        flat = ops.reshape(final, (-1, self.sizes.width))
        # the large matrix first and neither transposed: two or three times as fast as (vectors x matrix^T)
        scores = ops.transpose(ops.matmul(ops.cast(self.output_matrix, final.dtype), ops.transpose(flat)))
        return ops.reshape(scores, (*ops.shape(final)[:-1], self.sizes.vocabulary))

    def head_outputs(self, layer: int, heads):
        """What each head adds to the stream: (batch, time, heads, width) of "layer.I.heads"; the sum is
        "layer.I.attention".

        Args:
            layer: number of the layer.
            heads: (batch, time, heads, head_width) what the heads fetched.
        """
        sizes, matrix = self.sizes, self.blocks[layer].attention.to_stream.kernel
        by_head = ops.reshape(matrix, (sizes.heads, sizes.head_width, sizes.width))
        return ops.einsum("bthd,hdw->bthw", ops.convert_to_tensor(heads), by_head)

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of everything that `run` can read or replace, in the order in which they are reached.

        "embedding", "final" and the stream: "layer.I.middle" behind attention, "layer.I.residual" behind the layer,
        (batch, time, width). What is added to it: "layer.I.attention", "layer.I.mlp". In attention: "layer.I.queries"
        (batch, heads, time, head_width), "layer.I.keys" and "layer.I.values" (batch, key_heads, time, head_width),
        "layer.I.pattern" (batch, heads, time that looks, time that is looked at), "layer.I.heads" (batch, time, heads,
        head_width). In the MLP: "layer.I.neurons" (batch, time, hidden).
        """
        return site_names(self.sizes.layers)

    @cached_property
    def _runner(self) -> Runner:
        return Runner(self)

    def run(
        self,
        ids: np.ndarray,
        read: Iterable[str] = (),
        replace: Mapping | None = None,
        logits: str | None = "all",
        padding: int = 0,
    ) -> Run:
        """Run the model with its sites open.

        Args:
            ids: (batch, time); rows are padded on the right.
            read: sites whose values are kept.
            replace: {site: function of the value, or an array that broadcasts to it}.
            logits: "all", "last" for the last place of each row that is not padding, or `None` to stop behind the last
                site of interest.
            padding: the id that fills rows up.

        Returns:
            a `Run` with `.logits`, `run[site]` and `.unchanged`.

        Raises:
            ValueError: for a site that does not exist (the nearest is named), ids out of range, or a replacement of
                another shape. A replacement that changes nothing is reported by a `NothingReplaced` warning.
        """
        return self._runner.from_ids(ids, read, replace, logits, padding)

    def run_from(
        self,
        layer: int,
        residual,
        read: Iterable[str] = (),
        replace: Mapping | None = None,
        logits: str | None = "all",
        ids: np.ndarray | None = None,
        padding: int = 0,
    ) -> Run:
        """Go on from the middle: `residual` (batch, time, width) is what layer number `layer` reads.

        So layers that a replacement cannot have changed are not run again. `ids` (batch, time) are needed for the
        "last" logits of rows with padding only; everything else is as in `run`.
        """
        return self._runner.from_layer(layer, residual, read, replace, logits, ids, padding)

    def get_config(self) -> dict:
        return {"sizes": asdict(self.sizes), "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> "Transformer":
        return cls(Sizes(**config["sizes"]), name=config["name"])
