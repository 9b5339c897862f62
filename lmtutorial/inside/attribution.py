"""Direct logit attribution: what does each head and each MLP itself say for a word?

The residual stream behind the last layer is a sum: the word's own vector, and what every head and every MLP has added.
The last norm multiplies it with one number, and the output matrix is linear. So the logit is a sum too, exactly:

    logit of w = sum over parts of  (part * scale * gain) . (vector of w)

The scale, one over the root mean square of the whole stream, is that of the real run and is held fixed. (Elhage et al.
2021, "A mathematical framework for Transformer circuits"; Wang et al. 2023.) Only what a part writes at the last place
counts, and only what reaches the output unchanged: a part that works through later parts may matter and score nothing
here. That is what patching is for.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops

from ..models.transformer import Transformer
from .patching import NONE


@dataclass(frozen=True)
class DirectAttribution:
    """What each part adds to a logit, or to a difference of two, at the last place of each prompt.

    Attributes:
        embedding: (prompts,) the vector of the last word itself.
        heads: (prompts, layers, heads).
        mlps: (prompts, layers).
        output: (prompts,) the model's own logit, or difference.
    """

    embedding: np.ndarray
    heads: np.ndarray
    mlps: np.ndarray
    output: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """(prompts,) the sum of all parts; equal to `output` but for rounding."""
        return self.embedding + self.heads.sum(axis=(1, 2)) + self.mlps.sum(axis=1)


def direct_attribution(model: Transformer, ids, target, contrast=None) -> DirectAttribution:
    """(part * scale * gain) . (vector of the target - vector of the contrast), for every part.

    Args:
        model: a Transformer.
        ids: (prompts, time), of one length.
        target: (prompts,) id of a word for each prompt, or one for all.
        contrast: the same for the word that it is held against; by default none: the logit itself is shared out.

    Raises:
        ValueError: if there is not one target (and contrast) for each prompt, or an id is out of range.
    """
    ids, layers = np.asarray(ids), range(model.sizes.layers)
    wanted = _directions(model, len(ids), target, contrast)  # (prompts, width)
    read = ["embedding", f"layer.{layers[-1]}.residual"]
    read += [f"layer.{i}.{part}" for i in layers for part in ("heads", "mlp")]
    run = model.run(ids, read=read, logits="last", padding=NONE)
    scale = np.asarray(model.final_scale(run[read[1]][:, -1]))  # (prompts, 1)
    wanted = wanted * scale * np.asarray(model.final_gain)

    def share(parts):  # (prompts, ..., width) -> (prompts, ...)
        return np.einsum("p...w,pw->p...", parts, wanted)

    heads = [np.asarray(model.head_outputs(i, run[f"layer.{i}.heads"][:, -1:]))[:, 0] for i in layers]
    return DirectAttribution(
        embedding=share(run["embedding"][:, -1]),
        heads=np.stack([share(head) for head in heads], axis=1),
        mlps=np.stack([share(run[f"layer.{i}.mlp"][:, -1]) for i in layers], axis=1),
        output=_chosen(run.logits, target) - (0 if contrast is None else _chosen(run.logits, contrast)),
    )


def _directions(model: Transformer, prompts: int, target, contrast) -> np.ndarray:
    """(prompts, width) the vector of the target, less that of the contrast."""
    found = np.zeros((prompts, model.sizes.width))
    for name, words, sign in (("target", target, 1), ("contrast", contrast, -1)):
        if words is None:
            continue
        words = np.asarray(words)
        if words.shape not in ((), (prompts,)):
            raise ValueError(f"{prompts} prompts need one {name} each, or one for all, got the shape {words.shape}")
        if words.min() < 0 or words.max() >= model.sizes.vocabulary:
            raise ValueError(f"{name}: ids run from 0 to {model.sizes.vocabulary - 1:,}, got {words.tolist()}")
        found += sign * np.asarray(ops.take(model.output_matrix, words, axis=0), float)
    return found


def _chosen(logits: np.ndarray, words) -> np.ndarray:
    """(prompts,) one logit of each row."""
    return logits[np.arange(len(logits)), words].astype(float)
