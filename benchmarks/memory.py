"""How much memory does each explainer take for a text of 400 words, above the loaded model?

    python -m benchmarks.memory             # writes data/measurements/explainer_memory.json
    python -m benchmarks.memory --quick     # a first look: occlusion on 100 words, nothing written

Each method runs with its default settings in a process of its own. The process loads the model, explains one short
sentence so that nothing is left to import or to compile, and then notes the peak of its resident memory above what it
had. Beside them stands `predict`: the bare model with 5,000 texts of that length.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from . import record

WORDS, ROWS = 400, 5000
LIMIT_MB = 1500
METHODS = (
    "saliency",
    "input_x_gradient",
    "smooth_grad",
    "integrated_gradients",
    "occlusion",
    "lime",
    "kernel_shap",
    "permutation_shap",
    "partition_shap",
)
CHILD = """
import sys, threading, time
import psutil
import lmtutorial as lt

method, words, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
model = lt.load_model("reviews-lstm")
text = " ".join(" ".join(lt.load_reviews()["text"][:200]).split()[:words])

def work(text, rows):
    return model.predict([text] * rows) if method == "predict" else lt.explain(model, text, method)

work("a gorgeous, moving film", 20)
try:  # Linux can forget the peak so far, and keeps the true one from now on; elsewhere samples must do
    open("/proc/self/clear_refs", "w").write("5")
    marked = True
except OSError:
    marked = False
process = psutil.Process()
start, began, done = process.memory_info().rss, time.perf_counter(), False
peak = start

def watch():
    global peak
    while not done:
        peak = max(peak, process.memory_info().rss)
        time.sleep(0.005)

watching = threading.Thread(target=watch)
watching.start()
work(text, rows)
done = True
watching.join()
if marked:
    peak = max(peak, 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]))
print("FOUND", start, peak, time.perf_counter() - began)
"""


def peak_of(method: str, words: int = WORDS, rows: int = ROWS) -> dict[str, float]:
    """Megabytes (10**6 bytes) with the model loaded, and at the peak above that; seconds of the explanation."""
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", CHILD, method, str(words), str(rows)]
    child = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    found = [line for line in child.stdout.splitlines() if line.startswith("FOUND")]
    if not found:
        raise RuntimeError(f"{method} failed: {child.stderr[-500:]}")
    start, peak, seconds = map(float, found[0].split()[1:])
    return {
        "loaded_mb": round(start / 1e6),
        "above_mb": round((peak - start) / 1e6),
        "seconds": round(seconds, 1),
    }


def measure(methods=(*METHODS, "predict"), words: int = WORDS, rows: int = ROWS) -> dict:
    """{method: figures} of every method."""
    result = {}
    for method in methods:
        result[method] = peak_of(method, words, rows)
        print(f"{method:22} {result[method]['above_mb']:6} MB above {result[method]['loaded_mb']}", flush=True)
    return {"words": words, "rows_of_predict": rows, "limit_mb": LIMIT_MB, "methods": result}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="occlusion on 100 words, nothing written")
    if options.parse_args().quick:
        measure(("occlusion",), words=100)
        return
    print(record.write("explainer_memory.json", {**record.circumstances("benchmarks.memory"), **measure()}))


if __name__ == "__main__":
    main()
