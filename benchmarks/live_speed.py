"""How fast does an explorer answer in a page? Measured in headless Chromium on the built book.

    make book && python -m benchmarks.live_speed    # four minutes on idle cores; writes live_speed.json
    python -m benchmarks.live_speed --quick         # a first look, nothing written

The question is the landing page's explorer with integrated gradients and 32 points, on sentences of 20 words in which
one word is typed anew, key by key.

1. `typing`: an explorer asks its model once no key has come for a pause. From the end of this pause to the repaint, and
   the engine's own share of it. From the key to the repaint it is a pause longer.
2. `quarter_speed`: the same with all processes of the browser slowed to a quarter (`benchmarks.brake`); how much slower
   page and worker then count is measured and written down.
3. `plain_javascript`: the same in a page that does not know WebAssembly, so that the engine does without.
4. `ready`: from the event `load` until the explorer of the landing page is alive, each time in a fresh profile.
5. `longest_task_ms`: of the main thread, as Chromium traces it: by the clock, and in time of the processor, which
   neighbours on the machine do not lengthen. On each page with explorers while the first comes to life; and in typing.
6. `bytes`: what comes over the wire, gzipped, for the explorer of the landing page.
"""

import argparse
import json
import os
import random
import re
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np

from lmtutorial.widgets import bundle
from tools.screenshots import browser

from . import protocol, record
from .brake import slowed
from .live_pages import BOOK, after, bring_to_life, gzipped, long_text, opened, pages_with_explorers, served

LANDING, EXPLORER = "book/intro.html", "#explorer-oatmeal"
WORDS, METHOD, POINTS = 20, "integrated_gradients", 32
PAUSE = int(re.search(r"const PAUSE = (\d+);", (bundle.SOURCES / "sentence.js").read_text(encoding="utf-8"))[1])

NO_WEBASSEMBLY = """
(() => {
  const Plain = Blob; // the worker's code comes in one
  window.Blob = class extends Plain {
    constructor(parts, kind) { super(["self.WebAssembly = undefined;\\n", ...parts], kind); }
  };
})();
"""
# How far page and worker count in a third of a second.
COUNT = """
const count = () => {
  const begin = performance.now();
  let steps = 0;
  for (let x = 1; performance.now() - begin < 333; steps += 1) for (let i = 0; i < 2000; i += 1) x = Math.sqrt(x + i);
  return steps;
};
"""
COUNT_BOTH = f"""async () => {{
  {COUNT}
  const worker = new Worker(URL.createObjectURL(new Blob([`{COUNT} postMessage(count());`])));
  const beside = await new Promise((resolve) => {{ worker.onmessage = ({{ data }}) => resolve(data); }});
  return [count(), beside];
}}"""


def typed(page, texts: list[str], seed: int = 0) -> list[dict]:
    """Type a word of each text anew, the first of one, the last of the next: milliseconds of every key."""
    random_pause, found = random.Random(seed), []
    explorer = page.locator(EXPLORER)
    explorer.locator(f"input[value={METHOD}]").check()
    area = explorer.locator("textarea").first
    for number, text in enumerate(texts):
        word = re.search(r"\w+(?=\W*$)" if number % 2 else r"\w+", text)
        after(page, lambda text=text: area.fill(text))
        area.evaluate("(area, ends) => area.setSelectionRange(...ends)", list(word.span()))
        for letter in word[0]:
            page.wait_for_timeout(50 + random_pause.uniform(0, 17))  # at any time between two frames of the screen
            found.append(after(page, lambda letter=letter: page.keyboard.press(letter)))
    return found


def summary(values) -> dict[str, float]:
    """Median, 95th percentile and largest."""
    found = np.percentile(values, [50, 95, 100])
    return {name: round(float(value), 1) for name, value in zip(("median", "p95", "largest"), found, strict=True)}


def latencies(keys: list[dict]) -> dict:
    return {
        "keys": len(keys),
        "pause_to_repaint_ms": summary([key["key"] - PAUSE for key in keys]),
        "engine_ms": summary([key["engine"] for key in keys]),
    }


def typing(chromium, address: str, texts: list[str], *scripts: str) -> dict:
    with opened(chromium, address + LANDING, *scripts) as page:
        bring_to_life(page)
        typed(page, texts[:2], seed=1)  # compilers compile at the first calls
        return latencies(typed(page, texts))


def quarter_speed(chromium, address: str, texts: list[str]) -> dict:
    with opened(chromium, address + LANDING) as page:
        bring_to_life(page)
        typed(page, texts[:2], seed=1)
        page.evaluate(COUNT_BOTH)
        fast = [page.evaluate(COUNT_BOTH) for _ in range(5)]
        with slowed():
            slow = [page.evaluate(COUNT_BOTH) for _ in range(5)]
            found = latencies(typed(page, texts))
    times = np.median(fast, axis=0) / np.median(slow, axis=0)
    return {"slower_times": dict(zip(("page", "worker"), times.round(2).tolist(), strict=True)), **found}


