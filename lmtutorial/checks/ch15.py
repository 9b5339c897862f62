"""Checkers for chapter 15: attention with a mask, rotary positions, rollout, and what a head fetches.

Every call gets arrays of its own: a learner who writes into them spoils no later check.
"""

import numpy as np

from lmtutorial.checks import Mistake, exercise

causal_attention = exercise("causal_attention")
RANDOM = np.random.default_rng(0)
QUERIES, KEYS, VALUES = 2 * RANDOM.normal(size=(3, 4, 4))  # (time, head_width) each


def shares(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """The softmax of scores."""
    p = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True)


def attention(queries, keys, values, *, mask: str = "behind", root: float = 0.5, axis: int = -1) -> np.ndarray:
    """Attention done right, or with one of the usual mistakes."""
    allowed = {
        "behind": np.tril(np.ones((len(queries), len(keys)), bool)),
        "earlier": np.tril(np.ones((len(queries), len(keys)), bool), -1),
        "ahead": np.triu(np.ones((len(queries), len(keys)), bool)),
        "none": np.ones((len(queries), len(keys)), bool),
    }[mask]
    scores = queries @ keys.T / queries.shape[1] ** root
    return shares(np.where(allowed, scores, -1e30), axis) @ values


@causal_attention.check
def one_row_for_each_place(function):
    got = np.shape(function(QUERIES[:3].copy(), KEYS[:3].copy(), VALUES[:3, :2].copy()))
    if got != (3, 2):
        return Mistake("shape", got=got)


@causal_attention.check
def against_the_formula(function):
    got = np.asarray(function(QUERIES.copy(), KEYS.copy(), VALUES.copy()), float)
    scores = QUERIES @ KEYS.T / 2
    likely = {
        "no_mask": attention(QUERIES, KEYS, VALUES, mask="none"),
        "looks_ahead": attention(QUERIES, KEYS, VALUES, mask="ahead"),
        "not_scaled": attention(QUERIES, KEYS, VALUES, root=0),
        "no_root": attention(QUERIES, KEYS, VALUES, root=1),
        "wrong_axis": attention(QUERIES, KEYS, VALUES, axis=0),
        "masked_too_late": np.tril(shares(scores)) @ VALUES,
        "zeros_for_mask": shares(np.tril(scores)) @ VALUES,
        "no_softmax": np.tril(scores) @ VALUES,
        "roles_changed": attention(KEYS, QUERIES, VALUES),
    }
    if np.allclose(got, attention(QUERIES, KEYS, VALUES)):
        return None
    if np.allclose(got[1:], attention(QUERIES, KEYS, VALUES, mask="earlier")[1:]):
        return Mistake("not_itself")  # whatever the first place, which sees nobody then, has fetched
    if not np.isfinite(got).all():
        return Mistake("not_a_number")
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "formula")
    return Mistake(key)


@causal_attention.check
def large_scores(function):
    with np.errstate(all="ignore"):
        got = np.asarray(function(30 * QUERIES, -30 * KEYS, VALUES.copy()), float)
    if not np.isfinite(got).all():
        return Mistake("overflow")
    if not np.allclose(got, attention(30 * QUERIES, -30 * KEYS, VALUES)):
        return Mistake("mask_too_high")


rotate_pairs = exercise("rotate_pairs")
VECTOR = np.array([1.0, 0.0, 2.0, 1.0])
QUERY, KEY = RANDOM.normal(size=(2, 8))


def turned(x, place, base=10_000.0, *, way: int = 1, halves: bool = False, speeds=None) -> np.ndarray:
    """Pairs turned by their place, or with one of the usual mistakes."""
    x = np.asarray(x, float)
    pairs = len(x) // 2
    angle = way * place * (base ** (-np.arange(pairs) / pairs) if speeds is None else speeds)
    first, second = (x[:pairs], x[pairs:]) if halves else (x[0::2], x[1::2])
    new = first * np.cos(angle) - second * np.sin(angle), first * np.sin(angle) + second * np.cos(angle)
    return np.concatenate(new) if halves else np.stack(new, axis=1).ravel()


@rotate_pairs.check
def place_0_stays(function):
    got = np.asarray(function(VECTOR.copy(), 0), float)
    if got.shape != (4,):
        return Mistake("shape", got=got.shape)
    if not np.allclose(got, VECTOR):
        return Mistake("place_0", got=got.round(3).tolist(), want=VECTOR.tolist())


@rotate_pairs.check
def one_pair(function):
    got, want = np.asarray(function(np.array([1.0, 0.0]), 1), float), turned([1.0, 0.0], 1)
    likely = {
        "other_way": turned([1.0, 0.0], 1, way=-1),
        "degrees": turned([1.0, 0.0], np.pi / 180),
        "overwritten": [np.cos(1), np.sin(1) * np.cos(1)],
    }
    if not np.allclose(got, want):
        key = next((key for key, value in likely.items() if np.allclose(got, value)), "one_pair")
        return Mistake(key, got=got.round(3).tolist(), want=want.round(3).tolist())


