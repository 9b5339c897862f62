"""The checkers of chapter 07 accept right answers and name typical mistakes."""

import numpy as np
import pytest

from lmtutorial import checks


def windows(stream, width):
    rows = (len(stream) - 1) // width
    used = np.asarray(stream[: rows * width + 1])
    return used[:-1].reshape(rows, width), used[1:].reshape(rows, width)


def inputs_of(stream, width):
    return windows(stream, width)[0]


def corpus_perplexity(parts):
    return np.exp(-np.concatenate(parts).mean())


def nucleus(probabilities, p, extra=1):
    order = np.argsort(-probabilities)
    kept = np.searchsorted(np.cumsum(probabilities[order]), p * (1 - 1e-12)) + extra
    cut = np.zeros_like(probabilities)
    cut[order[:kept]] = probabilities[order[:kept]]
    with np.errstate(invalid="ignore"):
        return cut / cut.sum()


def in_vocabulary_order(probabilities, p):
    cut = probabilities * (np.cumsum(probabilities) - probabilities < p)
    return cut / cut.sum()


def in_place(probabilities, p):
    probabilities[:] = nucleus(probabilities, p)
    return probabilities


def above(probabilities, p):
    kept = probabilities * (probabilities > p)
    with np.errstate(invalid="ignore"):
        return kept / kept.sum()


def continuation(pairs):
    before = (pairs > 0).sum(axis=0)
    return before / before.sum()


def shared(counts):
    return counts / counts.sum()


def in_loops(stream, width):
    starts = range(0, len(stream) - width, width)
    return [[list(stream[i + k : i + k + width]) for i in starts] for k in (0, 1)]


def rows_of_all_ids(stream, width):
    rows = len(stream) // width
    return stream[: rows * width].reshape(rows, width), stream[1 : rows * width + 1].reshape(rows, width)


def cut_wider(stream, width):
    rows = len(stream) // (width + 1)
    cut = stream[: rows * (width + 1)].reshape(rows, width + 1)
    return cut[:, :-1], cut[:, 1:]


def above_a_threshold(probabilities, p):
    """All words as likely as the one that reaches p."""
    ordered = np.sort(probabilities)[::-1]
    reached = (np.cumsum(ordered) < p - 1e-12).sum()
    kept = np.where(probabilities >= ordered[reached], probabilities, 0)
    return kept / kept.sum()


def unlikeliest_first(probabilities, p):
    order = np.argsort(probabilities)
    kept = order[: (np.cumsum(probabilities[order]) < p - 1e-12).sum() + 1]
    return np.where(np.isin(np.arange(len(order)), kept), probabilities, 0) / probabilities[kept].sum()


def sorted_twice(probabilities, p):
    order = np.argsort(-probabilities)
    return np.sort(nucleus(probabilities, p))[::-1][order]


