"""Names for features by a rule, and not by eye.

A reader who looks at a feature's strongest texts finds a name for nearly everything. So the names come from one list
for all features, and must predict:

1. List properties that a place in a text has or has not: the piece is "the"; the piece before is "of"; the piece is a
   month, a digit, in brackets ... (`properties`, `word_kinds`).
2. On training text, take a feature as a detector of each property: it says yes where its activation is above a
   threshold. F1, the harmonic mean of precision and recall, says how good it is. The best property is its name
   (`best_names`).
3. On text that had no say in this, measure F1 again, with the same threshold (`check_names`). A name counts if it is
   still above `NAMED`.

The same rule is applied to other dictionaries: what it names among random directions says how easily it names.
(After Bills et al. 2023, who let a language model write the names and held them against the activations.)
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from .activations import Activations
from .word_kinds import in_brackets, kinds, plain

COMMON = 100  # occurrences from which a piece is in the list
THRESHOLDS = (0.0, 0.25, 0.5, 0.75)  # quantiles of a feature's activations that are not 0
NAMED = 0.7  # F1 on new text


def properties(lm, rows: Sequence[np.ndarray], corpora: Sequence[str], acts: Activations, words=None) -> pd.DataFrame:
    """What each place is, yes or no.

    Args:
        lm: the language model of the pieces.
        rows: (time,) ids each.
        corpora: where each row comes from.
        acts: the places of `collect`.
        words: plain pieces that get a property of their own; by default those that `acts` holds 100 times.

    Returns:
        (places, properties) of booleans. A column's name says it: "piece: the", "before: of", "kind: digit".
    """
    here, before, whole = [], [], []
    pieces = [[lm.vocabulary[i] for i in row] for row in rows]
    inside = [in_brackets(p) for p in pieces]
    for r, t in zip(acts.row, acts.place, strict=True):
        here.append(pieces[r][t])
        before.append(pieces[r][t - 1] if t else "")
        follows = pieces[r][t + 1] if t + 1 < len(pieces[r]) else ""
        whole.append(pieces[r][t][:1] == " " and not follows[:1].isalpha())
    words = common_words(here) if words is None else list(words)
    plain_here, plain_before = np.array([plain(p) for p in here]), np.array([plain(p) for p in before])
    table = {f"piece: {w}": plain_here == w for w in words} | {f"before: {w}": plain_before == w for w in words}
    table |= {f"kind: {name}": values for name, values in kinds(here, before, whole).items()}
    table["kind: in brackets"] = np.array([inside[r][t] for r, t in zip(acts.row, acts.place, strict=True)])
    source = np.asarray(corpora)[acts.row]
    table |= {f"text: {corpus}": source == corpus for corpus in np.unique(source)}
    return pd.DataFrame(table)


def common_words(pieces: Sequence[str], least: int = COMMON) -> list[str]:
    """The plain pieces that occur at least so often, in alphabetical order."""
    names, counts = np.unique([plain(piece) for piece in pieces], return_counts=True)
    return [str(name) for name, count in zip(names, counts, strict=True) if count >= least]


def best_names(f: sparse.csr_matrix, table: pd.DataFrame) -> pd.DataFrame:
    """The property that each feature detects best.

    Args:
        f: (places, features) activations.
        table: (places, properties) of booleans.

    Returns:
        one row a feature that is used at all: `feature`, `name`, `threshold`, `f1`.
    """
    yes, f = sparse.csr_matrix(table.to_numpy(bool)).astype(np.float32), sparse.csc_matrix(f)
    has, best = np.asarray(yes.sum(axis=0)).ravel(), None
    cuts = np.array(
        [_quantiles(f.data[a:b]) for a, b in zip(f.indptr[:-1], f.indptr[1:], strict=True)]
    )  # (features, 4)
    for cut in cuts.T:
        scores = _f1(f, cut, yes, has)
        column = scores.argmax(axis=1)
        found = pd.DataFrame({"column": column, "threshold": cut, "f1": scores[np.arange(len(column)), column]})
        best = found if best is None else best.where(best["f1"] >= found["f1"], found)
    best = best.assign(feature=np.arange(f.shape[1]), name=table.columns[best["column"].astype(int)])
    used = np.diff(f.indptr) > 0
    return best.loc[used, ["feature", "name", "threshold", "f1"]].reset_index(drop=True)


def _quantiles(values: np.ndarray) -> np.ndarray:
    """Thresholds of one feature; the first is 0, so that every use counts."""
    return np.r_[0.0, np.quantile(values, THRESHOLDS[1:])] if len(values) else np.full(len(THRESHOLDS), np.inf)


def _f1(f: sparse.csc_matrix, cut: np.ndarray, yes: sparse.csr_matrix, has: np.ndarray) -> np.ndarray:
    """(features, properties) F1 of every feature above its threshold as a detector of every property."""
    which = np.repeat(np.arange(f.shape[1]), np.diff(f.indptr))
    fires = sparse.csc_matrix(((f.data > cut[which]).astype(np.float32), f.indices, f.indptr), f.shape)
    hits = (fires.T @ yes).toarray()
    return 2 * hits / np.maximum(np.asarray(fires.sum(axis=0)).ravel()[:, None] + has[None], 1)


def check_names(names: pd.DataFrame, f: sparse.csr_matrix, table: pd.DataFrame) -> pd.DataFrame:
    """`names` with `precision`, `recall` and `f1_new` on other text, with the same names and thresholds.

    Args:
        names: of `best_names`, on training text.
        f: (places, features) activations on new text.
        table: the properties there, with the same columns.
    """
    f, rows = sparse.csc_matrix(f), []
    for feature, name, threshold in zip(names["feature"], names["name"], names["threshold"], strict=True):
        fires = f[:, feature].toarray().ravel() > threshold
        yes = table[name].to_numpy()
        hits = np.sum(fires & yes)
        precision, recall = hits / max(fires.sum(), 1), hits / max(yes.sum(), 1)
        rows.append((precision, recall, 2 * hits / max(fires.sum() + yes.sum(), 1)))
    return names.assign(**dict(zip(("precision", "recall", "f1_new"), np.array(rows).reshape(-1, 3).T, strict=True)))


def chosen(names: pd.DataFrame, each: int = 6) -> pd.DataFrame:
    """The features to show: those whose F1 on *training* text reaches `NAMED`, of each kind of name the best `each`.

    Of two features with the same name the better one is taken.
    """
    ranked = names[names["f1"] >= NAMED].sort_values(["f1", "feature"], ascending=[False, True], kind="stable")
    ranked = ranked.drop_duplicates("name")
    kind = ranked["name"].str.split(":").str[0]
    return ranked[ranked.groupby(kind).cumcount() < each].reset_index(drop=True)


def top_texts(lm, rows, acts: Activations, values: np.ndarray, *, top: int = 8, around: int = 8) -> pd.DataFrame:
    """Where a feature answers most, one place a row of text.

    Args:
        lm: the language model of the pieces.
        rows, acts: as for `properties`.
        values: (places,) activations of the feature.
        top: how many.
        around: pieces of text to each side.

    Returns:
        `value`, `before`, `piece`, `after`, the strongest first; fewer than `top` where fewer answer.
    """
    found, seen = [], set()
    for i in np.argsort(-values, kind="stable"):
        if len(found) == top or values[i] <= 0:
            break
        r, t = int(acts.row[i]), int(acts.place[i])
        if r not in seen:
            seen.add(r)
            row = rows[r]
            parts = (row[max(0, t - around) : t], row[t : t + 1], row[t + 1 : t + 1 + around])
            found.append((float(values[i]), *(lm.decode(part) for part in parts)))
    return pd.DataFrame(found, columns=["value", "before", "piece", "after"])
