"""Running text, and splits without leaks."""

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.documents import SPLITS, load_documents, split_documents
from lmtutorial.preprocessing import END, SPECIAL, Preprocessor, join_tokens

RULES = Preprocessor(SPECIAL, "language")


@pytest.fixture(scope="module")
def tables():
    return {corpus: load_documents(corpus, progress=False) for corpus in ("wiki", "book")}


def test_every_article_and_every_chapter_is_there_once(tables):
    wiki, book = tables["wiki"], tables["book"]
    assert len(wiki) == 106 and len(book) == 135
    assert wiki["title"].is_unique and book["title"].is_unique and set(wiki["split"]) == set(SPLITS)
    whole = " ".join(lt.load_books()["text"][0].split())
    assert " ".join(" ".join(book["text"]).split()) == whole, "no word of the book is lost or doubled"


def test_both_corpora_keep_their_splits(tables):
    both = load_documents("both", progress=False)
    parts = [tables["wiki"], tables["book"]]
    assert both["split"].tolist() == [split for part in parts for split in part["split"]]
    assert both["text"].tolist() == [text for part in parts for text in part["text"]]


@pytest.mark.parametrize("corpus", ["wiki", "book"])
def test_a_tenth_of_the_text_is_held_out_twice(tables, corpus):
    characters = tables[corpus].assign(n=tables[corpus]["text"].str.len()).groupby("split")["n"].sum()
    shares = characters / characters.sum()
    # the document that reaches a tenth is the last: none is longer than 4 % of the corpus
    assert 0.1 <= shares["test"] < 0.14 and 0.1 <= shares["validation"] < 0.14


@pytest.mark.parametrize("corpus, most", [("wiki", 0.005), ("book", 0.0)])
def test_hardly_any_stretch_of_13_tokens_stands_in_two_splits(tables, corpus, most):
    """What is left are the lists of confessions in the articles on two states, and one sentence on amphibians."""
    table = tables[corpus]

    def stretches(split):
        tokens = [RULES.tokens(text) for text in table.loc[table["split"] == split, "text"]]
        return [tuple(t[i : i + 13]) for t in tokens for i in range(len(t) - 12)]

    seen = set(stretches("train"))
    for split in ("validation", "test"):
        copied = np.mean([stretch in seen for stretch in stretches(split)])
        assert copied <= most


def test_the_splits_are_drawn_once_from_the_seed(tables):
    texts = tables["book"]["text"]
    assert split_documents(texts) == tables["book"]["split"].tolist() != split_documents(texts, seed=1)


def test_three_documents_are_enough_for_three_splits():
    assert sorted(split_documents(["a", "b", "c"])) == ["test", "train", "validation"]


@pytest.mark.parametrize("texts, share", [(["a", "b"], 0.1), (["a"] * 9, 0.5), (["a"] * 9, 0)])
def test_what_cannot_be_split_is_refused(texts, share):
    with pytest.raises(ValueError, match="three documents and a share"):
        split_documents(texts, held_out=share)


def test_an_unknown_corpus_is_refused():
    with pytest.raises(ValueError, match="no corpus 'wikipedia'; did you mean 'wiki'"):
        load_documents("wikipedia")


def test_the_rules_of_a_language_model_keep_marks_lines_and_short_words():
    text = "“I can’t,” he said (in 1984).\n\n  A day: the dog's;\nwhy? no!"
    assert RULES.tokens(text) == (
        ["\"", "i", "ca", "n't", ",", "\"", "he", "said", "(", "in", "1984", ")", ".", END]
        + ["a", "day", ":", "the", "dog", "'s", ";", END, "why", "?", "no", "!"]
    )  # fmt: skip
    assert [text[a:b] for a, b in RULES.spans(text)][:4] == ["“", "I", "ca", "n’t"]


def test_tokens_are_joined_to_text_that_gives_the_same_tokens(tables):
    for text in tables["book"]["text"][:20]:
        tokens = RULES.tokens(text)
        assert RULES.tokens(join_tokens(tokens)) == tokens
