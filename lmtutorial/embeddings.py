"""Words as vectors: read them, train them, ask what they know, and turn them into the first layer of a network.

Words that keep the same company get similar vectors. Word2Vec (Mikolov et al. 2013, arXiv:1301.3781) learns them by
predicting neighbours, GloVe (Pennington et al. 2014, doi:10.3115/v1/D14-1162) from counts of neighbours; here both are
gensim `KeyedVectors`.

Files are read here and not by gensim, which copies a row's only number into every column, silently ignores rows that a
header does not announce, stops at a word that contains a blank, and names no line. Memory is one float32 array and the
words: about 3 GB for a 5 GB text with 300 numbers a word, next to nothing with `words=`.
"""

import gzip
import io
import itertools
import math
import re
import warnings
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pandas as pd
import yaml
from gensim.models import KeyedVectors, Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from gensim.test.utils import datapath
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from . import files

NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf)", re.IGNORECASE)
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # text has none, four-byte floats are full of them
SIMILARITY_FILES = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


class Row(NamedTuple):
    """One row of a file: where it stands ("line 7"), its word, and its values, None where nobody asked for them."""

    place: str
    word: str
    values: array | None


def load_glove(*, limit: int | None = None, words: Iterable[str] | None = None) -> KeyedVectors:
    """The shipped vectors: 42,854 words of GloVe 6B (Wikipedia 2014 and Gigaword 5), 50 numbers each.

    Args:
        limit, words: as in `load_vectors`.

    >>> vectors = load_glove(words=["king", "queen"])
    >>> round(float(vectors.similarity("king", "queen")), 3)
    0.784
    """
    return load_vectors(files.path("embeddings/glove.6B.50d.subset.txt.gz"), limit=limit, words=words)


def load_vectors(path: str | Path, *, limit: int | None = None, words: Iterable[str] | None = None) -> KeyedVectors:
    """Read GloVe text, word2vec text (with a header) or word2vec binary, plain or gzipped: the content says which.

    Args:
        path: the file, of any size; above 32 MiB a progress bar appears after two seconds.
        limit: read only the first `limit` rows, in most files those of the most frequent words.
        words: keep only these words, in the order of the file; reading ends when all have been found.

    Returns:
        `KeyedVectors` with float32 vectors. Of a word that comes twice the first row is kept, and a warning says so.

    Raises:
        ValueError: naming the file and the line (in a binary, the row) that is too short, too long, or holds what is no
            finite number; if there are more or fewer rows than the header announces; if the file is empty, cut off, or
            something else.
    """
    path = Path(path)
    wanted = None if words is None else {words} if isinstance(words, str) else set(words)
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit!r}")
    announced, dim, binary = _recognise(path)
    index, values, repeated = {}, array("f"), []
    with _opened(path) as (raw, stream):
        read = _binary_rows if binary else _text_rows
        rows = itertools.islice(read(stream, path, dim, announced, wanted), limit)
        for place, word, row in _with_progress(rows, raw, path):
            if row is None:
                continue
            if not math.isfinite(sum(row)):
                raise ValueError(f"{place} of {path}: a value of {word!r} is not a finite number")
            if word in index:
                repeated.append((word, place))
                continue
            index[word] = len(index)
            values.extend(row)
            if wanted is not None and len(index) == len(wanted):
                break
    if not index:
        raise ValueError(f"none of the words asked for is in {path}: {sorted(wanted or [])[:5]!r}")
    if repeated:
        first = "{!r}, {}".format(*repeated[0])
        warnings.warn(f"{path} repeats {len(repeated)} word(s), first {first}: kept the earlier rows", stacklevel=2)
    return _keyed_vectors(index, np.frombuffer(values, dtype=np.float32).reshape(-1, dim))


def _with_progress(rows: Iterable[Row], raw: BinaryIO, path: Path) -> Iterator[Row]:
    """The same rows, with a bar of how much of the file has been read; none for files such as the shipped one."""
    size = path.stat().st_size
    with tqdm(total=size, desc=path.name, unit="B", unit_scale=True, delay=2, disable=size < 2**25) as bar:
        for number, row in enumerate(rows):
            if number % 1000 == 0:
                bar.update(raw.tell() - bar.n)
            yield row


