"""The checkers of chapter 08 accept right answers and name typical mistakes."""

import numpy as np
import pytest

from lmtutorial import checks


def resumable_order(rows, seed, epoch, done):
    return np.random.default_rng([seed, epoch]).permutation(rows)[done:]


def clip_gradients(gradients, norm):
    length = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1, norm / max(length, 1e-12)) for g in gradients]


def alone(gradients, norm):
    return [clip_gradients([g], norm)[0] for g in gradients]


def by_length(length):
    return lambda gradients, norm: [g * min(1, norm / max(length(gradients), 1e-12)) for g in gradients]


def accumulate_gradients(parts, sizes):
    return sum(part * size for part, size in zip(parts, sizes, strict=True)) / sum(sizes)


def scaled_gradient(gradient_at, scale):
    gradient = gradient_at(scale)
    return gradient.astype(np.float32) / np.float32(scale), bool(np.isfinite(gradient).all())


def usable_if(verdict):
    """The right gradient, and another rule for what may be used."""
    return lambda f, scale: (scaled_gradient(f, scale)[0], verdict(f(scale)))


def by_seed(number):
    return lambda rows, s, e, d: np.random.default_rng(number(s, e)).permutation(rows)[d:]


RIGHT = {
    "resumable_order": resumable_order,
    "clip_gradients": clip_gradients,
    "accumulate_gradients": accumulate_gradients,
    "scaled_gradient": scaled_gradient,
}
MEMORY = np.random.default_rng(0)
WRONG = [
    ("resumable_order", "not_all", lambda rows, s, e, d: np.random.default_rng([s, e]).integers(0, rows, rows - d)),
    ("resumable_order", "from_one", lambda rows, s, e, d: resumable_order(rows, s, e, d) + 1),
    ("resumable_order", "not_shuffled", lambda rows, s, e, d: np.arange(rows)[d:]),
    ("resumable_order", "one_number", by_seed(lambda s, e: s * e)),
    ("resumable_order", "one_number", by_seed(lambda s, e: s ^ e)),
    ("resumable_order", "one_number", by_seed(lambda s, e: 10 * s + e)),
    ("resumable_order", "another_time", lambda rows, s, e, d: MEMORY.permutation(rows)[d:]),
    ("resumable_order", "another_time", lambda rows, s, e, d: np.random.permutation(rows)[d:]),
    ("resumable_order", "epochs_alike", lambda rows, s, e, d: resumable_order(rows, s, 0, d)),
    ("resumable_order", "seeds_alike", lambda rows, s, e, d: resumable_order(rows, 0, e, d)),
    ("resumable_order", "added_up", lambda rows, s, e, d: np.random.default_rng(s + e).permutation(rows)[d:]),
    ("resumable_order", "not_skipped", lambda rows, s, e, d: resumable_order(rows, s, e, 0)),
    ("resumable_order", "shuffled_anew", lambda rows, s, e, d: np.random.default_rng([s, e, d]).permutation(rows)[d:]),
    ("clip_gradients", "shapes", lambda g, n: clip_gradients([x.ravel() for x in g], n)),
    ("clip_gradients", "ragged", by_length(np.linalg.norm)),
    ("clip_gradients", "untouched", lambda g, n: g),
    ("clip_gradients", "largest_number", by_length(lambda g: max(np.abs(x).max() for x in g))),
    ("clip_gradients", "norm_unused", lambda g, n: clip_gradients(g, 1.0)),
    ("clip_gradients", "half", lambda g, n: clip_gradients(g, n**2)),
    ("clip_gradients", "zero", lambda g, n: [x * min(1, n / float(np.sqrt(sum(np.sum(y**2) for y in g)))) for x in g]),
    ("clip_gradients", "lengthened", lambda g, n: [x * n / np.sqrt(sum(np.sum(y**2) for y in g)) for x in g]),
    ("clip_gradients", "each_alone", alone),
    ("clip_gradients", "sum_of_norms", by_length(lambda g: sum(np.sqrt(np.sum(x**2)) for x in g))),
    ("clip_gradients", "squared", by_length(lambda g: sum(np.sum(x**2) for x in g))),
    (
        "clip_gradients",
        "zero",
        lambda g, n: [x + 1 for x in g] if not any(x.any() for x in g) else clip_gradients(g, n),
    ),
    ("clip_gradients", "hand_case", lambda g, n: [np.clip(x, -n / 2, n / 2) for x in g]),
    ("accumulate_gradients", "one_gradient", lambda p, s: np.array(p)),
    ("accumulate_gradients", "added", lambda p, s: sum(p)),
    ("accumulate_gradients", "not_divided", lambda p, s: accumulate_gradients(p, s) * sum(s)),
    ("accumulate_gradients", "by_parts", lambda p, s: accumulate_gradients(p, s) * sum(s) / len(p)),
    ("accumulate_gradients", "sizes_unused", lambda p, s: sum(p) / sum(s)),
    ("accumulate_gradients", "divided_twice", lambda p, s: accumulate_gradients(p, s) / len(p)),
    ("accumulate_gradients", "mean", lambda p, s: p[-1]),
    ("accumulate_gradients", "unweighted", lambda p, s: np.mean(p, axis=0)),
    ("accumulate_gradients", "weights", lambda p, s: accumulate_gradients(p, s[::-1])),
    ("accumulate_gradients", "alone", lambda p, s: accumulate_gradients(p, s) * (1 if len(p) > 1 else 2)),
    ("scaled_gradient", "two_things", lambda f, scale: scaled_gradient(f, scale)[0]),
    ("scaled_gradient", "exchanged", lambda f, scale: scaled_gradient(f, scale)[::-1]),
    ("scaled_gradient", "wide", lambda f, scale: (f(scale).astype(float) / scale, True)),
    ("scaled_gradient", "one_verdict", usable_if(np.isfinite)),
    ("scaled_gradient", "some_finite", usable_if(lambda g: np.isfinite(g).any())),
    ("scaled_gradient", "some_finite", usable_if(lambda g: not np.isinf(g).any())),
    ("scaled_gradient", "refused", lambda f, scale: (scaled_gradient(f, scale)[0], False)),
    ("scaled_gradient", "kind", lambda f, scale: (f(scale), True)),
    ("scaled_gradient", "not_divided", lambda f, scale: (f(scale).astype(np.float32), True)),
    ("scaled_gradient", "lost", lambda f, scale: (f(1.0).astype(np.float32), True)),
    ("scaled_gradient", "hand_case", lambda f, scale: (scaled_gradient(f, scale)[0] / np.float32(2), True)),
    ("scaled_gradient", "infinite", lambda f, scale: (scaled_gradient(f, scale)[0], True)),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes(name):
    assert getattr(checks, name).result(RIGHT[name]).passed


def test_lists_are_as_good_as_arrays():
    assert checks.resumable_order.result(lambda *given: resumable_order(*given).tolist()).passed
    assert checks.accumulate_gradients.result(lambda p, s: np.average(p, axis=0, weights=s).tolist()).passed
    assert checks.scaled_gradient.result(lambda f, scale: list(scaled_gradient(f, scale))).passed


@pytest.mark.parametrize("name", RIGHT)
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    with np.errstate(all="ignore"):
        result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
