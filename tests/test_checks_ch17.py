"""The checkers of chapter 17 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers


def scores(patched, clean, corrupted, shortest, *, above=None, below=None, long=None, give=None):
    """Mean scores done right, or with one step done otherwise."""
    clean, corrupted = clean[:, None], corrupted[:, None]
    way = clean - corrupted
    stays = (np.abs(way) >= shortest if long is None else long(way, shortest))[:, 0]
    gone = patched - corrupted if above is None else above(patched, clean, corrupted)
    share = gone / (way if below is None else below(clean, corrupted))
    return share[stays].mean(axis=0) if give is None else give(share, stays)


def of_the_means(patched, clean, corrupted, shortest):
    return (patched - corrupted[:, None]).mean(axis=0) / (clean - corrupted).mean()


def along_the_sites(patched, clean, corrupted, shortest):
    if patched.shape != (2, 2):
        return scores(patched, clean, corrupted, shortest)
    return ((patched - corrupted) / (clean - corrupted)).mean(axis=0)


def short_ways_stretched(patched, clean, corrupted, shortest):
    way = np.where(np.abs(clean - corrupted) < 1, 4.0, clean - corrupted)
    return ((patched - corrupted[:, None]) / way[:, None]).mean(axis=0)


def prompt_by_prompt(patched, clean, corrupted, shortest):
    rows = zip(patched, clean, corrupted, strict=True)
    found = [[(x - r) / (c - r) for x in row] for row, c, r in rows if abs(c - r) >= shortest]
    return [sum(column) / len(column) for column in zip(*found, strict=True)]


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
    ("patching_scores", scores),
    ("patching_scores", prompt_by_prompt),
    ("keep_only", keep),
    ("keep_only", lambda o, m, k: np.where(np.isin(np.arange(o.shape[2]), k)[:, None], o, m)),
    ("induction_score", induction),
    ("induction_score", lambda p, n: np.diag(p, 1 - n)[1:n].mean()),
]

WRONG = [
    ("patching_scores", lambda *x: scores(*x, give=lambda share, stays: share), "not_averaged"),
    ("patching_scores", lambda *x: scores(*x, give=lambda share, stays: share.mean(axis=1)), "over_sites"),
    ("patching_scores", lambda *x: scores(*x).mean(), "one_number"),
    ("patching_scores", lambda *x: scores(*x)[None], "shape"),
    ("patching_scores", lambda *x: scores(*x, below=lambda c, r: 1), "not_divided"),
    ("patching_scores", lambda *x: scores(*x, below=lambda c, r: c), "by_the_clean_run"),
    ("patching_scores", lambda *x: scores(*x, above=lambda p, c, r: p), "not_less_corrupted"),
    ("patching_scores", lambda *x: scores(*x, above=lambda p, c, r: p, below=lambda c, r: c), "of_the_clean_run"),
    ("patching_scores", lambda *x: scores(*x, below=lambda c, r: c + r), "sum_below"),
    ("patching_scores", lambda *x: scores(*x) + 0.1, "hand_case"),
    ("patching_scores", lambda *x: scores(*x, above=lambda p, c, r: c - p), "turned"),
    ("patching_scores", lambda p, *x: np.full(p.shape[1], 0.5), "ends"),
    ("patching_scores", lambda *x: np.clip(scores(*x), 0, 1), "cut_off"),
    ("patching_scores", of_the_means, "of_the_means"),
    ("patching_scores", lambda *x: scores(*x, give=lambda share, stays: share.sum(axis=0)), "summed"),
    ("patching_scores", lambda *x: scores(*x, give=lambda share, stays: np.median(share, axis=0)), "mean"),
    ("patching_scores", along_the_sites, "wrong_axis"),
    ("patching_scores", lambda *x: scores(*x, give=lambda share, stays: share.mean(axis=0)), "kept_short"),
    ("patching_scores", lambda *x: scores(*x, give=lambda share, stays: (share.T * stays).mean(axis=1)), "as_zero"),
    ("patching_scores", lambda *x: scores(*x, long=lambda way, shortest: way >= shortest), "way_below_zero"),
    ("patching_scores", lambda *x: scores(*x, long=lambda way, shortest: abs(way) > shortest), "exactly_as_long"),
    ("patching_scores", short_ways_stretched, "short"),
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
