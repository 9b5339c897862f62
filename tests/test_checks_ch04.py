"""The checkers of chapter 04 accept right answers and name typical mistakes."""

from collections import Counter

import numpy as np
import pytest
from keras.utils import pad_sequences

from lmtutorial import checks

PADDING = {"left": "pre", "right": "post"}


def pad(rows, length, where):
    return pad_sequences(rows, maxlen=length, padding=PADDING[where], truncating="post")


def build_vocabulary(token_lists, size):
    counts = Counter(token for tokens in token_lists for token in tokens)
    return ["", "[UNK]", *sorted(counts, key=counts.get, reverse=True)[: size - 2]]


def merge(tokens, pair):
    merged, tokens = [], list(tokens)
    while tokens:
        if tokens[:2] == list(pair):
            merged.append(tokens.pop(0) + tokens.pop(0))
        else:
            merged.append(tokens.pop(0))
    return merged


RIGHT = [
    ("pad", pad),
    ("pad", lambda rows, n, w: np.array([[*row[:n]] for row in pad(rows, n, w)], "int64")),
    ("build_vocabulary", build_vocabulary),
    ("merge", merge),
]


def pads_in_place(rows, length, where):
    answer = pad(rows, length, where)
    for row in rows:
        row += [0] * (length - len(row))
    return answer


def negative_slice(rows, length, where):
    padded = np.full((len(rows), length), 7)
    for padded_row, row in zip(padded, rows, strict=True):
        row = row[:length]
        padded_row[:] = 0
        if where == "left":
            padded_row[-len(row) :] = row if row else 7
        else:
            padded_row[: len(row)] = row
    return padded


def negative_slice_of_zeros(rows, length, where):
    padded = np.zeros((len(rows), length), int)
    for i, row in enumerate(rows):
        row = row[:length]
        padded[i, slice(-len(row), None) if where == "left" else slice(len(row))] = row
    return padded


def uncut(rows, length, where):
    padded = np.zeros((len(rows), length), int)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded


def overlapping(tokens, pair):
    """Merges every pair of neighbours, also one whose first token was used already."""
    found = [tuple(tokens[i : i + 2]) == tuple(pair) for i in range(len(tokens))]
    kept = [i for i in range(len(tokens)) if found[i] or i == 0 or not found[i - 1]]
    return ["".join(pair) if found[i] else tokens[i] for i in kept]


def forgets_to_step(tokens, pair):
    return ["".join(pair) if tuple(tokens[i : i + 2]) == pair else tokens[i] for i in range(len(tokens))]


def without_the_last(tokens, pair):
    merged, i = [], 0
    while i < len(tokens) - 1:
        found = tuple(tokens[i : i + 2]) == tuple(pair)
        merged.append("".join(pair) if found else tokens[i])
        i += 2 if found else 1
    return merged


def first_only(tokens, pair):
    for i in range(len(tokens)):
        if tuple(tokens[i : i + 2]) == pair:
            return tokens[:i] + ["".join(pair)] + tokens[i + 2 :]
    return list(tokens)


def from_the_right(tokens, pair):
    return [token[::-1] for token in merge([t[::-1] for t in tokens[::-1]], (pair[1][::-1], pair[0][::-1]))][::-1]


def in_place(tokens, pair):
    answer = merge(tokens, pair)
    tokens[:] = answer
    return answer


def counted(key):
    def answer(token_lists, size):
        counts = Counter(token for tokens in token_lists for token in tokens)
        return ["", "[UNK]", *sorted(counts, key=lambda token: key(counts, token))[: size - 2]]

    return answer


def in_how_many_texts(token_lists, size):
    counts = Counter(token for tokens in token_lists for token in tokens)
    texts = Counter(token for tokens in token_lists for token in set(tokens))
    return ["", "[UNK]", *sorted(texts, key=lambda token: (-texts[token], -counts[token]))[: size - 2]]


def text_by_text(token_lists, size):
    words = [word for tokens in token_lists for word, _ in Counter(tokens).most_common()]
    return ["", "[UNK]", *dict.fromkeys(words)][:size]


