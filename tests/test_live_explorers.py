"""What each explorer in the book does, by hand and by keyboard, and that Python computes the same."""

import functools
import re

import numpy as np
import pytest
from live_book import LANDING, begin, copied, number, painted, run, settled, tokens, wake, write

import lmtutorial as lt
from benchmarks.live_pages import long_text
from benchmarks.live_speed import traced

pytestmark = [pytest.mark.browser, pytest.mark.slow]
OATMEAL = "It has all the excitement of eating oatmeal."
METHODS = ("integrated gradients", "occlusion", "LIME", "sampled Shapley", "saliency", "input × gradient")
# A number shown with two digits may be half of the last one off; page and Python agree to a thousandth.
SHOWN = 0.005 + 0.001


@pytest.fixture(scope="module", autouse=True)
def models_loaded_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lt, "load_model", functools.cache(lt.load_model))
        yield


@pytest.fixture
def landing(visit, home):
    page = visit(home + LANDING)
    wake(page)
    return page


# --------------------------------------------------------------------------------------------------------- a sentence


def test_typing_changes_prediction_words_and_table(landing):
    explorer = landing.locator(".lm-explorer")
    explorer.get_by_text("All scores as a table").click()
    before = explorer.locator(".lmx-table tbody").inner_text()
    write(landing, "A wonderful, moving film.")
    e = lt.explain(lt.load_model("reviews-lstm"), "A wonderful, moving film.", method="occlusion")
    words, numbers = tokens(explorer)
    assert words == e.tokens and np.abs(np.array(numbers) - e.scores).max() < SHOWN
    assert explorer.locator(".lmx-verdict-name").inner_text() == "positive"
    share = number(explorer.locator(".lmx-verdict-share").inner_text())
    assert abs(share - 100 * e.diagnostics["probability"]) < 0.6
    rows = explorer.locator(".lmx-table tbody tr").all_inner_texts()
    assert explorer.locator(".lmx-table tbody").inner_text() != before
    assert [row.split("\t")[0] for row in rows] == e.tokens
    assert np.abs([number(row.split("\t")[1]) for row in rows] - e.scores).max() < 0.002
    spoken = explorer.locator("[aria-live=polite].lmx-hidden")
    strongest = words[int(np.argmax(np.abs(e.scores)))]
    landing.wait_for_function("(line) => line.textContent.includes('Strongest')", arg=spoken.element_handle())
    assert spoken.inner_text().startswith("positive: ") and f"words: {strongest} +" in spoken.inner_text()


@pytest.fixture(scope="module")
def open_landing(chromium, home):
    page = begin(chromium)
    page.goto(home + LANDING)
    wake(page)
    yield page
    page.context.close()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_what_the_copied_python_computes(open_landing, method):
    page = open_landing
    explorer = page.locator(".lm-explorer")
    page.evaluate("window.asked.length = 0")
    explorer.get_by_label(method, exact=True).check()
    page.wait_for_timeout(100)
    write(page, f"Not a bad film, {len(method)} stars: “{method}” is all the excitement that it has.")
    lines = copied(explorer)
    assert lines.startswith('import lmtutorial as lt\n\nmodel = lt.load_model("reviews-lstm")\nlt.explain(model, ')
    ((e,), _) = run(lines)
    words, numbers = tokens(explorer)
    assert words == e.tokens and np.abs(np.array(numbers) - e.scores).max() < SHOWN
    assert len(set(numbers)) > 5


def test_two_sentences_side_by_side_on_one_scale(landing):
    explorer = landing.locator(".lm-explorer")
    with painted(landing, text=OATMEAL):
        explorer.get_by_role("button", name="Compare with a second sentence").click()
    assert landing.evaluate("document.activeElement === document.querySelectorAll('.lm-explorer textarea')[1]")
    landing.keyboard.press("Control+a")
    with painted(landing, text="All oatmeal."):
        landing.keyboard.type("All oatmeal.", delay=2)
    (first, second), _ = run(copied(explorer))
    words, numbers = tokens(explorer)
    assert words == first.tokens + second.tokens
    assert np.abs(np.array(numbers) - np.concatenate([first.scores, second.scores])).max() < SHOWN


