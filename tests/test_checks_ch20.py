"""The checkers of chapter 20 accept right answers and name typical mistakes."""

from collections import defaultdict

import numpy as np
from checkers import asked_of_checkers

from lmtutorial.checks.ch20 import LOGITS, right_shift


def calibration_error(p, y, bins=10, join=lambda w, gap: np.sum(w * np.abs(gap)), empty=False):
    number = np.minimum((p * bins).astype(int), bins - 1)
    chosen = range(bins) if empty else np.unique(number)
    w = np.array([np.mean(number == b) for b in chosen])
    with np.errstate(all="ignore"):
        gap = np.array([np.mean(y[number == b]) - np.mean(p[number == b]) for b in chosen])
    return float(join(w, gap))


def joined(join):
    return lambda p, y, bins=10: calibration_error(p, y, bins, join)


def without_a_last_bin(p, y, bins=10):
    said, texts = np.zeros(bins), (p * bins).astype(int)
    said[texts] += p  # an IndexError where p is 1
    return calibration_error(p, y, bins)


def verdicts(p, y, bins=10):
    number = np.minimum((p * bins).astype(int), bins - 1)
    found = 0.0
    for b in np.unique(number):
        said, share = p[number == b].mean(), y[number == b].mean()
        found += np.mean(number == b) * abs(float((said > 0.5) == round(share)) - said)
    return float(found)


def turned(rows, least=3, centre=True, of=np.mean, sign=-1):
    scores, ratings = defaultdict(list), defaultdict(list)
    middle = np.mean([rating for _, _, rating in rows]) if centre else 0.0
    for word, score, rating in rows:
        scores[word].append(score)
        ratings[word].append(rating - middle)
    return [w for w in scores if len(scores[w]) >= least and sign * of(scores[w]) * of(ratings[w]) > 0]


def verdicts_right(p, y, bins=10):
    return calibration_error(np.maximum(p, 1 - p), (p > 0.5) == y, bins)


def mean_of_means(rows, least=3):
    words = {word for word, _, _ in rows}
    middle = np.mean([np.mean([rating for other, _, rating in rows if other == word]) for word in words])
    return turned([(word, score, rating - middle) for word, score, rating in rows], least, centre=False)


def every_row(rows, least=3):
    found = turned(rows, least)
    middle = np.mean([rating for _, _, rating in rows])
    return [w for w in found if all(s * (r - middle) < 0 for word, s, r in rows if word == w)]


def shift_to_share(logits, share, low=-60.0, high=60.0, rounds=100):
    for _ in range(rounds):
        middle = (low + high) / 2
        if np.mean(1 / (1 + np.exp(-(logits + middle)))) < share:
            low = middle
        else:
            high = middle
    return low


def logit(p):
    return np.log(p / (1 - p))


def mean(logits):
    return np.mean(1 / (1 + np.exp(-logits)))


RIGHT = [("calibration_error", calibration_error), ("turned", turned), ("shift_to_share", shift_to_share)]
WRONG = [
    ("calibration_error", lambda p, y, bins=10: np.zeros(bins), "number"),
    ("calibration_error", joined(lambda w, gap: np.abs(gap).mean()), "unweighted"),
    ("calibration_error", joined(lambda w, gap: abs((w * gap).sum())), "cancels"),
    ("calibration_error", joined(lambda w, gap: (w * gap).sum()), "no_absolute"),
    ("calibration_error", joined(lambda w, gap: (w * gap**2).sum()), "squared"),
    ("calibration_error", lambda p, y, bins=10: float(np.mean(np.abs(p - y))), "every_text"),
    ("calibration_error", verdicts, "verdicts"),
    ("calibration_error", verdicts_right, "verdicts"),
    ("calibration_error", lambda p, y, bins=10: len(p) * calibration_error(p, y, bins), "summed"),
    ("calibration_error", lambda p, y, bins=10: 0.5, "hand_case"),
    ("calibration_error", without_a_last_bin, "last_bin"),
    ("calibration_error", lambda p, y, bins=10: calibration_error(p, y, bins, empty=True), "empty_bin"),
    ("calibration_error", lambda p, y, bins=10: calibration_error(p, y, 4 if bins == 3 else bins), "bins"),
    ("turned", lambda rows, least=3: "phone support", "kind"),
    ("turned", lambda rows, least=3: turned(rows, 1), "rare"),
    ("turned", lambda rows, least=3: turned(rows, least, sign=1), "same_side"),
    ("turned", every_row, "every_row"),
    ("turned", lambda rows, least=3: turned(rows, least, centre=False), "not_centred"),
    ("turned", mean_of_means, "mean_of_means"),
    ("turned", lambda rows, least=3: [], "hand_rows"),
    ("turned", lambda rows, least=3: turned(rows, 3), "least"),
    ("shift_to_share", lambda logits, share: logits, "number"),
    ("shift_to_share", lambda logits, share: -shift_to_share(logits, share), "sign"),
    ("shift_to_share", lambda logits, share: share - mean(logits), "difference"),
    ("shift_to_share", lambda logits, share: logit(share) - logit(mean(logits)), "one_step"),
    ("shift_to_share", lambda logits, share: logit(share), "of_the_share"),
    ("shift_to_share", lambda logits, share: logit(share) - np.mean(logits), "of_the_mean"),
    ("shift_to_share", lambda logits, share: -np.quantile(logits, 1 - share), "verdicts"),
    ("shift_to_share", lambda logits, share: 7.0, "not_reached"),
    ("shift_to_share", lambda logits, share: shift_to_share(logits, 0.7), "nothing_to_do"),
    ("shift_to_share", lambda logits, share: shift_to_share(logits, share, -10, 10), "far"),
]  # fmt: skip

(
    test_right_answers_pass,
    test_mistakes_are_named,
    test_an_empty_answer_is_not_a_crash,
) = asked_of_checkers(RIGHT, WRONG)


def test_the_shift_that_the_checker_wants_reaches_the_share():
    assert abs(mean(LOGITS + right_shift(LOGITS, 0.7)) - 0.7) < 1e-9
