"""Read or replace any value inside a Transformer while it runs.

    run = model.run(ids, read=["layer.5.residual"], replace={"layer.3.attention": lambda x: 0 * x})
    run["layer.5.residual"], run.logits

1. Layers run one after the other. One that nobody touches, and one of which values are only read or replaced by arrays,
   runs compiled: all layers have the same shape, so that one compiled function, given the weights of each, serves them
       all.
2. A layer of which a *function* replaces a value runs eagerly, so that the function may be anything.
3. A replacement that changes nothing is the commonest mistake here, and a silent one. It is reported.

What it costs: the values that are read, in memory; a pattern of attention is heads x time x time numbers a row. Do not
read all sites of a long text at once.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping

import keras
import numpy as np
from keras import ops

from ..files import nearest

IN_LAYER = (
    "queries", "keys", "values", "pattern", "heads", "attention", "middle", "neurons", "mlp", "residual",
)  # fmt: skip


class NothingReplaced(UserWarning):
    """A replacement left the value as it was."""


class Run:
    """What a run gave.

    Attributes:
        logits: scores (batch, time, vocabulary), or (batch, vocabulary) of the last places; `None` if not asked for.
        unchanged: sites whose replacement changed nothing.

    `run[site]` is the value of a site that was read, after its replacement if it had one, as an array.
    """

    def __init__(self, logits: np.ndarray | None, values: dict[str, np.ndarray], unchanged: tuple[str, ...]):
        self.logits, self.values, self.unchanged = logits, values, unchanged

    def __getitem__(self, site: str) -> np.ndarray:
        if site not in self.values:
            raise ValueError(f"{site!r} was not read{nearest(site, self.values)}")
        return self.values[site]

    def __repr__(self) -> str:
        return f"Run(logits={None if self.logits is None else self.logits.shape}, values={sorted(self.values)})"


class Tap:
    """What a layer hands its sites to.

    Args:
        read: names of sites to keep.
        replace: {name: array, tensor or function}.
    """

    def __init__(self, read: Iterable[str] = (), replace: Mapping | None = None):
        self.read, self.replace = frozenset(read), dict(replace or {})
        self.values, self.same = {}, {}

    def __call__(self, name: str, value):
        if name in self.replace:
            new = self.replace[name]
            new = ops.convert_to_tensor(new(value) if callable(new) else new, value.dtype)
            old, value = value, _fitted(name, new, value)
            self.same[name] = ops.all(ops.equal(old, value))
        if name in self.read:
            self.values[name] = value
        return value


def _fitted(name: str, new, old):
    """A replacement in the shape of what it replaces; `ValueError` if it does not broadcast to it."""
    try:
        return ops.broadcast_to(new, ops.shape(old))
    except Exception as error:  # each backend has its own class
        raise ValueError(
            f"a replacement of the shape {tuple(new.shape)} does not fit {name!r}, which is {tuple(old.shape)}"
        ) from error


def site_names(layers: int) -> tuple[str, ...]:
    """Every site of a Transformer with so many layers, in the order in which they are reached."""
    inner = [f"layer.{i}.{name}" for i in range(layers) for name in IN_LAYER]
    return ("embedding", *inner, "final")


def site_shape(name: str, sizes, rows: int, time: int) -> tuple[int, ...]:
    """The shape of a site inside a layer, such as "pattern", for so many rows and places."""
    return {
        "queries": (rows, sizes.heads, time, sizes.head_width),
        "keys": (rows, sizes.key_heads, time, sizes.head_width),
        "values": (rows, sizes.key_heads, time, sizes.head_width),
        "pattern": (rows, sizes.heads, time, time),
        "heads": (rows, time, sizes.heads, sizes.head_width),
        "neurons": (rows, time, sizes.hidden),
    }.get(name, (rows, time, sizes.width))


def check_fits(site: str, new, shape: tuple[int, ...]) -> None:
    """`ValueError` if an array does not broadcast to the shape of the site that it is to replace."""
    try:
        fits = np.broadcast_shapes(new.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"a replacement of the shape {tuple(new.shape)} does not fit {site!r}, which is {shape}")


def split_by_layer(sites, known: tuple[str, ...]) -> dict[int | None, dict]:
    """{layer, or `None` outside of the layers: {name there: what belongs to it}}; `ValueError` for an unknown site."""
    found: dict[int | None, dict] = {}
    for site, what in sites.items() if isinstance(sites, Mapping) else ((site, None) for site in sites):
        if site not in known:
            raise ValueError(f"no site {site!r}{nearest(site, known)}")
        head, _, name = site.rpartition(".")
        found.setdefault(int(head.split(".")[1]) if head else None, {})[name] = what
    return found


def shared_block(block) -> Callable:
    """`f(weights, x, past, places, replaced, names)` -> stream, (keys, values), values read, whether each replacement
    was the same.

    Compiled once, it does the work of every layer, in a graph of its own that the graphs of whole models call: they are
    ready in a tenth of the time that thirty copies of a layer take, and run as fast.

    Args:
        block: any layer of the model; the weights that are used are those that are handed in. They are constants here:
            what is differentiated are embeddings.
    """

    def forward(weights, x, past, places, replaced, names):
        tap = Tap(names, replaced)
        held = [ops.stop_gradient(weight) for weight in weights]
        with keras.StatelessScope(state_mapping=list(zip(block.weights, held, strict=True))):
            x, seen = block(x, past=past, tap=tap, places=places)
        return x, seen, tap.values, tap.same

    if keras.backend.backend() != "tensorflow":
        return forward
    import tensorflow as tf

    def of_rank(tensor):
        shape = [None] * (len(tensor.shape) - 1) + [tensor.shape[-1]] if len(tensor.shape) else []
        return tf.TensorSpec(shape, tensor.dtype)

    compiled = {}  # one function for each set of sites that is read or replaced

    def chosen(weights, x, past, places, replaced, names):
        key = names, tuple((name, len(value.shape), *value.shape[-1:]) for name, value in sorted(replaced.items()))
        if key not in compiled:
            compiled[key] = tf.function(
                lambda w, x, past, where, replaced: forward(w, x, past, type(places)(**where), replaced, names),
                input_signature=[
                    [tf.TensorSpec(weight.shape, weight.dtype) for weight in weights],
                    tf.TensorSpec((None, None, x.shape[-1]), x.dtype),
                    tuple(tf.TensorSpec((None, kept.shape[1], None, kept.shape[3]), kept.dtype) for kept in past),
                    {name: tf.TensorSpec((None, None), value.dtype) for name, value in vars(places).items()},
                    {name: of_rank(value) for name, value in replaced.items()},
                ],
                autograph=False,
                experimental_attributes={"_noinline": True},
            )
        return compiled[key](weights, x, past, vars(places), replaced)

    return chosen


def _frames_inside() -> int:
    """How many calls up the first line outside of this package's models is: there the warning belongs."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals["__name__"].startswith(__package__):
        frame, level = frame.f_back, level + 1
    return level


