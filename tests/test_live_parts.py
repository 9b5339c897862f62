"""The parts of the pages' engine, each against what it must equal: kernel, words, random numbers, files, worker."""

import base64
import json
import sys
import unicodedata

import keras
import numpy as np
import pytest
from keras import layers
from language_models import small_lm
from live_engine import KERNEL, Page, folder, library, run

import lmtutorial as lt
from lmtutorial.models.classifier import TextClassifier, build_lstm
from lmtutorial.preprocessing import END, SPECIAL, Preprocessor
from lmtutorial.widgets import bundle, export

WORDS = ("a", "good", "film")


def tiny(units: tuple[int, ...] = (4, 3), dim: int = 5, seed: int = 1, max_length: int | None = None) -> TextClassifier:
    """Three words, random weights that are large enough to make words matter."""
    keras.utils.set_random_seed(seed)
    model = build_lstm(np.random.default_rng(seed).normal(size=(5, dim)), units=units)
    model.set_weights([(3 * weight).astype(np.float16).astype(np.float32) for weight in model.get_weights()])
    return TextClassifier(model, Preprocessor((*SPECIAL, *WORDS), max_length=max_length))


def test_the_kernel_is_what_its_source_says():
    pytest.importorskip("wasmtime", reason="left out: wasmtime is not installed")
    assert KERNEL.read_bytes() == export.assembled_kernel(), "run python -m lmtutorial.widgets.export --kernel"


def test_both_kernels_compute_the_same():
    found = run("kernel.mjs", library(), KERNEL)
    assert found["names"] == ["wasm", "javascript"]
    assert found["product"] < 1e-5  # sums of up to 64 products below 1, in float32
    assert found["gates"] < 2e-6
    assert found["extreme"] < 2e-6  # inputs at which exp overflows
    assert found["gather"] == 0


# ---------------------------------------------------------------------------------------------------------- words


def page_tokens(preprocessor: Preprocessor, texts: list[str]) -> list[list]:
    """[token, start, end, id] as the page finds them, with Python's offsets."""
    manifest = folder() / "manifest.json"
    words = {"rules": preprocessor.rules, "vocabulary": preprocessor.vocabulary, "max_length": None}
    manifest.write_text(json.dumps(words), encoding="utf-8")
    return run("tokens.mjs", library(), manifest, given=texts)


def python_tokens(preprocessor: Preprocessor, text: str) -> list[list]:
    """The same by the package, with the offsets of JavaScript: a character beyond the first 65,536 counts twice."""
    units = np.cumsum([0, *(1 + (ord(character) > 0xFFFF) for character in text)]).tolist()
    found = [(token, units[start], units[end]) for token, start, end in preprocessor.pieces(text)]
    ids = preprocessor.lookup(token for token, _, _ in found)
    return [[*piece, number] for piece, number in zip(found, ids, strict=True)]


def assert_same_tokens(preprocessor: Preprocessor, texts: list[str]) -> None:
    page = page_tokens(preprocessor, texts)
    assert len(page) == len(texts)
    for text, found in zip(texts, page, strict=True):
        assert found == python_tokens(preprocessor, text), ascii(text)


@pytest.fixture(scope="module")
def corpora() -> list[str]:
    tables = [lt.load_reviews(), lt.load_tweets(), lt.load_products(), lt.load_editorials()]
    texts = [text for table in tables for column in table.select_dtypes(["object", "str"]) for text in table[column]]
    texts = [text for text in texts if isinstance(text, str)]
    assert len(texts) > 22_000
    return texts


def known_words(rules: str) -> Preprocessor:
    """With a vocabulary that holds what is looked up by accident in a JavaScript object."""
    words = ["the", "n't", "'s", "film", "was", "constructor", "__proto__", "straße", "é"]
    return Preprocessor((*SPECIAL, *words, *([END, ","] if rules == "language" else [])), rules)


@pytest.mark.parametrize("rules", ["words", "language", "keras"])
def test_every_text_of_the_corpora_has_the_same_words(corpora, rules):
    assert_same_tokens(known_words(rules), corpora)


@pytest.mark.parametrize("rules", ["words", "language", "keras"])
def test_odd_texts_have_the_same_words(root, rules):
    odd = json.loads((root / "tests" / "odd_strings.json").read_text(encoding="utf-8"))
    odd += ["ΟΔΥΣΣΕΥΣ ΣΑΣ Σ σς", "ǅungla ﬁlm ŉ ẞ İİ ı", "it’S IT’LL ſ it'ſ", "a\u2028b\u2029c \n\u2028 d"]
    odd += ["x \x1c\n\x85 y", "a\ufeffb \ufeff\n c", "𝒜𝓁𝓅𝒽𝒶 👩‍👩‍👧 n’t", "e\u0301\u0323 \u1e69 \u1100\u1161\u11a8"]
    odd += ["don't’s o'clock's 'tis", "a--b…c", "„so“ ”x” «y»", "constructor __proto__ toString", "٣ ௩ Ⅷ ½ x²"]
    odd += ["one\r\ntwo\rthree\n\n\n four", "n't n't's", "\udcff lone \ud800", "१२ कि.मी.", "\u212b A\u030a"]
    assert_same_tokens(known_words(rules), odd)


