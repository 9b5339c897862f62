"""The checkers of chapter 11 accept right answers and name typical mistakes."""

import math

import numpy as np
import pytest

from lmtutorial import checks


def expected_variants(words, samples, sizes=0, share=True, many=math.comb, draws=-1):
    found = 1.0
    for kept in range(words):
        chance = 1 / ((words + sizes) * (math.comb(words, kept) if share else 1))
        found += many(words, kept) * (1 - (1 - chance) ** (samples + draws))
    return found


def if_a_coin_were_tossed(words, samples):
    return 1 + (2**words - 1) * (1 - (1 - 2.0**-words) ** (samples - 1))


def by_trying(words, samples):
    """The text first, then the chances of coming at least once: for large samples by the logarithm."""
    chances = [1 / words / math.comb(words, kept) for kept in range(words) for _ in range(math.comb(words, kept))]
    return 1 - sum(math.expm1((samples - 1) * math.log1p(-p)) if p < 1 else -(samples > 1) for p in chances)


def effective_samples(weights):
    return np.sum(weights) ** 2 / np.sum(np.square(weights))


def samples_needed(error, num_samples, wanted):
    return math.ceil(num_samples * (error / wanted) ** 2)


RIGHT = {
    "expected_variants": expected_variants,
    "effective_samples": effective_samples,
    "samples_needed": samples_needed,
}
WRONG = [
    ("expected_variants", "one_sample", lambda m, n: expected_variants(m, max(n, 2))),
    ("expected_variants", "text_missing", lambda m, n: expected_variants(m, n) - 1),
    ("expected_variants", "text_drawn", lambda m, n: expected_variants(m, n, draws=0)),
    ("expected_variants", "coin", if_a_coin_were_tossed),
    ("expected_variants", "sizes_only", lambda m, n: expected_variants(m, n, many=lambda *_: 1)),
    ("expected_variants", "size_chance", lambda m, n: expected_variants(m, n, share=False)),
    ("expected_variants", "one_size_too_many", lambda m, n: expected_variants(m, n, sizes=1)),
    ("expected_variants", "expected_draws", lambda m, n: n),
    ("expected_variants", "never_drawn", lambda m, n: 2**m - expected_variants(m, n) + 1),
    ("expected_variants", "all_of_them", lambda m, n: min(expected_variants(m, n), 7)),
    ("expected_variants", "chapter", lambda m, n: expected_variants(m, n) if m < 5 else 2083),
    ("expected_variants", "hand_case", lambda m, n: 1 + 0.3 * (n > 1)),
    ("effective_samples", "sum", np.sum),
    ("effective_samples", "inverse", lambda w: 1 / effective_samples(w)),
    ("effective_samples", "not_squared", lambda w: np.sum(w) / np.sum(np.square(w))),
    ("effective_samples", "squares_only", lambda w: np.sum(np.square(w))),
    ("effective_samples", "root", lambda w: np.sqrt(effective_samples(w))),
    ("effective_samples", "one_for_all", lambda w: np.mean(w) ** 2 / np.mean(np.square(w))),
    ("effective_samples", "equal", lambda w: 7.0),
    ("effective_samples", "count", len),
    ("effective_samples", "heavy", lambda w: effective_samples(w) if np.min(w) > 0 else 3.0),
    ("effective_samples", "largest", lambda w: np.sum(w) / np.max(w)),
    ("effective_samples", "hand_case", lambda w: effective_samples(w) + (0.5 if len(w) == 2 else 0)),
    ("samples_needed", "linear", lambda e, n, w: math.ceil(n * e / w)),
    ("samples_needed", "root", lambda e, n, w: math.ceil(n * math.sqrt(e / w))),
    ("samples_needed", "upside_down", lambda e, n, w: math.ceil(n * (w / e) ** 2)),
    ("samples_needed", "upside_down_linear", lambda e, n, w: math.ceil(n * w / e)),
    ("samples_needed", "further", lambda e, n, w: samples_needed(e, n, w) - n),
    ("samples_needed", "rounded_too_soon", lambda e, n, w: n * math.ceil((e / w) ** 2)),
    ("samples_needed", "down", lambda e, n, w: round(n * (e / w) ** 2)),
    ("samples_needed", "half", lambda e, n, w: 1),
    ("samples_needed", "kind", lambda e, n, w: n * (e / w) ** 2),
    ("samples_needed", "down", lambda e, n, w: int(n * (e / w) ** 2)),
    ("samples_needed", "up", lambda e, n, w: math.ceil(n * (e / w) ** 2 / 10) * 10),
    ("samples_needed", "fewer", lambda e, n, w: max(n, samples_needed(e, n, w))),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    assert getattr(checks, name).result(RIGHT[name]).passed


def test_another_way_to_the_same_number_is_right():
    assert checks.expected_variants.result(by_trying).passed
    assert checks.samples_needed.result(lambda e, n, w: np.ceil(n * (e / w) ** 2)).passed


@pytest.mark.parametrize("name", RIGHT)
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
