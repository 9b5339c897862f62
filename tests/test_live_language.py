"""What the explorers of language compute in the page: each against Python, or against what it must keep."""

import functools
import math

import numpy as np
import pytest
from live_engine import folder, run

from lmtutorial.preprocessing import END, join_tokens
from lmtutorial.widgets import bundle, map_data, stored

MODULES = (
    "map.js", "map_camera.js", "map_labels.js", "map_plane.js", "next_word.js", "sampling_controls.js", "softmax.js",
    "softmax_formula.js", "writing.js",
)  # fmt: skip


@functools.cache
def language_library():
    file = folder() / "language.mjs"
    file.write_text(bundle.library(*MODULES), encoding="utf-8")
    return file


def ask(question: str, given):
    return run("language.mjs", language_library(), given={"question": question, "given": given})


# The plane of an analogy ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["man king woman", "paris france rome", "big bigger small", "man doctor woman"])
def test_the_page_reads_from_the_plane_what_lies_in_all_dimensions(question):
    answer = map_data.analogy(*question.split(), top=3)
    words, vectors, _ = map_data.load_map()
    unit = {w: vectors[words.index(w)].astype(float) for w in [*question.split(), answer["words"][0]["word"]]}
    a, b, c, found = (vector / np.linalg.norm(vector) for vector in unit.values())
    total = b - a + c
    measured = ask("measures", answer)
    cosines = [vector @ total / np.linalg.norm(total) for vector in (a, b, c)]
    assert list(measured["cosines"].values()) == pytest.approx(cosines, abs=1e-9)
    assert measured["away"] == pytest.approx(np.linalg.norm(found - total), abs=1e-6)
    assert measured["seen"] < measured["away"]


def test_without_the_rule_the_word_of_the_question_would_win():
    measured = ask("measures", map_data.analogy("man", "doctor", "woman"))
    assert measured["cosines"]["b"] > map_data.analogy("man", "doctor", "woman")["words"][0]["cosine"]


# The map -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(640, 460), (330, 400), (1000, 300)])
def test_the_camera_goes_to_the_map_and_back(width, height):
    points = [[0.45 * width, 0.4 * height], [10, 20], [width - 5, height - 9]]
    places = [[-0.3, 0.2], [0.1, 0.25], [0.05, -0.2]]
    seen = ask("camera", {"width": width, "height": height, "points": points, "places": places})
    np.testing.assert_allclose(seen["back"], points, atol=1e-9)
    assert seen["kept"]
    np.testing.assert_allclose(seen["still"], seen["under"], atol=1e-9)  # what lay under the pointer stays there
    framed = np.array(seen["framed"])
    assert (framed >= 0).all() and (framed <= [width, height]).all()
    assert framed[1][0] > framed[0][0] and framed[2][1] > framed[0][1]  # right is right, and up is up


@pytest.mark.parametrize(("width", "height"), [(640, 460), (330, 400)])
def test_the_word_asked_about_and_all_its_neighbours_have_a_label(width, height):
    words, _, places = map_data.load_map()
    asked = ["dull", "film", "boring", "king", "good", "paris", *words[::150]]
    found = {word: [near["word"] for near in map_data.near([word], top=8)] for word in asked}
    marked = [[words.index(one) for one in (word, *near)] for word, near in found.items()]
    pointed = words.index("funny")
    scenes = [{"marked": one, "hovered": -1} for one in marked] + [{"marked": marked[0], "hovered": pointed}]
    positions = dict(zip("xy", np.array(places, float).T.tolist(), strict=True))
    given = {"width": width, "height": height, "map": {"words": list(words), **positions}, "scenes": scenes}
    free = 0
    for scene, seen in zip(scenes, ask("labels", given), strict=True):
        wanted = [words[place] for place in scene["marked"]]
        labels = {one["text"]: one for one in seen["drawn"]}
        assert set(wanted) <= set(labels), f"{wanted[0]}: {set(wanted) - set(labels)} without a label"
        own = [labels[word] for word in wanted]
        free += not any(overlap(a, b) for a in own for b in seen["drawn"] if a is not b)
    assert free >= len(scenes) - 1  # where nine words stand on one spot, two labels may touch


