"""Can a property be read off a vector by a straight cut, and is it the vector's doing or the probe's?

1. A *linear probe* is a logistic regression on the vectors of one site: P(label) = sigmoid(w . x + b). (Alain & Bengio
   2017.) How strongly its weights are held down is chosen on validation.
2. High accuracy may only say that the probe has learned by heart which word has which label. So the same probe is
   trained on a *control task*: every word type gets a label by lot, and keeps it. What the probe gets right there, it
   knows by heart. Selectivity = accuracy - accuracy on the control. (Hewitt & Liang 2019.)
3. And the labels are asked of words that the probe has never seen, in sentences that it has never seen: there nothing
   can be known by heart, and the share of the commoner label is the floor.

Sources: Hewitt & Liang 2019, "Designing and Interpreting Probes with Control Tasks"; Belinkov 2022, "Probing
Classifiers", for what a probe does not show: that the model uses what it finds.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ..corpora import SPLITS

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # sklearn's C: small holds the weights down
SHARES = (0.6, 0.2, 0.2)  # of train, validation and test


@dataclass(frozen=True)
class Probe:
    """P(label 1) = sigmoid(weights . x + bias), on vectors as they come.

    Attributes:
        weights: (width,).
        bias: a number.
        strength: the C that validation chose.
    """

    weights: np.ndarray
    bias: float
    strength: float

    def scores(self, x: np.ndarray) -> np.ndarray:
        """(places,) log-odds of label 1."""
        return np.asarray(x, np.float64) @ self.weights + self.bias

    def accuracy(self, x: np.ndarray, labels: np.ndarray) -> float:
        """Share of the labels (0 or 1) that the sign of the score hits."""
        return float(np.mean((self.scores(x) > 0) == np.asarray(labels)))


def fit_probe(x, labels, split, *, strengths: Sequence[float] = STRENGTHS) -> Probe:
    """The logistic regression that is best on validation, trained on the training part.

    Args:
        x: (places, width) vectors of one site.
        labels: (places,) of 0 and 1.
        split: (places,) "train", "validation", "test", or "" for a place that is left out.
        strengths: C to choose from; of equals the smallest.

    Raises:
        ValueError: if the lengths differ, or a part that is needed has no place or only one label.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    x, labels, split = np.asarray(x, np.float64), np.asarray(labels, int), np.asarray(split)
    if not len(x) == len(labels) == len(split):
        raise ValueError(f"{len(x)} vectors, {len(labels)} labels and {len(split)} splits: one of each a place")
    train, validation = split == "train", split == "validation"
    if len(set(labels[train])) < 2 or not validation.any():
        raise ValueError("a probe needs both labels in the training part, and at least one place for validation")
    mean, spread = x[train].mean(axis=0), x[train].std(axis=0) + 1e-9
    z, found = (x - mean) / spread, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe stopped early is only held down a little more
        for strength in strengths:
            fitted = LogisticRegression(C=strength, max_iter=200).fit(z[train], labels[train])
            weights = fitted.coef_[0] / spread
            found.append(Probe(weights, float(fitted.intercept_[0] - weights @ mean), strength))
    return max(found, key=lambda probe: probe.accuracy(x[validation], labels[validation]))


def control_labels(types, labels, *, seed: int = 0) -> np.ndarray:
    """A label for every word type by lot, as often 1 as among the real types: the control task.

    Args:
        types: (places,) the word type of each.
        labels: (places,) real labels, of which only the share of ones among the types is used.
        seed: of the lot.

    Returns:
        (places,) of 0 and 1; equal for equal types.
    """
    names, first, which = np.unique(np.asarray(types), return_index=True, return_inverse=True)
    ones = int(np.asarray(labels)[first].sum())
    drawn = (np.arange(len(names)) < ones).astype(int)
    return np.random.default_rng(seed).permutation(drawn)[which]


def split_by_sentence(sentences, *, seed: int = 0) -> np.ndarray:
    """(places,) a split for each, one for all places of a sentence; word types are met in several."""
    return _drawn(np.asarray(sentences), np.random.default_rng(seed))


def split_by_sentence_and_type(sentences, types, *, seed: int = 0) -> np.ndarray:
    """(places,) a split for each, so that neither a sentence nor a word type is in two of them.

    Types are drawn first. A sentence goes where its rarest kind of type goes (test before validation before training);
    its places with types of another split are left out, "".
    """
    sentences, types = np.asarray(sentences), np.asarray(types)
    split = _drawn(types, np.random.default_rng(seed))
    rank = np.array([SPLITS.index(s) for s in split])
    _, which = np.unique(sentences, return_inverse=True)
    highest = np.zeros(which.max() + 1, int)
    np.maximum.at(highest, which, rank)
    return np.where(rank == highest[which], split, "")


def _drawn(groups: np.ndarray, random) -> np.ndarray:
    names, which = np.unique(groups, return_inverse=True)
    edges = np.round(np.cumsum(SHARES) * len(names)).astype(int)
    drawn = np.searchsorted(edges, np.arange(len(names)), side="right")
    return np.array(SPLITS, dtype=object)[random.permutation(drawn)[which]].astype(str)


def majority(labels, split) -> float:
    """Accuracy on the test part of always giving the label that is commoner in the training part."""
    labels, split = np.asarray(labels), np.asarray(split)
    return float(np.mean(labels[split == "test"] == (labels[split == "train"].mean() > 0.5)))


def probe_sites(vectors: dict[str, np.ndarray], labels, types, sentences, *, seed: int = 0, progress: bool = True):
    """A probe and its controls at each site.

    Args:
        vectors: {site: (places, width)}.
        labels: (places,) of 0 and 1.
        types, sentences: (places,) which word type and which sentence each is.
        seed: of splits and lots.
        progress: show a bar once it has taken two seconds.

    Returns:
        a table, one row a site, all on the test part: `seen` (accuracy on words that stand in other sentences of the
        training part too), `control` (the same on labels by lot), `selectivity` (their difference), `unseen` (words and
        sentences both new), and `majority_seen`, `majority_unseen`.
    """
    labels = np.asarray(labels, int)
    lots = control_labels(types, labels, seed=seed)
    by_sentence = split_by_sentence(sentences, seed=seed)
    both = split_by_sentence_and_type(sentences, types, seed=seed)
    rows = []
    for site, x in tqdm(vectors.items(), desc="probes", delay=2, disable=not progress):
        found = {}
        for name, asked, split in (
            ("seen", labels, by_sentence), ("control", lots, by_sentence), ("unseen", labels, both),
        ):  # fmt: skip
            test = split == "test"
            found[name] = fit_probe(x, asked, split).accuracy(x[test], asked[test])
        rows.append({"site": site, **found, "selectivity": found["seen"] - found["control"]})
    return pd.DataFrame(rows).assign(
        majority_seen=majority(labels, by_sentence), majority_unseen=majority(labels, both)
    )
