"""From scores to the next word: temperature, top-k, top-p.

1. Divide the scores by the temperature: below 1 the likely words gain, above 1 the unlikely ones.
2. Keep the k most likely words (Fan et al. 2018), or the fewest that together have the probability p ("nucleus",
   Holtzman et al. 2020), or both.
3. Make what is left add up to 1, and draw.
"""

import numpy as np


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """`ValueError` for a setting that no distribution can be made with."""
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"the temperature must be above 0, got {temperature}: top_k=1 always takes the most likely word"
        )
    if top_k is not None and (top_k != int(top_k) or top_k < 1):
        raise ValueError(f"top_k must be a whole number of words, 1 or more, got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")


def next_word_probabilities(
    scores: np.ndarray, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """p(w) = exp(s_w / T) / sum of exp(s / T), cut to the likeliest words and made to add up to 1 again.

    Args:
        scores: (vocabulary,) logits; -inf for a word that must not come.
        temperature: T, above 0.
        top_k: keep so many words; `None` keeps all.
        top_p: keep the fewest words whose probabilities reach it; the word that reaches it is kept.

    Returns:
        (vocabulary,) float64.

    Raises:
        ValueError: for a temperature or a top_p outside its range.

    >>> next_word_probabilities(np.log([0.5, 0.3, 0.2]), top_p=0.7)
    array([0.625, 0.375, 0.   ])
    """
    check_sampling(temperature, top_k, top_p)
    scores = np.asarray(scores, np.float64)
    powers = np.exp((scores - scores.max()) / temperature)
    probabilities = powers / powers.sum()
    order = np.argsort(-probabilities, kind="stable")
    kept = len(order) if top_k is None else int(top_k)
    if top_p is not None:
        kept = min(kept, int(np.searchsorted(np.cumsum(probabilities[order]), top_p * (1 - 1e-12))) + 1)
    probabilities[order[kept:]] = 0
    return probabilities / probabilities.sum()