def _keyed_vectors(index: dict[str, int], matrix: np.ndarray) -> KeyedVectors:
    """gensim's object around `matrix` (words, dim), without the copies that its `add_vectors` makes."""
    vectors = KeyedVectors(matrix.shape[1])
    vectors.vectors, vectors.key_to_index, vectors.index_to_key = matrix, index, list(index)
    vectors.next_index = len(index)
    vectors.expandos["count"] = np.arange(len(index), 0, -1)  # as in gensim: the order stands in for frequencies
    return vectors


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The file and its unpacked bytes; damage of a gzip archive becomes a `ValueError` that names the file."""
    with open(path, "rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            yield raw, io.BufferedReader(gzip.GzipFile(fileobj=raw)) if zipped else raw
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} is a damaged gzip archive, fetch it again: {error}") from error


def _recognise(path: Path) -> tuple[int | None, int, bool]:
    """(rows announced by a header or None, numbers in a row, whether they are binary), from the first rows."""
    with _opened(path) as (_, stream):
        first = stream.readline(1 << 20)
        header = re.fullmatch(rb"(\d+) (\d+)\s*", first)
        if header:
            announced, dim = map(int, header.groups())
            _, _, sample = stream.read(4 * dim + 1000).partition(b" ")
            if announced and dim:
                return announced, dim, bool(CONTROL.search(sample[: 4 * dim]))
        elif not CONTROL.search(first):
            lines = [first, *itertools.islice(stream, 9)]
            widths = [width for width in map(_width, lines) if width]
            if widths:
                return None, max(widths, key=widths.count), False  # the first row itself may be damaged
    raise ValueError(
        f"{path} holds no word vectors, it begins with {first[:40]!r}: expected GloVe text, word2vec text or word2vec "
        "binary, plain or gzipped (unpack other archives first)"
    )


def _width(line: bytes) -> int:
    """How many numbers end the line; the first field is always a word.

    >>> _width(b"1984 0.5 -1e-3"), _width(b". . . 0.5 1")
    (2, 2)
    """
    fields = line.rstrip().split(b" ")[1:]
    return sum(1 for _ in itertools.takewhile(NUMBER.fullmatch, reversed(fields)))


def _text_rows(stream: BinaryIO, path: Path, dim: int, announced: int | None, wanted: set[str] | None) -> Iterator[Row]:
    """Rows of "word number number ...": all that precedes the last `dim` numbers is the word, blanks included."""
    rows = 0
    for number, line in enumerate(stream, start=1):
        if (announced and number == 1) or not line.strip():
            continue
        word, *fields = line.rstrip().rsplit(b" ", dim)
        try:
            text = _decoded(word)
            values = array("f", map(float, fields)) if wanted is None or text in wanted else None
            uneven = len(fields) != dim or (b" " in word and NUMBER.fullmatch(word.rpartition(b" ")[2]))
        except ValueError:
            uneven = True
        if uneven:
            width = _width(line)
            text = _decoded(line.rstrip().rsplit(b" ", width)[0])
            raise ValueError(f"line {number} of {path}: after {text[:80]!r} come {width} numbers, expected {dim}")
        rows += 1
        yield Row(f"line {number}", text, values)
    if announced and rows != announced:
        raise ValueError(f"{path} has {rows} rows but its header announces {announced}: it is cut off or damaged")


def _binary_rows(stream: BinaryIO, path: Path, dim: int, announced: int, wanted: set[str] | None) -> Iterator[Row]:
    """Rows of word, blank, `dim` little-endian floats, and from some programs a line feed."""
    stream.readline()
    for number in range(1, announced + 1):
        word = b"".join(iter(lambda: stream.read(1).replace(b" ", b""), b""))
        data = stream.read(4 * dim)
        if len(data) < 4 * dim:
            raise ValueError(f"{path} ends in row {number} of the {announced} that its header announces: it is cut off")
        text = _decoded(word.lstrip(b"\n"))
        values = array("f", np.frombuffer(data, "<f4")) if wanted is None or text in wanted else None
        yield Row(f"row {number}", text, values)
    if stream.read(2).strip():
        raise ValueError(f"{path} goes on after the {announced} rows that its header announces: it is damaged")


def _decoded(word: bytes) -> str:
    """UTF-8; a byte that is not (old programs cut words in the middle of a letter) stays readable as `\\xc3`."""
    return word.decode("utf-8", errors="backslashreplace")


def train_word2vec(
    sentences: Iterable[Sequence[str]],
    *,
    dim: int = 50,
    window: int = 5,
    min_count: int = 2,
    epochs: int = 10,
    sg: bool = True,
    seed: int = 0,
    progress: bool = True,
) -> KeyedVectors:
    """Word2Vec with negative sampling, trained by gensim; the same seed gives the same vectors in every process.

    One thread only, because several would race; and gensim's own start values do not depend on `PYTHONHASHSEED`.

    Args:
        sentences: lists of tokens; what is not a list is read into one.
        dim: numbers in a vector.
        window: how far a neighbour may be away.
        min_count: rarer words get no vector.
        epochs: passes over the sentences; a small corpus needs more of them.
        sg: skip-gram (the word predicts its neighbours) or, if False, CBOW (the neighbours predict the word).
        seed: of the start values, the sampling and the windows.
        progress: show a bar after two seconds; False is silent.

    Returns:
        the vectors, most frequent word first, with `get_vecattr(word, "count")`.

    Raises:
        ValueError: if a sentence is a text and not a list of tokens, or if no word is frequent enough.
    """
    sentences = sentences if isinstance(sentences, Sequence) else list(sentences)
    if isinstance(sentences, str) or any(isinstance(sentence, str) for sentence in sentences):
        raise ValueError(
            "expected sentences as lists of tokens, got text: split it, [preprocessor.tokens(text) for text in texts]"
        )
    model = Word2Vec(vector_size=dim, window=window, min_count=min_count, sg=int(sg), seed=seed, workers=1)
    model.build_vocab(sentences)
    if not len(model.wv):
        raise ValueError(f"no word occurs min_count={min_count} times in {len(sentences)} sentences: lower min_count")
    with tqdm(total=epochs, desc="Word2Vec", unit="epoch", delay=2, disable=not progress) as bar:
        progress = CallbackAny2Vec()
        progress.on_epoch_end = lambda model: bar.update()
        model.train(sentences, total_examples=model.corpus_count, epochs=epochs, callbacks=[progress])
    return model.wv


def embedding_matrix(vectors: KeyedVectors, vocabulary: Sequence[str], *, seed: int = 0) -> np.ndarray:
    """row i = the vector of vocabulary[i]: the weights of an `Embedding` layer.

    Row 0 (padding) is zero. Row 1 (unknown words) and words without a vector are drawn from a normal distribution with
    the mean and standard deviation that each column has over the known words: they look like words, not like padding,
    and unlike copies of the mean vector they differ from each other.

    Args:
        vocabulary: as `Preprocessor.vocabulary`: "" first, then the unknown word, then words.
        seed: of the drawn rows.

    Returns:
        (len(vocabulary), dim) float32.

    Raises:
        ValueError: if the vocabulary does not begin with "" and the unknown word, or if none of its words has a vector.
    """
    if len(vocabulary) < 2 or vocabulary[0] != "":
        raise ValueError(f"the vocabulary must begin with '' and the unknown word, got {list(vocabulary[:3])!r}")
    known = [i for i, word in enumerate(vocabulary) if i > 1 and word in vectors]
    if not known:
        raise ValueError(f"none of the {len(vocabulary) - 2} words has a vector, for example {list(vocabulary[2:6])!r}")
    rows = vectors.vectors[[vectors.key_to_index[vocabulary[i]] for i in known]]
    drawn = np.random.default_rng(seed).standard_normal((len(vocabulary), vectors.vector_size))
    matrix = (rows.mean(axis=0) + rows.std(axis=0) * drawn).astype(np.float32)
    matrix[known] = rows
    matrix[0] = 0
    return matrix


class Coverage(NamedTuple):
    """Share of the different words (`types`) and of all running words that have a vector; the words that have none."""

    types: float
    running: float | None
    missing: list[str]


def coverage(vectors: KeyedVectors, vocabulary: Sequence[str], counts: Mapping[str, int] | None = None) -> Coverage:
    """How much of a vocabulary, and of the text behind it, the vectors know.

    Args:
        vocabulary: as `Preprocessor.vocabulary`; padding and the unknown word do not count.
        counts: how often each token occurs in the texts; tokens outside the vocabulary count as uncovered, since the
            network sees the unknown word in their place.

    >>> vectors = load_glove(words=["the", "film"])
    >>> coverage(vectors, ["", "[UNK]", "the", "film", "yonge"], counts={"the": 6, "film": 2, "yonge": 2})
    Coverage(types=0.666..., running=0.8, missing=['yonge'])
    """
    words = list(vocabulary[2:])
    if not words:
        raise ValueError(f"the vocabulary holds no words after padding and the unknown word: {list(vocabulary)!r}")
    known = {word for word in words if word in vectors}
    running = None
    if counts is not None:
        if not sum(counts.values()):
            raise ValueError("counts is empty: give how often each token occurs, for example a Counter of tokens")
        running = sum(counts.get(word, 0) for word in known) / sum(counts.values())
    return Coverage(len(known) / len(words), running, [word for word in words if word not in known])


class Similarity(NamedTuple):
    """Rank correlation with human ratings, its p-value, and the share of pairs left out for want of a vector."""

    spearman: float
    p_value: float
    left_out: float


def word_similarity(vectors: KeyedVectors, pairs: str = "wordsim353") -> Similarity:
    """Spearman's rho between cosine similarity and human ratings, as gensim computes it.

    Args:
        pairs: "wordsim353" (relatedness; Finkelstein et al. 2002, doi:10.1145/503104.503110) or "simlex999" (similarity
            proper; Hill et al. 2015, doi:10.1162/COLI_a_00237).

    Raises:
        ValueError: for another name, or if fewer than two pairs have vectors.
    """
    if pairs not in SIMILARITY_FILES:
        raise ValueError(f"no word pairs are called {pairs!r}{files.nearest(pairs, SIMILARITY_FILES)}")
    try:
        _, spearman, left_out = vectors.evaluate_word_pairs(datapath(SIMILARITY_FILES[pairs]))
    except ValueError as error:
        raise ValueError(f"of {pairs}, fewer than two pairs have vectors among these {len(vectors)} words") from error
    return Similarity(float(spearman.statistic), float(spearman.pvalue), left_out / 100)


def analogies(vectors: KeyedVectors, *, restrict_vocab: int = 30_000) -> pd.DataFrame:
    """How often b - a + c answers "a is to b as c is to ?": gensim's evaluation of the questions of Mikolov et al.

    As everywhere in the literature, the three words of the question are not accepted as the answer; without that rule
    the nearest word to b - a + c is c or b itself for about half of the questions (shipped vectors, 10,000 words).

    Args:
        restrict_vocab: only the first so many words may occur; time grows with it.

    Returns:
        one row a section and a last row "all": section, questions, answered (all four words known), correct, accuracy.
    """
    file = datapath("questions-words.txt")
    with threadpool_limits(1):  # thousands of small products: threads only wait for each other
        _, sections = vectors.evaluate_word_analogies(file, restrict_vocab=restrict_vocab)
    chunks = Path(file).read_text(encoding="utf-8").split(": ")[1:]
    asked = [len(chunk.strip().splitlines()) - 1 for chunk in chunks]
    table = pd.DataFrame(
        {
            "section": [section["section"] for section in sections[:-1]] + ["all"],
            "questions": [*asked, sum(asked)],
            "answered": [len(section["correct"]) + len(section["incorrect"]) for section in sections],
            "correct": [len(section["correct"]) for section in sections],
        }
    )
    return table.assign(accuracy=table["correct"] / table["answered"])  # NaN where nothing could be asked


class Weat(NamedTuple):
    """Effect size, one-sided p-value, each target's association, and the words that have no vector."""

    effect_size: float
    p_value: float
    associations: dict[str, float]
    missing: list[str]


