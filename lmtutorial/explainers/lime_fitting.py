"""The straight line that LIME lays through a model's answers, how well it fits, and how much of it is chance.

Source: Ribeiro, Singh & Guestrin 2016, and their code (lime 0.2, `lime_base.py`).
"""

from typing import NamedTuple

import numpy as np

from .lime_sampling import Sample


class Line(NamedTuple):
    """`intercept + masks @ slopes`, slopes (words,)."""

    intercept: float
    slopes: np.ndarray

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        return self.intercept + masks @ self.slopes


def weighted_ridge(masks: np.ndarray, answers: np.ndarray, weights: np.ndarray, alpha: float = 1.0) -> Line:
    """argmin over (b, c) of sum_i weights_i (answers_i - b - masks_i c)² + alpha |c|².

    The weights are not normalised: the fewer and lighter the samples, the more `alpha` shrinks the slopes.

    Args:
        masks: (samples, words) booleans.
        answers: (samples,) of the model.
        weights: (samples,) each at least 0.
        alpha: above 0.
    """
    mean, centre = weights @ masks / weights.sum(), weights @ answers / weights.sum()
    x = masks - mean  # (samples, words)
    weighted = x * weights[:, None]
    slopes = np.linalg.solve(weighted.T @ x + alpha * np.eye(x.shape[1]), weighted.T @ (answers - centre))
    return Line(float(centre - mean @ slopes), slopes)


def weighted_r2(line: Line, masks: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> float:
    """1 - sum_i weights_i (answers_i - line(masks_i))² / sum_i weights_i (answers_i - mean)²; 1 where all are equal."""
    spread = weights @ (answers - weights @ answers / weights.sum()) ** 2
    return float(1 - weights @ (answers - line(masks)) ** 2 / spread) if spread > 0 else 1.0


def standard_error(sample: Sample, misses: np.ndarray, alpha: float) -> np.ndarray:
    """(words,) sqrt(sum_i (1 - share_i) (H⁻¹ weight_i x_i miss_i / (1 - leverage_i))²), H being the fit's curvature.

    What another seed would change, estimated from one: each sample pulls at the slopes as far as the fit misses it, or
    would miss it without having seen it. A size that was taken whole adds nothing, no seed can change it.

    Args:
        sample: that the fit has seen.
        misses: (samples,) answers less what the fit says.
        alpha: of the ridge.
    """
    masks, weights, share = sample
    x = masks - weights @ masks / weights.sum()
    weighted = x * weights[:, None]
    pulls = weighted @ np.linalg.inv(weighted.T @ x + alpha * np.eye(x.shape[1]))  # (samples, words)
    leverage = weights / weights.sum() + np.einsum("iw,iw->i", x, pulls)
    alone = np.maximum(1 - leverage, 1e-9)  # 0 where the fit hangs on one sample
    return np.sqrt((1 - share) * (misses / alone) ** 2 @ pulls**2)
