"""How fast a training step is, by device, batch size and precision; written down with everything that decided it.

    python -m lmtutorial.models.throughput --out gpu.json       # in Colab: choose a runtime with a GPU first

1. The model is the language model of the book: embedding, LSTM, one score for each of the 10,000 words.
2. Each row builds it anew, takes a few steps that compile and warm up, and then times steps one by one.
3. A batch that does not fit the memory is a row too, and says so; so is one that would take too long.

The ids are random, because the time of a step does not depend on them. Any backend of Keras will do.
"""

import argparse
import datetime
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from .. import files
from . import devices
from .lstm_language_model import build_lstm_lm

BATCH_SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
POLICIES = ("float32", "mixed_float16")
WARM_UP = 2
COLUMNS = ("device", "policy", "batch_size", "status", "examples_per_second", "tokens_per_second") + (
    "seconds_per_step", "quartiles", "compile_seconds", "peak_cpu_mib", "peak_gpu_mib",
)  # fmt: skip
RECORDS = {"cpu": "measurements/throughput_cpu.json", "gpu": "measurements/throughput_gpu.json"}


class _Clock(keras.callbacks.Callback):
    """The seconds of each step. Keras reads the loss at the end of a step, and so waits for a GPU to be done."""

    def on_train_begin(self, logs=None):
        self.seconds, self.since = [], time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        self.seconds.append(now - self.since)
        self.since = now


def measure(
    device: str,
    *,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    policies: Sequence[str] = POLICIES,
    vocabulary_size: int = 10_000,
    dim: int = 200,
    units: tuple[int, ...] = (256,),
    length: int = 48,
    steps: int = 10,
    most_seconds: float = 60.0,
    progress: bool = True,
) -> list[dict]:
    """One row for each batch size and precision: speed, memory, or why there is none.

    Args:
        device: "cpu" or "gpu".
        batch_sizes: rows to a step, in rising order.
        policies: of Keras: "float32", "mixed_float16", "mixed_bfloat16".
        vocabulary_size, dim, units, length: of the model, and tokens in a row.
        steps: timed, after two that are not.
        most_seconds: a row that would take longer, going by the batch size before, is left out.
        progress: show a bar once it has taken two seconds.

    Raises:
        ValueError: if there is no such device.
    """
    if device not in ("cpu", "gpu") or (device == "gpu" and not devices.gpus()):
        raise ValueError(f'device must be "cpu", or "gpu" where there is one; got {device!r}')
    if steps < 1 or min(batch_sizes) < 1:
        raise ValueError(f"steps and batch sizes must be at least 1, got {steps} and {list(batch_sizes)}")
    shape = {"vocabulary_size": vocabulary_size, "dim": dim, "units": units}
    rows, per_row = [], dict.fromkeys(policies, 0.0)  # seconds of a step for each row of the batch
    with tqdm(total=len(policies) * len(batch_sizes), unit=" settings", delay=2, disable=not progress) as bar:
        for size in batch_sizes:
            for policy in policies:  # one after the other, so that a slow moment of the machine hits both
                row = {"device": device, "policy": policy, "batch_size": size}
                expected = per_row[policy] * size * (steps + WARM_UP)
                why = _why_not(device, size, length, vocabulary_size, expected, most_seconds)
                row |= {"status": why} if why else _timed(device, policy, size, length, steps, shape)
                per_row[policy] = row.get("seconds_per_step", per_row[policy] * size) / size
                rows.append({name: row.get(name) for name in COLUMNS})
                bar.update()
    return rows


def _why_not(device: str, size: int, length: int, words: int, seconds: float, most: float) -> str | None:
    """A reason to leave a setting out before the system would have to kill the process, or the reader's patience."""
    needed, free = 3 * 4 * size * length * words, _free_memory()  # logits, probabilities, their gradient
    if device == "cpu" and free and needed > 0.8 * free:
        return f"out of memory: about {needed / 2**30:.1f} GiB needed, {free / 2**30:.1f} free"
    if seconds > most:
        return f"left out: about {seconds:.0f} seconds"
    return None


