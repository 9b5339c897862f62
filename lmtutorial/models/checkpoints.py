"""Survive a crash: everything that decides how a training goes on, in one file that is whole or not there.

1. A training is its weights, the memory of its optimiser, the random state of its dropout, the sums its metrics have
   reached, its place in the data, and what it remembers of its best epoch. Leave one out and the run that goes on is
   another run.
2. A file is written beside its target and renamed into place: a process that is killed while it writes leaves the
   files before it as they were.
3. Each file begins with the SHA-256 of the rest, so that half a file is known as one; then the file before it is taken.
4. Each file knows which architecture and which settings it belongs to, and refuses others.
"""

import hashlib
import io
import json
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..files import written_whole

MAGIC = b"lmtutorial checkpoint 1\n"
KEEP = 3


@dataclass
class State:
    """Where a training stands, apart from its arrays.

    Attributes:
        epoch: the epoch that runs or comes next, from 0.
        step: steps of that epoch that are done.
        done: steps of all epochs that are done.
        history: a dict of metrics for each epoch that is over.
        best, best_epoch, waited: of early stopping: the lowest validation loss, its epoch, and epochs since.
        finished: whether the training has come to its end.
    """

    epoch: int = 0
    step: int = 0
    done: int = 0
    history: list[dict] = field(default_factory=list)
    best: float | None = None
    best_epoch: int | None = None
    waited: int = 0
    finished: bool = False


def variables_of(model: keras.Model) -> dict[str, list]:
    """{group: variables} of a compiled model; dropout's random states are in `model`."""
    return {
        "model": list(model.variables),
        "optimizer": list(model.optimizer.variables),
        "metrics": list(model.metrics_variables),
    }


def capture(model: keras.Model) -> dict[str, np.ndarray]:
    """{"group/number": array} of every variable of a compiled model."""
    return {
        f"{group}/{i}": array_of(variable)
        for group, variables in variables_of(model).items()
        for i, variable in enumerate(variables)
    }


def array_of(variable) -> np.ndarray:
    """The value of a variable; where each of several devices has a part of it, of all parts together."""
    return tf.convert_to_tensor(variable.value).numpy()


def restore(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Give a compiled model, whose optimiser and metrics are built, the variables that `capture` took."""
    for group, variables in variables_of(model).items():
        for i, variable in enumerate(variables):
            variable.assign(arrays[f"{group}/{i}"])


def architecture(model: keras.Model) -> list[list]:
    """[kind, shapes of weights, digest of the settings] of each layer: what two models must share to share weights.

    Names do not count: Keras numbers them through.
    """
    rows = []
    for layer in model.layers:
        text = json.dumps(_config(layer), sort_keys=True, default=lambda value: type(value).__name__)
        shapes = [list(weight.shape) for weight in layer.weights]
        rows.append([type(layer).__name__, shapes, hashlib.sha256(text.encode()).hexdigest()[:12]])
    return rows


def _config(layer: keras.layers.Layer) -> dict:
    try:
        return {key: value for key, value in layer.get_config().items() if key != "name"}
    except NotImplementedError:  # a layer of one's own that never meant to be written down
        return {"trainable": layer.trainable}


class Checkpoints:
    """The checkpoints of one training in one folder, the newest `KEEP` of them.

    Args:
        folder: made if it is not there.
        layers: `architecture` of the model.
        settings: whatever else must be the same for a run to go on, as JSON values.
    """

    def __init__(self, folder: str | Path, layers: list[list], settings: dict):
        self.folder, self.layers, self.settings = Path(folder), layers, settings

    def files(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("step-*.ckpt"), reverse=True)

    def save(self, state: State, arrays: dict[str, np.ndarray]) -> Path:
        """Write a checkpoint; those before the last `KEEP` go."""
        meta = {"layers": self.layers, "settings": self.settings, "state": asdict(state)}
        file = self.folder / f"step-{state.done:09d}.ckpt"
        write(file, arrays, meta)
        for old in [*self.files()[KEEP:], *self.folder.glob(".step-*.ckpt")]:  # the latter: of a writer that was killed
            old.unlink()
        return file

    def newest(self) -> tuple[State, dict[str, np.ndarray]] | None:
        """The newest checkpoint that is whole, or `None`; each that is damaged is told in a warning.

        Raises:
            ValueError: if it belongs to another architecture or to other settings. No file is changed.
        """
        for file in self.files():
            try:
                meta, arrays = read(file)
            except ValueError as error:
                warnings.warn(f"{error}; the checkpoint before it is used, if there is one", stacklevel=3)
                continue
            self._check(file, meta)
            return State(**meta["state"]), arrays
        return None

    def _check(self, file: Path, meta: dict) -> None:
        if meta["layers"] != self.layers:
            raise ValueError(
                f"{file} holds another architecture: {_difference(meta['layers'], self.layers)}. "
                "Train the model that it belongs to, or choose another folder; nothing was changed."
            )
        theirs = meta["settings"]
        odd = [name for name in self.settings if theirs.get(name) != self.settings[name]]
        if odd:
            found = ", ".join(f"{name} was {theirs.get(name)!r} and is {self.settings[name]!r}" for name in odd)
            raise ValueError(
                f"{file} was written with other settings: {found}. "
                "Go on with the same ones, or choose another folder; nothing was changed."
            )


def _difference(theirs: list[list], ours: list[list]) -> str:
    for i, (a, b) in enumerate(zip(theirs, ours, strict=False)):
        if a[:2] != b[:2]:
            return f"layer {i} is {a[0]} with weights {a[1]} there, and {b[0]} with weights {b[1]} here"
        if a != b:
            return f"layer {i}, {a[0]}, has other settings there than here"
    return f"it has {len(theirs)} layers, and this model {len(ours)}"


def write(file: str | Path, arrays: dict[str, np.ndarray], meta: dict) -> None:
    """A line that says what the file is, one with the SHA-256 of the rest, and an npz archive."""
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays)
    content = buffer.getbuffer()
    with written_whole(file) as beside, beside.open("wb") as stream:
        stream.write(MAGIC + hashlib.sha256(content).hexdigest().encode() + b"\n")
        stream.write(content)


def read(file: str | Path) -> tuple[dict, dict[str, np.ndarray]]:
    """What `write` wrote; `ValueError` if the file is damaged, or no checkpoint."""
    content = Path(file).read_bytes()
    head = len(MAGIC) + 65
    if not content.startswith(MAGIC):
        raise ValueError(f"{file} is no checkpoint, or is damaged: it does not begin as one")
    expected, found = content[len(MAGIC) : head - 1].decode("ascii", "replace"), hashlib.sha256(content[head:])
    if found.hexdigest() != expected:
        raise ValueError(f"{file} is damaged: its SHA-256 is {found.hexdigest()}, expected {expected}")
    with np.load(io.BytesIO(content[head:]), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return json.loads(arrays.pop("meta").tobytes()), arrays
