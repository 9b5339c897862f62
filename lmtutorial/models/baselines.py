"""What came before neural networks, and what every one of them has to beat.

- `LexiconRule`: add up what people said of each word, and compare with a threshold. Nothing is trained but that
threshold.
- `tune_counts`: logistic regression on counts of words and word pairs, the strongest simple classifier of short texts
  (Wang & Manning 2012), through scikit-learn. Its settings are chosen on validation, as ours are.
- `CountsClassifier`: such a regression behind the `TextModel` seam, so that an explainer can be held against a model
  whose weights are known.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import signature

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline
from tqdm.auto import tqdm

from ..preprocessing import PADDING, RULES, SPECIAL, UNKNOWN, check_texts
from .text_model import Encoding, TextModel, check_text, sigmoid

NEGATIONS = frozenset("not no never n't nothing neither nor without hardly".split())

# The grid is as wide as it has to be for its best point to lie inside.
GRID = {
    "ngrams": [(1, 1), (1, 2)],
    "weighting": ["counts", "presence", "tfidf"],
    "min_count": [1, 2],
    "C": [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0],
}


def words_of(text: str, rules: str = "words") -> list[str]:
    """The tokens of a text by the package's own rules: models differ in what they learn, not in what they read."""
    return [token for token, _, _ in RULES[rules](text)]


@dataclass(frozen=True)
class LexiconRule:
    """Positive if the valences of the words add up to more than a threshold.

    Attributes:
        valence: {word: mean rating in [-4, 4]}.
        threshold: what the sum has to exceed.
        negation: whether a word within three words behind "not", "n't", "never", … counts with the opposite sign.
    """

    valence: dict[str, float]
    threshold: float = 0.0
    negation: bool = False

    @classmethod
    def tune(cls, lexicon: pd.DataFrame, texts: Sequence[str], labels: np.ndarray) -> "LexiconRule":
        """The threshold and the treatment of negations that classify `texts` best; the first of equals."""
        valence = dict(zip(lexicon["word"].str.lower(), lexicon["valence"], strict=True))
        found = []
        for negation in (False, True):
            sums = cls(valence, negation=negation).sums(texts)
            thresholds = np.unique(np.round(np.concatenate([[0.0], sums]), 3))
            right = [np.mean((sums > t) == labels) for t in thresholds]
            found.append((max(right), cls(valence, float(thresholds[np.argmax(right)]), negation)))
        return max(found, key=lambda pair: pair[0])[1]

    def sums(self, texts: Sequence[str]) -> np.ndarray:
        """(batch,) sum of the valences of each text's words."""
        return np.array([sum(self.scores(words_of(text))) for text in texts])

    def scores(self, tokens: Sequence[str]) -> list[float]:
        """What each word adds: the whole working of the model."""
        flipped = [self.negation and bool(NEGATIONS & set(tokens[max(0, i - 3) : i])) for i in range(len(tokens))]
        return [self.valence.get(token, 0.0) * (-1 if flip else 1) for token, flip in zip(tokens, flipped, strict=True)]

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """(batch,) 1.0 for positive, 0.0 for negative."""
        return (self.sums(texts) > self.threshold).astype(float)


def counts_model(
    ngrams: tuple[int, int] = (1, 2),
    weighting: str = "presence",
    min_count: int = 1,
    C: float = 1.0,
    rules: str = "words",
) -> Pipeline:
    """Logistic regression on counts of words and word pairs, as a scikit-learn pipeline `vectorizer`, `regression`.

    Args:
        ngrams: shortest and longest run of words that is counted.
        weighting: "counts", "presence" (0 or 1), or "tfidf".
        min_count: n-grams in fewer texts are left out.
        C: inverse strength of the L2 penalty.
        rules: how a text is split, see `preprocessing`.
    """
    vectorizer = {"counts": CountVectorizer, "presence": CountVectorizer, "tfidf": TfidfVectorizer}[weighting]
    options = {"binary": True} if weighting == "presence" else {"sublinear_tf": True} if weighting == "tfidf" else {}
    return Pipeline(
        [
            ("vectorizer", vectorizer(analyzer=Ngrams(ngrams, rules), min_df=min_count, **options)),
            ("regression", LogisticRegression(C=C, solver="liblinear")),
        ]
    )


def sparse_regression(C: float) -> LogisticRegression:
    """Logistic regression with an L1 penalty, which sets most weights to exactly zero (Tibshirani 1996).

    Args:
        C: inverse strength of the penalty; the smaller, the fewer weights are left.
    """
    # scikit-learn 1.8 gave the penalty another name, and warns of the old one
    renamed = signature(LogisticRegression).parameters["penalty"].default == "deprecated"
    penalty = {"l1_ratio": 1.0} if renamed else {"penalty": "l1"}
    return LogisticRegression(C=C, solver="liblinear", random_state=0, **penalty)


