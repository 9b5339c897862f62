"""Induction heads: heads that look for what came behind the same word last time.

Show a model random tokens, and then the same tokens again. Nothing but the repetition can be guessed, so that a model
whose loss falls in the second half has looked back. The heads that do it look, from a token, at the place *behind* its
first occurrence, where the next token stands. (Olsson et al. 2022, "In-context learning and induction heads".)

A head's score is its mean attention from a token of the second half to the place behind the same token of the first.
"""

import numpy as np
from keras import ops
from tqdm.auto import tqdm

from ..models.transformer import Transformer
from .circuits import keeping, mean_heads
from .patching import NONE

ROWS = 4  # rows of a batch: 2 x length places each


def repeated_tokens(vocabulary: int, rows: int = 8, length: int = 50, *, first: int = 0, seed: int = 0) -> np.ndarray:
    """(rows, 2 x length) random ids, each row twice.

    Args:
        vocabulary: number of ids.
        rows: how many sequences.
        length: of each before it comes again; its tokens are all different, so that there is one place to look at.
        first: ids below are not drawn (control tokens).

    Raises:
        ValueError: if there are not enough ids, or nothing to repeat.
    """
    if rows < 1 or length < 2 or vocabulary - first < length:
        raise ValueError(f"cannot draw {rows} rows of {length} different ids out of {vocabulary - first}")
    random = np.random.default_rng(seed)
    once = np.stack([random.choice(np.arange(first, vocabulary), length, replace=False) for _ in range(rows)])
    return np.concatenate([once, once], axis=1).astype(np.int32)


def induction_scores(model: Transformer, ids: np.ndarray, *, progress: bool = True) -> np.ndarray:
    """(layers, heads) mean attention from each token of the second half to the place behind its first occurrence.

    Args:
        model: a Transformer.
        ids: (rows, 2 x length) as `repeated_tokens` makes them.
        progress: show a bar once it has taken two seconds.

    Returns:
        scores in [0, 1]; a head that spreads its attention evenly has about 1 / (1.5 x length).

    Raises:
        ValueError: if the second half of a row is not its first.
    """
    length = _length(ids)
    looks = np.arange(length, 2 * length - 1)  # the last token has nothing behind it in the first half but itself
    layers = range(model.sizes.layers)
    total = np.zeros((model.sizes.layers, model.sizes.heads))
    bar = tqdm(range(len(ids)), desc="induction", unit=" rows", delay=2, leave=False, disable=not progress)
    for row in bar:
        run = model.run(ids[row : row + 1], read=[f"layer.{i}.pattern" for i in layers], logits=None, padding=NONE)
        total += [run[f"layer.{i}.pattern"][0][:, looks, looks - length + 1].mean(axis=1) for i in layers]
    return total / len(ids)


def second_half_loss(model: Transformer, ids: np.ndarray, masks: np.ndarray, *, progress: bool = True) -> np.ndarray:
    """(sets,) mean -log P of the repeated tokens, when only the heads of a mask fetch for themselves.

    Every other head gives its mean over the places of the first half, where nothing has been repeated yet.

    Args:
        model: a Transformer.
        ids: (rows, 2 x length) as `repeated_tokens` makes them.
        masks: (sets, layers, heads) true for the heads that are left alone.
        progress: show a bar once it has taken two seconds.
    """
    length = _length(ids)
    means = mean_heads(model, ids[:, :length]).mean(axis=1, keepdims=True)  # (layers, 1, heads, head_width)
    sums = np.zeros(len(masks))
    starts = range(0, len(ids), ROWS)
    total = len(masks) * len(starts)
    with tqdm(total=total, desc="loss", delay=2, leave=False, disable=not progress) as bar:
        for number, mask in enumerate(masks):
            for start in starts:
                rows = ids[start : start + ROWS]
                replace = keeping(np.repeat(mask[None], len(rows), axis=0), means)
                final = model.run(rows, read=["final"], replace=replace, logits=None, padding=NONE)["final"]
                sums[number] += _losses(model, final[:, length:-1], rows[:, length + 1 :]).sum()
                bar.update()
    return sums / (len(ids) * (length - 1))


def _losses(model: Transformer, final: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(rows, places) -log P of the targets behind normed vectors (rows, places, width)."""
    logits = model.scores(ops.convert_to_tensor(final))
    chosen = ops.take_along_axis(logits, ops.convert_to_tensor(targets)[..., None], axis=-1)[..., 0]
    return np.asarray(ops.logsumexp(logits, axis=-1) - chosen, float)


def _length(ids: np.ndarray) -> int:
    """Half the length of the rows; `ValueError` if the second half is not the first one again."""
    ids = np.asarray(ids)
    half = ids.shape[-1] // 2
    if ids.ndim != 2 or ids.shape[1] < 4 or not np.array_equal(ids[:, :half], ids[:, half:]):
        raise ValueError(f"rows must hold the same tokens twice, (rows, 2 x length), got the shape {ids.shape}")
    return half
