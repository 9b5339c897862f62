"""Where the notebooks run: what is read from nbval's report, and what the status page makes of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lmtutorial.colab import FIRST_CELL
from tools import book_status, environments


def cell(source: str, printed: str = "") -> nbformat.NotebookNode:
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
    return nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=1)


def written(folder: Path, name: str, *cells) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three small notebooks run here by nbval: one as it was, one that prints another number, one whose claim fails."""
    folder = tmp_path_factory.mktemp("work") / "alone"
    folder.mkdir()
    names = [
        written(folder, "01_same", cell("print(1)", "1\n")),
        written(folder, "02_other", cell("print(2)", "3\n"), cell("print(4)", "4\n")),
        written(folder, "03_claim", cell("assert 1 > 2, 'one is not above two'"), cell("print(5)", "6\n")),
    ]
    variables = environments.kernel(folder.parent, Path(sys.executable), colab=True)
    return environments.run(names, variables, network=True)


def test_a_notebook_that_reads_as_the_book_does_has_run(results):
    assert results["01_same"] | {"seconds": 0} == {"cells": 1, "changed": 0, "seconds": 0, "broke": ""}


def test_another_number_is_a_change_and_no_break(results):
    assert (results["02_other"]["changed"], results["02_other"]["broke"]) == (1, "")


def test_a_claim_that_does_not_hold_breaks_and_is_quoted(results):
    assert results["03_claim"]["broke"] == "AssertionError: one is not above two"
    assert results["03_claim"]["changed"] == 1, "the cells after it are compared all the same"


def test_the_table_tells_the_three_apart(results):
    rows = book_status.notebook_rows({"here": {"notebooks": results}, "there": {"notebooks": {}}})
    assert [row[1].split()[0] for row in rows] == ["✓", "≈", "✗"]
    assert all(row[2] == "–" for row in rows), "what was not run is not said to be well"


def test_on_colab_the_first_cell_installs_the_wheel_and_nothing_from_the_network(tmp_path):
    chapter = written(tmp_path, "01_a", cell(FIRST_CELL), cell("print(1)", "1\n"))
    wheel = tmp_path / "lmtutorial-0.0.0-py3-none-any.whl"
    (copy,) = environments.copies([chapter], tmp_path / "alone", wheel, colab=True)
    first = nbformat.read(copy, as_version=4).cells[0]
    assert wheel.as_uri() in first.source and "git+" not in first.source
    assert "git+" in chapter.read_text(encoding="utf-8"), "the chapter itself stays as it is"


def test_what_installs_something_goes_first_and_alone(tmp_path):
    plain = [written(tmp_path, f"0{i}_a", cell(FIRST_CELL)) for i in range(3)]
    llm = [written(tmp_path, f"1{i}_a", cell(FIRST_CELL[:-1] + ", llm=True)")) for i in range(2)]
    assert environments.in_turn([*plain, *llm]) == [[plain[0]], [llm[0]], [plain[1], plain[2], llm[1]]]


def test_without_a_network_nothing_but_the_machine_itself_is_reached():
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), 2).close()
try:
    socket.create_connection(("192.0.2.1", 80), 2)
except OSError as error:
    print(error.strerror)
"""
    try:
        command = environments.without_network([sys.executable, "-c", code])
    except RuntimeError as error:
        pytest.skip(str(error))
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == os.strerror(101)


def test_results_of_other_environments_and_notebooks_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "STORE", tmp_path / "status.json")
    visited = {"date": "2026-01-01", "versions": {"python": "3.13"}}
    environments.keep("newest", {**visited, "notebooks": {"02_b": {"broke": ""}}})
    environments.keep("offline", {**visited, "notebooks": {"01_a": {"broke": ""}}})
    environments.keep("newest", {**visited, "notebooks": {"01_a": {"broke": "x"}}})
    kept = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    assert list(kept) == ["offline", "newest"]
    assert kept["newest"]["notebooks"] == {"01_a": {"broke": "x"}, "02_b": {"broke": ""}}
    environments.keep("newest", {**visited, "versions": {"python": "3.14"}, "notebooks": {}})
    kept = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    assert kept["newest"]["notebooks"] == {}, "what other versions gave says nothing of these"


def test_an_unknown_environment_is_told_with_the_nearest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["environments", "newst"])
    with pytest.raises(SystemExit):
        environments.main()
    assert "did you mean 'newest'" in capsys.readouterr().err


def test_the_status_page_shows_chapters_that_exist_and_none_that_broke():
    found = json.loads(environments.STORE.read_text(encoding="utf-8"))
    notebooks = {path.stem for path in environments.FOLDER.glob("*.ipynb")}
    assert list(found) == list(environments.ENVIRONMENTS), "run `make environments`"
    for name, environment in found.items():
        assert set(environment["notebooks"]) == notebooks, f"{name}: run it again"
        assert {n: r["broke"] for n, r in environment["notebooks"].items() if r["broke"]} == {}, name
        assert environment["replaced"] == {}, f"{name}: a kernel that had loaded it would have to be restarted"
