"""Word vectors: what a file holds arrives, damage is named, every measure agrees with gensim or with a sum by hand."""

import gzip
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from lmtutorial import embeddings, files

ROWS = [
    ("film", [0.5, -1.25, 3.0]),
    (". . .", [1e-3, 2.0, -0.125]),
    ("1984", [0.0, 0.1, -7.5]),
    ("café", [1.0, 2.0, 4.0]),
]
GLOVE = "embeddings/glove.6B.50d.subset.txt.gz"


@pytest.fixture(scope="module")
def glove() -> KeyedVectors:
    return embeddings.load_glove()


@pytest.fixture
def written(tmp_path):
    """A function that writes bytes to a file and returns its path."""
    numbers = itertools.count()

    def write(content: bytes) -> Path:
        path = tmp_path / f"vectors-{next(numbers)}"
        path.write_bytes(content)
        return path

    return write


def as_text(rows, header=False, end="\n") -> bytes:
    lines = [f"{word} {' '.join(map(str, values))}{end}" for word, values in rows]
    return "".join([f"{len(rows)} {len(rows[0][1])}\n"] * header + lines).encode()


def as_binary(rows, end=b"") -> bytes:
    records = [word.encode() + b" " + np.array(values, "<f4").tobytes() + end for word, values in rows]
    return b"%d %d\n" % (len(rows), len(rows[0][1])) + b"".join(records)


def from_keys(**rows) -> KeyedVectors:
    vectors = KeyedVectors(len(next(iter(rows.values()))))
    vectors.add_vectors(list(rows), np.array(list(rows.values()), dtype=np.float32))
    return vectors


# Reading -------------------------------------------------------------------------------------------------------------


def test_every_row_of_the_shipped_vectors_arrives(glove):
    with gzip.open(files.path(GLOVE), "rt", encoding="utf-8") as lines:
        split = [line.split() for line in lines]
    assert len(split) == 42_854
    assert glove.index_to_key == [fields[0] for fields in split]
    np.testing.assert_array_equal(glove.vectors, np.array([fields[1:] for fields in split], dtype=np.float32))
    assert glove.vectors.dtype == np.float32


def test_the_shipped_vectors_equal_gensims_own_reading(glove):
    expected = KeyedVectors.load_word2vec_format(files.path(GLOVE), no_header=True, limit=500)
    np.testing.assert_array_equal(glove.vectors[:500], expected.vectors)
    assert glove.most_similar("king", topn=1)[0][0] == "prince"
    assert glove.get_vecattr("the", "count") > glove.get_vecattr("film", "count")


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    "content",
    [
        as_text(ROWS),
        as_text(ROWS, header=True),
        as_text(ROWS, header=True, end=" \n"),
        as_text(ROWS, end="\r\n"),
        as_text(ROWS).rstrip(b"\n"),
    ],
    ids=["glove", "word2vec", "blank at line end", "windows", "no last line feed"],
)
def test_every_text_format_gives_the_same_vectors(written, content, zipped):
    vectors = embeddings.load_vectors(written(gzip.compress(content) if zipped else content))
    assert vectors.index_to_key == [word for word, _ in ROWS]
    np.testing.assert_array_equal(vectors.vectors, np.array([values for _, values in ROWS], dtype=np.float32))


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", [b"", b"\n"], ids=["gensim's", "word2vec's"])
def test_every_binary_format_gives_the_same_vectors(written, zipped, end):
    rows = [row for row in ROWS if " " not in row[0]]  # a blank ends the word in a binary
    content = as_binary(rows, end)
    vectors = embeddings.load_vectors(written(gzip.compress(content) if zipped else content))
    assert vectors.index_to_key == [word for word, _ in rows]
    np.testing.assert_array_equal(vectors.vectors, np.array([values for _, values in rows], dtype=np.float32))


