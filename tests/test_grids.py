"""Stored grids of a real LLM as explorers: what the files hold, what their examples show, what is refused."""

import json
import re

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial import files, render
from lmtutorial.widgets import engine, export, grids, stored

KINDS = {"lens_grid": "lens-grids", "patching_grid": "patching-grids"}


def cells(html: str) -> list[list[str]]:
    """The rows of an example's table as texts, heads included."""
    rows = re.split("<tr>", html)[1:]
    return [[re.sub("<[^>]*>", "", cell) for cell in re.split("<t[hd][^>]*>", row)[1:]] for row in rows]


def drawn(kind: str, **state) -> stored.Drawing:
    asked = stored.KINDS[kind]
    model = grids.load_grids(asked.model)
    return asked.draw(lambda request: engine.answer(model, request), {**asked.state, **state})


# The files.


def test_a_lens_has_pieces_with_probabilities_at_every_layer_and_token():
    for prompt in grids.load_grids("lens-grids").prompts:
        shape = (len(prompt["layers"]), len(prompt["tokens"]))
        assert np.shape(prompt["target_p"]) == shape and shape[0] == 31
        assert "".join(prompt["tokens"]) == prompt["text"]
        likely = np.array([[[p for _, p in cell] for cell in row] for row in prompt["top"]])
        assert likely.shape == (*shape, 3) and (np.diff(likely, axis=-1) <= 0).all() and likely.max() <= 1


def test_the_target_of_a_lens_has_the_probability_that_the_list_gives_it():
    compared = 0
    for prompt in grids.load_grids("lens-grids").prompts:
        for listed, probabilities in zip(prompt["top"], prompt["target_p"], strict=True):
            for cell, p in zip(listed, probabilities, strict=True):
                of = dict(map(tuple, cell))
                if prompt["target"] in of:
                    assert of[prompt["target"]] == pytest.approx(p, abs=0.002)
                    compared += 1
    assert compared > 10


def test_a_patching_grid_has_a_score_for_every_layer_and_token_or_head():
    for prompt in grids.load_grids("patching-grids").prompts:
        shapes = {site: np.shape(grid) for site, grid in prompt["grids"].items()}
        places = (30, len(prompt["tokens"]))
        assert shapes == {"residual": places, "attention": places, "mlp": places, "heads": (30, 9)}
        assert "".join(prompt["tokens"]) == prompt["clean"]
        assert "".join(prompt["corrupted_tokens"]) == prompt["corrupted"]
        assert prompt["clean_difference"] != prompt["corrupted_difference"]


def test_patching_the_last_stream_at_the_last_token_gives_the_clean_answer_and_at_the_others_nothing():
    for prompt in grids.load_grids("patching-grids").prompts:
        last = prompt["grids"]["residual"][-1]
        np.testing.assert_allclose(last, [0] * (len(last) - 1) + [1], atol=0.002)


def test_before_the_first_token_that_differs_there_is_nothing_to_patch():
    for prompt in grids.load_grids("patching-grids").prompts:
        pairs = zip(prompt["tokens"], prompt["corrupted_tokens"], strict=True)
        same = next(i for i, (one, other) in enumerate(pairs) if one != other)
        assert same > 0 and np.abs(np.array(prompt["grids"]["residual"])[:, :same]).max() == 0


def test_the_page_gets_the_prompts_as_they_are_stored():
    for name in grids.FILES:
        manifest, tensors = export.unpacked(grids.pack_grids(name))
        assert manifest["prompts"] == grids.load_grids(name).prompts and tensors == {}
        assert (manifest["kind"], manifest["name"]) == ("grids", "smollm2-135m")
        assert files.path(grids.FILES[name]).stat().st_size < 200_000


# The engine and `lt.explore`.


