"""Text -> words -> ids."""

import json
import random
from pathlib import Path

import keras
import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.preprocessing import RULES, UNKNOWN, Preprocessor

ODD = json.loads((Path(__file__).parent / "odd_strings.json").read_text(encoding="utf-8"))
SURROGATES = ["\ud800 alone", "half \udfff", "a\ud83d b"]


@pytest.fixture(scope="module")
def reviews() -> list[str]:
    return list(lt.load_reviews()["text"])


@pytest.mark.parametrize("max_tokens, length", [(10_000, 40), (None, None), (300, 7)])
def test_keras_rules_equal_text_vectorization_on_every_review_and_on_odd_strings(reviews, max_tokens, length):
    texts = reviews + ODD
    layer = keras.layers.TextVectorization(max_tokens=max_tokens, output_sequence_length=length)
    layer.adapt(texts)
    ours = Preprocessor.fit(texts, max_tokens=max_tokens, rules="keras", max_length=length)
    assert list(ours.vocabulary) == [str(token) for token in layer.get_vocabulary()]
    assert np.array_equal(ours.ids(texts, length), layer(texts).numpy())


def test_the_default_rules_keep_short_forms_as_glove_has_them():
    pre = Preprocessor(("", "[UNK]"))
    assert pre.tokens("Couldn't! They’re well-made; the film's") == [
        "could",
        "n't",
        "they",
        "'re",
        "well",
        "made",
        "the",
        "film",
        "'s",
    ]
    assert pre.tokens("CAN'T won't I'd o'clock") == ["ca", "n't", "wo", "n't", "i", "'d", "o'clock"]


def test_unicode_is_composed_and_lowered():
    pre = Preprocessor(("", "[UNK]"))
    assert pre.tokens("E\u0301TE\u0301 ÉTÉ") == ["été", "été"]
    assert pre.tokens("हिन्दी फिल्म") == ["हिन्दी", "फिल्म"]  # vowel signs are marks and belong to the word


@pytest.mark.parametrize("rules", RULES)
def test_spans_are_places_in_the_raw_text_in_order(rules):
    pre = Preprocessor(("", "[UNK]"), rules)
    for text in ODD + SURROGATES:
        spans, end = pre.spans(text), 0
        assert len(spans) == len(pre.tokens(text))
        for start, stop in spans:
            assert end <= start < stop <= len(text)
            end = stop


def test_saving_and_loading_changes_nothing(tmp_path, reviews):
    for rules in RULES:
        pre = Preprocessor.fit(reviews[:500] + ODD + SURROGATES, rules=rules, max_length=20)
        pre.save(tmp_path / "p.json")
        again = Preprocessor.load(tmp_path / "p.json")
        assert again == pre
        assert np.array_equal(again.ids(reviews), pre.ids(reviews))


def test_no_text_crashes_it(reviews):
    pre = Preprocessor.fit(reviews[:1000])
    random.seed(0)
    anything = ["".join(chr(random.randrange(0x110000)) for _ in range(200)) for _ in range(200)]
    ids = pre.ids(ODD + SURROGATES + anything + ["a gorgeous film " * 33_334])
    assert ids.shape[1] > 100_000 and ids.min() == 0


def test_long_texts_are_cut_at_the_end_and_short_ones_padded_there():
    pre = Preprocessor(("", "[UNK]", "a", "film"), max_length=3)
    assert pre.ids(["a film a film", "film", "", "unheard"]).tolist() == [
        [2, 3, 2],
        [3, 0, 0],
        [0, 0, 0],
        [UNKNOWN, 0, 0],
    ]
    assert pre.ids(["film"], length=2).tolist() == [[3, 0]]


def test_frequent_tokens_come_first_and_the_size_counts_the_special_ones():
    pre = Preprocessor.fit(["b b b a a c d"], max_tokens=5)
    assert pre.vocabulary == ("", "[UNK]", "b", "a", "d")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Preprocessor.fit("one text"), "put it in a list"),
        (lambda: Preprocessor.fit(["fine", 3.5]), "text number 1 is 3.5, a float"),
        (lambda: Preprocessor.fit([None]), "text number 0 is None"),
        (lambda: Preprocessor.fit(["", "!!!"]), "none of the texts has a word"),
        (lambda: Preprocessor.fit(["a"], max_tokens=2), "at least 3"),
        (lambda: Preprocessor.fit(["a"], rules="kears"), "did you mean 'keras'"),
        (lambda: Preprocessor(("a", "b")), "a vocabulary starts with"),
        (lambda: Preprocessor(("", "[UNK]", "a", "a")), "'a' more than once"),
        (lambda: Preprocessor(("", "[UNK]"), max_length=0), "at least 1, got 0"),
    ],
)
def test_bad_input_is_told_clearly(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"rules": "words"}', b"\xff\xfe"])
def test_a_file_that_is_no_preprocessor_is_refused_by_name(tmp_path, content):
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(ValueError, match="p.json is not a saved Preprocessor"):
        Preprocessor.load(tmp_path / "p.json")