@pytest.mark.parametrize(
    ("name", "binary"), [("v.bin", True), ("v.txt", False), ("v.bin.gz", True), ("v.txt.gz", False)]
)
def test_what_gensim_saves_is_read_back_identically(glove, tmp_path, name, binary):
    some = embeddings.load_glove(limit=2000)
    some.save_word2vec_format(str(tmp_path / name), binary=binary)
    again = embeddings.load_vectors(tmp_path / name)
    assert again.index_to_key == glove.index_to_key[:2000]
    np.testing.assert_array_equal(again.vectors, glove.vectors[:2000])


def test_the_wanted_words_alone_are_kept_in_the_order_of_the_file(glove):
    some = embeddings.load_glove(words=["queen", "the", "no-such-word", "king"])
    assert some.index_to_key == ["the", "king", "queen"]
    np.testing.assert_array_equal(some["queen"], glove["queen"])


def test_reading_ends_when_all_wanted_words_are_found(written):
    path = written(as_text(ROWS) + b"broken 1\n")
    assert len(embeddings.load_vectors(path, words=["film", "1984"])) == 2
    assert len(embeddings.load_vectors(path, limit=4)) == 4


def test_a_repeated_word_keeps_its_first_row_and_warns(written):
    path = written(as_text([("film", [1, 2]), ("film", [3, 4]), ("book", [5, 6])]))
    with pytest.warns(UserWarning, match=r"repeats 1 word\(s\), first 'film', line 2"):
        vectors = embeddings.load_vectors(path)
    assert (vectors.index_to_key, vectors["film"].tolist(), vectors["book"].tolist()) == (
        ["film", "book"],
        [1, 2],
        [5, 6],
    )


def test_a_word_cut_inside_a_letter_stays_apart_from_others(written):
    vectors = embeddings.load_vectors(written(b"caf\xc3 1 2\ncaf\xc4 3 4\n"))
    assert vectors.index_to_key == [r"caf\xc3", r"caf\xc4"]


# Damage --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"short 1 2", "'short' come 2"),
        (b"single 1", "'single' come 1"),  # gensim would fill the whole row with it
        (b"bare", "'bare' come 0"),
        (b"2008 1 2", "'2008' come 2"),
        (b"long 1 2 3 4", "'long' come 4"),
        (b"typo 1 x 3", "'typo 1 x' come 1"),
        (b". . 2 3", "'. .' come 2"),
    ],
)
@pytest.mark.parametrize("position", [0, 1, 4])
def test_an_uneven_row_is_refused_with_its_line_and_both_widths(written, line, found, position, zipped):
    lines = as_text(ROWS).splitlines()
    lines.insert(position, line)
    content = b"\n".join(lines) + b"\n"
    path = written(gzip.compress(content) if zipped else content)
    with pytest.raises(ValueError) as error:
        embeddings.load_vectors(path)
    assert str(error.value) == f"line {position + 1} of {path}: after {found} numbers, expected 3"


def test_one_short_row_among_all_shipped_ones_is_found(written):
    lines = gzip.decompress(files.path(GLOVE).read_bytes()).splitlines()
    lines[30_000] = lines[30_000].rpartition(b" ")[0]
    with pytest.raises(ValueError, match=r"line 30001 of .* come 49 numbers, expected 50$"):
        embeddings.load_vectors(written(b"\n".join(lines)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no word vectors, it begins with b''"),
        (b"just prose, no numbers\n", "holds no word vectors"),
        (b"PK\x03\x04" + bytes(100), "unpack other archives first"),
        (as_text([("a", [1, 2]), ("b", [float("nan"), 4])]), "line 2 of .*: a value of 'b' is not a finite number"),
        (as_binary([("a", [1, 2]), ("b", [float("inf"), 4])]), "row 2 of .*: a value of 'b' is not a finite number"),
        (b"5 3\n" + as_text(ROWS), "has 4 rows but its header announces 5"),
        (b"3 3\n" + as_text(ROWS), "has 4 rows but its header announces 3"),
        (as_binary(ROWS[2:])[:-3], "ends in row 2 of the 2"),
        (as_binary(ROWS[2:]) + b"more", "goes on after the 2 rows"),
        (gzip.compress(as_text(ROWS * 50))[:-12], "damaged gzip archive"),
        (gzip.compress(as_text(ROWS * 50))[:-6] + b"123456", "damaged gzip archive"),
    ],
    ids=["empty", "prose", "zip", "nan", "inf", "too few", "too many", "cut", "too long", "gzip cut", "gzip altered"],
)
def test_a_damaged_file_is_refused_by_name(written, content, message):
    path = written(content)
    with pytest.raises(ValueError, match=message) as error:
        embeddings.load_vectors(path)
    assert str(path) in str(error.value)


