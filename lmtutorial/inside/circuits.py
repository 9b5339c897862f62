"""From a patching grid to a circuit: a few heads that carry an effect, with a name for what each one does.

1. *Choose*: the heads that move the answer most when they are patched, on one half of the prompts.
2. *Keep only these*: all other heads of the model give, instead of what they fetch here, what they fetch on average at
   this place of such a sentence (mean ablation). On the other half, measure what is left of the effect; beside it what
   is left with as many heads drawn at random, and with none.
3. *Name* each head by a stated rule: where it looks from the place at which it works, and what it says itself.

(Wang et al. 2023, "Interpretability in the wild", sections 2 to 4.) A set of heads that keeps little of the effect is
not its circuit, whatever the patching scores were. MLPs are left as they are: what is tested is which heads carry what
is known from place to place.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from keras import ops
from tqdm.auto import tqdm

from ..models.transformer import Transformer
from .patching import NONE, Pairs

ROWS = 64  # of a batch
Head = tuple[int, int]  # number of the layer, number of the head in it


def strongest(scores: np.ndarray, number: int) -> list[Head]:
    """The `number` heads whose score is farthest from 0, the strongest first.

    Args:
        scores: (layers, heads), such as the mean of `Patching.by_head` over prompts.

    >>> strongest(np.array([[0.1, -0.5], [0.0, 0.2]]), 2)
    [(0, 1), (1, 1)]
    """
    scores = np.asarray(scores)
    if scores.ndim != 2 or not 0 <= number <= scores.size:
        raise ValueError(f"cannot choose {number} heads by scores of the shape {scores.shape}, not (layers, heads)")
    order = np.argsort(-np.abs(scores), axis=None, kind="stable")[:number]
    return [(int(i) // scores.shape[1], int(i) % scores.shape[1]) for i in order]


def mask_of(heads: Iterable[Head], layers: int, per_layer: int) -> np.ndarray:
    """(layers, per_layer) booleans that are true for these heads; `ValueError` for one that does not exist."""
    mask = np.zeros((layers, per_layer), bool)
    for layer, head in heads:
        if not (0 <= layer < layers and 0 <= head < per_layer):
            raise ValueError(f"no head {(layer, head)}: there are {layers} layers of {per_layer} heads")
        mask[layer, head] = True
    return mask


def random_masks(number: int, layers: int, per_layer: int, draws: int = 100, *, seed: int = 0) -> np.ndarray:
    """(draws, layers, per_layer) masks of `number` heads each, drawn at random."""
    random = np.random.default_rng(seed)
    drawn = np.stack([random.permutation(layers * per_layer) < number for _ in range(draws)])
    return drawn.reshape(draws, layers, per_layer)


def mean_heads(model: Transformer, ids: np.ndarray) -> np.ndarray:
    """(layers, time, heads, head_width): what each head fetches at each place, a mean over prompts (prompts, time)."""
    sites = [f"layer.{i}.heads" for i in range(model.sizes.layers)]
    run = model.run(ids, read=sites, logits=None, padding=NONE)
    return np.stack([run[site].mean(axis=0) for site in sites])


def keeping(masks: np.ndarray, means: np.ndarray) -> dict:
    """What `Transformer.run` replaces so that only some heads fetch for themselves, and the others give their mean.

    Args:
        masks: (rows, layers, heads) booleans, true for the heads that are kept in a row of the batch.
        means: (layers, time, heads, head_width), or what broadcasts to it, as `mean_heads` gives them.
    """

    def mixed(layer):
        kept = ops.convert_to_tensor(masks[:, layer, None, :, None])
        return lambda own: ops.where(kept, own, ops.cast(means[layer], own.dtype))

    touched = np.flatnonzero(~masks.all(axis=(0, 2)))  # a layer of which all heads are kept is left alone
    return {f"layer.{layer}.heads": mixed(layer) for layer in touched}


def kept_difference(
    model: Transformer, pairs: Pairs, masks: np.ndarray, means: np.ndarray, *, progress: bool = True
) -> np.ndarray:
    """(sets, prompts) logit differences of the clean prompts when only some heads are kept.

    Args:
        model: a Transformer.
        pairs: prompts of one frame.
        masks: (sets, layers, heads) true for the heads that are kept.
        means: (layers, time, heads, head_width) what stands in the place of the others: see `mean_heads`.
        progress: show a bar once it has taken two seconds.
    """
    each, found = max(1, ROWS // len(pairs)), []
    first = int((~masks.all(axis=(0, 2))).argmax())  # the layers before are kept whole: they are run once
    site = f"layer.{first - 1}.residual" if first else "embedding"
    stream = model.run(pairs.clean, read=[site], logits=None, padding=NONE)[site]
    starts = range(0, len(masks), each)
    for start in tqdm(starts, desc="circuits", delay=2, leave=False, disable=not progress):
        group = masks[start : start + each]
        replace = keeping(np.repeat(group, len(pairs), axis=0), means)
        run = model.run_from(first, np.tile(stream, (len(group), 1, 1)), replace=replace, logits="last")
        found.append(pairs.difference(run.logits.reshape(len(group), len(pairs), -1)))
    return np.concatenate(found)


def kept_share(kept: np.ndarray, none, whole) -> np.ndarray:
    """(kept - none) / (whole - none): 0 where no head fetches for itself, 1 for the model as it is.

    Args:
        kept: (..., ) mean logit differences.
        none, whole: the same with all heads replaced by their means, and with none.
    """
    if np.isclose(none, whole):
        raise ValueError(f"the model's own difference ({whole}) is what is left without any head: no effect to share")
    return (np.asarray(kept, float) - none) / (np.asarray(whole, float) - none)


def looks(model: Transformer, ids: np.ndarray, heads: Iterable[Head], start: int, places: Mapping) -> pd.DataFrame:
    """The share of attention that each head gives, from one place, to some others; a mean over prompts.

    Args:
        model: a Transformer.
        ids: (prompts, time) of one length.
        heads: which ones.
        start: the place that looks; negative ones count from the end.
        places: {name: (prompts,) places that are looked at, or one for all}.

    Returns:
        one row a head, with its layer and number as index, and one column for each name.
    """
    heads, rows = list(heads), np.arange(len(ids))
    run = model.run(ids, read={f"layer.{layer}.pattern" for layer, _ in heads}, logits=None, padding=NONE)
    found = [
        {name: run[f"layer.{layer}.pattern"][rows, head, start, place].mean() for name, place in places.items()}
        for layer, head in heads
    ]
    return pd.DataFrame(found, index=pd.MultiIndex.from_tuples(heads, names=["layer", "head"]))


def job(to: Mapping, giver: Mapping, at_giver: float, says: Mapping, least: float = 0.1, loud: float = 0.1) -> str:
    """What a head in the circuit of the indirect object does, in two or three words.

    Args:
        to: shares of attention from the last word, on "answer", "giver" and "giver before" (the giver's first naming).
        giver: shares from the giver, on "giver before" and "behind it" (the word behind its first naming).
        at_giver: the share of its patching score that comes from the giver's place; the rest comes from the last one.
        says: what it adds itself (direct logit attribution) to the "answer" and to the "giver", against a third name.
        least: the smallest share of attention that counts.
        loud: the smallest logit that counts.

    Returns:
        of a head that works at the giver: "finds the giver's first naming" or "looks behind it" (induction). Of one
        that works at the last word: "reads" whom it looks at, or "speaks for" or "speaks against" them, if it says so.
    """
    looked = giver if at_giver > 0.5 else to
    name = max(looked, key=looked.get)
    if looked[name] < least:
        return "looks elsewhere"
    if at_giver > 0.5:
        return {"giver before": "finds the giver's first naming", "behind it": "looks behind it"}[name]
    person = "answer" if name == "answer" else "giver"
    if abs(says[person]) < loud:
        return f"reads the {person}"
    return f"speaks {'for' if says[person] > 0 else 'against'} the {person}"