def test_every_character_is_read_alike():
    """Between letters, before a line end, and as the end of a short form; characters without a meaning may differ."""
    assigned = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cn", "Cs", "Co")]
    texts = [f"A{c}B {c}\n'{c}x {c}" for c in assigned]
    assert len(texts) > 100_000
    page = page_tokens(known_words("language"), texts)
    different = [t for t, found in zip(texts, page, strict=True) if found != python_tokens(known_words("language"), t)]
    assert different == [], [f"U+{ord(text[1]):04X}" for text in different[:20]]


# --------------------------------------------------------------------------------------------------- random numbers


def test_random_numbers_are_those_of_numpy():
    seeds = [*range(200), 2**31, 2**32 - 1, 2**32, 2**40 + 17, 2**53 - 1]
    for seed, found in zip(seeds, run("random.mjs", library(), given=seeds), strict=True):
        rng = np.random.default_rng(seed)
        expected = {
            "first": rng.random(5).tolist(),
            "small": rng.integers(1, 8, 7).tolist(),
            "then": rng.random(3).tolist(),
            "large": rng.integers(0, 3_000_000_000, 6).tolist(),
            "one": rng.integers(4, 5, 2).tolist(),
            "chosen": int(rng.choice(4, p=[0.1, 0, 0.2, 0.7])),
            "last": rng.random(2).tolist(),
        }
        assert found == expected, seed


# ------------------------------------------------------------------------------------------------------------ files


def test_a_packed_model_is_read_back_as_it_was():
    model = tiny()
    manifest, tensors = export.unpacked(export.pack(model, "mine"))
    assert manifest["name"] == "mine" and manifest["kind"] == "classifier" and manifest["gates"] == "ifco"
    assert tuple(manifest["vocabulary"]) == model.preprocessor.vocabulary
    for tensor, weight in zip(tensors.values(), model.keras_model.get_weights(), strict=True):
        assert np.array_equal(tensor, weight)


def test_every_float16_is_read_as_the_number_it_is():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    places = halves[np.isfinite(halves)].reshape(-1, 2)  # of a map with one word for each pair of numbers
    manifest = {"name": "map", "kind": "map", "vocabulary": ["x"] * len(places)}
    (found,) = Page(export.packed(manifest, {"vectors": np.ones((len(places), 1)), "places": places})).ask(
        [{"do": "map"}]
    )
    assert np.array_equal(np.stack([found["x"], found["y"]], axis=1), places.astype(np.float64))


@pytest.mark.parametrize("units", [(1,), (8,), (4, 3), (9, 16, 2)])
def test_a_classifier_of_any_width_and_depth_answers_as_keras_does(units):
    model = tiny(units)
    texts = ["a good film", "film", "good good bad film a", "a", "What a film!"]
    outputs = [answer["output"] for answer in Page(export.pack(model)).explain(texts, "occlusion")]
    assert np.allclose(outputs, model.scores(texts)[:, 0], atol=1e-5)


def test_a_text_is_cut_where_the_preprocessor_cuts_it():
    model = tiny(max_length=3)
    (answer,) = Page(export.pack(model)).explain(["a good film a bad film"], "occlusion")
    e = lt.explain(model, "a good film a bad film")
    assert answer["dropped"] == e.diagnostics["dropped_words"] == 3
    assert np.allclose(answer["scores"], e.scores, atol=1e-5)


def keras_classifier(*middle, unit=None, last=None, mask=True, length=None):
    parts = [keras.Input((length,), dtype="int32"), layers.Embedding(5, 4, mask_zero=mask), *middle]
    return TextClassifier(
        keras.Sequential([*parts, last or layers.Dense(1, "sigmoid")]), Preprocessor((*SPECIAL, *WORDS)), unit=unit
    )


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: keras_classifier(layers.GRU(3)), "GRU"),
        (lambda: keras_classifier(layers.Bidirectional(layers.LSTM(3))), "Bidirectional"),
        (lambda: keras_classifier(layers.LSTM(3, activation="relu")), "activation"),
        (lambda: keras_classifier(layers.LSTM(3, recurrent_activation="tanh")), "recurrent_activation"),
        (lambda: keras_classifier(layers.LSTM(3, go_backwards=True)), "go_backwards"),
        (lambda: keras_classifier(layers.LSTM(3, use_bias=False)), "use_bias"),
        (lambda: keras_classifier(layers.LSTM(3), last=layers.Dense(3, "softmax")), "one sigmoid"),
        (lambda: keras_classifier(layers.LSTM(3), last=layers.Dense(1), unit="rating"), "rating"),
        (lambda: keras_classifier(layers.LSTM(3), mask=False, length=6), "mask_zero=True"),
        (lambda: object(), "object"),
    ],
)
def test_what_the_page_cannot_compute_is_refused_with_the_reason(build, reason):
    with pytest.raises(ValueError, match=reason):
        export.pack(build())


