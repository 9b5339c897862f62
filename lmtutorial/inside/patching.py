"""Activation patching: which values inside a model carry what tells two prompts apart?

1. Run two prompts of equal length that want different answers: *clean* ("..., John gave a drink to": Mary) and
   *corrupted* ("..., Mary gave a drink to": John). Keep all values on the way.
2. Run the corrupted prompt again, with one value replaced by that of the clean run (*denoising*), or the clean prompt
   with one value of the corrupted run (*noising*). See how far the answer moves.
3. Do so for every value: (layer, place), or (layer, head). What moves the answer carries the difference.

(Meng et al. 2022, "Locating and editing factual associations in GPT"; Wang et al. 2023, "Interpretability in the wild",
for the direction and the prompts; Zhang & Nanda 2024 for the measure.) The answer is a difference of two logits,
because what the two words share drops out of it.

One forward a site would be slow. Therefore all sites go through the model in one sweep: in each layer the runs that are
patched there join the batch. They begin at the first word that differs, as nothing before can change, and of the output
matrix only two rows are needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from keras import ops
from tqdm.auto import tqdm

from ..files import nearest
from ..models.piece_language_model import PieceLanguageModel
from ..models.transformer import Transformer
from .tail import READ, Tail

DIRECTIONS = ("denoising", "noising")
PARTS = ("residual", "attention", "mlp")
ROWS = 512  # of a batch
NONE = -1  # an id that no row is padded with


@dataclass(frozen=True)
class Pairs:
    """Clean and corrupted prompts of one length, and the two answers between which they decide.

    Attributes:
        clean, corrupted: (prompts, time) ids.
        answer: (prompts,) id of the word that is right behind the clean prompt.
        other: (prompts,) id of the one that it is held against.

    Raises:
        ValueError: if shapes do not fit, or a clean prompt is its corrupted one.
    """

    clean: np.ndarray
    corrupted: np.ndarray
    answer: np.ndarray
    other: np.ndarray

    def __post_init__(self):
        for name in ("clean", "corrupted", "answer", "other"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.int32))
        if self.clean.ndim != 2 or self.clean.shape != self.corrupted.shape:
            shapes = f"{self.clean.shape} and {self.corrupted.shape}"
            raise ValueError(f"clean and corrupted prompts must have one shape (prompts, time), got {shapes}")
        if not self.answer.shape == self.other.shape == (len(self.clean),):
            raise ValueError(
                f"{len(self.clean)} prompts need as many answers, got {len(self.answer)}, {len(self.other)}"
            )
        if (self.clean == self.corrupted).all(axis=1).any():
            raise ValueError("a clean prompt is the same as its corrupted one: nothing between them can be located")

    def __len__(self) -> int:
        return len(self.clean)

    @property
    def first_difference(self) -> int:
        """The first place where any two prompts differ; before it no value of a causal model can differ."""
        return int((self.clean != self.corrupted).any(axis=0).argmax())

    def difference(self, logits: np.ndarray) -> np.ndarray:
        """(..., prompts) logit of the answer minus that of the other word, out of logits (..., prompts, vocabulary)."""
        rows = np.arange(len(self))
        return logits[..., rows, self.answer].astype(float) - logits[..., rows, self.other]


def pairs_of(lm: PieceLanguageModel, prompts: pd.DataFrame) -> Pairs:
    """`Pairs` of a table with the columns `clean`, `corrupted`, `answer`, `other` (texts).

    Raises:
        ValueError: if a column is missing, an answer is not one piece, or the prompts differ in their number of tokens.
    """
    missing = {"clean", "corrupted", "answer", "other"} - set(prompts)
    if missing:
        raise ValueError(f"the table of prompts lacks {sorted(missing)}")
    ids = [lm.ids(text) for name in ("clean", "corrupted") for text in prompts[name]]
    lengths = sorted({len(row) for row in ids})
    if len(lengths) != 1:
        raise ValueError(f"prompts must have the same number of tokens, got {lengths}: group them by their length")
    answer, other = ([lm.word_id(word) for word in prompts[name]] for name in ("answer", "other"))
    return Pairs(np.stack(ids[: len(prompts)]), np.stack(ids[len(prompts) :]), answer, other)


class Patching:
    """Both runs of some `Pairs`, ready to be mixed.

    Args:
        model: a Transformer.
        pairs: prompts of one length.
        direction: "denoising" puts clean values into the corrupted run: what is *enough* to bring the answer back?
            "noising" puts corrupted values into the clean run: what is *needed* for it?
        progress: show a bar once it has taken two seconds.

    Attributes:
        clean_difference, corrupted_difference: (prompts,) logit differences of the two runs.

    Raises:
        ValueError: for another direction, or if a corrupted prompt has the same logit difference as its clean one.
    """

    def __init__(self, model: Transformer, pairs: Pairs, direction: str = "denoising", *, progress: bool = True):
        if direction not in DIRECTIONS:
            raise ValueError(f"no direction {direction!r}{nearest(direction, DIRECTIONS)}; there are {DIRECTIONS}")
        self.model, self.pairs, self.direction, self.progress = model, pairs, direction, progress
        layers = range(model.sizes.layers)
        read = ["embedding", *(f"layer.{i}.{part}" for i in layers for part in (*PARTS, "heads", *READ))]
        clean, corrupted = (
            model.run(ids, read=read, logits="last", padding=NONE) for ids in (pairs.clean, pairs.corrupted)
        )
        self.clean_difference = pairs.difference(clean.logits)
        self.corrupted_difference = pairs.difference(corrupted.logits)
        if np.isclose(self.clean_difference, self.corrupted_difference, atol=1e-6).any():
            raise ValueError("a corrupted prompt has the same logit difference as its clean one: there is no scale")
        rows = [
            np.asarray(ops.take(model.output_matrix, words, axis=0), float) for words in (pairs.answer, pairs.other)
        ]
        self.wanted = rows[0] - rows[1]  # (prompts, width)
        self.tail = Tail(model, pairs.first_difference, clean)
        self.source, self.into = (clean, corrupted) if direction == DIRECTIONS[0] else (corrupted, clean)

    def score(self, difference: np.ndarray) -> np.ndarray:
        """(patched - corrupted) / (clean - corrupted), of logit differences (..., prompts).

        0 is the corrupted run and 1 the clean one, in both directions; a score may lie outside.
        """
        return (difference - self.corrupted_difference) / (self.clean_difference - self.corrupted_difference)

    def by_place(self, part: str = "residual") -> np.ndarray:
        """(prompts, layers, time) scores when one vector is patched: what `part` is in a layer, at a place.

        Args:
            part: "residual" (the stream behind the layer), "attention" or "mlp" (what they add to it).
        """
        if part not in PARTS:
            raise ValueError(f"no part {part!r}{nearest(part, PARTS)}; there are {PARTS}")
        time = self.pairs.clean.shape[1]
        first = self.pairs.first_difference
        masks = np.eye(time, dtype=bool)[first:, :, None]  # the places before have nothing to patch
        grid = self._scores(part, masks, range(self.model.sizes.layers))
        before = np.broadcast_to(self.score(self._unpatched), (self.model.sizes.layers, first, len(self.pairs)))
        return np.moveaxis(np.concatenate([before, grid], axis=1), -1, 0)

    def by_head(self, places: list[int] | None = None) -> np.ndarray:
        """(prompts, layers, heads) scores when what one head fetched is patched, at all places or at `places` only."""
        time, heads = self.pairs.clean.shape[1], self.model.sizes.heads
        chosen = np.isin(np.arange(time), range(time) if places is None else np.arange(time)[places])
        masks = chosen[None, :, None, None] & np.eye(heads, dtype=bool)[:, None, :, None]
        return np.moveaxis(self._scores("heads", masks, range(self.model.sizes.layers)), -1, 0)

    def of(self, site: str, mask=True) -> np.ndarray:
        """(prompts,) scores when a site, such as "layer.3.heads", is patched where `mask` is true.

        Args:
            site: what a layer's heads fetched, what its attention or MLP adds, or the stream behind it.
            mask: booleans that broadcast to (time, width), or to (time, heads, head_width) for heads.
        """
        known = [f"layer.{i}.{part}" for i in range(self.model.sizes.layers) for part in (*PARTS, "heads")]
        if site not in known:
            raise ValueError(f"no site {site!r} to patch{nearest(site, known)}")
        _, layer, part = site.split(".")
        whole = np.broadcast_to(mask, self.source[site].shape[1:])
        return self._scores(part, whole[None], [int(layer)])[0, 0]

    @property
    def _unpatched(self) -> np.ndarray:
        return self.corrupted_difference if self.direction == DIRECTIONS[0] else self.clean_difference

    def _scores(self, part: str, masks: np.ndarray, layers: Sequence[int]) -> np.ndarray:
        """(layers, masks, prompts) scores: a part is patched in one layer, where one mask is true."""
        each = max(1, ROWS // (len(layers) * len(self.pairs)))
        groups = [masks[i : i + each] for i in range(0, len(masks), each)]
        depth = self.model.sizes.layers - layers[0]
        bar = tqdm(total=depth * len(groups), desc=part, delay=2, leave=False, disable=not self.progress)
        with bar:
            return self.score(np.concatenate([self._sweep(part, group, layers, bar) for group in groups], axis=1))

    def _sweep(self, part: str, masks: np.ndarray, layers: Sequence[int], bar) -> np.ndarray:
        """(layers, masks, prompts) logit differences, in one sweep: in each layer, the runs patched there join in."""
        x = np.empty((0, *self.into["embedding"][0, self.pairs.first_difference :].shape), np.float32)
        for layer in range(layers[0], self.model.sizes.layers):
            if len(x):
                x = self.tail.layer(layer, x)
            if layer in layers:
                x = ops.concatenate([x, self._begin(layer, part, masks)])
            bar.update()
        final = np.asarray(self.model.final_norm(x[:, -1]), float)
        final = final.reshape(len(layers), len(masks), len(self.pairs), -1)
        return np.einsum("lmpw,pw->lmp", final, self.wanted)

    def _begin(self, layer: int, part: str, masks: np.ndarray):
        """(masks x prompts, places, width) the stream behind a layer in which a part is patched."""
        start = self.pairs.first_difference
        source, into = (run[f"layer.{layer}.{part}"] for run in (self.source, self.into))
        mixed = np.where(masks[:, None], source, into)[:, :, start:]  # (masks, prompts, places, ...)
        mixed = mixed.reshape(-1, *mixed.shape[2:])
        if part == "residual":
            return mixed
        before = self.into[f"layer.{layer - 1}.residual" if layer else "embedding"][:, start:]
        return self.tail.layer(layer, np.tile(before, (len(masks), 1, 1)), {part: mixed})
