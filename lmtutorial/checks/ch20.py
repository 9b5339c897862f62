"""Checkers for chapter 20: the calibration error, words that turned, a shift towards a known share."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

calibration_error = exercise("calibration_error")
P, Y = [0.1, 0.3, 0.9, 0.8, 0.95], [0, 1, 1, 0, 1]  # two bins: two texts, 0.2 and 1/2; three texts, 0.8833 and 2/3


def parts(p, y, bins):
    """(weight, mean probability, share of positive texts) of every bin that holds a text."""
    p, y = np.asarray(p, float), np.asarray(y, float)
    number = np.minimum((p * bins).astype(int), bins - 1)
    return [(np.mean(number == b), p[number == b].mean(), y[number == b].mean()) for b in np.unique(number)]


def right_error(p, y, bins):
    return sum(w * abs(share - said) for w, said, share in parts(p, y, bins))


def of_verdicts(p, y, bins):
    """The error of another definition: how sure the verdict is, against how often it is right."""
    return right_error(np.maximum(p, 1 - p), (p > 0.5) == y, bins)


@calibration_error.check
def one_number(function):
    got = np.shape(function(np.array(P), np.array(Y), 2))
    if got != ():
        return Mistake("number", got=got)


@calibration_error.check
def by_hand(function):
    got, found = float(function(np.array(P), np.array(Y), 2)), parts(P, Y, 2)
    likely = {
        "unweighted": np.mean([abs(share - said) for _, said, share in found]),
        "cancels": abs(sum(w * (share - said) for w, said, share in found)),
        "no_absolute": sum(w * (share - said) for w, said, share in found),
        "squared": sum(w * (share - said) ** 2 for w, said, share in found),
        "every_text": np.mean(np.abs(np.array(P) - Y)),
        "verdicts": sum(w * abs(np.mean((said > 0.5) == round(share)) - said) for w, said, share in found),
        "summed": 5 * right_error(P, Y, 2),
    }
    if not np.isclose(got, right_error(P, Y, 2)):
        named = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        return Mistake(named, got=round(got, 4), want=round(right_error(P, Y, 2), 4))


@calibration_error.check
def a_sure_model(function):
    try:
        got = float(function(np.array([1.0, 1.0, 0.0]), np.array([1, 1, 0]), 4))
    except IndexError:
        return Mistake("last_bin", got="IndexError")
    if np.isnan(got):
        return Mistake("empty_bin")
    if not np.isclose(got, 0):
        return Mistake("last_bin", got=round(got, 4))


@calibration_error.check
def other_numbers_of_bins(function):
    random = np.random.default_rng(0)
    p = random.random(200)
    y = (random.random(200) < p).astype(int)
    for bins in (3, 20):
        got = float(function(p, y, bins))
        if np.isnan(got):
            return Mistake("empty_bin")
        if np.isclose(got, of_verdicts(p, y, bins)):
            return Mistake("verdicts", got=round(got, 4))
        if not np.isclose(got, right_error(p, y, bins)):
            return Mistake("bins", bins=bins, got=round(got, 4), want=round(right_error(p, y, bins), 4))


turned = exercise("turned")
ROWS = [
    ("support", 0.2, -2.0),
    ("support", 0.4, -1.0),
    ("support", 0.1, 0.6),
    ("great", 1.0, 3.0),
    ("great", 1.4, 2.0),
    ("great", 0.8, 2.2),
    ("screen", 0.3, 0.7),
    ("screen", 0.4, 0.5),
    ("screen", 0.2, 0.6),
    ("phone", -0.9, 1.5),
    ("phone", -1.1, 1.2),
    ("phone", -0.8, 0.9),
    ("help", 0.9, -2.5),
    ("help", 0.8, -1.5),
]  # the mean rating is 0.443


@turned.check
def a_list_of_words(function):
    got = function(list(ROWS), 3)
    if isinstance(got, str) or not all(isinstance(word, str) for word in got):
        return Mistake("kind", got=repr(got)[:60])


@turned.check
def by_hand_in_rows(function):
    got = sorted(function(list(ROWS), 3))
    if got != ["phone", "support"]:
        likely = {
            ("help", "phone", "support"): "rare",
            ("great", "screen"): "same_side",
            ("great",): "same_side",
            ("phone",): "every_row",
        }
        return Mistake(likely.get(tuple(got), "hand_rows"), got=got)


@turned.check
def against_the_mean(function):
    # everybody is pleased here, and less so where "slow" stands
    rows = [("fine", 0.5, 3.0)] * 3 + [("slow", 0.5, 1.0)] * 3 + [("quick", 0.4, 3.5)] * 3
    got = sorted(function(rows, 3))
    if got != ["slow"]:
        return Mistake("not_centred" if not got else "hand_rows", got=got)


@turned.check
def against_the_mean_of_rows(function):
    # the mean of all rows is 2.44; the mean of the three words' means is 2.07
    rows = [("fine", 0.5, 3.0)] * 9 + [("slow", 0.5, 1.0)] * 3 + [("mild", 0.5, 2.2)] * 3
    got = sorted(function(rows, 3))
    if got != ["mild", "slow"]:
        return Mistake("mean_of_means" if got == ["slow"] else "hand_rows", got=got)


@turned.check
def least_is_heard(function):
    got = sorted(function(list(ROWS), 2))
    if got != ["help", "phone", "support"]:
        return Mistake("least", got=got)


shift_to_share = exercise("shift_to_share")
LOGITS = np.array([-3.0, -1.5, -1.0, 0.2, 2.5])


def mean_probability(logits):
    return float(np.mean(1 / (1 + np.exp(-np.asarray(logits, float)))))


def right_shift(logits, share):
    low, high = -60.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_probability(logits + middle) < share else (low, middle)
    return low


@shift_to_share.check
def a_single_number(function):
    got = np.shape(function(LOGITS.copy(), 0.7))
    if got != ():
        return Mistake("number", got=got)


@shift_to_share.check
def the_share_is_reached(function):
    share = 0.7
    got, want = float(function(LOGITS.copy(), share)), right_shift(LOGITS, share)
    mean = mean_probability(LOGITS)
    likely = {
        "sign": -want,
        "difference": share - mean,
        "one_step": np.log(share / (1 - share)) - np.log(mean / (1 - mean)),
        "of_the_share": np.log(share / (1 - share)),
        "of_the_mean": np.log(share / (1 - share)) - LOGITS.mean(),
        "verdicts": -float(np.quantile(LOGITS, 1 - share)),
    }
    if not np.isclose(got, want, atol=0.01):
        named = next((key for key, value in likely.items() if np.isclose(got, value, atol=0.002)), "not_reached")
        return Mistake(named, got=round(got, 3), share=share, mean=round(mean_probability(LOGITS + got), 3))


@shift_to_share.check
def nothing_to_do(function):
    got = float(function(LOGITS.copy(), mean_probability(LOGITS)))
    if abs(got) > 0.01:
        return Mistake("nothing_to_do", got=round(got, 3))


@shift_to_share.check
def far_away(function):
    logits = np.array([-20.0, -18.0, -25.0])
    got = float(function(logits, 0.9))
    if not np.isclose(got, right_shift(logits, 0.9), atol=0.05):
        return Mistake("far", got=round(got, 2), mean=round(mean_probability(logits + got), 3))
