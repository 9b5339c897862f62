"""Integrated gradients and saliency of many texts at once, for measurements that ask about thousands.

The numbers are those of `lt.explain(model, text, method="integrated_gradients", tolerance=None)` and of "saliency", for
"positive" in logits. `lt.explain` follows the path of one text; here the paths of texts of one length run together.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from tqdm.auto import tqdm

from lmtutorial.explainers.gradients import path_points
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.explainers.tape import gradient_function
from lmtutorial.models.classifier import TextClassifier

ROWS = 1024  # of embeddings that are run together


def attributions(
    model: TextClassifier, texts: Sequence[str], points: int = 16
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Logits (texts,), and for each text the integrated gradients (words,) and the saliency (words,).

    Args:
        model: with one sigmoid and a mask, so that every text is read at its own length.
        texts: each with a known word.
        points: on the path.
    """
    by_length = defaultdict(list)
    encoded = [model.encode(text).ids for text in texts]
    for i, ids in enumerate(encoded):
        by_length[len(ids)].append(i)
    game, gradient = MaskedText(model, texts[0], target=1), gradient_function(model)
    place, weights = path_points("gauss-legendre", points)  # the text itself comes first
    logits, paths, steep = np.empty(len(texts)), [None] * len(texts), [None] * len(texts)
    groups = [g[s : s + ROWS // len(place)] for g in by_length.values() for s in range(0, len(g), ROWS // len(place))]
    for group in tqdm(groups, desc="gradients", delay=2, leave=False):
        ids = np.stack([encoded[i] for i in group])
        text = np.asarray(model.embed(ids))[:, None]  # (texts, 1, time, dim)
        base = np.asarray(model.embed(np.full_like(ids, model.replacement)))[:, None]
        along = place[:, None, None]
        rows = (along * text + (1 - along) * base).reshape(-1, *text.shape[2:])
        scores, slopes = gradient(game, rows, np.repeat(ids, len(place), axis=0))
        slopes = slopes.astype(np.float64).reshape(len(group), len(place), *text.shape[2:])
        products = np.einsum("p,npte,nte->nt", weights, slopes, (text - base)[:, 0])
        for i, score, product, slope in zip(group, scores[:: len(place), 0], products, slopes[:, 0], strict=True):
            logits[i], paths[i], steep[i] = score, product, np.linalg.norm(slope, axis=-1)
    return logits, paths, steep