def test_a_request_that_nothing_can_answer_is_refused(written):
    path = written(as_text(ROWS))
    with pytest.raises(ValueError, match="none of the words asked for is in .*'absent'"):
        embeddings.load_vectors(path, words=["absent"])
    with pytest.raises(ValueError, match="limit must be at least 1, got 0"):
        embeddings.load_vectors(path, limit=0)
    with pytest.raises(FileNotFoundError, match="absent"):
        embeddings.load_vectors("absent.txt")


# Training ------------------------------------------------------------------------------------------------------------

SENTENCES = [
    f"the {who} {does} the {what}".split() for who in ("cat", "dog") for does in ("sees", "has") for what in "abcd"
]
TRAIN = f"""
from lmtutorial.embeddings import train_word2vec
vectors = train_word2vec({SENTENCES!r}, dim=8, epochs=5)
print(vectors.index_to_key, vectors.vectors.tobytes().hex())
"""


def test_training_repeats_itself_whatever_the_hash_seed():
    root = Path(embeddings.__file__).parents[1]
    runs = {
        subprocess.run(
            [sys.executable, "-c", TRAIN],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    here = embeddings.train_word2vec(SENTENCES, dim=8, epochs=5)
    assert runs == {f"{here.index_to_key} {here.vectors.tobytes().hex()}\n"}


def test_training_follows_its_settings():
    vectors = embeddings.train_word2vec(iter(SENTENCES), dim=6, min_count=8, epochs=3)
    assert vectors.vectors.shape == (len({"the", "cat", "dog", "sees", "has"}), 6)
    assert (vectors.index_to_key[0], vectors.get_vecattr("the", "count")) == ("the", 32)
    assert not np.array_equal(vectors.vectors, embeddings.train_word2vec(SENTENCES, dim=6, min_count=8, seed=1).vectors)


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_shows_the_epochs_unless_silence_is_asked_for(capsys, monkeypatch, progress):
    bar = embeddings.tqdm
    monkeypatch.setattr(embeddings, "tqdm", lambda **settings: bar(**settings | {"delay": 0}))
    embeddings.train_word2vec(SENTENCES, dim=4, epochs=2, progress=progress)
    assert ("Word2Vec: 100%" in capsys.readouterr().err) == progress


@pytest.mark.parametrize("sentences", ["a text", ["a text", "another"]])
def test_training_refuses_text_that_was_not_split(sentences):
    with pytest.raises(ValueError, match="lists of tokens"):
        embeddings.train_word2vec(sentences)


def test_training_refuses_a_corpus_without_frequent_words():
    with pytest.raises(ValueError, match="no word occurs min_count=2 times in 1 sentences"):
        embeddings.train_word2vec([["every", "word", "once"]])


# The embedding matrix ------------------------------------------------------------------------------------------------


def test_the_rows_of_the_matrix_are_the_rows_of_the_file(glove):
    vocabulary = ["", "[UNK]", "film", "no-such-word", "the", "zoo"]
    wanted = {}
    with gzip.open(files.path(GLOVE), "rt", encoding="utf-8") as lines:
        for line in lines:
            word, *values = line.split()
            wanted[word] = np.array(values, dtype=np.float32)
    matrix = embeddings.embedding_matrix(glove, vocabulary)
    assert matrix.shape == (6, 50) and matrix.dtype == np.float32
    for i in (2, 4, 5):
        np.testing.assert_array_equal(matrix[i], wanted[vocabulary[i]])


def test_padding_is_zero_and_unknown_words_look_like_words(glove):
    unknown = [f"no-such-word-{i}" for i in range(4000)]
    vocabulary = ["", "[UNK]", *glove.index_to_key[:4000], *unknown]
    matrix = embeddings.embedding_matrix(glove, vocabulary)
    known, drawn = matrix[2:4002], matrix[4002:]
    assert not matrix[0].any() and matrix[1].any()
    # 4,000 draws: the standard errors are 0.016 and 0.011 standard deviations; five of them bound all fifty columns
    assert np.abs((drawn.mean(axis=0) - known.mean(axis=0)) / known.std(axis=0)).max() < 5 * 0.016
    assert np.abs(drawn.std(axis=0) / known.std(axis=0) - 1).max() < 5 * 0.012
    assert len(np.unique(drawn, axis=0)) == len(unknown)
    np.testing.assert_array_equal(matrix, embeddings.embedding_matrix(glove, vocabulary))
    assert not np.array_equal(matrix, embeddings.embedding_matrix(glove, vocabulary, seed=1))


def test_the_unknown_word_has_no_vector_even_where_the_file_holds_its_name():
    vectors = from_keys(**{"": [9, 9], "[UNK]": [9, 9], "film": [1, 2], "book": [3, 4]})
    matrix = embeddings.embedding_matrix(vectors, ["", "[UNK]", "film", "book"])
    assert matrix[2:].tolist() == [[1, 2], [3, 4]] and not matrix[0].any() and matrix[1].tolist() != [9, 9]


def test_a_matrix_without_known_words_or_without_padding_is_refused(glove):
    with pytest.raises(ValueError, match=r"none of the 1 words has a vector, for example \['FILM'\]"):
        embeddings.embedding_matrix(glove, ["", "[UNK]", "FILM"])
    with pytest.raises(ValueError, match="must begin with '' and the unknown word, got .'film', 'book'"):
        embeddings.embedding_matrix(glove, ["film", "book"])


def test_coverage_counts_words_and_running_words(glove):
    vocabulary = ["", "[UNK]", "film", "the", "no-such-word"]
    share = embeddings.coverage(glove, vocabulary, {"the": 5, "film": 1, "no-such-word": 2, "outside": 2})
    assert share == (pytest.approx(2 / 3), pytest.approx(0.6), ["no-such-word"])
    assert embeddings.coverage(glove, vocabulary).running is None
    with pytest.raises(ValueError, match="no words after padding"):
        embeddings.coverage(glove, ["", "[UNK]"])
    with pytest.raises(ValueError, match="counts is empty"):
        embeddings.coverage(glove, vocabulary, {})


# What vectors know ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "file"), [("wordsim353", "wordsim353.tsv"), ("simlex999", "simlex999.txt")])
def test_similarity_is_gensims_own(glove, name, file):
    _, spearman, left_out = glove.evaluate_word_pairs(datapath(file))
    assert embeddings.word_similarity(glove, name) == (spearman.statistic, spearman.pvalue, left_out / 100)


def test_the_shipped_vectors_score_as_measured(glove):
    assert embeddings.word_similarity(glove, "wordsim353").spearman == pytest.approx(0.503, abs=0.001)
    assert embeddings.word_similarity(glove, "simlex999").spearman == pytest.approx(0.265, abs=0.001)


def test_pairs_without_a_vector_are_reported_and_too_few_are_refused():
    few = embeddings.load_glove(words=["tiger", "cat", "book", "paper", "king", "queen"])
    assert 0.98 < embeddings.word_similarity(few).left_out < 1
    with pytest.raises(ValueError, match="of simlex999, fewer than two pairs have vectors among these 2 words"):
        embeddings.word_similarity(embeddings.load_glove(words=["tiger", "book"]), "simlex999")
    with pytest.raises(ValueError, match="no word pairs are called 'simlex'; did you mean 'simlex999'"):
        embeddings.word_similarity(few, "simlex")


def test_analogies_are_gensims_own_and_add_up(glove):
    table = embeddings.analogies(glove, restrict_vocab=2000).set_index("section")
    score, sections = glove.evaluate_word_analogies(datapath("questions-words.txt"), restrict_vocab=2000)
    assert table.loc["all", "accuracy"] == score
    assert table["correct"].tolist() == [len(section["correct"]) for section in sections]
    assert table.loc["all", "questions"] == 19_544 and len(table) == 15
    assert (table["correct"] <= table["answered"]).all() and (table["answered"] <= table["questions"]).all()
    assert table["answered"].iloc[:-1].sum() == table.loc["all", "answered"] > 100


# Association ---------------------------------------------------------------------------------------------------------


def test_weat_equals_the_computation_by_hand():
    # A is the axis (1, 0), B the axis (0, 1): s(w, A, B) is the difference of a unit vector's two coordinates
    vectors = from_keys(
        **{
            "x1": [1, 0],
            "x2": [3, 4],
            "y1": [0, 2],
            "y2": [4, 3],
            "a1": [1, 0],
            "a2": [2, 0],
            "b1": [0, 1],
            "b2": [0, 5],
        }
    )
    result = embeddings.weat(vectors, ["x1", "x2"], ["y1", "y2"], ["a1", "a2"], ["b1", "b2", "absent"])
    assert result.associations == pytest.approx({"x1": 1.0, "x2": -0.2, "y1": -1.0, "y2": 0.2}, abs=1e-6)
    assert result.effect_size == pytest.approx((0.4 - -0.4) / np.sqrt((1 + 0.04 + 1 + 0.04) / 3), abs=1e-6)
    assert result.p_value == 2 / 6  # of the six pairs' sums 0.8, 0, 1.2, -1.2, 0 and -0.8
    assert result.missing == ["absent"]


def test_weat_turns_its_sign_with_either_pair_of_lists(glove):
    x, y, a, b = embeddings.weat_lists("career-family").values()
    effect = embeddings.weat(glove, x, y, a, b).effect_size
    assert embeddings.weat(glove, y, x, a, b).effect_size == pytest.approx(-effect)
    assert embeddings.weat(glove, x, y, b, a).effect_size == pytest.approx(-effect)


def test_random_divisions_estimate_the_share_of_all(glove):
    lists = list(embeddings.weat_lists("career-family").values())
    lists[:2] = [lists[0][:6] + lists[1][6:], lists[1][:6] + lists[0][6:]]  # mixed, so that the share is not tiny
    every = embeddings.weat(glove, *lists, permutations=20_000).p_value  # C(16, 8) = 12,870
    some = embeddings.weat(glove, *lists, permutations=5_000, seed=3).p_value
    assert 0.001 < every < 0.5
    assert some == pytest.approx(every, abs=4 * np.sqrt(every * (1 - every) / 5_000))
    assert some == embeddings.weat(glove, *lists, permutations=5_000, seed=3).p_value


def test_the_shipped_vectors_repeat_the_published_associations(glove):
    for name in ("flowers-insects", "instruments-weapons", "career-family", "math-arts"):
        result = embeddings.weat(glove, *embeddings.weat_lists(name).values())
        assert result.effect_size > 1 and result.p_value < 0.01, name
    assert [len(group) for group in embeddings.weat_lists("flowers-insects").values()] == [25] * 4
    assert result.missing == []


def test_weat_refuses_lists_that_it_cannot_compare(glove):
    names = ["john", "paul"], ["amy", "joan"]
    with pytest.raises(ValueError, match=r"only \['john'\] have vectors; every list needs two"):
        embeddings.weat(glove, ["john", "no-such-word"], names[1], *names)
    with pytest.raises(ValueError, match=r"in both lists of targets: \['paul'\]"):
        embeddings.weat(glove, names[0], ["paul", "amy"], *names)
    with pytest.raises(ValueError, match="no association test is called 'career'; did you mean 'career-family'"):
        embeddings.weat_lists("career")
