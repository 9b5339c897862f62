"""The checkers of chapter 05 accept right answers and name typical mistakes."""

import numpy as np
import pytest

from lmtutorial import checks


def unit(matrix):
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def nearest_words(matrix, i, k):
    scores = unit(matrix) @ unit(matrix)[i]
    return [j for j in np.argsort(-scores) if j != i][:k]


def analogy(matrix, a, b, c, sign=-1, forbidden=None, low=-np.inf):
    rows = unit(matrix)
    scores = rows @ (rows[b] + sign * rows[a] + rows[c])
    scores[[a, b, c] if forbidden is None else forbidden] = low
    return scores.argmax()


def first_layer(vocabulary, vectors):
    known = [vectors[word] for word in vocabulary[2:] if word in vectors]
    rows = [vectors.get(word, np.mean(known, axis=0)) for word in vocabulary[2:]]
    return np.array([np.zeros(len(known[0])), np.mean(known, axis=0), *rows], dtype=np.float32)


def by_product(matrix, i, k):
    return [j for j in np.argsort(-(matrix @ matrix[i])) if j != i][:k]


def by_distance(matrix, i, k):
    return [j for j in np.argsort(np.linalg.norm(matrix - matrix[i], axis=1)) if j != i][:k]


def own_score_is_zero(matrix, i, k):
    scores = unit(matrix) @ unit(matrix)[i]
    scores[i] = 0
    return np.argsort(-scores)[:k]


def in_place(matrix, i, k):
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return nearest_words(matrix, i, k)


def question_words_allowed(matrix, a, b, c):
    rows = unit(matrix)
    return (rows @ (rows[b] - rows[a] + rows[c])).argmax()


def long_rows(matrix, a, b, c, scale_query=True):
    rows = unit(matrix) if scale_query else matrix
    other = matrix if scale_query else unit(matrix)
    scores = other @ (rows[b] - rows[a] + rows[c])
    scores[[a, b, c]] = -np.inf
    return scores.argmax()


def in_dictionary_order(vocabulary, vectors):
    rows = [*vectors.values()][: len(vocabulary) - 2]
    return np.array([[0, 0], [2, 4], *rows], dtype=np.float32)[: len(vocabulary)]


def changed(row, value):
    def answer(vocabulary, vectors):
        matrix = first_layer(vocabulary, vectors)
        matrix[row] = value
        return matrix

    return answer


def special_names(vocabulary, vectors):
    matrix = first_layer(vocabulary, vectors)
    matrix[1] = vectors.get("[UNK]", matrix[1])
    return matrix


RIGHT = [
    ("nearest_words", nearest_words),
    ("nearest_words", lambda m, i, k: np.array(nearest_words(m, i, k))),
    ("analogy", analogy),
    ("analogy", lambda m, a, b, c: int(analogy(m, a, b, c))),
    ("first_layer", first_layer),
]
WRONG = [
    ("nearest_words", "count", lambda m, i, k: nearest_words(m, i, k)[0]),
    ("nearest_words", "itself", lambda m, i, k: np.argsort(-(unit(m) @ unit(m)[i]))[:k]),
    ("nearest_words", "product", by_product),
    ("nearest_words", "distance", by_distance),
    ("nearest_words", "farthest", lambda m, i, k: [j for j in np.argsort(unit(m) @ unit(m)[i]) if j != i][:k]),
    ("nearest_words", "order", lambda m, i, k: sorted(nearest_words(m, i, k))),
    ("nearest_words", "order", lambda m, i, k: nearest_words(m, i, k)[::-1]),
    ("nearest_words", "renumbered", lambda m, i, k: np.argsort(-np.delete(unit(m) @ unit(m)[i], i))[:k]),
    ("nearest_words", "not_forbidden", own_score_is_zero),
    ("nearest_words", "away", lambda m, i, k: nearest_words(m, i, k)[::-1] if len(m) == 3 else nearest_words(m, i, k)),
    ("nearest_words", "hand_case", lambda m, i, k: nearest_words(m, i, len(m))[-k:]),
    ("nearest_words", "lengths", lambda m, i, k: nearest_words(m, i, k) if m[3, 1] == 20 else by_product(m, i, k)),
    ("nearest_words", "alike", lambda m, i, k: np.argsort(-(unit(m) @ unit(m)[i]), kind="stable")[1 : k + 1]),
    ("nearest_words", "changed", in_place),
    ("analogy", "kind", lambda m, a, b, c: [analogy(m, a, b, c)]),
    ("analogy", "question_word", question_words_allowed),
    ("analogy", "long", long_rows),
    ("analogy", "turned", lambda m, a, b, c: analogy(m, b, a, c)),
    ("analogy", "turned", lambda m, a, b, c: analogy(m, a, b, c, sign=1)),
    ("analogy", "step", lambda m, a, b, c: 0 if len(m) == 7 else analogy(m, a, b, c)),
    ("analogy", "hand_case", lambda m, a, b, c: 2 if m.max() == 40 else analogy(m, a, b, c)),
    ("analogy", "not_forbidden", lambda m, a, b, c: analogy(m, a, b, c, forbidden=[b, c])),
    ("analogy", "not_forbidden", lambda m, a, b, c: analogy(m, a, b, c, low=0)),
    ("analogy", "lengths", lambda m, a, b, c: long_rows(m, a, b, c, scale_query=False)),
    ("first_layer", "shape", lambda v, vectors: first_layer(v, vectors)[1:]),
    ("first_layer", "dtype", lambda v, vectors: first_layer(v, vectors).astype(float)),
    ("first_layer", "dictionary_order", in_dictionary_order),
    ("first_layer", "rows", lambda v, vectors: np.roll(first_layer(v, vectors), 1, axis=0)),
    ("first_layer", "padding", changed(0, [2, 4])),
    ("first_layer", "nothing", changed(4, 0)),
    ("first_layer", "whole_file", changed(4, np.mean([[1, 2], [50, 50], [3, 6]], axis=0))),
    ("first_layer", "zeros_in_the_mean", changed(4, [0.8, 1.6])),
    ("first_layer", "drawn", changed([1, 4], [[0.3, -0.1], [0.2, 0.7]])),
    ("first_layer", "mean", changed(4, [3, 6])),
    ("first_layer", "special", special_names),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_passes(name, answer):
    result = getattr(checks, name).result(answer)
    assert result.passed, result.message


@pytest.mark.parametrize("name", sorted({name for name, _ in RIGHT}))
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
