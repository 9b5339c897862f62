"""What a reader sees of an explanation."""

import re

import numpy as np
import pytest

from lmtutorial import render
from lmtutorial.explainers.explanation import Explanation

TEXT = "Not <b>bad</b>, is it?"
SPANS = ((0, 3), (7, 10), (16, 18), (19, 21))
E = Explanation(
    TEXT,
    SPANS,
    np.array([-1.5, 0.75, 0.001, 0.0]),
    "positive",
    "logit",
    2.0,
    0.1,
    "occlusion",
    diagnostics={"probability": 0.88},
)


def test_what_the_reader_typed_is_text_and_never_html():
    page = E._repr_html_()
    assert "<b>" not in page and "&lt;b&gt;" in page
    nasty = '<script>alert("x")</script>'
    e = Explanation(nasty, ((0, len(nasty)),), np.array([1.0]), "<i>", "logit", 1.0, 0.0, '"><script>')
    assert "<script>" not in e._repr_html_() and "<i>" not in e._repr_html_()


def test_the_text_stands_there_whole_with_its_punctuation():
    stripped = re.sub(r'<span style="font-size.*?</span>', "", E._repr_html_().split('role="list"', 1)[1])
    assert re.sub(r"<[^>]*>", "", stripped.split(">", 1)[1]) == render.clean(TEXT)


def test_sign_and_number_stand_beside_the_colour():
    page = E._repr_html_()
    assert "▼\N{MINUS SIGN}1.50" in page and "▲+0.75" in page
    assert page.count(">0.00<") == 2, "what rounds to zero has neither sign nor arrow"
    assert repr(E).splitlines()[1].startswith("Not  \N{MINUS SIGN}1.50")


def test_the_heading_names_target_answer_and_method():
    assert E._heading() == "positive: probability 0.88 (logit +2.00) · method: occlusion"


def test_lone_surrogates_and_nul_can_be_written_to_a_page():
    e = Explanation("\ud800a\x00", ((0, 3),), np.array([1.0]), "t", "logit", 1.0, 0.0, "m")
    assert "\x00" not in e._repr_html_()
    e._repr_html_().encode("utf-8")


def luminance(colour) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize(
    "page, ink", [((255, 255, 255), (33, 37, 41)), ((18, 18, 18), (206, 214, 221)), ((30, 30, 30), (227, 227, 227))]
)
@pytest.mark.parametrize("colour", [render.FOR, render.AGAINST])
def test_text_on_the_strongest_colour_keeps_its_contrast_on_light_and_dark_pages(page, ink, colour):
    blended = [render.STRONGEST * c + (1 - render.STRONGEST) * p for c, p in zip(colour, page, strict=True)]
    light, dark = sorted([luminance(blended), luminance(ink)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_one_scale_makes_two_texts_comparable():
    assert render.opacity(1.0, 2.0) == render.STRONGEST / 2
    assert render.opacity(0.0, 0.0) == 0.0


def test_scores_that_do_not_belong_to_the_words_are_refused():
    with pytest.raises(ValueError, match="4 words and 1 scores"):
        Explanation(TEXT, SPANS, np.array([1.0]), "t", "logit", 1.0, 0.0, "m")
