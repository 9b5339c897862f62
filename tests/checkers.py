"""The tests that a chapter's checkers have to pass, given right answers and typical mistakes."""

import pytest

from lmtutorial import checks


def asked_of_checkers(right: list[tuple], wrong: list[tuple]):
    """Three tests for a module to hold: right answers pass, mistakes are named, and no answer at all is no crash.

    Args:
        right: (name of a checker, function that is right).
        wrong: (name of a checker, function that is not, name of its mistake).
    """

    @pytest.mark.parametrize("name, function", right)
    def right_answers_pass(name, function):
        assert getattr(checks, name).result(function).status == "passed"

    @pytest.mark.parametrize("name, function, mistake", wrong)
    def mistakes_are_named(name, function, mistake):
        result = getattr(checks, name).result(function)
        assert (result.status, result.mistake) == ("failed", mistake)
        assert "{" not in result.message, "a value is missing from the message"

    @pytest.mark.parametrize("name", sorted({name for name, _ in right}))
    def an_empty_answer_is_not_a_crash(name):
        assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"

    return right_answers_pass, mistakes_are_named, an_empty_answer_is_not_a_crash
