"""A language model as a classifier that was never trained as one: it is asked, and its answer is a next word.

1. Put the text into a frame that asks a question: "Review: … Sentiment:". (Brown et al. 2020; Radford et al. 2019 for
   the idea that what a model was not trained for can be put as a text to go on with.)
2. Read off the scores of two pieces that answer it, " positive" and " negative". Their difference is the log-odds of
   one answer over the other, whatever else might come.
3. Take a threshold off, because a model prefers some answers before it has read anything. It is found on labelled texts
   of the validation split. (Zhao et al. 2021, "Calibrate Before Use".)

What stands before the text is the same for every question, so it is read once and kept (keys and values of all layers);
and only the words of the text are ever hidden: the frame is the question, not the evidence.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary, ref

import keras
import numpy as np
from keras import ops
from tqdm.auto import tqdm

from .. import files
from ..preprocessing import check_texts
from .keras_parts import broken_layers
from .piece_language_model import PieceLanguageModel
from .piece_words import piece_encoding
from .text_model import Encoding, TextModel, check_text
from .transformer_language_model import last_places

TEXT = "{text}"
MOST_IDS = 1 << 11  # read together: beside each row stand the keys and values of the frame


@dataclass(frozen=True)
class Wording:
    """How a model is asked about a text.

    Attributes:
        ask: the question, with `{text}` where the text goes.
        begun: how the answer begins.
        answers: the piece that speaks for each class.
        chat: whether the question is put to the assistant, or is a text to go on with.
    """

    ask: str
    answers: tuple[str, str]
    begun: str = ""
    chat: bool = True

    def frame(self, lm: PieceLanguageModel) -> str:
        """The whole prompt, with `{text}` still in it."""
        return (lm.chat(self.ask) if self.chat else self.ask) + self.begun


# The wordings that were tried; `python -m benchmarks.zero_shot` says how each did on the validation split.
SENTIMENT = {
    "chat": Wording(
        "Is the sentiment of this film review positive or negative?\n{text}",
        (" negative", " positive"),
        "The sentiment of this film review is",
    ),
    "chat, text first": Wording(
        "Review: {text}\nIs the sentiment of this review positive or negative?",
        (" negative", " positive"),
        "The sentiment of this review is",
    ),
    "chat, one word": Wording(
        "Is this sentence of a film review positive or negative?\n{text}\nAnswer with one word.",
        ("Negative", "Positive"),
    ),
    "chat, yes or no": Wording(
        "{text}\nDoes the writer of this review like the film? Answer yes or no.", ("No", "Yes")
    ),
    "form": Wording("Review: {text}\nSentiment:", (" negative", " positive"), chat=False),
    "sentence": Wording(
        "Here is a sentence from a film review:\n{text}\nThe sentiment of this sentence is",
        (" negative", " positive"),
        chat=False,
    ),
    "in short": Wording("{text}\nIn short, the film was", (" terrible", " great"), chat=False),
}


def film_critic(lm: PieceLanguageModel) -> "ZeroShot":
    """Is a film review positive? In the wording, and with the threshold, that the validation split chose."""
    study = json.loads(files.path("measurements/zero_shot.json").read_text(encoding="utf-8"))["wordings"]
    return ZeroShot.asking(lm, SENTIMENT[study["chosen"]], study["threshold"])


def few_shot(examples: Sequence[tuple[str, str]]) -> Wording:
    """The wording "form" with filled-in forms before it.

    Args:
        examples: (text, "positive" or "negative").
    """
    filled = "".join(f"Review: {text.strip()}\nSentiment: {label}\n\n" for text, label in examples)
    form = SENTIMENT["form"]
    return Wording(filled.replace("{", "(").replace("}", ")") + form.ask, form.answers, chat=False)


class ZeroShot(TextModel):
    """The log-odds of one answer over another, behind a text in its frame.

    A removed word becomes as many times `lm.replacement` as it has pieces. A mark that shares a piece with the frame
    belongs to the frame.

    Args:
        lm: the language model; it is shared, not copied.
        frame: the prompt, with `{text}` where the text goes.
        answers: the piece that speaks for each class.
        classes: their names.
        threshold: taken off the log-odds.

    Raises:
        ValueError: if the frame has no place for the text, or an answer is not one piece.
    """

    unit = "logit"

    def __init__(
        self,
        lm: PieceLanguageModel,
        frame: str,
        answers: tuple[str, str],
        *,
        classes: tuple[str, str] = ("negative", "positive"),
        threshold: float = 0.0,
    ):
        if frame.count(TEXT) != 1:
            raise ValueError(f"a frame has {TEXT!r} once, where the text goes; got {frame!r}")
        self.lm, self.classes, self.answers, self.threshold = lm, classes, answers, float(threshold)
        self.before, self.after = frame.split(TEXT)
        self.replacement, self.padding, self.cost = lm.replacement, lm.padding, lm.cost
        self.vocabulary_size = lm.vocabulary_size
        against, word = (lm.word_id(answer) for answer in answers)
        table = lm.transformer.output_matrix
        self.direction = np.asarray(table[word]) - np.asarray(table[against])  # (width,)
        # a blank before the text belongs to the text's first piece
        self.frame_ids = lm.ids(self.before.rstrip(" ")) if self.before.strip(" ") else np.zeros(0, np.int32)
        self._past = [tuple(map(np.asarray, pair)) for pair in _read_once(lm, self.frame_ids)]

    @classmethod
    def asking(cls, lm: PieceLanguageModel, wording: Wording, threshold: float = 0.0) -> "ZeroShot":
        """The model that answers the question of a `Wording`."""
        return cls(lm, wording.frame(lm), wording.answers, threshold=threshold)

    def encode(self, text: str) -> Encoding:
        text = check_text(text)
        whole = self.before + text + self.after
        ids, offsets = self.lm.ids(whole), np.array(self.lm.tokenizer.offsets(whole))
        start, end = len(self.before), len(self.before) + len(text)
        first, last = len(self.frame_ids), int(np.sum(offsets[:, 1] <= end))
        if not np.array_equal(ids[:first], self.frame_ids) or offsets[first:, 0].min(initial=start) < start - 1:
            raise ValueError(f"{text[:40]!r} runs together with what stands before it: begin it with a letter")
        inside = [(max(a - start, 0), b - start) for a, b in offsets[first:last].tolist()]
        own = piece_encoding(text, ids, inside)
        return Encoding(text, own.spans, ids, tuple((a + first, b + first) for a, b in own.pieces))

    def predict_ids(self, ids: np.ndarray) -> np.ndarray:
        ids, first = np.asarray(ids, np.int32), len(self.frame_ids)
        if ids.ndim != 2 or ids.size and (ids.min() < 0 or ids.max() >= self.vocabulary_size):
            raise ValueError(f"ids must be (batch, time) and in [0, {self.vocabulary_size}), got shape {ids.shape}")
        if not np.all(ids[:, :first] == self.frame_ids):
            raise ValueError("every row must begin with the frame: ids come from `encode`")
        height = max(1, MOST_IDS // max(1, ids.shape[1] - first))
        parts = [self._answer(ids[i : i + height, first:]) for i in range(0, len(ids), height)]
        return np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)

    def _answer(self, ids: np.ndarray) -> np.ndarray:
        scores = np.asarray(_reader_of(self.lm)(ids, self._past, self.direction)) - np.float32(self.threshold)
        if not np.isfinite(scores).all():
            raise ValueError(
                f"the model answers {scores[~np.isfinite(scores)][0]}: {self.broken_layers()} hold no number"
            )
        return scores

    def embed(self, ids):
        return self.lm.embed(ids)

    def predict_embeddings(self, embeddings, ids):
        # what stands before the text is the frame in every row: it is not read again
        first, ids = len(self.frame_ids), ops.convert_to_tensor(ids, "int32")
        scores = _log_odds(self.lm, embeddings[:, first:], ids[:, first:], self._past, self.direction)
        return scores - self.threshold

    def broken_layers(self) -> list[str]:
        return broken_layers(self.lm.transformer)

    def scores(self, texts: Sequence[str], *, progress: bool = True) -> np.ndarray:
        """(batch, 1) log-odds of the second class; texts of like length are read together."""
        rows = [self.encode(text).ids for text in check_texts(texts)]
        order = np.argsort([len(row) for row in rows], kind="stable")
        found, at = np.empty((len(rows), 1), np.float32), 0
        with tqdm(total=len(rows), unit=" texts", delay=2, leave=False, disable=not progress) as bar:
            while at < len(rows):
                height = max(1, MOST_IDS // (len(rows[order[min(at + 31, len(rows) - 1)]]) - len(self.frame_ids)))
                chosen = order[at : at + height]
                ids = np.full((len(chosen), len(rows[chosen[-1]])), self.padding, np.int32)
                for row, i in zip(ids, chosen, strict=True):
                    row[: len(rows[i])] = rows[i]
                found[chosen] = self.predict_ids(ids)
                at += len(chosen)
                bar.update(len(chosen))
        return found

    def predict(self, texts: Sequence[str], *, progress: bool = True) -> np.ndarray:
        """(batch,) probability of the second class among the two answers, after the threshold."""
        return self.probability(self.scores(texts, progress=progress).astype(np.float64), 1)


def _log_odds(lm: PieceLanguageModel, embeddings, ids, past, direction):
    """(batch, 1) of embeddings (batch, time, width) behind what `past` holds of one row."""
    rows = ops.shape(embeddings)[0]
    past = [tuple(ops.repeat(ops.convert_to_tensor(kept), rows, axis=0) for kept in pair) for pair in past]
    stream, _ = lm.transformer.stream(embeddings, past)
    last = ops.maximum(last_places(ids, lm.padding), 0)
    final = lm.transformer.final_norm(ops.take_along_axis(stream, last[:, None, None], axis=1)[:, 0])
    return ops.matmul(final, ops.convert_to_tensor(direction)[:, None])


def _read_once(lm: PieceLanguageModel, ids: np.ndarray):
    """(keys, values) of every layer behind some ids."""
    if not len(ids):
        return [lm.transformer.nothing_read(1)] * lm.transformer.sizes.layers
    return lm.step(ids[None])[1]


_READERS: "WeakKeyDictionary[PieceLanguageModel, object]" = WeakKeyDictionary()


def _reader_of(lm: PieceLanguageModel):
    """`reader(ids, past, direction)` -> log-odds (batch, 1), compiled once and kept while the model lives."""
    if lm not in _READERS:
        kept = ref(lm)

        def answer(ids, past, direction):
            return _log_odds(kept(), kept().embed(ids), ids, past, direction)

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            sizes = lm.transformer.sizes
            one = tf.TensorSpec((1, sizes.key_heads, None, sizes.head_width), tf.float32)
            shapes = [tf.TensorSpec((None, None), tf.int32), [(one, one)] * sizes.layers, tf.TensorSpec((sizes.width,))]
            answer = tf.function(answer, input_signature=shapes, autograph=False)
        _READERS[lm] = answer
    return _READERS[lm]


@dataclass(frozen=True)
class Calibration:
    """A threshold, and how well it does on the texts that it was found on."""

    threshold: float
    accuracy: float


def calibrate(scores: np.ndarray, labels: np.ndarray) -> Calibration:
    """The threshold at which most labelled texts are on their right side.

    Args:
        scores: (texts,) log-odds.
        labels: (texts,) 1 for the second class, else 0.

    Returns:
        the middle between two neighbouring scores; of equally good ones the one nearest to zero.

    >>> calibrate(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1]))
    Calibration(threshold=3.0, accuracy=1.0)
    """
    scores, labels = np.asarray(scores, float).reshape(-1), np.asarray(labels)
    if scores.shape != labels.shape or not len(scores):
        raise ValueError(f"one label to a score is needed, got {labels.shape} and {scores.shape}")
    steps = np.unique(scores)
    places = np.r_[steps[0] - 1, (steps[1:] + steps[:-1]) / 2, steps[-1] + 1]
    right = np.array([np.mean((scores > place) == labels) for place in places])
    best = np.flatnonzero(right == right.max())
    chosen = best[np.argmin(np.abs(places[best]))]
    return Calibration(float(places[chosen]), float(right[chosen]))
