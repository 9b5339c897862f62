"""What all tests share: the repository on the path, what may be left out and why, and a browser without network."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def pytest_collection_modifyitems(items):
    """Leave out, with the reason, what this machine cannot run or was not asked for."""
    no_browser = _why_no_browser()
    for item in items:
        if item.get_closest_marker("crosscheck") and not os.environ.get("LMTUTORIAL_CROSSCHECK"):
            item.add_marker(pytest.mark.skip(reason="left out: run `make crosscheck` (torch, captum, transformers)"))
        if item.get_closest_marker("browser") and no_browser:
            item.add_marker(pytest.mark.skip(reason=no_browser))


def _why_no_browser() -> str | None:
    try:
        from tools.screenshots import chromium
    except ImportError:
        return "left out: playwright is not installed (make test installs it)"
    return None if chromium() else "left out: no Chromium on this machine (apt-get install chromium)"


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def llm():
    """SmolLM2-135M, loaded once a process."""
    import lmtutorial as lt
    from lmtutorial.models import smollm

    for module in ("gguf", "tokenizers"):
        pytest.importorskip(module, reason="left out: the extra `llm` is not installed (make test installs it)")
    try:
        smollm.smollm_file()
    except ValueError as error:
        pytest.skip(f"left out: {error}")
    return lt.load_model("smollm2-135m")


@pytest.fixture(scope="session")
def html(root, tmp_path_factory) -> Path:
    """The built book; Sphinx reads again only what has changed.

    Test files run side by side (`-n 2 --dist loadfile`), and a second build would change files under the hands of who
    reads them. So the first one who comes builds, and the others wait: a database of SQLite, which only one process
    can write, lets go even when that process dies.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared  # of all workers of this run
    with closing(sqlite3.connect(shared / "book.lock", timeout=900, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        if not (shared / "book.built").exists():
            _build_book(root)
            (shared / "book.built").touch()
    return root / "_build" / "html"


def _build_book(root: Path) -> None:
    start = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    command = [*start, "build", ".", "-W", "-n", "--keep-going", "-q"]
    built = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert built.returncode == 0, (built.stdout + built.stderr)[-4000:]


@pytest.fixture(scope="module")
def chromium():
    """A headless browser for the tests of one file."""
    from tools.screenshots import browser

    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def home(html):
    """The address of the built book on a server of its own."""
    from benchmarks.live_pages import served

    with served(html) as address:
        yield address


@pytest.fixture
def visit(chromium):
    """Open an address; the page is closed after the test."""
    from live_book import begin

    pages = []

    def visit_one(address, **settings):
        pages.append(begin(chromium, **settings))
        pages[-1].goto(address)
        return pages[-1]

    yield visit_one
    for page in pages:
        page.context.close()


@pytest.fixture
def made(chromium, html, home):
    """A page of the book with other explorers, (kind, state), all awake; its first one is `page.explorer`."""
    from live_book import begin, put_in, wake

    pages = []

    def make_one(*elements, awake=True, link="", **settings):
        page = begin(chromium, **settings)
        pages.append(page)
        page.goto(f"{put_in(page, html, home, *elements)}#{link}")
        page.explorer = page.locator("#explorer-first")
        if awake:
            wake(page)
        return page

    yield make_one
    for page in pages:
        page.context.close()
