"""How good a dictionary is: what it explains, how many directions it uses, what the model loses when it reads x_hat.

1. Explained variance = 1 - sum |x - x_hat|^2 / sum |x - mean|^2, sums over all places, one mean for the whole data
   set. Whoever always answers with the mean gets 0, and a copy gets 1. (A mean of ratios, or variance about zero, gives
   other numbers; published tools have had both.)
2. L0, the mean number of features that are not 0, and the share of *dead* features that no place uses.
3. Cross-entropy recovered: put x_hat into the model in place of x and let it read on.
   (CE_zero - CE_hat) / (CE_zero - CE), where in CE_zero zeros stand in its place. (Bricken et al. 2023.)

Beside the trained dictionary stand three that have learned less: principal components, as many as the other may use at
a place; random directions; and the mean alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from .activations import by_length, padded
from .sae_training import check_vectors

TOGETHER = 512  # pieces whose scores of the whole vocabulary are made at a time
MASSIVE = 10  # times the median length: from there a vector counts as a massive activation


def squared_error(x: np.ndarray, other: np.ndarray) -> float:
    """sum |x - other|^2 over all places."""
    return float(np.sum((np.asarray(x, np.float64) - other) ** 2))


def explained_variance(x: np.ndarray, rebuilt: np.ndarray, mean: np.ndarray | None = None) -> float:
    """1 - sum |x - x_hat|^2 / sum |x - mean|^2.

    Args:
        x, rebuilt: (places, width).
        mean: (width,) of the data set, if x is only a part of it; by default the mean of x.

    Raises:
        ValueError: if the shapes differ, or if all vectors are the same.

    >>> x = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> explained_variance(x, x), explained_variance(x, np.tile(x.mean(axis=0), (2, 1)))
    (1.0, 0.0)
    """
    x, rebuilt = check_vectors(x), np.asarray(rebuilt)
    if x.shape != rebuilt.shape:
        raise ValueError(f"{x.shape} vectors were rebuilt as {rebuilt.shape}: the shapes must be the same")
    whole = squared_error(x, x.mean(axis=0, dtype=np.float64) if mean is None else mean)
    if whole == 0:
        raise ValueError("all vectors are the same: there is no variance to explain")
    return 1 - squared_error(x, rebuilt) / whole


def sparsity(f: np.ndarray) -> dict[str, float]:
    """`l0`, the mean number of features used at a place, and `dead`, the share of features that no place uses."""
    used = np.asarray(f) > 0
    return {
        "l0": float(used.sum(axis=-1).mean()),
        "dead": float(1 - used.reshape(-1, used.shape[-1]).any(axis=0).mean()),
    }


@dataclass(frozen=True)
class Principal:
    """x_hat = mean + (x - mean) V^T V: the k directions that explain most, all of them used everywhere.

    Attributes:
        mean: (width,).
        components: (k, width), rows of length 1, at right angles.
    """

    mean: np.ndarray
    components: np.ndarray

    @classmethod
    def fit(cls, vectors: np.ndarray, k: int) -> "Principal":
        """The first k principal components of vectors (places, width)."""
        vectors = check_vectors(vectors)
        if not 1 <= k <= vectors.shape[1]:
            raise ValueError(f"k must be from 1 to the width, {vectors.shape[1]}; got {k}")
        mean, products = vectors.mean(axis=0, dtype=np.float64), np.zeros((vectors.shape[1],) * 2)
        for start in range(0, len(vectors), 8192):
            part = vectors[start : start + 8192].astype(np.float64) - mean
            products += part.T @ part
        return cls(mean.astype(np.float32), np.linalg.eigh(products)[1][:, ::-1][:, :k].T.astype(np.float32))

    def rebuild(self, x: np.ndarray) -> np.ndarray:
        """(..., width) of vectors (..., width)."""
        return self.mean + (np.asarray(x, np.float32) - self.mean) @ self.components.T @ self.components


def spliced_losses(
    lm,
    rows: Sequence[np.ndarray],
    site: str,
    rebuilds: dict[str, Callable[[np.ndarray], np.ndarray]],
    *,
    longest: float = np.inf,
    progress: bool = True,
) -> pd.DataFrame:
    """What the next pieces cost when something else stands in the place of a layer's vectors.

    Args:
        lm: a language model with `run`.
        rows: (time,) ids each, of at least three.
        site: "layer.I.residual".
        rebuilds: {name: x (places, width) -> x_hat}. "clean" and "zero" are added.
        longest: vectors that are longer stay as they are, and so does the first place of each row.
        progress: show a bar once it has taken two seconds.

    Returns:
        one row a text: `pieces` that are judged (all behind the second), and for each name the sum of -log P over them.
    """
    if not len(rows) or min(map(len, rows)) < 3:
        raise ValueError("rows must be at least one, of at least three pieces each")
    behind, wanted = int(site.split(".")[1]) + 1, {"clean": lambda x: x, "zero": np.zeros_like, **rebuilds}
    losses = pd.DataFrame(0.0, index=range(len(rows)), columns=["pieces", *wanted])
    with tqdm(total=len(rows), unit=" rows", delay=2, disable=not progress) as bar:
        for batch in by_length(rows, TOGETHER):
            ids = padded([rows[i] for i in batch])
            lengths = np.array([len(rows[i]) for i in batch])
            x = lm.run(ids, read=[site], logits=None)[site]
            changed = np.arange(ids.shape[1]) < lengths[:, None]
            changed &= np.linalg.norm(x, axis=-1) <= longest
            changed[:, 0] = False
            for name, rebuild in wanted.items():
                new = x.copy()
                new[changed] = rebuild(x[changed])
                losses.loc[batch, name] = next_piece_losses(lm, behind, new, ids, lengths)
            losses.loc[batch, "pieces"] = lengths - 2
            bar.update(len(batch))
    return losses.astype({"pieces": int})


def next_piece_losses(lm, layer: int, residual: np.ndarray, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(batch,) sum of -log P of each row's third and later pieces when `layer` reads `residual` (batch, time, width).

    The second piece is left out: it is said behind the first place, of which nothing is replaced.
    """
    scores = lm.transformer.run_from(layer, residual, logits="all").logits[:, 1:-1]  # said at places 1, 2, ...
    largest = scores.max(axis=-1)
    log_sum = largest + np.log(np.exp(scores - largest[..., None]).sum(axis=-1, dtype=np.float64))
    said = np.take_along_axis(scores, ids[:, 2:, None], axis=-1)[..., 0]
    counted = np.arange(2, ids.shape[1]) < lengths[:, None]
    return ((log_sum - said) * counted).sum(axis=1)


def recovered(losses: pd.DataFrame, name: str) -> float:
    """(CE_zero - CE_name) / (CE_zero - CE_clean) over all rows of what `spliced_losses` gave."""
    total = losses.sum()
    return float((total["zero"] - total[name]) / (total["zero"] - total["clean"]))
