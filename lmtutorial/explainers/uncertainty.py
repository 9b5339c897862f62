"""How sure is a figure that comes from a few trainings and some sentences?

A kind of model is trained with several seeds, and each training explains the same sentences. The figure is the mean
over both. Another draw of seeds and of sentences would have given another:

1. Draw as many seeds as there are, with repetition, for each kind of model apart.
2. Draw as many sentences as there are, with repetition, once for all models: they were all asked the same ones.
3. Take the mean over what was drawn, and do it again a thousand times. The middle 95 % are the interval.

With seeds alone one would treat the sentences as all that there are, and with sentences alone the trainings. Drawing
rows and columns of a table apart is Owen 2007, "The pigeonhole bootstrap"; its intervals are a little too wide rather
than too narrow.
"""

from collections.abc import Sequence
from itertools import permutations
from math import factorial

import numpy as np
from scipy.stats import rankdata


def redraws(models: int, seeds: int, sentences: int, *, rounds: int = 2000, seed: int = 0):
    """Seeds of each model (rounds, models, seeds) and sentences (rounds, sentences), as numbers of rows and columns."""
    random = np.random.default_rng(seed)
    return random.integers(0, seeds, (rounds, models, seeds)), random.integers(0, sentences, (rounds, sentences))


def redrawn_means(values: np.ndarray, drawn) -> np.ndarray:
    """(rounds, models) means over the seeds and sentences of each draw.

    Args:
        values: (models, seeds, sentences) figures; a NaN is no figure, and is left out.
        drawn: what `redraws` gives.
    """
    chosen, sentences = drawn
    seeds = (chosen[..., None] == np.arange(values.shape[1])).sum(axis=2)  # (rounds, models, seeds), how often each
    times = np.array([np.bincount(row, minlength=values.shape[2]) for row in sentences]).T  # (sentences, rounds)
    there = np.isfinite(values)
    total = np.einsum("rms,msr->rm", seeds, np.where(there, values, 0) @ times)
    count = np.einsum("rms,msr->rm", seeds, there.astype(float) @ times)
    return total / np.where(count > 0, count, np.nan)


def interval(mean: float, redrawn: np.ndarray) -> dict[str, float]:
    """{"mean", "low", "high"}: the figure and the middle 95 % of the `redrawn` ones (rounds,)."""
    low, high = np.nanquantile(redrawn, [0.025, 0.975])
    return {"mean": float(mean), "low": float(low), "high": float(high)}


def per_tenfold(weights: Sequence[int], families: Sequence[str], values: np.ndarray) -> np.ndarray:
    """By how much a figure changes when a model has ten times as many weights.

    The slope of the straight lines, one for each family and all of the same slope, that lie nearest to the figures: a
    family that is higher at every size is not taken for an effect of size.

    Args:
        weights: (models,) how many each has.
        families: (models,) of each.
        values: (..., models) figures.

    Returns:
        (...,) the slope for each row.
    """
    names, group = np.unique(np.asarray(families), return_inverse=True)
    size, values = np.log10(weights), np.asarray(values, float)
    within = np.eye(len(names))[group]  # (models, families)
    share = within @ (within / within.sum(axis=0)).T  # the mean of one's own family
    centred = size - share @ size
    return values @ centred / (centred @ centred)


def rank_with_size(weights: Sequence[int], values: np.ndarray) -> np.ndarray:
    """(...,) rank correlation of figures (..., models) with the size of the models: 1 if each larger one has more."""
    size, ranks = rankdata(weights), rankdata(values, axis=-1)
    size, ranks = size - size.mean(), ranks - ranks.mean(axis=-1, keepdims=True)
    length = np.sqrt((size @ size) * (ranks**2).sum(axis=-1))
    return ranks @ size / np.where(length > 0, length, np.nan)


def chance_of_order(weights: Sequence[int], values: Sequence[float]) -> float:
    """How often figures in random order go with size as strongly as these, up or down.

    It counts all orders, and so is exact. With three models the smallest answer there is, is 1/3; with six, 1/360.

    Raises:
        ValueError: for more than eight models, whose orders are too many to count.
    """
    if len(weights) > 8:
        raise ValueError(f"{len(weights)} models have {factorial(len(weights)):,} orders: at most 8 can be counted")
    orders = np.array(list(permutations(values)))
    found = np.abs(rank_with_size(weights, orders))
    return float(np.mean(found >= abs(rank_with_size(weights, np.asarray(values))) - 1e-9))
