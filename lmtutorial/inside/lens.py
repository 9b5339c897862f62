"""The logit lens: what would the model answer if it stopped after this layer?

1. Behind each layer stands the residual stream, one vector a place. The last layer's is what the output reads.
2. Read the vectors of *every* layer in the same way: bring each to length with the last norm, and multiply it with the
   vector of every piece of the vocabulary. (nostalgebraist 2020, "interpreting GPT: the logit lens".)
3. A softmax makes probabilities of them: a guess of the next piece, for each layer and place.

The norm divides each vector by its own root mean square. With the last layer's instead, early layers, whose vectors are
much shorter, would all seem to have no opinion. What the lens shows is how far a layer's stream already lies along the
directions that the output reads; that the layers in between say nothing there does not mean that they know nothing.
(Belrose et al. 2023, "Eliciting Latent Predictions", for a lens that is trained.)
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..models.transformer_language_model import TransformerLanguageModel

TOGETHER = 128  # vectors read at a time: with 49,152 pieces 50 MB


@dataclass(frozen=True)
class Lens:
    """What each layer says comes next, at each place of a text.

    A level is the embedding or a layer; the last level's answer is the model's own.

    Attributes:
        text: what was read.
        tokens: (time,) its tokens; the first is the start token, where the model reads one.
        levels: their names, in order of computation.
        top_ids: (levels, time, top) ids of the likeliest next tokens, the likeliest first.
        top_p: (levels, time, top) their probabilities.
        vocabulary: the spelling of each id.
        target: a next token that is followed through the layers, or `None`.
        target_p: (levels, time) its probability.
        target_rank: (levels, time) its place among all tokens, 1 for the likeliest.
    """

    text: str
    tokens: tuple[str, ...]
    levels: tuple[str, ...]
    top_ids: np.ndarray
    top_p: np.ndarray
    vocabulary: tuple[str, ...]
    target: str | None = None
    target_p: np.ndarray | None = None
    target_rank: np.ndarray | None = None

    def top(self, level: int = -1, place: int = -1) -> list[tuple[str, float]]:
        """The likeliest next tokens at one level and place, with their probabilities."""
        ids, p = self.top_ids[level, place], self.top_p[level, place]
        return [(self.vocabulary[i], float(q)) for i, q in zip(ids, p, strict=True)]

    def table(self, every: int = 1, places=slice(None)) -> pd.DataFrame:
        """The likeliest next token: a row for every so many levels, counted from the last, a column for each place."""
        best = np.array(self.vocabulary, object)[self.top_ids[..., 0]]  # (levels, time)
        chosen = np.arange(len(self.levels))[::-every][::-1]
        columns = pd.Index(list(self.tokens)[places], name="behind")
        return pd.DataFrame(best[chosen][:, places], index=[self.levels[i] for i in chosen], columns=columns)

    def first_level(self, place: int = -1) -> int:
        """The number of the level from which on the target is the likeliest token at a place, through to the end.

        Raises:
            ValueError: if no target was named, or if it is not the model's answer there.
        """
        if self.target_rank is None:
            raise ValueError("no target was followed: logit_lens(lm, text, target=…)")
        first = np.asarray(self.target_rank)[:, place] == 1
        if not first[-1]:
            raise ValueError(f"{self.target!r} is not the model's answer behind {self.tokens[place]!r}")
        return int(len(first) - np.argmin(np.r_[first[::-1], False]))

    def to_dict(self) -> dict:
        """What the page's figure reads: numbers with three digits."""
        grid = {
            "text": self.text,
            "tokens": list(self.tokens),
            "layers": list(self.levels),
            "top": [
                [[[self.vocabulary[i], round(float(p), 3)] for i, p in zip(*cell, strict=True)] for cell in row]
                for row in (zip(*level, strict=True) for level in zip(self.top_ids, self.top_p, strict=True))
            ],
        }
        if self.target is not None:
            grid |= {"target": self.target, "target_p": [[float(f"{p:.3g}") for p in row] for row in self.target_p]}
        return grid


def logit_lens(lm: TransformerLanguageModel, text: str, target: str | None = None, *, top: int = 3) -> Lens:
    """p_l = softmax(W . norm(h_l)) for the residual stream h_l behind every layer l, at every place.

    Args:
        lm: a language model that is a Transformer.
        text: one text.
        target: a next token to follow, such as " Mary".
        top: how many of the likeliest tokens are kept.

    Returns:
        a `Lens` with one level for the embedding and one for each layer.

    Raises:
        ValueError: if `lm` is no Transformer, for an empty text, a target that is not one token, or `top` below 1.
    """
    if not isinstance(lm, TransformerLanguageModel):
        raise ValueError(f"the lens reads the layers of a Transformer; {type(lm).__name__} has none")
    if top < 1:
        raise ValueError(f"top must be at least 1, got {top}")
    index = None if target is None else lm.word_id(target)
    ids, layers = lm.prompt_ids(text), lm.transformer.sizes.layers
    sites = ["embedding", *(f"layer.{i}.residual" for i in range(layers))]
    run = lm.run(ids, read=sites, logits=None)
    vectors = np.concatenate([run[site][0] for site in sites])  # (levels x time, width)
    parts = [_read(lm, vectors[i : i + TOGETHER], index, top) for i in range(0, len(vectors), TOGETHER)]
    read = (None if part[0] is None else np.concatenate(part) for part in zip(*parts, strict=True))
    top_ids, top_p, *followed = (
        None if part is None else part.reshape(len(sites), ids.shape[1], *part.shape[1:]) for part in read
    )
    tokens, names = tuple(lm.vocabulary[i] for i in ids[0]), ("embedding", *(f"layer {i}" for i in range(layers)))
    spelled = None if index is None else lm.vocabulary[index]
    return Lens(text, tokens, names, top_ids, top_p, lm.vocabulary, spelled, *followed)


def lens_probabilities(lm: TransformerLanguageModel, residual: np.ndarray) -> np.ndarray:
    """(..., vocabulary) softmax of the output's scores of vectors (..., width) of the stream, each normed by itself."""
    scores = np.asarray(lm.transformer.unembed(residual), np.float64)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _read(lm: TransformerLanguageModel, residual: np.ndarray, index: int | None, top: int):
    """Ids and probabilities (n, top) of the likeliest tokens of n vectors; probability and rank (n,) of the target."""
    p = lens_probabilities(lm, residual)  # (n, vocabulary)
    some = np.sort(np.argpartition(-p, min(top, p.shape[1]) - 1, axis=1)[:, :top], axis=1)  # a full sort takes seconds
    order = np.argsort(-np.take_along_axis(p, some, axis=1), axis=1, kind="stable")
    ids = np.take_along_axis(some, order, axis=1)
    best = np.take_along_axis(p, ids, axis=1)
    if index is None:
        return ids, best, None, None
    return ids, best, p[:, index], 1 + np.sum(p > p[:, index, None], axis=1)