def _free_memory() -> int | None:
    info = Path("/proc/meminfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _timed(device: str, policy: str, size: int, length: int, steps: int, shape: dict) -> dict:
    """The columns of one row that are measured."""
    before = keras.config.dtype_policy()
    gc.collect()
    devices.forget_peak_memory()
    try:
        keras.config.set_dtype_policy(policy)
        with keras.device(f"{device}:0"):
            seconds = _seconds_of_steps(size, length, steps, shape)
    except Exception as error:  # every backend has its own class for it
        if not _is_out_of_memory(error):
            raise
        return {"status": "out of memory"}
    finally:
        keras.config.set_dtype_policy(before)
    low, median, high = np.percentile(seconds[WARM_UP:], [25, 50, 75])
    memory = devices.peak_memory()
    return {
        "status": "measured",
        "examples_per_second": _round(size / median),
        "tokens_per_second": _round(size * length / median),
        "seconds_per_step": _round(median),
        "quartiles": [_round(low), _round(high)],
        "compile_seconds": _round(seconds[0] - median),
        "peak_cpu_mib": memory["cpu"],
        "peak_gpu_mib": memory["gpu"] if device == "gpu" else None,
    }


def _seconds_of_steps(size: int, length: int, steps: int, shape: dict) -> list[float]:
    keras.utils.set_random_seed(0)
    model = build_lstm_lm(**shape)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.Adam(1e-3, global_clipnorm=1.0),
    )
    count = size * (steps + WARM_UP)
    ids = np.random.default_rng(0).integers(2, shape["vocabulary_size"], (count, length + 1)).astype(np.int32)
    clock = _Clock()
    model.fit(ids[:, :-1], ids[:, 1:], batch_size=size, epochs=1, shuffle=False, callbacks=[clock], verbose=0)
    return clock.seconds


def _is_out_of_memory(error: Exception) -> bool:
    name, text = type(error).__name__, str(error).lower()
    return isinstance(error, MemoryError) or name in ("ResourceExhaustedError", "OutOfMemoryError") or (
        "resource_exhausted" in text or "out of memory" in text
    )  # fmt: skip


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def circumstances() -> dict:
    """Command, date, devices and versions: what a figure means nothing without."""
    installed = {"python": platform.python_version()}
    for name in ("lmtutorial", "keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy"):
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "command": " ".join(["python", "-m", "lmtutorial.models.throughput", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "backend": keras.backend.backend(),
        "cpu": {"name": _processor(), "cores": os.cpu_count()},
        "gpu": devices.gpu_name(),
        "versions": installed,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def record(path: str | Path, **settings) -> dict:
    """Measure the CPU, and the GPU if there is one, and write it all as JSON.

    Args:
        path: of the file, written whole or not at all.
        settings: of `measure`.
    """
    found = circumstances() | {"rows": []}
    for device in ("gpu", "cpu") if devices.gpus() else ("cpu",):
        found["rows"] += measure(device, **settings)
    with files.written_whole(path) as beside:
        beside.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return found


def load_records() -> pd.DataFrame:
    """The rows of all records that ship with the package, one below the other; see `missing` for those that do not.

    Returns:
        `COLUMNS`, and `hardware` (the name of the CPU or GPU), `backend` and `date` of the record.
    """
    tables = [pd.DataFrame(columns=[*COLUMNS, "hardware", "backend", "date"])]
    for name in RECORDS.values():
        if name in files.checksums():
            found = json.loads(files.path(name).read_text(encoding="utf-8"))
            hardware = {"cpu": f"{found['cpu']['name']}, {found['cpu']['cores']} cores", "gpu": found["gpu"]}
            table = pd.DataFrame(found["rows"], columns=COLUMNS)
            tables.append(table.assign(
                hardware=table["device"].map(hardware), backend=found["backend"], date=found["date"]
            ))  # fmt: skip
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def missing(records: pd.DataFrame | None = None) -> list[str]:
    """A sentence for each kind of device of which no record ships.

    Args:
        records: what `load_records` gave.
    """
    records = load_records() if records is None else records
    absent = [device for device in RECORDS if device not in set(records["device"])]
    return [
        f"No {device.upper()} run has been recorded yet: python -m lmtutorial.models.throughput --out {device}.json "
        f"records one where there is a {device.upper()}."
        for device in absent
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    options.add_argument("--batch-sizes", type=int, nargs="+", default=list(BATCH_SIZES))
    options.add_argument("--steps", type=int, default=10)
    chosen = options.parse_args()
    found = record(chosen.out, batch_sizes=chosen.batch_sizes, steps=chosen.steps)
    print(pd.DataFrame(found["rows"]).to_string(index=False))
    print(f"{chosen.out}: {found['gpu'] or found['cpu']['name']}, Keras on {found['backend']}")


if __name__ == "__main__":
    main()
