"""What would it take to run the real LLM in a page of the book? Sizes, speed, memory and files; nothing is built.

    python -m benchmarks.live_llm            # about two minutes on idle cores; writes live_llm.json
    python -m benchmarks.live_llm --quick    # a first look, nothing written

Headless Chromium, on the sizes of SmolLM2-135M.

1. `bytes`: of its weights in several formats, of the file that the package ships, and of its vocabulary, gzipped.
2. `token_ms`: for one more token, each weight is read once and multiplied. A page goes through as many products of the
   MLP's shape (576 x 1536) as have the model's number of weights, each with a matrix of its own, so that caches do not
   help: by the explorers' own kernel (float32), and by probes for 8-bit and 4-bit weights (live_llm.wat), which do
   nothing else. Attention over earlier tokens, norms and the rest of an engine come on top.
3. `prompt_ms`: the same for the tokens of a prompt together, by the explorers' kernel.
4. `file_ms`: a page opened from a file may not fetch. It gets its weights as a script that hands over a text, here of
   the size of the 4-bit and of the 8-bit weights: until the script has run, until the text has become bytes, and the
   most memory of all processes of the browser meanwhile.
5. `may`: what a page may do when it is opened from a file, and from a plain web server.
"""

import argparse
import base64
import gzip
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np

from lmtutorial.models import smollm
from lmtutorial.widgets import bundle
from tools.screenshots import browser

from . import record
from .brake import processes_below
from .live_pages import served

WIDTH, HIDDEN = 576, 1536
BLOCK = 32  # weights that share a scale
PROMPT = 14  # tokens
BITS = {"float32": 32, "float16": 16, "int8": 8 + 16 / BLOCK, "int4": 4 + 16 / BLOCK}

# Milliseconds of each round over all matrices: `kind` is a probe, or "product" for the explorers' kernel.
PRODUCTS = """async ({ wasm, kind, matrices, rows, rounds, width, hidden }) => {
  const bytes = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const each = { product: 4, int8: 1, int4: 0.5 }[kind] * width * hidden; // bytes of a matrix
  const scales = width * hidden / 8; // a float32 to 32 weights
  const pages = Math.ceil((matrices * (each + scales) + 2 ** 22) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(bytes), { page: { memory } });
  const [x, y, scale, first] = [1024, 2 ** 20, 2 ** 21, 2 ** 22];
  const at = (i) => first + i * each;
  const scaleAt = (i) => first + matrices * each + i * scales;
  new Float32Array(memory.buffer, x, rows * width).fill(0.01);
  if (kind === "product") new Float32Array(memory.buffer, first, matrices * width * hidden).fill(0.01);
  else new Uint8Array(memory.buffer, first).fill(63); // 63 in bytes is a float32 of 0.7 in the scales
  const work = {
    product: (i) => exports.product(x, at(i), y, rows, hidden, width, 0),
    int8: (i) => exports.int8(at(i), scaleAt(i), x, y, hidden, width),
    int4: (i) => exports.int4(at(i), scaleAt(i), x, y, hidden, width),
  }[kind];
  const found = [];
  for (let round = 0; round < rounds + 2; round++) {
    const begin = performance.now();
    for (let i = 0; i < matrices; i++) work(i);
    found.push(performance.now() - begin);
    await new Promise((go) => setTimeout(go, 20));
  }
  return found.slice(2); // at first the compiler is still at work
}"""

# A script of a page, as page_engine.js loads it: milliseconds until it has run, and until its text has become bytes.
LOADING = """async (address) => {
  const begin = performance.now();
  const base64 = await new Promise((resolve, reject) => {
    window.lmExplorerData = (name, text) => resolve(text);
    document.head.append(Object.assign(document.createElement("script"), { src: address, onerror: reject }));
  });
  const loaded = performance.now();
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64)
    : Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return { script: loaded - begin, bytes: performance.now() - loaded, size: bytes.length };
}"""

MAY = """async (address) => ({
  fetch: await fetch(address).then((answer) => answer.ok, () => false),
  share_memory_between_workers: typeof SharedArrayBuffer !== "undefined" && crossOriginIsolated,
  remember_a_download: typeof caches !== "undefined" && await caches.open("lm-probe").then(() => true, () => false),
})"""


def assembled() -> bytes:
    """live_llm.wat as WebAssembly."""
    from wasmtime import wat2wasm

    return bytes(wat2wasm(Path(__file__).with_name("live_llm.wat").read_text(encoding="utf-8")))


def weights_of(file) -> int:
    """Number of weights; each is read once for each token, the vocabulary's vectors as the output matrix."""
    return sum(int(np.prod(tensor.shape)) for tensor in file.tensors)


