"""Checkers for chapter 17: mean patching scores, a mean ablation, how much of a head's attention is induction.

Every call gets arrays of its own: a learner who writes into them spoils no later check.
"""

import numpy as np

from lmtutorial.checks import Mistake, exercise

patching_scores = exercise("patching_scores")
# Logit differences of three prompts, patched at two sites, and of their whole runs: ways of 6, 2 and 4.
PATCHED = np.array([[1.0, 4.0], [0.0, -1.0], [3.0, 1.0]])
CLEAN, CORRUPTED = np.array([4.0, 1.0, 3.0]), np.array([-2.0, -1.0, -1.0])


def one_prompt(function, patched, clean, corrupted, shortest=1.0):
    """The learner's score of one prompt and one site."""
    return float(np.ravel(function(np.array([[patched]]), np.array([clean]), np.array([corrupted]), shortest))[0])


@patching_scores.check
def one_score_for_each_site(function):
    got = np.shape(function(PATCHED.copy(), CLEAN.copy(), CORRUPTED.copy(), 1.0))
    if got != (2,):
        return Mistake({(3, 2): "not_averaged", (3,): "over_sites", (): "one_number"}.get(got, "shape"), got=got)


@patching_scores.check
def one_patch_by_hand(function):
    got = one_prompt(function, 1.0, 4.0, -2.0)
    likely = {
        "not_divided": 3.0,
        "by_the_clean_run": 0.75,
        "not_less_corrupted": 1 / 6,
        "of_the_clean_run": 0.25,
        "sum_below": 1.5,
    }
    if not np.isclose(got, 0.5):
        key = next((key for key, value in likely.items() if np.isclose(got, value)), "hand_case")
        return Mistake(key, got=round(got, 3))


@patching_scores.check
def which_end_is_which(function):
    nothing, everything = one_prompt(function, -1.0, 3.0, -1.0), one_prompt(function, 3.0, 3.0, -1.0)
    if not np.allclose([nothing, everything], [0, 1]):
        return Mistake("turned" if np.allclose([nothing, everything], [1, 0]) else "ends", got=(nothing, everything))


@patching_scores.check
def further_than_the_clean_run(function):
    got = [one_prompt(function, x, 2.0, 0.0) for x in (3.0, -1.0)]
    if not np.allclose(got, [1.5, -0.5]):
        return Mistake("cut_off", got=got)


@patching_scores.check
def the_mean_over_prompts(function):
    got = np.asarray(function(PATCHED.copy(), CLEAN.copy(), CORRUPTED.copy(), 1.0), float)
    gone, way = PATCHED - CORRUPTED[:, None], CLEAN - CORRUPTED
    scores = gone / way[:, None]
    likely = {"of_the_means": gone.mean(axis=0) / way.mean(), "summed": scores.sum(axis=0)}
    if not np.allclose(got, scores.mean(axis=0)):
        key = next((key for key, value in likely.items() if np.allclose(got, value)), "mean")
        return Mistake(key, got=got.round(3).tolist(), want=scores.mean(axis=0).round(3).tolist())


@patching_scores.check
def as_many_prompts_as_sites(function):
    got = np.asarray(function(PATCHED[:2].copy(), CLEAN[:2].copy(), CORRUPTED[:2].copy(), 1.0), float)
    if not np.allclose(got, [0.5, 0.5]):
        return Mistake("wrong_axis", got=got.round(3).tolist())


@patching_scores.check
def a_short_way_is_left_out(function):
    patched, clean, corrupted = np.array([[1.0], [5.0], [-2.0]]), np.array([3.0, 0.1, -3.0]), np.array([-1.0, 0.0, 1.0])
    got = float(np.ravel(function(patched, clean, corrupted, 4.0))[0])
    likely = {"kept_short": 51.25 / 3, "as_zero": 1.25 / 3, "way_below_zero": 0.5, "exactly_as_long": np.nan}
    if not np.isclose(got, 0.625):
        key = next((key for key, value in likely.items() if np.isclose(got, value, equal_nan=True)), "short")
        return Mistake(key, got=round(got, 3))


