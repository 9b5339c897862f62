"""Explorers from Python: their answers are the package's own, their example can be read anywhere, and they live on."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import keras_models
import nbformat
import numpy as np
import pytest
from keras_models import CUT, WORDS
from language_models import small_lm
from live_engine import run

import lmtutorial as lt
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.models.sampling import next_word_probabilities
from lmtutorial.widgets import bundle, engine, grids, stored
from tools import execute, notebooks
from tools.notebooks import WIDGET

TEXT = "It has all the excitement of eating oatmeal."
PROMPT = "The keys to the cabinet"


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def lm():
    return small_lm()


# The engine.


@pytest.mark.parametrize("method", engine.SETTINGS)
def test_an_answer_is_what_lt_explain_computes_with_its_settings(model, method):
    got = engine.answer(model, {"do": "explain", "text": TEXT, "method": method, "seed": 3})
    e = lt.explain(model, TEXT, method, **got["settings"])
    assert got["scores"] == e.scores.tolist() and got["spans"] == [list(span) for span in e.spans]
    assert (got["output"], got["baseline_output"]) == (e.output, e.baseline_output)
    assert got["probability"] == e.diagnostics["probability"] and got["target"] == "positive"
    assert got["unknown"] == [False] * 7 + [True], "the vocabulary has no oatmeal"
    assert got["complete"] == e.complete and got["evaluations"] == e.diagnostics["evaluations"]
    json.dumps(got, allow_nan=False)


def test_the_seed_of_a_request_is_that_of_the_method(model):
    first, again, other = (
        engine.answer(model, {"do": "explain", "text": TEXT, "method": "lime", "seed": seed})["scores"]
        for seed in (1, 1, 2)
    )
    assert first == again and first != other


@pytest.mark.parametrize("name", sorted(keras_models.BUILDERS))
def test_any_keras_model_can_be_explored(name):
    mine = keras_models.build(name)
    about = engine.answer(mine, {"do": "about"})
    assert about["unit"] == mine.unit and about["classes"] == list(mine.classes) and "own model" in about["code"]
    compile(f"model = {about['code']}", "code", "exec")
    got = engine.answer(mine, {"do": "explain", "text": keras_models.REVIEWS[3], "method": "integrated_gradients"})
    e = lt.explain(mine, keras_models.REVIEWS[3], "integrated_gradients", points=32, tolerance=None)
    np.testing.assert_allclose(got["scores"], e.scores, rtol=1e-5, atol=1e-7)
    assert (got["probability"] is None) == (mine.unit == "rating")


def test_a_class_can_be_asked_about_by_name(model):
    got = engine.answer(model, {"do": "explain", "text": TEXT, "method": "occlusion", "target": "negative"})
    assert got["target"] == "negative" and got["settings"] == {"target": "negative"}
    with pytest.raises(ValueError, match="no class 'negativ'; did you mean 'negative'"):
        engine.answer(model, {"do": "explain", "text": TEXT, "target": "negativ"})


def test_one_next_word_is_held_against_another(lm):
    got = engine.answer(lm, {"do": "explain", "text": PROMPT, "method": "occlusion", "target": "are", "contrast": "is"})
    e = lt.explain(lm, PROMPT, "occlusion", target="are", contrast="is")
    np.testing.assert_allclose(got["scores"], e.scores, atol=1e-5)
    assert (got["target"], got["contrast"]) == ("are", "is")
    with pytest.raises(ValueError, match="a contrast .* is for next words"):
        engine.answer(keras_models.build("Sequential LSTM"), {"do": "explain", "text": "a film", "contrast": "is"})


def test_next_words_are_those_of_the_model_before_and_after_the_cut(lm):
    got = engine.answer(lm, {"do": "next", "text": PROMPT, "temperature": 0.5, "top_k": 3, "top": 6})
    assert [(w["word"], pytest.approx(w["plain"])) for w in got["words"]] == lm.next_words(PROMPT, top=6)
    p = next_word_probabilities(lm.step(lm.prompt_ids(PROMPT))[0][0], temperature=0.5, top_k=3)
    assert sorted((w["cut"] for w in got["words"]), reverse=True)[:3] == pytest.approx(sorted(p)[:-4:-1])
    assert got["kept"] == 3 and got["cut_mass"] == pytest.approx(1) and got["size"] == lm.vocabulary_size
    assert got["entropy"] == pytest.approx(-np.sum(p[p > 0] * np.log2(p[p > 0])))
    drawable = engine.answer(lm, {"do": "next", "text": PROMPT, "top": 10_000, "drawable": True})
    assert {w["word"] for w in drawable["words"]} == set(lm.vocabulary[2:])


def test_a_text_is_continued_as_the_model_generates(lm):
    asked = {"length": 9, "temperature": 0.8, "top_k": 12, "top_p": 0.9, "seed": 4}
    got = engine.answer(lm, {"do": "continue", "text": PROMPT, **asked})
    assert got["text"] == lm.generate(PROMPT, **asked) and len(got["words"]) == 9


def test_the_path_leads_from_the_baseline_to_the_text_and_its_slopes_add_up(model):
    got = engine.answer(model, {"do": "path", "text": TEXT, "points": 129})
    e = lt.explain(model, TEXT, "integrated_gradients", points=129, rule="trapezoid", tolerance=None)
    assert got["alphas"] == np.linspace(0, 1, 129).tolist()
    assert (got["outputs"][0], got["outputs"][-1]) == pytest.approx((e.baseline_output, e.output), abs=1e-5)
    slopes = np.array(got["slopes"])  # (points, words)
    np.testing.assert_allclose((slopes[1:] + slopes[:-1]).sum(axis=0) / 256, e.scores, atol=1e-5)


def test_the_map_is_asked_without_a_model():
    whole = engine.answer(None, {"do": "map"})
    assert len(whole["words"]) == len(whole["x"]) == len(whole["y"]) > 1000
    assert engine.answer(None, {"do": "near", "plus": ["film"], "minus": [], "top": 1})["words"][0]["word"] == "movie"
    found = engine.answer(None, {"do": "analogy", "a": "man", "b": "king", "c": "woman"})
    assert found["words"][0]["word"] == "queen" and found["plane"]["a"] == [0, 0]


WRONG = [
    ({"do": "explian"}, "no question 'explian'; did you mean 'explain'"),
    ({"do": "explain", "text": TEXT, "method": "oclusion"}, "did you mean 'occlusion'"),
    ({"do": "explain", "text": TEXT, "method": "smooth_grad"}, "no method 'smooth_grad' here"),
    ({"do": "explain", "text": "  "}, "the text is empty"),
    ({"do": "explain", "text": None}, "a text must be a str"),
    ({"do": "explain", "text": "qqxz"}, "the model knows none of the words of 'qqxz'"),
    ({"do": "explain", "text": "good " * 13, "method": "exact_shapley"}, "at most 12 words"),
    ({"do": "explain", "text": "good " * 2001}, "at most 2000"),
    ({"do": "next", "text": TEXT}, "only a language model"),
    ({"do": "near", "plus": ["qqxz"]}, "the map lacks the word 'qqxz'"),
]


@pytest.mark.parametrize(("request_", "says"), WRONG, ids=[says[:24] for _, says in WRONG])
def test_what_cannot_be_answered_is_a_sentence_for_the_reader(model, request_, says):
    with pytest.raises(ValueError, match=says):
        engine.answer(model, request_)


def test_long_texts_get_fewer_orders_and_as_many_samples_as_words():
    settings = {name: engine.SETTINGS[name](600, 0) for name in ("permutation_shap", "lime")}
    assert settings["permutation_shap"]["evaluations"] == 2 + 2 * 2 * 599 and settings["lime"]["num_samples"] == 601
    assert engine.SETTINGS["permutation_shap"](8, 0)["evaluations"] == 2 + 2 * 10 * 7
    assert engine.SETTINGS["permutation_shap"](1, 0)["evaluations"] == 22


# What `lt.explore` takes.


class Browser:
    """The browser's half of a widget: sends questions, keeps the replies."""

    def __init__(self, widget):
        self.widget, self.replies, self.number = widget, [], 0
        widget.send = self.replies.append

    def ask(self, **request) -> dict:
        self.number += 1
        message = {"view": "v", "number": self.number, "request": request}
        self.widget._handle_custom_msg(message, [])
        reply = self.replies[-1]
        assert len(self.replies) == self.number and (reply["view"], reply["number"]) == ("v", self.number)
        return reply


