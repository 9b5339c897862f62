"""The engine of the pages against the package: the same answers to the same questions, from the shipped models.

The page computes in float32 like Keras, in another order: logits agree to 1e-4, scores to 1e-3.
"""

import json

import numpy as np
import pytest
from language_models import small_lm
from live_engine import KERNEL, Page, folder, library, run

import lmtutorial as lt
from lmtutorial.explainers import MaskedText
from lmtutorial.explainers.tape import slopes
from lmtutorial.explainers.vectors import vectors_of
from lmtutorial.models.sampling import next_word_probabilities
from lmtutorial.widgets import engine, export, map_data

METHODS = ("integrated_gradients", "occlusion", "lime", "permutation_shap", "saliency", "input_x_gradient")
LOGIT, SCORE = 1e-4, 1e-3
TEN_WORDS = "the film is long but not so bad after all"
ODD_LENGTHS = {
    "one word": "Gorgeous!",
    "two words": "not good",
    "five words": "a gorgeous and moving film",
    "twelve words": "I couldn't have liked this dull, dreary film any less than that",
    "thirty words": " ".join([TEN_WORDS] * 3),
    "sixty words": " ".join([TEN_WORDS] * 6),
    "unknown words": "qwrtz is a xyzzy of a plughh film",
    "one known word": "qwrtz film plughh",
    "the same word": "bad bad bad bad",
    "marks and line ends": '"Well," he said;\n\nit was (not) good!\n',
    "other alphabets": "Ein schöner 映画 film — ＦＵＬＬ １２３ 🎬 𝒜",
}


@pytest.fixture(scope="module")
def reviews():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def wiki():
    return lt.load_model("wiki-lstm")


@pytest.fixture(scope="module")
def reviews_page(reviews):
    return Page(export.pack(reviews, "reviews-lstm"))