WRONG = [
    ("pad", "array", lambda rows, n, w: pad(rows, n, w).tolist()),
    ("pad", "shape", lambda rows, n, w: pad(rows, n + 2, w)),
    ("pad", "longest", lambda rows, n, w: pad(rows, max(map(len, rows)), w)),
    ("pad", "not_cut", lambda rows, n, w: np.array([row + [0] * (n - len(row)) for row in rows])),
    ("pad", "not_cut", uncut),
    ("pad", "hand_case", lambda rows, n, w: pad(rows, n, w) - (pad(rows, n, w) == 0)),
    ("pad", "dtype", lambda rows, n, w: pad(rows, n, w).astype(float)),
    ("pad", "sides", lambda rows, n, w: pad(rows, n, "left" if w == "right" else "right")),
    ("pad", "sides", lambda rows, n, w: pad(rows, n, "right")),
    ("pad", "hand_case", lambda rows, n, w: np.maximum(pad(rows, n, w), 1)),
    ("pad", "kept_end", lambda rows, n, w: pad_sequences(rows, maxlen=n, padding=PADDING[w])),
    ("pad", "too_long", lambda rows, n, w: pad([row[: n - 1] if len(row) > n else row for row in rows], n, w)),
    ("pad", "empty", negative_slice),
    ("pad", "empty", negative_slice_of_zeros),
    ("pad", "changed", pads_in_place),
    ("build_vocabulary", "kind", lambda t, n: tuple(build_vocabulary(t, n))),
    ("build_vocabulary", "pairs", lambda t, n: ["", "[UNK]", *Counter(x for y in t for x in y).most_common(n - 2)]),
    ("build_vocabulary", "swapped", lambda t, n: ["[UNK]", "", *build_vocabulary(t, n)[2:]]),
    ("build_vocabulary", "special", lambda t, n: build_vocabulary(t, n)[2:]),
    ("build_vocabulary", "alphabet", counted(lambda counts, token: token)),
    ("build_vocabulary", "first_seen", counted(lambda counts, token: 0)),
    ("build_vocabulary", "rare_first", counted(lambda counts, token: counts[token])),
    ("build_vocabulary", "order", counted(lambda counts, token: [-ord(c) for c in token])),
    ("build_vocabulary", "documents", in_how_many_texts),
    ("build_vocabulary", "documents", lambda t, n: build_vocabulary([set(tokens) for tokens in t], n)),
    ("build_vocabulary", "one_text", lambda t, n: build_vocabulary(t[:1], n)),
    ("build_vocabulary", "text_by_text", text_by_text),
    ("build_vocabulary", "two_more", lambda t, n: build_vocabulary(t, n + 2)),
    ("build_vocabulary", "size", lambda t, n: build_vocabulary(t, n + 1)),
    ("build_vocabulary", "few", lambda t, n: (build_vocabulary(t, n) + [""] * n)[:n]),
    ("merge", "kind", lambda t, p: tuple(merge(t, p))),
    ("merge", "changed", in_place),
    ("merge", "nothing", lambda t, p: ["".join(p) if t[i : i + 2] == p else t[i] for i in range(len(t))]),
    ("merge", "twice_used", forgets_to_step),
    ("merge", "twice_used", lambda t, p: forgets_to_step(t, p)[:-1]),
    ("merge", "pair_itself", lambda t, p: [p if token == "".join(p) else token for token in merge(t, p)]),
    ("merge", "last", without_the_last),
    ("merge", "first_only", first_only),
    ("merge", "overlap", overlapping),
    ("merge", "right_to_left", from_the_right),
    ("merge", "inside", lambda t, p: "|".join(t).replace("|".join(p), "".join(p)).split("|") if t else []),
    ("merge", "empty", lambda t, p: merge(t, p) or [""]),
    ("merge", "hand_case", lambda t, p: [x.upper() for x in merge(t, p)]),
    ("merge", "every", lambda t, p: [x for x in merge(t, p) if x != " "]),
    ("merge", "three", lambda t, p: ["aaa"] if t == ["a"] * 3 else merge(t, p)),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_passes(name, answer):
    result = getattr(checks, name).result(answer)
    assert result.passed, result.message


@pytest.mark.parametrize("name", sorted({name for name, _ in RIGHT}))
def test_an_empty_answer_is_not_a_crash(name):
    assert getattr(checks, name).result(lambda *_: None).mistake == "returns_nothing"


@pytest.mark.parametrize(("name", "mistake", "answer"), WRONG)
def test_a_typical_mistake_is_named(name, mistake, answer):
    result = getattr(checks, name).result(answer)
    assert (result.status, result.mistake) == ("failed", mistake), result.message
