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


def read_in_place(stream, gain, matrix):
    """Right, and writes into the array that it was given."""
    stream /= np.sqrt((stream**2).mean(axis=-1, keepdims=True))
    return stream * gain @ matrix.T


def threshold(scores, labels, *, places=None):
    steps = np.unique(scores)
    between = (steps[1:] + steps[:-1]) / 2
    places = [steps[0] - 1, *between, steps[-1] + 1] if places is None else places(steps, between)
    return float(max(places, key=lambda place: np.sum((scores > place) == labels)))


def sorted_apart(scores, labels):
    """Sorts the scores and leaves the labels as they were."""
    return threshold(np.sort(scores), labels)


def coarse(scores, labels):
    return threshold(scores, labels, places=lambda *_: [*np.linspace(scores.min() - 1, scores.max() + 1, 8), 3.2, 4.5])


def highest_negative(scores, labels):
    return scores[labels == 0].max()


def between_extremes(scores, labels):
    return (scores[labels == 0].max() + scores[labels == 1].min()) / 2


def between_means(scores, labels):
    return (scores[labels == 0].mean() + scores[labels == 1].mean()) / 2


def share_of_right(scores, labels):
    return np.mean((scores > threshold(scores, labels)) == labels)


def rank(lost, named):
    return 1 + np.sum(np.asarray(lost) > lost[named])


RIGHT = [
    ("read_layer", read),
    ("read_layer", lambda s, g, m: s / np.sqrt((s**2).mean(axis=-1, keepdims=True) + 1e-5) * g @ m.T),
    ("read_layer", read_in_place),
    ("best_threshold", threshold),
    ("best_threshold", lambda s, y: threshold(s, y, places=lambda steps, between: [steps[0] - 1, *steps])),
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
    ("best_threshold", lambda s, y: s, "number"),
    ("best_threshold", lambda s, y: 0, "zero"),
    ("best_threshold", share_of_right, "share"),
    ("best_threshold", lambda s, y: s.mean(), "mean"),
    ("best_threshold", lambda s, y: np.median(s), "median"),
    ("best_threshold", between_means, "between_means"),
    ("best_threshold", lambda s, y: s[y == 1].min(), "on_the_border"),
    ("best_threshold", lambda s, y: s.max(), "apart"),
    ("best_threshold", highest_negative, "highest_negative"),
    ("best_threshold", between_extremes, "between_extremes"),
    ("best_threshold", lambda s, y: 4.5, "mixed"),
    ("best_threshold", sorted_apart, "apart"),
    ("best_threshold", lambda s, y: threshold(s, y, places=lambda steps, between: between), "ends"),
    ("best_threshold", coarse, "worse"),
    ("rank_of_reason", lambda lost, named: rank(lost, named) - 1, "from_zero"),
    ("rank_of_reason", lambda lost, named: 1 + np.sum(np.asarray(lost) < lost[named]), "ascending"),
    ("rank_of_reason", lambda lost, named: 1 + np.sum(np.abs(lost) > abs(lost[named])), "absolute"),
    ("rank_of_reason", lambda lost, named: 3, "largest"),
    ("rank_of_reason", lambda lost, named: min(rank(lost, named), 3), "smallest"),
    ("rank_of_reason", lambda lost, named: np.sum(np.asarray(lost) >= lost[named]), "equals"),
    ("rank_of_reason", lambda lost, named: 1.0 if isinstance(lost, list) else rank(lost, named), "list"),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
