"""What it would take to run the real LLM in a page: the probes compute products, and the record says what it says."""

import json

import numpy as np
import pytest

from benchmarks import live_llm
from lmtutorial import files

OUT, IN = 24, 96


@pytest.fixture(scope="module")
def probe():
    """`probe(kind, bytes of W, scales, x)` -> y, by live_llm.wat."""
    wasmtime = pytest.importorskip("wasmtime", reason="left out: wasmtime is not installed")
    store = wasmtime.Store()
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(4, 4)))
    module = wasmtime.Module(store.engine, live_llm.assembled())
    exports = wasmtime.Instance(store, module, [memory]).exports(store)

    def run(kind: str, weights: np.ndarray, scales: np.ndarray, x: np.ndarray) -> np.ndarray:
        places = [65536, 131072, 196608, 1024]
        for place, values in zip(places, (weights, scales, x), strict=False):
            memory.write(store, values.tobytes(), place)
        exports[kind](store, *places, OUT, IN)
        return np.frombuffer(memory.read(store, 1024, 1024 + 4 * OUT), np.float32)

    return run


@pytest.mark.parametrize(("kind", "low", "high"), [("int8", -128, 127), ("int4", -8, 7)])
def test_the_probes_multiply_a_quantised_matrix_with_a_vector(probe, kind, low, high):
    rng = np.random.default_rng(0)
    whole = rng.integers(low, high + 1, (OUT, IN))
    scales = rng.normal(size=(OUT, IN // live_llm.BLOCK)).astype(np.float32)
    x = rng.integers(-2000, 2000, IN).astype(np.int16)
    packed = whole.astype(np.int8)
    if kind == "int4":  # the first half of a block in the low halves of its bytes
        halves = (whole + 8).reshape(OUT, -1, 2, 16).astype(np.uint8)
        packed = halves[:, :, 0] | halves[:, :, 1] << 4
    expected = (whole * np.repeat(scales, live_llm.BLOCK, axis=1)) @ x
    np.testing.assert_allclose(probe(kind, packed, scales, x), expected, rtol=1e-4, atol=1)


@pytest.fixture(scope="module")
def record():
    return json.loads(files.path("measurements/live_llm.json").read_text(encoding="utf-8"))


def test_the_sizes_are_those_of_the_weights(record):
    size = record["bytes"]
    assert size["float32"] == 4 * size["weights"] == 2 * size["float16"]
    assert size["int8"] == round(size["weights"] * 8.5 / 8) and size["int4"] == round(size["weights"] * 4.5 / 8)
    assert size["int4"] < size["shipped_file"] < size["int8"]


def test_the_recorded_speed_is_weights_by_time(record):
    matrix = live_llm.WIDTH * live_llm.HIDDEN
    products = round(record["bytes"]["weights"] / matrix) * matrix
    for found in record["token_ms"].values():
        assert found["billion_products_a_second"] == pytest.approx(products / found["fastest"] / 1e6, rel=0.02)
        assert found["fastest"] <= found["median"]
    assert record["token_ms"]["float32"]["fastest"] > record["token_ms"]["int8"]["fastest"]


def test_a_page_from_a_file_may_not_fetch_and_no_page_may_share_memory(record):
    file, server = record["may"]["file"], record["may"]["server"]
    assert not file["fetch"] and server["fetch"]
    assert not file["share_memory_between_workers"] and not server["share_memory_between_workers"]