def overlap(a: dict, b: dict) -> bool:
    beside = a["left"] >= b["right"] or b["left"] >= a["right"]
    return not beside and a["top"] < b["bottom"] and b["top"] < a["bottom"]


# What they open with -------------------------------------------------------------------------------------------------


def test_an_explorer_opens_in_the_page_as_it_does_from_python():
    starts = ask("starts", None)
    names = {"SOFTMAX_START": "softmax", "NEXT_WORD_START": "next_word", "MAP_START": "map"}
    assert set(starts) == set(names)
    for name, kind in names.items():
        assert starts[name] == stored.KINDS[kind].state, kind


# The formula ---------------------------------------------------------------------------------------------------------


def test_powers_are_written_so_that_they_can_be_read():
    powers = [0, math.log(9657), math.log(123_456), 50, 250.0, 800.0, -1, -20.0]
    assert ask("powers", powers) == [
        "1.00", "9,657", "123,456", "5.2 × 10²¹", "3.7 × 10¹⁰⁸", "2.7 × 10³⁴⁷", "0.368", "2.1 × 10⁻⁹"
    ]  # fmt: skip


def test_what_is_off_cuts_nothing_and_is_not_written_in_python():
    states = [
        {"temperature": 1, "top_k": 0, "top_p": 1},
        {"temperature": 0.5, "top_k": 5, "top_p": 0.8},
        {"temperature": 99, "top_k": -3, "top_p": 7},
        {"temperature": 0, "top_k": 2.6, "top_p": 0},
    ]
    off = {"temperature": 1, "top_k": None, "top_p": None}
    assert ask("sampling", states) == [
        [off, {}],
        [states[1], states[1]],
        [{**off, "temperature": 3}, {"temperature": 3}],
        [{"temperature": 0.1, "top_k": 3, "top_p": 0.01}] * 2,
    ]


def test_what_is_set_on_a_slider_is_shown_as_it_is():
    temperatures = [0.1, 0.5, 1, 2, 3, 2.52]
    wanted = {"temperature": temperatures, "top_k": [1, 20, 35, 1000, 0], "top_p": [0.05, 0.8, 0.955, 1]}
    heat, k, p = ask("sliders", wanted)
    assert heat == [[0.1, "0.10"], [0.5, "0.50"], [1, "1.00"], [2, "2.00"], [3, "3.00"], [2.53, "2.52"]]
    assert k == [[1, "1"], [20, "20"], [40, "35"], [1000, "1000"], [0, "off"]]
    assert [value for value, _ in p] == [0.05, 0.8, 0.96, 1] and p[1][1] == "0.80" and p[3][1] == "off"


# The written text ----------------------------------------------------------------------------------------------------


def test_every_written_word_is_found_in_the_text():
    prompt = "He could n't say it"
    tokens = [",", "and", "it", "'s", "the", "i", "in", "it", ".", END, "a", "(", "new", ")", '"', "line", '"', "it"]
    text = prompt + join_tokens(tokens)
    written = {"prompt": prompt, "text": text, "words": tokens}
    spans = ask("spans", written)
    assert [text[start:end] for start, end in spans] == ["\n" if token == END else token for token in tokens]
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))
    places = list(range(len(tokens) + 1))
    contexts = ask("contexts", {"state": {"text": prompt}, "written": written, "places": places})
    assert contexts[:3] == [prompt, prompt, f"{prompt},"]
    assert contexts[places.index(11)] == text[: text.index("\n") + 1]  # the end of a line is a word, and stays
    assert not any(context.endswith(" ") for context in contexts)
    assert ask("contexts", {"state": {"text": prompt}, "written": None, "places": [0, 3]}) == [prompt, prompt]
