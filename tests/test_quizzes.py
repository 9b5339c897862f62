"""Quizzes are sound data, their numbers are what a computation gives, and they are drawn the same every time."""

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from lmtutorial import quizzes

SAMPLE = Path(__file__).parent / "sample_quiz.yml"
FILES = [SAMPLE, *sorted((quizzes.data_folder() / "quizzes").glob("*.yml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_quiz_is_well_formed_and_every_option_has_its_own_feedback(file):
    for question in quizzes.read(file).questions:
        feedback = [option.feedback for option in question.options]
        assert len(set(feedback)) == len(feedback), question.stem


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_numeric_answer_is_what_its_computation_gives(file):
    for question in quizzes.read(file).questions:
        if question.kind == "number":
            value = eval(question.recompute, {"math": math, "np": np})
            assert abs(float(value) - question.answer) <= question.tolerance, f"{question.stem}: {value}"
            assert not re.fullmatch(r"[\d.]+", question.recompute.strip()), "the computation only repeats the answer"


def test_the_right_option_does_not_always_stand_in_one_place():
    places = [
        [o.correct for o in q.options].index(True)
        for f in FILES[1:]
        for q in quizzes.read(f).questions
        if q.kind == "one"
    ]
    assert len(places) < 5 or max(places.count(p) for p in set(places)) / len(places) < 0.6


def test_the_right_option_is_seldom_the_longest():
    """With four options chance alone makes it so in a quarter of the questions."""
    longest = [
        max(q.options, key=lambda option: len(option.text)).correct
        for f in FILES[1:]
        for q in quizzes.read(f).questions
        if q.kind == "one"
    ]
    assert len(longest) < 5 or sum(longest) / len(longest) < 0.4


def test_the_page_is_the_same_every_time_and_light():
    quiz = quizzes.read(SAMPLE)
    assert quizzes.page(quiz) == quizzes.page(quizzes.read(SAMPLE))
    assert len(quizzes.page(quiz)) < 20_000


def test_the_page_fetches_nothing_and_every_control_has_a_label():
    seen = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            seen.append((tag, dict(attributes)))

    page = quizzes.page(quizzes.read(SAMPLE))
    Reader().feed(page)
    assert not any({"src", "href"} & set(attributes) for _, attributes in seen)
    assert "http" not in page
    controls = [i for i, (tag, _) in enumerate(seen) if tag == "input"]
    assert len(controls) == 6 and all("label" in (seen[i - 1][0], seen[i - 2][0]) for i in controls)


def test_text_of_a_quiz_is_text_and_never_html():
    page = quizzes.page(quizzes.read(SAMPLE))
    assert "<b>output</b>" not in page and "&lt;b&gt;output&lt;/b&gt;" in page


def test_the_answers_can_be_unfolded_without_a_script():
    page = quizzes.page(quizzes.read(SAMPLE))
    answers = page[page.index("<details>") : page.index("</details>")]
    assert "It hesitates between four words." in answers and answers.count("✓") == 3


def test_show_draws_html_with_a_plain_text_twin(monkeypatch):
    drawn = []
    monkeypatch.setattr(quizzes, "load", lambda name: quizzes.read(SAMPLE))
    monkeypatch.setattr(quizzes, "display", drawn.append)
    assert quizzes.show("anything") is None
    assert (
        drawn[0]._repr_html_().startswith('<div class="lm-quiz"') and repr(drawn[0]) == "Quiz: sample_quiz, 3 questions"
    )


def broken(tmp_path, change) -> Path:
    content = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    change(content)
    file = tmp_path / "broken.yml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("question 1: `kind` is 'single'", lambda c: c["questions"][0].update(kind="single")),
        ("question 1, option 2: `feedback` is None", lambda c: c["questions"][0]["options"][1].pop("feedback")),
        ("question 1: 0 options are correct", lambda c: c["questions"][0]["options"][0].update(correct=False)),
        ("question 1: 2 options are correct", lambda c: c["questions"][0]["options"][1].update(correct=True)),
        ("`correct` is 'yes'", lambda c: c["questions"][0]["options"][0].update(correct="yes")),
        ("did you mean 'feedback'", lambda c: c["questions"][1]["options"][0].update(feedbak="x")),
        ("question 3: `answer` is 'four'", lambda c: c["questions"][2].update(answer="four")),
        ("question 3: `recompute` is None", lambda c: c["questions"][2].pop("recompute")),
        ("too near the right answer", lambda c: c["questions"][2]["slips"][0].update(value=4.001)),
        ("wants a list called `questions`", lambda c: c.pop("questions")),
    ],
)
def test_a_broken_quiz_is_refused_with_the_place_and_the_reason(tmp_path, says, change):
    with pytest.raises(ValueError) as caught:
        quizzes.read(broken(tmp_path, change))
    assert says in str(caught.value) and "broken.yml" in str(caught.value)


def test_what_is_not_yaml_is_refused(tmp_path):
    file = tmp_path / "broken.yml"
    file.write_text("questions: [", encoding="utf-8")
    with pytest.raises(ValueError, match="broken.yml is not readable as YAML"):
        quizzes.read(file)


def test_an_unknown_quiz_is_refused():
    with pytest.raises(ValueError, match="there is no quiz '01_why'"):
        quizzes.load("01_why")


def opened(chromium, tmp_path, theme="light"):
    from tools.screenshots import new_page

    file = tmp_path / "quiz.html"
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>t</title><body>{quizzes.page(quizzes.read(SAMPLE))}"
    )
    file.write_text(page, encoding="utf-8")
    tab = new_page(chromium, 390, theme)
    tab.goto(file.as_uri())
    return tab