def test_everything_is_reached_and_done_by_keyboard(landing):
    explorer = landing.locator(".lm-explorer")
    explorer.locator(".lmx-title").click()  # so that Tab starts here
    stops = []
    for _ in range(12):
        landing.keyboard.press("Tab")
        stop = landing.evaluate(FOCUSED)
        if stop is None:
            break
        stops.append(stop)
    names = [name for name, _ in stops]
    buttons = ["Compare with a second sentence", "Start again", "Copy link", "Copy as Python"]
    assert names == ["occlusion", "Your sentence", "All scores as a table", *buttons]
    assert all(outlined for _, outlined in stops), f"focus cannot be seen: {stops}"
    explorer.get_by_label("occlusion").focus()
    with painted(landing, method="lime"):
        landing.keyboard.press("ArrowRight")
    landing.keyboard.press("Tab")
    landing.keyboard.press("Control+End")
    landing.keyboard.type(" Not", delay=2)
    with painted(landing, text=f"{OATMEAL} Not", method="lime"):
        landing.keyboard.press("Enter")
    assert explorer.locator("textarea").first.input_value() == f"{OATMEAL} Not"
    landing.keyboard.press("Tab")
    landing.keyboard.press("Enter")
    explorer.locator(".lmx-table tbody tr").nth(8).wait_for()


# The name of what has the focus, and whether that can be seen; null outside of explorers.
FOCUSED = """() => {
  const part = document.activeElement;
  if (!part.closest(".lm-explorer")) return null;
  const frame = part.matches("[type=radio]") ? part.nextElementSibling : part;
  const { outlineStyle, outlineWidth } = getComputedStyle(frame);
  const name = part.labels?.[0]?.innerText ?? part.getAttribute("aria-label") ?? part.innerText;
  return [name, outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
}"""


def test_an_emoji_and_html_are_text(landing):
    explorer = landing.locator(".lm-explorer")
    landing.on("dialog", lambda dialog: pytest.fail(dialog.message))
    write(landing, "😀 a <img src=x onerror=alert(1)> <b>fine</b> film 👩‍👩‍👧")
    words, _ = tokens(explorer)
    assert words == ["a", "img", "src", "x", "onerror", "alert", "1", "b", "fine", "b", "film"]
    assert "😀" in explorer.locator(".lmx-tokens").inner_text()
    assert explorer.locator("img, b:not([class])").count() == 0
    ((e,), _) = run(copied(explorer))
    assert e.tokens == words and landing.troubles == []


def test_what_cannot_be_answered_is_a_sentence_and_the_next_text_is_answered(landing):
    explorer = landing.locator(".lm-explorer")
    area = explorer.locator("textarea").first
    area.fill("")
    explorer.get_by_text("Write a few words.").wait_for()
    area.fill("qzxv")
    explorer.get_by_text("the model knows none of the words of 'qzxv'").wait_for()
    write(landing, "a fine film")
    assert tokens(explorer)[0] == ["a", "fine", "film"]
    assert explorer.locator(".lmx-message:visible").count() == 0 and landing.troubles == []


# ------------------------------------------------------------------------------------------------------ long and slow


@pytest.mark.parametrize("kind", ["sentence", "methods", "path"])
def test_300_pasted_words_never_hold_up_the_page(made, kind):
    """In time of the processor, so that other tests beside this one do not count."""
    page = made((kind, {}))
    text = long_text(300)
    page.explorer.locator("textarea").press("Control+a")
    with traced(page) as longest, painted(page, text=text):
        page.keyboard.insert_text(text)
    assert longest["processor"] < 50
    page.wait_for_function(
        "document.querySelectorAll('.lm-explorer :is(.lmx-token, .lmx-methods tbody tr)').length >= 300"
    )
    assert page.troubles == []


def test_a_newer_text_overtakes_slow_work_on_an_older_one(landing):
    explorer = landing.locator(".lm-explorer")
    explorer.get_by_label("sampled Shapley").check()
    explorer.locator("textarea").first.fill(long_text(300))
    landing.wait_for_timeout(300)
    with painted(landing, text="a short film"):
        explorer.locator("textarea").first.fill("a short film")
    landing.wait_for_timeout(200)
    assert tokens(explorer)[0] == ["a", "short", "film"]
    assert {one["text"] for one in landing.evaluate("window.asked")} == {"a short film"}


# ------------------------------------------------------------------------------------------------ the other explorers


def test_all_methods_at_once_are_those_of_python(made):
    page = made(("methods", {"text": "Not a bad film, but Steven Seagal is in it."}))
    table = page.explorer.locator(".lmx-methods").first
    page.wait_for_function("document.querySelectorAll('.lmx-methods .lmx-waiting').length === 0")
    shown = [[number(cell) for cell in row.locator("td").all_inner_texts()] for row in table.locator("tbody tr").all()]
    (comparison, agreement), _ = run(copied(page.explorer))
    heads = table.locator("thead th").all_inner_texts()[1:]
    names = {"integrated gradients": "integrated_gradients", "LIME": "lime", "sampled Shapley": "permutation_shap"}
    order = [names.get(head, head.replace(" × ", "_x_").replace(" ", "_")) for head in heads]
    assert sorted(order) == sorted(comparison) and len(order) == 6
    assert np.abs(np.array(shown) - comparison.table()[order].to_numpy()).max() < SHOWN
    matrix = page.explorer.locator(".lmx-methods").nth(1).locator("tbody td").all_inner_texts()
    correlations = np.array([number(cell) for cell in matrix]).reshape(6, 6)
    assert np.abs(correlations - agreement.loc[order, order].to_numpy()).max() < 0.02


