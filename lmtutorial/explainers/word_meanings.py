"""What does a model take a word for, and what does the word say here? Attributions beside ratings, word by word.

1. Explain every text of a domain, and note for each word what it is given.
2. Note for each word how people rated the texts that hold it, above or below the mean of the domain.
3. A word is *turned* if both are clear of zero and have opposite signs: the model counts it for one side, and the texts
   that hold it are on the other.
4. With hundreds of words some are turned by chance. How many, is counted in the same table with the sign of each
   document's ratings drawn at random (the wild bootstrap of Liu 1988, with documents kept whole).

A document counts once for a word, however often it holds it: sentences of one review are not independent.
That a text holds a word does not mean that the word made the rating: a turned word is where to look, and then the
model is asked.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def occurrences(
    words: Sequence[Sequence[str]],
    scores: Sequence[np.ndarray],
    ratings: Sequence[float],
    documents: Sequence | None = None,
) -> pd.DataFrame:
    """One row a document and word: what the word is given there, and how the texts that hold it are rated.

    Args:
        words: the words of each text.
        scores: an attribution to each word, for "positive".
        ratings: how people rated each text.
        documents: which document each text is part of; by default each text is a document.

    Returns:
        `document`, `word`, `score` (mean over the texts that hold it of the sum of its attributions) and `rating` (mean
        of the texts' ratings, less the mean of all texts).

    Raises:
        ValueError: if there are not as many scores as words, or ratings as texts.
    """
    documents = range(len(words)) if documents is None else documents
    if not len(words) == len(scores) == len(ratings) == len(documents):
        raise ValueError(f"{len(words)} texts need as many ratings and documents; got {len(scores)}, {len(ratings)}")
    around, rows = np.asarray(ratings, float) - np.mean(ratings), []
    for text, given, rating, document in zip(words, scores, around, documents, strict=True):
        if len(text) != len(given):
            raise ValueError(f"{len(text)} words and {len(given)} scores in {' '.join(text)[:60]!r}")
        total: dict[str, float] = {}
        for word, score in zip(text, given, strict=True):
            total[word] = total.get(word, 0.0) + float(score)
        rows += [(document, word, score, rating) for word, score in total.items()]
    table = pd.DataFrame(rows, columns=["document", "word", "score", "rating"])
    return table.groupby(["document", "word"], sort=True, as_index=False).mean()


def word_table(found: pd.DataFrame, least: int = 10) -> pd.DataFrame:
    """One row a word: means over documents, and how many standard errors they lie from zero.

    Args:
        found: as `occurrences` returns it.
        least: documents that must hold a word.

    Returns:
        indexed by word: `documents`, `score`, `score_z`, `rating`, `rating_z`.
    """
    grouped = found.groupby("word")[["score", "rating"]]
    means, errors, count = grouped.mean(), grouped.sem(), grouped.size()
    table = pd.DataFrame({"documents": count})
    for name in ("score", "rating"):
        table[name] = means[name]
        table[f"{name}_z"] = means[name] / errors[name].clip(lower=1e-12)
    return table[table["documents"] >= least]


def turned_words(table: pd.DataFrame, clear: float = 3.0) -> pd.DataFrame:
    """The words whose score and rating are both `clear` standard errors from zero, on opposite sides.

    Returns:
        their rows of `word_table`, the clearest rating first.

    >>> rows = {"score": [1.0, 1.0], "score_z": [9.0, 9.0], "rating": [-1.0, -1.0], "rating_z": [-5.0, -1.0]}
    >>> turned_words(pd.DataFrame(rows, index=["support", "film"])).index.tolist()
    ['support']
    """
    apart = (table["score_z"].abs() >= clear) & (table["rating_z"].abs() >= clear) & (table.score * table.rating < 0)
    found = table[apart]
    return found.loc[found["rating_z"].abs().sort_values(ascending=False, kind="stable").index]


def turned_by_chance(
    found: pd.DataFrame, least: int = 10, clear: float = 3.0, *, draws: int = 500, seed: int = 0
) -> np.ndarray:
    """(draws,) how many words are turned where ratings say nothing about words.

    In each draw every document keeps its ratings or has all their signs turned round, by the toss of a coin.

    Args:
        found: as `occurrences` returns it.
        least, clear: as in `word_table` and `turned_words`.
        draws: how often.
        seed: of the coin.
    """
    table = word_table(found, least)
    kept = found[found["word"].isin(table.index)]
    document, word = pd.factorize(kept["document"])[0], table.index.get_indexer(kept["word"])
    ratings = np.zeros((document.max() + 1, len(table)))  # (documents, words)
    ratings[document, word] = kept["rating"]
    count, squares = table["documents"].to_numpy(), (ratings**2).sum(axis=0)
    coin = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, len(ratings)))
    mean = coin @ ratings / count
    error = np.sqrt((squares / count - mean**2).clip(1e-12) / (count - 1))
    z = mean / error
    sure = np.abs(table["score_z"].to_numpy()) >= clear
    return np.sum(sure & (np.abs(z) >= clear) & (z * table["score"].to_numpy() < 0), axis=1)


def dropped_marks(text: str, tokens: Sequence[str], rated: dict[str, float]) -> list[str]:
    """What stands between blanks, was rated by people, and does not reach a model as it stands: emoticons, mostly.

    Args:
        text: the raw text.
        tokens: what the model is given of it.
        rated: {word or emoticon: mean rating}.

    >>> dropped_marks("lunch :) great", ["lunch", "great"], {":)": 2.0, "great": 3.1})
    [':)']
    """
    known = set(tokens)
    return [chunk for chunk in text.split() if chunk in rated and chunk.lower() not in known]
