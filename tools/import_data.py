"""Turn the raw corpora into the tidy tables under `data/`, with splits and checksums. Run once; the results are
committed.

    python tools/import_data.py FOLDER_WITH_THE_RAW_FILES

The raw files are the ones that `data/README.md` names under "source". Each table keeps every row of its source;
what changes is written down there too: HTML entities become characters and doubled apostrophes quotation marks.

Splits: rows that belong together (sentences of one document, near-duplicates) form a group, groups are shuffled with a
fixed seed, and whole groups go to test, then validation, then train. Two texts are near-duplicates when their word sets
overlap by 60 % or more (Jaccard), or when one of at least five words stands to nine tenths inside the other.
"""

import csv
import hashlib
import html
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components

DATA = Path(__file__).resolve().parent.parent / "data"
RATED = {
    "reviews": "movieReviewSnippets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
    "editorials": "nytEditorialSnippets_GroundTruth.txt",
}
COPIED = {
    "books/moby-dick.txt": "books/moby-dick.txt",
    "embeddings/glove.6B.50d.subset.txt.gz": "glove/glove.6B.50d.subset.txt.gz",
}
TEST_SHARE, VALIDATION_SHARE, SEED = 0.16, 0.12, 20260101


def tidy(text: str) -> str:
    """One line of a source as a reader should see it: `&amp;` is `&`, `''` is a quotation mark, no doubled blanks."""
    return re.sub(r"\s+", " ", html.unescape(text).replace("''", '"')).strip()


def near_duplicates(texts: list[str]) -> scipy.sparse.coo_matrix:
    """(texts, texts) matrix that holds True where two texts are near-duplicates."""
    bags = [set(re.findall(r"\w+", text.lower())) for text in texts]
    column = {word: i for i, word in enumerate(sorted(set().union(*bags)))}
    rows = [i for i, bag in enumerate(bags) for _ in bag]
    columns = [column[word] for bag in bags for word in bag]
    incidence = scipy.sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (len(texts), len(column)))
    shared = (incidence @ incidence.T).tocoo()
    size = np.array([len(bag) for bag in bags], float)
    a, b = size[shared.row], size[shared.col]
    smaller = np.minimum(a, b)
    close = (shared.data >= 0.6 * (a + b - shared.data)) | ((smaller >= 5) & (shared.data >= 0.9 * smaller))
    return scipy.sparse.coo_matrix((close[close], (shared.row[close], shared.col[close])), shared.shape)


def split_names(ids: list[str], texts: list[str]) -> list[str]:
    """train, validation or test for each row: near-duplicates and sentences of one document stay together."""
    documents = [name.split("_")[0] for name in ids]
    first = {}
    links = [(i, first.setdefault(document, i)) for i, document in enumerate(documents)]
    same = scipy.sparse.coo_matrix((np.ones(len(links), bool), tuple(zip(*links, strict=True))), (len(ids), len(ids)))
    groups, group = connected_components(same + near_duplicates(texts), directed=False)
    order = np.random.default_rng(SEED).permutation(groups)
    size = np.bincount(group)
    done = np.cumsum(size[order]) - size[order] / 2
    share = done / len(ids)
    name = np.where(share < TEST_SHARE, "test", np.where(share < TEST_SHARE + VALIDATION_SHARE, "validation", "train"))
    of_group = dict(zip(order, name, strict=True))
    return [str(of_group[g]) for g in group]


def write_csv(path: Path, header: list[str], rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])


def import_rated(raw: Path, name: str) -> None:
    lines = (raw / "vader_icwsm2014" / RATED[name]).read_text(encoding="utf-8").splitlines()
    ids, valences, texts = zip(*(line.split("\t") for line in lines if line), strict=True)
    texts = [tidy(text) for text in texts]
    splits = split_names(list(ids), texts)
    rows = zip(ids, texts, (round(float(v), 4) for v in valences), splits, strict=True)
    write_csv(DATA / "corpora" / f"{name}.csv", ["id", "text", "valence", "split"], rows)


def import_lexicon(raw: Path) -> None:
    content = (raw / "vader_icwsm2014" / "vader_sentiment_lexicon.txt").read_bytes()
    rows = []
    for line in content.splitlines():
        try:
            fields = line.decode("utf-8").split("\t")
        except UnicodeDecodeError:  # emoticons such as ":Þ" were written in Latin-1
            fields = line.decode("latin-1").split("\t")
        rows.append([fields[0], float(fields[1]), float(fields[2]), " ".join(map(str, json.loads(fields[3])))])
    write_csv(DATA / "corpora" / "lexicon.csv", ["word", "valence", "sd", "ratings"], rows)


def main(raw: Path) -> None:
    for name in RATED:
        import_rated(raw, name)
    import_lexicon(raw)
    for target, source in {**COPIED, "corpora/LICENSE.txt": "vader_icwsm2014/LICENSE.txt"}.items():
        (DATA / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(raw / source, DATA / target)
    write_checksums()


def write_checksums() -> None:
    """`data/SHA256SUMS`, in the format of `sha256sum`: what `lmtutorial.files` verifies when it first reads a file."""
    skip = {"SHA256SUMS", "README.md"}
    paths = sorted(p for p in DATA.rglob("*") if p.is_file() and p.name not in skip and "quizzes" not in p.parts)
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(DATA).as_posix()}\n" for p in paths]
    (DATA / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
