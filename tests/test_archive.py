"""The offline archive: all of the book in one file, the same bytes every time, read without a network once unpacked."""

import email
import random
import re
import subprocess
import sys
import zipfile

import pytest
import yaml

import lmtutorial
from tools import archive
from tools.notebooks import chapters

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dist(root, tmp_path_factory):
    """A folder with the wheel of this very tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "-w",
        folder,
        root,
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip("left out: the wheel cannot be built, because pip cannot fetch hatchling here")
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def packed(html, dist):
    file = dist / f"{archive.NAME}.zip"
    archive.pack(file, list(archive.contents(dist=dist)))
    return file


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("a stick")  # with a blank in its name, as folders of readers have
    with zipfile.ZipFile(packed) as opened:
        opened.extractall(folder)
    return folder / archive.NAME


def test_book_notebooks_and_what_they_run_on_are_inside(root, unpacked):
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    for page in [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]:
        assert (unpacked / "book" / f"{page}.html").is_file()
    for chapter in chapters():
        assert (unpacked / "notebooks" / chapter.name).read_bytes() == chapter.read_bytes()
        assert (unpacked / "notebooks" / "learner" / chapter.name).is_file()
    assert (unpacked / "requirements.lock").read_bytes() == (root / "requirements.lock").read_bytes()


def test_one_folder_holds_it_all_and_nothing_of_a_machine(packed):
    with zipfile.ZipFile(packed) as opened:
        names = opened.namelist()
        assert opened.testzip() is None
    assert len(names) == len(set(names)) and names == sorted(names)
    assert {name.split("/")[0] for name in names} == {archive.NAME}
    assert [name for name in names if re.search(r"/\.|\\|__pycache__|/\.\./", name)] == []


def test_the_wheel_inside_is_of_this_version_and_this_tree(root, unpacked):
    (wheel,) = unpacked.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        facts = email.message_from_bytes(opened.read(f"{archive.NAME}.dist-info/METADATA"))
        assert (facts["Name"], facts["Version"]) == ("lmtutorial", lmtutorial.__version__)
        for file in (root / "lmtutorial").glob("*.py"):
            assert opened.read(f"lmtutorial/{file.name}") == file.read_bytes()
        assert opened.read("lmtutorial/data/SHA256SUMS") == (root / "data" / "SHA256SUMS").read_bytes()


def test_the_same_files_give_the_same_bytes_in_any_order(packed, dist, monkeypatch):
    entries = list(archive.contents(dist=dist))
    random.Random(0).shuffle(entries)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    archive.pack(dist / "again.zip", entries)
    assert (dist / "again.zip").read_bytes() == packed.read_bytes()


def test_the_archive_keeps_its_limit_and_tells_where_its_bytes_are(packed):
    size = packed.stat().st_size
    assert size <= archive.LARGEST
    parts = archive.sizes(packed)
    assert min(parts.values()) > 0 and 0.97 * size < sum(parts.values()) < size, "the rest is the list of names"


def test_an_archive_over_its_limit_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 100)
    with pytest.raises(ValueError, match=r"big\.zip has 0\.0 MB; at most"):
        archive.pack(tmp_path / "big.zip", [("index.html", archive.FIRST_PAGE)])
    assert list(tmp_path.iterdir()) == []


def test_what_was_not_built_is_told_with_the_command(tmp_path):
    with pytest.raises(ValueError, match="index.html is missing: run make book first"):
        list(archive.contents(tmp_path))


def test_the_first_pages_commands_name_what_is_there(unpacked):
    said = (unpacked / "READ_ME.txt").read_text(encoding="utf-8")
    assert lmtutorial.__version__ in said and max(map(len, said.splitlines())) <= 120
    for name in re.findall(r"install (?:-r|--no-deps) (\S+(?:\.lock|\.whl))", said):
        assert (unpacked / name).is_file()
    assert "requirements.lock" in said and archive.WHEEL in said


@pytest.mark.browser
def test_the_book_opens_from_the_unpacked_archive_without_a_network(unpacked, chromium):
    from tools.screenshots import new_page

    page = new_page(chromium)
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((unpacked / "index.html").as_uri())
    page.wait_for_url("**/book/intro.html")
    page.locator(".lm-explorer").first.wait_for()
    for file in sorted((unpacked / "book").glob("*/*.html")):
        if file.parent.name in {"book", "notebooks"}:
            page.goto(file.as_uri())
            assert page.locator("article h1").count() == 1, file.name
    page.goto((unpacked / "book" / "notebooks" / "02_softmax_formula.html").as_uri())
    page.wait_for_selector("mjx-container svg", timeout=10_000)
    page.goto(f"{(unpacked / 'book' / 'search.html').as_uri()}?q=softmax")
    page.get_by_text("Search finished").wait_for(timeout=10_000)
    assert page.refused == [] and troubles == []
    page.context.close()


@pytest.mark.browser
def test_an_explorer_of_the_archive_answers(unpacked, chromium):
    from live_book import wake

    from tools.screenshots import new_page

    page = new_page(chromium)
    page.goto((unpacked / "book" / "book" / "intro.html").as_uri())
    wake(page)
    page.locator("#explorer-oatmeal textarea").first.fill("A gorgeous, moving film.")
    page.locator("#explorer-oatmeal").get_by_text("gorgeous").first.wait_for(timeout=10_000)
    assert page.refused == []
    page.context.close()
