"""The checkers of chapter 18 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers


def explained(x, rebuilt, *, mean=None, error=None):
    about = x - (x.mean(axis=0) if mean is None else mean(x))
    return 1 - (((x - rebuilt) ** 2).sum() if error is None else error(x - rebuilt)) / (about**2).sum()


def mean_of_ratios(x, rebuilt):
    return 1 - np.mean(((x - rebuilt) ** 2).sum(axis=1) / ((x - x.mean(axis=0)) ** 2).sum(axis=1))


def by_number(x, rebuilt):
    return 1 - np.mean(((x - rebuilt) ** 2).sum(axis=0) / ((x - x.mean(axis=0)) ** 2).sum(axis=0))


def largest(a, k, *, key=None, positive=True):
    ranked = np.argsort(-(a if key is None else key(a)), axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(a)
    np.put_along_axis(kept, ranked, np.take_along_axis(a, ranked, axis=1), axis=1)
    return np.where(kept > 0, kept, 0) if positive else kept


def of_the_whole_table(a, k):
    return np.where(a >= np.sort(a.ravel())[-k], a, 0)


def overwriting(a, k):
    least = np.sort(a, axis=1)[:, [-k]]
    a[(a < least) | (a < 0)] = 0
    return a


def lots(types, seed):
    names, which = np.unique(types, return_inverse=True)
    return np.random.default_rng(seed).integers(0, 2, len(names))[which]


def permuted(types, seed):
    names, which = np.unique(types, return_inverse=True)
    return np.random.default_rng(seed).permutation(np.arange(len(names)) % 2)[which]


def unseeded(types, seed):
    names, which = np.unique(types, return_inverse=True)
    return np.random.default_rng().integers(0, 2, len(names))[which]


def f1(fires, has):
    return 2 * np.sum(fires & has) / max(1, fires.sum() + has.sum())


def by_the_book(fires, has):
    """0 where nothing fires, but a precision and a recall of 0 still divide by 0."""
    return harmonic(fires, has) if fires.any() else 0.0


def centred_in_place(x, rebuilt):
    """Right, and writes into the array that it was given."""
    error = ((x - rebuilt) ** 2).sum()
    x -= x.mean(axis=0)
    return 1 - error / (x**2).sum()


def precision(fires, has):
    return np.sum(fires & has) / fires.sum()


def recall(fires, has):
    return np.sum(fires & has) / has.sum()


def harmonic(fires, has):
    p, r = precision(fires, has), recall(fires, has)
    return 2 * p * r / (p + r)


RIGHT = [
    ("explained_share", explained),
    ("explained_share", centred_in_place),
    ("k_largest", largest),
    ("control_task", lots),
    ("control_task", permuted),
    ("control_task", lambda types, seed: lots(types, seed).tolist()),
    ("detector_f1", f1),
]

WRONG = [
    ("explained_share", lambda x, r: 1 - explained(x, r), "turned"),
    ("explained_share", lambda x, r: 0.9 * explained(x, r), "copy"),
    ("explained_share", lambda x, r: explained(x, r, mean=np.zeros_like), "about_zero"),
    ("explained_share", lambda x, r: explained(x, r, mean=np.mean), "one_mean"),
    ("explained_share", lambda x, r: explained(x, r, mean=lambda x: x.mean(axis=1, keepdims=True)), "mean_of_each"),
    ("explained_share", lambda x, r: explained(x, r, error=lambda e: 0.5 * (e**2).sum()), "mean"),
    ("explained_share", mean_of_ratios, "mean_of_ratios"),
    ("explained_share", by_number, "by_number"),
    ("explained_share", lambda x, r: explained(x, r, error=lambda e: (e**2).sum() / len(e)), "counted"),
    ("explained_share", lambda x, r: 1 - np.abs(x - r).sum() / np.abs(x - x.mean(axis=0)).sum(), "not_squared"),
    ("explained_share", lambda x, r: 1 - (x - r).var(axis=0).sum() / x.var(axis=0).sum(), "centred_errors"),
    ("explained_share", lambda x, r: explained(x, r) ** 2, "hand_case"),
    ("explained_share", lambda x, r: max(0.0, explained(x, r)), "cut_at_zero"),
    ("k_largest", lambda a, k: largest(a, k)[0], "shape"),
    ("k_largest", lambda a, k: np.sort(a, axis=1)[:, -k:], "only_k"),
    ("k_largest", lambda a, k: largest(a, k, key=np.abs, positive=False), "by_size"),
    ("k_largest", lambda a, k: largest(a, k, positive=False), "below_zero"),
    ("k_largest", of_the_whole_table, "whole_table"),
    ("k_largest", lambda a, k: largest(a, k, key=np.negative, positive=False), "smallest"),
    ("k_largest", lambda a, k: np.maximum(a, 0), "all_positive"),
    ("k_largest", lambda a, k: (largest(a, k) > 0).astype(float), "ones"),
    ("k_largest", lambda a, k: 2 * largest(a, k), "hand_case"),
    ("k_largest", lambda a, k: largest(a, 2), "other_k"),
    ("k_largest", overwriting, "changed"),
    ("control_task", lambda types, seed: lots(types, seed)[:5], "shape"),
    ("control_task", lambda types, seed: 2 * lots(types, seed), "values"),
    ("control_task", lambda types, seed: np.random.default_rng(seed).integers(0, 2, len(types)), "each_place"),
    ("control_task", unseeded, "not_seeded"),
    ("control_task", lambda types, seed: lots(types, 0), "same_lot"),
    ("control_task", lambda types, seed: lots(types, seed) * lots(types, seed + 7) * lots(types, seed + 8), "lopsided"),
    ("detector_f1", precision, "precision"),
    ("detector_f1", recall, "recall"),
    ("detector_f1", lambda fires, has: np.mean(fires == has), "accuracy"),
    ("detector_f1", lambda fires, has: (precision(fires, has) + recall(fires, has)) / 2, "plain_mean"),
    ("detector_f1", lambda fires, has: np.sum(fires & has) / np.sum(fires | has), "jaccard"),
    ("detector_f1", lambda fires, has: f1(fires, has) / 2, "half"),
    ("detector_f1", lambda fires, has: 0.25, "hand_case"),
    ("detector_f1", lambda fires, has: 4 / 7, "perfect"),
    ("detector_f1", harmonic, "never"),
    ("detector_f1", by_the_book, "no_hit"),
    ("detector_f1", lambda fires, has: 2 * np.sum(fires & has) / (fires.sum() + has.sum()), "nothing_there"),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
