"""The built book as a reader's browser meets it: served as by a web server, in pages that note what explorers do."""

import gzip
import mimetypes
import re
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

BOOK = Path(__file__).resolve().parent.parent / "_build" / "html"
BELOW = "/a/book/"  # books are often not at the root of their server

# What stands in a page before its own scripts. `lmSeen` notes when the first explorer came to life; the promise
# `lmNext`, made by `lmPainted()`, is settled by the next repaint with milliseconds: since the last key, and of the
# engine's own work.
WATCH = """
(() => {
  const seen = (window.lmSeen = { ready: null, key: 0, settle: null, seconds: null });
  document.addEventListener("lm-explorer-ready", () => { seen.ready ??= performance.now(); });
  document.addEventListener("input", () => { seen.key = performance.now(); }, true);
  document.addEventListener("lm-explorer-painted", () => {
    seen.settle?.({ key: performance.now() - seen.key, engine: 1000 * seen.seconds });
  });
  window.lmPainted = () => { window.lmNext = new Promise((resolve) => { seen.settle = resolve; }); };
  const Plain = Worker;
  window.Worker = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => { if (data.answer?.scores) seen.seconds = data.answer.seconds; });
    }
  };
})();
"""


def pages_with_explorers(book: Path = BOOK) -> list[str]:
    """Paths below the book of its pages that hold an explorer with a model of the book, the landing page first."""
    pages = [page for folder in ("book", "notebooks") for page in sorted((book / folder).glob("*.html"))]
    explorer = re.compile(r'class="lm-explorer"[^>]*data-model')
    found = [page for page in pages if explorer.search(page.read_text(encoding="utf-8"))]
    return [page.relative_to(book).as_posix() for page in found]


@contextmanager
def served(folder: Path = BOOK):
    """The address below which a folder's files are served, gzipped as web servers do; nothing else is there."""

    class Files(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = urlsplit(self.path).path
            file = folder / path.removeprefix(BELOW)
            if not path.startswith(BELOW) or ".." in path or not file.is_file():
                return self.send_error(404)
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            packs = kind.startswith("text/") or kind.endswith(("javascript", "json", "svg+xml"))
            body = gzipped(file, file.stat().st_mtime) if packs else file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if packs:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            return self.wfile.write(body)

        def log_message(self, *given):
            pass  # the console belongs to the tests

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{BELOW}"
    finally:
        server.shutdown()
        server.server_close()


@cache
def gzipped(file: Path, changed: float) -> bytes:
    """A file as it goes over the wire; `changed` is when it was, so that a new version is packed again."""
    return gzip.compress(file.read_bytes(), 6)


@contextmanager
def opened(chromium, address: str, *scripts: str):
    """A page in a fresh profile, loaded, with WATCH and more scripts before its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    for script in (WATCH, *scripts):
        context.add_init_script(script)
    page = context.new_page()
    page.goto(address)
    try:
        yield page
    finally:
        context.close()


def bring_to_life(page) -> None:
    """Scroll to the page's first explorer, and wait until it lives."""
    page.locator(".lm-explorer").first.scroll_into_view_if_needed()
    page.wait_for_function("window.lmSeen.ready !== null", timeout=60_000)


def after(page, act) -> dict:
    """Do something that makes an explorer paint; milliseconds until it has, since the last key and of the engine."""
    page.evaluate("window.lmPainted()")
    act()
    return page.evaluate("window.lmNext")


def long_text(words: int) -> str:
    """A text of so many words."""
    sentence = "It is not a bad film, but its story is so slow that even a patient viewer will look away."
    return " ".join((sentence.split() * (words // 19 + 1))[:words])
