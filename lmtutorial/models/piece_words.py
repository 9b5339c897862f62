"""Which pieces of a text make a word, for models that read pieces.

An explanation speaks of words, and an LLM reads pieces: " gorge", "ous". So the pieces of a word are hidden together,
and what a gradient gives to them is summed.

1. Words are runs of letters, digits and apostrophes; every other mark, and the end of a line, is a word of its own.
2. A piece belongs to the words that it touches. One that touches two joins them: nothing smaller can be hidden.
3. A piece of blanks alone belongs to the word behind it, and at the end of the text to none.
"""

from collections.abc import Iterator, Sequence

import regex

from .text_model import Encoding

_UNIT = regex.compile(r"\n(?:\s*\n)*|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]")

Span = tuple[int, int]


def words_of_pieces(text: str, offsets: Sequence[Span]) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Words of a text, each of whole pieces.

    Args:
        text: the raw text.
        offsets: (start, end) in its characters of each piece, in order; pieces of one character share its place.

    Returns:
        spans: (start, end) of each word in the text; and its pieces, (first, last + 1).

    >>> words_of_pieces("a gorgeous film", [(0, 1), (1, 7), (7, 10), (10, 15)])
    (((0, 1), (2, 10), (11, 15)), ((0, 1), (1, 3), (3, 4)))
    """
    spans, pieces = [], []
    for first, last, touched in _grouped([match.span() for match in _UNIT.finditer(text)], offsets):
        spans.append((touched[0][0], touched[-1][1]))
        pieces.append((first, last))
    return tuple(spans), tuple(pieces)


def _grouped(units: list[Span], offsets: Sequence[Span]) -> Iterator[tuple[int, int, list[Span]]]:
    """(first piece, last piece + 1, the units they touch) of each word."""
    first, touched, at = 0, [], 0
    for place, (start, end) in enumerate(offsets):
        while at < len(units) and units[at][1] <= start:
            at += 1
        here = [unit for unit in units[at : at + end - start + 1] if unit[0] < end]
        if touched and (not here or here[0] != touched[-1]):  # blanks open the next word
            yield first, place, touched
            first, touched = place, []
        touched += [unit for unit in here if unit not in touched[-1:]]
    if touched:
        yield first, len(offsets), touched


def piece_encoding(text: str, ids, offsets: Sequence[Span]) -> Encoding:
    """A text as a model of pieces reads it; `ValueError` if it holds nothing but blanks."""
    spans, pieces = words_of_pieces(text, offsets)
    if not spans:
        raise ValueError(f"{text!r} has no word")
    return Encoding(text, spans, ids, pieces)
