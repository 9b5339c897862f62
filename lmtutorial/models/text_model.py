"""The seam: what an explainer may ask of a model.

An explainer never sees Keras, PyTorch or a vocabulary. It asks a `TextModel` to `encode` a text into words and ids,
to score ids, to embed ids, and to score embeddings. Whatever answers these four can be explained by every method of
the package.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..files import nearest
from ..preprocessing import PADDING, check_texts


@dataclass(frozen=True)
class Cost:
    """How much a model asks of the machine, so that long questions are announced and chunks fit into memory.

    Attributes:
        reading: seconds to read a position, beside the review classifier's.
        slopes: seconds to read it forwards and backwards, beside the same.
        memory: bytes that the way back keeps for each byte of embeddings; 25 were measured for the review classifier.
    """

    reading: float = 1
    slopes: float = 1
    memory: float = 32


SMALL = Cost()


@dataclass(frozen=True)
class Encoding:
    """A text as a model reads it.

    Attributes:
        text: the raw text.
        spans: character offsets (start, end) of each word in it.
        ids: (time,) int32, what the model is fed.
        pieces: for each word the positions (first, last + 1) of its ids; a model of sub-words has several to a word.
        dropped: how many words at the end did not fit into the model.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    ids: np.ndarray
    pieces: tuple[tuple[int, int], ...]
    dropped: int = 0

    @property
    def words(self) -> list[str]:
        """The raw spelling of each word."""
        return [self.text[start:end] for start, end in self.spans]


def check_text(text: str) -> str:
    """The text, or a `ValueError` if it is not a string or holds nothing but blanks."""
    check_texts([text])
    if not text.strip():
        raise ValueError(f"the text is empty ({text!r}): write at least one word")
    return text


class TextModel(ABC):
    """A model that scores texts, in its own score before the last activation.

    Attributes:
        classes: a name for each score; a single sigmoid has two names, the score being the logit of the second.
        unit: "logit", or "rating" for a regression.
        replacement: the id that stands for "no word here".
        padding: the id behind the end of a text.
        vocabulary_size: ids run from 0 to one below it; `None` where a model does not say.
        question: whole numbers that say what is asked, of a model that answers several questions.
        name: under which `load_model` ships it; `None` for every other model.
        cost: of asking it, beside a small model.
    """

    name: str | None = None
    cost: Cost = SMALL
    classes: tuple[str, ...]
    unit: str
    replacement: int
    padding: int = PADDING
    vocabulary_size: int | None = None
    question: tuple[int, ...] = ()

    @property
    def shared(self):
        """What answers `embed(ids)` and `predict_embeddings(embeddings, ids, *question)` for every question alike.

        It is compiled once; models that differ only in their `question` name the same one.
        """
        return self

    def contrast_of(self, index: int) -> str | None:
        """The class that class number `index` is held against, where the model is asked about one over another."""
        return None

    @abstractmethod
    def encode(self, text: str) -> Encoding:
        """Words and ids of one text; `ValueError` if it is empty or has no word that the model knows."""

    @abstractmethod
    def predict_ids(self, ids: np.ndarray) -> np.ndarray:
        """Scores (batch, outputs) of ids (batch, time)."""

    @abstractmethod
    def embed(self, ids: np.ndarray):
        """Embeddings (batch, time, dim) of ids (batch, time), as a tensor of the backend."""

    @abstractmethod
    def predict_embeddings(self, embeddings, ids: np.ndarray):
        """Scores (batch, outputs) of embeddings (batch, time, dim), a tensor that can be differentiated.

        `ids` say which positions are padding; `predict_embeddings(embed(ids), ids)` equals `predict_ids(ids)`.
        """

    def broken_layers(self) -> list[str]:
        """Names of the layers whose weights hold a NaN or an infinity; empty where a model cannot tell."""
        return []

    def target_index(self, target: str | int | None, scores: np.ndarray) -> int:
        """The number of the class to explain: the one named, or by default the one predicted.

        A model with one sigmoid explains its second class by default, so that a positive attribution always speaks for
        "positive".

        Args:
            target: name or number of a class, or `None`.
            scores: (outputs,) scores of the whole text.
        """
        if target is None:
            return len(self.classes) - 1 if len(scores) == 1 else int(np.argmax(scores))
        if isinstance(target, int) and 0 <= target < len(self.classes):
            return target
        if target in self.classes:
            return self.classes.index(target)
        raise ValueError(f"the model has no class {target!r}{nearest(target, self.classes)}")

    def select(self, scores: np.ndarray, index: int) -> np.ndarray:
        """The score (batch,) of one class out of all scores (batch, outputs)."""
        if scores.shape[1] > 1 or len(self.classes) == 1:
            return scores[:, index]
        return scores[:, 0] if index == 1 else -scores[:, 0]

    def probability(self, scores: np.ndarray, index: int) -> np.ndarray:
        """The probability (batch,) of one class, from all scores (batch, outputs)."""
        if self.unit != "logit":
            raise ValueError(f"a model that answers with a {self.unit} has no probabilities")
        if scores.shape[1] == 1:
            return sigmoid(self.select(scores, index))
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
        return shifted[:, index] / shifted.sum(axis=1)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(np.array([-1000.0, 0.0]))
    array([0. , 0.5])
    """
    x = np.asarray(x, np.float64)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))
