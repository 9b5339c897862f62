"""Read text: rated sentences, a lexicon of rated words, books, and Wikipedia as Wikipedia publishes it.

Small things come as a `pandas.DataFrame`. A Wikipedia dump is larger than memory, so it comes as a stream of articles:
bzip2 blocks flow into an XML parser, each finished page is turned to plain text by gensim and forgotten.

Sources: the ratings are those of Hutto and Gilbert 2014 (VADER); `data/README.md` says more about each file.
The format of the dump: https://www.mediawiki.org/wiki/Help:Export. Full-size corpora: `lmtutorial.downloads`.
"""

import bz2
import csv
import math
import numbers
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import numpy as np
import pandas as pd
from tqdm import tqdm

from lmtutorial import files

NEUTRAL = 0.5  # a valence this close to zero is neither positive nor negative
SPLITS = ("train", "validation", "test")
RATED, LEXICON = ["id", "text", "valence", "split"], ["word", "valence", "sd", "ratings"]

# --- rated texts ----------------------------------------------------------------------------------------------------


def load_reviews(path: str | Path | None = None) -> pd.DataFrame:
    """10,605 sentences of film reviews, each rated by people.

    Args:
        path: a table of one's own with the same columns (UTF-8 CSV with a header); the shipped one when left out.

    Returns:
        one row a text: `id`, `text`, `valence` (mean rating from -4, most negative, to 4), `label` (1 positive,
        0 negative, `<NA>` where the valence is within 0.5 of zero) and `split` (train, validation or test).

    Raises:
        ValueError: for a table without these columns, or with a row that cannot be right; the row is counted from 1
            after the header.

    >>> load_reviews()["split"].value_counts().to_dict()
    {'train': 7636, 'test': 1697, 'validation': 1272}
    """
    return _rated("reviews", path)


def load_tweets(path: str | Path | None = None) -> pd.DataFrame:
    """4,200 rated tweets; arguments, columns and errors as `load_reviews`."""
    return _rated("tweets", path)


def load_products(path: str | Path | None = None) -> pd.DataFrame:
    """3,708 rated sentences of product reviews; arguments, columns and errors as `load_reviews`.

    `id` is document_sentence; no document has sentences in two splits.
    """
    return _rated("products", path)


def load_editorials(path: str | Path | None = None) -> pd.DataFrame:
    """5,190 rated sentences of newspaper editorials; arguments, columns and errors as `load_products`."""
    return _rated("editorials", path)


def load_lexicon(path: str | Path | None = None) -> pd.DataFrame:
    """7,517 words and emoticons, each rated by ten people.

    Returns:
        `word`, `valence` (mean of the ratings), `sd` (their standard deviation), `ratings` (a tuple of ten integers
        from -4 to 4).

    Raises:
        ValueError: as `load_reviews`.

    >>> load_lexicon().set_index("word").loc["gorgeous", "ratings"]
    (3, 3, 2, 3, 3, 3, 4, 4, 3, 2)
    """
    file = files.path("corpora/lexicon.csv") if path is None else Path(path)
    table = _table(file, LEXICON)
    table["valence"] = _numbers(table, "valence", -4, 4, file)
    table["sd"] = _numbers(table, "sd", 0, 4, file)
    whole = table["ratings"].str.fullmatch(r"(-?[0-4] ){9}-?[0-4]")
    _refuse(table, "ratings", ~whole, "is not ten integers from -4 to 4 with a blank between them", file)
    table["ratings"] = [tuple(map(int, ratings.split())) for ratings in table["ratings"]]
    return table


def _rated(name: str, path: str | Path | None) -> pd.DataFrame:
    file = files.path(f"corpora/{name}.csv") if path is None else Path(path)
    table = _table(file, RATED)
    _refuse(table, "text", table["text"].str.strip() == "", "is empty", file)
    _refuse(table, "split", ~table["split"].isin(SPLITS), f"is none of {', '.join(SPLITS)}", file)
    table["valence"] = _numbers(table, "valence", -4, 4, file)
    label = (table["valence"] > 0).astype("Int64").mask(table["valence"].abs() <= NEUTRAL)
    table.insert(RATED.index("split"), "label", label)
    return table


