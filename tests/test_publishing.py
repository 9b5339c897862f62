"""What carries the book to its readers is in order: workflows, issue forms, the ways to install, words of warning."""

import codecs
import re

import pytest
import yaml

from lmtutorial.colab import BRANCH, REPOSITORY
from tools import archive, pdf
from tools.notebooks import chapters, read, tags

HOSTS = r"https?://|index-url|find-links|pypi\.org|files\.pythonhosted|anaconda\.org"


@pytest.fixture(scope="module")
def makefile(root):
    return (root / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def workflows(root):
    """{name: content}; YAML 1.1 reads the key `on` as true."""
    files = sorted((root / ".github" / "workflows").glob("*.yml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def steps(workflow) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(workflow) -> str:
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


def test_each_workflow_says_when_it_runs_what_it_may_and_how_long(workflows):
    assert set(workflows) == {"ci", "keeps-working", "pages", "release"}
    for name, workflow in workflows.items():
        assert workflow[True] and workflow["permissions"]["contents"] in {"read", "write"}, name
        assert all(10 <= job["timeout-minutes"] <= 180 for job in workflow["jobs"].values()), name
    assert workflows["release"][True] == {"push": {"tags": ["v*"]}}
    assert workflows["pages"][True]["push"]["branches"] == workflows["ci"][True]["push"]["branches"] == [BRANCH]


def test_actions_are_githubs_own_and_of_a_named_major_version(workflows):
    used = [step["uses"] for workflow in workflows.values() for step in steps(workflow) if "uses" in step]
    assert used and [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


def test_workflows_call_what_the_repository_has(root, workflows, makefile):
    for name, workflow in workflows.items():
        targets = re.findall(r"\bmake (\w+)", commands(workflow))
        scripts = re.findall(r"(?:^|\s)(\.ci/\w+)", commands(workflow))
        assert targets or scripts, name
        assert [t for t in targets if not re.search(rf"^{t}:.*## ", makefile, re.M)] == [], name
        assert [s for s in scripts if not (root / s).is_file()] == [], name


def test_continuous_integration_runs_all_of_it_on_the_oldest_and_the_newest_python(root, workflows):
    import tomllib

    known = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    versions = [line.split(" :: ")[-1] for line in known if re.search(r"3\.\d+$", line)]
    assert workflows["ci"]["jobs"]["ci"]["strategy"]["matrix"]["python"] == [versions[0], versions[-1]]
    assert commands(workflows["ci"]) == ".ci/run"


def test_pages_publishes_the_folder_that_make_book_writes(workflows, makefile):
    folder = re.search(r"^PAGE\s*:= (\S+)/index\.html$", makefile, re.M)[1]
    (upload,) = [s for s in steps(workflows["pages"]) if "upload-pages-artifact" in s.get("uses", "")]
    assert upload["with"]["path"] == folder and "make book" in commands(workflows["pages"])
    assert workflows["pages"]["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}


def test_a_release_carries_the_wheel_the_archive_of_its_tag_and_the_printed_book(workflows):
    said = commands(workflows["release"])
    version = archive.NAME.removeprefix("lmtutorial-")
    assert f"dist/{archive.NAME}.zip" in said.replace("${GITHUB_REF_NAME#v}", version), "another tag fails"
    assert "make archive" in said and "dist/lmtutorial-*.whl" in said and "dist/lmtutorial-*.zip" in said
    assert archive.WHEEL.startswith("lmtutorial-") and archive.WHEEL.endswith(".whl")
    assert said.index("make pdf") < said.index(f" {pdf.TARGET} ")


def test_no_workflow_names_a_host_of_packages(root):
    for file in (root / ".github" / "workflows").glob("*.yml"):
        assert re.findall(HOSTS, file.read_text(encoding="utf-8")) == [], file.name


@pytest.mark.parametrize("name", ["page", "package", "idea"])
def test_each_form_asks_for_page_version_and_environment(root, name):
    form = yaml.safe_load((root / f".github/ISSUE_TEMPLATE/{name}.yml").read_text(encoding="utf-8"))
    fields = {part["id"]: part for part in form["body"] if "id" in part}
    assert {"page", "version", "environment"} <= set(fields) and form["name"] and form["description"]
    assert "lt.colab.report()" in fields["environment"]["attributes"]["description"]
    if name == "page":
        assert all(fields[field]["validations"]["required"] for field in ("page", "version", "environment"))


def test_an_empty_issue_cannot_be_opened(root):
    config = yaml.safe_load((root / ".github/ISSUE_TEMPLATE/config.yml").read_text(encoding="utf-8"))
    assert config["blank_issues_enabled"] is False
    (link,) = config["contact_links"]
    assert link["url"] == f"{REPOSITORY}/blob/{BRANCH}/CONTRIBUTING.md" and (root / "CONTRIBUTING.md").is_file()


def test_contributors_are_sent_to_files_and_targets_that_exist(root, makefile):
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [t for t in re.findall(r"make ([a-z]+)", text) if not re.search(rf"^{t}:", makefile, re.M)] == []
    written = {name for name in re.findall(r"`((?:book|data|lmtutorial|notebooks|tools|tests)/[\w./]+\.\w+)`", text)}
    assert written and [name for name in written if "NN" not in name and not (root / name).exists()] == []
    for module in re.findall(r"python -m (tools\.\w+)", text):
        assert (root / f"{module.replace('.', '/')}.py").is_file()
    assert f"{archive.LARGEST // 10**6} MB" in text, "the limit of the archive"


def test_windows_installs_the_same_as_make(root, makefile):
    page = (root / "book" / "how_to_use.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"```powershell\n(.*?)```", page, re.S)
    llm = re.search(r"^LLM\s*:= (\S+)", makefile, re.M)[1]
    wanted = [
        m.replace("$(LLM)", llm) for m in re.findall(r"pip install -q --disable-pip-version-check (.+)", makefile)
    ]
    wanted = [w for w in wanted if re.match(r"-r |--no-deps (-e|llm)", w)]
    assert re.findall(r"pip install (.+)", written) == wanted and len(wanted) == 3
    assert "/" not in re.sub(r"https://\S+", "", written), "paths as Windows writes them"


def test_files_have_the_same_bytes_on_windows(root):
    """Git there may turn ends of lines round, and the checksums of data would not hold."""
    lines = (root / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "* text=auto eol=lf" in lines and "data/** -text" in lines


# Coarse words, turned by thirteen letters so that nobody has to read them here.
COARSE = [
    codecs.decode(w, "rot13") for w in "shpx fuvg ovgpu juber fyhg phag nffubyr onfgneq avttre snttbg fhpx".split()
]
PREJUDICE = ("05_", "21_")  # chapters that print what vectors or models took over about groups of people
WARNING = "> **A word before you start:**"


def shown(notebook) -> str:
    """What a reader of a chapter sees: prose, code, and outputs without their HTML tags."""
    text = []
    for cell in notebook.cells:
        text.append(cell.source)
        for output in cell.get("outputs", []) if "remove-cell" not in tags(cell) else []:
            data = output.get("data", {})
            text += [
                output.get("text", ""),
                data.get("text/plain", ""),
                re.sub("<[^>]+>", " ", data.get("text/html", "")),
            ]
    return "\n".join("".join(part) for part in text)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_page_with_coarse_text_or_prejudice_says_so_at_its_start(path):
    notebook = read(path)
    found = [word for word in COARSE if re.search(rf"\b{word}", shown(notebook), re.I)]
    if found or path.name.startswith(PREJUDICE):
        assert WARNING in "\n".join(cell.source for cell in notebook.cells[:3]), f"{path.name}: {len(found)} words"


def test_the_words_of_warning_are_looked_for_where_they_are_needed():
    """The corpus of tweets holds such words, so that the list is not an empty one."""
    import lmtutorial as lt

    assert lt.load_tweets()["text"].str.contains("|".join(COARSE), case=False).sum() > 50
