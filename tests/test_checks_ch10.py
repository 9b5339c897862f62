"""The checkers of chapter 10 pass right answers and name typical mistakes."""

import numpy as np
from checkers import asked_of_checkers


def weights(places, ends=2, inner=2):
    pieces = np.diff(places)
    found = np.r_[pieces, 0] / inner + np.r_[0, pieces] / inner
    found[[0, -1]] *= inner / ends
    return found


def weights_in_a_loop(places):
    found = [0.0] * len(places)
    for i in range(len(places) - 1):
        found[i] += (places[i + 1] - places[i]) / 2
        found[i + 1] += (places[i + 1] - places[i]) / 2
    return found


def weights_of_points(places):
    found = np.full(len(places), 1 / len(places))
    found[[0, -1]] /= 2
    return found


def even(places):
    return weights(np.linspace(0, 1, len(places)))


def integral(gradient, text, baseline, points, *, places=None, way=None, reduce=np.mean):
    shares = (np.arange(points) + 0.5) / points if places is None else places(points)
    slopes = [gradient(baseline + share * (text - baseline)) for share in shares]
    return (reduce(slopes, axis=0) * (text - baseline if way is None else way(text, baseline))).sum(axis=1)


def from_zero(gradient, text, baseline, points):
    slopes = [gradient((k + 0.5) / points * text) for k in range(points)]
    return (np.mean(slopes, axis=0) * (text - baseline)).sum(axis=1)


def all_at_once(gradient, text, baseline, points):
    shares = (np.arange(points) + 0.5)[:, None, None] / points
    return (gradient(baseline + shares * (text - baseline)) * (text - baseline)).sum(axis=-1).mean(axis=0)


def beyond_the_text(gradient, text, baseline, points):
    slopes = [gradient(baseline + (k + 0.5) / points * text) for k in range(points)]
    return (np.mean(slopes, axis=0) * (text - baseline)).sum(axis=1)


def smooth(gradient, text, share, samples, random, *, sigma=None, product=None, divide=np.sqrt, ddof=1):
    sigma = share * np.ptp(text) if sigma is None else sigma(share)
    each = []
    for _ in range(samples):
        noisy = text + sigma * random.standard_normal(text.shape)
        each.append(((text if product is None else product(text, noisy)) * gradient(noisy)).sum(axis=1))
    return np.mean(each, axis=0), np.std(each, axis=0, ddof=ddof) / divide(samples)


def same_noise(gradient, text, share, samples, random):
    each = [(text * gradient(text + share * np.ptp(text) * random.normal())).sum(axis=1) for _ in range(samples)]
    return np.mean(each, axis=0), np.std(each, axis=0, ddof=1) / np.sqrt(samples)


def one_draw(gradient, text, share, samples, random):
    noisy = text + share * np.ptp(text) * random.standard_normal(text.shape)
    each = [(text * gradient(noisy)).sum(axis=1) for _ in range(samples)]
    return np.mean(each, axis=0), np.std(each, axis=0)


def errors_added(gradient, text, share, samples, random):
    sigma = share * np.ptp(text)
    each = [text * gradient(text + sigma * random.standard_normal(text.shape)) for _ in range(samples)]
    return np.mean(each, axis=0).sum(axis=1), np.std(each, axis=0).sum(axis=1) / np.sqrt(samples)


RIGHT = [
    ("trapezoid_weights", weights),
    ("trapezoid_weights", weights_in_a_loop),
    ("integrate_gradients", integral),
    ("smooth_scores", smooth),
    ("smooth_scores", lambda *given: smooth(*given, ddof=0)),
    ("smooth_scores", lambda *given: np.array(smooth(*given))),
]

