"""The checkers of chapter 03 accept right answers and name typical mistakes."""

from collections import Counter

import numpy as np
import pytest

from lmtutorial import checks


def is_article(namespace, marked, text):
    return namespace == 0 and not marked and not text.strip().lower().startswith("#redirect")


def words_needed(tokens, share):
    counts = np.cumsum([count for _, count in Counter(tokens).most_common()])
    return int(np.argmax(counts >= share * len(tokens))) + 1


def in_the_order_of_the_text(tokens, share):
    counts = np.cumsum(list(Counter(tokens).values()))
    return int(np.argmax(counts >= share * len(tokens))) + 1


def rarest_first(tokens, share):
    counts = np.cumsum(sorted(Counter(tokens).values()))
    return int(np.argmax(counts >= share * len(tokens))) + 1


def nearest(tokens, share):
    counts = np.cumsum([count for _, count in Counter(tokens).most_common()])
    return int(np.argmin(np.abs(counts - share * len(tokens)))) + 1


def split_by_groups(groups, share, seed):
    groups = np.asarray(groups)
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    taken = np.cumsum(sizes[order]) <= share * len(groups)
    return np.isin(groups, names[order[taken]])


def overshooting(groups, share, seed):
    groups = np.asarray(groups)
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    taken = np.cumsum(sizes[order]) - sizes[order] < share * len(groups)
    return np.isin(groups, names[order[taken]])


def by_texts(groups, share, seed):
    return np.random.default_rng(seed).permutation(len(groups)) < share * len(groups)


def by_number_of_groups(groups, share, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    return np.isin(groups, names[: round(share * len(names))])


def without_shuffling(groups, share, seed):
    last = np.asarray(groups)[round(share * len(groups)) - 1]
    return np.asarray(groups) < last


RIGHT = [
    ("is_article", is_article),
    ("words_needed", words_needed),
    ("split_by_groups", split_by_groups),
    ("split_by_groups", overshooting),
    ("split_by_groups", lambda g, s, seed: split_by_groups(g, s, seed).tolist()),
]
WRONG = [
    ("is_article", "kind", lambda n, m, t: t),
    ("is_article", "article", lambda n, m, t: False),
    ("is_article", "namespace", lambda n, m, t: is_article(0, m, t)),
    ("is_article", "redirect", lambda n, m, t: n == 0),
    ("is_article", "redirect", lambda n, m, t: n == 0 and not m),
    ("is_article", "case", lambda n, m, t: n == 0 and not m and not t.startswith("#REDIRECT")),
    ("is_article", "blanks", lambda n, m, t: n == 0 and not m and not t.lower().startswith("#redirect")),
    ("is_article", "marked", lambda n, m, t: is_article(n, False, t)),
    ("is_article", "anywhere", lambda n, m, t: n == 0 and not m and "#redirect" not in t.lower()),
    ("is_article", "no_sign", lambda n, m, t: n == 0 and not m and "redirect" not in t.strip().lower()[:12]),
    ("words_needed", "kind", lambda t, s: float(words_needed(t, s))),
    ("words_needed", "one_less", lambda t, s: words_needed(t, s) - 1),
    ("words_needed", "order", in_the_order_of_the_text),
    ("words_needed", "tokens", lambda t, s: int(np.ceil(s * len(t)))),
    ("words_needed", "types", lambda t, s: int(np.ceil(s * len(set(t))))),
    ("words_needed", "types", lambda t, s: int(np.ceil(s * len(set(t)))) if len(t) > 6 else words_needed(t, s)),
    ("words_needed", "rare_first", rarest_first),
    ("words_needed", "more_than", lambda t, s: words_needed(t, s + 1e-9)),
    ("words_needed", "nearest", nearest),
    ("words_needed", "all", lambda t, s: words_needed(t, s) + (s == 1)),
    ("words_needed", "at_least", lambda t, s: words_needed(t, s) + (len(t) == 100)),
    ("words_needed", "hand_case", lambda t, s: 7),
    ("split_by_groups", "shape", lambda g, s, seed: np.flatnonzero(split_by_groups(g, s, seed))),
    ("split_by_groups", "shape", lambda g, s, seed: np.where(split_by_groups(g, s, seed), "test", "train")),
    ("split_by_groups", "numbers", lambda g, s, seed: split_by_groups(g, s, seed).astype(int)),
    ("split_by_groups", "torn", by_texts),
    ("split_by_groups", "turned", lambda g, s, seed: ~split_by_groups(g, s, seed)),
    ("split_by_groups", "share", by_number_of_groups),
    ("split_by_groups", "same_for_all", lambda g, s, seed: split_by_groups(g, s, 0)),
    ("split_by_groups", "same_for_all", without_shuffling),
    ("split_by_groups", "not_repeatable", lambda g, s, seed: split_by_groups(g, s, None)),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_passes(name, answer):
    result = getattr(checks, name).result(answer)
    assert result.passed, result.message


@pytest.mark.parametrize("name", ["is_article", "words_needed", "split_by_groups"])
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
