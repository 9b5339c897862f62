"""The checkers of chapter 14 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers


def odds(logits, target):
    others = np.delete(logits, target, axis=1)
    largest = others.max(axis=1, keepdims=True)
    return logits[:, target] - largest[:, 0] - np.log(np.exp(others - largest).sum(axis=1))


def log_p(logits, target):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))[:, target]


def from_one_minus_p(logits, target):
    p = np.exp(log_p(logits, target))
    with np.errstate(divide="ignore"):
        return np.log(p / (1 - p))


def overflowing(logits, target):
    return logits[:, target] - np.log(np.exp(np.delete(logits, target, axis=1)).sum(axis=1))


def of_log_probabilities(logits, target):
    with np.errstate(all="ignore"):
        return np.log(np.exp(logits[:, target]) / (1 - np.exp(logits[:, target])))


def put_away_too_early(logits, target):
    logits[:, target] = -np.inf
    return logits[:, target] - np.log(np.exp(logits).sum(axis=1))


def put_away_in_time(logits, target):
    """Right, and writes into the array that it was given."""
    own = logits[:, target].copy()
    logits[:, target] = -np.inf
    largest = logits.max(axis=1)
    return own - largest - np.log(np.exp(logits - largest[:, None]).sum(axis=1))


def chance(lengths, top=1):
    return np.mean([min(top, n) / n for n in lengths])


def erase(score, ids, unknown, *, places=None, put=None, give=None):
    found = []
    for place in range(1, len(ids)) if places is None else places(len(ids)):
        without = ids.copy()
        without[place] = unknown if put is None else put
        found.append(score(ids) - score(without) if give is None else give(score(ids), score(without)))
    return np.array(found)


def piled(score, ids, unknown):
    whole, without, found = score(ids), ids.copy(), []
    for place in range(1, len(ids)):
        without[place] = unknown
        found.append(whole - score(without))
    return np.array(found)


def deleting(score, ids, unknown):
    return np.array([score(ids) - score(np.delete(ids, place)) for place in range(1, len(ids))])


def changing(score, ids, unknown):
    whole, kept, found = score(ids), ids.copy(), []
    for place in range(1, len(ids)):
        ids[:] = kept
        ids[place] = unknown
        found.append(whole - score(ids))
    return np.array(found)


def from_the_end(score, ids, unknown):
    """Right numbers, from texts in which more than one word is missing."""
    found, without = [], ids.copy()
    without[1:] = unknown
    for place in range(1, len(ids)):
        before = score(without)
        without[place] = ids[place]
        found.append(score(without) - before)
    return np.array(found)


RIGHT = [
    ("odds_against_rest", odds),
    ("odds_against_rest", put_away_in_time),
    ("erase_each", erase),
    ("erase_each", lambda s, i, u: erase(s, i, u).tolist()),
    ("chance_of_pointing", chance),
    ("chance_of_pointing", lambda lengths, top=1: np.minimum(1, top / np.asarray(lengths)).mean()),
]

WRONG = [
    ("odds_against_rest", lambda z, t: odds(z, t)[0], "shape"),
    ("odds_against_rest", log_p, "log_probability"),
    ("odds_against_rest", lambda z, t: np.exp(log_p(z, t)), "probability"),
    ("odds_against_rest", lambda z, t: np.exp(odds(z, t)), "odds"),
    ("odds_against_rest", lambda z, t: -odds(z, t), "turned"),
    ("odds_against_rest", lambda z, t: z[:, t] - np.delete(z, t, axis=1).sum(axis=1), "sum_of_logits"),
    ("odds_against_rest", lambda z, t: odds(z, (t + 1) % 3), "wrong_word"),
    ("odds_against_rest", lambda z, t: odds(z, t) + 1, "hand_case"),
    ("odds_against_rest", put_away_too_early, "not_a_number"),
    ("odds_against_rest", of_log_probabilities, "not_normalised"),
    ("odds_against_rest", from_one_minus_p, "certain"),
    ("odds_against_rest", overflowing, "overflow"),
    ("erase_each", lambda s, i, u: erase(s, i, u)[:2], "shape"),
    ("erase_each", lambda s, i, u: erase(s, i, u, places=range), "start_too"),
    ("erase_each", lambda s, i, u: erase(s, i, u, give=lambda whole, without: without), "not_taken_off"),
    ("erase_each", lambda s, i, u: -erase(s, i, u), "turned"),
    ("erase_each", piled, "piled_up"),
    ("erase_each", lambda s, i, u: erase(s, i, u, places=lambda n: range(n - 1)), "one_too_far"),
    ("erase_each", lambda s, i, u: erase(s, i, u) * 2, "additive"),
    ("erase_each", deleting, "deleted"),
    ("erase_each", lambda s, i, u: erase(s, i, u, put=0), "other_id"),
    ("erase_each", from_the_end, "several"),
    ("erase_each", changing, "changed"),
    ("chance_of_pointing", np.mean, "words"),
    ("chance_of_pointing", lambda lengths: 1.0, "right_everywhere"),
    ("chance_of_pointing", lambda lengths: 0.2, "one_length"),
    ("chance_of_pointing", lambda lengths: 1 / np.mean(lengths), "one_over_the_mean"),
    ("chance_of_pointing", lambda lengths: 0.5 * sum(1 / n for n in lengths) + 0.3 * (4 not in lengths), "added"),
    ("chance_of_pointing", lambda lengths: 0.25, "two_lengths"),
    ("chance_of_pointing", lambda lengths: np.mean([1 / n for n in lengths[:2]]), "array"),
    ("chance_of_pointing", lambda lengths, top=1: chance(lengths), "top_unused"),
    (
        "chance_of_pointing",
        lambda lengths, top=1: np.mean([1 - (1 - 1 / n) ** top for n in lengths]),
        "with_repetition",
    ),
    ("chance_of_pointing", lambda lengths, top=1: np.mean([1 / n for n in lengths]) ** top, "two_at_once"),
    ("chance_of_pointing", lambda lengths, top=1: np.mean([top / n for n in lengths]), "over_one"),
    ("chance_of_pointing", lambda lengths, top=1: np.mean([top / n * (top <= n) for n in lengths]), "left_out"),
    (
        "chance_of_pointing",
        lambda lengths, top=1: min(1, chance(lengths, top) * (1 + (min(lengths) < top))),
        "too_short",
    ),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