@rotate_pairs.check
def the_second_pair_is_slower(function):
    got, want = np.asarray(function(VECTOR.copy(), 3), float), turned(VECTOR, 3)
    likely = {
        "halves": turned(VECTOR, 3, halves=True),
        "one_speed": turned(VECTOR, 3, speeds=np.ones(2)),
        "too_slow": turned(VECTOR, 3, speeds=10_000.0 ** -np.arange(2)),
        "too_fast": turned(VECTOR, 3, speeds=10_000.0 ** (-np.arange(2) / 4)),
    }
    if not np.allclose(got, want):
        key = next((key for key, value in likely.items() if np.allclose(got, value)), "second_pair")
        return Mistake(key, got=got.round(3).tolist(), want=want.round(3).tolist())


@rotate_pairs.check
def only_the_distance_counts(function):
    products = [float(np.dot(function(QUERY.copy(), place + 3), function(KEY.copy(), place))) for place in (0, 5, 60)]
    if not np.allclose(products, products[0]):
        return Mistake("distance", got=np.round(products, 3).tolist())


roll_out = exercise("roll_out")
WEIGHTS = shares(np.where(np.tril(np.ones((4, 4), bool)), 2 * RANDOM.normal(size=(3, 2, 4, 4)), -1e30))


KEEP = [0.5, 0.2, 0.7]  # what each layer keeps of the stream before it


def rolled(weights, keep, *, backwards: bool = False) -> np.ndarray:
    """Rollout done right, or with the layers multiplied in the wrong order."""
    keep = np.reshape(keep, (-1, 1, 1))
    layers = (1 - keep) * weights.mean(axis=1) + keep * np.eye(weights.shape[-1])
    found = np.eye(weights.shape[-1])
    for layer in layers:
        found = found @ layer if backwards else layer @ found
    return found


@roll_out.check
def one_square(function):
    got = np.shape(function(WEIGHTS.copy(), list(KEEP)))
    if got != (4, 4):
        return Mistake("shape", got=got)


@roll_out.check
def heads_that_look_at_themselves(function):
    got = np.asarray(function(np.broadcast_to(np.eye(3), (2, 2, 3, 3)).copy(), [0.5, 0.8]), float)
    if not np.allclose(got, np.eye(3)):
        return Mistake("identity", got=got.round(2).tolist())


@roll_out.check
def three_layers(function):
    got, want = np.asarray(function(WEIGHTS.copy(), list(KEEP)), float), rolled(WEIGHTS, KEEP)
    single = [rolled(WEIGHTS[i : i + 1], KEEP[i : i + 1]) for i in range(3)]
    likely = {
        "backwards": rolled(WEIGHTS, KEEP, backwards=True),
        "always_half": rolled(WEIGHTS, [0.5] * 3),
        "exchanged": rolled(WEIGHTS, 1 - np.array(KEEP)),
        "other_layers": rolled(WEIGHTS, KEEP[::-1]),
        "no_stream": rolled(WEIGHTS, [0.0] * 3),
        "last_layer": single[-1],
        "mean_of_layers": np.mean(single, axis=0),
        "largest_head": rolled(WEIGHTS.max(axis=1, keepdims=True), KEEP),
    }
    if np.allclose(got, want):
        return None
    key = next((key for key, value in likely.items() if np.allclose(got, value)), "layers")
    return Mistake(key, got=got[-1].round(3).tolist(), want=want[-1].round(3).tolist())


fetched_lengths = exercise("fetched_lengths")
ROW, OFFERED, MATRIX = WEIGHTS[0, 0, -1], 3 * RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(2, 5))


@fetched_lengths.check
def one_length_for_each_place(function):
    got = np.asarray(function(ROW.copy(), OFFERED.copy(), MATRIX.copy()), float)
    if got.shape != (4,):
        return Mistake("added_up" if got.shape in ((), (5,)) else "shape", got=got.shape)


@fetched_lengths.check
def by_hand(function):
    got = np.asarray(function(np.array([0.75, 0.25]), np.array([[1.0, 0.0], [0.0, 10.0]]), np.eye(2)), float)
    likely = {"shares_only": [0.75, 0.25], "no_share": [1, 10], "squared": [0.75**2, 2.5**2]}
    if not np.allclose(got, [0.75, 2.5]):
        key = next((key for key, value in likely.items() if np.allclose(got, value)), "by_hand")
        return Mistake(key, got=got.round(3).tolist())


@fetched_lengths.check
def through_the_matrix(function):
    got = np.asarray(function(ROW.copy(), OFFERED.copy(), MATRIX.copy()), float)
    want = ROW * np.linalg.norm(OFFERED @ MATRIX, axis=1)
    if not np.allclose(got, want):
        key = "no_matrix" if np.allclose(got, ROW * np.linalg.norm(OFFERED, axis=1)) else "through_matrix"
        return Mistake(key, got=got.round(3).tolist(), want=want.round(3).tolist())
