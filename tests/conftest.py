"""What all tests share: the repository on the path, what may be left out and why, and a browser without network."""

import os
import sys
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


@pytest.fixture(scope="module")
def chromium():
    """A headless browser for the tests of one file."""
    from tools.screenshots import browser

    with browser() as opened:
        yield opened
