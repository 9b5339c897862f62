"""Checkers for chapter 06: parameters by hand, an LSTM that reads one sentence, the loss from logits."""

import itertools

import numpy as np

from lmtutorial.checks import Mistake, exercise

count_parameters = exercise("count_parameters")


def lstm(inputs, units):
    return 4 * units * (inputs + units + 1)


@count_parameters.check
def one_whole_number(function):
    got = function(10, 3, (2,))
    if not isinstance(got, int | np.integer):
        return Mistake("kind", got=type(got).__name__)


@count_parameters.check
def one_layer(function):
    got = int(function(10, 3, (2,)))  # 30 + 4 * 2 * (3 + 2 + 1) + 3
    likely = {
        "embedding": 48 + 3,
        "output_bias": 30 + 48 + 2,
        "output": 30 + 48,
        "gates": 30 + 12 + 3,
        "recurrent": 30 + 4 * 2 * (3 + 1) + 3,
        "gate_bias": 30 + 4 * 2 * (3 + 2) + 3,
        "two_biases": 30 + 4 * 2 * (3 + 2 + 2) + 3,
        "three_gates": 30 + 3 * 2 * (3 + 2 + 1) + 3,
    }
    if got != 81:
        return Mistake(next((key for key, value in likely.items() if value == got), "hand_case"), got=got)


@count_parameters.check
def several_layers(function):
    got = int(function(10, 3, (5, 2)))
    if got == 30 + lstm(3, 5) + lstm(3, 2) + 3:
        return Mistake("second_input")
    if got != 30 + lstm(3, 5) + lstm(5, 2) + 3:
        return Mistake("layers", want=30 + lstm(3, 5) + lstm(5, 2) + 3, got=got)


@count_parameters.check
def the_recipe(function):
    got = int(function(10_000, 50, (64, 32)))
    if got != 541_889:
        return Mistake("recipe", got=got)


lstm_last_state = exercise("lstm_last_state")
DIM, UNITS, TIME = 3, 2, 4


def example():
    random = np.random.default_rng(0)
    shapes = [(TIME, DIM), (DIM, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)]
    return [random.normal(size=shape) for shape in shapes]


def gate(z):
    return 1 / (1 + np.exp(-z))


def states(vectors, mask, W, U, b, order="ifco", masked="kept"):
    """(time, units) hidden state behind every position; `order` and `masked` allow for the typical mistakes."""
    h, c, found = np.zeros(len(U)), np.zeros(len(U)), []
    for x, counts in zip(vectors, mask, strict=True):
        if counts or masked == "read":
            part = dict(zip(order, np.split(x @ W + h @ U + b, 4), strict=True))
            c = gate(part["f"]) * c + gate(part["i"]) * np.tanh(part["c"])
            h = gate(part["o"]) * np.tanh(c)
        elif masked == "zero":
            h, c = np.zeros_like(h), np.zeros_like(c)
        found.append(h)
    return np.array(found)


@lstm_last_state.check
def shape(function):
    vectors, W, U, b = example()
    got = np.shape(function(vectors, np.ones(TIME, bool), W, U, b))
    if got != (UNITS,):
        return Mistake("every_word" if got == (TIME, UNITS) else "shape", got=got)


@lstm_last_state.check
def one_word(function):
    vectors, W, U, b = example()
    one = np.ones(1, bool)
    got = np.asarray(function(vectors[:1], one, W, U, b))
    if np.allclose(got, states(vectors[:1], one, W, U, b)[-1]):
        return None
    i, f, g, o = np.split(vectors[0] @ W + b, 4)
    likely = {
        "no_bias": states(vectors[:1], one, W, U, np.zeros_like(b))[-1],
        "no_tanh_state": gate(o) * gate(i) * np.tanh(g),
        "no_tanh_candidate": gate(o) * np.tanh(gate(i) * g),
        "sigmoid_candidate": gate(o) * np.tanh(gate(i) * gate(g)),
        "memory": gate(i) * np.tanh(g),
        "too_early": np.zeros(UNITS),
    }
    other_orders = [states(vectors[:1], one, W, U, b, order)[-1] for order in itertools.permutations("ifco")]
    if any(np.allclose(got, value) for value in other_orders):
        return Mistake("order")
    return Mistake(next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case"))


@lstm_last_state.check
def a_sentence(function):
    vectors, W, U, b = example()
    every = np.ones(TIME, bool)
    got = np.asarray(function(vectors, every, W, U, b))
    if np.allclose(got, states(vectors, every, W, U, b)[-1]):
        return None
    if np.allclose(got, states(vectors[-1:], every[:1], W, U, b)[-1]):
        return Mistake("forgets_all")
    return Mistake("no_recurrent" if np.allclose(got, states(vectors, every, W, 0 * U, b)[-1]) else "carried")


@lstm_last_state.check
def padding_at_the_end(function):
    vectors, W, U, b = example()
    mask = np.array([True, True, False, False])
    got = np.asarray(function(vectors, mask, W, U, b))
    if np.allclose(got, states(vectors, mask, W, U, b)[-1]):
        return None
    for key, masked in (("reads_padding", "read"), ("zeroes", "zero")):
        if np.allclose(got, states(vectors, mask, W, U, b, masked=masked)[-1]):
            return Mistake(key)
    return Mistake("mask")


@lstm_last_state.check
def padding_at_the_start(function):
    vectors, W, U, b = example()
    mask = np.array([False, True, False, True])
    if not np.allclose(function(vectors, mask, W, U, b), states(vectors, mask, W, U, b)[-1]):
        return Mistake("stops")


binary_cross_entropy = exercise("binary_cross_entropy")


@binary_cross_entropy.check
def one_number(function):
    got = np.shape(function(np.array([0.0, 1.0]), np.array([1, 0])))
    if got != ():
        return Mistake("number", got=got)


@binary_cross_entropy.check
def undecided(function):
    got = float(function(np.zeros(4), np.array([1, 0, 0, 1])))
    likely = {"sum": 4 * np.log(2), "sign": -np.log(2), "bits": 1.0, "one_term": np.log(2) / 2}
    if np.isclose(got, np.log(2)):
        return None
    if not np.isfinite(got) or got > 5:
        return Mistake("as_probability", got=round(got, 3))
    return Mistake(
        next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case"), got=round(got, 3)
    )


@binary_cross_entropy.check
def sides(function):
    """Logit ln 3 is the probability 3/4."""
    got = float(function(np.array([np.log(3.0)]), np.array([1])))
    if np.isclose(got, -np.log(0.75)):
        return None
    if np.isclose(got, -np.log(0.25)):
        other = float(function(np.array([np.log(3.0)]), np.array([0])))
        return Mistake("label_unused" if np.isclose(other, got) else "sides", got=round(got, 3))
    return Mistake("three_quarters", got=round(got, 3))


@binary_cross_entropy.check
def large_logits(function):
    got = float(function(np.array([1000.0, -1000.0]), np.array([0, 1])))
    if not np.isclose(got, 1000):
        return Mistake("overflow" if not np.isfinite(got) else "clipped", got=round(got, 1))


@binary_cross_entropy.check
def sure_and_right(function):
    got = float(function(np.array([1000.0, -1000.0]), np.array([1, 0])))
    if not np.isclose(got, 0):
        return Mistake("zero_times_infinity" if np.isnan(got) else "sure", got=round(got, 3))
