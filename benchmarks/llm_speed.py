"""How fast the LLM runs here: beside PyTorch, and beside what the machine's memory allows.

    python -m benchmarks.llm_speed          # needs torch, transformers and accelerate: make crosscheck installs them

1. Forward: 14 tokens, compiled, against PyTorch with the weights of the same file and as many threads, taking turns.
   PyTorch multiplies with MKL, which takes its slow path on processors that are not Intel's: there the time of PyTorch
   says little. A library with `int mkl_serv_intel_cpu_true(void) { return 1; }` in LD_PRELOAD makes it take the quick
   one; "mkl_hurried" says whether that was so. The honest opponent is that one.
2. Writing: every new token needs every weight once, so that (bytes of the weights) / (bytes a second that the memory
   gives) bounds the time of a token. The memory is measured in the same turns, with as many threads: by adding up an
   array as large as the weights, and by the bare products of a vector with the model's own matrices; the quicker of the
   two is the bound.
3. Loading, and the most memory that a process of its own takes for loading, one forward pass and 40 tokens of writing.

Writes data/measurements/llm_speed.json. Leave the machine alone meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import lmtutorial as lt

from . import protocol, record

PROMPT = "When Mary and John went to the store, John gave a drink to"
WRITTEN = 24
ALONE = f"""
import json, resource, sys, time
import tensorflow
import lmtutorial as lt
start = time.perf_counter()
llm = lt.load_model("smollm2-135m")
loading = time.perf_counter() - start
start = time.perf_counter()
llm.logits(llm.ids({PROMPT!r})[None])
first = time.perf_counter() - start
start = time.perf_counter()
llm.next_words({PROMPT!r})
step = time.perf_counter() - start
llm.generate({PROMPT!r}, 40)
scale = 1024 if sys.platform == "linux" else 1
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9
print(json.dumps({{"loading": loading, "first_forward": first, "first_step": step, "peak_gb": peak}}))
"""


def alone(times: int) -> dict:
    """Loading, first calls and peak memory, medians over processes of their own."""
    parts = []
    for _ in range(times):
        done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
        parts.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: round(float(np.median([part[name] for part in parts])), 3) for name in parts[0]}


def matrices(model) -> list:
    """Every matrix that a new token is multiplied with."""
    return [weight.value for weight in model.weights if len(weight.shape) == 2]


def bare_products(model):
    """A function that multiplies one vector with each of the model's matrices, and does nothing else."""
    import tensorflow as tf

    products = [(m, tf.random.normal((1, m.shape[0]))) for m in matrices(model) if m.shape[0] < 10_000]
    table = next(m for m in matrices(model) if m.shape[0] > 10_000)  # (vocabulary, width), multiplied from the left
    vector = tf.random.normal((table.shape[1], 1))

    @tf.function(autograph=False)
    def multiply():
        return tf.reduce_sum([tf.reduce_max(x @ m) for m, x in products]) + tf.reduce_max(table @ vector)

    return lambda: multiply().numpy()


def adding_up(size: int, threads: int):
    """A function that reads `size` bytes once, with so many threads."""
    halves = [np.ones(size // 4 // threads, np.float32) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(np.sum, halves))


def writing(llm) -> float:
    """Seconds a token of greedy writing behind the prompt, which is read before the clock starts."""
    scores, state = llm.step(llm.ids(PROMPT)[None])
    start = time.perf_counter()
    for _ in range(WRITTEN):
        scores, state = llm.step(np.array([[scores[0].argmax()]], np.int32), state)
    return (time.perf_counter() - start) / WRITTEN


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the LLM beside PyTorch and beside the memory's bandwidth.")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--threads", type=int, default=protocol.cores())
    options = parser.parse_args()
    by_itself = alone(3)
    protocol.pin(options.threads)
    from lmtutorial.models.smollm import smollm_file

    from .reference_llm import load, reference_logits

    llm, (_, theirs) = lt.load_model("smollm2-135m"), load(smollm_file())
    ids = llm.ids(PROMPT)[None]
    size = sum(int(np.prod(m.shape)) * 4 for m in matrices(llm.transformer))
    forward = {"keras": lambda: llm.logits(ids), "torch": lambda: reference_logits(theirs, ids)}
    first, seconds = protocol.taking_turns(forward, options.turns)
    add, multiply = adding_up(size, options.threads), bare_products(llm.transformer)
    writing(llm), add(), multiply()
    turns = [(protocol.seconds_of(add), protocol.seconds_of(multiply), writing(llm)) for _ in range(options.turns)]
    added, multiplied, written = np.array(turns).T
    bound = np.minimum(added, multiplied)
    written_to = record.write(
        "llm_speed.json",
        {
            **record.circumstances("benchmarks.llm_speed"),
            "threads": options.threads,
            "mkl_hurried": bool(os.environ.get("LD_PRELOAD")),
            "tokens": int(ids.shape[1]),
            "forward": {name: protocol.spread([values]) for name, values in seconds.items()},
            "forward_first_call": {name: round(value, 3) for name, value in first.items()},
            "forward_ratio": protocol.spread([seconds["keras"] / seconds["torch"]]),
            "weights_gb": round(size / 1e9, 3),
            "memory_gb_a_second": protocol.spread([size / 1e9 / bound]),
            "bound_tokens_a_second": protocol.spread([1 / bound]),
            "tokens_a_second": protocol.spread([1 / written]),
            "share_of_bound": protocol.spread([bound / written]),
            "alone": by_itself,
        },
    )
    print(written_to.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
