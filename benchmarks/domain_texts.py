"""The texts, measures and intervals that `domains` and `domain_fixes` share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

import lmtutorial as lt
from lmtutorial import corpora
from lmtutorial.models.calibration import brier, expected_calibration_error
from lmtutorial.models.classifier import TextClassifier

HOME = "films"
LOADERS = {
    HOME: lt.load_reviews,
    "products": lt.load_products,
    "tweets": lt.load_tweets,
    "editorials": lt.load_editorials,
}
AWAY = tuple(LOADERS)[1:]
SEARCHED, KEPT = ("train", "validation"), ("test",)  # the network was trained on neither where the texts are no films
DRAWS = 500
PARTS = Path("_build/domains")


@cache
def network() -> TextClassifier:
    return lt.load_model("reviews-lstm")


@cache
def table(domain: str) -> pd.DataFrame:
    """The rated texts with their `document`: a review, an editorial; else a text with all its near-duplicates.

    The makers of the tweets wrote 200 of them, in thirty families that differ by a mark: these are not independent.
    """
    found = LOADERS[domain]()
    if domain in ("products", "editorials"):
        return found.assign(document=found["id"].str.partition("_")[0])
    pairs = corpora.near_duplicates(found["text"])
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(found), len(found)))
    return found.assign(document=connected_components(graph, directed=False)[1])


def labelled(domain: str, split: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Texts, labels, documents of one split, without the texts that have no label."""
    found = table(domain).dropna(subset="label").query("split == @split")
    return list(found["text"]), found["label"].to_numpy(int), found["document"].to_numpy()


def auc(p: np.ndarray, y: np.ndarray) -> float:
    """Share of the pairs of a positive and a negative text in which the positive one has the higher score."""
    positive = int(y.sum())
    return float((rankdata(p)[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def balanced(p: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean([np.mean((p > 0.5)[y == label] == label) for label in (0, 1)]))


MEASURES: dict[str, Callable] = {
    "accuracy": lambda p, y: float(np.mean((p > 0.5) == y)),
    "balanced": balanced,
    "auc": auc,
    "brier": brier,
    "calibration_error": expected_calibration_error,
    "said_positive": lambda p, y: float(np.mean(p > 0.5)),
}


def resampled(documents: np.ndarray, draws: int = DRAWS) -> list[np.ndarray]:
    """Rows of each bootstrap draw: whole documents, as many as there are."""
    rows = [np.flatnonzero(documents == document) for document in pd.unique(documents)]
    random = np.random.default_rng(0)
    return [np.concatenate([rows[i] for i in random.integers(0, len(rows), len(rows))]) for _ in range(draws)]


def ends(values: list[float]) -> dict:
    low, high = np.quantile(values, [0.025, 0.975])
    return {"low": round(float(low), 4), "high": round(float(high), 4)}


def judged(p: np.ndarray, y: np.ndarray, documents: np.ndarray, names=tuple(MEASURES)) -> dict:
    """{measure: value with interval} of probabilities (seeds, texts) or (texts,); the mean over seeds."""
    p, draws, found = np.atleast_2d(p), resampled(documents), {}
    for name in names:
        measure = MEASURES[name]
        each = [measure(row, y) for row in p]
        drawn = [np.mean([measure(row[rows], y[rows]) for row in p]) for rows in draws]
        value, interval = round(float(np.mean(each)), 4), ends(drawn)
        if name == "calibration_error":
            # chance adds to this error once in the texts and again in each draw: as wide, but put round the value
            half = (interval["high"] - interval["low"]) / 2
            interval = {"low": round(max(0.0, value - half), 4), "high": round(value + half, 4)}
        found[name] = {"value": value, **interval}
        if len(p) > 1:
            found[name]["seeds"] = np.round(each, 4).tolist()
    return found


def lead(right: np.ndarray, other: np.ndarray, documents: np.ndarray) -> dict:
    """Mean of `right` - `other` (texts,), with its interval."""
    gap = np.asarray(right, float) - np.asarray(other, float)
    return {"value": round(float(gap.mean()), 4), **ends([gap[rows].mean() for rows in resampled(documents)])}


def rated(domain: str, splits: tuple[str, ...]) -> pd.DataFrame:
    found = table(domain)
    return found[found["split"].isin(splits)].reset_index(drop=True)