def test_numbers_that_float16_cannot_hold_are_refused():
    model = tiny()
    model.keras_model.layers[-1].set_weights([np.full((3, 1), 1e6), np.zeros(1)])
    with pytest.raises(ValueError, match="output/kernel .*float16"):
        export.pack(model)


def damaged_files() -> dict[str, bytes]:
    data = export.pack(tiny())
    return {
        "empty": b"",
        "another file": b"PK\x03\x04" + data[4:],
        "cut in the manifest": data[:100],
        "cut in the payload": data[:-2],
        "longer than it says": data + b"\0\0",
        "no JSON": data[:8] + b"?" + data[9:],
        "another version": data.replace(b'"version":1', b'"version":7'),
        "another kind": data.replace(b'"classifier"', b'"clessifier"'),
        "a tensor that is missing": data.replace(b'"output/bias"', b'"output/boas"'),
        "a tensor behind the end": data.replace(b'"offset":0', b'"offset":9'),
        "a page that was not found": b"<!DOCTYPE html><title>404</title>",
    }


@pytest.fixture(scope="module", params=[str, bundle.minified], ids=["as written", "as the page has it"])
def worker(request):
    """`worker(messages)`: what it posts while it gets them."""
    file = folder() / "worker.js"
    file.write_text(request.param(bundle.worker_source()), encoding="utf-8")
    return lambda *messages: run("worker.mjs", file, given={"messages": messages})


def load(name: str, data: bytes) -> dict:
    return {"type": "load", "name": name, "base64": base64.b64encode(data).decode()}


def ask(number: int, slot: str = "main", name: str = "tiny", text: str = "a good film", method="occlusion") -> dict:
    request = {"do": "explain", "text": text, "method": method}
    return {"type": "ask", "id": number, "slot": slot, "name": name, "request": request}


def settled(posted: list[dict]) -> list[tuple]:
    """(type, id) of all messages that end something."""
    return [(m["type"], m.get("id")) for m in posted if m["type"] != "progress"]


def shares(posted: list[dict]) -> list[float]:
    return [m["share"] for m in posted if m["type"] == "progress"]


def test_a_damaged_file_is_a_message_and_the_next_file_is_read(worker):
    files = damaged_files() | {"tiny": export.pack(tiny())}
    no_base64 = {"type": "load", "name": "x", "base64": "?!"}
    posted = worker(*(load(name, data) for name, data in files.items()), no_base64)
    assert [m["name"] for m in posted] == [*files, "x"]
    assert [m["name"] for m in posted if m["type"] == "loaded"] == ["tiny"]
    assert {m["message"] for m in posted if m["type"] == "failed"} == {bundle.words()["engine"]["damaged"]}


def test_the_worker_answers_each_question_once(worker):
    questions = ask(1), ask(2, "b", method="lime"), ask(3, "c", text=" "), ask(4, "d", name="none")
    posted = worker(load("tiny", export.pack(tiny())), *questions, {"pause": 5})
    assert settled(posted) == [("loaded", None), ("answer", 1), ("answer", 2), ("error", 3), ("error", 4)]
    answers = {m["id"]: m["answer"] for m in posted if m["type"] == "answer"}
    assert answers[1]["method"] == "occlusion" and answers[2]["method"] == "lime"
    errors = {m["id"]: m["message"] for m in posted if m["type"] == "error"}
    assert "empty" in errors[3] and "none" in errors[4]


def test_a_newer_question_takes_the_place_of_an_older_one_of_its_slot(worker):
    posted = worker(load("tiny", export.pack(tiny())), ask(1), ask(2, "other"), ask(3), ask(4), {"pause": 5})
    assert settled(posted)[1:] == [("stale", 1), ("answer", 2), ("stale", 3), ("answer", 4)]


def test_long_work_stops_for_a_newer_question(worker):
    long = ask(1, text="a good film " * 100, method="permutation_shap")
    posted = worker(load("tiny", export.pack(tiny((64, 64)))), long, {"progress": True}, ask(2), {"pause": 3})
    assert settled(posted) == [("loaded", None), ("stale", 1), ("answer", 2)]
    assert max(shares(posted)) < 0.9


def test_long_work_tells_how_far_it_is(worker):
    long = ask(1, text="a good film " * 60, method="permutation_shap")
    posted = worker(load("tiny", export.pack(tiny((64, 64)))), long, {"pause": 2})
    told = shares(posted)
    assert len(told) > 3 and told == sorted(told) and told[0] >= 0 and 0.7 < told[-1] <= 1
    assert settled(posted) == [("loaded", None), ("answer", 1)]


@pytest.mark.parametrize(
    ("settings", "kernel"),
    [({}, "to_width/kernel"), ({"units": (8,)}, None), ({"units": (10, 7), "tied": False}, "scores/kernel")],
)
def test_a_language_model_is_packed_with_and_without_tied_weights(settings, kernel):
    lm = small_lm(**settings)
    manifest, tensors = export.unpacked(export.pack(lm))
    assert manifest["kind"] == "language" and manifest["start"] == lm.start
    assert manifest["tied"] == settings.get("tied", True)
    assert [name for name in tensors if name in ("to_width/kernel", "scores/kernel")] == ([kernel] if kernel else [])
