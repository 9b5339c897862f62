"""Text -> words with their place in the text -> ids.

One `Preprocessor` serves training, prediction and explanation, and is saved beside the model: a model that is fed by
other rules than it was trained with answers nonsense without any error.

Sets of rules:

- `"words"` (the default): a word is a run of letters, combining marks and digits in any script; it is composed
  (Unicode NFC) and lower-cased; the short forms of English are split off as GloVe's own text was split: "couldn't" ->
  "could", "n't".
- `"keras"`: exactly what `keras.layers.TextVectorization` does by default: lower-case the letters A to Z, delete ASCII
  punctuation ("couldn't" -> "couldnt", "well-made" -> "wellmade"), split at ASCII blanks.
- `"language"`: for a model that writes: the words of `"words"`, and each of `. , ; : ! ? ( ) "` as a token of its own;
  the end of a line, or of several, is the token `END`.
- `"characters"`: the words of `"words"`, but in scripts that are written without blanks between words (Chinese,
  Japanese, Thai, Lao, Khmer, Burmese) every character, with its marks, is a token of its own.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import regex

from .files import nearest, written_whole

PADDING, UNKNOWN = 0, 1
SPECIAL = ("", "[UNK]")
END = "[END]"  # of a line, and so of a heading or a paragraph; a language model begins every text behind one

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*")
_MARK = regex.compile(r"""\s*\n\s*|[.,;:!?()"“”„]""")  # one pass over the text: a line end takes the blanks around it
_WORD_OR_MARK = regex.compile(f"{_WORD.pattern}|{_MARK.pattern}")
# ー lengthens a vowel in both of Japan's syllabaries and belongs to neither of them
_WITHOUT_BLANKS = r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_OTHER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_WITHOUT_BLANKS}]"
_CHARACTER_OR_WORD = regex.compile(rf"(?V1)[{_WITHOUT_BLANKS}&&[\p{{L}}\p{{N}}]]\p{{M}}*|{_OTHER}+(?:['’]{_OTHER}+)*")
_SHORT_FORM = regex.compile(r"(?<=.)(?:n['’]t|['’](?:s|re|ve|ll|d|m))$", regex.IGNORECASE)
_KERAS_CHUNK = regex.compile(r"[^ \t\n\v\f\r]+")
_KERAS_DROPPED = str.maketrans("", "", "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'")
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def _split_words(text: str) -> Iterator[tuple[str, int, int]]:
    """(token, start, end) of every word of `text`, by the rules called "words"."""
    for match in _WORD.finditer(text):
        yield from _without_short_form(text, *match.span())