keep_only = exercise("keep_only")
OWN = np.arange(2 * 3 * 4 * 2, dtype=float).reshape(2, 3, 4, 2)  # (batch, time, heads, head_width)
MEANS = -1 - np.arange(3 * 4 * 2, dtype=float).reshape(3, 4, 2)


@keep_only.check
def the_shape_stays(function):
    got = np.shape(function(OWN.copy(), MEANS.copy(), [1]))
    if got != OWN.shape:
        return Mistake("shape", got=got)


@keep_only.check
def one_head_is_kept(function):
    got = np.asarray(function(OWN.copy(), MEANS.copy(), [1]), float)
    is_one = np.arange(4)[:, None] == 1
    want = np.where(is_one, OWN, MEANS)
    likely = {
        "turned": np.where(is_one, MEANS, OWN),
        "zeros": np.where(is_one, OWN, 0),
        "places": np.where(np.arange(3)[:, None, None] == 1, OWN, MEANS),
        "one_mean": np.where(is_one, OWN, MEANS.mean(axis=0)),
        "own_mean": np.where(is_one, OWN, OWN.mean(axis=0)),
        "untouched": OWN,
    }
    if np.allclose(got, want):
        return None
    return Mistake(next((key for key, value in likely.items() if np.allclose(got, value)), "hand_case"))


@keep_only.check
def none_and_all(function):
    none = np.asarray(function(OWN.copy(), MEANS.copy(), []), float)
    every = np.asarray(function(OWN.copy(), MEANS.copy(), [0, 1, 2, 3]), float)
    if not np.allclose(none, np.broadcast_to(MEANS, OWN.shape)):
        return Mistake("none")
    if not np.allclose(every, OWN):
        return Mistake("every")


@keep_only.check
def what_was_given_is_left_alone(function):
    own, means = OWN.copy(), MEANS.copy()
    function(own, means, [2])
    if not np.array_equal(own, OWN) or not np.array_equal(means, MEANS):
        return Mistake("changed")


induction_score = exercise("induction_score")
LENGTH = 4


def looking(offset: int) -> np.ndarray:
    """(8, 8) a pattern in which each place of the second half looks at one place: 4 - `offset` places back."""
    pattern = np.zeros((2 * LENGTH, 2 * LENGTH))
    pattern[:LENGTH, 0] = 1
    for place in range(LENGTH, 2 * LENGTH):
        pattern[place, place - LENGTH + offset] = 1
    return pattern


@induction_score.check
def a_perfect_head(function):
    got = float(function(looking(1), LENGTH))
    if not np.isclose(got, 1):
        likely = {"added": LENGTH - 1, "over_all_rows": (LENGTH - 1) / (2 * LENGTH)}
        same = float(function(looking(0), LENGTH))
        key = next((key for key, value in likely.items() if np.isclose(got, value)), None)
        return Mistake(key or ("same_token" if same > 0.7 else "perfect"), got=round(got, 3))


@induction_score.check
def a_head_that_looks_at_the_same_token(function):
    got = float(function(looking(0), LENGTH))
    if not np.isclose(got, 0):
        return Mistake("same_token", got=round(got, 3))


@induction_score.check
def an_even_head(function):
    even = np.tril(np.ones((2 * LENGTH, 2 * LENGTH))) / np.arange(1, 2 * LENGTH + 1)[:, None]
    got, want = float(function(even, LENGTH)), np.mean([1 / 5, 1 / 6, 1 / 7])
    likely = {"last_row_too": np.mean([1 / 5, 1 / 6, 1 / 7, 1 / 8]), "one_row_late": np.mean([1 / 6, 1 / 7, 1 / 8])}
    if not np.isclose(got, want):
        key = next((key for key, value in likely.items() if np.isclose(got, value)), "even")
        return Mistake(key, got=round(got, 4), want=round(float(want), 4))
