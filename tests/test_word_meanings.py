"""Words that a model counts for one side while people are on the other: found where planted, rare by chance."""

import numpy as np
import pandas as pd
import pytest

from lmtutorial import corpora
from lmtutorial.explainers.word_meanings import (
    dropped_marks,
    occurrences,
    turned_by_chance,
    turned_words,
    word_table,
)
from lmtutorial.preprocessing import Preprocessor

WORDS = [f"w{i}" for i in range(150)]


def made(seed: int, planted: float = 0.0, documents: int = 400, sentences: int = 1) -> pd.DataFrame:
    """Texts of ten words; a model that likes the words with even numbers; ratings to which only w0 matters, if any."""
    random = np.random.default_rng(seed)
    texts, ratings, names = [], [], []
    for document in range(documents):
        mood = random.normal()  # of the whole document
        for _ in range(sentences):
            words = random.choice(WORDS, 10, replace=False).tolist()
            texts.append(words)
            ratings.append(mood + random.normal() - planted * ("w0" in words))
            names.append(document)
    likes = {word: 1.0 if i % 2 == 0 else -1.0 for i, word in enumerate(WORDS)}
    scores = [np.array([likes[word] for word in words]) + random.normal(0, 0.1, 10) for words in texts]
    return occurrences(texts, scores, ratings, names)


def test_a_document_counts_once_for_a_word():
    found = occurrences([["a", "b", "a"], ["a"], ["b"]], [[1.0, 2.0, 3.0], [0.0], [6.0]], [1.0, 4.0, 1.0], [7, 7, 8])
    rows = found.set_index(["document", "word"])
    assert rows.loc[(7, "a"), "score"] == 2 and rows.loc[(7, "a"), "rating"] == 0.5  # texts (4, 0) and (-1, 2)
    assert rows.loc[(8, "b"), "score"] == 6 and rows.loc[(8, "b"), "rating"] == -1
    assert word_table(found, least=2)["documents"].to_dict() == {"b": 2}


def test_a_planted_word_is_found_and_no_other():
    found = turned_words(word_table(made(0, planted=2)), clear=4)  # at 3, one of 150 words may be there by chance
    assert found.index.tolist() == ["w0"] and found.loc["w0", "rating"] < 0 < found.loc["w0", "score"]


def test_where_ratings_say_nothing_chance_says_how_many_are_found():
    clear, found, foretold = 2.0, [], []
    for seed in range(6):
        table = made(seed, sentences=2)
        found.append(len(turned_words(word_table(table), clear)))
        foretold.append(turned_by_chance(table, clear=clear, draws=50).mean())
    # 150 words, of which 2.5 % are clear of zero on the other side by chance; six draws of such a count
    assert np.isclose(np.mean(foretold), 3.75, atol=1) and abs(np.mean(found) - np.mean(foretold)) < 2


def test_chance_is_the_same_for_the_same_seed():
    table = made(0)
    assert np.array_equal(turned_by_chance(table, clear=1, draws=20), turned_by_chance(table, clear=1, draws=20))
    assert not np.array_equal(
        turned_by_chance(table, clear=1, draws=20), turned_by_chance(table, clear=1, draws=20, seed=1)
    )


def test_emoticons_of_real_tweets_do_not_reach_the_network():
    lexicon, rules = corpora.load_lexicon(), Preprocessor.fit(["no film"])
    rated = dict(zip(lexicon["word"], lexicon["valence"], strict=True))
    tweet = "just burned my lip on a slice of pizza :("
    assert tweet in set(corpora.load_tweets()["text"])
    assert dropped_marks(tweet, rules.tokens(tweet), rated) == [":("] and rated[":("] < -1


def test_lengths_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 words and 1 scores in 'a b'"):
        occurrences([["a", "b"]], [[1.0]], [0.0])
    with pytest.raises(ValueError, match="1 texts need as many"):
        occurrences([["a"]], [[1.0]], [0.0, 1.0])