def test_the_path_is_complete_at_its_end(made):
    page = made(("path", {}))
    place = page.explorer.get_by_label("Place on the path")
    place.press("End")
    page.wait_for_timeout(200)
    ((e,), _) = run(copied(page.explorer))
    words, numbers = tokens(page.explorer)
    assert words == e.tokens and np.abs(np.array(numbers) - e.scores).max() < SHOWN
    account = page.explorer.locator(".lmx-account").inner_text()
    at, baseline, total, output = [number(found) for found in re.findall(r"[+−]?\d+\.\d\d", account)]
    assert at == 1 and abs(baseline + total - output) < 0.02 and abs(total - e.scores.sum()) < 0.01
    assert abs(output - e.output) < SHOWN
    place.press("Home")
    page.wait_for_timeout(200)
    assert set(tokens(page.explorer)[1]) == {0}
    page.explorer.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    page.explorer.get_by_role("button", name="Pause").click()
    assert 0.05 < number(page.explorer.locator("output").inner_text()) < 0.9
    box = page.explorer.locator(".lmx-chart").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 50)
    assert abs(number(page.explorer.locator("output").inner_text()) - 0.5) < 0.1
    assert page.troubles == []


def rows_of(explorer) -> list[tuple[str, str]]:
    """(word, share as it is shown) of each row of the softmax."""
    words, shares = explorer.locator(".lmx-row-word"), explorer.locator(".lmx-row-share")
    return list(zip(words.all_inner_texts(), shares.all_inner_texts(), strict=True))


def same_share(text: str, share: float) -> bool:
    """Whether a probability is shown as it should be: "13 %", "2.8 %", "under 0.1 %"; a cut word has none."""
    if text == "cut" or text.startswith("under"):
        return share == 0 if text == "cut" else share < 0.00105
    return abs(number(text) - 100 * share) < (0.52 if share > 0.0995 else 0.052)


def test_sliders_cut_words_and_a_draw_is_pythons(made):
    page = made(("softmax", {}))
    explorer, text = page.explorer, "After the war, he"
    temperature, top_k, _ = explorer.locator("input[type=range]").all()
    with painted(page, top_k=5):
        top_k.fill("4")  # the fifth place of the slider
    with painted(page, top_k=5):
        for _ in range(40):
            temperature.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert number(explorer.locator("output").first.inner_text()) < 1
    listed, printed = run(copied(explorer))[0], run(copied(explorer))[1].splitlines()
    assert listed == []
    expected = eval(re.sub(r"np\.float64\(([^)]*)\)", r"\1", printed[0]))
    rows = rows_of(explorer)
    assert [word for word, _ in rows] == [word.replace("[END]", "↵ end of line") for word, _ in expected]
    for (_, shown), (_, share) in zip(rows, expected, strict=True):
        assert same_share(shown, share), (rows, expected)
    assert [shown == "cut" for _, shown in rows] == 5 * [False] + 7 * [True]
    assert explorer.locator(".lmx-cut").count() == 7
    assert abs(sum(number(shown) for _, shown in rows[:5]) - 100) < 2
    with painted(page, text=printed[1], do="next"):
        explorer.get_by_role("button", name="Draw a word").click()
    assert explorer.locator("textarea").first.input_value() == printed[1] != text
    assert explorer.get_by_text("Drawn: ").is_visible()
    with painted(page, text=text):
        explorer.get_by_role("button", name="Take it back").click()
    assert rows_of(explorer) == rows and page.troubles == []


def test_a_row_of_the_softmax_shows_its_formula(made):
    page = made(("softmax", {}))
    settled(page)
    page.explorer.locator(".lmx-rows button").nth(2).click()
    word, share = rows_of(page.explorer)[2]
    formula = page.explorer.locator(".lmx-formula")
    formula.get_by_text(f"The formula for “{word}”").wait_for()
    assert formula.locator("b").inner_text() == share
    last = formula.locator(".lmx-fraction").nth(2)
    above, _, below = [part.inner_text() for part in last.locator("> span").all()]
    assert abs(100 * number(above) / number(below) - number(share)) < 0.1


