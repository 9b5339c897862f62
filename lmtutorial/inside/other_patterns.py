"""Another pattern of attention, and the same answer?

1. At the place that predicts, the last one, each head of each layer spreads its attention over the places before it.
   These rows are put in another order, spread evenly, or searched for a pattern as far from the model's own as can be.
2. How far apart two patterns are is their Jensen-Shannon divergence, how far the answer moves the total variation
   between the two distributions of the next word. If quite another pattern gives the same answer, then the first one
   was not *the* reason for it. (Jain & Wallace 2019, "Attention is not Explanation".)
3. The reply: a pattern made up for one text is not another model. Take the model's choice away at *every* place and of
   every text, and see whether it gets worse. (Wiegreffe & Pinter 2019, "Attention is not not Explanation".)

What is replaced are rows of the last place alone, so that what earlier places know stays as it was.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from ..models.activations import NothingReplaced
from ..models.transformer_language_model import TransformerLanguageModel
from .attention import AttentionMaps


def total_variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """(1/2) sum of |p - q| over the last axis: the share of probability that has to be moved, in [0, 1].

    >>> float(total_variation(np.array([0.5, 0.5]), np.array([1.0, 0.0])))
    0.5
    """
    return np.abs(p - q).sum(axis=-1) / 2


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Mean divergence of p and of q from their middle, over the last axis, in bits: 0 for equal, 1 for disjoint ones.

    >>> float(jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    1.0
    """
    middle = (p + q) / 2
    return (_divergence(p, middle) + _divergence(q, middle)) / 2


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """sum of p log2(p / q) over the last axis, where 0 log 0 = 0."""
    p, q = np.broadcast_arrays(p, q)
    return np.sum(np.where(p > 0, p * np.log2(np.where(p > 0, p, 1) / np.where(p > 0, q, 1)), 0), axis=-1)


def probabilities(logits: np.ndarray) -> np.ndarray:
    """The softmax of scores over their last axis, in float64."""
    p = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class OtherPatterns:
    """Patterns of attention put in the place of the model's own, and what came of it.

    Attributes:
        rows: (patterns, layers, heads, time) shares of attention of the last place.
        apart: (patterns,) Jensen-Shannon divergence from the model's own rows, a mean over heads, in bits.
        moved: (patterns,) total variation between the next words that the model expects with them and without.
        same_word: (patterns,) whether the likeliest next word stays the same.
    """

    rows: np.ndarray
    apart: np.ndarray
    moved: np.ndarray
    same_word: np.ndarray


def permuted_rows(rows: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """(count, layers, heads, time) the shares (layers, heads, time) of each head in another order, drawn at random."""
    drawn = np.random.default_rng(seed).random((count, *rows.shape))
    return np.take_along_axis(np.broadcast_to(rows, drawn.shape), np.argsort(drawn, axis=-1, kind="stable"), axis=-1)


def with_patterns(
    lm: TransformerLanguageModel, maps: AttentionMaps, rows: np.ndarray, layers: list[int] | None = None
) -> OtherPatterns:
    """Let the last place look as `rows` say, and ask for the next word.

    Args:
        lm: the model.
        maps: of the text, from `attention_maps`.
        rows: (patterns, layers, heads, time); each head's row sums to 1.
        layers: replace only in these layers; by default in all. Layers behind them look where they then want to.
    """
    chosen = range(rows.shape[1]) if layers is None else layers
    own = maps.weights[:, :, -1]  # (layers, heads, time)
    asked = np.concatenate([own[None], rows])  # the first one is the model's own
    whole = np.repeat(maps.weights[None], len(asked), axis=0)  # earlier places look where they did
    whole[:, :, :, -1] = asked
    replace = {f"layer.{i}.pattern": whole[:, i] for i in chosen}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NothingReplaced)  # a layer may keep its own pattern while another changes
        run = lm.transformer.run(np.repeat(maps.ids[None], len(asked), axis=0), replace=replace, logits="last")
    p = probabilities(run.logits)
    apart = np.mean([jensen_shannon(own[i], rows[:, i]).mean(axis=1) for i in chosen], axis=0)
    return OtherPatterns(rows, apart, total_variation(p[1:], p[0]), p[1:].argmax(axis=1) == p[0].argmax())


def farthest_pattern(
    lm: TransformerLanguageModel, maps: AttentionMaps, *, tolerance: float = 0.05, tries: int = 16, seed: int = 0
) -> OtherPatterns:
    """A pattern far from the model's own with which its answer stays within `tolerance` (total variation).

    Greedy. Every head has other rows to try. The heads that move the answer least for the distance that they win come
    first; each keeps the row that lies farthest from its own while the answer of all together holds.

    Args:
        lm: the model.
        maps: of the text, from `attention_maps`.
        tolerance: how far the answer may move.
        tries: how many rows each head tries, see `rows_to_try`.
        seed: of these.

    Returns:
        one pattern; the model's own if nothing else holds. A longer search may find one that is farther away.
    """
    own = maps.weights[:, :, -1]
    heads = [(i, j) for i in range(own.shape[0]) for j in range(own.shape[1])]
    tried = {head: rows_to_try(own[head], tries, seed + number) for number, head in enumerate(heads)}
    distance = {head: jensen_shannon(own[head], rows) for head, rows in tried.items()}

    def moved(base, head):
        rows = np.repeat(base[None], len(tried[head]), axis=0)
        rows[:, *head] = tried[head]
        return rows, with_patterns(lm, maps, rows).moved

    price = {head: np.min(moved(own, head)[1] / distance[head].clip(1e-9)) for head in heads}
    found = own
    for head in sorted(heads, key=price.get):
        rows, change = moved(found, head)
        if (change <= tolerance).any():
            found = rows[np.argmax(np.where(change <= tolerance, distance[head], -1))]
    return with_patterns(lm, maps, found[None])


def rows_to_try(own: np.ndarray, tries: int, seed: int) -> np.ndarray:
    """(tries, time) other ways to look than `own` (time,): all on one place, or its shares in another order; and half
    of them only half of the way there."""
    random, count = np.random.default_rng(seed), -(-tries // 4)
    one_place = np.eye(len(own))[random.permutation(len(own))[:count]]
    far = np.concatenate([one_place, permuted_rows(own[None], count, seed)[:, 0]])
    return np.concatenate([far, (far + own) / 2])[:tries]


def even_pattern(time: int) -> np.ndarray:
    """(time, time) each place spreads its attention evenly over itself and the places before it."""
    return np.tril(np.ones((time, time))) / np.arange(1, time + 1)[:, None]


def surprise(
    lm: TransformerLanguageModel, ids: np.ndarray, labels: np.ndarray, replace: dict | None = None
) -> np.ndarray:
    """(batch, time) -log P of the labels (batch, time), in nats, with some values of the model replaced.

    Args:
        lm: the model.
        ids: (batch, time).
        labels: what comes next at each place.
        replace: see `Transformer.run`.
    """
    logits = lm.transformer.run(ids, replace=replace or {}).logits
    top = logits.max(axis=-1, keepdims=True)
    total = top[..., 0] + np.log(np.exp(logits - top).sum(axis=-1))
    return total - np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
