"""What came before neural networks, and what every one of them has to beat.

- `LexiconRule`: add up what people said of each word, and compare with a threshold. Nothing is trained but that
threshold.
- `tune_counts`: logistic regression on counts of words and word pairs, the strongest simple classifier of short texts
  (Wang & Manning 2012), through scikit-learn. Its settings are chosen on validation, as ours are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline
from tqdm.auto import tqdm

from ..preprocessing import RULES

NEGATIONS = frozenset("not no never n't nothing neither nor without hardly".split())

# The grid is as wide as it has to be for its best point to lie inside.
GRID = {
    "ngrams": [(1, 1), (1, 2)],
    "weighting": ["counts", "presence", "tfidf"],
    "min_count": [1, 2],
    "C": [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0],
}


def words_of(text: str) -> list[str]:
    """The tokens of a text by the package's own rules: models differ in what they learn, not in what they read."""
    return [token for token, _, _ in RULES["words"](text)]


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
    ngrams: tuple[int, int] = (1, 2), weighting: str = "presence", min_count: int = 1, C: float = 1.0
) -> Pipeline:
    """Logistic regression on counts of words and word pairs, as a scikit-learn pipeline `vectorizer`, `regression`.

    Args:
        ngrams: shortest and longest run of words that is counted.
        weighting: "counts", "presence" (0 or 1), or "tfidf".
        min_count: n-grams in fewer texts are left out.
        C: inverse strength of the L2 penalty.
    """
    vectorizer = {"counts": CountVectorizer, "presence": CountVectorizer, "tfidf": TfidfVectorizer}[weighting]
    options = {"binary": True} if weighting == "presence" else {"sublinear_tf": True} if weighting == "tfidf" else {}
    return Pipeline(
        [
            ("vectorizer", vectorizer(analyzer=_Ngrams(ngrams), min_df=min_count, **options)),
            ("regression", LogisticRegression(C=C, solver="liblinear")),
        ]
    )


@dataclass(frozen=True)
class _Ngrams:
    """Text -> its n-grams, joined by blanks."""

    ngrams: tuple[int, int]

    def __call__(self, text: str) -> list[str]:
        words, (shortest, longest) = words_of(text), self.ngrams
        return [" ".join(words[i : i + n]) for n in range(shortest, longest + 1) for i in range(len(words) - n + 1)]


def tune_counts(
    train: tuple[Sequence[str], np.ndarray], validation: tuple[Sequence[str], np.ndarray], grid: dict = GRID
) -> tuple[Pipeline, pd.DataFrame]:
    """Fit every point of `grid` on `train`, and return the one that classifies `validation` best.

    Returns:
        the fitted pipeline, and a table of the grid with a column `accuracy` (validation), best first.
    """
    settings = ParameterGrid({name: values for name, values in grid.items() if name != "C"})
    best, rows = (-1.0, None), []
    for setting in tqdm(settings, desc="tuning on validation", delay=2):
        vectorizer = counts_model(**setting)[0]
        x, vx = vectorizer.fit_transform(train[0]), vectorizer.transform(validation[0])
        for C in grid["C"]:
            model = counts_model(**setting, C=C)
            accuracy = model[1].fit(x, train[1]).score(vx, validation[1])
            rows.append({**setting, "C": C, "accuracy": accuracy})
            if accuracy > best[0]:
                best = (accuracy, Pipeline([("vectorizer", vectorizer), ("regression", model[1])]))
    return best[1], pd.DataFrame(rows).sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