WRONG = [
    ("trapezoid_weights", lambda p: weights(p).sum(), "count"),
    ("trapezoid_weights", np.diff, "pieces"),
    ("trapezoid_weights", weights_of_points, "share_of_points"),
    ("trapezoid_weights", lambda p: weights(p, ends=1), "whole_ends"),
    ("trapezoid_weights", lambda p: np.full(len(p), 1 / len(p)), "equal"),
    ("trapezoid_weights", lambda p: weights(p, 1, 1), "not_halved"),
    ("trapezoid_weights", even, "distances_unused"),
    ("trapezoid_weights", lambda p: np.r_[np.diff(p), 0], "piece_behind"),
    ("trapezoid_weights", lambda p: np.r_[0, np.diff(p)], "piece_before"),
    ("trapezoid_weights", lambda p: weights(p) * (np.arange(len(p)) % (len(p) - 1) > 0), "no_ends"),
    ("trapezoid_weights", lambda p: weights(p) if len(p) > 2 else [1, 1], "two"),
    ("trapezoid_weights", lambda p: weights(p) if len(p) < 5 else even(p), "line"),
    ("trapezoid_weights", lambda p: np.arange(len(p)) / len(p), "hand_case"),
    ("integrate_gradients", lambda *given: integral(*given)[:2], "shape"),
    ("integrate_gradients", lambda g, t, b, n: g(t) * (t - b), "every_number"),
    ("integrate_gradients", all_at_once, "all_at_once"),
    ("integrate_gradients", lambda *given: integral(*given) / 2, "mean_over_dim"),
    ("integrate_gradients", lambda g, t, b, n: (np.mean(g(t)) * (t - b)).sum(axis=1), "one_mean"),
    ("integrate_gradients", beyond_the_text, "baseline_added"),
    ("integrate_gradients", lambda *given: integral(*given, way=lambda t, b: 1), "no_difference"),
    ("integrate_gradients", lambda *given: integral(*given, way=lambda t, b: t), "times_text"),
    ("integrate_gradients", lambda *given: integral(*given, reduce=np.sum), "not_averaged"),
    ("integrate_gradients", lambda g, t, b, n: np.linalg.norm(g((t + b) / 2) * (t - b), axis=1), "length"),
    ("integrate_gradients", lambda *given: -integral(*given), "sign"),
    ("integrate_gradients", lambda *given: integral(*given) + 1, "constant"),
    ("integrate_gradients", lambda g, t, b, n: integral(g, t, b, 2 * n), "how_often"),
    ("integrate_gradients", lambda *given: integral(*given, places=np.ones), "one_place"),
    ("integrate_gradients", from_zero, "from_zero"),
    ("integrate_gradients", lambda *given: integral(*given, places=lambda n: np.arange(n) / n), "left"),
    ("integrate_gradients", lambda *given: integral(*given, places=lambda n: np.arange(1, n + 1) / n), "right"),
    ("integrate_gradients", lambda *given: integral(*given, places=lambda n: np.linspace(0, 1, n)), "with_ends"),
    ("integrate_gradients", lambda *given: integral(*given, places=lambda n: np.linspace(0.2, 0.3, n)), "places"),
    (
        "integrate_gradients",
        lambda g, t, b, n: integral(g, t, b, n) if n < 9 else integral(g, t, b, n, places=np.ones),
        "squares",
    ),
    ("smooth_scores", lambda *given: smooth(*given)[0], "two"),
    ("smooth_scores", lambda *given: (np.zeros((3, 2)), np.zeros(3)), "shapes"),
    ("smooth_scores", lambda g, t, s, n, r: smooth(g, t, s, n // 2, r), "samples"),
    ("smooth_scores", lambda *given: smooth(*given, sigma=lambda share: 0), "no_noise"),
    ("smooth_scores", same_noise, "same_noise"),
    ("smooth_scores", one_draw, "one_draw"),
    ("smooth_scores", lambda g, t, s, n, r: smooth(g, t, s, n, r, sigma=lambda share: share * t.std()), "std_of_text"),
    ("smooth_scores", lambda g, t, s, n, r: smooth(g, t, s, n, r, sigma=lambda share: share * t.max()), "largest_only"),
    ("smooth_scores", errors_added, "errors_added"),
    ("smooth_scores", lambda *given: smooth(*given, sigma=lambda share: share), "absolute"),
    ("smooth_scores", lambda *given: smooth(*given, sigma=lambda share: 11 * share), "spread"),
    ("smooth_scores", lambda *given: smooth(*given, product=lambda t, noisy: 1), "gradient_only"),
    ("smooth_scores", lambda *given: smooth(*given, product=lambda t, noisy: noisy), "noisy_product"),
    ("smooth_scores", lambda *given: smooth(*given, product=lambda t, noisy: 3 * t), "constant"),
    ("smooth_scores", lambda *given: (smooth(*given)[0], np.ones(3)), "error_of_nothing"),
    ("smooth_scores", lambda *given: smooth(*given, divide=lambda n: 1), "spread_not_error"),
    ("smooth_scores", lambda *given: smooth(*given, divide=lambda n: n), "divided_twice"),
    ("smooth_scores", lambda *given: smooth(*given, divide=lambda n: n**0.25), "error"),
]


test_right_answers_pass, test_mistakes_are_named, test_an_empty_answer_is_not_a_crash = asked_of_checkers(RIGHT, WRONG)
