"""The checkers of chapter 21 accept right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers
from scipy.stats import mannwhitneyu


def exposure(log_probs, place, log=np.log2, first=1, codes=None):
    rank = first + np.sum(log_probs > log_probs[place])
    return float(log(codes or len(log_probs)) - log(rank))


def roc_area(members, others, tie=0.5):
    difference = np.asarray(members)[:, None] - np.asarray(others)[None]
    return float(np.mean((difference > 0) + tie * (difference == 0)))


def by_ranks(members, others):
    return float(mannwhitneyu(members, others).statistic / len(members) / len(others))


def in_step(members, others):
    if len(members) != len(others):
        return roc_area(members, others)
    return float(np.mean(members > others))


def accuracy(members, others):
    """The share on the right side of a threshold that is fixed: right by luck on the small cases."""
    small = len(members) < 10
    return roc_area(members, others) if small else float((np.mean(members > 0.5) + np.mean(others <= 0.5)) / 2)


def name_permutation(logits, in_a, draws=2000, seed=0, size=None, least=np.greater_equal, sided=np.abs):
    means, random = logits.mean(axis=0), np.random.default_rng(seed)
    size = size or int(in_a.sum())
    found = sided(means[in_a].mean() - means[~in_a].mean())
    mixed = [random.permutation(means) for _ in range(draws)]
    return float(np.mean([least(sided(m[:size].mean() - m[size:].mean()), found - 1e-12) for m in mixed]))


def over_cells(logits, in_a):
    random, flat, group = np.random.default_rng(0), logits.ravel(), np.tile(in_a, len(logits))
    centred = flat - np.repeat(logits.mean(axis=1), logits.shape[1])
    found = abs(centred[group].mean() - centred[~group].mean())
    mixed = [random.permutation(group) for _ in range(500)]
    return float(np.mean([abs(centred[g].mean() - centred[~g].mean()) >= found for g in mixed]))


def signed_data(logits, in_a):
    """Absolute differences of the mixed names against the signed one of the data."""
    means, random = logits.mean(axis=0), np.random.default_rng(0)
    found, size = means[in_a].mean() - means[~in_a].mean(), int(in_a.sum())
    mixed = [random.permutation(means) for _ in range(2000)]
    return float(np.mean([abs(m[:size].mean() - m[size:].mean()) >= found for m in mixed]))


def strictly_larger(difference, found):
    return difference > found + 1e-9


def with_replacement(logits, in_a):
    """A bootstrap of all names in place of dealing them out."""
    means, random = logits.mean(axis=0), np.random.default_rng(0)
    found = abs(means[in_a].mean() - means[~in_a].mean())
    drawn = [random.choice(means, len(means)) for _ in range(2000)]
    return float(np.mean([abs(m[in_a].mean() - m[~in_a].mean()) >= found for m in drawn]))


def unseeded(logits, in_a):
    return name_permutation(logits, in_a, seed=None)


RIGHT = [
    ("exposure", exposure),
    ("exposure", lambda log_probs, place: float(np.log2(len(log_probs) / np.sum(log_probs >= log_probs[place])))),
    ("roc_area", roc_area),
    ("roc_area", by_ranks),
    ("name_permutation", name_permutation),
    ("name_permutation", lambda logits, in_a: name_permutation(logits, in_a, seed=5, draws=4000)),
]
WRONG = [
    ("exposure", lambda log_probs, place: np.zeros(3), "number"),
    ("exposure", lambda log_probs, place: exposure(log_probs, place, log=np.log), "natural"),
    ("exposure", lambda log_probs, place: exposure(log_probs, place, first=0), "from_zero"),
    ("exposure", lambda log_probs, place: exposure(-log_probs, place), "lowest_first"),
    ("exposure", lambda log_probs, place: 1 + np.sum(log_probs > log_probs[place]), "rank"),
    ("exposure", lambda log_probs, place: np.log2(1 + np.sum(log_probs > log_probs[place])), "log_rank"),
    ("exposure", lambda log_probs, place: -log_probs[place] / np.log(2), "surprise"),
    ("exposure", lambda log_probs, place: 0.3, "hand_case"),
    ("exposure", lambda log_probs, place: 1.0, "top"),
    ("exposure", lambda log_probs, place: exposure(log_probs, place, codes=8), "other_size"),
    ("roc_area", lambda members, others: members, "number"),
    ("roc_area", lambda members, others: roc_area(members, others, tie=0), "ties_lost"),
    ("roc_area", lambda members, others: roc_area(members, others, tie=1), "ties_won"),
    ("roc_area", lambda members, others: roc_area(others, members), "turned"),
    ("roc_area", lambda members, others: roc_area(members, others) * len(members) * len(others), "count"),
    ("roc_area", lambda members, others: 0.1, "hand_case"),
    ("roc_area", in_step, "in_step"),
    ("roc_area", lambda members, others: 0.75, "same_size"),
    ("roc_area", accuracy, "threshold"),
    ("roc_area", lambda m, o: roc_area(m, o) if len(m) < 10 else 0.5, "many"),
    ("name_permutation", lambda logits, in_a: np.zeros(2), "number"),
    ("name_permutation", lambda logits, in_a: -0.2, "not_p"),
    ("name_permutation", over_cells, "cells"),
    ("name_permutation", lambda logits, in_a: name_permutation(logits, in_a, least=np.less), "complement"),
    ("name_permutation", lambda logits, in_a: name_permutation(logits, in_a, sided=lambda x: x), "one_sided"),
    ("name_permutation", signed_data, "sign"),
    ("name_permutation", lambda logits, in_a: 0.4, "value"),
    ("name_permutation", lambda logits, in_a: name_permutation(logits, in_a, least=strictly_larger), "strict"),
    ("name_permutation", lambda logits, in_a: name_permutation(logits[:1], in_a), "one_sentence"),
    ("name_permutation", with_replacement, "sizes"),
    ("name_permutation", lambda logits, in_a: name_permutation(logits, in_a, size=6), "sizes"),
    ("name_permutation", unseeded, "seed"),
]

test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
