"""The recorder of training speed: every row is measured or says why not, and nothing is invented."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from lmtutorial import files
from lmtutorial.models import devices, throughput

TINY = {"vocabulary_size": 50, "dim": 4, "units": (4,), "length": 6, "steps": 3, "progress": False}


def test_a_record_holds_device_versions_date_command_and_a_row_for_every_setting(tmp_path):
    file = tmp_path / "speed.json"
    throughput.record(file, batch_sizes=(2, 4), **TINY)
    found = json.loads(file.read_text())
    assert {"command", "date", "backend", "cpu", "gpu", "versions", "rows"} == set(found)
    assert found["backend"] == keras.backend.backend() and found["versions"]["keras"] == keras.__version__
    assert found["gpu"] is None or devices.gpus()
    rows = [row for row in found["rows"] if row["device"] == "cpu"]
    assert [(row["policy"], row["batch_size"]) for row in rows] == [
        ("float32", 2), ("mixed_float16", 2), ("float32", 4), ("mixed_float16", 4),
    ]  # fmt: skip
    for row in rows:
        assert row["status"] == "measured" and row["peak_cpu_mib"] > 50
        # both speeds follow from the seconds; four digits are kept of each
        assert row["examples_per_second"] * row["seconds_per_step"] == pytest.approx(row["batch_size"], rel=2e-3)
        assert row["tokens_per_second"] == pytest.approx(6 * row["examples_per_second"], rel=2e-3)
        assert row["quartiles"][0] <= row["seconds_per_step"] <= row["quartiles"][1]
    assert keras.config.dtype_policy().name == "float32"  # whatever was measured last


def test_what_does_not_fit_the_memory_is_a_row_that_says_so(monkeypatch):
    monkeypatch.setattr(throughput, "_free_memory", lambda: 40_000)
    fits, does_not = throughput.measure("cpu", batch_sizes=(2, 4096), policies=("float32",), **TINY)
    assert fits["status"] == "measured"
    assert does_not["status"].startswith("out of memory") and does_not["examples_per_second"] is None


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 8 GiB")])
def test_an_error_of_memory_is_a_row_and_no_end(monkeypatch, error):
    def full(*settings):
        raise error

    monkeypatch.setattr(throughput, "_seconds_of_steps", full)
    (row,) = throughput.measure("cpu", batch_sizes=(2,), policies=("mixed_float16",), **TINY)
    assert row["status"] == "out of memory" and keras.config.dtype_policy().name == "float32"
    monkeypatch.setattr(throughput, "_seconds_of_steps", lambda *settings: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # any other error stays one
        throughput.measure("cpu", batch_sizes=(2,), policies=("float32",), **TINY)


def test_what_would_take_too_long_is_left_out_and_says_so(monkeypatch):
    monkeypatch.setattr(throughput, "_seconds_of_steps", lambda size, *rest: [1.0 * size] * 5)
    rows = throughput.measure("cpu", batch_sizes=(2, 64), policies=("float32",), most_seconds=20, **TINY)
    assert [row["status"] for row in rows] == ["measured", "left out: about 320 seconds"]


def test_wrong_settings_are_told():
    with pytest.raises(ValueError, match="'tpu'"):
        throughput.measure("tpu")
    if not devices.gpus():
        with pytest.raises(ValueError, match="'gpu'"):
            throughput.measure("gpu")
    with pytest.raises(ValueError, match=r"at least 1, got 3 and \[0\]"):
        throughput.measure("cpu", batch_sizes=(0,), **TINY)


def test_no_figure_is_shown_for_a_device_that_nobody_has_recorded(monkeypatch):
    monkeypatch.setattr(throughput, "RECORDS", {"cpu": "measurements/none.json", "gpu": "measurements/no.json"})
    empty = throughput.load_records()
    assert list(empty.columns)[:3] == ["device", "policy", "batch_size"] and empty.empty
    cpu, gpu = throughput.missing(empty)
    assert "No CPU run has been recorded yet" in cpu and "--out gpu.json" in gpu


def test_a_record_that_ships_is_read_with_its_hardware(monkeypatch, tmp_path):
    found = {"cpu": {"name": "Some CPU", "cores": 2}, "gpu": "Some GPU", "backend": "jax", "date": "2026-01-01"}
    rows = [
        dict.fromkeys(throughput.COLUMNS) | {"device": d, "batch_size": 32, "status": "measured"}
        for d in ("cpu", "gpu")
    ]
    file = tmp_path / "r.json"
    file.write_text(json.dumps(found | {"rows": rows}))
    monkeypatch.setattr(throughput, "RECORDS", {"cpu": "measurements/a.json", "gpu": "measurements/b.json"})
    monkeypatch.setattr(files, "checksums", lambda: {"measurements/b.json": ""})
    monkeypatch.setattr(files, "path", lambda name: file)
    table = throughput.load_records()
    assert list(table["hardware"]) == ["Some CPU, 2 cores", "Some GPU"] and set(table["backend"]) == {"jax"}
    assert throughput.missing(table) == []


def test_what_ships_are_measurements_and_no_inventions():
    table = throughput.load_records()
    measured = table[table["status"] == "measured"]
    assert isinstance(table, pd.DataFrame) and len(throughput.missing(table)) == 2 - table["device"].nunique()
    for row in measured.itertuples():
        assert np.isclose(row.batch_size / row.seconds_per_step, row.examples_per_second, rtol=2e-3)
