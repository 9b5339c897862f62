"""A language model as the scorer of one question, which every explainer can ask.

A distribution over thousands of words is no answer that can be explained; the answer to a question about it is:

1. "Why *are*?" The word is held against all others together. Its log-odds are
   z(are) - log of the sum over all other words w of exp z(w), and their sigmoid is exactly P(are | context).
2. "Why *are* rather than *is*?" Two words are held against each other. The log-odds are z(are) - z(is), whatever the
   other words are; their sigmoid is P(are | context) / (P(are | context) + P(is | context)).

(Yin & Neubig 2022, "Interpreting Language Models with Contrastive Explanations", for the second.) Both are asked behind
the last word of the context only: there the hidden state is picked out before the output layer, so that scores of the
whole vocabulary are never made for any other place.
"""

from functools import cached_property
from weakref import WeakKeyDictionary, ref

import keras
import numpy as np
from keras import ops

from .classifier import TILE
from .keras_parts import broken_layers
from .language_model import LanguageModel
from .text_model import Encoding, TextModel

LARGE = 10  # times as long to read a position as a small model takes
ANY_OTHER, ALL_OTHERS = "any other word", -1
MOST, MOST_IDS = 1 << 23, 1 << 14  # scores of words in one batch: 32 MB; ids in one


class NextWord(TextModel):
    """The log-odds of one next word, against all others or against one other.

    Where the context is read, a token that begins it stands before its first word. It is no word: nothing is attributed
    to it, and it is never removed. Marks and line ends are words like others. A removed word becomes "[UNK]", the
    unknown word, which the model has met in training. A model of pieces has neither: there a word is one or several
    pieces, and a removed one becomes as many times the piece that the model names (`lm.replacement`).

    Args:
        lm: the language model; it is shared, not copied.
        target: the next word to explain.
        contrast: hold `target` against this word; by default against all others.

    Attributes:
        classes: what the target is held against, and the target.
        question: ids of the target and of what it is held against, or `ALL_OTHERS`.

    Raises:
        ValueError: if a word is not one token that the model knows, or if both are the same.
    """

    unit = "logit"

    def __init__(self, lm: LanguageModel, target: str, contrast: str | None = None):
        self.lm, self.vocabulary_size, self.cost = lm, lm.vocabulary_size, lm.cost
        self.replacement, self.padding = lm.replacement, lm.padding
        self.question = lm.word_id(target), ALL_OTHERS if contrast is None else lm.word_id(contrast)
        if len(set(self.question)) == 1:
            raise ValueError(f"{target!r} cannot be held against itself: name another contrast than {contrast!r}")
        word, other = (lm.vocabulary[i] for i in self.question)
        self.classes = (ANY_OTHER if contrast is None else other, word)

    @property
    def shared(self) -> "Reader":
        return reader_of(self.lm)

    def contrast_of(self, index: int) -> str | None:
        return None if ALL_OTHERS in self.question else self.classes[1 - index]

    def encode(self, text: str) -> Encoding:
        return self.lm.encode(text)

    def predict_ids(self, ids: np.ndarray) -> np.ndarray:
        """Log-odds (batch, 1) behind the last of the ids (batch, time) of each row that is not padding."""
        ids = np.asarray(ids, np.int32)
        if ids.ndim != 2 or ids.size and (ids.min() < 0 or ids.max() >= self.vocabulary_size):
            raise ValueError(
                f"ids must be (batch, time) and in [0, {self.vocabulary_size}), got shape {ids.shape}"
                + (f" with values from {ids.min()} to {ids.max()}" if ids.size else "")
            )
        most = min(MOST // self.vocabulary_size, MOST_IDS // max(1, ids.shape[1]))
        height = max(self._tile, most // self._tile * self._tile)
        parts = [self._predict_batch(ids[i : i + height]) for i in range(0, len(ids), height)]
        scores = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
        self._check_finite(ids, scores)
        return scores

    @property
    def _tile(self) -> int:
        return TILE if self.cost.reading < LARGE else 1

    def _predict_batch(self, ids: np.ndarray) -> np.ndarray:
        """Rows that repeat the first ones fill the batch to whole tiles, for the reason that `TextClassifier` gives.

        For a large model that would cost more than the seventh digit is worth.

        The product with the vocabulary is so wide that some processors still choose their routine by the number of
        rows: there the seventh digit of an answer depends on how many others are asked with it.
        """
        filled = ids[np.arange(-(-len(ids) // self._tile) * self._tile) % len(ids)]
        return np.asarray(self.shared.answer(filled, *self.question))[: len(ids)]

    def _check_finite(self, ids: np.ndarray, scores: np.ndarray) -> None:
        odd = np.flatnonzero(~np.isfinite(scores[:, 0]))
        if len(odd):
            layers = self.broken_layers()
            words = [self.lm.vocabulary[i] for i in ids[odd[0]][:8] if i != self.padding]
            cause = f"the weights of its layers {layers} hold NaN or infinity" if layers else "its weights are finite"
            raise ValueError(f"the model answers {scores[odd[0]].tolist()} to the words {words}: {cause}")

    def embed(self, ids: np.ndarray):
        return self.shared.embed(ids)

    def predict_embeddings(self, embeddings, ids: np.ndarray):
        return self.shared.predict_embeddings(embeddings, ops.convert_to_tensor(ids, "int32"), *self.question)

    def broken_layers(self) -> list[str]:
        model = getattr(self.lm, "keras_model", None)
        return [] if model is None else broken_layers(model)


def log_odds(logits, target, contrast=ALL_OTHERS):
    """z_target - log of sum of exp z_w over the other words w: all, or `contrast` alone.

    Not from 1 - p, which float32 rounds to 0 where p is near 1.

    Args:
        logits: (batch, vocabulary) scores z.
        target: id of a word.
        contrast: id of another one, or `ALL_OTHERS`.

    Returns:
        (batch, 1) tensor.
    """
    word = ops.arange(logits.shape[-1])
    other = ops.where(contrast == ALL_OTHERS, word != target, word == contrast)  # (vocabulary,)
    against = ops.logsumexp(ops.where(other, logits, -np.inf), axis=1)
    return (ops.take(logits, target, axis=1) - against)[:, None]


class Reader:
    """What all questions to one language model share; it is compiled once, with the question as an input.

    Args:
        lm: the language model, which must not be kept alive by what is kept for it.
    """

    def __init__(self, lm: LanguageModel):
        self._lm, self.replacement, self.cost = ref(lm), lm.replacement, lm.cost

    def embed(self, ids):
        return self._lm().embed(ids)

    def predict_embeddings(self, embeddings, ids, target, contrast):
        """Log-odds (batch, 1) of embeddings (batch, time, dim)."""
        return log_odds(self._lm().last_logits_of_embeddings(embeddings, ids), target, contrast)

    @cached_property
    def answer(self):
        """`answer(ids, target, contrast)` -> log-odds (batch, 1) of ids (batch, time)."""

        def answer(ids, target, contrast):
            return log_odds(self._lm().last_logits(ids), target, contrast)

        if keras.backend.backend() != "tensorflow":
            return answer
        import tensorflow as tf

        ids, word = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((), tf.int32)
        return tf.function(answer, input_signature=[ids, word, word])


_READERS: "WeakKeyDictionary[LanguageModel, Reader]" = WeakKeyDictionary()


def reader_of(lm: LanguageModel) -> Reader:
    """The reader of a language model, made when it is first asked for and kept as long as the model lives."""
    if lm not in _READERS:
        _READERS[lm] = Reader(lm)
    return _READERS[lm]