@dataclass(frozen=True)
class Ngrams:
    """Text -> its n-grams, the words of each joined by blanks.

    >>> Ngrams((1, 2))("Not a bore")
    ['not', 'a', 'bore', 'not a', 'a bore']
    """

    ngrams: tuple[int, int]
    rules: str = "words"

    def __call__(self, text: str) -> list[str]:
        return self.of_words(words_of(text, self.rules))

    def of_words(self, words: Sequence[str]) -> list[str]:
        """The n-grams of a text that is split already."""
        return [ngram for ngram, _, _ in self.places(words)]

    def places(self, words: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """(n-gram, first word, last word + 1), the short ones first."""
        shortest, longest = self.ngrams
        for n in range(shortest, longest + 1):
            for start in range(len(words) - n + 1):
                yield " ".join(words[start : start + n]), start, start + n


def tune_counts(
    train: tuple[Sequence[str], np.ndarray],
    validation: tuple[Sequence[str], np.ndarray],
    grid: dict = GRID,
    *,
    progress: bool = True,
) -> tuple[Pipeline, pd.DataFrame]:
    """Fit every point of `grid` on `train`, and return the one that classifies `validation` best.

    Args:
        train, validation: texts (rows,) and labels (rows,).
        grid: values for each argument of `counts_model`.
        progress: show a bar after two seconds; False is silent.

    Returns:
        the fitted pipeline, and a table of the grid with a column `accuracy` (validation), best first.
    """
    settings = ParameterGrid({name: values for name, values in grid.items() if name != "C"})
    best, rows = (-1.0, None), []
    for setting in tqdm(settings, desc="tuning on validation", delay=2, disable=not progress):
        vectorizer = counts_model(**setting)[0]
        x, vx = vectorizer.fit_transform(train[0]), vectorizer.transform(validation[0])
        for C in grid["C"]:
            model = counts_model(**setting, C=C)
            accuracy = model[1].fit(x, train[1]).score(vx, validation[1])
            rows.append({**setting, "C": C, "accuracy": accuracy})
            if accuracy > best[0]:
                best = (accuracy, Pipeline([("vectorizer", vectorizer), ("regression", model[1])]))
    return best[1], pd.DataFrame(rows).sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)


class CountsClassifier(TextModel):
    """Logistic regression on counts of n-grams, as a model that every explainer but the gradients can ask.

    Args:
        pipeline: what `tune_counts` or a fitted `counts_model` gives.
        classes: names of the labels 0 and 1.

    Raises:
        ValueError: if the pipeline has not been fitted, or not to two labels.

    The ids are places in a list of the words that have a part in any weight. A word that is removed becomes the unknown
    word, whose id is part of no n-gram: with the word go the pairs that it stood in, and no new pair is made.
    """

    unit, replacement = "logit", UNKNOWN

    def __init__(self, pipeline: Pipeline, classes: Sequence[str] = ("negative", "positive")):
        self.vectorizer, self.regression = pipeline[0], pipeline[1]
        if len(getattr(self.regression, "classes_", ())) != 2 or len(classes) != 2:
            raise ValueError("a CountsClassifier needs a pipeline that was fitted to two labels, and two class names")
        self.classes = tuple(classes)
        self.ngrams: Ngrams = self.vectorizer.analyzer
        self._names = self.vectorizer.get_feature_names_out()
        known = {word for ngram in self._names for word in ngram.split(" ")}
        self.vocabulary = (*SPECIAL, *sorted(known))
        self._id_of = {word: i for i, word in enumerate(self.vocabulary)}
        self._count = copy.copy(self.vectorizer)  # the same counts, of texts that are split into words already
        self._count.analyzer = self.ngrams.of_words

    @property
    def intercept(self) -> float:
        """The logit of a text without any known n-gram."""
        return float(self.regression.intercept_[0])

    @property
    def weights(self) -> dict[str, float]:
        """{n-gram: weight}, everything that the model has learned but the intercept."""
        return dict(zip(self._names, self.regression.coef_[0].tolist(), strict=True))

    def shares(self, words: Sequence[str]) -> dict[str, float]:
        """{n-gram: weight x value} of the known n-grams of a text; they add up to its logit minus `intercept`."""
        row = self._count.transform([words]).tocoo()
        return dict(zip(self._names[row.col], row.data * self.regression.coef_[0, row.col], strict=True))

    def encode(self, text: str) -> Encoding:
        found = list(RULES[self.ngrams.rules](check_text(text)))
        if not found:
            raise ValueError(f"{text!r} has no word")
        ids = np.array([self._id_of.get(word, UNKNOWN) for word, _, _ in found], np.int32)
        if np.all(ids == UNKNOWN):
            raise ValueError(f"the model knows none of the words of {text!r}")
        spans = tuple((start, end) for _, start, end in found)
        return Encoding(text, spans, ids, tuple((i, i + 1) for i in range(len(ids))))

    def predict_ids(self, ids: np.ndarray) -> np.ndarray:
        """Logits (batch, 1), float64, of ids (batch, time); `ValueError` for odd ids."""
        ids = np.asarray(ids)
        if ids.ndim != 2 or ids.size and not 0 <= ids.min() <= ids.max() < len(self.vocabulary):
            raise ValueError(f"ids must be (batch, time) and in [0, {len(self.vocabulary)}), got shape {ids.shape}")
        return self._logits([[self.vocabulary[i] for i in row if i != PADDING] for row in ids])

    def _logits(self, texts: list[list[str]]) -> np.ndarray:
        """(batch, 1) logits of texts that are split into words; n-grams that the model does not know count nothing."""
        return self.regression.decision_function(self._count.transform(texts))[:, None] if texts else np.zeros((0, 1))

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """(batch,) probability of the second class; `ValueError` if a text is empty or is not a string."""
        words = [words_of(check_text(text), self.ngrams.rules) for text in check_texts(texts)]
        return sigmoid(self._logits(words)[:, 0])

    def embed(self, ids: np.ndarray):
        raise ValueError(
            "a model that counts words has no word vectors, and so no gradient: read its weights "
            "(explainers.by_design.explain_counts), or use occlusion, LIME or a Shapley method"
        )

    def predict_embeddings(self, embeddings, ids: np.ndarray):
        self.embed(ids)