class Runner:
    """How one Transformer is run with its sites open; made once for each model."""

    def __init__(self, model):
        self.model, self.known = model, site_names(model.sizes.layers)

    def from_ids(self, ids, read, replace, logits, padding: int) -> Run:
        """See `Transformer.run`."""
        ids = np.asarray(ids)
        vocabulary = self.model.sizes.vocabulary
        if ids.ndim != 2 or not ids.size or not np.issubdtype(ids.dtype, np.integer):
            raise ValueError(f"ids must be whole numbers (batch, time), got {ids.dtype} of the shape {ids.shape}")
        if ids.min() < 0 or ids.max() >= vocabulary:
            raise ValueError(f"ids run from 0 to {vocabulary - 1:,}, got {ids.min()} to {ids.max():,}")
        outside, inner = self._plan(read, replace)
        x = outside("embedding", self.model.words(ops.convert_to_tensor(ids, "int32")))
        return self._go_on(0, x, outside, inner, logits, (ids != padding))

    def from_layer(self, layer: int, residual, read, replace, logits, ids, padding: int) -> Run:
        """See `Transformer.run_from`."""
        sizes = self.model.sizes
        if not 0 <= layer <= sizes.layers:
            raise ValueError(f"layer must be from 0 to {sizes.layers}, got {layer}")
        residual = ops.convert_to_tensor(residual, self.model.compute_dtype)
        if len(residual.shape) != 3 or residual.shape[-1] != sizes.width:
            raise ValueError(f"a residual stream is (batch, time, {sizes.width}), got {tuple(residual.shape)}")
        outside, inner = self._plan(read, replace)
        late = [site for site in (*outside.read, *outside.replace) if site == "embedding"]
        late += [f"layer.{i}.{name}" for i in inner for name in (*inner[i].read, *inner[i].replace) if i < layer]
        if late:
            raise ValueError(f"{late[0]!r} comes before layer {layer}, where this run begins")
        full = np.ones(residual.shape[:2], bool) if ids is None else np.asarray(ids) != padding
        return self._go_on(layer, residual, outside, inner, logits, full)

    def _plan(self, read, replace) -> tuple[Tap, dict[int, Tap]]:
        """Taps for what lies outside of the layers, and for each layer that is touched."""
        if isinstance(read, str):
            raise ValueError(f"read is a list of sites: [{read!r}]")
        reading, replacing = split_by_layer(read, self.known), split_by_layer(replace or {}, self.known)
        taps = {i: Tap(reading.get(i, {}), replacing.get(i, {})) for i in {*reading, *replacing}}
        return taps.pop(None, Tap()), taps

    def _go_on(self, start: int, x, outside: Tap, inner: dict[int, Tap], logits: str | None, full: np.ndarray) -> Run:
        if logits not in ("all", "last", None):
            raise ValueError(f'logits must be "all", "last" or None, got {logits!r}')
        to_the_end = logits is not None or "final" in (*outside.read, *outside.replace)
        # layers behind the last one of interest are not run
        stop = len(self.model.blocks) if to_the_end else max([start, *(i + 1 for i in inner)])
        nothing = self.model.nothing_read(x.shape[0])
        places = self.model.places(x, nothing)
        for i in range(start, stop):
            x = self._layer(i, x, nothing, places, inner.get(i))
        values = {f"layer.{i}.{name}": np.asarray(v) for i, tap in inner.items() for name, v in tap.values.items()}
        scores = self._scores(x, outside, logits, full) if to_the_end else None
        values |= {name: np.asarray(value) for name, value in outside.values.items()}
        return Run(scores, values, self._report(outside, inner))

    def _layer(self, i: int, x, nothing, places, tap: Tap | None):
        if tap and any(callable(new) for new in tap.replace.values()):
            return self.model.blocks[i](x, tap=tap, places=places)[0]
        names = tuple(sorted(tap.read)) if tap else ()
        replaced = {n: ops.convert_to_tensor(v, x.dtype) for n, v in tap.replace.items()} if tap else {}
        for name, new in replaced.items():  # in the compiled layer the error would be the backend's own
            check_fits(f"layer.{i}.{name}", new, site_shape(name, self.model.sizes, *x.shape[:2]))
        x, _, values, same = self.model.layer(i, x, nothing, places, replaced, names)
        if tap:
            tap.values, tap.same = dict(values), dict(same)
        return x

    def _scores(self, x, outside: Tap, logits: str | None, full: np.ndarray) -> np.ndarray | None:
        if logits == "last":
            places = np.maximum((full * np.arange(1, full.shape[1] + 1)).max(axis=1) - 1, 0)
            if not {"final"} & {*outside.read, *outside.replace}:
                x, places = ops.take_along_axis(x, ops.convert_to_tensor(places)[:, None, None], axis=1), 0 * places
        final = outside("final", self.model.final_norm(x))
        if logits is None:
            return None
        if logits == "last":
            final = ops.take_along_axis(final, ops.convert_to_tensor(places)[:, None, None], axis=1)[:, 0]
        return np.asarray(self.model.scores(final))

    def _report(self, outside: Tap, inner: dict[int, Tap]) -> tuple[str, ...]:
        same = dict(outside.same) | {f"layer.{i}.{name}": v for i, tap in inner.items() for name, v in tap.same.items()}
        unchanged = tuple(site for site, flag in same.items() if bool(flag))
        if unchanged:
            told = f"replacing {', '.join(map(repr, unchanged))} changed nothing: it already had this value"
            warnings.warn(told, NothingReplaced, stacklevel=_frames_inside())
        return unchanged