def test_grids_answer_two_questions_and_no_other():
    model = grids.load_grids("lens-grids")
    about = engine.answer(model, {"do": "about"})
    assert (about["kind"], about["name"], about["code"]) == ("grids", "smollm2-135m", None)
    assert engine.answer(model, {"do": "grids"})["prompts"] == model.prompts
    with pytest.raises(ValueError, match="no question 'explain' here"):
        engine.answer(model, {"do": "explain", "text": "a film"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_the_grid_of_the_page(kind):
    explorer = lt.explore(kind=kind, name="mine")
    html = explorer._repr_mimebundle_()[0]["text/html"]
    assert f'data-kind="{kind}" data-model="{KINDS[kind]}"' in html and 'id="explorer-mine"' in html
    assert "Every third layer" in html and len(html) < 20_000
    assert explorer.example == drawn(kind).text
    json.dumps(explorer.start, allow_nan=False)


REFUSED = [
    ({"kind": "lens_gird"}, "no explorer 'lens_gird'; did you mean 'lens_grid'"),
    ({"kind": "lens_grid", "model": "reviews-lstm"}, "takes no model, got 'reviews-lstm'"),
    ({"kind": "lens_grid", "show": "tops"}, "no show 'tops' here; did you mean 'top'"),
    ({"kind": "patching_grid", "site": "head"}, "no site 'head' here; did you mean 'heads'"),
    ({"kind": "patching_grid", "prompt": "1"}, "prompt must be a int, got '1'"),
    ({"kind": "patching_grid", "prompt": 99}, "there is no prompt 99: they are numbered from 0 to"),
    ({"kind": "lens_grid", "prompt": -1}, "there is no prompt -1"),
    ({"kind": "lens_grid", "site": "heads"}, "has no setting 'site'"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED, ids=[says[:24] for _, says in REFUSED])
def test_what_no_grid_has_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        lt.explore(**given)


# The stored example.


@pytest.mark.parametrize("site", ["residual", "attention", "mlp", "heads"])
def test_an_example_shows_every_third_layer_of_a_patching_grid(site):
    prompt = grids.load_grids("patching-grids").prompts[0]
    head, *rows = cells(drawn("patching_grid", site=site).html)
    columns = [f"head {i}" for i in range(9)] if site == "heads" else [render.visible(t) for t in prompt["tokens"]]
    assert head[1:] == columns
    assert [row[0] for row in rows] == [f"layer {i}" for i in (0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 29)]
    for row in rows:
        layer = int(row[0].split()[1])
        assert row[1:] == [render.number(score) for score in prompt["grids"][site][layer]]


def test_the_colour_of_an_example_says_sign_and_strength():
    html = grids.table("title", ["a"], ["b", "c", "d"], [[("+1", 1.0, 2.0), ("−2", -2.0, 2.0), ("0", 0.0, 2.0)]]).html
    found = re.findall("background:#(......)(..)", html)
    names = [tuple(bytes.fromhex(colour)) for colour, _ in found]
    assert names == [render.FOR, render.AGAINST], "a zero has no colour"
    shares = [int(strength, 16) / 255 for _, strength in found]
    assert shares == pytest.approx([render.STRONGEST / 2, render.STRONGEST], abs=0.003)


def test_an_example_of_the_lens_shows_the_likeliest_piece_or_the_target():
    prompt = grids.load_grids("lens-grids").prompts[0]
    *_, last = cells(drawn("lens_grid").html)
    assert last[1:] == [render.clean(render.visible(cell[0][0])) for cell in prompt["top"][-1]]
    *_, last = cells(drawn("lens_grid", show="target").html)
    assert last[1:] == [f"{p:.2f}" for p in prompt["target_p"][-1]]


def test_tokens_and_pieces_are_text_in_an_example():
    example = grids.table("<b>", ["<i>"], ["<u>"], [[("<s>", 1.0, 1.0)]])
    assert not {"<b>", "<i>", "<u>", "<s>"} & set(re.findall("<[^>]*>", example.html))
    assert example.text.splitlines()[0] == "<b>"


def test_the_same_grids_give_the_same_bytes():
    for kind in KINDS:
        assert drawn(kind) == drawn(kind)
