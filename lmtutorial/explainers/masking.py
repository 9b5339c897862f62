"""The one question every perturbation method asks: what does the model say when only these words are kept?

`MaskedText` answers it for rows of booleans. It removes words among the model's own ids, never in the string (a mask
glued to its neighbour makes a new word), evaluates each distinct row once, and remembers the answers for the next
method on the same text. In the language of game theory it is the *game*: the words are the players, `game(masks)`
what each coalition is worth.
"""

import numpy as np

from ..models.text_model import TextModel


class MaskedText:
    """A text and a model, as a function of the words that are kept.

    Args:
        model: any `TextModel`.
        text: what to explain.
        target: the class to explain, by name or number; by default the one the model predicts, or the second class of a
            model with one sigmoid. It is held fixed for every mask.
        replacement: what a removed word becomes: an id, "delete" to close the gap, or `None` for the model's own
            choice.
        output: "logit" or "probability" for a classifier, "rating" for a regression; by default the model's unit.

    Attributes:
        encoding: words, spans and ids of the text.
        target: name of the class that is explained.
        unit: what `game(masks)` returns.
        probability: of the target, for the whole text; `None` for a regression.
        evaluations: how many distinct rows the model has been asked so far.

    Raises:
        ValueError: if the text has no word that the model knows, or a setting is none of the above.
    """

    def __init__(
        self, model: TextModel, text: str, target=None, replacement: int | str | None = None, output: str | None = None
    ):
        self.model, self.encoding = model, model.encode(text)
        self.replacement = model.replacement if replacement is None else replacement
        if self.replacement != "delete" and not isinstance(self.replacement, int | np.integer):
            raise ValueError(f'replacement must be an id, "delete" or None, got {replacement!r}')
        if self.replacement == model.padding:
            raise ValueError(
                f'id {self.replacement} is padding and would delete the word silently: say "delete" if that is meant'
            )
        self.unit = output or model.unit
        if self.unit not in (model.unit, "probability"):
            raise ValueError(f'output must be {model.unit!r} or "probability", got {output!r}')
        scores = model.predict_ids(self.encoding.ids[None])
        self._index = model.target_index(target, scores[0])
        self.target = model.classes[self._index]
        self.probability = float(model.probability(scores, self._index)[0]) if model.unit == "logit" else None
        everything = np.packbits(np.ones(len(self), bool))
        self._values = {everything.tobytes(): float(self._in_unit(scores)[0])}  # {packed row: answer}

    def __len__(self) -> int:
        """The number of words."""
        return len(self.encoding.spans)

    @property
    def evaluations(self) -> int:
        return len(self._values)

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        """What the model says when only the words marked `True` are kept.

        Args:
            masks: (samples, words) booleans.

        Returns:
            (samples,) float64, in `unit`.
        """
        masks = np.asarray(masks)
        if masks.dtype != bool or masks.ndim != 2 or masks.shape[1] != len(self):
            raise ValueError(f"masks must be booleans (samples, {len(self)}), got {masks.dtype} {masks.shape}")
        packed = np.packbits(masks, axis=1)
        rows, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        keys = [row.tobytes() for row in rows]
        new = [i for i, key in enumerate(keys) if key not in self._values]
        if new:
            values = self._in_unit(self.model.predict_ids(self.masked_ids(masks[first[new]])))
            self._values.update(zip((keys[i] for i in new), values, strict=True))
        return np.array([self._values[key] for key in keys])[inverse.reshape(-1)]

    def without_each_word(self) -> np.ndarray:
        """(words, words) masks: row i keeps every word but word i."""
        return ~np.eye(len(self), dtype=bool)

    def whole(self) -> float:
        """What the model says of the whole text."""
        return float(self(np.ones((1, len(self)), bool))[0])

    def nothing(self) -> float:
        """What the model says when every word is removed."""
        return float(self(np.zeros((1, len(self)), bool))[0])

    def _in_unit(self, scores: np.ndarray) -> np.ndarray:
        """(samples,) answers for the target, from all scores (samples, outputs)."""
        pick = self.model.probability if self.unit == "probability" else self.model.select
        return np.asarray(pick(scores, self._index), np.float64)

    def masked_ids(self, masks: np.ndarray) -> np.ndarray:
        """(samples, time) ids of the text with the words that `masks` leaves out replaced or deleted."""
        ids = self.encoding.ids
        kept = np.ones((len(masks), len(ids)), bool)
        for word, (start, end) in enumerate(self.encoding.pieces):
            kept[:, start:end] = masks[:, word, None]
        if self.replacement != "delete":
            return np.where(kept, ids, self.replacement).astype(ids.dtype)
        # close the gaps: kept ids move to the left in their order, padding fills the right
        order = np.argsort(~kept, axis=1, kind="stable")
        return np.where(np.take_along_axis(kept, order, axis=1), ids[order], self.model.padding).astype(ids.dtype)
