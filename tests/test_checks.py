"""The checkers say that a right answer is right, and name the mistake that was made."""

import importlib
import string
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import yaml

from lmtutorial import checks

FILES = sorted(Path(__file__).parent.glob("test_checks_ch*.py"))


def softmax(scores):
    powers = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def perplexity(probabilities):
    return np.exp(-np.mean(np.log(probabilities)))


def not_written(*_):
    raise NotImplementedError("take exp, then divide by the sum")


def empty(*_):
    """Comes to its end without `return`."""


def reads_past_the_end(scores):
    return [][len(scores)]


RIGHT = {"softmax": softmax, "perplexity": perplexity}
WRONG = [
    ("softmax", "axis", lambda s: np.exp(s) / np.exp(s).sum(axis=0)),
    ("perplexity", "sum", lambda p: np.exp(-np.sum(np.log(p)))),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    result = getattr(checks, name).result(RIGHT[name])
    assert result.passed and result.mistake is None and result.message.startswith(f"{name}: right.")


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake)
    assert result.message.startswith(f"{name}: not yet") and len(result.message) > 60


@pytest.mark.parametrize("name", checks._exercises())
def test_every_exercise_waits_kindly_for_an_unwritten_function(name):
    result = getattr(checks, name).result(not_written)
    assert result.status == "not done" and "not done yet" in result.message


@pytest.mark.parametrize("name", checks._exercises())
def test_a_function_without_return_is_told_so(name):
    assert getattr(checks, name).result(empty).mistake == "returns_nothing"


def test_an_error_inside_the_answer_is_told_with_its_line_and_without_a_traceback():
    result = checks.softmax.result(reads_past_the_end)
    assert result.mistake == "stopped"
    assert "IndexError" in result.message and "return [][len(scores)]" in result.message


def test_a_number_instead_of_a_function_is_told_so():
    assert "int" in checks.softmax.result(3).message


def test_checking_prints_one_line_and_returns_nothing(capsys):
    assert checks.softmax(softmax) is None
    assert capsys.readouterr().out.count("\n") == 1


def test_an_unknown_exercise_offers_the_nearest_name():
    with pytest.raises(AttributeError, match="did you mean 'softmax'"):
        checks.sofmax  # noqa: B018


def test_every_exercise_has_several_checks_and_words_for_success():
    for name, exercise in checks._exercises().items():
        assert len(exercise.checks) >= 3, f"{name}: a shape, a case worked by hand, an invariance, an edge"
        assert "passed" in checks.messages(exercise.chapter)[name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_message_of_a_chapter_has_its_mistake(file):
    given = {
        (name, part)
        for name, *parts in importlib.import_module(file.stem).WRONG
        for part in parts
        if isinstance(part, str)
    }
    told = checks.messages(file.stem.removeprefix("test_checks_")).items()
    assert given == {(name, key) for name, texts in told for key in texts if key != "passed"}


def test_every_checker_is_tried_with_a_right_answer_and_two_mistakes_that_it_names():
    """The tests of the chapters hold `RIGHT` and `WRONG`; `hand_case` names no mistake, it only says "not so"."""
    right, named = Counter(), defaultdict(set)
    for file in FILES:
        tried = importlib.import_module(file.stem)
        right.update(list(tried.RIGHT) if isinstance(tried.RIGHT, dict) else [name for name, *_ in tried.RIGHT])
        for name, *parts in tried.WRONG:
            named[name].update(part for part in parts if isinstance(part, str) and part != "hand_case")
    few = {
        f"{exercise.chapter} {name}": f"{right[name]} right answers, {len(named[name])} mistakes named"
        for name, exercise in checks._exercises().items()
        if right[name] < 1 or len(named[name]) < 2
    }
    assert not few, few


def test_every_mistake_a_check_can_name_has_words(root):
    """The keys that the code names and the keys of the messages file are the same."""
    import ast

    common = set(checks.messages("common"))
    for file in sorted((root / "lmtutorial" / "checks").glob("ch*.py")):
        strings = {
            n.value
            for n in ast.walk(ast.parse(file.read_text()))
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
        told = set().union(*(set(m) for m in checks.messages(file.stem).values()))
        assert told - strings - {"passed"} == set(), f"{file.stem}.yml says what no check names"
        named = {
            n.args[0].value
            for n in ast.walk(ast.parse(file.read_text()))
            if isinstance(n, ast.Call)
            and getattr(n.func, "id", "") == "Mistake"
            and isinstance(n.args[0], ast.Constant)
        }
        assert named <= told | common, f"{file.stem}.yml lacks {named - told - common}"


def test_messages_use_only_named_fields(root):
    for file in (root / "lmtutorial" / "checks" / "messages").rglob("*.yml"):
        groups = yaml.safe_load(file.read_text(encoding="utf-8"))
        texts = [t for v in groups.values() for t in (v.values() if isinstance(v, dict) else [v])]
        for text in texts:
            fields = [f for _, f, _, _ in string.Formatter().parse(text) if f is not None]
            assert all(f.isidentifier() for f in fields), f"{file.name}: {text}"
