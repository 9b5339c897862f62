"""A class that can be taught tomorrow: plans that add up, figures that were measured, an image that holds the LLM."""

import json
import re
import sys

import psutil
import pytest

from benchmarks import class_setup
from lmtutorial.files import data_folder
from tools import book_class
from tools.notebooks import chapters, read

EXERCISE = re.compile(r"^### (Exercise \d: .+)\n\n\*Difficulty .* · (\d+) minutes", re.M)
READING = re.compile(r"\*\*Time\*\* (\d+) minutes to read")


@pytest.fixture(scope="module")
def page(root):
    return (root / "book/instructors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stated():
    """{chapter: its text}, {(file, anchor of an exercise): minutes}."""
    texts = {
        int(path.name[:2]): (path.name, "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown"))
        for path in chapters()
    }
    minutes = {
        (name, re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")): int(number)
        for name, text in texts.values()
        for title, number in EXERCISE.findall(text)
    }
    return {number: int(READING.search(text)[1]) for number, (_, text) in texts.items()}, minutes


def rows(section: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def section(page: str, title: str) -> str:
    return re.split(r"^#{2,3} ", page.split(f"### {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def exercises_in(cell: str, minutes: dict) -> list[int]:
    return [minutes[link] for link in re.findall(r"notebooks/([\w.]+)#(exercise-[\w-]+)", cell)]


@pytest.mark.parametrize("length", [50, 90, 180])
def test_a_plan_adds_up_and_gives_each_exercise_its_own_minutes(page, stated, length):
    plan = rows(section(page, f"{length} minutes"))
    assert sum(int(row[0]) for row in plan) == length
    for row in plan:
        if found := exercises_in(row[2], stated[1]):
            assert int(row[0]) == sum(found), row
    assert "**When time runs out**" in section(page, f"{length} minutes")


def test_the_six_weeks_state_what_the_chapters_state_and_leave_time_to_talk(page, stated):
    reading, minutes = stated
    weeks = rows(section(page, "Six weeks"))
    assert [row[0] for row in weeks] == [f"{week}{half}" for week in range(1, 7) for half in "ab"]
    for name, covered, read_before, exercises, in_class, _ in weeks:
        numbers = [int(n) for n in re.findall(r"\[(\d+)\]", covered)]
        assert int(read_before) == sum(reading[n] for n in numbers), name
        assert int(in_class) == sum(exercises_in(exercises, minutes)) <= 60, name
        assert {int(n) for n in re.findall(r"\[(\d+)\.\d\]", exercises)} <= set(numbers), name
    covered = {int(n) for row in weeks for n in re.findall(r"\[(\d+)\]", row[1])}
    assert covered | {8, 18} == set(reading), "a chapter is neither in a session nor named as left out"


def test_every_chapter_has_a_confusion_that_the_book_answers(page, stated):
    table = rows(page.split("## What students get wrong\n", 1)[1].split("\n## ", 1)[0])
    assert {int(re.search(r"\[(\d+)\]", row[0])[1]) for row in table} == set(stated[0])
    assert all("#" in row[3] for row in table), "each answer links to its place"


def test_the_image_holds_the_same_llm_as_make(root):
    wanted = re.search(r"^LLM +:= (\S+)", (root / "Makefile").read_text(encoding="utf-8"), re.M)[1]
    script = root / "postBuild"
    assert script.stat().st_mode & 0o111, "repo2docker runs it only if it may be executed"
    for name in ("postBuild", "book/instructors.md", "book/how_to_use.md", "environment.yml", "tools/archive.py"):
        told = re.findall(r"--no-deps (llm-\S+)", (root / name).read_text(encoding="utf-8"))
        assert set(told) == {wanted}, name


# What is measured


def test_the_tables_have_a_row_for_each_notebook_and_a_dash_where_nothing_is_measured():
    found = {"notebooks": {chapters()[1].stem: {"seconds": 24.1, "cpu_seconds": 7.9, "peak_mb": 1843.5}}, "classes": {}}
    table = book_class.notebook_rows(found)
    assert [row[0] for row in table][: len(chapters())] == [path.stem for path in chapters()]
    assert table[1][1:] == ["24", "8", "1,844"] and table[0][1:] == ["–"] * 3
    assert [row[0] for row in book_class.class_rows(found)] == list(class_setup.COURSES)


def test_the_students_of_a_server_follow_from_what_is_stored():
    kept = json.loads((data_folder() / "measurements" / class_setup.STORE).read_text(encoding="utf-8"))
    stems = [path.stem for path in chapters()]
    assert kept["classes"] == class_setup.students(kept["notebooks"], stems, kept["server_mb"])
    assert set(kept["notebooks"]) == {*stems, "own_corpus"}, "run python -m benchmarks.class_setup"
    assert kept["disk_mb"]["tensorflow"] < kept["disk_mb"]["libraries"] and kept["disk_mb"]["llm"] > 90


def test_the_limits_of_memory_that_the_page_sets_are_above_what_a_student_needs(root):
    kept = json.loads((data_folder() / "measurements" / class_setup.STORE).read_text(encoding="utf-8"))
    page = (root / "book" / "instructors.md").read_text(encoding="utf-8")
    limits = [int(n) for n in re.findall(r'(?:limits\.memory |mem_limit = ")(\d+)G', page)]
    need = max(one["student_mb"] for one in kept["classes"].values())
    assert len(limits) == 2 and all(limit * 1000 > 1.2 * need for limit in limits)


def test_a_server_carries_as_many_students_as_fit_beside_the_system():
    found = {stem: {"peak_mb": 900.0} for stem in ("01_a", "16_b")}
    every = class_setup.students(found, list(found), 100.0)
    assert {one["students"] for one in every.values()} == {14}  # (16,000 - 2,000) / 1,000


def test_the_peak_is_that_of_a_process_and_of_its_children():
    here = psutil.Process()
    before = class_setup.memory(here)
    hold = "import time; x = bytearray(200_000_000); print('held', flush=True); time.sleep(30)"
    with psutil.Popen([sys.executable, "-c", hold], stdout=-1) as child:
        child.stdout.readline()
        watch = class_setup.Watch(here)
        watch.start()
        watch.join(0.3)
        peak = watch.stop()
        child.kill()
    assert 195 < peak - before < 300


def test_a_change_in_the_code_is_measured_again_and_one_in_the_prose_is_not(tmp_path):
    import nbformat

    md, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    seen = []
    for prose, source in [("a", "x = 1"), ("b", "x = 1"), ("b", "x = 2")]:
        nbformat.write(nbformat.v4.new_notebook(cells=[md(prose), code(source)]), tmp_path / "n.ipynb")
        seen.append(class_setup.digest(tmp_path / "n.ipynb"))
    assert seen[0] == seen[1] != seen[2]
