"""Where a model computes: devices, cuDNN, memory, and one training spread over several devices.

1. A device is a processor that work can be placed on: a CPU, a GPU, or part of a CPU that poses as one of several.
2. cuDNN, a library of NVIDIA, runs a whole LSTM or GRU layer as one kernel instead of one step after the other. Keras
   uses it by itself, silently, where the layer computes the classic formula, and as silently does not elsewhere:
   `cudnn` gives the reason.
3. Several devices train one model by sharing out each batch: every device has a copy of the weights, computes the
   gradient of its share, and all add up what they found before anyone moves. (Synchronous data parallelism: Goyal et
   al. 2017.) The sum over shares is the sum over the batch, so that the loss curve stays what it was.
"""

import sys
from collections.abc import Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import keras

MEBIBYTE = 1 << 20
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def gpus() -> list[str]:
    """The GPUs that the backend of Keras sees; empty on a CPU."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return [f"GPU:{i}" for i, _ in enumerate(tf.config.list_logical_devices("GPU"))]
    if backend == "jax":
        import jax

        return [str(device) for device in jax.devices() if device.platform == "gpu"]
    import torch

    return [f"cuda:{i}" for i in range(torch.cuda.device_count())]


def gpu_name() -> str | None:
    """What the first GPU is called, such as "NVIDIA L4", or `None` without one."""
    if not gpus():
        return None
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])["device_name"]
    if backend == "jax":
        import jax

        return jax.devices()[0].device_kind
    import torch

    return torch.cuda.get_device_name(0)


def layers_of(model: keras.Model) -> list[keras.layers.Layer]:
    """Every layer of a model, those inside of others (cells, wrapped layers) included, and the model itself."""
    return model._flatten_layers()


def cudnn(model: keras.Model) -> list[dict]:
    """Which LSTM and GRU layers may run on cuDNN, and why the others may not.

    Returns:
        a dict for each layer: `layer`, `kind`, `eligible` (does the layer compute what cuDNN can, and is there a GPU),
        `reason` ("" where nothing stands against it) and `condition` on the data.
    """
    rows = []
    for layer in layers_of(model):
        if isinstance(layer, keras.layers.LSTM | keras.layers.GRU):
            reasons = obstacles(layer) + ([] if gpus() else ["no GPU"])
            rows.append(
                {
                    "layer": layer.name,
                    "kind": type(layer).__name__,
                    "eligible": not reasons,
                    "reason": "; ".join(reasons),
                    "condition": "where there is a mask: padding on the right only, and no empty row",
                }
            )
    return rows


def obstacles(layer: keras.layers.Layer) -> list[str]:
    """What in the settings of an LSTM or GRU layer cuDNN cannot compute; an empty list is good news.

    >>> obstacles(keras.layers.LSTM(4, activation="relu", recurrent_dropout=0.1))
    ["activation='relu' instead of 'tanh'", 'recurrent_dropout=0.1 instead of 0']
    """
    config = layer.get_config()
    wanted = {
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "recurrent_dropout": 0,
        "unroll": False,
        "use_bias": True,
        "reset_after": True,  # of a GRU alone
        "use_cudnn": ("auto", True),
    }
    found = {name: config.get(name, getattr(layer, name, None)) for name in wanted}
    wrong = []
    for name, value in wanted.items():
        choices = value if isinstance(value, tuple) else (value,)
        if found[name] is not None and found[name] not in choices:
            wrong.append(f"{name}={found[name]!r} instead of {choices[0]!r}")
    return wrong


def virtual_cpus(count: int) -> None:
    """Let the one CPU pose as `count` devices, to try out a training on several.

    Raises:
        ValueError: if TensorFlow has computed something already: it counts its devices once, at the first use.
    """
    import tensorflow as tf

    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    except RuntimeError as error:
        raise ValueError("TensorFlow counted its devices already: call virtual_cpus first, in a new process") from error


@contextmanager
def several(names: Sequence[str] | None = None):
    """A model that is built inside the block is trained on all the devices, each taking its share of every batch.

        with several(["GPU:0", "GPU:1"]):
            model = build_lstm_lm(10_000)
        train(model, batches, epochs=3)

    Args:
        names: such as "GPU:0" or "CPU:1"; by default every GPU, or the CPU where there is none.

    Raises:
        ValueError: if a device does not exist.
    """
    import tensorflow as tf

    known = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    for name in names or ():
        if name not in known:
            raise ValueError(f"there is no device {name!r}; there are {', '.join(known)}")
    strategy = tf.distribute.MirroredStrategy(list(names) if names else gpus() or ["CPU:0"])
    with strategy.scope():
        yield strategy


def devices_of(model: keras.Model) -> list[str]:
    """The devices that a model is trained on."""
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is not None and strategy.num_replicas_in_sync > 1:
        return [name.rpartition("device:")[2] for name in strategy.extended.worker_devices]
    return gpus()[:1] or ["CPU:0"]


def forget_peak_memory() -> None:
    """From now on `peak_memory` counts anew, as far as the system can."""
    with suppress(OSError):  # elsewhere than on Linux the peak stays that of the whole process
        _CLEAR.write_text("5")  # the peak of the resident memory begins again at what it is now
    if keras.backend.backend() == "tensorflow" and gpus():
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats("GPU:0")
    elif keras.backend.backend() == "torch" and gpus():
        import torch

        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> dict[str, float | None]:
    """The most memory in use so far, in MiB: `cpu` of the process, `gpu` of the first GPU (`None` without one)."""
    return {"cpu": _cpu_peak(), "gpu": _gpu_peak() if gpus() else None}


def _cpu_peak() -> float | None:
    if _STATUS.exists():
        lines = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        if lines:
            return round(int(lines[0].split()[1]) / 1024, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEBIBYTE, 1)


def _gpu_peak() -> float | None:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return round(tf.config.experimental.get_memory_info("GPU:0")["peak"] / MEBIBYTE, 1)
    if backend == "jax":
        import jax

        return round(jax.devices()[0].memory_stats()["peak_bytes_in_use"] / MEBIBYTE, 1)
    import torch

    return round(torch.cuda.max_memory_allocated() / MEBIBYTE, 1)
