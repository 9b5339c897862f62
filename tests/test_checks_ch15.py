"""The checkers of chapter 15 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers

from lmtutorial import checks
from lmtutorial.checks import ch15
from lmtutorial.checks.ch15 import attention, rolled, shares, turned
from lmtutorial.inside.attention import rollout


def overflowing(queries, keys, values):
    scores = np.exp(queries @ keys.T / queries.shape[1] ** 0.5) * np.tril(np.ones((len(queries), len(keys))))
    return scores / scores.sum(axis=1, keepdims=True) @ values


def late_mask(queries, keys, values):
    return np.tril(shares(queries @ keys.T / queries.shape[1] ** 0.5)) @ values


def zero_mask(queries, keys, values):
    return shares(np.tril(queries @ keys.T / queries.shape[1] ** 0.5)) @ values


def no_softmax(queries, keys, values):
    return np.tril(queries @ keys.T / queries.shape[1] ** 0.5) @ values


def fetch(row, values, matrix):
    return row * np.linalg.norm(values @ matrix, axis=1)


def stretched(x, place, base=10_000.0):
    """Right for short vectors; pairs of longer ones also grow with their place."""
    return turned(x, place) * (1 + 0.1 * place * (len(x) > 4))


def first_place_off(queries, keys, values):
    """Right but for vectors of width 4, where the first row is another one."""
    found = attention(queries, keys, values)
    return found if len(queries) != 4 else np.roll(found, 1, axis=0)


def multiplied_mask(queries, keys, values):
    ahead = 1 - np.tril(np.ones((len(queries), len(keys))))
    return shares(queries @ keys.T / queries.shape[1] ** 0.5 + ahead * -np.inf) @ values


def low_mask(queries, keys, values):
    scores = queries @ keys.T / queries.shape[1] ** 0.5
    return shares(np.where(np.tril(np.ones(scores.shape, bool)), scores, -100)) @ values


def scaled_in_place(queries, keys, values):
    """Right, and writes into the array that it was given."""
    queries /= np.sqrt(queries.shape[1])
    scores = queries @ keys.T + np.where(np.tri(len(queries), dtype=bool), 0, -np.inf)
    return shares(scores) @ values


def in_its_place(x, place):
    angle = place * 10_000.0 ** (-np.arange(len(x) // 2) / (len(x) // 2))
    x[0::2] = x[0::2] * np.cos(angle) - x[1::2] * np.sin(angle)
    x[1::2] = x[0::2] * np.sin(angle) + x[1::2] * np.cos(angle)
    return x


def eye_into_each_head(weights, keep):
    found = np.eye(weights.shape[-1])
    for heads, own in zip(weights, keep, strict=True):
        found = np.mean([own * np.eye(len(found)) + (1 - own) * head for head in heads], axis=0) @ found
    return found


def one_layer(weights, keep, number):
    return rolled(weights[number, None], keep[number])


RIGHT = [
    ("causal_attention", attention),
    ("causal_attention", scaled_in_place),
    ("rotate_pairs", turned),
    ("rotate_pairs", lambda x, place: turned(x, place).tolist()),
    ("roll_out", rolled),
    ("roll_out", eye_into_each_head),
    ("fetched_lengths", fetch),
    ("fetched_lengths", lambda r, v, m: np.sqrt((((r[:, None] * v) @ m) ** 2).sum(axis=1))),
]

WRONG = [
    ("causal_attention", lambda q, k, v: attention(q, k, v)[0], "shape"),
    ("causal_attention", lambda q, k, v: attention(q, k, v, mask="none"), "no_mask"),
    ("causal_attention", lambda q, k, v: attention(q, k, v, mask="ahead"), "looks_ahead"),
    ("causal_attention", lambda q, k, v: attention(q, k, v, mask="earlier"), "not_itself"),
    ("causal_attention", lambda q, k, v: attention(q, k, v, root=0), "not_scaled"),
    ("causal_attention", lambda q, k, v: attention(q, k, v, root=1), "no_root"),
    ("causal_attention", lambda q, k, v: attention(q, k, v, axis=0), "wrong_axis"),
    ("causal_attention", late_mask, "masked_too_late"),
    ("causal_attention", zero_mask, "zeros_for_mask"),
    ("causal_attention", no_softmax, "no_softmax"),
    ("causal_attention", lambda q, k, v: attention(k, q, v), "roles_changed"),
    ("causal_attention", lambda q, k, v: attention(q, k, v) + 1, "formula"),
    ("causal_attention", first_place_off, "formula"),
    ("causal_attention", overflowing, "overflow"),
    ("causal_attention", multiplied_mask, "not_a_number"),
    ("causal_attention", low_mask, "mask_too_high"),
    ("rotate_pairs", lambda x, place: turned(x, place)[:1], "shape"),
    ("rotate_pairs", lambda x, place: turned(x, place + 1), "place_0"),
    ("rotate_pairs", lambda x, place: turned(x, place, way=-1), "other_way"),
    ("rotate_pairs", lambda x, place: turned(x, np.deg2rad(place)), "degrees"),
    ("rotate_pairs", lambda x, place: turned(x, 2 * place), "one_pair"),
    ("rotate_pairs", in_its_place, "overwritten"),
    ("rotate_pairs", lambda x, place: turned(x, place, halves=True), "halves"),
    ("rotate_pairs", lambda x, place: turned(x, place, speeds=np.ones(len(x) // 2)), "one_speed"),
    ("rotate_pairs", lambda x, place: turned(x, place, speeds=10_000.0 ** -np.arange(len(x) // 2)), "too_slow"),
    ("rotate_pairs", lambda x, p: turned(x, p, speeds=10_000.0 ** (-np.arange(len(x) // 2) / len(x))), "too_fast"),
    ("rotate_pairs", lambda x, place: turned(x, place, base=500.0), "second_pair"),
    ("rotate_pairs", stretched, "distance"),
    ("roll_out", lambda w, keep: rolled(w, keep)[-1], "shape"),
    ("roll_out", lambda w, keep: w.mean(axis=1).sum(axis=0), "identity"),
    ("roll_out", lambda w, keep: rolled(w, keep, backwards=True), "backwards"),
    ("roll_out", lambda w, keep: rollout(w)[-1], "always_half"),
    ("roll_out", lambda w, keep: rolled(w, 1 - np.array(keep)), "exchanged"),
    ("roll_out", lambda w, keep: rolled(w, keep[::-1]), "other_layers"),
    ("roll_out", lambda w, keep: rolled(w, 0), "no_stream"),
    ("roll_out", lambda w, keep: one_layer(w, keep, -1), "last_layer"),
    ("roll_out", lambda w, keep: np.mean([one_layer(w, keep, i) for i in range(len(w))], axis=0), "mean_of_layers"),
    ("roll_out", lambda w, keep: rolled(w.max(axis=1, keepdims=True), keep), "largest_head"),
    ("roll_out", lambda w, keep: rolled(w, 0.9), "layers"),
    ("fetched_lengths", lambda r, v, m: np.linalg.norm(r @ v @ m), "added_up"),
    ("fetched_lengths", lambda r, v, m: fetch(r, v, m)[:2], "shape"),
    ("fetched_lengths", lambda r, v, m: r, "shares_only"),
    ("fetched_lengths", lambda r, v, m: np.linalg.norm(v @ m, axis=1), "no_share"),
    ("fetched_lengths", lambda r, v, m: fetch(r, v, m) ** 2, "squared"),
    ("fetched_lengths", lambda r, v, m: fetch(r, v, m) + 1, "by_hand"),
    ("fetched_lengths", lambda r, v, m: r * np.linalg.norm(v, axis=1), "no_matrix"),
    ("fetched_lengths", lambda r, v, m: r * np.linalg.norm(v @ m[::-1], axis=1), "through_matrix"),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)


def test_every_message_is_reached_or_tells_of_success():
    told = {name: set(words) for name, words in checks.messages("ch15").items()}
    reached = {(name, mistake) for name, _, mistake in WRONG}
    rest = {(name, key) for name, keys in told.items() for key in keys} - reached
    assert rest == {(name, "passed") for name in told}
    assert set(told) == {value.name for value in vars(ch15).values() if isinstance(value, checks.Exercise)}