def _without_short_form(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """(token, start, end) of a word, and of its short form if it has one."""
    short = _SHORT_FORM.search(text[start:end])
    cuts = [start, start + short.start(), end] if short else [start, end]
    for a, b in zip(cuts, cuts[1:], strict=False):
        yield unicodedata.normalize("NFC", text[a:b].replace("’", "'")).lower(), a, b


def _split_language(text: str) -> Iterator[tuple[str, int, int]]:
    """(token, start, end) of every word, mark and line end of `text`, by the rules called "language"."""
    for match in _WORD_OR_MARK.finditer(text):
        start, end = match.span()
        if not (mark := _MARK.fullmatch(match.group())):
            yield from _without_short_form(text, start, end)
        elif "\n" in mark.group():
            yield END, start, end
        else:
            yield ('"' if mark.group() in "“”„" else mark.group()), start, end


def _split_characters(text: str) -> Iterator[tuple[str, int, int]]:
    """(token, start, end) of every character or word of `text`, by the rules called "characters"."""
    for match in _CHARACTER_OR_WORD.finditer(text):
        yield from _without_short_form(text, *match.span())


def _split_keras(text: str) -> Iterator[tuple[str, int, int]]:
    """(token, start, end) of every word of `text`, by the rules of `keras.layers.TextVectorization`."""
    for match in _KERAS_CHUNK.finditer(text):
        token = match.group().translate(_ASCII_LOWER).translate(_KERAS_DROPPED)
        if token:
            yield token, *match.span()


RULES = {"words": _split_words, "keras": _split_keras, "language": _split_language, "characters": _split_characters}


def join_tokens(tokens: Iterable[str]) -> str:
    r"""Tokens of the rules "language" as text that can be read; capitals do not come back.

    >>> join_tokens(["he", "could", "n't", "say", ":", '"', "yes", '"', "(", "or", "no", ")", ".", END, "the", "end"])
    'he couldn\'t say: "yes" (or no).\nthe end'
    """
    text, glued, quoted = "", True, False  # glued: no blank before the next token
    for token in tokens:
        if token == END:
            text, glued, quoted = text + "\n", True, False
            continue
        closing = token in ".,;:!?)" or token == '"' and quoted or token[:1] == "'" or token == "n't"
        text += token if glued or closing else " " + token
        quoted ^= token == '"'
        glued = token == "(" or token == '"' and quoted
    return text


def check_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a list, or a `ValueError` that quotes what is not a text."""
    if isinstance(texts, str):
        raise ValueError(f"expected a list of texts, got one text; put it in a list: [{texts[:40]!r}]")
    texts = list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"text number {i} is {text!r}, a {type(text).__name__}; a text must be a str")
    return texts


@dataclass(frozen=True)
class Preprocessor:
    """The rules that turn text into ids, and the vocabulary they were fitted with.

    Attributes:
        vocabulary: `vocabulary[i]` is the token with id i; id 0 is padding and id 1 every unknown word.
        rules: "words", "keras", "language" or "characters", see the module.
        max_length: longer texts lose what comes after this many tokens; `None` keeps everything.
    """

    vocabulary: tuple[str, ...]
    rules: str = "words"
    max_length: int | None = None

    def __post_init__(self):
        object.__setattr__(self, "vocabulary", tuple(map(str, self.vocabulary)))
        if self.rules not in RULES:
            raise ValueError(f"no preprocessing rules {self.rules!r}{nearest(self.rules, RULES)}")
        if self.vocabulary[:2] != SPECIAL:
            raise ValueError(f"a vocabulary starts with {list(SPECIAL)}, this one with {list(self.vocabulary[:2])}")
        if len(set(self.vocabulary)) != len(self.vocabulary):
            twice = Counter(self.vocabulary).most_common(1)[0][0]
            raise ValueError(f"the vocabulary holds {twice!r} more than once")
        if self.max_length is not None and self.max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {self.max_length}")

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        *,
        max_tokens: int | None = 10_000,
        rules: str = "words",
        max_length: int | None = None,
    ) -> "Preprocessor":
        """Count the tokens of `texts` and keep the most frequent.

        Args:
            texts: the training texts, and only those: a vocabulary that has seen the test set is a leak.
            max_tokens: size of the vocabulary, its two special entries included; `None` keeps every token.
            rules: "words", "keras", "language" or "characters".
            max_length: see the class.

        Raises:
            ValueError: if a text is not a string, or no text has a word.

        Ties in frequency go in reverse alphabetical order, as in Keras.

        >>> pre = Preprocessor.fit(["A film I couldn't love.", "A film!"])
        >>> pre.vocabulary[:4], pre.tokens("Couldn't!")
        (('', '[UNK]', 'film', 'a'), ['could', "n't"])
        """
        if max_tokens is not None and max_tokens < 3:
            raise ValueError(f"max_tokens must be at least 3 (padding, unknown and one word), got {max_tokens}")
        empty = cls(SPECIAL, rules)
        counts = Counter(token for text in check_texts(texts) for token in empty.tokens(text))
        if not counts:
            raise ValueError("none of the texts has a word, so there is no vocabulary to learn")
        ranked = sorted(sorted(counts, reverse=True), key=counts.__getitem__, reverse=True)
        # sorted() keeps the order of ties also with reverse=True
        kept = ranked if max_tokens is None else ranked[: max_tokens - len(SPECIAL)]
        return cls(SPECIAL + tuple(kept), rules, max_length)

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self.vocabulary) if i >= len(SPECIAL)}

    def pieces(self, text: str) -> list[tuple[str, int, int]]:
        """(token, start, end) of every word: `text[start:end]` is the raw spelling."""
        return list(RULES[self.rules](check_texts([text])[0]))

    def tokens(self, text: str) -> list[str]:
        """The tokens of one text, in order; neither cut nor padded."""
        return [token for token, _, _ in self.pieces(text)]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token stands in the raw text: character offsets (start, end)."""
        return [(start, end) for _, start, end in self.pieces(text)]

    def lookup(self, tokens: Iterable[str]) -> list[int]:
        """The id of each token; `UNKNOWN` (1) for those outside the vocabulary."""
        return [self._id_of.get(token, UNKNOWN) for token in tokens]

    def ids(self, texts: Sequence[str], length: int | None = None) -> np.ndarray:
        """The ids of a batch of texts, padded on the right with 0.

        Args:
            texts: (batch,) strings.
            length: cut or pad every row to this many ids; by default the longest row decides.

        Returns:
            (batch, time) int32.
        """
        rows = [self.lookup(self.tokens(text))[: self.max_length] for text in check_texts(texts)]
        width = length or max([1, *map(len, rows)])
        ids = np.full((len(rows), width), PADDING, np.int32)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row[:width]
        return ids

    def save(self, path: str | Path) -> None:
        """Write the rules and the vocabulary as JSON."""
        content = {"rules": self.rules, "max_length": self.max_length, "vocabulary": self.vocabulary}
        with written_whole(path) as beside:
            beside.write_text(json.dumps(content, indent=0), encoding="ascii")

    @classmethod
    def load(cls, path: str | Path) -> "Preprocessor":
        """Read what `save` wrote; `ValueError` if the file is something else."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(tuple(content["vocabulary"]), content["rules"], content["max_length"])
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not a saved Preprocessor ({type(error).__name__}: {error})") from error
