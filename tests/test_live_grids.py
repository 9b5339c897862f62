"""The explorers of stored grids in the browser: every cell, by hand, by keyboard, by touch; for all; by links."""

import re

import numpy as np
import pytest
from live_book import AXE, begin, copied, number, outside, put_in, run, settled, wake

import lmtutorial as lt
from lmtutorial import render
from lmtutorial.widgets import grids

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SITES = {"residual stream": "residual", "attention": "attention", "MLP": "mlp", "heads": "heads"}
# The texts of all cells, row by row, as far as they are shown.
CELLS = """(grid) => [...grid.tBodies[0].rows].map((row) =>
  [...row.cells].slice(1).map((cell) => cell.querySelector("span").textContent))"""
OPACITIES = """(grid) => [...grid.tBodies[0].rows].map((row) =>
  [...row.cells].slice(1).map((cell) => Number(cell.style.backgroundColor.match(/[\\d.]+(?=\\))/)[0])))"""
PLACE = "(({ parentElement: row, cellIndex: i }) => [row.sectionRowIndex, i - 1])(document.activeElement)"
FOCUSED = "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"


def prompts(name: str) -> list[dict]:
    return grids.load_grids(name).prompts


def grid(page):
    return page.explorer.get_by_role("grid")


def cell(page, row: int, column: int):
    return grid(page).locator("tbody tr").nth(row).locator("td").nth(column)


def detail(page) -> str:
    return page.explorer.locator(".lmx-grid-detail").inner_text()


def place_of_focus(page) -> list[int]:
    return page.evaluate(PLACE)


# ---------------------------------------------------------------------------------------------------- what is shown


def test_every_cell_of_a_patching_grid_shows_its_stored_score(made):
    page = made(("patching_grid", {}))
    for number_of_prompt, prompt in enumerate(prompts("patching-grids")):
        page.explorer.get_by_label("Prompt", exact=True).select_option(index=number_of_prompt)
        for label, site in SITES.items():
            page.explorer.get_by_label(label, exact=True).check()
            page.wait_for_timeout(50)
            expected = [[render.number(score) for score in row] for row in prompt["grids"][site]]
            assert grid(page).evaluate(CELLS) == expected, (prompt["clean"], site)
    assert page.troubles == []


def test_a_patching_grid_opens_at_its_strongest_cell_and_says_what_it_does(made):
    page = made(("patching_grid", {"site": "attention"}))
    prompt = prompts("patching-grids")[0]
    scores = np.array(prompt["grids"]["attention"])
    layer, place = np.unravel_index(np.argmax(np.abs(scores)), scores.shape)
    chosen = grid(page).locator("[aria-selected=true]")
    assert chosen.count() == 1 and chosen.get_attribute("aria-label") == render.number(scores[layer, place])
    said = detail(page)
    assert said.startswith(f"Layer {layer}, token {place}, “{prompt['tokens'][place]}”")
    start, goal = prompt["corrupted_difference"], prompt["clean_difference"]
    told, score = [number(n) for n in re.findall(r"[+−]?\d+\.\d\d", said)], scores[layer, place]
    assert told == pytest.approx([score, start, start + score * (goal - start), goal], abs=0.006)


def test_the_prompts_are_shown_with_the_tokens_in_which_they_differ(made):
    page = made(("patching_grid", {}))
    prompt = prompts("patching-grids")[0]
    differ = [pair for pair in zip(prompt["tokens"], prompt["corrupted_tokens"], strict=True) if pair[0] != pair[1]]
    lines = page.explorer.locator(".lmx-grid-prompt p").all()
    assert prompt["clean"] in lines[0].inner_text() and prompt["corrupted"] in lines[1].inner_text()
    for line, mine in zip(lines, zip(*differ, strict=True), strict=True):
        assert line.locator("u").all_inner_texts() == list(mine)
    heads = page.explorer.locator("th.lmx-grid-differs").all_inner_texts()
    assert heads == [" | ".join(token.strip() for token in pair) for pair in differ]


def test_every_cell_of_the_lens_shows_the_likeliest_piece(made):
    page = made(("lens_grid", {}))
    for number_of_prompt, prompt in enumerate(prompts("lens-grids")):
        page.explorer.get_by_label("Prompt", exact=True).select_option(index=number_of_prompt)
        page.wait_for_timeout(50)
        expected = [[render.visible(cell[0][0]).strip() for cell in row] for row in prompt["top"]]
        assert grid(page).evaluate(CELLS) == expected, prompt["text"]
    assert page.troubles == []