def ready(chromium, address: str, loads: int) -> dict:
    moments = []
    for _ in range(loads):
        with opened(chromium, address + LANDING) as page:
            bring_to_life(page)
            moments.append(page.evaluate("[lmSeen.ready, performance.getEntriesByType('navigation')[0].loadEventEnd]"))
    alive, loaded = np.transpose(moments)
    return {"loads": loads, "after_load_ms": summary(alive - loaded), "after_navigation_ms": summary(alive)}


@contextmanager
def traced(page):
    """Yields a dictionary that holds, after the block, the milliseconds of the main thread's longest task in it."""
    found, chromium = {}, page.context.browser
    chromium.start_tracing(page=page, categories=["toplevel", "blink.user_timing"])
    try:
        page.evaluate("performance.mark('lm-here')")
        yield found
    finally:
        events = json.loads(chromium.stop_tracing())["traceEvents"]
    threads = {(e["pid"], e["tid"]) for e in events if e["name"] == "lm-here"}
    tasks = [e for e in events if e["name"].endswith("RunTask") and e["ph"] == "X" and (e["pid"], e["tid"]) in threads]
    found["clock"] = round(max(e["dur"] for e in tasks) / 1000, 1)
    found["processor"] = round(max(e.get("tdur", 0) for e in tasks) / 1000, 1)


def longest_tasks(chromium, address: str, texts: list[str]) -> dict:
    found = {}
    for path in pages_with_explorers():
        if path == LANDING:
            continue  # its explorer comes to life while the page loads
        with opened(chromium, address + path) as page:
            page.wait_for_timeout(1000)  # until the theme and MathJax have done their work
            with traced(page) as found[f"{path} comes to life"]:
                bring_to_life(page)
                page.wait_for_timeout(500)
    with opened(chromium, address + LANDING) as page:
        bring_to_life(page)
        with traced(page) as found["typing"]:
            typed(page, texts[:4])
        with traced(page) as found["300 words pasted"]:
            page.locator(EXPLORER).locator("textarea").first.press("Control+a")
            after(page, lambda: page.keyboard.insert_text(long_text(300)))
            page.wait_for_timeout(500)
    return found


def wire(chromium, address: str) -> dict:
    """Bytes of the files that the landing page's explorer asks for, as they came over the wire."""
    requests = []
    with opened(chromium, "about:blank") as page:
        page.on("requestfinished", lambda request: requests.append(request))
        page.goto(address + LANDING)
        bring_to_life(page)
        wanted = [r for r in requests if re.search(r"/_static/lm-explorer|/lm-models/", r.url)]
        sizes = {urlsplit(r.url).path.rpartition("/")[2]: r.sizes()["responseBodySize"] for r in wanted}
    scripts = sum(size for name, size in sizes.items() if name.startswith("lm-explorer"))
    return {"files": sizes, "scripts": scripts, "weights": sizes["reviews-lstm.js"], "all_files": all_sizes()}


def all_sizes() -> dict:
    """The same of every script and model that explorers have."""
    files = [*(BOOK / "_static").glob("lm-explorer*.js"), *(BOOK / "lm-models").glob("*.js")]
    return {file.name: len(gzipped(file, file.stat().st_mtime)) for file in sorted(files)}


def measured(texts: list[str], loads: int) -> dict:
    load, found = {"before": round(os.getloadavg()[0], 2)}, {}
    with served() as address, browser() as chromium:
        runs = {
            "typing": lambda: typing(chromium, address, texts),
            "quarter_speed": lambda: quarter_speed(chromium, address, texts),
            "plain_javascript": lambda: typing(chromium, address, texts, NO_WEBASSEMBLY),
            "ready": lambda: ready(chromium, address, loads),
            "longest_task_ms": lambda: longest_tasks(chromium, address, texts),
            "bytes": lambda: wire(chromium, address),
        }
        for name, run in runs.items():
            found[name], load[name] = run(), round(os.getloadavg()[0], 2)
            print(name, json.dumps(found[name]), "load", load[name], flush=True)
        return {"chromium": chromium.version, "load_average": load, **found}


def main() -> None:
    import lmtutorial as lt

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a first look: less of everything, nothing written")
    quick = parser.parse_args().quick
    texts = protocol.texts_of(lt.load_model("reviews-lstm"), WORDS, 2 if quick else 14)
    found = measured(texts, 3 if quick else 20)
    if not quick:
        facts = record.circumstances("benchmarks.live_speed")
        facts["versions"]["chromium"] = found.pop("chromium")
        question = {"words": WORDS, "method": METHOD, "points": POINTS, "pause_ms": PAUSE}
        print(record.write("live_speed.json", {**facts, "question": question, **found}))


if __name__ == "__main__":
    main()
