"""Checkers for the exercises: `checks.NAME(your_function)` says that it is right, or names the likely mistake.

An exercise is a list of small checks (a shape, a case worked by hand, an invariance, an edge). Each one calls the
learner's function and answers `None`, or the `Mistake` it recognises. The first mistake found is the one that is told.
What is said stands apart from the code, in `checks/messages/<language>/chNN.yml`, so that it can be translated.

    softmax = exercise("softmax")

    @softmax.check
    def sums_to_one(function):
        total = function([1.0, 2.0]).sum()
        if abs(total - 1) > 1e-9:
            return Mistake("total", total=total)

One module a chapter (`ch02.py`); its exercises appear here by name: `checks.softmax`.
"""

import functools
import importlib
import pkgutil
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lmtutorial.files import LANGUAGE, nearest


@dataclass(frozen=True)
class Mistake:
    """What a check recognised: the key of a message, and the values that the message quotes.

    >>> Mistake("axis", got=(3, 2)).values
    {'got': (3, 2)}
    """

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def __init__(self, key: str, **values):
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Result:
    """How an exercise went.

    Attributes:
        exercise: its name.
        status: `"passed"`, `"failed"` or `"not done"`.
        check: the small check that failed, or None.
        mistake: the key of the mistake that was recognised, or None.
        message: what the learner is told.
    """

    exercise: str
    status: str
    message: str
    check: str | None = None
    mistake: str | None = None

    @property
    def passed(self) -> bool:
        return self.status == "passed"


class ReturnsNothing(Exception):
    """The learner's function came to its end without `return`."""


class Exercise:
    """Several small checks of one function that a learner writes. Made by `exercise(name)`."""

    def __init__(self, name: str, chapter: str):
        self.name, self.chapter = name, chapter
        self.checks: list[Callable] = []

    def check(self, function: Callable) -> Callable:
        """Add one small check (a decorator): it takes the learner's function; it returns None, or a `Mistake`."""
        self.checks.append(function)
        return function

    def __call__(self, answer: Callable) -> None:
        """Try `answer` and print how it went."""
        print(self.result(answer).message)

    def result(self, answer: Callable) -> Result:
        """Try `answer` and return how it went, printing nothing."""
        if answer is Ellipsis or answer is None:
            return self._not_done()
        if not callable(answer):
            return self._failed("answer", Mistake("not_a_function", got=type(answer).__name__))
        for check in self.checks:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # an overflow is told by the check that looks for it
                    mistake = check(_returning(answer))
            except NotImplementedError:
                return self._not_done()
            except ReturnsNothing:
                mistake = Mistake("returns_nothing")
            except Exception as error:
                mistake = Mistake("stopped", kind=type(error).__name__, text=str(error), line=_line_of(error))
            if mistake is not None:
                return self._failed(check.__name__, mistake)
        return Result(self.name, "passed", f"{say('common', 'passed', name=self.name)} {self._say('passed')}")

    def _not_done(self) -> Result:
        return Result(self.name, "not done", say("common", "not_done", name=self.name))

    def _failed(self, check: str, mistake: Mistake) -> Result:
        start = say("common", "failed", name=self.name, check=check.replace("_", " "))
        return Result(self.name, "failed", f"{start} {self._say(mistake.key, **mistake.values)}", check, mistake.key)

    def _say(self, key: str, **values) -> str:
        """The exercise's own words for `key`, or those common to all exercises."""
        own = messages(self.chapter).get(self.name, {})
        return own[key].format(**values) if key in own else say("common", key, **values)


def exercise(name: str) -> Exercise:
    """A new exercise of the module that calls this; its messages are under `name` in the chapter's messages file."""
    module = sys._getframe(1).f_globals["__name__"]  # inspect.stack() takes seconds once TensorFlow is loaded
    return Exercise(name, module.rpartition(".")[2])


@functools.cache
def messages(chapter: str) -> dict:
    """The words of one chapter's checkers (or `"common"`): {exercise: {key: text}}."""
    file = Path(__file__).parent / "messages" / LANGUAGE / f"{chapter}.yml"
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def say(chapter: str, key: str, **values) -> str:
    """The message `key` of a chapter, with `values` put in.

    >>> say("common", "not_done", name="softmax")
    'softmax: not done yet. Replace the line that raises NotImplementedError with your own code...'
    """
    return messages(chapter)[key].format(**values)


def _returning(answer: Callable) -> Callable:
    """`answer`, but coming back without a value is an error of its own."""

    @functools.wraps(answer)
    def call(*arguments, **options):
        value = answer(*arguments, **options)
        if value is None or value is Ellipsis:
            raise ReturnsNothing
        return value

    return call


def _line_of(error: Exception) -> str:
    """The learner's own line that an error came from: the last one outside this package and installed libraries."""
    frames = traceback.extract_tb(error.__traceback__)
    package = str(Path(__file__).parent)
    own = [f for f in frames if not f.filename.startswith(package) and "site-packages" not in f.filename]
    return (own[-1].line or "").strip() if own else ""


@functools.cache
def _exercises() -> dict[str, Exercise]:
    """{name: exercise} over all chapter modules; two exercises of one name are an error."""
    found: dict[str, Exercise] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.startswith("ch")):
        for value in vars(importlib.import_module(f"{__name__}.{module}")).values():
            if isinstance(value, Exercise) and value.chapter == module:
                if value.name in found:
                    raise ValueError(f"two exercises are called {value.name!r}: {found[value.name].chapter}, {module}")
                found[value.name] = value
    return found


def __getattr__(name: str) -> Exercise:
    if name.startswith("__"):
        raise AttributeError(name)
    if name not in _exercises():
        raise AttributeError(f"there is no exercise {name!r}{nearest(name, _exercises())}")
    return _exercises()[name]


def __dir__() -> list[str]:
    return sorted([*_exercises(), "Exercise", "Mistake", "Result", "exercise", "messages", "say"])
