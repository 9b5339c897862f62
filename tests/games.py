"""Models whose answers are known in closed form, to hold the explainers against."""

import numpy as np

from lmtutorial.models.text_model import Encoding, TextModel


def text_of(words: int) -> str:
    """A text of so many different words."""
    return " ".join(f"w{i}" for i in range(words))


class SetGame(TextModel):
    """A model whose score is `function(masks)`, masks (samples, words) of the words that were not replaced.

    Any text of the right number of words does; a word's id is its place plus two, so that 0 stays padding and 1 the
    replacement.
    """

    classes, unit, replacement = ("negative", "positive"), "logit", 1

    def __init__(self, function, words: int):
        self.function, self.words, self.rows_seen, self.calls = function, words, 0, 0

    def encode(self, text):
        spans, end = [], 0
        for word in text.split():
            start = text.index(word, end)
            end = start + len(word)
            spans.append((start, end))
        assert len(spans) == self.words
        ids = np.arange(2, self.words + 2, dtype=np.int32)
        return Encoding(text, tuple(spans), ids, tuple((i, i + 1) for i in range(self.words)))

    def predict_ids(self, ids):
        self.rows_seen += len(ids)
        self.calls += 1
        return np.asarray(self.function(np.asarray(ids) != self.replacement), np.float64)[:, None]

    def embed(self, ids):
        raise NotImplementedError

    def predict_embeddings(self, embeddings, ids):
        raise NotImplementedError


def number_of(masks: np.ndarray) -> np.ndarray:
    """(samples,) the rows read as binary numbers, the first word being the lowest bit."""
    return masks @ (1 << np.arange(masks.shape[1]))


def random_game(words: int, seed: int = 0) -> SetGame:
    """A game in which every coalition is worth a random number."""
    table = np.random.default_rng(seed).normal(size=2**words)
    return SetGame(lambda masks: table[number_of(masks)], words)


def additive_game(weights) -> SetGame:
    """A game in which every word adds its weight."""
    weights = np.asarray(weights, np.float64)
    return SetGame(lambda masks: masks @ weights, len(weights))