def _table(file: Path, columns: list[str]) -> pd.DataFrame:
    """The named columns of a CSV file, every field as text: a word such as "null" stays a word."""
    if not file.is_file():
        raise ValueError(f"there is no table {file}: give the path of a CSV file with the columns {', '.join(columns)}")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = [row for row in csv.reader(stream, strict=True) if row] or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not a CSV table in UTF-8: {error}") from error
    missing = [column for column in columns if header.count(column) != 1]
    if missing:
        raise ValueError(
            f"{file} has the wrong columns: {', '.join(missing)} should stand once in its first line, which has "
            f"{', '.join(header) or 'nothing'}. The columns of such a table are {', '.join(columns)}."
        )
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"{file}, row {number}: {len(row)} fields, {len(header)} expected: {row!r:.200}")
    return pd.DataFrame(rows, columns=header, dtype="str")[columns].copy()


def _numbers(table: pd.DataFrame, column: str, low: float, high: float, file: Path) -> pd.Series:
    values = pd.to_numeric(table[column], errors="coerce").astype("float64")
    _refuse(table, column, ~values.between(low, high), f"is not a number from {low} to {high}", file)
    return values


def _refuse(table: pd.DataFrame, column: str, wrong: pd.Series, why: str, file: Path) -> None:
    """Raise `ValueError` for the first row that is wrong, with its number and what stands there."""
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise ValueError(f"{file}, row {row + 1}: the {column} {table[column].iloc[row]!r} {why}")