@pytest.fixture(scope="module")
def explorer(model):
    return lt.explore(model, TEXT, method="occlusion", name="oatmeal")


def test_importing_the_package_and_reading_an_example_need_no_widget_library():
    code = (
        "import sys, lmtutorial as lt, lmtutorial.widgets; from lmtutorial.widgets import engine, stored; lt.explore; "
        "print(*{'anywidget', 'ipywidgets', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_shipped_model_bears_its_name_and_no_other_does(model, tmp_path):
    assert model.name == "reviews-lstm" and keras_models.build("Sequential LSTM").name is None
    small_lm().save(tmp_path)
    assert lt.load_model(tmp_path).name is None


def test_the_kind_follows_from_the_model_and_the_model_from_the_kind(explorer, lm):
    assert explorer.kind == "sentence" and explorer.state["text"] == TEXT
    assert lt.explore(lm, PROMPT).kind == "next_word"
    assert lt.explore(kind="map").start["word"] == "film"
    assert lt.explore(kind="softmax", top_k=5).start["top_k"] == 5


REFUSED = [
    ({"kind": "sentense"}, "no explorer 'sentense'; did you mean 'sentence'"),
    ({"model": "review-lstm"}, "did you mean 'reviews-lstm'"),
    ({"model": 3}, "int is no TextModel: wrap a Keras model"),
    ({"model": "reviews-lstm", "kind": "softmax"}, "'softmax' shows what a language model says next, and reviews-lstm"),
    ({"model": "reviews-lstm", "kind": "map"}, "takes no model"),
    ({"kind": "map", "text": TEXT}, "has no setting 'text'"),
    ({"methd": "lime"}, "no setting 'methd'; did you mean 'method'"),
    ({"method": "line"}, "no method 'line' here; did you mean 'lime'"),
    ({"kind": "next_word", "against": "some"}, "no against 'some' here"),
    ({"seed": "0"}, "seed must be a int, got '0'"),
    ({"seed": True}, "seed must be a int, got True"),
    ({"name": "My explorer"}, "the name of an explorer"),
    ({"text": " "}, "the text is empty"),
    ({"text": "qqxz"}, "knows none of the words"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED, ids=[says[:24] for _, says in REFUSED])
def test_what_cannot_be_explored_is_refused_with_the_nearest_name(given, says):
    with pytest.raises(ValueError, match=says):
        lt.explore(**given)


def test_the_widget_answers_with_the_number_of_the_question(explorer, model):
    browser = Browser(explorer)
    got = browser.ask(do="explain", text="a fine film", method="occlusion")["answer"]
    assert got["scores"] == lt.explain(model, "a fine film").scores.tolist()


def test_whatever_goes_wrong_is_a_message_and_the_widget_answers_afterwards(explorer, monkeypatch):
    browser = Browser(explorer)
    assert browser.ask(do="explain", text="")["error"] == "the text is empty (''): write at least one word"
    assert browser.ask(do="explain", text="a film", seed={"a": 1})["error"].startswith("TypeError: ")
    from lmtutorial.widgets import widget

    def stopped(model, request):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(widget, "answer", stopped)
        assert browser.ask(do="explain", text="a new film")["error"] == "KeyboardInterrupt"
    assert "answer" in browser.ask(do="explain", text="a new film")


def test_what_the_example_was_drawn_from_is_computed_once_more_only_when_asked_again(model, monkeypatch):
    """A reader may train the model in between: only the browser's first question is spared."""
    asked = []
    from lmtutorial.widgets import widget

    monkeypatch.setattr(widget, "answer", lambda model, request: asked.append(request) or engine.answer(model, request))
    browser = Browser(lt.explore(model, TEXT, method="occlusion"))
    request = {"do": "explain", "text": TEXT, "method": "occlusion", "seed": 0}
    first = browser.ask(**request)["answer"]
    assert asked == [request]
    assert browser.ask(**request)["answer"]["scores"] == first["scores"]
    assert asked == [request, request]


def test_weights_never_travel(explorer):
    state = explorer.get_state()
    assert len(json.dumps({k: v for k, v in state.items() if k not in ("_esm", "_css")}, default=str)) < 3000
    assert len(state["_esm"]) < 200_000


# The stored example.


class Page(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_mime_bundle_holds_the_widget_and_its_example(explorer, model):
    data, _ = explorer._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", WIDGET}
    assert data["text/plain"] == repr(lt.explain(model, TEXT))
    page = Page(data["text/html"])
    tag, host = page.tags[0]
    assert (tag, host["class"], host["id"]) == ("div", "lm-explorer", "explorer-oatmeal")
    assert (host["data-kind"], host["data-model"]) == ("sentence", "reviews-lstm")
    assert json.loads(host["data-state"]) == explorer.start
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    assert lt.explain(model, TEXT)._repr_html_() in data["text/html"]


def test_the_example_is_the_same_bytes_every_time(model, explorer):
    again = lt.explore(model, TEXT, method="occlusion", name="oatmeal")
    for kind in ("text/html", "text/plain"):
        assert again._repr_mimebundle_()[0][kind] == explorer._repr_mimebundle_()[0][kind]


def test_a_model_that_does_not_ship_leaves_the_example_to_python():
    data, _ = lt.explore(keras_models.build("rating"), keras_models.REVIEWS[0])._repr_mimebundle_()
    assert "data-model" not in data["text/html"] and "this one needs Python" in data["text/html"]
    assert "rating" in data["text/plain"]


def test_typed_html_is_text_in_the_example():
    mine = TextClassifier.from_keras(keras_models.lstm(), WORDS)
    data, _ = lt.explore(mine, 'a <img src=x onerror=alert(1)> & "film"')._repr_mimebundle_()
    page = Page(data["text/html"])
    assert "img" not in {tag for tag, _ in page.tags}
    assert json.loads(page.tags[0][1]["data-state"])["text"] == 'a <img src=x onerror=alert(1)> & "film"'


@pytest.mark.parametrize("kind", stored.KINDS)
def test_each_kind_has_an_example_to_read(model, kind):
    asked = stored.KINDS[kind]
    mine = small_lm() if asked.writes else model if asked.model else None
    mine = grids.load_grids(asked.model) if asked.stored else mine
    state = {**asked.state, **({"text": PROMPT} if asked.writes else {})}
    example = asked.draw(lambda request: engine.answer(mine, request), state)
    page = Page(example.html)
    words = {"map": ["movie"], "softmax": ["box"], "next_word": ["cabinet", "box"]}.get(kind, ["oatmeal", "excitement"])
    words = ["layer 29", *mine.prompts[0]["tokens"][:2]] if asked.stored else words
    assert all(word in page.text and word in example.text for word in words)
    assert len(example.html) < 15_000 and "NaN" not in page.text and "nan" not in page.text.split()


def test_the_path_example_ends_at_the_scores_that_add_up(model):
    example = stored.KINDS["path"].draw(lambda r: engine.answer(model, r), {"text": TEXT, "place": 0.5})
    e = lt.explain(model, TEXT, "integrated_gradients")
    last_column = [line.split()[-1].replace("\N{MINUS SIGN}", "-") for line in example.text.splitlines()[2:]]
    *scores, total = map(float, last_column)
    assert scores == pytest.approx(e.scores.tolist(), abs=0.02)
    assert total == pytest.approx(e.output - e.baseline_output, abs=0.02)


def test_two_sentences_share_one_scale(model):
    state = {**stored.KINDS["sentence"].state, "method": "occlusion", "compare": True, "second": "a gorgeous film"}
    example = stored.KINDS["sentence"].draw(lambda r: engine.answer(model, r), state)
    assert example.html.count("lm-tokens") == 2
    assert len(re.findall(rf"rgba\(\d+,\d+,\d+,{lt.render.STRONGEST}\)", example.html)) == 1


def test_a_next_word_is_held_against_the_runner_up_and_a_text_is_written(lm):
    state = {**stored.KINDS["next_word"].state, "text": PROMPT, "against": "runner-up", "written": True, "length": 5}
    example = stored.KINDS["next_word"].draw(lambda r: engine.answer(lm, r), state)
    known = [word for word, _ in lm.next_words(PROMPT, top=5) if word != "[UNK]"]
    assert f"{known[0]} rather than {known[1]}" in example.text
    assert example.text.endswith(lm.generate(PROMPT, 5, top_p=0.8))


def test_the_interface_opens_with_the_same_settings():
    """Python's kinds name what the interface's do; only the texts that a kind opens with may differ."""
    for kind, entry in stored.KINDS.items():
        source = (bundle.SOURCES / f"{kind}.js").read_text(encoding="utf-8")
        written = re.search(rf"export const {kind.upper()}_START = \{{(.*?)\}};", source, re.S)[1]
        pairs = dict(re.findall(r"(\w+): (\"[^\"]*\"|-?[\w.]+)", written))
        assert pairs.keys() == entry.state.keys(), kind
        for name, value in pairs.items():
            if name not in ("text", "word"):
                assert json.loads(value) == entry.state[name], f"{kind}: {name}"


# The widget's half in the browser, in Node.


def test_the_browser_asks_one_question_at_a_time_and_drops_what_was_overtaken(tmp_path):
    library = tmp_path / "python_engine.mjs"
    library.write_text(bundle.library("python_engine.js"), encoding="utf-8")
    found = run("python_engine.mjs", library)
    stale = "Stale: a newer question has been asked"
    assert found["overtaken"] == {"sent": ["one", "three"], "outcomes": [stale, stale, "newest"]}
    assert found["slots"] == {"atOnce": 1, "outcomes": ["A", "Error: the text is empty", "C"]}
    gone = f"Error: {bundle.words()['widget']['gone']}"
    assert found["gone"] == {"sent": 1, "outcomes": [gone, gone, gone]} and found["left"] == []
    assert found["units"] == ["😀", "a", "👩‍🚀", "film"]
    assert found["formed"] == {"text": "\ufffd a 😀 \ufffd", "seed": 3, "plus": ["x"]}


# Notebooks.


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    """A small notebook with explorers, run and tidied, and where it lies."""
    folder = tmp_path_factory.mktemp("chapter")
    lines = [f"import lmtutorial as lt\nlt.explore(text={TEXT!r}, method='occlusion')", "lt.explore(kind='map')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line) for line in lines])
    execute.execute(notebook, folder=folder)
    assert all(WIDGET in cell.outputs[0].data for cell in notebook.cells)
    execute.tidy(notebook)
    execute.write(notebook, folder / "explorers.ipynb")
    return folder / "explorers.ipynb"


@pytest.mark.slow
def test_only_the_example_of_a_widget_is_committed(chapter):
    notebook = notebooks.read(chapter)
    assert [set(cell.outputs[0].data) for cell in notebook.cells] == [{"text/plain", "text/html"}] * 2
    assert "widgets" not in notebook.metadata and chapter.stat().st_size < 20_000
    assert list(notebooks.explorers_are_stored_examples(notebook, chapter)) == []


@pytest.mark.slow
def test_a_widget_without_example_and_a_name_used_twice_are_found(chapter):
    notebook = notebooks.read(chapter)
    notebook.cells[1].outputs[0].data = {**notebook.cells[0].outputs[0].data, WIDGET: {"model_id": "1"}}
    told = " ".join(notebooks.explorers_are_stored_examples(notebook, chapter))
    assert "a widget that no page can show" in told and "a second explorer is called 'explorer-sentence'" in told


@pytest.mark.slow
def test_a_committed_example_is_compared_when_the_notebook_is_run_again(root, chapter, tmp_path):
    """nbval passes the notebook without the widget's own half, and fails once a score in the example was edited."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env"]
    command += [f"--nbval-sanitize-with={root}/tests/sanitize.cfg", "-p", "no:cacheprovider"]
    as_it_is = subprocess.run([*command, str(chapter)], cwd=root, capture_output=True, text=True, check=False)
    assert as_it_is.returncode == 0 and "2 passed" in as_it_is.stdout, as_it_is.stdout[-3000:]
    edited = tmp_path / "edited.ipynb"
    content = chapter.read_text(encoding="utf-8")
    assert content.count("+0.59") >= 2
    edited.write_text(content.replace("+0.59", "+0.58"), encoding="utf-8")
    found = subprocess.run([*command, str(edited)], cwd=root, capture_output=True, text=True, check=False)
    assert found.returncode != 0 and "mismatch 'text/html'" in found.stdout


def test_a_model_fed_at_a_fixed_length_tells_how_many_words_did_not_fit():
    mine = TextClassifier.from_keras(keras_models.convolution(), CUT)
    got = engine.answer(mine, {"do": "explain", "text": "good film " * 20, "method": "occlusion"})
    assert got["dropped"] == 40 - keras_models.LENGTH and len(got["spans"]) == keras_models.LENGTH
