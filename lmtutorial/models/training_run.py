"""One training as it runs: its state, what happens around each step, and what it has to report.

1. Each epoch is one call of Keras' own `fit`. A callback at the end of every step looks whether the loss is a number,
   writes a checkpoint now and then, and keeps the time.
2. After each epoch the validation loss decides whether it was the best so far, and whether to stop. (Early stopping:
   Prechelt 1998.)
3. A run that finds a checkpoint takes it up: the variables, the place in the data, the best epoch.
"""

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from . import devices
from .checkpoints import State, array_of, capture, restore


@dataclass
class TrainingReport:
    """What came out of a training, and what it took.

    Attributes:
        history: one row an epoch, of this run and of those that it went on from.
        best_epoch: the epoch (from 1) whose weights the model has now; `None` without validation data.
        seconds_per_step, examples_per_second, tokens_per_second: of this process, its first step left out because it
            compiles; tokens where all examples have one length. `None` after less than two steps.
        first_step: seconds of the first step.
        steps: taken by this process.
        devices: where the model was trained.
        cudnn: see `devices.cudnn`.
        memory: peak in MiB, see `devices.peak_memory`.
        resumed_from: the step after which this process went on, or `None` if it began.
    """

    history: pd.DataFrame
    best_epoch: int | None
    seconds_per_step: float | None
    examples_per_second: float | None
    tokens_per_second: float | None
    first_step: float | None
    steps: int
    devices: list[str]
    cudnn: list[dict] = field(default_factory=list)
    memory: dict = field(default_factory=dict)
    resumed_from: int | None = None


