"""Take pictures of built pages, wide and narrow, light and dark, to look at before a release.

python -m tools.screenshots FOLDER [--html _build/html] [--page book/intro.html --page …]
"""

import argparse
import shutil
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
WIDTHS = (1280, 390)


def chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@contextmanager
def browser():
    """A headless browser that may open files and nothing else."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


def new_page(opened, width: int = 1280, theme: str = "light"):
    """A page without network, in the given theme; requests that were refused are in `page.refused`."""
    context = opened.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    context.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
    page = context.new_page()
    page.refused = []

    def offline(route):
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            page.refused.append(route.request.url)
            route.abort()

    page.route("**/*", offline)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--page", action="append", help="below --html; every chapter and the landing page if left out")
    options = parser.parse_args()
    pages = options.page or [
        "book/intro.html",
        *(f"notebooks/{p.name}" for p in sorted((options.html / "notebooks").glob("*.html"))),
    ]
    options.folder.mkdir(parents=True, exist_ok=True)
    with browser() as opened:
        for width in WIDTHS:
            for theme in ("light", "dark"):
                for name in pages:
                    page = new_page(opened, width, theme)
                    page.goto((options.html / name).resolve().as_uri())
                    page.wait_for_timeout(700)  # MathJax draws
                    file = options.folder / f"{Path(name).stem}-{width}-{theme}.png"
                    page.screenshot(path=file, full_page=True)
                    page.context.close()
                    print(file)


if __name__ == "__main__":
    main()