RIGHT = {
    "windows": windows,
    "corpus_perplexity": corpus_perplexity,
    "nucleus": nucleus,
    "continuation": continuation,
}
WRONG = [
    ("windows", "pair", inputs_of),
    ("windows", "overlap", lambda s, w: (np.stack([s[i : i + w] for i in range(len(s) - w)]),) * 2),
    ("windows", "one_label", lambda s, w: (inputs_of(s, w), windows(s, w)[1][:, -1])),
    ("windows", "exchanged", lambda s, w: windows(s, w)[::-1]),
    ("windows", "lost_between_rows", cut_wider),
    ("windows", "one_row_too_many", rows_of_all_ids),
    ("windows", "filled_up", lambda s, w: (np.resize(s, (-(-len(s) // w), w)),) * 2),
    ("windows", "shape", lambda s, w: (s[:-1], s[1:])),
    ("windows", "hand_case", lambda s, w: (windows(s, w)[1], windows(s, w)[1])),
    ("windows", "not_shifted", lambda s, w: (inputs_of(s, w), inputs_of(s, w))),
    ("windows", "wrapped", lambda s, w: (inputs_of(s, w), np.roll(inputs_of(s, w), -1, axis=1))),
    ("windows", "next_row", lambda s, w: (inputs_of(s, w), np.array([[1, 9, 2], [7, 4, 0]]))),
    ("windows", "labels", lambda s, w: (inputs_of(s, w), inputs_of(s, w)[::-1])),
    ("windows", "last_row", lambda s, w: windows(s if len(s) == 8 else s[:-1], w)),
    ("windows", "no_label", lambda s, w: windows(s, w) if len(s) > 6 else (np.reshape(s, (2, 3)),) * 2),
    ("corpus_perplexity", "number", lambda parts: [corpus_perplexity([part]) for part in parts]),
    ("corpus_perplexity", "ragged", lambda parts: np.exp(-np.mean(parts))),
    ("corpus_perplexity", "sign", lambda parts: 1 / corpus_perplexity(parts)),
    ("corpus_perplexity", "not_exp", lambda parts: np.log(corpus_perplexity(parts))),
    ("corpus_perplexity", "sum", lambda parts: np.exp(-np.concatenate(parts).sum())),
    ("corpus_perplexity", "bits", lambda parts: 2 ** np.log(corpus_perplexity(parts))),
    ("corpus_perplexity", "mean_of_perplexities", lambda parts: np.mean([corpus_perplexity([p]) for p in parts])),
    ("corpus_perplexity", "mean_of_means", lambda parts: np.exp(np.mean([-p.mean() for p in parts]))),
    ("corpus_perplexity", "tokens", lambda parts: corpus_perplexity(parts[:1])),
    ("corpus_perplexity", "hand_case", lambda parts: corpus_perplexity(parts) + 1),
    ("nucleus", "shape", lambda p, top: nucleus(p, top)[nucleus(p, top) > 0]),
    ("nucleus", "not_renormalised", lambda p, top: p * (nucleus(p, top) > 0)),
    ("nucleus", "reaching_word", lambda p, top: nucleus(p, top, extra=0)),
    ("nucleus", "one_too_many", lambda p, top: nucleus(p, top, extra=2)),
    ("nucleus", "sorted", lambda p, top: np.sort(nucleus(p, top))[::-1]),
    ("nucleus", "vocabulary_order", in_vocabulary_order),
    ("nucleus", "unlikeliest_first", unlikeliest_first),
    ("nucleus", "wrong_places", sorted_twice),
    ("nucleus", "each_alone", lambda p, top: np.where(p >= top, p, 0)),
    ("nucleus", "ties", above_a_threshold),
    ("nucleus", "nothing_left", above),
    ("nucleus", "nothing_left", lambda p, top: nucleus(p, top) if top > 0.4 else p * 0),
    ("nucleus", "one_word", lambda p, top: nucleus(p, max(top, 0.6))),
    ("nucleus", "whole", lambda p, top: nucleus(p, min(top, 0.9))),
    ("nucleus", "in_place", in_place),
    ("nucleus", "hand_case", lambda p, top: np.full(5, 0.2)),
    ("continuation", "shape", lambda pairs: (pairs > 0) / (pairs > 0).sum()),
    ("continuation", "frequencies", lambda pairs: shared(pairs.sum(axis=0))),
    ("continuation", "followers", lambda pairs: shared((pairs > 0).sum(axis=1))),
    ("continuation", "not_shared", lambda pairs: (pairs > 0).sum(axis=0)),
    ("continuation", "by_words", lambda pairs: (pairs > 0).mean(axis=0)),
    ("continuation", "once_only", lambda pairs: shared((pairs == 1).sum(axis=0))),
    ("continuation", "by_places", lambda pairs: (pairs > 0).sum(axis=0) / pairs.sum()),
    ("continuation", "by_own_count", lambda pairs: (pairs > 0).sum(axis=0) / pairs.sum(axis=0)),
    ("continuation", "counts_matter", lambda pairs: continuation(pairs) if pairs.max() < 10 else pairs.mean(axis=0)),
    ("continuation", "never_second", lambda pairs: shared((pairs > 0).sum(axis=0) + (len(pairs) == 2))),
    ("continuation", "hand_case", lambda pairs: np.full(4, 0.25)),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    assert getattr(checks, name).result(RIGHT[name]).passed


def test_lists_are_as_good_as_arrays():
    assert checks.windows.result(in_loops).passed
    assert checks.nucleus.result(lambda p, top: nucleus(p, top).tolist()).passed


@pytest.mark.parametrize("name", RIGHT)
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