def test_the_next_words_and_why(made):
    page = made(("next_word", {"text": "In 1945, the government of the country"}))
    explorer = page.explorer
    candidates = explorer.locator(".lmx-candidates button")
    ((e,), printed) = run(copied(explorer))
    expected = eval(printed.splitlines()[0])
    assert explorer.locator(".lmx-candidate-word").all_inner_texts() == [word for word, _ in expected]
    shares = explorer.locator(".lmx-candidate-share").all_inner_texts()
    assert all(same_share(shown, share) for shown, (_, share) in zip(shares, expected, strict=True))
    assert tokens(explorer)[0] == e.tokens and np.abs(np.array(tokens(explorer)[1]) - e.scores).max() < SHOWN
    with painted(page, target=expected[2][0]):
        candidates.nth(2).click()
    with painted(page, target=expected[2][0], contrast=expected[0][0]):
        explorer.get_by_label("the runner-up").check()
    assert f"Why “{expected[2][0]}” rather than “{expected[0][0]}”?" in explorer.inner_text()
    ((e,), _) = run(copied(explorer))
    assert (e.target, e.contrast) == (expected[2][0], expected[0][0])
    assert np.abs(np.array(tokens(explorer)[1]) - e.scores).max() < SHOWN
    with painted(page, target="were"):
        explorer.get_by_label("Ask about another word").fill("were")
        page.keyboard.press("Enter")
    assert "Why “were”" in explorer.inner_text() and page.troubles == []


def test_the_model_writes_on_and_a_written_word_is_asked(made):
    page = made(("next_word", {"text": "The city of", "length": 8, "seed": 3}))
    explorer = page.explorer
    explorer.get_by_text("Let the model write on").click()
    with painted(page, do="explain"):
        explorer.get_by_role("button", name="Write", exact=True).click()
    written = explorer.locator(".lmx-written-word")
    assert written.count() == 9
    _, printed = run(copied(explorer))
    text = printed.split("\n", 1)[1].rstrip("\n")
    seen = explorer.locator(".lmx-written").inner_text().replace("↵ end of line", "")
    assert "".join(seen.split()) == "".join(text.split())
    word, before = written.nth(3).inner_text(), written.nth(2).inner_text()
    with painted(page, do="explain"):
        written.nth(3).click()
    assert written.nth(3).get_attribute("aria-pressed") == "true"
    assert f"Why “{word}”?" in explorer.inner_text()
    assert before.replace("↵ end of line", "\n") in tokens(explorer)[0][-1] or before.startswith("↵")
    ((e,), _) = run(copied(explorer))
    assert np.abs(np.array(tokens(explorer)[1]) - e.scores).max() < SHOWN and page.troubles == []


def test_neighbours_and_analogies_are_pythons(made):
    page = made(("map", {"word": "film"}))
    explorer = page.explorer
    near, more = printed_by(explorer)
    assert more[0] == (near[0]["word"], pytest.approx(near[0]["cosine"], abs=0.01))
    assert neighbours(explorer) == [(one["word"], f"{one['cosine']:.2f}") for one in near] and len(near) == 8
    with painted(page, do="near"):
        explorer.get_by_label("A word of the map").fill("oatmeal")
        page.wait_for_timeout(250)
        explorer.get_by_label("A word of the map").fill("country")
    assert "Nearest to “country”" in explorer.inner_text()
    explorer.get_by_label("an analogy").check()
    with painted(page, do="analogy", a="paris"):
        explorer.get_by_role("button", name="paris : france = tokyo").click()
    found, more = printed_by(explorer)
    assert found["words"][0]["word"] in dict(more)
    assert neighbours(explorer) == [(one["word"], f"{one['cosine']:.2f}") for one in found["words"]]
    assert f"paris is to france as tokyo is to {found['words'][0]['word']}" in explorer.inner_text()
    explorer.get_by_label("in its own plane").check()
    explorer.locator("svg text").first.wait_for()
    assert found["words"][0]["word"] in explorer.locator("svg").text_content()
    assert page.troubles == []


def printed_by(explorer) -> list:
    """The values that the copied Python prints: what it did not print, a notebook would show of the last line only."""
    shown, printed = run(copied(explorer))
    assert shown == []
    return [eval(re.sub(r"np\.float\d*\(([^)]*)\)", r"\1", line)) for line in printed.splitlines()]


def neighbours(explorer) -> list[tuple[str, str]]:
    """(word, cosine) of the list, without words that are refused as answers."""
    items = explorer.locator(".lmx-neighbours li:not(.lmx-refused) button")
    return [tuple(item.inner_text().split("\n")) for item in items.all()]


def test_the_map_by_keyboard(made):
    page = made(("map", {"word": "film"}))
    explorer = page.explorer
    explorer.locator("canvas").focus()
    for key in ("0", "+", "+", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    with painted(page, do="near"):
        page.keyboard.press("Enter")
    word = explorer.get_by_label("A word of the map").input_value()
    assert word != "film" and f"Nearest to “{word}”" in explorer.inner_text()
    box = explorer.locator("canvas").bounding_box()
    with painted(page, do="near"):  # after Enter, the word lies in the middle of its neighbours: press one of them
        explorer.locator(".lmx-neighbours button").first.click()
    assert explorer.get_by_label("A word of the map").input_value() != word and box["width"] > 300