def test_the_detail_of_the_lens_lists_three_pieces_and_the_target(made):
    page = made(("lens_grid", {"layer": 20, "place": 1}))
    prompt = prompts("lens-grids")[0]
    said = detail(page)
    assert said.startswith(f"Behind {prompt['layers'][20]}, at “{prompt['tokens'][1]}”:")
    for piece, p in prompt["top"][20][1]:
        assert f"“{render.visible(piece)}” " in said
        shown = re.search(re.escape(f"“{render.visible(piece)}” ") + r"([\d.]+) %", said)
        assert shown is None or abs(float(shown[1]) - 100 * p) < 0.51
    assert f"Asked about: “{prompt['target']}”" in said


def test_the_probability_of_the_target_grows_darker_by_powers_of_ten(made):
    page = made(("lens_grid", {"show": "target"}))
    prompt = prompts("lens-grids")[0]
    tints = grid(page).evaluate(OPACITIES)
    with np.errstate(divide="ignore"):
        steps = np.maximum(0, 1 + np.log10(np.array(prompt["target_p"])) / 6)
    np.testing.assert_allclose(tints, render.STRONGEST * steps, atol=0.004)  # browsers keep 255 steps
    assert page.explorer.get_by_text("tenfold by equal steps").is_visible()


# ------------------------------------------------------------------------------------- by mouse, by keyboard, by touch


def test_the_cell_under_the_pointer_is_told_and_then_the_chosen_one_again(made):
    page = made(("patching_grid", {"layer": 5, "place": 2}))
    before = detail(page)
    assert before.startswith("Layer 5, token 2")
    cell(page, 9, 3).hover()
    assert detail(page).startswith("Layer 9, token 3")
    page.explorer.locator(".lmx-title").hover()
    assert detail(page) == before
    cell(page, 9, 3).click()
    page.explorer.locator(".lmx-title").hover()
    assert detail(page).startswith("Layer 9, token 3")


