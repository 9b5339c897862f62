"""Devices: several train like one, and what cuDNN can and cannot run is told with its reason."""

import importlib
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from lmtutorial.models import devices
from lmtutorial.models.classifier import build_lstm
from lmtutorial.models.lstm_language_model import build_lstm_lm

# Devices are counted once, when TensorFlow begins: so each try is a process of its own. Dropout is off, because every
# device draws its own.
CHILD = """
import contextlib, json, sys
import numpy as np, keras
from lmtutorial import files
from lmtutorial.models import devices
from lmtutorial.models.lstm_language_model import build_lstm_lm
from lmtutorial.models.training import train
from lmtutorial.models.windows import Windows
from lmtutorial.preprocessing import Preprocessor

devices.virtual_cpus(2)
text = files.path("books/moby-dick.txt").read_text(encoding="utf-8")[30_000:50_000]
pre = Preprocessor.fit([text], max_tokens=300, rules="language")
batches = Windows([pre.ids([text])[0]], 2, length=16, batch_size=32)
found = {}
for name, several in {"one": contextlib.nullcontext(), "two": devices.several(["CPU:0", "CPU:1"])}.items():
    keras.utils.set_random_seed(0)
    with several:
        model = build_lstm_lm(300, dim=12, units=(16,), dropout=(0.0, 0.0))
    report = train(model, batches, validation=batches, epochs=3, clipnorm=1.0, learning_rate=1e-2, verbose=0)
    found[name] = {"loss": list(report.history["loss"]), "val_loss": list(report.history["val_loss"]),
        "devices": report.devices, "examples": report.examples_per_second * report.seconds_per_step,
        "norm": float(sum(np.abs(w).sum() for w in model.get_weights()))}
try:
    devices.virtual_cpus(3)
except ValueError as error:
    found["again"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_devices_give_the_loss_curve_of_one_for_the_same_global_batch():
    settings = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CHILD]
    ended = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=250, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    one, two = found["one"], found["two"]
    assert one["devices"] == ["CPU:0"] and two["devices"] == ["CPU:0", "CPU:1"]
    # float32 sums in another order: 1e-4 over three epochs, while the loss itself falls by more than 0.3
    assert np.allclose(one["loss"], two["loss"], atol=1e-4) and np.allclose(one["val_loss"], two["val_loss"], atol=1e-4)
    assert one["loss"][0] - one["loss"][-1] > 0.3
    assert one["norm"] == pytest.approx(two["norm"], rel=1e-4)
    assert one["examples"] == pytest.approx(32) and two["examples"] == pytest.approx(32)
    assert "already" in found["again"]


def test_a_plain_lstm_waits_for_nothing_but_a_gpu():
    (row,) = devices.cudnn(build_lstm_lm(20, dim=4, units=(4,)))
    assert row["layer"] == "lstm_1" and row["kind"] == "LSTM" and "right" in row["condition"]
    assert row["eligible"] == bool(devices.gpus()) and row["reason"] == ("" if devices.gpus() else "no GPU")
    assert [row["layer"] for row in devices.cudnn(build_lstm(np.zeros((9, 3), "float32")))] == ["lstm_1", "lstm_2"]


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        ("LSTM", "activation", "relu"),
        ("LSTM", "recurrent_activation", "hard_sigmoid"),
        ("LSTM", "recurrent_dropout", 0.2),
        ("LSTM", "unroll", True),
        ("LSTM", "use_bias", False),
        ("LSTM", "use_cudnn", False),
        ("GRU", "reset_after", False),
        ("GRU", "activation", "relu"),
    ],
)
def test_each_setting_that_cudnn_cannot_compute_is_named(kind, setting, value):
    (why,) = devices.obstacles(getattr(keras.layers, kind)(4, **{setting: value}))
    assert why.startswith(f"{setting}={value!r} instead of")
    assert devices.obstacles(getattr(keras.layers, kind)(4)) == []


@pytest.mark.parametrize("settings", [{"unroll": True}, {"use_bias": False}, {"activation": "relu"}, {}])
def test_the_settings_named_are_those_that_keras_asks_for(settings):
    layer = keras.layers.LSTM(4, **settings)
    rnn, cell = importlib.import_module("keras.src.backend.tensorflow.rnn"), layer.cell  # a function hides the module
    supported = rnn._do_lstm_arguments_support_cudnn(
        cell.activation, cell.recurrent_activation, layer.unroll, cell.use_bias
    )
    assert supported == (devices.obstacles(layer) == [])


def test_layers_inside_of_others_are_found():
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, keras.layers.Bidirectional(keras.layers.GRU(2, reset_after=False))(inputs))
    rows = devices.cudnn(model)
    assert len(rows) >= 2 and all("reset_after=False" in row["reason"] for row in rows)


def test_the_peak_of_memory_counts_what_was_in_use_and_begins_anew():
    devices.forget_peak_memory()
    before = devices.peak_memory()["cpu"]
    block = np.ones(25_000_000)  # 191 MiB
    held = devices.peak_memory()["cpu"]
    assert held > before + 150
    del block
    assert devices.peak_memory()["cpu"] >= held - 1  # a peak does not sink by itself
    if sys.platform == "linux":
        devices.forget_peak_memory()
        assert devices.peak_memory()["cpu"] < held - 100
    assert (devices.peak_memory()["gpu"] is None) == (not devices.gpus())


def test_a_device_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(ValueError, match="no device 'GPU:7'; there are CPU:0"), devices.several(["GPU:7"]):
        pass
    with pytest.raises(ValueError, match="at least 1, got 0"):
        devices.virtual_cpus(0)


def test_without_a_gpu_there_is_no_name_of_one():
    assert (devices.gpu_name() is None) == (devices.gpus() == [])