@pytest.mark.browser
def test_a_click_is_answered_with_the_options_own_feedback(chromium, tmp_path):
    tab = opened(chromium, tmp_path)
    one = tab.locator("form").nth(0)
    one.locator("label").nth(1).click()
    assert "Two models with one accuracy" in one.locator(".lm-quiz-feedback").inner_text()
    one.locator("label").nth(0).click()
    assert one.locator(".lm-quiz-feedback").inner_text().startswith("✓ Right.")
    assert tab.locator(".lm-quiz-score").inner_text() == "1 of 3 answered rightly."


@pytest.mark.browser
def test_many_and_numbers_are_judged_and_the_end_is_said(chromium, tmp_path):
    tab = opened(chromium, tmp_path)
    tab.locator("form").nth(0).locator("label").nth(0).click()
    many, number = tab.locator("form").nth(1), tab.locator("form").nth(2)
    many.locator("label").nth(0).click()
    many.locator("button").click()
    assert "there is more to tick" in many.locator(".lm-quiz-feedback").inner_text()
    assert many.locator(".lm-quiz-feedback p.wrong").count() == 0, "what is missing makes nothing wrong"
    many.locator("label").nth(1).click()
    many.locator("button").click()
    told = many.locator(".lm-quiz-feedback p.right").all_inner_texts()
    assert len(told) == 3, "what was rightly left out is commented too"
    assert told[0].startswith("✓ Right. a table of") and told[2].startswith("✓ Rightly left out. a classifier with")
    for typed, says in (
        ("four", "type a number"),
        ("1/0", "type a number"),
        ("8/", "type a number"),
        ("1.386", "cross-entropy"),
        ("7", "minus the mean"),
        ("4,0", "four words"),
        ("8/2", "four words"),
    ):
        number.locator("input").fill(typed)
        number.locator("input").press("Enter")
        assert says in number.locator(".lm-quiz-feedback").inner_text()
    assert tab.locator(".lm-quiz-score").inner_text() == "All 3 answered rightly."


@pytest.mark.browser
def test_a_quiz_is_answered_by_keyboard_alone_and_fits_a_phone(chromium, tmp_path):
    tab = opened(chromium, tmp_path)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Space")
    assert "Right." in tab.locator(".lm-quiz-feedback").nth(0).inner_text()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
