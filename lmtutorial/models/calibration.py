"""Does a probability mean what it says? A model is calibrated if what it gives 80 % happens in 80 % of the cases.

1. Sort the answers into bins of probability, and hold the mean probability of each bin against the share of positive
   cases in it: the reliability curve (Murphy & Winkler 1977).
2. The expected calibration error is the mean distance of the two, each bin counted by its cases (Naeini et al. 2015).
   It is never zero, because shares of few cases are off by chance even where the model is calibrated. So what chance
   alone would give stands beside it: draw labels from the model's own probabilities, and measure again (Vaicenavicius
   et al. 2019).
3. The Brier score is the mean squared distance of probability and label (Brier 1950). It needs no bins, and asks for
   calibration and for telling the cases apart at once.
4. Two numbers, found on labelled texts, can mend a model that is only too loud or leans to one side (Platt 1999).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from .text_model import sigmoid


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Mean probability and share of positive cases, bin by bin.

    Args:
        probabilities: (texts,) of "positive".
        labels: (texts,) 1 or 0.
        bins: of equal width on [0, 1]; the last one holds the 1.

    Returns:
        one row a bin that is not empty: `probability` (mean), `positive` (share), `texts` (count).

    Raises:
        ValueError: if the two differ in length, there are none, or a probability is outside of [0, 1].

    >>> reliability([0.1, 0.15, 0.9], [0, 1, 1], bins=2).round(3).to_numpy().tolist()
    [[0.125, 0.5, 2.0], [0.9, 1.0, 1.0]]
    """
    p, y = _checked(probabilities, labels)
    table = pd.DataFrame({"bin": _bin_of(p, bins), "probability": p, "positive": y, "texts": 1.0})
    found = table.groupby("bin").agg({"probability": "mean", "positive": "mean", "texts": "sum"})
    return found.astype({"texts": int}).reset_index(drop=True)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> float:
    """sum over bins of (texts in the bin / all texts) · |share of positive cases - mean probability|, in [0, 1].

    Few texts make it larger, many small bins too: read it beside `error_by_chance`. Arguments as `reliability`.
    """
    p, y = _checked(probabilities, labels)
    # texts of a bin x |share - mean| = |sum of labels - sum of probabilities|
    return float(np.abs(np.bincount(_bin_of(p, bins), y - p)).sum() / len(p))


def error_by_chance(probabilities: np.ndarray, bins: int = 10, *, draws: int = 200, seed: int = 0) -> float:
    """The calibration error that a perfectly calibrated model with these answers would show, on average.

    Args:
        probabilities: (texts,).
        bins: as in `expected_calibration_error`.
        draws: how often labels are drawn from the probabilities.
        seed: of the draws.
    """
    p, _ = _checked(probabilities, np.zeros(len(probabilities)))
    random = np.random.default_rng(seed)
    drawn = random.random((draws, len(p))) < p
    return float(np.mean([expected_calibration_error(p, labels, bins) for labels in drawn]))


def brier(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """mean (probability - label)²: 0 is perfect, and 0.25 is what "50 %" for every text gets."""
    p, y = _checked(probabilities, labels)
    return float(np.mean((p - y) ** 2))


@dataclass(frozen=True)
class Recalibration:
    """logit -> scale · logit + shift: how loud a model speaks, and to which side it leans.

    The order of the texts stays as it was, so that whatever the model cannot tell apart it still cannot.
    """

    scale: float
    shift: float

    @classmethod
    def fit(cls, logits: np.ndarray, labels: np.ndarray) -> "Recalibration":
        """The two numbers under which the labels are most likely.

        Raises:
            ValueError: if the labels are all of one kind: then there is no largest likelihood.
        """
        logits, labels = np.asarray(logits, float).reshape(-1), np.asarray(labels)
        if logits.shape != labels.shape or set(np.unique(labels)) != {0, 1}:
            raise ValueError(f"one label 0 or 1 to a logit, of both kinds, is needed; got {labels!r:.80}")
        # a weak penalty: a few texts may be told apart without an error, and then no scale is large enough
        found = LogisticRegression(C=100.0).fit(logits[:, None], labels)
        return cls(float(found.coef_[0, 0]), float(found.intercept_[0]))

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """(texts,) probabilities of "positive"."""
        return sigmoid(self.scale * np.asarray(logits, float).reshape(-1) + self.shift)


def _bin_of(p: np.ndarray, bins: int) -> np.ndarray:
    if bins < 1:
        raise ValueError(f"at least 1 bin is needed, got {bins}")
    return np.minimum((p * bins).astype(int), bins - 1)


def _checked(probabilities, labels) -> tuple[np.ndarray, np.ndarray]:
    p, y = np.asarray(probabilities, float), np.asarray(labels, float)
    if p.ndim != 1 or p.shape != y.shape or not len(p):
        raise ValueError(f"one label to a probability is needed, got shapes {p.shape} and {y.shape}")
    if not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(f"a probability lies in [0, 1], got values from {p.min():g} to {p.max():g}")
    return p, y
