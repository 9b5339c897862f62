"""Where data lives, and that it is what it should be."""

import re

import pytest

from lmtutorial import files


def test_every_shipped_file_is_listed_and_is_what_the_list_says():
    folder = files.data_folder()
    for name, digest in files.checksums().items():
        assert files.sha256(folder / name) == digest, name
    unlisted = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - set(files.checksums())
    assert {name for name in unlisted if not name.startswith("quizzes/")} == {"SHA256SUMS", "README.md"}


def test_the_readme_of_the_data_names_each_file_with_its_size_and_checksum():
    text = (files.data_folder() / "README.md").read_text(encoding="utf-8")
    for name, digest in files.checksums().items():
        size = (files.data_folder() / name).stat().st_size
        row = next((line for line in text.splitlines() if f"`{name}`" in line), "")
        assert digest in row and f"{size:,}" in row, f"data/README.md does not describe {name} as it is"
    assert re.search("MIT", text) and re.search("PDDL", text) and re.search("CC0", text)


def test_the_data_stays_small_enough_to_travel():
    # 40 MB are there for the whole course; with the language models two thirds of its models are in
    assert sum(p.stat().st_size for p in files.data_folder().rglob("*") if p.is_file()) < 32e6


def test_an_unknown_file_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'corpora/reviews.csv'"):
        files.path("corpora/review.csv")


def test_a_changed_file_is_refused_with_both_checksums(tmp_path):
    (tmp_path / "x").write_text("changed")
    with pytest.raises(ValueError, match=f"{files.sha256(tmp_path / 'x')}, expected {'0' * 64}"):
        files.verify(tmp_path / "x", "0" * 64)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "new" / "file.txt"
    with files.written_whole(target) as beside:
        beside.write_text("first")
    with pytest.raises(RuntimeError), files.written_whole(target) as beside:
        beside.write_text("second, half of")
        raise RuntimeError
    assert target.read_text() == "first"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]
