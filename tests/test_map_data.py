"""The map of words: its words follow the rule, neighbours are gensim's own, and the plane shows what it says."""

import json
import re
import struct

import numpy as np
import pytest
from gensim.models import KeyedVectors

from lmtutorial import embeddings, files
from lmtutorial.widgets import map_data


@pytest.fixture(scope="module")
def glove():
    return embeddings.load_glove()


@pytest.fixture(scope="module")
def gensim_map():
    """gensim's object around the very vectors of the map."""
    words, vectors, _ = map_data.load_map()
    keyed = KeyedVectors(vectors.shape[1])
    keyed.add_vectors(list(words), vectors.astype(np.float32))
    return keyed


# Words and places ----------------------------------------------------------------------------------------------------


def test_the_words_follow_from_the_rule(glove):
    words, _, _ = map_data.load_map()
    assert list(words) == map_data.words_of_map(glove)
    assert 3_000 < len(words) == len(set(words)) < 3_500
    assert all(re.fullmatch("[a-z]{2,}", word) for word in words) and not set(words) & map_data.LEFT_OUT
    assert {"the", "king", "queen", "boring", "paris", "walked", "bigger", "spider"} <= set(words)


def test_the_vectors_are_those_of_the_file_with_half_the_digits(glove):
    words, vectors, _ = map_data.load_map()
    assert vectors.shape == (len(words), 50) and vectors.dtype == np.float16
    np.testing.assert_allclose(vectors, glove[list(words)], rtol=2**-11, atol=2**-15)


def test_the_stored_map_is_small_and_says_how_it_was_made():
    file = files.path(map_data.NAME)
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert file.stat().st_size < 120_000
    assert stored["TSNE"] == map_data.SETTINGS and stored["computed by"] == f"python -m {map_data.__name__}"


def test_who_stands_together_belongs_together():
    from sklearn.manifold import trustworthiness

    _, vectors, places = map_data.load_map()
    assert places.shape == (len(vectors), 2) and np.abs(places).max() == 1
    units = map_data._unit(vectors.astype(float))
    assert trustworthiness(units, places, n_neighbors=8) > 0.95
    shuffled = np.random.default_rng(0).permutation(places)
    assert trustworthiness(units, shuffled, n_neighbors=8) < 0.55


def test_the_same_words_get_the_same_places():
    _, vectors, _ = map_data.load_map()
    once, again = (map_data.places_by_tsne(vectors[:80].astype(float)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert np.abs(once).max() == 1
    np.testing.assert_allclose(once.min(axis=0), -once.max(axis=0))


def test_the_packed_map_holds_words_vectors_and_places():
    packed = map_data.pack_map()
    assert packed[:4] == b"LMW1"
    (length,) = struct.unpack("<I", packed[4:8])
    manifest = json.loads(packed[8 : 8 + length])
    words, vectors, places = map_data.load_map()
    assert (manifest["kind"], manifest["vocabulary"]) == ("map", list(words))
    payload = np.frombuffer(packed[-(-(8 + length) // 16) * 16 :], "<f2")
    assert len(payload) == vectors.size + places.size
    np.testing.assert_array_equal(payload[: vectors.size].reshape(vectors.shape), vectors)
    np.testing.assert_allclose(payload[vectors.size :].reshape(places.shape), places, atol=2**-11)


# Neighbours and analogies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plus", "minus"),
    [(["boring"], []), (["king", "woman"], ["man"]), (["ship", "sea", "captain"], []), (["the"], ["of", "and"])],
)
def test_neighbours_are_gensims_own(gensim_map, plus, minus):
    found = map_data.near(plus, minus, top=20)
    theirs = gensim_map.most_similar(positive=plus, negative=minus, topn=20)
    assert [one["word"] for one in found] == [word for word, _ in theirs]
    assert [one["cosine"] for one in found] == pytest.approx([cosine for _, cosine in theirs], abs=1e-5)


@pytest.mark.parametrize("question", ["man king woman", "paris france rome", "big bigger small", "see saw go"])
def test_analogies_are_gensims_own(gensim_map, question):
    a, b, c = question.split()
    found = map_data.analogy(a, b, c, top=10)["words"]
    theirs = gensim_map.most_similar(positive=[b, c], negative=[a], topn=10)
    assert [one["word"] for one in found] == [word for word, _ in theirs]
    assert [one["cosine"] for one in found] == pytest.approx([cosine for _, cosine in theirs], abs=1e-5)


def test_all_other_words_can_be_asked_for_at_once():
    found = map_data.near(["whale"], top=10_000)
    assert len(found) == len(map_data.load_map()[0]) - 1
    cosines = [one["cosine"] for one in found]
    assert cosines == sorted(cosines, reverse=True) and -1 <= cosines[-1] < 0 < cosines[0] < 1


@pytest.mark.parametrize("question", ["man king woman", "paris france rome", "big bigger small"])
def test_the_plane_keeps_the_distances_of_the_three_words_and_the_parallelogram(gensim_map, question):
    answer = map_data.analogy(*question.split())
    plane = {name: np.array(place) for name, place in answer["plane"].items()}
    vector = dict(zip("abc", (gensim_map.get_vector(word, norm=True) for word in question.split()), strict=True))
    vector["found"] = gensim_map.get_vector(answer["words"][0]["word"], norm=True)
    vector["sum"] = vector["b"] - vector["a"] + vector["c"]
    for one, other in [("a", "b"), ("a", "c"), ("b", "c"), ("a", "sum"), ("b", "sum")]:
        apart = np.linalg.norm(vector[one] - vector[other])
        assert np.linalg.norm(plane[one] - plane[other]) == pytest.approx(apart, abs=1e-5)
    np.testing.assert_allclose(plane["sum"] - plane["c"], plane["b"] - plane["a"], atol=1e-9)
    for corner in "abc":  # a shadow is never farther away than what throws it
        apart = np.linalg.norm(vector[corner] - vector["found"])
        assert np.linalg.norm(plane[corner] - plane["found"]) < apart
    assert plane["a"].tolist() == [0, 0] and plane["b"][1] == pytest.approx(0) and plane["c"][1] > 0


def test_the_plane_of_words_that_span_none_is_flat_and_finite():
    for question in [("king", "king", "queen"), ("king", "queen", "king"), ("king", "queen", "queen")]:
        plane = map_data.analogy(*question)["plane"]
        assert np.isfinite(list(plane.values())).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: map_data.near(["no-such-word"]), "the map lacks the word 'no-such-word'"),
        (lambda: map_data.near([]), "name at least one word"),
        (lambda: map_data.near(["king"], ["king"]), "the words cancel each other"),
        (lambda: map_data.near(["king"], top=0), "top must be at least 1, got 0"),
        (lambda: map_data.analogy("man", "king", "womann"), "the map lacks the word 'womann'"),
    ],
)
def test_a_question_that_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
