"""Checkers for chapter 21: exposure in bits, the area under a ROC curve, a permutation test over names."""

from itertools import combinations

import numpy as np

from lmtutorial.checks import Mistake, exercise

exposure = exercise("exposure")
CODES = np.log([0.05, 0.4, 0.02, 0.2, 0.1, 0.13, 0.07, 0.03])  # code 4 is the fourth likeliest of eight


@exposure.check
def one_number(function):
    got = np.shape(function(CODES.copy(), 4))
    if got != ():
        return Mistake("number", got=got)


@exposure.check
def by_hand(function):
    got = float(function(CODES.copy(), 4))
    likely = {
        "natural": np.log(8) - np.log(4),
        "from_zero": np.log2(8) - np.log2(3),
        "lowest_first": np.log2(8) - np.log2(5),
        "rank": 4.0,
        "log_rank": np.log2(4),
        "surprise": -CODES[4] / np.log(2),
    }
    if not np.isclose(got, 1.0):
        named = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        return Mistake(named, got=round(got, 3))


@exposure.check
def the_likeliest_code(function):
    got = float(function(CODES.copy(), 1))
    if not np.isclose(got, 3.0):
        return Mistake("top", got=round(got, 3))


@exposure.check
def another_number_of_codes(function):
    log_probs = np.random.default_rng(0).normal(size=10_000)
    place = int(np.argsort(-log_probs)[99])
    got, want = float(function(log_probs.copy(), place)), np.log2(10_000) - np.log2(100)
    if not np.isclose(got, want):
        return Mistake("other_size", got=round(got, 3), want=round(want, 3))


roc_area = exercise("roc_area")
MEMBERS, OTHERS = np.array([3.0, 1.0, 4.0]), np.array([2.0, 0.0, 3.0, 1.0])


def pairs(members, others):
    """Shares of pairs in which the member scores higher, and in which both score alike."""
    difference = np.asarray(members, float)[:, None] - np.asarray(others, float)[None]
    return float((difference > 0).mean()), float((difference == 0).mean())


@roc_area.check
def a_share(function):
    got = np.shape(function(MEMBERS.copy(), OTHERS.copy()))
    if got != ():
        return Mistake("number", got=got)


@roc_area.check
def pairs_by_hand(function):
    got = float(function(MEMBERS.copy(), OTHERS.copy()))
    higher, alike = pairs(MEMBERS, OTHERS)
    likely = {
        "ties_lost": higher,
        "ties_won": higher + alike,
        "turned": 1 - higher - alike / 2,
        "count": (higher + alike / 2) * 12,
    }
    if not np.isclose(got, higher + alike / 2):
        named = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        return Mistake(named, got=round(got, 3), want=round(higher + alike / 2, 3))


@roc_area.check
def groups_of_one_size(function):
    members, others = np.array([0.9, 0.8, 0.1]), np.array([0.95, 0.2, 0.3])
    got = float(function(members, others))
    if not np.isclose(got, 4 / 9):
        return Mistake("in_step" if np.isclose(got, 1 / 3) else "same_size", got=round(got, 3))


@roc_area.check
def any_scale(function):
    random = np.random.default_rng(0)
    members, others = random.normal(1, 1, 40), random.normal(0, 1, 50)
    got, again = float(function(members, others)), float(function(100 * members - 7, 100 * others - 7))
    higher, alike = pairs(members, others)
    if not np.isclose(got, again):
        return Mistake("threshold", got=round(got, 3), again=round(again, 3))
    if not np.isclose(got, higher + alike / 2):
        return Mistake("many", got=round(got, 3), want=round(higher + alike / 2, 3))


name_permutation = exercise("name_permutation")


def exact(logits, in_a):
    """The share of all divisions of the names whose difference of means is at least as large, both signs."""
    means, size = logits.mean(axis=0), int(in_a.sum())
    found = abs(means[in_a].mean() - means[~in_a].mean())
    total, rest = means.sum(), len(means) - size
    sums = np.array([means[list(chosen)].sum() for chosen in combinations(range(len(means)), size)])
    return float(np.mean(np.abs(sums / size - (total - sums) / rest) >= found - 1e-12))


def names_apart(gap, seed, sentences=60, names=12, spread=0.3):
    """Logits (sentences, names): each sentence and each name has its own effect; names of group a get `gap` more."""
    random = np.random.default_rng(seed)
    in_a = np.arange(names) < names // 2
    logits = random.normal(0, 2, (sentences, 1)) + random.normal(0, spread, names) + gap * in_a
    return logits + random.normal(0, 0.05, (sentences, names)), in_a


@name_permutation.check
def a_probability(function):
    logits, in_a = names_apart(0.0, 1)
    got = function(logits, in_a)
    if np.shape(got) != ():
        return Mistake("number", got=np.shape(got))
    if not 0 <= float(got) <= 1:
        return Mistake("not_p", got=round(float(got), 3))


@name_permutation.check
def the_unit_is_the_name(function):
    logits, in_a = names_apart(0.25, 2)
    got, want = float(function(logits, in_a)), exact(logits, in_a)
    if np.isclose(got, 1 - want, atol=0.02) and want < 0.4:
        return Mistake("complement", got=round(got, 3))
    if got < 0.02 < want:
        return Mistake("cells", got=round(got, 3), want=round(want, 2))
    if np.isclose(got, want / 2, atol=0.02):
        return Mistake("one_sided", got=round(got, 3), want=round(want, 2))
    if not np.isclose(got, want, atol=0.05):
        return Mistake("value", got=round(got, 3), want=round(want, 2))


@name_permutation.check
def the_other_group_higher(function):
    logits, in_a = names_apart(-1.0, 3)
    got, want = float(function(logits, in_a)), exact(logits, in_a)
    if got > 0.5:
        return Mistake("sign", got=round(got, 3), want=round(want, 3))
    if not np.isclose(got, want, atol=0.02):
        return Mistake("value", got=round(got, 3), want=round(want, 3))


@name_permutation.check
def groups_of_two_sizes(function):
    logits, _ = names_apart(0.0, 16)
    in_a = np.isin(np.arange(12), (2, 5, 9))
    got, want = float(function(logits, in_a)), exact(logits, in_a)
    if not np.isclose(got, want, atol=0.05):
        return Mistake("sizes", got=round(got, 3), want=round(want, 2))


@name_permutation.check
def four_names_by_hand(function):
    # means 0, 1, 2, 3: of six divisions two differ by 2, the one at hand and its mirror image
    logits, in_a = np.array([[3.0, 0, 0, 3], [-3, 2, 4, 3]]), np.array([False, False, True, True])
    got = float(function(logits, in_a))
    if not np.isclose(got, 1 / 3, atol=0.05):
        named = {0.0: "strict", 1.0: "one_sentence"}.get(round(got, 2), "value")
        return Mistake(named, got=round(got, 3), want=0.33)


@name_permutation.check
def the_same_seed(function):
    for seed in range(5, 10):  # without a seed two calls may agree once, and hardly five times
        logits, in_a = names_apart(0.1, seed)
        if float(function(logits, in_a)) != float(function(logits, in_a)):
            return Mistake("seed")