class Run(keras.callbacks.Callback):
    """One call of `train`: its state, and what happens around each of its steps."""

    def __init__(self, model, batches, validation, epochs, patience, keeper, every, tensorboard, verbose):
        super().__init__()
        self.trained, self.batches, self.validation = model, batches, validation
        self.epochs, self.patience = epochs, patience or epochs
        self.keeper, self.every, self.verbose = keeper, every, verbose
        self.log = scalar_log(tensorboard)
        self.state, self.arrays, self.best_weights = State(), None, None
        self.first_step, self.seconds, self.steps, self.examples = None, 0.0, 0, 0.0
        self.tokens = None

    def __call__(self) -> TrainingReport:
        found = self.keeper.newest() if self.keeper else None
        resumed_from = found[0].done if found else None
        if found:
            self._take_up(*found)
        devices.forget_peak_memory()
        held_out = self.validation.epoch(0) if self.validation is not None else None
        while self.state.epoch < self.epochs and not self._patience_is_over():
            self._run_epoch(held_out)
        if self.keeper and not self.state.finished:
            self.state.finished = True
            self._save()
        if self.best_weights is not None:
            self.trained.set_weights(self.best_weights)
        return self._report(resumed_from)

    def _take_up(self, state: State, arrays: dict) -> None:
        """Go on from a checkpoint: metrics exist once they have seen a batch, so that one is shown to them."""
        best = sorted((name for name in arrays if name.startswith("best/")), key=lambda name: int(name[5:]))
        self.best_weights = [arrays.pop(name) for name in best] or None
        self.state = state
        for x, y in self.batches.epoch(state.epoch).take(1):
            self.trained.test_on_batch(x, y)
        restore(self.trained, arrays)
        self.arrays = arrays  # Keras sets the metrics to nothing as an epoch begins: they are restored once more then

    def _run_epoch(self, held_out: tf.data.Dataset | None) -> None:
        """What is left of the current epoch, and its validation."""
        state, steps = self.state, len(self.batches) - self.state.step
        data = self.batches.epoch(state.epoch)
        self.tokens = _tokens_of_example(data)
        display = keras.callbacks.CallbackList(
            [self], add_history=True, add_progbar=self.verbose != 0, verbose=self.verbose,
            model=self.trained, epochs=self.epochs, steps=steps,
        )  # fmt: skip
        self.trained.fit(
            data.skip(state.step) if state.step else data,
            validation_data=held_out,
            initial_epoch=state.epoch,
            epochs=state.epoch + 1,
            callbacks=display,
            shuffle=False,  # the batches are shuffled already
            verbose=self.verbose,
        )

    def on_epoch_begin(self, epoch, logs=None):
        if self.arrays is not None:
            restore(self.trained, self.arrays)
            self.arrays = None
        self._seen, self._since = _examples(self.trained), time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.state.step += 1
        self.state.done += 1
        self._check_finite(logs["loss"], "loss")
        if self.log:
            self.log(self.state.done, {"batch_loss": logs["loss"]})
        if self.keeper and self.state.done % self.every == 0 and self.state.step < len(self.batches):
            self._save()
        self._keep_time()

    def _keep_time(self) -> None:
        now, seen = time.perf_counter(), _examples(self.trained) if self.state.step == len(self.batches) else None
        if self.first_step is None:
            self.first_step = now - self._since
            self._seen = _examples(self.trained)
        else:
            self.seconds += now - self._since
            self.steps += 1
        if seen is not None:
            self.examples += seen - self._seen
        self._since = now

    def on_epoch_end(self, epoch, logs=None):
        state = self.state
        if "val_loss" in logs:
            self._check_finite(logs["val_loss"], "validation loss")
            state.waited += 1
            if state.best is None or logs["val_loss"] < state.best:
                state.best, state.best_epoch, state.waited = float(logs["val_loss"]), epoch, 0
                self.best_weights = self.trained.get_weights()
        state.history.append({name: float(value) for name, value in logs.items()})
        state.epoch, state.step = epoch + 1, 0
        if self.log:
            self.log(state.done, state.history[-1])
        if self.keeper:
            state.finished = state.epoch == self.epochs or self._patience_is_over()
            self._save()

    def _patience_is_over(self) -> bool:
        return self.state.waited >= self.patience and self.state.epoch > 1

    def _check_finite(self, value: float, name: str) -> None:
        if not math.isfinite(value):
            kept = self.keeper.files() if self.keeper else []
            raise FloatingPointError(
                f"the {name} is {value} at step {self.state.done} (epoch {self.state.epoch + 1}, step "
                f"{self.state.step} of {len(self.batches)}): lower the learning rate, or cut the gradients with "
                f"clipnorm=1.0" + (f"; the last good checkpoint is {kept[0]}" if kept else "")
            )

    def _save(self) -> None:
        arrays = capture(self.trained)
        for name, array in arrays.items():
            if name.startswith("model/") and array.dtype.kind == "f" and not np.isfinite(array).all():
                self._check_finite(math.nan, "largest weight")
        best = {f"best/{i}": weight for i, weight in enumerate(self.best_weights or [])}
        self.keeper.save(self.state, arrays | best)

    def _report(self, resumed_from: int | None) -> TrainingReport:
        history = pd.DataFrame(self.state.history).rename_axis("epoch").rename(index=lambda epoch: epoch + 1)
        per_step = self.seconds / self.steps if self.steps else None
        examples = self.examples / self.seconds if self.steps else None
        return TrainingReport(
            history=history,
            best_epoch=None if self.state.best_epoch is None else self.state.best_epoch + 1,
            seconds_per_step=per_step,
            examples_per_second=examples,
            tokens_per_second=examples * self.tokens if examples and self.tokens else None,
            first_step=self.first_step,
            steps=self.steps + (self.first_step is not None),
            devices=devices.devices_of(self.trained),
            cudnn=devices.cudnn(self.trained),
            memory=devices.peak_memory(),
            resumed_from=resumed_from,
        )


@contextmanager
def computing_by(model: keras.Model, policy: str | None):
    """Let every layer but the last compute by a policy inside the block, and by its own again behind it.

    The last stays in float32: what a softmax or a loss is computed from needs all its digits.
    """
    layers = devices.layers_of(model)
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers if policy else ():
            if layer is not model.layers[-1]:
                layer.dtype_policy = policy
        yield
    finally:
        for layer, own in zip(layers, before, strict=True):
            layer.dtype_policy = own
        if policy:  # what was compiled inside the block computes by that policy
            model.train_function = model.test_function = model.predict_function = None


def _examples(model: keras.Model) -> float:
    """Rows seen since the epoch began: the mean that Keras shows as the loss is weighted with them."""
    return float(array_of(model.metrics[0].count))


def _tokens_of_example(data: tf.data.Dataset) -> int | None:
    shape = getattr(data.element_spec[0], "shape", None)
    return shape[1] if shape is not None and len(shape) == 2 else None


def scalar_log(folder: str | Path | None):
    """A function (step, {name: value}) that writes a log for TensorBoard, which need not be installed to write it."""
    if folder is None:
        return None
    writer = tf.summary.create_file_writer(str(folder))
    scalars = b"\n\t\n\x07scalars \x01"  # a SummaryMetadata: plugin_name "scalars", the class of single numbers

    def log(step: int, values: dict) -> None:
        with writer.as_default(step):
            for name, value in values.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=scalars)
        writer.flush()

    return log
