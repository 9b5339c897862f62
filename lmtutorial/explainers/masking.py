"""The one question every perturbation method asks: what does the model say when only these words are kept?

`MaskedText` answers it for rows of booleans. It removes words among the model's own ids, never in the string (a mask
glued to its neighbour makes a new word), evaluates each distinct row once, and remembers the answers for the next
method on the same text. In the language of game theory it is the *game*: the words are the players, `game(masks)`
what each coalition is worth.
"""

import warnings
from functools import cached_property

import numpy as np
from tqdm.auto import tqdm

from ..models.text_model import TextModel

# A question reads samples x words, here counted as those of a small model. What may take longer than half a minute is
# announced; what would take more than a quarter of an hour is refused (the review classifier on two cores, with long
# texts, which go in small batches).
LONG, TOO_LONG = 10**7, 10**8
CHUNK = 2**20  # ids made at a time: 4 MB, or three seconds' work


class MaskedText:
    """A text and a model, as a function of the words that are kept.

    Nothing is evaluated before the first question; that one carries the whole text and the empty one along, so that a
    method that asks one question costs one call of the model.

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
        unit: what `game(masks)` returns.
        evaluations: how many distinct rows have been answered so far.

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
        if self.unit == "probability" and model.unit != "logit":
            raise ValueError(f"a model that answers with a {model.unit} has no probabilities")
        self._index = None if target is None else model.target_index(target, np.empty(0))
        self._probability = None
        # a word that is unknown to the model anyway: whether it is kept or replaced makes no other row
        known = self.encoding.ids != (-1 if self.replacement == "delete" else self.replacement)
        self._replaced = np.array([not known[start:end].any() for start, end in self.encoding.pieces])
        self._values = {}  # {key of a row: answer}

    def __len__(self) -> int:
        """The number of words."""
        return len(self.encoding.spans)

    @property
    def evaluations(self) -> int:
        return len(self._values)

    @property
    def index(self) -> int:
        """The number of the explained class."""
        if self._index is None:
            self.whole()
        return self._index

    @property
    def target(self) -> str:
        """The name of the explained class."""
        return self.model.classes[self.index]

    @property
    def contrast(self) -> str | None:
        """What the target is held against, if the model was asked why this rather than that."""
        return self.model.contrast_of(self.index)

    @property
    def probability(self) -> float | None:
        """The target's probability for the whole text; `None` for a regression."""
        if self._probability is None and self.model.unit == "logit":
            self.whole()
        return self._probability

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        """What the model says when only the words marked `True` are kept.

        Args:
            masks: (samples, words) booleans.

        Returns:
            (samples,) float64, in `unit`.

        Raises:
            ValueError: if the masks do not fit, if the question would read more than 100 million words, or if an
                answer is not a finite number.
        """
        masks = np.asarray(masks)
        if masks.dtype != bool or masks.ndim != 2 or masks.shape[1] != len(self):
            raise ValueError(f"masks must be booleans (samples, {len(self)}), got {masks.dtype} {masks.shape}")
        asked = masks if self._values else np.concatenate([self._ends(), masks])
        distinct, first, inverse = np.unique(self._keys(asked), return_index=True, return_inverse=True)
        keys = distinct.tolist()
        new = np.array([key not in self._values for key in keys], bool)
        if new.any():
            self._ask(asked[first[new]])
        answers = np.array([self._values[key] for key in keys])
        return answers[inverse.reshape(-1)][len(asked) - len(masks) :]

    def remember(self, masks: np.ndarray, scores: np.ndarray) -> None:
        """Take answers that were found another way, as by a gradient that was computed anyway.

        Args:
            masks: (samples, words) booleans.
            scores: (samples, outputs) of the model.
        """
        keys, scores = self._keys(np.asarray(masks, bool)).tolist(), np.asarray(scores)
        whole = self._end_keys[0]
        if whole in keys:
            answer = scores[keys.index(whole)][None]
            self._index = self.model.target_index(None, answer[0]) if self._index is None else self._index
            if self.model.unit == "logit":
                self._probability = float(self.model.probability(answer, self._index)[0])
        pick = self.model.probability if self.unit == "probability" else self.model.select
        values = np.asarray(pick(scores, self.index), np.float64)
        if not np.isfinite(values).all():
            raise ValueError(f"the model answers {values[~np.isfinite(values)][0]} to {self.encoding.text[:60]!r}")
        self._values.update(zip(keys, values.tolist(), strict=True))

    def _ask(self, masks: np.ndarray) -> None:
        """Let the model answer rows that it has not answered before."""
        work = masks.shape[0] * len(self.encoding.ids) * self.model.cost.reading
        size = f"{len(masks):,} variants of a text of {len(self):,} words"
        if work > TOO_LONG:
            raise ValueError(f"{size} would take the model too long: explain a shorter text, or ask for fewer samples")
        if work > LONG:
            warnings.warn(f"the model has to read {size}: this takes a while", stacklevel=3)
        rows = max(16, int(CHUNK // (len(self.encoding.ids) * self.model.cost.reading)))
        starts = range(0, len(masks), rows)
        bar = work > LONG or self.model.cost.reading > 1 and len(starts) > 1
        steps = tqdm(starts, desc="asking the model", delay=2, leave=False) if bar else starts
        scores = np.concatenate([self.model.predict_ids(self.masked_ids(masks[i : i + rows])) for i in steps])
        self.remember(masks, scores)

    def _ends(self) -> np.ndarray:
        """(2, words) masks of the whole text and of the empty one."""
        return np.array([[True], [False]]).repeat(len(self), axis=1)

    def without_each_word(self) -> np.ndarray:
        """(words, words) masks: row i keeps every word but word i."""
        return ~np.eye(len(self), dtype=bool)

    def whole(self) -> float:
        """What the model says of the whole text."""
        return self._end(0)

    def nothing(self) -> float:
        """What the model says when every word is removed."""
        return self._end(1)

    def _end(self, number: int) -> float:
        key = self._end_keys[number]
        return self._values[key] if key in self._values else float(self(self._ends()[number : number + 1])[0])

    @cached_property
    def _end_keys(self) -> list:
        return self._keys(self._ends()).tolist()

    def _keys(self, masks: np.ndarray) -> np.ndarray:
        """(samples,) a key for each row, the same for equal rows; integers up to 64 words, else byte strings."""
        packed = np.packbits(np.ascontiguousarray(masks | self._replaced), axis=1)  # (samples, words / 8)
        if packed.shape[1] > 8:
            return packed.view(f"S{packed.shape[1]}")[:, 0]
        filled = np.zeros((len(packed), 8), np.uint8)
        filled[:, : packed.shape[1]] = packed
        return filled.view(np.uint64)[:, 0]

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
