"""Where a Transformer looks: maps of attention, and three ways to make one score a word of them.

1. A *map* holds, for every head and place, the shares in which the head's attention is spread over the places up to
   there. They are a softmax: each row is positive and sums to 1.
2. *Rollout* follows the shares through the layers: half of each place's stream is what it was before, half is what the
   mean head fetched. (Abnar & Zuidema 2020.)
3. A share is not yet a contribution. What a head fetches from a place is share x value, and a large share of a short
   value is little: *fetched* is the length of that product. (Kobayashi et al. 2020.)

A map describes one step of the computation. It leaves out what the values say, what the MLPs make of them, and which
parts of the stream the answer depends on; chapter 15 measures how far it is from an explanation.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..files import nearest
from ..models.text_model import Encoding
from ..models.transformer_language_model import TransformerLanguageModel

WAYS = ("last layer", "mean", "rollout", "fetched")
PLACES = ("itself", "previous", "first", "same word", "elsewhere")


@dataclass(frozen=True)
class AttentionMaps:
    """Where every head looked in one text.

    Attributes:
        tokens: (time,) what stands at each place; the first is the start token, where the model reads one.
        ids: (time,) their ids.
        weights: (layers, heads, time, time) shares of attention; row = the place that looks, column = the place that is
            looked at.
        lengths: (layers, heads, time) length of what each place offers to each head: its value times the head's part of
            the output matrix.
    """

    tokens: list[str]
    ids: np.ndarray
    weights: np.ndarray
    lengths: np.ndarray

    @cached_property
    def fetched(self) -> np.ndarray:
        """(layers, heads, time, time) length of what each head fetches: share x length of the value."""
        return self.weights * self.lengths[:, :, None, :]

    @cached_property
    def rollout(self) -> np.ndarray:
        """(layers, time, time): see `rollout`."""
        return rollout(self.weights)

    def last_row(self, way: str) -> np.ndarray:
        """(time,) how much of each place reaches the last one, by one of `WAYS`; sums to 1.

        Args:
            way: "last layer": shares of the last layer, a mean over heads; "mean": a mean over layers too; "rollout";
                "fetched": lengths of what is fetched, a mean over heads and layers.

        Raises:
            ValueError: for any other way.
        """
        if way not in WAYS:
            raise ValueError(f"no way {way!r} to read a map{nearest(way, WAYS)}; there are {WAYS}")
        if way == "rollout":
            return self.rollout[-1, -1]
        last = (self.fetched if way == "fetched" else self.weights)[:, :, -1]  # (layers, heads, time)
        row = last[-1].mean(axis=0) if way == "last layer" else last.mean(axis=(0, 1))
        return row / row.sum()


def attention_maps(lm: TransformerLanguageModel, text: str) -> AttentionMaps:
    """Read every pattern of attention of one text.

    Args:
        lm: a Transformer.
        text: at most a few hundred tokens: a map grows with the square of their number.

    Raises:
        ValueError: if the text is empty, or has no word that the model knows.

    >>> import lmtutorial as lt
    >>> maps = attention_maps(lt.load_model("wiki-transformer"), "the roads to the city")
    >>> maps.tokens, maps.weights.shape
    (['[END]', 'the', 'roads', 'to', 'the', 'city'], (3, 4, 6, 6))
    """
    ids = lm.prompt_ids(text)
    layers = range(lm.transformer.sizes.layers)
    sites = [f"layer.{i}.{name}" for i in layers for name in ("pattern", "values")]
    run = lm.transformer.run(ids, read=sites, logits=None)
    weights = np.stack([run[f"layer.{i}.pattern"][0] for i in layers])
    lengths = np.stack([offered_lengths(lm, i, run[f"layer.{i}.values"][0]) for i in layers])
    return AttentionMaps([lm.vocabulary[i] for i in ids[0]], ids[0], weights, lengths)


def offered_lengths(lm: TransformerLanguageModel, layer: int, values: np.ndarray) -> np.ndarray:
    """(heads, time) length of each place's value (key_heads, time, head_width), times the head's part of the output
    matrix: how far a head that looks nowhere else would move the residual stream."""
    sizes = lm.transformer.sizes
    matrix = np.asarray(lm.transformer.blocks[layer].attention.to_stream.kernel)  # (heads x head_width, width)
    matrix = matrix.reshape(sizes.heads, -1, sizes.width)
    shared = np.repeat(values, sizes.heads // sizes.key_heads, axis=0)  # heads that share a value stand side by side
    return np.linalg.norm(shared @ matrix, axis=-1)


def rollout(weights: np.ndarray) -> np.ndarray:
    """R_1 = A_1, R_l = A_l R_(l-1), where A_l = (I + mean over heads of layer l's shares) / 2.

    The half of the identity stands for the residual stream: what attention fetches is added to what was there before.

    Args:
        weights: (layers, heads, time, time) shares, rows sum to 1.

    Returns:
        (layers, time, time): row i of layer l says from which words the stream at place i is mixed behind layer l; rows
        sum to 1, and where nobody looks ahead they are zero behind the diagonal.

    Raises:
        ValueError: if the shape is another, or a row does not sum to 1.

    Source: Abnar & Zuidema 2020, section 3; their code halves in the same way.
    """
    weights = np.asarray(weights, float)
    if weights.ndim != 4 or weights.shape[-1] != weights.shape[-2]:
        raise ValueError(f"weights must be (layers, heads, time, time), got the shape {weights.shape}")
    if not np.allclose(weights.sum(axis=-1), 1, atol=1e-3):
        worst = weights.sum(axis=-1).flat[np.argmax(np.abs(weights.sum(axis=-1) - 1))]
        raise ValueError(f"each row of attention must sum to 1; one sums to {worst:.3f}")
    halved = (weights.mean(axis=1) + np.eye(weights.shape[-1])) / 2  # (layers, time, time)
    rows = [halved[0]]
    for layer in halved[1:]:
        rows.append(layer @ rows[-1])
    return np.stack(rows)


def word_scores(row: np.ndarray, encoding: Encoding) -> np.ndarray:
    """(words,) what falls on each word, out of what falls on each place (time,): a word's pieces are added up.

    What falls on a start token belongs to no word and is left out.
    """
    if len(row) != len(encoding.ids):
        raise ValueError(f"{len(encoding.ids)} places need as many numbers, got {len(row)}")
    return np.array([row[start:end].sum() for start, end in encoding.pieces])


def where_heads_look(maps: list[AttentionMaps], first_row: int = 3) -> pd.DataFrame:
    """The mean share of attention that each head gives to five kinds of places, beside a head that spreads it evenly.

    Args:
        maps: of several texts; one text says little.
        first_row: rows before this one are left out, because there the kinds fall together.

    Returns:
        one row a head ("layer 0, head 2"), and the row "evenly"; columns `PLACES`, which share out 1: "itself", the
        place just before, the first place of all, earlier places with the same word, and the rest. A place that is of
        two kinds counts for the first of them.
    """
    kinds = [kinds_of_places(one.ids)[:, first_row:] for one in maps]  # (kinds, rows, time) of each text
    count = sum(mask.shape[1] for mask in kinds)
    if not count:
        raise ValueError(f"no text has more than {first_row} places: take longer texts")
    pairs = list(zip(maps, kinds, strict=True))
    shares = sum(np.einsum("lhij,kij->lhk", one.weights[:, :, first_row:], mask) for one, mask in pairs)
    even = sum((mask.sum(axis=2) / mask.sum(axis=(0, 2))).sum(axis=1) for mask in kinds)
    layers, heads, _ = shares.shape
    table = pd.DataFrame(shares.reshape(layers * heads, -1) / count, columns=list(PLACES))
    table.index = [f"layer {i}, head {j}" for i in range(layers) for j in range(heads)]
    table.loc["evenly"] = even / count
    return table


def kinds_of_places(ids: np.ndarray) -> np.ndarray:
    """(kinds, time, time) 1 where, seen from the place of the row, that of the column is of a kind of `PLACES`."""
    time = len(ids)
    looks, seen = np.arange(time)[:, None], np.arange(time)[None, :]
    same = (ids[None, :] == ids[:, None]) & (seen < looks)
    kinds = np.stack([seen == looks, seen == looks - 1, np.broadcast_to(seen == 0, same.shape), same])
    first_of = np.cumsum(kinds, axis=0) * kinds == 1  # each place counts once
    rest = ~kinds.any(axis=0) & (seen <= looks)
    return np.concatenate([first_of, rest[None]]).astype(float)
