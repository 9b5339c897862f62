"""Corpora: the tables are what they claim, a dump is read whole, and damage never passes for text."""

import bz2
import importlib.util
import random
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from gensim.corpora.wikicorpus import extract_pages, filter_wiki
from gensim.test.utils import datapath
from tqdm import tqdm

import lmtutorial as lt
from lmtutorial import corpora

SIZES = {"reviews": 10605, "products": 3708, "tweets": 4200, "editorials": 5190}
LOAD = {name: getattr(corpora, f"load_{name}") for name in SIZES}
DUMP = Path(datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"))

# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_each_rated_corpus_has_every_row_of_its_source(name):
    table = LOAD[name]()
    assert list(table) == ["id", "text", "valence", "label", "split"]
    assert len(table) == SIZES[name]
    assert table["valence"].between(-4, 4).all()
    assert set(table["split"]) == {"train", "validation", "test"}
    assert table["text"].str.strip().ne("").all()


@pytest.mark.parametrize("name", SIZES)
def test_a_label_follows_from_the_valence_and_the_undecided_have_none(name):
    table = LOAD[name]()
    assert str(table["label"].dtype) == "Int64"
    expected = [1 if v > 0.5 else 0 if v < -0.5 else None for v in table["valence"]]
    assert [None if label is pd.NA else label for label in table["label"]] == expected
    assert set(expected) == {0, 1, None}


def test_the_test_split_of_the_reviews_is_large_enough_to_tell_models_apart():
    reviews = lt.load_reviews()
    assert reviews.loc[reviews["split"] == "test", "label"].notna().sum() >= 1500


def near_duplicate_pairs(texts, threshold=0.6):
    """(pairs, 2) rows whose word sets overlap by `threshold` (Jaccard), counted 500 texts at a time."""
    words = [frozenset(re.findall(r"\w+", text.lower())) for text in texts]
    column = {word: i for i, word in enumerate(set().union(*words))}
    ends = np.cumsum([0, *map(len, words)])
    columns = [column[word] for row in words for word in row]
    has = scipy.sparse.csr_array((np.ones(len(columns), np.float32), columns, ends), shape=(len(words), len(column)))
    size, pairs = np.diff(ends), []
    for start in range(0, len(words), 500):
        shared = (has[start : start + 500] @ has.T).toarray()
        jaccard = shared / np.maximum(size[start : start + 500, None] + size - shared, 1)
        i, j = np.nonzero(np.triu(jaccard >= threshold, k=start + 1))
        pairs.append(np.stack([i + start, j], axis=1))
    return np.concatenate(pairs)


@pytest.mark.parametrize("name", SIZES)
def test_no_near_duplicate_crosses_the_splits(name):
    table = LOAD[name]()
    pairs = near_duplicate_pairs(table["text"])
    assert len(pairs), "the corpus is known to repeat itself: finding no pair means that the check is broken"
    split = table["split"].to_numpy()
    crossing = [(table["text"][i], table["text"][j]) for i, j in pairs if split[i] != split[j]]
    assert crossing == []


@pytest.mark.parametrize("name", ["products", "editorials"])
def test_no_document_crosses_the_splits(name):
    table = LOAD[name]()
    documents = table.groupby(table["id"].str.split("_").str[0])["split"].nunique()
    assert len(documents) > 100
    assert documents.max() == 1


@pytest.mark.parametrize(("name", "overlap"), [("tweets", 0.6), ("products", 0.35), ("editorials", 1.0)])
def test_near_duplicates_are_found_without_comparing_every_pair(name, overlap):
    texts = LOAD[name]()["text"]
    expected = near_duplicate_pairs(texts, overlap)
    assert len(expected) > 50
    assert corpora.near_duplicates(texts, overlap).tolist() == sorted(expected.tolist())


def test_texts_without_words_are_like_no_other_and_an_overlap_out_of_range_is_refused():
    assert corpora.near_duplicates(["", "...", "", "a"]).shape == (0, 2)
    assert corpora.near_duplicates([]).shape == (0, 2)
    for overlap in (0, -1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=f"at most 1, got {overlap}"):
            corpora.near_duplicates(["a"], overlap)


def test_the_lexicon_gives_each_word_ten_ratings_and_their_mean():
    lexicon = lt.load_lexicon()
    assert lexicon.shape == (7517, 4)
    assert all(len(ratings) == 10 for ratings in lexicon["ratings"])
    means = lexicon["ratings"].map(lambda ratings: sum(ratings) / 10)
    # VADER's authors rounded to one decimal, and a few of their means differ from their own ratings by more.
    assert ((means - lexicon["valence"]).abs() <= 0.051).mean() > 0.99


def test_words_that_look_like_missing_values_stay_words(tmp_path):
    words = ["null", "nan", "NA", "None", "n/a"]
    ratings = " ".join(["-1"] * 10)
    path = tmp_path / "lexicon.csv"
    path.write_text("word,valence,sd,ratings\n" + "".join(f"{w},-1,0,{ratings}\n" for w in words), encoding="utf-8")
    assert lt.load_lexicon(path)["word"].tolist() == words


def table_of(tmp_path, *rows, header="id,text,valence,split"):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_table_of_ones_own_is_read_whatever_else_it_holds(tmp_path):
    path = table_of(tmp_path, 'train,"a, b",7,x,0.5', "test,null,8,y,-0.51", header="split,text,other,id,valence")
    table = lt.load_reviews(path)
    assert list(table) == ["id", "text", "valence", "label", "split"]
    assert table["text"].tolist() == ["a, b", "null"]
    assert table["label"].tolist() == [pd.NA, 0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2,fine,good,train", "row 2: the valence 'good' is not a number from -4 to 4"),
        ("2,fine,4.5,train", "row 2: the valence '4.5' is not a number from -4 to 4"),
        ("2,fine,nan,train", "row 2: the valence 'nan' is not a number from -4 to 4"),
        ("2,fine,inf,train", "row 2: the valence 'inf' is not a number from -4 to 4"),
        ("2,fine,,train", "row 2: the valence '' is not a number from -4 to 4"),
        ("2,fine,1,dev", "row 2: the split 'dev' is none of train, validation, test"),
        ("2, ,1,dev", "row 2: the text ' ' is empty"),
        ("2,fine,1", "row 2: 3 fields, 4 expected: ['2', 'fine', '1']"),
        ('2,"fine,1,train', "is not a CSV table in UTF-8: unexpected end of data"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_number(tmp_path, row, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        lt.load_reviews(table_of(tmp_path, "1,good,1,train", row))


def test_a_table_with_the_wrong_columns_is_refused_with_those_it_lacks_and_those_it_has(tmp_path):
    path = table_of(tmp_path, "1,good,1,train", header="id,sentence,score,split")
    said = "text, valence should stand once in its first line, which has id, sentence, score, split"
    with pytest.raises(ValueError, match=said):
        lt.load_reviews(path)
    with pytest.raises(ValueError, match="word, sd, ratings should stand once"):
        lt.load_lexicon(table_of(tmp_path, "1", header="valence"))


def test_a_table_that_is_empty_or_missing_or_not_utf8_is_refused_by_name(tmp_path):
    path = tmp_path / "mine.csv"
    with pytest.raises(ValueError, match=r"there is no table .*mine\.csv"):
        lt.load_tweets(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"mine\.csv has the wrong columns: .* which has nothing"):
        lt.load_tweets(path)
    path.write_bytes(b"id,text,valence,split\n1,caf\xe9,1,train\n")
    with pytest.raises(ValueError, match=r"mine\.csv is not a CSV table in UTF-8"):
        lt.load_tweets(path)


def test_a_lexicon_row_without_ten_ratings_is_refused(tmp_path):
    path = table_of(tmp_path, "good,2,0.5,1 2 3", header="word,valence,sd,ratings")
    with pytest.raises(ValueError, match="row 1: the ratings '1 2 3' is not ten integers from -4 to 4"):
        lt.load_lexicon(path)


# --- books ------------------------------------------------------------------------------------------------------------


def test_the_shipped_book_is_moby_dick():
    books = lt.load_books()
    assert books["title"].tolist() == ["moby-dick"]
    assert "Call me Ishmael." in books["text"][0]


def test_a_folder_of_books_is_read_in_order_with_its_subfolders(tmp_path):
    (tmp_path / "Adventure").mkdir()
    (tmp_path / "b.txt").write_text("zwei\n", encoding="utf-8-sig")
    (tmp_path / "Adventure" / "a.txt").write_text("één\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("no book")
    assert lt.load_books(tmp_path).to_dict("list") == {"title": ["a", "b"], "text": ["één\n", "zwei\n"]}


def test_books_come_one_at_a_time(tmp_path):
    (tmp_path / "1.txt").write_text("good")
    (tmp_path / "2.txt").write_bytes(b"\xff\xfe\x00")
    books = corpora.iter_books(tmp_path)
    assert next(books) == corpora.Book("1", "good")
    with pytest.raises(ValueError, match=r"2\.txt is not UTF-8 text"):
        next(books)


def test_a_folder_without_books_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no \.txt file"):
        lt.load_books(tmp_path)
    with pytest.raises(ValueError, match="nowhere is no folder"):
        lt.load_books(tmp_path / "nowhere")


# --- Wikipedia: an intact dump ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def xml():
    return bz2.decompress(DUMP.read_bytes())


@pytest.fixture(scope="module")
def articles():
    return list(lt.load_wikipedia())


@pytest.fixture
def raw_text(monkeypatch):
    """Skip the slow removal of markup: what is compared is then the page's markup, character by character."""
    monkeypatch.setattr(corpora, "plain_text", lambda markup: markup)


def test_an_article_is_a_page_of_namespace_0_that_is_no_redirect(xml, articles):
    root = ElementTree.fromstring(xml)
    space = root.tag.removesuffix("mediawiki")
    pages = root.findall(f"{space}page")
    redirects = [page for page in pages if page.find(f"{space}redirect") is not None]
    in_namespace_0 = [page for page in pages if page.findtext(f"{space}ns") == "0"]
    kept = [page.findtext(f"{space}title") for page in in_namespace_0 if page not in redirects]
    assert (len(pages), len(redirects), len(in_namespace_0)) == (206, 100, 205)
    assert [article.title for article in articles] == kept
    assert len(articles) == 106


def test_looking_for_redirects_in_capitals_only_would_count_107(articles):
    with bz2.open(DUMP) as file:
        pages = list(extract_pages(file))
    in_capitals = {title for title, text, _ in pages if not text.startswith("#REDIRECT")}
    assert len(in_capitals) == 107
    assert in_capitals - {article.title for article in articles} == {"Albert Gore"}
    assert next(text for title, text, _ in pages if title == "Albert Gore").startswith("#redirect [[Al Gore]]")


def test_titles_texts_and_ids_are_those_of_gensims_own_reader(raw_text):
    with bz2.open(DUMP) as file:
        expected = {(title, text, int(number)) for title, text, number in extract_pages(file)}
    found = [(a.title, a.text, a.page_id) for a in lt.load_wikipedia()]
    assert len(found) == len(set(found)) == 106
    assert set(found) <= expected


def test_articles_are_plain_text(articles):
    joined = "\n".join(article.text for article in articles)
    assert len(joined) > 2_000_000
    for mark in ("[[", "]]", "{{", "'''", "<ref", "&nbsp;", "&lt;", "__NOTOC__", "\n\n\n"):
        assert mark not in joined, mark
    assert not re.search(r"^==|^\*|[ \t]$", joined, re.MULTILINE)
    assert joined.startswith("Anarchism is a political philosophy")


def test_entities_and_tags_in_a_page_become_what_a_reader_sees():
    shown = corpora.plain_text("AT&amp;T &ndash; 4 &gt; 3<br/> a<sup>2</sup>\n=== ''Caf&eacute;'' ===\n#one\n#two")
    assert shown == "AT&T – 4 > 3 a2\nCafé\none\ntwo"


def test_a_less_than_sign_does_not_swallow_the_rest_of_an_article(xml, articles):
    shown = "Found below <10 ppm, p < 0.05, x < y in H2O"
    assert corpora.plain_text("Found below <10 ppm, p &lt; 0.05, x &lt; y<br> in H<sub>2</sub>O") == shown
    with bz2.open(DUMP) as file:
        markup = next(text for title, text, _ in extract_pages(file) if title == "Asphalt")
    asphalt = next(article.text for article in articles if article.title == "Asphalt")
    assert len(filter_wiki(markup)) < 10_000 < 30_000 < len(asphalt)
    assert "are found in the <10 ppm level" in asphalt and "\0" not in asphalt


def test_the_bar_can_be_left_out(raw_text, monkeypatch, capsys):
    monkeypatch.setattr(corpora, "tqdm", lambda **look: tqdm(**look | {"delay": 0}))
    list(lt.load_wikipedia())
    assert "100%" in capsys.readouterr().err
    list(lt.load_wikipedia(progress=False))
    assert capsys.readouterr().err == ""


def test_a_limit_stops_early_and_a_table_can_be_made(raw_text):
    table = pd.DataFrame(lt.load_wikipedia(limit=3))
    assert table["title"].tolist() == ["Anarchism", "Autism", "Albedo"]
    assert list(table) == ["title", "text", "page_id"]
    assert list(lt.load_wikipedia(limit=0)) == []
    assert len(list(lt.load_wikipedia(limit=1000))) == 106


@pytest.mark.parametrize("limit", [-1, 2.5, "3"])
def test_a_wrong_limit_is_refused_at_once(limit):
    with pytest.raises(ValueError, match=f"limit is the number of articles.*{re.escape(repr(limit))}"):
        lt.load_wikipedia(limit=limit)


def pages_of(xml):
    """(head, pages, tail) of a dump, as bytes."""
    head, *pages = xml.split(b"  <page>")
    pages[-1], tail = pages[-1].split(b"</mediawiki>")
    return head, [b"  <page>" + page for page in pages], b"</mediawiki>" + tail


def test_a_dump_of_many_bzip2_streams_is_read_whole(xml, raw_text, tmp_path):
    head, pages, tail = pages_of(xml)
    dump = tmp_path / "multistream.xml.bz2"
    dump.write_bytes(b"".join(bz2.compress(part) for part in [head, *pages, tail]))
    assert list(lt.load_wikipedia(dump)) == list(lt.load_wikipedia())


def test_a_dump_that_is_already_unpacked_is_read_too(xml, raw_text, tmp_path):
    dump = tmp_path / "plain.xml"
    dump.write_bytes(xml)
    assert list(lt.load_wikipedia(dump)) == list(lt.load_wikipedia())


def test_utf16_and_format_variants_are_read():
    titles = [a.title for a in lt.load_wikipedia(datapath("bgwiki-latest-pages-articles-shortened.xml.bz2"))]
    assert titles == ["Григориански календар"]
    assert len(list(lt.load_wikipedia(datapath("testcorpus.xml.bz2")))) == 9


@pytest.mark.slow
def test_the_memory_that_reading_takes_does_not_grow_with_the_dump():
    place = Path(__file__).parent.parent / "benchmarks" / "dump_memory.py"
    spec = importlib.util.spec_from_file_location("dump_memory", place)
    dump_memory = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dump_memory)
    # Nine of ten copies of each page are put into another namespace: they are unpacked and parsed, then passed over.
    small, large = (dump_memory.measure(megabytes, skim=10) for megabytes in (30, 300))
    assert large["unpacked_mb"] >= 300
    assert large["articles"] == 106 * 5
    assert large["above_imports_mb"] <= 100
    assert abs(large["above_imports_mb"] - small["above_imports_mb"]) <= 15  # what the allocator does differs by a few


# --- Wikipedia: damage --------------------------------------------------------------------------------------------


def read_until_error(dump):
    """(articles, error): what came out, and the one error after which nothing comes."""
    stream, found = lt.load_wikipedia(dump), []
    with pytest.raises(ValueError) as caught:
        for article in stream:
            found.append(article)
    assert list(stream) == []
    assert str(dump) in str(caught.value)
    return found, str(caught.value)


@pytest.fixture(scope="module")
def part(xml):
    """The first pages of the real dump, in XML: large enough for a dozen small bzip2 blocks."""
    head, pages, tail = pages_of(xml)
    return head + b"".join(pages[:80]) + tail


def whole_articles(xml, end):
    """Titles of the articles that end within the first `end` bytes of a dump, found without an XML parser."""
    titles = []
    for page in re.finditer(rb"<page>.*?</page>", xml[:end], re.DOTALL):
        if b"<redirect " not in page.group() and b"<ns>0</ns>" in page.group():
            titles.append(re.search(rb"<title>(.*?)</title>", page.group()).group(1).decode())
    return titles


def blocks_of(packed):
    """[(first byte, bytes of XML before it)] for each bzip2 block and for the end mark, found by their bit patterns."""
    bits = bin(int.from_bytes(packed, "big"))[2:].zfill(8 * len(packed))
    starts = [m.start() // 8 for m in re.finditer(f"{0x314159265359:048b}|{0x177245385090:048b}", bits)]
    unpacked, counted, sizes = bz2.BZ2Decompressor(), 0, []
    for start, after in zip(starts, [*starts[1:], None], strict=True):
        sizes.append((start, counted))
        if after is None:
            break
        # The first bits of the next mark share a byte with the end of this block.
        counted += len(unpacked.decompress(packed[0 if start == starts[0] else start + 1 : after + 1]))
        while more := unpacked.decompress(b""):
            counted += len(more)
    return sizes


def test_every_article_before_a_flipped_bit_comes_out_and_none_after_it(part, raw_text, tmp_path):
    packed = bz2.compress(part, 1)
    blocks = blocks_of(packed)
    assert len(blocks) >= 6 and blocks[-1][1] == len(part)
    intact = {a.title: a for a in lt.load_wikipedia()}
    dump = tmp_path / "flipped.xml.bz2"
    chosen = random.Random(0)
    places = [chosen.randrange(4, len(packed)) for _ in range(25)]
    places += [start + shift for start, _ in blocks for shift in (1, 3, 6, 8, 9, 12, 40) if start + shift < len(packed)]
    for place in places:
        damaged = bytearray(packed)
        damaged[place] ^= 0x10
        dump.write_bytes(damaged)
        found, said = read_until_error(dump)
        # The byte that two blocks share may belong to either of them.
        possible = {before for start, before in blocks if start <= place} if place > blocks[0][0] else {0}
        expected = whole_articles(part, max(possible))
        assert [a.title for a in found] == expected, place
        assert all(a == intact[a.title] for a in found)
        assert "the compressed data are wrong" in said or "cut" in said


@pytest.mark.parametrize("share", [0.999, 0.7, 0.35, 0.02])
def test_a_dump_cut_anywhere_gives_every_article_of_its_whole_blocks(part, raw_text, tmp_path, share):
    packed = bz2.compress(part, 1)
    cut = int(len(packed) * share)
    dump = tmp_path / "cut.xml.bz2"
    dump.write_bytes(packed[:cut])
    found, said = read_until_error(dump)
    before = max(before for start, before in [(0, 0), *blocks_of(packed)] if start < cut)
    assert [a.title for a in found] == whole_articles(part, before)
    assert f"the compressed data are cut: byte {cut:,} is the last" in said


def test_a_dump_that_lacks_only_its_end_mark_gives_every_article(part, raw_text, tmp_path):
    packed = bz2.compress(part, 1)
    dump = tmp_path / "endless.xml.bz2"
    dump.write_bytes(packed[:-4])
    found, said = read_until_error(dump)
    assert [a.title for a in found] == whole_articles(part, len(part))
    assert "cut" in said


def test_a_wrong_checksum_of_the_whole_stream_still_gives_every_article(part, raw_text, tmp_path):
    packed = bytearray(bz2.compress(part, 1))
    packed[-3] ^= 0xFF
    dump = tmp_path / "sum.xml.bz2"
    dump.write_bytes(packed)
    found, said = read_until_error(dump)
    assert [a.title for a in found] == whole_articles(part, len(part))
    assert "the compressed data are wrong" in said


@pytest.mark.parametrize("tail", [b"\0", b"\n", b"garbage" * 1000, b"BZh9garbage", b"<html>not found</html>"])
def test_what_follows_the_last_stream_is_not_passed_over_in_silence(part, raw_text, tmp_path, tail):
    dump = tmp_path / "tail.xml.bz2"
    dump.write_bytes(bz2.compress(part) + tail)
    found, said = read_until_error(dump)
    assert [a.title for a in found] == whole_articles(part, len(part))
    assert "the compressed data are" in said


def test_a_damaged_stream_of_many_gives_the_articles_of_those_before_it(xml, raw_text, tmp_path):
    head, pages, tail = pages_of(xml)
    streams = [bytearray(bz2.compress(text)) for text in [head, *pages, tail]]
    streams[40][len(streams[40]) // 2] ^= 1
    dump = tmp_path / "multistream.xml.bz2"
    dump.write_bytes(b"".join(streams))
    found, said = read_until_error(dump)
    assert [a.title for a in found] == whole_articles(xml, len(head) + sum(map(len, pages[:39])))
    assert f"after article {len(found)}, {found[-1].title!r}" in said


def test_two_small_blocks_in_one_piece_are_told_apart(raw_text, tmp_path):
    page = "<page><title>{}</title><ns>0</ns><id>{}</id><revision><text>{}</text></revision></page>"
    start = '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/"><siteinfo/>'
    streams = [start, *(page.format(f"T{i}", i, "a" * 100_000) for i in range(6)), "</mediawiki>"]
    packed = [bytearray(bz2.compress(text.encode())) for text in streams]
    assert all(len(stream) < corpora.PIECE / 2 for stream in packed)
    packed[4][-5] ^= 1
    dump = tmp_path / "small.xml.bz2"
    dump.write_bytes(b"".join(packed))
    found, _ = read_until_error(dump)
    assert [a.title for a in found] == ["T0", "T1", "T2", "T3"]  # of T3's stream only the last checksum is wrong


def damaged_xml(part, way):
    third = [m.start() for m in re.finditer(b"<page>", part)][9]
    middle = part.index(b"<timestamp>", third)
    return {
        "cut": part[:middle],
        "wrong nesting": part[:middle] + b"</page>" + part[middle:],
        "bad utf-8": part[:middle] + b"\xff\xfe" + part[middle:],
        "nul": part[:middle] + b"\0" + part[middle:],
        "unknown entity": part[:middle] + b"&nbsp;" + part[middle:],
        "no text": part[:third] + re.sub(rb"(?s)<text.*?</text>|<text[^>]*/>", b"", part[third:], count=1),
        "no title": part[:third] + re.sub(rb"<title>.*?</title>", b"", part[third:], count=1),
        "empty title": part[:third] + re.sub(rb"<title>.*?</title>", b"<title/>", part[third:], count=1),
        "no id": part[:third] + re.sub(rb"<id>\d+</id>", b"", part[third:], count=1),
    }[way]


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("cut", "the XML ends too early"),
        ("wrong nesting", "mismatched tag"),
        ("bad utf-8", "not well-formed (invalid token)"),
        ("nul", "not well-formed (invalid token)"),
        ("unknown entity", "undefined entity"),
        ("no text", "has no <text>"),
        ("no title", "has no <title>"),
        ("empty title", "has no <title>"),
        ("no id", "has no <id>"),
    ],
)
@pytest.mark.parametrize("pack", [bz2.compress, bytes], ids=["bz2", "xml"])
def test_damaged_xml_gives_the_articles_before_the_damage(part, raw_text, tmp_path, way, said, pack):
    dump = tmp_path / "damaged.xml"
    dump.write_bytes(pack(damaged_xml(part, way)))
    found, error = read_until_error(dump)
    expected = whole_articles(part, [m.start() for m in re.finditer(b"<page>", part)][9])
    assert expected and [a.title for a in found] == expected
    assert said in error


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04....", r"neither bzip2 nor XML: it begins with b'PK\x03\x04'"),
        (b"BZh9", "the compressed data are cut"),
        (b"BZ", "neither bzip2 nor XML"),
        (bz2.compress(b""), "the XML ends too early"),
        (b"<html><body>404</body></html>", "not recognized as MediaWiki dump namespace"),
        (b"<html><p>404</html>", "not recognized as MediaWiki dump namespace"),
        (b'<?xml version="1.0" encoding="klingon"?><mediawiki/>', "unknown encoding"),
    ],
)
def test_a_file_that_is_no_dump_is_refused_with_the_reason(tmp_path, content, said):
    dump = tmp_path / "odd.xml.bz2"
    dump.write_bytes(content)
    found, error = read_until_error(dump)
    assert found == []
    assert said in error


def test_a_missing_dump_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match=r"there is no dump .*nothing\.bz2"):
        lt.load_wikipedia(tmp_path / "nothing.bz2")
    with pytest.raises(ValueError, match="there is no dump"):
        lt.load_wikipedia(tmp_path)


def test_a_limit_reached_before_the_damage_never_sees_it(part, raw_text, tmp_path):
    packed = bz2.compress(part, 1)
    dump = tmp_path / "cut.xml.bz2"
    dump.write_bytes(packed[: len(packed) * 9 // 10])
    assert len(list(lt.load_wikipedia(dump, limit=2))) == 2
