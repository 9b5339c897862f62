"""A text as vectors: as it is, with its words removed, and with something else in their place.

Only the places of words are ever changed. Padding and special positions keep their vectors, so that nothing can be
attributed to them.
"""

import numpy as np

from ..models.text_model import TextModel
from .masking import MaskedText
from .tape import gradient_function, rows_at_a_time

BASELINES = ("unknown", "zero", "mean")


def vectors_of(game: MaskedText) -> np.ndarray:
    """(2, time, dim) float64: the text, and the text with every word removed.

    Where removing means deleting there is no such vector; unknown words stand there then.
    """
    ids = game.encoding.ids
    removed = game.model.replacement if game.replacement == "delete" else game.replacement
    return _embedded(game.model, np.stack([ids, np.where(inside_words(game), removed, ids)]))


def inside_words(game: MaskedText) -> np.ndarray:
    """(time,) whether a position belongs to a word."""
    inside = np.zeros(len(game.encoding.ids), bool)
    for start, end in game.encoding.pieces:
        inside[start:end] = True
    return inside


def sum_pieces(game: MaskedText, positions: np.ndarray) -> np.ndarray:
    """(..., words) sums of (..., time) over the pieces of each word."""
    return np.stack([positions[..., start:end].sum(axis=-1) for start, end in game.encoding.pieces], axis=-1)


def baseline_vectors(game: MaskedText, baseline: str, text: np.ndarray, nothing: np.ndarray) -> np.ndarray:
    """(time, dim) what counts as nothing.

    Args:
        game: the model and the text.
        baseline: a name in `BASELINES`, or another text, which is filled up with unknown words if it is shorter.
        text, nothing: what `vectors_of` found.

    Raises:
        ValueError: if the baseline has more words than the text or no known one, or if the model does not say how large
            its vocabulary is ("mean").
    """
    if not isinstance(baseline, str):
        raise ValueError(f"baseline must be one of {BASELINES} or another text, got {baseline!r}")
    if baseline == "unknown":
        return nothing
    if baseline == "zero":
        found = np.zeros_like(text)
    elif baseline == "mean":
        found = _mean_vectors(game.model, len(text))
    else:
        found = _embedded(game.model, _ids_of_baseline(game, baseline)[None])[0]
    return np.where(inside_words(game)[:, None], found, text)


def _ids_of_baseline(game: MaskedText, baseline: str) -> np.ndarray:
    """(time,) the text's ids with those of another text in their place, then unknown words."""
    other = game.model.encode(baseline)
    new = np.concatenate([other.ids[start:end] for start, end in other.pieces])
    places = np.flatnonzero(inside_words(game))
    if len(new) > len(places):
        raise ValueError(
            f"the baseline {baseline!r} takes {len(new)} positions and the text {len(places)}: "
            f"choose a shorter text, or one of {BASELINES}"
        )
    ids = game.encoding.ids.copy()
    ids[places] = game.model.replacement
    ids[places[: len(new)]] = new
    return ids


def _mean_vectors(model: TextModel, time: int) -> np.ndarray:
    """(time, dim) the mean over the vocabulary without padding, at each position: some models embed that too."""
    if model.vocabulary_size is None:
        raise ValueError('the model does not say how large its vocabulary is: choose another baseline than "mean"')
    ids = np.delete(np.arange(model.vocabulary_size, dtype=np.int32), model.padding)
    step = rows_at_a_time(time * gradient_function(model).position_bytes)
    chunks = (np.repeat(ids[i : i + step, None], time, axis=1) for i in range(0, len(ids), step))
    return sum(_embedded(model, chunk).sum(axis=0) for chunk in chunks) / len(ids)


def _embedded(model: TextModel, ids: np.ndarray) -> np.ndarray:
    return gradient_function(model).embed(ids).astype(np.float64)
