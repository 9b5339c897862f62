"""Push a model along one direction while it writes, and see what becomes likelier.

    x'  =  x + strength * direction      behind one layer, at every place but the first

If a feature of a dictionary means something to the *model*, and not only to us, adding it should change what comes
next, in its own way. A random direction of the same length must stand beside it: any push of that size does something.
(Turner et al. 2023, "Activation Addition"; Templeton et al. 2024, "Scaling Monosemanticity", for features.)
"""

import numpy as np
from keras import ops

from ..models.sampling import next_word_probabilities


def push(direction: np.ndarray, strength: float = 1.0):
    """A replacement for `run`: the stream (batch, time, width) plus `strength * direction` from the second place on."""
    added = np.float32(strength) * np.asarray(direction, np.float32)
    if added.ndim != 1 or not np.isfinite(added).all():
        raise ValueError(f"a direction is one vector of finite numbers, got the shape {added.shape}")

    def pushed(x):
        behind_first = ops.cast(ops.arange(ops.shape(x)[1]) > 0, x.dtype)  # (time,)
        return x + behind_first[None, :, None] * ops.convert_to_tensor(added, x.dtype)

    return pushed


def random_direction(like: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """(width,) a random direction as long as `like`."""
    drawn = np.random.default_rng(seed).normal(size=np.shape(like))
    return drawn * np.linalg.norm(like) / np.linalg.norm(drawn)


def steered_next_words(lm, text: str, site: str, direction=None, strength: float = 1.0) -> np.ndarray:
    """(vocabulary,) probabilities of the next piece behind `text`, with the push or, without a direction, as it is."""
    replace = None if direction is None else {site: push(direction, strength)}
    return next_word_probabilities(lm.run(text, replace=replace, logits="last").logits[0])


def steered_text(
    lm,
    prompt: str,
    site: str,
    direction=None,
    strength: float = 1.0,
    *,
    length: int = 20,
    top_k: int = 20,
    seed: int = 0,
) -> str:
    """The prompt and `length` more pieces, each drawn while the stream is pushed at all places read so far.

    Args:
        lm: the language model.
        prompt: what the text begins with.
        site: "layer.I.residual".
        direction: (width,), or `None` for the model as it is.
        strength: of the push.
        length: how many pieces are drawn.
        top_k: from so many of the likeliest; 1 takes the likeliest always.
        seed: of the draws.
    """
    ids, random = lm.prompt_ids(prompt)[0], np.random.default_rng(seed)
    begun, replace = len(ids), None if direction is None else {site: push(direction, strength)}
    for _ in range(length):
        scores = lm.run(ids, replace=replace, logits="last").logits[0].astype(np.float64)
        scores[lm.padding] = -np.inf
        p = next_word_probabilities(scores, top_k=top_k)
        ids = np.r_[ids, np.int32(random.choice(len(p), p=p))]
    return prompt + lm.decode(ids[begun:])