@pytest.fixture(scope="module")
def wiki_page(wiki):
    return Page(export.pack(wiki, "wiki-lstm"))


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    """Real sentences, all different, of one word and more."""
    texts = list(dict.fromkeys(lt.load_reviews()["text"]))
    return texts[:: len(texts) // 500][:500]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Beginnings of lines of Moby Dick."""
    words = [text.split() for text in lt.load_books()["text"][0].splitlines()[1000:9000:97] if len(text.split()) > 4]
    return [" ".join(line[: 3 + i % 9]) for i, line in enumerate(words)]


def assert_same(answer: dict, model, method: str, tolerance: float = SCORE) -> None:
    """An answer of the page against `lt.explain` with the settings that the answer names."""
    settings = dict(answer["settings"])
    e = lt.explain(model, answer["text"], method, **settings)
    assert answer["method"] == method
    assert np.abs(np.array(answer["scores"]) - e.scores).max() < tolerance, answer["text"]
    assert abs(answer["output"] - e.output) < LOGIT and abs(answer["baseline_output"] - e.baseline_output) < LOGIT
    assert abs(answer["probability"] - e.diagnostics["probability"]) < LOGIT
    same = ("target", "contrast", "unit", "complete", "text")
    assert {name: answer[name] for name in same} == {name: getattr(e, name) for name in same}
    assert answer["evaluations"] == e.diagnostics["evaluations"] and answer["dropped"] == e.diagnostics["dropped_words"]
    raw = answer["text"].encode("utf-16-le")
    assert [raw[2 * start : 2 * end].decode("utf-16-le") for start, end in answer["spans"]] == e.tokens
    error = e.diagnostics.get("standard_error")
    if error is None or not np.isfinite(error).all():
        assert answer["error"] is None
    else:
        assert np.abs(np.array(answer["error"]) - error).max() < tolerance


# ------------------------------------------------------------------------------------------------------ the classifier


@pytest.mark.slow
def test_logits_of_real_sentences_are_those_of_keras(reviews, reviews_page, sentences):
    outputs = [answer["output"] for answer in reviews_page.explain(sentences, "input_x_gradient")]
    assert len(outputs) == 500
    assert np.abs(outputs - reviews.scores(sentences)[:, 0]).max() < LOGIT


@pytest.mark.slow
@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_every_real_sentence_is_explained_as_in_python(reviews, reviews_page, sentences, method):
    for answer in reviews_page.explain(sentences, method):
        assert_same(answer, reviews, method)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_as_in_python(reviews, reviews_page, sentences, method):
    for seed, texts in (0, sentences[:12]), (7, sentences[12:24]):
        for answer in reviews_page.explain(texts, method, seed=seed):
            assert_same(answer, reviews, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", ODD_LENGTHS.values(), ids=ODD_LENGTHS)
def test_texts_of_every_length_and_kind_answer_as_in_python(reviews, reviews_page, text, method):
    (answer,) = reviews_page.explain([text], method, target="negative")
    assert_same(answer, reviews, method)
    assert answer["unknown"] == [bool(i == 1) for i in reviews.encode(text).ids]


@pytest.mark.slow
def test_a_text_of_three_hundred_words_answers_as_in_python(reviews, reviews_page):
    text = " ".join([TEN_WORDS] * 30)
    answers = reviews_page.ask([{"do": "explain", "text": text, "method": method} for method in METHODS])
    for answer, method in zip(answers, METHODS, strict=True):
        assert_same(answer, reviews, method)
    assert answers[3]["settings"]["evaluations"] < 2 + 20 * 299  # fewer orders than a short text gets


def test_the_path_is_that_of_python(reviews, reviews_page, wiki, wiki_page):
    for model, page in (reviews, reviews_page), (wiki, wiki_page):
        request = {"do": "path", "text": "I couldn't love it — but 🎬 the film was good", "points": 9}
        (answer,), expected = page.ask([request]), engine.answer(model, request)
        assert set(answer) == set(expected)
        assert np.abs(np.array(answer["outputs"]) - expected["outputs"]).max() < LOGIT
        assert np.abs(np.array(answer["slopes"]) - expected["slopes"]).max() < SCORE
        assert answer["alphas"] == pytest.approx(expected["alphas"])
        for name in ("tokens", "unknown", "target", "unit", "text"):
            assert answer[name] == expected[name]


def test_scores_of_complete_methods_add_up(reviews_page, wiki_page):
    for page in reviews_page, wiki_page:
        for method in "integrated_gradients", "permutation_shap":
            (answer,) = page.explain(["a gorgeous and moving film"], method)
            gap = sum(answer["scores"]) - (answer["output"] - answer["baseline_output"])
            assert answer["complete"] and abs(gap) < 1e-3


def test_plain_javascript_answers_as_webassembly_does(reviews_page, wiki_page, reviews, wiki):
    for page, model in (reviews_page, reviews), (wiki_page, wiki):
        requests = [{"do": "explain", "text": "It's not a good film", "method": method} for method in METHODS]
        fast, plain = page.ask(requests), Page(export.pack(model), "").ask(requests)
        for one, other in zip(fast, plain, strict=True):
            assert np.abs(np.array(one["scores"]) - other["scores"]).max() < 1e-4
            assert abs(one["output"] - other["output"]) < 1e-5


def test_methods_on_the_same_text_share_their_questions_and_change_nothing(reviews_page):
    requests = [{"do": "explain", "text": TEN_WORDS, "method": method} for method in METHODS]
    alone = [reviews_page.ask([request])[0] for request in requests]
    shared = reviews_page.ask([*requests, *reversed(requests)])
    for one, other in zip([*alone, *reversed(alone)], shared, strict=True):
        assert np.abs(np.array(one["scores"]) - other["scores"]).max() < 1e-5
        assert one["evaluations"] == other["evaluations"]


def test_gates_in_another_order_are_noticed(reviews, sentences):
    """The comparison can fail: with input and forget gates swapped, nothing agrees."""
    manifest, tensors = export.unpacked(export.pack(reviews))
    for name, tensor in tensors.items():
        if name.startswith("lstm_1"):
            i, f, c, o = np.split(tensor, 4, axis=-1)
            tensors[name] = np.concatenate([f, i, c, o], axis=-1)
    page = Page(export.packed({k: v for k, v in manifest.items() if k not in ("tensors", "bytes", "sha256")}, tensors))
    outputs = [answer["output"] for answer in page.explain(sentences[:20], "occlusion")]
    assert np.abs(outputs - reviews.scores(sentences[:20])[:, 0]).max() > 1


# ----------------------------------------------------------------------------------------------------------- gradients


def keras_gradient(game: MaskedText) -> np.ndarray:
    """(words, dim) dF/de at the text."""
    kept = []

    def keep(gradient):
        kept.append(gradient[0])
        return gradient[..., 0]

    slopes(game, 2, lambda start, stop: vectors_of(game)[start:stop], keep)
    return kept[0][[start for start, _ in game.encoding.pieces]]


@pytest.mark.parametrize("name", ["classifier", "one word against all others", "one word against another"])
def test_the_gradient_is_that_of_keras_and_of_small_steps(reviews, wiki, reviews_page, wiki_page, name):
    text, target, contrast = "a slow but moving film about his old father", None, None
    if name != "classifier":
        target, contrast = "was", None if "all" in name else "is"
    page, model = (reviews_page, reviews) if name == "classifier" else (wiki_page, wiki)
    coordinates = [[1, 3], [3, 0], [4, 17], [8, 49]]
    given = {"text": text, "target": target, "contrast": contrast, "coordinates": coordinates, "step": 0.01}
    found = run("gradient.mjs", library(), KERNEL, page.file, given=given)
    game = MaskedText(model if target is None else model.next_word(target, contrast), text)
    gradient = np.array(found["gradient"])
    expected = keras_gradient(game)
    assert np.abs(gradient - expected).max() < 1e-4 * max(1, np.abs(expected).max())
    for (word, number), difference in zip(coordinates, found["differences"], strict=True):
        assert abs(gradient[word, number] - difference) < 2e-3 * max(1, np.abs(expected).max())


# -------------------------------------------------------------------------------------------------- the language model


@pytest.mark.slow
def test_scores_of_all_next_words_are_those_of_keras(wiki, wiki_page, lines):
    assert len(lines) > 60
    answers = wiki_page.ask([{"do": "next", "text": text, "top": 10_000} for text in lines])
    for text, answer in zip(lines, answers, strict=True):
        scores = wiki.step(wiki.prompt_ids(text))[0][0]
        found = {word["word"]: word for word in answer["words"]}
        assert np.abs([found[w]["score"] for w in wiki.vocabulary] - scores).max() < LOGIT
        assert np.abs([found[w]["plain"] for w in wiki.vocabulary] - next_word_probabilities(scores)).max() < 1e-5
        likely = [word["plain"] for word in answer["words"]]
        assert likely == sorted(likely, reverse=True)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.6},
        {"top_k": 7},
        {"top_p": 0.8, "temperature": 1.5},
        {"top_k": 30, "top_p": 0.5, "drawable": True, "top": 40},
        {"top_k": 1},
    ],
)
def test_the_next_words_are_cut_as_in_python(wiki, wiki_page, settings):
    for text in "The keys to the cabinet", "In the year of the 🎬":
        request = {"do": "next", "text": text, **settings}
        (answer,), expected = wiki_page.ask([request]), engine.answer(wiki, request)
        words, others = answer.pop("words"), expected.pop("words")
        spans, offsets = answer.pop("spans"), expected.pop("spans")
        assert len(spans) == len(offsets) and answer.pop("unknown") == expected.pop("unknown")
        assert [w["word"] for w in words] == [w["word"] for w in others]
        for name in "score", "plain", "cut":
            assert np.allclose([w[name] for w in words], [w[name] for w in others], atol=LOGIT)
        assert answer == pytest.approx(expected, abs=LOGIT)


