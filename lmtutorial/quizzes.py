"""Quizzes: questions kept as data, drawn as one piece of HTML that needs no kernel, no network and no library.

    from lmtutorial import quizzes
    quizzes.show("01_why_interpretability")

A quiz is a file `data/quizzes/NAME.yml`. Its questions are of three kinds: `one` (one option is right), `many` (several
may be), `number` (a value within a tolerance). Every option has feedback, and so have numbers that come from a likely
slip. The page is plain form controls and 60 lines of script (`quiz_page/`), the same bytes for the same quiz, so that
a committed notebook can be compared; a reader without scripts unfolds the answers at the end.
"""

import html
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from IPython.display import display

from lmtutorial.files import LANGUAGE, data_folder, nearest

PAGE = Path(__file__).parent / "quiz_page"
# The words of the page itself, apart from the code that places them.
WORDS = json.loads((PAGE / "words" / f"{LANGUAGE}.json").read_text(encoding="utf-8"))
KINDS = ("one", "many", "number")


@dataclass(frozen=True)
class Option:
    """A choice, or a number that a likely slip gives (`text` is then that number)."""

    text: str
    correct: bool
    feedback: str


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        kind: `"one"`, `"many"` or `"number"`.
        stem: what is asked.
        options: the choices; for a number, the likely slips.
        answer, tolerance: of a number, else None.
        recompute: an expression in `math` and `np` that a test evaluates and compares with `answer`.
        right, wrong: of a number, what is said to the right answer and to any other one.
    """

    kind: str
    stem: str
    options: tuple[Option, ...] = ()
    answer: float | None = None
    tolerance: float | None = None
    recompute: str | None = None
    right: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Quiz:
    name: str
    questions: tuple[Question, ...]

    def _repr_html_(self) -> str:
        return page(self)

    def __repr__(self) -> str:
        return f"Quiz: {self.name}, {len(self.questions)} questions"


def show(name: str) -> None:
    """Draw the quiz `name` under the cell."""
    display(load(name))


def names() -> list[str]:
    """The quizzes that ship with the package."""
    return sorted(file.stem for file in _folder().glob("*.yml"))


def _folder() -> Path:
    """The quizzes in the language of this edition; English ones lie in the folder itself."""
    return data_folder() / "quizzes" / ("" if LANGUAGE == "en" else LANGUAGE)


def load(name: str) -> Quiz:
    """Read a shipped quiz.

    Raises:
        ValueError: if there is no such quiz (the nearest name is offered), or if its file is not as it should be.
    """
    if name not in names():
        raise ValueError(f"there is no quiz {name!r}{nearest(name, names())}")
    return read(_folder() / f"{name}.yml")


def read(file: str | Path) -> Quiz:
    """Read a quiz from any YAML file.

    Raises:
        ValueError: naming the file, the question and what is wrong with it.
    """
    file = Path(file)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file.name} is not readable as YAML: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("questions"), list) or not content["questions"]:
        raise ValueError(f"{file.name}: wants a list called `questions`, with at least one question")
    return Quiz(
        file.stem, tuple(_question(q, f"{file.name}, question {i}") for i, q in enumerate(content["questions"], 1))
    )


def _question(given, where: str) -> Question:
    if not isinstance(given, dict) or given.get("kind") not in KINDS:
        kind = given.get("kind") if isinstance(given, dict) else given
        raise ValueError(f"{where}: `kind` is {kind!r}; it must be one of {', '.join(KINDS)}")
    _text(given, "stem", where)
    return _number(given, where) if given["kind"] == "number" else _choice(given, where)


def _choice(given: dict, where: str) -> Question:
    _only(given, {"kind", "stem", "options"}, where)
    options = given.get("options")
    if not isinstance(options, list) or len(options) < 2:
        raise ValueError(f"{where}: wants at least two `options`")
    for i, option in enumerate(options, 1):
        place = f"{where}, option {i}"
        if not isinstance(option, dict):
            raise ValueError(f"{place}: wants `text`, `correct` and `feedback`, and is {option!r}")
        _only(option, {"text", "correct", "feedback"}, place)
        _text(option, "text", place)
        _text(option, "feedback", place)
        if not isinstance(option.get("correct", False), bool):
            raise ValueError(f"{place}: `correct` is {option['correct']!r}; it must be true or false")
    right = sum(option.get("correct", False) for option in options)
    if (given["kind"] == "one" and right != 1) or right == 0:
        raise ValueError(f"{where}: {right} options are correct; `one` wants exactly one, `many` at least one")
    found = tuple(Option(o["text"], o.get("correct", False), o["feedback"]) for o in options)
    return Question(given["kind"], given["stem"], found)


def _number(given: dict, where: str) -> Question:
    _only(given, {"kind", "stem", "answer", "tolerance", "recompute", "right", "wrong", "slips"}, where)
    for key in ("answer", "tolerance"):
        if isinstance(given.get(key), bool) or not isinstance(given.get(key), int | float):
            raise ValueError(f"{where}: `{key}` is {given.get(key)!r}; it must be a number")
    for key in ("recompute", "right", "wrong"):
        _text(given, key, where)
    slips = []
    for i, slip in enumerate(given.get("slips", []), 1):
        _only(slip, {"value", "feedback"}, f"{where}, slip {i}")
        _text(slip, "feedback", f"{where}, slip {i}")
        if abs(slip["value"] - given["answer"]) <= 2 * given["tolerance"]:
            raise ValueError(f"{where}, slip {i}: {slip['value']} is too near the right answer to be told from it")
        slips.append(Option(str(slip["value"]), False, slip["feedback"]))
    numbers = float(given["answer"]), float(given["tolerance"])
    return Question("number", given["stem"], tuple(slips), *numbers, given["recompute"], given["right"], given["wrong"])


def _text(given: dict, key: str, where: str) -> None:
    if not isinstance(given.get(key), str) or not given[key].strip():
        raise ValueError(f"{where}: `{key}` is {given.get(key)!r}; it must be a text (put it in quotation marks)")


def _only(given: dict, known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise ValueError(f"{where}: does not know `{key}`{nearest(key, known)}")


def page(quiz: Quiz) -> str:
    """The whole quiz as HTML: style, questions, answers to unfold, script."""
    questions = "".join(_form(quiz, number, question) for number, question in enumerate(quiz.questions, 1))
    answers = "".join(f"<li>{_answer(question)}</li>" for question in quiz.questions)
    words = html.escape(json.dumps(WORDS, sort_keys=True))
    return (
        f'<div class="lm-quiz" data-quiz="{html.escape(quiz.name)}" data-words="{words}">'
        f"<style>{_asset('quiz.css')}</style>{questions}"
        '<p class="lm-quiz-score" role="status"></p>'
        f"<details><summary>{WORDS['answers']}</summary><ol>{answers}</ol></details>"
        f"<script>{_asset('quiz.js')}</script></div>"
    )


def _form(quiz: Quiz, number: int, question: Question) -> str:
    """One question as a form; feedback travels in `data-` attributes until it is asked for."""
    fields = _number_field(question) if question.kind == "number" else _choices(question)
    button = "" if question.kind == "one" else f'<button type="submit">{WORDS["check"]}</button>'
    note = f'<p class="lm-quiz-note">{WORDS["many"]}</p>' if question.kind == "many" else ""
    return (
        f'<form class="lm-quiz-question" data-kind="{question.kind}"><fieldset>'
        f"<legend>{number}. {inline(question.stem)}</legend>{note}{fields}{button}"
        '<div class="lm-quiz-feedback" role="status" aria-live="polite"></div></fieldset></form>'
    )


def _choices(question: Question) -> str:
    control = "radio" if question.kind == "one" else "checkbox"
    return "".join(
        f'<label><input type="{control}" name="choice" data-correct="{str(option.correct).lower()}" '
        f'data-feedback="{html.escape(inline(option.feedback))}"><span>{inline(option.text)}</span></label>'
        for option in question.options
    )


def _number_field(question: Question) -> str:
    slips = [{"value": float(o.text), "feedback": inline(o.feedback)} for o in question.options]
    facts = {
        "answer": question.answer,
        "tolerance": question.tolerance,
        "right": inline(question.right),
        "wrong": inline(question.wrong),
        "slips": slips,
    }
    return (
        f'<label class="lm-quiz-number">{WORDS["number"]} <input type="text" inputmode="decimal" autocomplete="off" '
        f'data-number="{html.escape(json.dumps(facts))}"></label>'
    )


def _answer(question: Question) -> str:
    if question.kind == "number":
        return f"<b>{question.answer:g}</b>. {inline(question.right)}"
    lines = (
        f"<li>{'✓' if o.correct else '✗'} <i>{inline(o.text)}</i> {inline(o.feedback)}</li>" for o in question.options
    )
    return f"<ul>{''.join(lines)}</ul>"


def inline(text: str) -> str:
    """A line of text as HTML: everything is escaped; `code`, **bold** and *italic* are understood.

    >>> inline("a <b> in `x < 1` is *not* bold")
    'a &lt;b&gt; in <code>x &lt; 1</code> is <i>not</i> bold'
    """
    parts = re.split(r"`([^`]+)`", html.escape(" ".join(text.split()), quote=False))
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = f"<code>{part}</code>"
        else:
            part = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", part)
            parts[i] = re.sub(r"(?<![\w*])\*(?=\S)(.+?)(?<=\S)\*(?![\w*])", r"<i>\1</i>", part)
    return "".join(parts)


@cache
def _asset(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")
