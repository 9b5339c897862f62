"""The checkers of chapter 17 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers


def score(patched, clean, corrupted):
    return (patched - corrupted) / (clean - corrupted)


def keep(own, means, kept, *, other=None, axis=2, turned=False):
    out = own.copy()
    for number in range(own.shape[axis]):
        if (number in kept) == turned:
            where = (slice(None),) * axis + (number,)
            out[where] = (means if other is None else other)[where[1:]]
    return out


def in_place(own, means, kept):
    own[:] = keep(own, means, kept)
    return own


def induction(pattern, length, *, offset=1, first=0, last=1, divide=None, give=np.mean):
    rows = np.arange(length + first, 2 * length - last)
    shares = pattern[rows, rows - length + offset]
    return shares.sum() / divide(pattern) if divide else give(shares)


RIGHT = [
    ("patching_score", score),
    ("keep_only", keep),
    ("keep_only", lambda o, m, k: np.where(np.isin(np.arange(o.shape[2]), k)[:, None], o, m)),
    ("induction_score", induction),
    ("induction_score", lambda p, n: np.diag(p, 1 - n)[1:n].mean()),
]

WRONG = [
    ("patching_score", lambda p, c, r: p - r, "not_divided"),
    ("patching_score", lambda p, c, r: (p - r) / c, "by_the_clean_run"),
    ("patching_score", lambda p, c, r: p / (c - r), "not_less_corrupted"),
    ("patching_score", lambda p, c, r: p / c, "of_the_clean_run"),
    ("patching_score", lambda p, c, r: (p - r) / (c + r), "sum_below"),
    ("patching_score", lambda p, c, r: 0.1, "hand_case"),
    ("patching_score", lambda p, c, r: (c - p) / (c - r), "turned"),
    ("patching_score", lambda p, c, r: 0.5, "ends"),
    ("patching_score", lambda p, c, r: np.clip(score(p, c, r), 0, 1), "cut_off"),
    ("patching_score", lambda p, c, r: np.asarray(score(p, c, r)).ravel()[0], "array"),
    ("keep_only", lambda o, m, k: keep(o, m, k)[0], "shape"),
    ("keep_only", lambda o, m, k: keep(o, m, k, turned=True), "turned"),
    ("keep_only", lambda o, m, k: keep(o, m, k, other=np.zeros_like(m)), "zeros"),
    ("keep_only", lambda o, m, k: keep(o, m, k, axis=1), "places"),
    ("keep_only", lambda o, m, k: keep(o, m, k, other=np.broadcast_to(m.mean(0), m.shape)), "one_mean"),
    ("keep_only", lambda o, m, k: keep(o, m, k, other=o.mean(0)), "own_mean"),
    ("keep_only", lambda o, m, k: o, "untouched"),
    ("keep_only", lambda o, m, k: o + 1, "hand_case"),
    ("keep_only", lambda o, m, k: keep(o, m, k) if k else o, "none"),
    ("keep_only", lambda o, m, k: keep(o, m, k[:3]), "every"),
    ("keep_only", in_place, "changed"),
    ("induction_score", lambda p, n: induction(p, n, give=np.sum), "added"),
    ("induction_score", lambda p, n: induction(p, n, divide=len), "over_all_rows"),
    ("induction_score", lambda p, n: induction(p, n, offset=0), "same_token"),
    ("induction_score", lambda p, n: induction(p.T, n), "perfect"),
    ("induction_score", lambda p, n: max(induction(p, n), induction(p, n, offset=0)), "same_token"),
    ("induction_score", lambda p, n: induction(p, n, last=0), "last_row_too"),
    ("induction_score", lambda p, n: induction(p, n, first=1, last=0), "one_row_late"),
    ("induction_score", lambda p, n: float(induction(p, n) > 0.5), "even"),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
