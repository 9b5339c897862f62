"""The checkers of chapter 06 accept right answers and name typical mistakes."""

import numpy as np
import pytest

from lmtutorial import checks


def count_parameters(words, dim, units):
    total, inputs = words * dim, dim
    for width in units:
        total += 4 * width * (inputs + width + 1)
        inputs = width
    return total + inputs + 1


def one_set(words, dim, units, factor=4, recurrent=1, bias=1, output=None):
    (width,) = units if len(units) == 1 else units[:1]
    return words * dim + factor * width * (dim + recurrent * width + bias) + (width + 1 if output is None else output)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_last_state(vectors, mask, W, U, b, split="ifco", read=False, wipe=False, every=False, start="before"):
    h = c = np.zeros(len(U))
    seen = []
    for x, counts in zip(vectors, mask, strict=True):
        if start == "inside":
            h = c = np.zeros(len(U))
        if counts or read:
            p = dict(zip(split, np.split(x @ W + h @ U + b, 4), strict=True))
            c = sigmoid(p["f"]) * c + sigmoid(p["i"]) * np.tanh(p["c"])
            h = sigmoid(p["o"]) * np.tanh(c)
        elif wipe:
            h = c = np.zeros(len(U))
        seen.append(h)
    return np.array(seen) if every else h


def memory(vectors, mask, W, U, b):
    h = c = np.zeros(len(U))
    for x, _ in zip(vectors, mask, strict=True):
        i, f, g, o = np.split(x @ W + h @ U + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return c


def shows_the_old_memory(vectors, mask, W, U, b):
    h = c = np.zeros(len(U))
    for x, counts in zip(vectors, mask, strict=True):
        if counts:
            i, f, g, o = np.split(x @ W + h @ U + b, 4)
            h = sigmoid(o) * np.tanh(c)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return h


def stops_at_padding(vectors, mask, W, U, b):
    words = len(mask) if all(mask) else int(np.argmin(mask))
    return lstm_last_state(vectors[:words], mask[:words], W, U, b)


def without_tanh(vectors, mask, W, U, b):
    h = c = np.zeros(len(U))
    for x, counts in zip(vectors, mask, strict=True):
        if counts:
            i, f, g, o = np.split(x @ W + h @ U + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * c
    return h


def candidate(function):
    def last_state(vectors, mask, W, U, b):
        h = c = np.zeros(len(U))
        for x, _ in zip(vectors, mask, strict=True):
            i, f, g, o = np.split(x @ W + h @ U + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * function(g)
            h = sigmoid(o) * np.tanh(c)
        return h

    return last_state


def new_memory_only(vectors, mask, W, U, b):
    h = np.zeros(len(U))
    for x, counts in zip(vectors, mask, strict=True):
        if counts:
            i, _, g, o = np.split(x @ W + h @ U + b, 4)
            h = sigmoid(o) * np.tanh(sigmoid(i) * np.tanh(g))
    return h


def binary_cross_entropy(logits, labels):
    return np.mean(np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits))))


def naive(logits, labels):
    p = sigmoid(logits)
    return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))


def picked(logits, labels):
    return -np.mean(np.log(np.where(labels == 1, sigmoid(logits), 1 - sigmoid(logits))))


def clipped(logits, labels):
    p = np.clip(sigmoid(logits), 1e-7, 1 - 1e-7)
    return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))