@pytest.mark.parametrize(
    "settings", [{}, {"temperature": 0.7, "top_k": 40}, {"top_p": 0.9, "seed": 5}, {"top_k": 1}, {"length": 0}]
)
def test_a_text_goes_on_as_in_python(wiki, wiki_page, settings):
    for text in "The old captain said", "a", 'He said: "':
        request = {"do": "continue", "text": text, "length": 40, "seed": 1, **settings}
        (answer,), expected = wiki_page.ask([request]), engine.answer(wiki, request)
        assert answer == expected
        assert len(answer["words"]) == request["length"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("question", [{}, {"target": "are"}, {"target": "are", "contrast": "is"}], ids=json.dumps)
def test_a_next_word_is_explained_as_in_python(wiki, wiki_page, method, question):
    texts = ["The keys to the cabinet", "He had never seen the 🎬 of\nher", "the"]
    for answer in wiki_page.explain(texts, method, **question):
        assert_same(answer, wiki, method)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_next_words_of_real_lines_are_explained_as_in_python(wiki, wiki_page, lines, method):
    for answer in wiki_page.explain(lines[:30], method):
        assert_same(answer, wiki, method)


@pytest.mark.parametrize("lm", [{}, {"units": (8,)}, {"units": (10, 7), "tied": False}], ids=json.dumps)
def test_a_language_model_of_any_shape_answers_as_in_python(lm):
    model = small_lm(**lm, scale=2.0)
    model.keras_model.set_weights([w.astype(np.float16).astype(np.float32) for w in model.keras_model.get_weights()])
    page = Page(export.pack(model))
    for method in METHODS:
        for question in {}, {"target": "are", "contrast": "is"}:
            (answer,) = page.explain(["The keys to the cabinets, and the dog"], method, **question)
            assert_same(answer, model, method)
    request = {"do": "continue", "text": "The dog", "length": 30}
    assert page.ask([request]) == [engine.answer(model, request)]


# --------------------------------------------------------------------------------------------------- the map, messages


def test_the_map_answers_as_in_python():
    page = Page(map_data.pack_map())
    words, _, places = map_data.load_map()
    whole, near, less, analogy = page.ask(
        [
            {"do": "map"},
            {"do": "near", "plus": ["boring", "film"]},
            {"do": "near", "plus": ["king"], "minus": ["man"], "top": 3},
            {"do": "analogy", "a": "man", "b": "king", "c": "woman"},
        ]
    )
    assert tuple(whole["words"]) == words
    assert np.abs(np.stack([whole["x"], whole["y"]], axis=1) - places).max() < 1e-3
    assert_same_words(near["words"], map_data.near(["boring", "film"]))
    assert_same_words(less["words"], map_data.near(["king"], ["man"], 3))
    expected = map_data.analogy("man", "king", "woman")
    assert_same_words(analogy["words"], expected["words"])
    for name, place in expected["plane"].items():
        assert np.abs(np.array(analogy["plane"][name]) - place).max() < 1e-6


def assert_same_words(found: list[dict], expected: list[dict]) -> None:
    assert [f["word"] for f in found] == [e["word"] for e in expected]
    assert np.allclose([f["cosine"] for f in found], [e["cosine"] for e in expected], atol=1e-6)


def test_what_cannot_be_answered_is_told_in_the_words_of_python(reviews, wiki, reviews_page, wiki_page):
    film = {"do": "explain", "text": "a good film"}
    asked = {
        "classifier": [
            {**film, "text": ""},
            {**film, "text": " \t\n\u2003"},
            {**film, "text": "!? ..."},
            {**film, "text": "qwrtz plughh"},
            {**film, "text": 'plughh\' "qwrtz" \\\u200b\x1f'},
            {**film, "target": "posit"},
            {**film, "target": "$& $1"},
            {**film, "contrast": "is"},
            {"do": "path", "text": " "},
        ],
        "language": [
            {**film, "target": "hapy"},
            {**film, "target": "zzzzzzz"},
            {**film, "target": "two words"},
            {**film, "target": " "},
            {**film, "target": "is", "contrast": "is"},
            {**film, "contrast": "is"},
            {**film, "text": "qwrtz"},
            {"do": "next", "text": ""},
            {"do": "next", "text": "the", "top_p": 2},
            {"do": "continue", "text": "the", "temperature": 0},
            {"do": "continue", "text": "the", "top_k": 0},
        ],
    }
    for kind, page, model in ("classifier", reviews_page, reviews), ("language", wiki_page, wiki):
        for request, reply in zip(asked[kind], page.replies(asked[kind]), strict=True):
            with pytest.raises(ValueError) as error:
                engine.answer(model, request)
            assert reply.get("error") == str(error.value), request


def test_other_questions_are_refused_with_a_sentence(reviews_page):
    requests = [{"do": "dance"}, {"do": "toString"}, {"do": "next", "text": "a"}, {"do": "map"}, {}]
    requests += [{"do": "explain", "text": "a film", "method": "magic"}, {"do": "explain"}]
    requests += [{"do": "explain", "text": "a film " * 600}]
    for reply in reviews_page.replies(requests):
        assert 10 < len(reply["error"]) < 200 and "undefined is not" not in reply["error"]


def test_what_can_be_asked_is_told(reviews_page, wiki_page):
    (about,), (other,) = reviews_page.ask([{"do": "about"}]), wiki_page.ask([{"do": "about"}])
    assert about["kind"] == "classifier" and about["classes"] == ["negative", "positive"]
    assert other["kind"] == "language" and other["code"] == 'lt.load_model("wiki-lstm")'
    assert set(about["methods"]) == set(other["methods"]) == set(METHODS)


def test_the_classifier_is_small_enough_to_be_sent(reviews):
    import gzip

    script = export.as_script("reviews-lstm", export.pack(reviews, "reviews-lstm"))
    (folder() / "reviews-lstm.js").write_text(script, encoding="utf-8")
    assert len(gzip.compress(script.encode())) < 1_200_000