def weat_lists(name: str) -> dict[str, list[str]]:
    """Four published lists by what they hold, targets X and Y, attributes A and B.

    Measure with them by `weat(vectors, *weat_lists("career-family").values())`.

    >>> list(weat_lists("career-family"))
    ['male names', 'female names', 'career', 'family']
    """
    tests = yaml.safe_load((files.path("embeddings/weat.yml")).read_text(encoding="utf-8"))
    if name not in tests:
        raise ValueError(f"no association test is called {name!r}{files.nearest(name, tests)}")
    return tests[name]


def associations(vectors: KeyedVectors, words: Sequence[str], a: Sequence[str], b: Sequence[str]) -> np.ndarray:
    """s(w, A, B) = mean over a of cos(w, a) - mean over b of cos(w, b), for each of the words; (words,), in [-2, 2]."""
    groups = [np.stack([vectors.get_vector(word, norm=True) for word in group]) for group in (words, a, b)]
    return groups[0] @ (groups[1].mean(axis=0) - groups[2].mean(axis=0))


def weat(
    vectors: KeyedVectors,
    targets_x: Sequence[str],
    targets_y: Sequence[str],
    attributes_a: Sequence[str],
    attributes_b: Sequence[str],
    *,
    permutations: int = 10_000,
    seed: int = 0,
) -> Weat:
    """d = (mean of s(x, A, B) - mean of s(y, A, B)) / standard deviation of s over X and Y.

    Positive when X goes with A and Y with B. The standard deviation divides by n - 1, as the article's figures do. The
    p-value is the share of divisions of X and Y into groups of the same sizes whose difference of means is at least as
    large: of all divisions if there are at most `permutations`, otherwise of that many random ones and the one at hand.

    Args:
        targets_x, targets_y, attributes_a, attributes_b: words; those without a vector are left out and reported.

    Raises:
        ValueError: if fewer than two words of a list have vectors, or if a word is in both X and Y.

    Source: Caliskan, Bryson and Narayanan 2017, doi:10.1126/science.aal4230.
    """
    groups = [targets_x, targets_y, attributes_a, attributes_b]
    x, y, a, b = kept = [[word for word in dict.fromkeys(group) if word in vectors] for group in groups]
    missing = [word for group in groups for word in group if word not in vectors]
    for group, left in zip(groups, kept, strict=True):
        if len(left) < 2:
            raise ValueError(f"of {list(group)!r} only {left!r} have vectors; every list needs two words at least")
    if set(x) & set(y):
        raise ValueError(f"in both lists of targets: {sorted(set(x) & set(y))!r}")
    s = associations(vectors, x + y, a, b)
    effect = (s[: len(x)].mean() - s[len(x) :].mean()) / s.std(ddof=1)
    p_value = _p_value(s, len(x), permutations, seed)
    return Weat(float(effect), p_value, dict(zip(x + y, s.tolist(), strict=True)), missing)


def _p_value(s: np.ndarray, size: int, permutations: int, seed: int) -> float:
    """Share of choices of `size` values of `s` whose sum is not below that of the first `size`, ties counted.

    With the total fixed, the sum of the chosen orders the divisions exactly as the difference of the two means does.

    >>> _p_value(np.array([3.0, 2.0, 1.0, 0.0]), 2, permutations=100, seed=0)  # only the division at hand, of six
    0.16666666666666666
    """
    least = s[:size].sum() - 1e-12 * np.abs(s).sum()  # another order of the same sum may differ in the last digits
    if math.comb(len(s), size) <= permutations:
        sums = s[np.array(list(itertools.combinations(range(len(s)), size)))].sum(axis=1)
        return float((sums >= least).mean())
    rng = np.random.default_rng(seed)
    sums = np.array([rng.permutation(s)[:size].sum() for _ in range(permutations)])
    return float((1 + (sums >= least).sum()) / (1 + permutations))