RIGHT = [
    ("count_parameters", count_parameters),
    ("lstm_last_state", lstm_last_state),
    ("lstm_last_state", lambda *a: lstm_last_state(*a).astype("float32").tolist()),
    ("binary_cross_entropy", binary_cross_entropy),
    ("binary_cross_entropy", lambda z, y: float(np.logaddexp(0, np.where(y == 1, -z, z)).mean())),
]
WRONG = [
    ("count_parameters", "kind", lambda *a: float(count_parameters(*a))),
    ("count_parameters", "embedding", lambda n, d, u: count_parameters(n, d, u) - n * d),
    ("count_parameters", "output_bias", lambda *a: count_parameters(*a) - 1),
    ("count_parameters", "output", lambda n, d, u: count_parameters(n, d, u) - u[-1] - 1),
    ("count_parameters", "gates", lambda *a: one_set(*a, factor=1)),
    ("count_parameters", "recurrent", lambda *a: one_set(*a, recurrent=0)),
    ("count_parameters", "gate_bias", lambda *a: one_set(*a, bias=0)),
    ("count_parameters", "two_biases", lambda *a: one_set(*a, bias=2)),
    ("count_parameters", "three_gates", lambda *a: one_set(*a, factor=3)),
    ("count_parameters", "layers", one_set),
    (
        "count_parameters",
        "second_input",
        lambda n, d, u: n * d + sum(4 * w * (d + w + 1) for w in u) + u[-1] + 1,
    ),
    ("count_parameters", "recipe", lambda n, d, u: count_parameters(n, d, u) if n < 100 else 0),
    ("count_parameters", "hand_case", lambda *a: 7),
    ("lstm_last_state", "shape", lambda v, m, W, U, b: np.zeros((1, len(U)))),
    ("lstm_last_state", "every_word", lambda *a: lstm_last_state(*a, every=True)),
    ("lstm_last_state", "order", lambda *a: lstm_last_state(*a, split="ifoc")),
    ("lstm_last_state", "no_bias", lambda v, m, W, U, b: lstm_last_state(v, m, W, U, 0 * b)),
    ("lstm_last_state", "no_tanh_state", without_tanh),
    ("lstm_last_state", "no_tanh_candidate", candidate(lambda g: g)),
    ("lstm_last_state", "sigmoid_candidate", candidate(sigmoid)),
    ("lstm_last_state", "memory", memory),
    ("lstm_last_state", "order", lambda *a: lstm_last_state(*a, split="icfo")),
    ("lstm_last_state", "too_early", shows_the_old_memory),
    ("lstm_last_state", "stops", stops_at_padding),
    ("lstm_last_state", "hand_case", lambda v, m, W, U, b: np.full(len(U), 7.0)),
    ("lstm_last_state", "forgets_all", lambda *a: lstm_last_state(*a, start="inside")),
    ("lstm_last_state", "no_recurrent", lambda v, m, W, U, b: lstm_last_state(v, m, W, 0 * U, b)),
    ("lstm_last_state", "carried", new_memory_only),
    ("lstm_last_state", "reads_padding", lambda *a: lstm_last_state(*a, read=True)),
    ("lstm_last_state", "zeroes", lambda *a: lstm_last_state(*a, wipe=True)),
    (
        "lstm_last_state",
        "mask",
        lambda v, m, W, U, b: lstm_last_state(v * m[:, None], m, W, U, b, read=True),
    ),
    ("binary_cross_entropy", "number", lambda z, y: np.log1p(np.exp(-z))),
    ("binary_cross_entropy", "sum", lambda z, y: len(z) * binary_cross_entropy(z, y)),
    ("binary_cross_entropy", "sign", lambda z, y: -binary_cross_entropy(z, y)),
    ("binary_cross_entropy", "bits", lambda z, y: binary_cross_entropy(z, y) / np.log(2)),
    (
        "binary_cross_entropy",
        "as_probability",
        lambda z, y: -np.mean(y * np.log(z) + (1 - y) * np.log(1 - z)),
    ),
    (
        "binary_cross_entropy",
        "as_probability",
        lambda z, y: -np.mean(y * np.log(z + 1e-7) + (1 - y) * np.log(1 - z + 1e-7)),
    ),
    ("binary_cross_entropy", "one_term", lambda z, y: np.mean(y * np.logaddexp(0, -z))),
    ("binary_cross_entropy", "label_unused", lambda z, y: binary_cross_entropy(z, 0 * y)),
    ("binary_cross_entropy", "sides", lambda z, y: binary_cross_entropy(z, 1 - y)),
    ("binary_cross_entropy", "three_quarters", lambda z, y: binary_cross_entropy(2 * z, y)),
    ("binary_cross_entropy", "overflow", picked),
    ("binary_cross_entropy", "overflow", naive),
    ("binary_cross_entropy", "clipped", clipped),
    (
        "binary_cross_entropy",
        "zero_times_infinity",
        lambda z, y: naive(z, y) if np.all((z > 0) == y) else binary_cross_entropy(z, y),
    ),
    (
        "binary_cross_entropy",
        "sure",
        lambda z, y: binary_cross_entropy(z, y) + (0.1 if np.all(np.abs(z) > 9) and np.all((z > 0) == y) else 0),
    ),
    ("binary_cross_entropy", "hand_case", lambda z, y: binary_cross_entropy(z, y) + 0.1),
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
