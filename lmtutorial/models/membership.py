"""Was this text among the training texts? How well a score tells, drawn as a ROC curve.

1. An attacker gives each text a score, high for "the model was trained on it". The simplest is the model's own loss
   with its sign turned (Yeom et al. 2018, arXiv:1709.01604).
2. For every threshold: which share of the members lies above it (true positives), and which share of the others
   (false positives)? Both together are the ROC curve (`roc`).
3. The area under it is the chance that a random member scores higher than a random other text (`auc`); 0.5 is guessing.
4. The area hides what matters to a victim: how many are found almost surely. So the share of members found is told at
   few false positives too (`found_at`; Carlini et al. 2022, arXiv:2112.03570).

Texts of one document are no independent draws: `auc_interval` draws whole documents.
"""

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_curve


def check_scores(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays (texts,) of numbers; `ValueError` if one is empty, has another shape, or holds NaN."""
    members, others = np.asarray(members, float), np.asarray(others, float)
    if members.ndim != 1 or others.ndim != 1 or not len(members) or not len(others):
        raise ValueError(f"scores of members and of others are needed, got shapes {members.shape}, {others.shape}")
    if np.isnan(members).any() or np.isnan(others).any():
        raise ValueError("a score is not a number (NaN): leave its text out")
    return members, others


def roc(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates, each (thresholds,), from 0 to 1.

    Args:
        members, others: (texts,) scores of texts that were trained on, and of texts that were not.
    """
    members, others = check_scores(members, others)
    truth = np.r_[np.ones(len(members)), np.zeros(len(others))]
    false, true, _ = roc_curve(truth, np.r_[members, others], drop_intermediate=False)
    return false, true


def auc(members: np.ndarray, others: np.ndarray) -> float:
    """P(a member scores higher than another text) + P(they score alike) / 2.

    Args:
        members, others: see `roc`.

    >>> auc([3.0, 1.0], [2.0, 0.0]), auc([1.0], [1.0])
    (0.75, 0.5)
    """
    members, others = check_scores(members, others)
    ranks = rankdata(np.r_[members, others])[: len(members)]
    return float((ranks.mean() - (len(members) + 1) / 2) / len(others))


def found_at(members: np.ndarray, others: np.ndarray, rate: float = 0.01) -> float:
    """Share of the members above a threshold that at most `rate` of the others pass.

    >>> found_at([9.0, 5.0, 3.0, 1.0], [4.0, 2.0], rate=0.0)
    0.5
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate of false positives must be in [0, 1], got {rate}")
    false, true = roc(members, others)
    return float(true[false <= rate].max())


def auc_interval(
    scores: np.ndarray, member: np.ndarray, documents: np.ndarray, *, rounds: int = 1000, seed: int = 0
) -> dict[str, float]:
    """The area with a 95 % interval, by a bootstrap over documents, members and others apart.

    Args:
        scores: (texts,) high for members.
        member: (texts,) whether the text was trained on; the same for all texts of a document.
        documents: (texts,) the number or name of each text's document.
        rounds: bootstrap samples.
        seed: of their draws.

    Returns:
        `mean` (the area of the data at hand), `low`, `high`.
    """
    scores, member, documents = np.asarray(scores, float), np.asarray(member, bool), np.asarray(documents)
    groups = {
        kind: [scores[(documents == d) & (member == kind)] for d in np.unique(documents[member == kind])]
        for kind in (True, False)
    }
    random, drawn = np.random.default_rng(seed), []
    for _ in range(rounds):
        sides = [[texts[i] for i in random.integers(len(texts), size=len(texts))] for texts in groups.values()]
        drawn.append(auc(*map(np.concatenate, sides)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"mean": auc(scores[member], scores[~member]), "low": float(low), "high": float(high)}