def test_the_grid_is_walked_with_the_arrow_keys_and_not_beyond_its_edges(made):
    page = made(("patching_grid", {"layer": 3, "place": 2}))
    last = [29, len(prompts("patching-grids")[0]["tokens"]) - 1]
    page.explorer.get_by_label("residual stream").focus()
    page.keyboard.press("Tab")
    assert place_of_focus(page) == [3, 2]
    for key, place in (
        ("ArrowRight", [3, 3]), ("ArrowDown", [4, 3]), ("ArrowLeft", [4, 2]), ("ArrowUp", [3, 2]),
        ("PageDown", [8, 2]), ("PageUp", [3, 2]), ("PageUp", [0, 2]), ("ArrowUp", [0, 2]), ("Home", [0, 0]),
        ("ArrowLeft", [0, 0]), ("End", [0, last[1]]), ("Control+End", last), ("ArrowDown", last),
        ("Control+Home", [0, 0]),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert place_of_focus(page) == place, key
        assert detail(page).startswith(f"Layer {place[0]}, token {place[1]}")
    assert grid(page).locator("td[tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Start again"
    page.keyboard.press("Shift+Tab")
    assert place_of_focus(page) == [0, 0]


def test_cells_and_heads_have_names_for_screen_readers(made):
    page = made(("patching_grid", {}), ("lens_grid", {}))
    prompt = prompts("patching-grids")[0]
    assert cell(page, 7, 1).get_attribute("aria-label") == render.number(prompt["grids"]["residual"][7][1])
    heads = grid(page).get_by_role("columnheader").evaluate_all("(all) => all.map((one) => one.ariaLabel)")
    spoken = [f"token {i}, “{token}”" for i, token in enumerate(prompt["tokens"])]
    assert all(head.startswith(name) for head, name in zip(heads, spoken, strict=True))
    assert grid(page).get_by_role("rowheader", name="layer 12", exact=True).count() == 1
    lens = page.locator("#explorer-second").get_by_role("grid")
    (piece, _), *_ = prompts("lens-grids")[0]["top"][-1][-1]
    assert lens.get_by_role("gridcell").last.get_attribute("aria-label").startswith(f"“{piece}” ")


@pytest.mark.parametrize("kind", ["lens_grid", "patching_grid"])
def test_a_tap_on_a_phone_is_answered_in_sight(made, kind):
    page = made((kind, {}), width=360, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for row in (2, 26):
        target = cell(page, row, 12)
        target.scroll_into_view_if_needed()
        target.tap()
        assert target.get_attribute("aria-selected") == "true"
        box, line = target.bounding_box(), page.explorer.locator(".lmx-grid-detail").bounding_box()
        assert box["width"] >= 15 and box["height"] >= 20
        top, bottom = line["y"], line["y"] + line["height"]
        assert top >= 0 and bottom <= 900 and not top <= box["y"] < bottom


# ------------------------------------------------------------------------------------------- links, files, for everyone


@pytest.mark.parametrize(("kind", "label"), [("lens_grid", "the probability of one word"), ("patching_grid", "heads")])
def test_a_link_opens_what_its_sender_saw(made, kind, label):
    page = made((kind, {}))
    first = settled(page)
    page.explorer.get_by_label("Prompt", exact=True).select_option(index=1)
    page.explorer.get_by_label(label, exact=True).check()
    page.wait_for_timeout(50)
    cell(page, 17, 4).click()
    page.wait_for_function("location.hash.includes('layer=17')")
    sent = copied(page.explorer, "Copy link")
    assert sent == page.url
    other = made((kind, {}), awake=False, link=sent.partition("#")[2])
    other.locator("#explorer-first[data-live]").wait_for()
    assert settled(other) == settled(page) != first
    assert detail(other) == detail(page)
    other.explorer.get_by_role("button", name="Start again").click()
    other.wait_for_function("!location.hash")
    assert settled(other) == first and page.troubles == other.troubles == []


def test_nonsense_in_a_link_does_no_harm(made):
    page = made(("lens_grid", {}), ("patching_grid", {}))
    nonsense = ["prompt=99&layer=1e9&place=-7&show=x&site=constructor", "prompt=-1&layer=NaN&place=2.7", "prompt=x"]
    for name in ("first", "second"):
        for values in nonsense:
            page.evaluate("(hash) => { location.hash = hash; }", f"explorer=explorer-{name}&{values}")
            page.wait_for_timeout(150)
            assert page.locator(f"#explorer-{name} [aria-selected=true]").count() == 1
    assert page.troubles == []


def test_from_a_file_and_without_a_network(chromium, html):
    page, home = begin(chromium, 390, "dark"), f"{html.as_uri()}/"
    page.goto(put_in(page, html, home, ("lens_grid", {}), ("patching_grid", {})))
    wake(page)
    assert page.locator("[role=gridcell]").count() > 600
    assert page.troubles == [] and outside(page, home) == []
    page.context.close()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing(made, width, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    lens = [("lens_grid", {"show": show}) for show in ("top", "target")]
    page = made(*lens, *(("patching_grid", {"site": site}) for site in ("residual", "heads")), theme=theme, width=width)
    found = axe.run(page, context=".lm-explorer", options=AXE)
    assert found.violations_count == 0, found.generate_report()


def test_on_paper_the_detail_stays_in_its_place(made):
    page = made(("patching_grid", {}))
    page.emulate_media(media="print")
    shown = page.explorer.locator(".lmx-grid-detail").evaluate("(line) => getComputedStyle(line).position")
    assert shown == "static" and grid(page).is_visible()


# --------------------------------------------------------------------------------------------------- the same in Python


@pytest.mark.parametrize("site", ["residual", "heads"])
def test_the_copied_python_computes_the_score_of_the_cell(made, llm, monkeypatch, site):
    monkeypatch.setattr(lt, "load_model", lambda name: llm)
    page = made(("patching_grid", {"site": site}))
    _, printed = run(copied(page.explorer))
    shown = number(detail(page).split(": ")[1])
    assert float(printed.strip(" []\n")) == pytest.approx(shown, abs=0.006) and abs(shown) > 0.02


def test_the_copied_python_lists_the_pieces_of_the_cell(made, llm, monkeypatch):
    monkeypatch.setattr(lt, "load_model", lambda name: llm)
    page = made(("lens_grid", {"layer": 25, "place": 3}))
    _, printed = run(copied(page.explorer))
    listed, p = re.fullmatch(r"(\[.*\]) (\S+)\n", printed).groups()
    prompt = prompts("lens-grids")[0]
    stored = prompt["top"][25][3]
    assert [piece for piece, _ in eval(listed)] == [piece for piece, _ in stored]
    assert [p for _, p in eval(listed)] == pytest.approx([p for _, p in stored], abs=0.001)
    assert float(p) == pytest.approx(prompt["target_p"][25][3], rel=0.01, abs=0.001)
