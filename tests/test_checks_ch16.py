"""The checkers of chapter 16 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers


def read(stream, gain, matrix, *, axis=-1, centre=False, power=np.mean):
    root = np.sqrt(power(stream**2, axis=axis, keepdims=True))
    if centre:
        stream, root = stream - stream.mean(axis=-1, keepdims=True), stream.std(axis=-1, keepdims=True)
    return stream / root * gain @ matrix.T


def with_last_place(stream, gain, matrix):
    return stream / np.sqrt((stream[-1] ** 2).mean()) * gain @ matrix.T


def of_first_length(stream, gain, matrix):
    """Right for the vectors of the first case only: their lengths are remembered."""
    return stream / np.array([[2.5], [np.sqrt(3)]]) * gain @ matrix.T


def log_odds(logits, yes, no, threshold):
    return logits[:, yes] - logits[:, no] - threshold


def probabilities(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def against_all(logits, yes, no, threshold):
    p = probabilities(logits)[:, yes]
    return np.log(p / (1 - p)) - threshold


def rank(lost, named):
    return 1 + np.sum(np.asarray(lost) > lost[named])


RIGHT = [
    ("read_layer", read),
    ("read_layer", lambda s, g, m: s / np.sqrt((s**2).mean(axis=-1, keepdims=True) + 1e-5) * g @ m.T),
    ("verdict_log_odds", log_odds),
    ("verdict_log_odds", lambda z, y, n, t: np.log(probabilities(z)[:, y] / probabilities(z)[:, n]) - t),
    ("rank_of_reason", rank),
    ("rank_of_reason", lambda lost, named: sorted(lost, reverse=True).index(lost[named]) + 1),
]

WRONG = [
    ("read_layer", lambda s, g, m: read(s, g, m)[0], "shape"),
    ("read_layer", lambda s, g, m: read(s, g, m).T, "turned"),
    ("read_layer", lambda s, g, m: s * g @ m.T, "no_norm"),
    ("read_layer", lambda s, g, m: read(s, np.ones(4), m), "no_gain"),
    ("read_layer", lambda s, g, m: read(s, g, m, centre=True), "layer_norm"),
    ("read_layer", lambda s, g, m: read(s, g, m, power=np.sum), "length"),
    ("read_layer", lambda s, g, m: read(s, g, m, axis=0), "over_places"),
    ("read_layer", lambda s, g, m: read(s, g, m, axis=None), "one_for_all"),
    ("read_layer", with_last_place, "last_place"),
    ("read_layer", lambda s, g, m: read(s, g, m) + 1, "hand_case"),
    ("read_layer", of_first_length, "length_counts"),
    ("verdict_log_odds", lambda z, y, n, t: log_odds(z, y, n, t)[0], "shape"),
    ("verdict_log_odds", against_all, "against_all"),
    ("verdict_log_odds", lambda z, y, n, t: probabilities(z)[:, y] - probabilities(z)[:, n] - t, "probabilities"),
    ("verdict_log_odds", lambda z, y, n, t: 1 / (1 + np.exp(-log_odds(z, y, n, t))), "probability"),
    ("verdict_log_odds", lambda z, y, n, t: np.exp(log_odds(z, y, n, t)), "odds"),
    ("verdict_log_odds", lambda z, y, n, t: log_odds(z, n, y, t), "turned"),
    ("verdict_log_odds", lambda z, y, n, t: z[:, y] - t, "one_only"),
    ("verdict_log_odds", lambda z, y, n, t: log_odds(z, y, n, t) + 1, "hand_case"),
    ("verdict_log_odds", lambda z, y, n, t: log_odds(z, y, n, -t), "added"),
    ("verdict_log_odds", lambda z, y, n, t: log_odds(z, y, n, 0), "ignored"),
    ("verdict_log_odds", lambda z, y, n, t: (log_odds(z, y, n, t) > 0) if t else log_odds(z, y, n, 0), "cut"),
    ("verdict_log_odds", lambda z, y, n, t: log_odds(z, y, n, 2 * t), "threshold"),
    ("rank_of_reason", lambda lost, named: rank(lost, named) - 1, "from_zero"),
    ("rank_of_reason", lambda lost, named: 1 + np.sum(np.asarray(lost) < lost[named]), "ascending"),
    ("rank_of_reason", lambda lost, named: 1 + np.sum(np.abs(lost) > abs(lost[named])), "absolute"),
    ("rank_of_reason", lambda lost, named: 3, "largest"),
    ("rank_of_reason", lambda lost, named: min(rank(lost, named), 3), "smallest"),
    ("rank_of_reason", lambda lost, named: np.sum(np.asarray(lost) >= lost[named]), "equals"),
    ("rank_of_reason", lambda lost, named: 1.0 if isinstance(lost, list) else rank(lost, named), "list"),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