def near_duplicates(texts: Sequence[str], overlap: float = 0.6) -> np.ndarray:
    """Pairs of texts with |a ∩ b| / |a ∪ b| >= overlap, where a and b are their sets of words (Jaccard's index).

    Not every pair is compared. Two such sets share at least `overlap` of the words of either, so they cannot differ in
    all of the rarest 1 - `overlap` of them: it is enough to compare texts that share one of those.

    Args:
        texts: the texts; case and punctuation do not count, and a text without a word is like no other.
        overlap: from just above 0 (one word in common) to 1 (the same words).

    Returns:
        (pairs, 2) positions in `texts`, the smaller first, in order.

    Raises:
        ValueError: for an overlap outside that range.

    >>> near_duplicates(["A good film!", "Whales", "a GOOD film"]).tolist()
    [[0, 2]]

    Source: Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search", section 4. The shipped splits keep
    together a little more (`data/README.md`).
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap must be above 0 and at most 1, got {overlap}")
    bags = [set(re.findall(r"\w+", text.lower())) for text in texts]
    frequency = Counter(word for bag in bags for word in bag)
    holders, pairs, tiny = defaultdict(list), [], 1e-9  # the latter for products such as 0.1 * 30
    for j, bag in enumerate(bags):
        needed, longest = math.ceil(overlap * len(bag) - tiny), len(bag) / overlap + tiny
        rarest = sorted(bag, key=lambda word: (frequency[word], word))[: len(bag) - needed + 1]
        for i in {i for word in rarest for i in holders[word]}:
            if needed <= len(bags[i]) <= longest:
                shared = len(bags[i] & bag)
                if shared >= overlap * (len(bags[i]) + len(bag) - shared) - tiny:
                    pairs.append((i, j))
        for word in rarest:
            holders[word].append(j)
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


# --- books ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    title: str
    text: str


def iter_books(folder: str | Path | None = None) -> Iterator[Book]:
    """The books of a folder one after the other, in the order of their paths; see `load_books`."""
    if folder is None:
        shipped = [files.path(name) for name in files.checksums() if re.fullmatch(r"books/.*\.txt", name)]
        return _read_books(shipped)
    if not Path(folder).is_dir():
        raise ValueError(f"{folder} is no folder: give one that holds books as UTF-8 .txt files")
    paths = sorted(path for path in Path(folder).rglob("*.txt") if path.is_file())
    if not paths:
        raise ValueError(f"the folder {folder} holds no .txt file: put books there as UTF-8 .txt files")
    return _read_books(paths)


def load_books(folder: str | Path | None = None) -> pd.DataFrame:
    """Plain-text books in the format of BookCorpus: one UTF-8 `.txt` file a book, in any depth of folders.

    Args:
        folder: where the books are; the shipped one, *Moby-Dick*, when left out.

    Returns:
        `title` (the file's name without `.txt`) and `text`. For more books than memory holds use `iter_books`.

    Raises:
        ValueError: for a folder that is missing or holds no book, and for a file that is not UTF-8, by name.

    >>> load_books()["title"].tolist()
    ['moby-dick']
    """
    return pd.DataFrame(iter_books(folder), columns=["title", "text"])


def _read_books(paths: list[Path]) -> Iterator[Book]:
    for path in tqdm(paths, desc="books", delay=2):
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not UTF-8 text: {error}. Convert it, or take it out of the folder.") from error
        yield Book(path.stem, text)


# --- Wikipedia ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Article:
    title: str
    text: str
    page_id: int


def load_wikipedia(
    dump: str | Path | None = None, limit: int | None = None, *, progress: bool = True
) -> Iterator[Article]:
    """The articles of a Wikipedia dump, one at a time, in constant memory.

    An article is a page of namespace 0 that is no redirect. A page is a redirect when the dump marks it so
    (`<redirect>`) or its text begins with `#redirect`, in capitals or not. Of the 206 pages of the dump that ships with
    gensim 100 are redirects (99 in namespace 0) and 106 are articles; who only looks for `#REDIRECT` in capitals counts
    107, because page 617 says `#redirect [[Al Gore]]`.

    Args:
        dump: a MediaWiki export of current pages (`...-pages-articles.xml.bz2`, also multistream, or a plain `.xml`);
            the small one inside gensim when left out. `lmtutorial.downloads.fetch("enwiki")` gets a full one.
        limit: stop after so many articles.
        progress: show a bar on stderr once reading has taken two seconds.

    Returns:
        an iterator of `Article(title, text, page_id)`; `pandas.DataFrame(load_wikipedia(limit=10))` makes a table.

    Raises:
        ValueError: at once for a missing file or a wrong limit. A damaged or cut dump first gives every article before
            the damage, none of them garbled, and then one error with the file and the cause.

    >>> first = next(load_wikipedia())
    >>> first.title, first.page_id, first.text[:41]
    ('Anarchism', 12, 'Anarchism is a political philosophy that ')
    """
    if limit is not None and (not isinstance(limit, numbers.Integral) or limit < 0):
        raise ValueError(f"limit is the number of articles, 0 or more, or None for all of them; got {limit!r}")
    if dump is None:
        from gensim.test.utils import datapath

        dump = datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
    if not Path(dump).is_file():
        raise ValueError(f"there is no dump {dump}: lmtutorial.downloads.fetch('simplewiki') gets one")
    return _articles(Path(dump), limit, progress)


def _articles(path: Path, limit: int | None, progress: bool) -> Iterator[Article]:
    count, where = 0, "before its first article"
    look = {"unit": "B", "unit_scale": True, "desc": path.name, "delay": 2, "disable": not progress}
    with path.open("rb") as file, tqdm(total=path.stat().st_size, **look) as bar:
        try:
            for page, namespace in _pages(_unpacked(file, bar)) if limit != 0 else ():
                article = _article(page, namespace)
                if article is None:
                    continue
                yield article
                count, where = count + 1, f"after article {count + 1:,}, {article.title!r}"
                if count == limit:
                    return
        except (ValueError, LookupError, SyntaxError, OSError) as error:  # SyntaxError is what ElementTree raises
            raise ValueError(f"{path} is damaged {where}: {error}") from error


def _article(page: ElementTree.Element, namespace: str) -> Article | None:
    """Plain text of a page; None if it is no article."""
    title, number = page.findtext(f"{namespace}title"), page.findtext(f"{namespace}id")
    text = page.find(f"{namespace}revision/{namespace}text")
    if not title or text is None or not (number or "").strip().isdecimal():
        missing = "title" if not title else "text" if text is None else "id"
        raise ValueError(f"the page {title!r} (id {number}) has no <{missing}>")
    raw = text.text or ""  # a text that was deleted for legal reasons is an empty element
    redirect = page.find(f"{namespace}redirect") is not None or raw.lstrip()[:9].lower() == "#redirect"
    # Exports from before 2012 (format 0.5) name no namespace by number.
    if redirect or page.findtext(f"{namespace}ns", "0").strip() != "0":
        return None
    return Article(title, plain_text(raw), int(number))


# gensim takes all from "<" to the next ">" for a tag. "Found at the <10 ppm level" cost the article "Asphalt" 32,566
# characters: so a sign that begins no tag is put aside as NUL, which XML cannot hold.
_LESS_THAN = re.compile(r"(?:<|&lt;)(?![A-Za-z/!])")


def plain_text(markup: str) -> str:
    """What is left of wiki markup when gensim has taken out templates, tables, references and links.

    gensim keeps the marks of bold text, headings and lists; they go here, and so do runs of blank lines. A "<" that
    begins no tag stays.

    >>> plain_text("== Whales ==\\n* '''Moby''' is a [[whale|white whale]]&nbsp;{{citation needed}}")
    'Whales\\nMoby is a white whale'
    """
    from gensim.corpora.wikicorpus import filter_wiki

    text = filter_wiki(_LESS_THAN.sub("\0", markup)).replace("\0", "<")
    text = re.sub(r"'{2,}|__[A-Z]+__", "", text)
    text = re.sub(r"^(=+)[ \t]*(.*?)[ \t]*\1[ \t]*$", r"\2", text, flags=re.MULTILINE)
    text = re.sub(r"^[*#:;]+[ \t]*", "", text, flags=re.MULTILINE)
    text = re.sub(r"[ \t\xa0]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _pages(chunks: Iterable[bytes]) -> Iterator[tuple[ElementTree.Element, str]]:
    """(page element, "{XML namespace}") for each page of a MediaWiki export.

    gensim's own `extract_pages` empties each page but leaves the empty elements in the tree: some 200 bytes a page, so
    gigabytes for the tens of millions of pages of a full Wikipedia. Here the tree lets go of them too.
    """
    from gensim.corpora.wikicorpus import get_namespace

    root = None
    for event, element in _events(chunks):
        if root is None:
            root, namespace = element, f"{{{get_namespace(element.tag)}}}"
        elif event == "end" and element.tag == f"{namespace}page":
            yield element, namespace
            root.clear()


def _events(chunks: Iterable[bytes]) -> Iterator[tuple[str, ElementTree.Element]]:
    """What the XML parser sees. All that lies before an error comes out before the error does."""
    parser = ElementTree.XMLPullParser(("start", "end"))
    damage = None
    try:
        for chunk in chunks:
            parser.feed(chunk)
            yield from parser.read_events()
    except (ValueError, LookupError, SyntaxError, OSError) as error:
        damage = error
    try:
        parser.close()  # newer expat holds back the end of what it was fed until it is told that no more comes
    except SyntaxError as error:
        damage = damage or ValueError(f"the XML ends too early or is malformed ({error})")
    yield from parser.read_events()
    if damage is not None:
        raise damage


PIECE = 512  # bytes: a block of compressed text is larger, so that a piece seldom holds the ends of two


def _unpacked(file: BinaryIO, bar: tqdm) -> Iterator[bytes]:
    """The dump's XML in pieces, whether the file is bzip2 (of one stream or many) or XML already."""
    head = file.read(4)
    file.seek(0)
    if not head:
        raise ValueError("the file is empty")
    if head.startswith(b"BZh"):
        blocks = _blocks(file, bar)
    elif head.startswith((b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or head[:1].isspace():
        blocks = iter(lambda: file.read(1 << 16), b"")
    else:
        raise ValueError(f"it is neither bzip2 nor XML: it begins with {head!r}")
    for block in blocks:
        if not head.startswith(b"BZh"):
            bar.update(len(block))
        yield from (block[i : i + (1 << 16)] for i in range(0, len(block), 1 << 16))


def _blocks(file: BinaryIO, bar: tqdm) -> Iterator[bytes]:
    """The bzip2 blocks whose checksums are right, up to the end or the first wrong one.

    `bz2.BZ2File` would hand out parts of a block before its checksum is known, lose the good data that it read together
    with bad, and end in silence at bytes that follow the last stream.
    """
    stream, stream_start, rest = bz2.BZ2Decompressor(), 0, b""
    while piece := rest or file.read(PIECE):
        start = file.tell() - len(piece)
        try:
            block = _drained(stream, piece)
        except OSError as error:
            yield from _salvaged(file, stream_start, start, piece)
            where = "after the end of the compressed data stands something else," if start == stream_start else "near"
            raise ValueError(f"the compressed data are wrong: {where} byte {start:,} ({error})") from error
        rest = stream.unused_data
        bar.update(len(piece) - len(rest))
        if block:
            yield block
        if stream.eof:
            stream, stream_start = bz2.BZ2Decompressor(), file.tell() - len(rest)
    if stream_start < file.tell():
        raise ValueError(f"the compressed data are cut: byte {file.tell():,} is the last, in the middle of a stream")


def _drained(stream: bz2.BZ2Decompressor, piece: bytes) -> bytes:
    """All that comes out for a piece. Asked once, bzip2 may give part of a block and check it with the next piece."""
    parts = [stream.decompress(piece)]
    while not stream.eof and (more := stream.decompress(b"")):
        parts.append(more)
    return b"".join(parts)


def _salvaged(file: BinaryIO, stream_start: int, start: int, piece: bytes) -> Iterator[bytes]:
    """The blocks that end in a piece before the damage does: go back to the start of the stream, then byte by byte."""
    stream = bz2.BZ2Decompressor()
    file.seek(stream_start)
    while file.tell() < start:
        _drained(stream, file.read(min(PIECE, start - file.tell())))
    for byte in piece:
        try:
            yield _drained(stream, bytes([byte]))
        except OSError:
            return