def sizes(path: Path) -> dict:
    """Bytes of the weights by format, of the shipped file, and of its vocabulary."""
    file = smollm.open_gguf(path)
    count = weights_of(file)
    names = ("tokens", "merges")
    vocabulary = json.dumps([smollm.setting(file, f"tokenizer.ggml.{name}") for name in names], ensure_ascii=False)
    with path.open("rb") as stream:
        stream.seek(path.stat().st_size // 2)  # in the middle there are weights
        part = stream.read(2**24)
    return {
        "weights": count,
        **{name: round(count * bits / 8) for name, bits in BITS.items()},
        "shipped_file": path.stat().st_size,
        "shipped_weights_gzipped_to": round(len(gzip.compress(part, 6)) / len(part), 3),
        "vocabulary_gzipped": len(gzip.compress(vocabulary.encode(), 9)),
    }


def products(page, kind: str, weights: int, rows: int = 1, rounds: int = 9) -> dict:
    """Milliseconds for one round over all weights of the model."""
    wasm = (bundle.SOURCES / "kernel.wasm").read_bytes() if kind == "product" else assembled()
    matrices = round(weights / (WIDTH * HIDDEN))
    asked = {"wasm": base64.b64encode(wasm).decode(), "kind": kind, "matrices": matrices, "rows": rows}
    found = page.evaluate(PRODUCTS, {**asked, "rounds": rounds, "width": WIDTH, "hidden": HIDDEN})
    fast, median = min(found), float(np.median(found))
    return {
        "fastest": round(fast, 1),
        "median": round(median, 1),
        "billion_products_a_second": round(rows * matrices * WIDTH * HIDDEN / fast / 1e6, 2),
    }


@contextmanager
def fresh_page(address: str = "about:blank"):
    """A page of a browser of its own, so that nothing is left in memory from before."""
    with browser() as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.version = chromium.version
        yield page


def resident(process: int) -> int:
    """Bytes of memory that a process of a browser has, shared ones in parts; 0 for any other process."""
    try:
        program = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines() if b"chrom" in program else []
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0  # it has ended meanwhile
    return 1024 * next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


@contextmanager
def most_memory():
    """Yields a list that holds, after the block, the most bytes that all processes of the browser had at once."""
    done, found = Event(), [0]

    def watch() -> None:
        while not done.wait(0.1):
            found[0] = max(found[0], sum(map(resident, processes_below(os.getpid()))))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def from_a_file(size: int) -> dict:
    """Loading so many bytes as a script, in a page opened from a file."""
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        text = base64.b64encode(rng.integers(0, 256, size, np.uint8).tobytes()).decode()
        Path(folder, "weights.js").write_text(f'lmExplorerData("m", "{text}");\n')
        Path(folder, "page.html").write_text("<!doctype html><title>a page</title>")
        with fresh_page(Path(folder, "page.html").as_uri()) as page, most_memory() as memory:
            page.wait_for_timeout(500)
            empty = memory[0]
            found = page.evaluate(LOADING, "weights.js")
        assert found.pop("size") == size
        return {
            **{name: round(value) for name, value in found.items()},
            "script_bytes": len(text),
            "most_memory": memory[0],
            "memory_before": empty,
        }


def allowed() -> dict:
    """What a page may do, by where it comes from."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.html").write_text("<!doctype html><title>a page</title>")
        with served(Path(folder)) as home:
            found = {}
            for place, address in (("file", Path(folder, "page.html").as_uri()), ("server", f"{home}page.html")):
                with fresh_page(address) as page:
                    found[place] = page.evaluate(MAY, "page.html")
            return found


def measured(quick: bool) -> dict:
    found = {"load_average": round(os.getloadavg()[0], 2), "bytes": sizes(smollm.smollm_file())}
    weights = found["bytes"]["weights"] // (20 if quick else 1)
    with fresh_page() as page:
        found["chromium"] = page.version
        found["token_ms"] = {"float32": products(page, "product", weights)}
        found["prompt_ms"] = {"tokens": PROMPT, "float32": products(page, "product", weights, PROMPT, 5)}
    for kind in ("int8", "int4"):
        with fresh_page() as page:
            found["token_ms"][kind] = products(page, kind, weights)
    found["file_ms"] = {kind: from_a_file(found["bytes"][kind] // (20 if quick else 1)) for kind in ("int4", "int8")}
    found["may"] = allowed()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a first look: a twentieth of the model, nothing written")
    quick = parser.parse_args().quick
    found = measured(quick)
    print(json.dumps(found, indent=1))
    if not quick:
        facts = record.circumstances("benchmarks.live_llm")
        facts["versions"]["chromium"] = found.pop("chromium")
        print(record.write("live_llm.json", {**facts, **found}))


if __name__ == "__main__":
    main()
