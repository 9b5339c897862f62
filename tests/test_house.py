"""The house is in order: one address, one version, a lock that agrees, and nothing of a private machine in any file."""

import re
import subprocess
import tomllib

import pytest
import yaml

import lmtutorial
from lmtutorial import colab

BINARY = {".gz", ".png", ".keras", ".h5", ".npz", ".bz2", ".ico", ".gguf", ".bin", ".wasm"}
TEXTS_OF_OTHERS = ("data/books/", "data/corpora/", "data/embeddings/", "LICENSE")


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def tracked(root):
    """{path: text} of the files that belong to the project."""
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone: there is no list of the project's files")
    names = [n for n in listed.stdout.splitlines() if (root / n).is_file() and (root / n).suffix not in BINARY]
    return {n: (root / n).read_text(encoding="utf-8") for n in names if not n.startswith(TEXTS_OF_OTHERS)}


def requirements(root) -> dict[str, list[str]]:
    """{normalised name: [version, …]} of the lock."""
    found: dict[str, list[str]] = {}
    for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition(";")[0].strip().partition("==")
            found.setdefault(normal(name), []).append(version)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_address_of_the_repository_is_the_same_everywhere(root, project, tracked):
    address = project["urls"]["Repository"]
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert config["url"] == citation["repository-code"] == colab.REPOSITORY == address
    assert config["branch"] == colab.BRANCH
    owner, name = address.rsplit("/", 2)[1:]
    for path, text in tracked.items():
        for found in re.findall(
            rf"(?:github\.com|colab\.research\.google\.com/github|mybinder\.org/v2/gh)/([\w.-]+)/({name})\b", text
        ):
            assert found == (owner, name), f"{path} names another home: {found}"
        for branch in re.findall(rf"{owner}/{name}/(?:blob|tree|raw|edit)/([\w.-]+)/", text):
            assert branch == colab.BRANCH, f"{path} names another branch: {branch}"


def test_the_version_is_the_same_everywhere(root):
    version = lmtutorial.__version__
    assert str(yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))["version"]) == version
    newest = re.search(r"^## (\S+)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest[1] == version


def test_no_file_names_an_index_or_a_path_of_a_machine(tracked):
    signs = re.compile(
        r"--(?:extra-)?index-url|--find-links|--trusted-host|/simple/|/opt/\w|/root/|/work/|/home/\w+/|/Users/\w+/"
        r"|\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\b"
    )
    # Rules that look for such paths have to spell them.
    rules = {"tests/test_house.py", "tests/test_notebooks.py", "tools/notebooks.py"}
    wrong = [f"{path}: {m[0]}" for path, text in tracked.items() if path not in rules and (m := signs.search(text))]
    assert wrong == []


def test_no_notebook_checkpoint_or_environment_is_tracked(tracked):
    assert not [p for p in tracked if re.search(r"\.ipynb_checkpoints|__pycache__|(^|/)\.venv|_build/", p)]


def test_the_lock_holds_versions_and_nothing_else(root):
    lines = [x for x in (root / "requirements.lock").read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    assert len(lines) > 100
    assert [x for x in lines if not re.fullmatch(r"[\w.-]+==[\w.+!]+( ; .+)?", x)] == []


def test_the_lock_meets_every_requirement_of_the_project(root, project):
    from packaging.requirements import Requirement

    lock = requirements(root)
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["cpu"], *extras["book"], *extras["test"]]
    for requirement in map(Requirement, wanted):
        if normal(requirement.name) != "lmtutorial":
            versions = lock.get(normal(requirement.name))
            assert versions, f"requirements.lock lacks {requirement.name}: run make lock"
            assert all(v in requirement.specifier for v in versions), f"{requirement} against {versions}: run make lock"


def test_the_lock_leaves_the_crosscheck_libraries_out(root):
    assert {"torch", "captum", "transformers"}.isdisjoint(requirements(root))


def test_all_readers_get_the_same_libraries_that_compute_numbers(root):
    lock = requirements(root)
    assert all(len(lock[name]) == 1 for name in ("numpy", "scipy", "pandas", "keras", "scikit-learn", "gensim"))


def test_conda_installs_the_same_lock(root):
    environment = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    python = next(d for d in environment["dependencies"] if isinstance(d, str) and d.startswith("python="))
    assert python.partition("=")[2] in {"3.11", "3.12", "3.13"}
    assert environment["channels"] == ["conda-forge"]
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["-r requirements.lock", "-e ."]


def test_every_reference_is_complete_and_cited_and_every_cited_one_exists(root, tracked):
    from pybtex.database import parse_file

    entries = parse_file(root / "book" / "references.bib").entries
    for key, entry in entries.items():
        assert {"title", "year"} <= set(entry.fields) and entry.persons["author"], key
        assert {"doi", "url"} & set(entry.fields), f"{key}: where can it be read?"
    everywhere = set()
    for path, text in tracked.items():
        if path.endswith((".md", ".ipynb")):
            cited = {k.strip() for found in re.findall(r"\{cite:\w+\}`([^`]+)`", text) for k in found.split(",")}
            assert cited <= set(entries), f"{path}: {cited - set(entries)}"
            everywhere |= cited
    assert set(entries) - everywhere == set(), "nobody cites it"


def test_every_target_of_the_makefile_has_a_line_that_explains_it(root):
    text = (root / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.M)[1].split()
    assert [t for t in phony if not re.search(rf"^{t}:.*## \w", text, re.M)] == []


def test_continuous_integration_is_a_script_that_may_be_run(root):
    import os

    assert os.access(root / ".ci" / "run", os.X_OK)
    assert subprocess.run(["bash", "-n", str(root / ".ci" / "run")], check=False).returncode == 0


def test_ruff_finds_nothing_to_mend(root):
    import sys

    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "."], cwd=root, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout
