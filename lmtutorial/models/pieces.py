"""Sub-word tokens of an LLM: byte-level byte-pair encoding, read out of a GGUF file.

1. A pre-tokenizer cuts the text at blanks, marks and digits. Each model has its own rule, and the file names it.
2. The bytes of each part are merged pair by pair, in the order that was learned from the training corpus. (Sennrich et
   al. 2016; on bytes: Radford et al. 2019, so that no text is unknown.)
3. Control tokens, such as the ends of a chat's turns, are found in the text before anything else is cut.

The work is done by Hugging Face's `tokenizers`, which comes with the extra `llm`.
"""

from collections.abc import Sequence

import numpy as np

from ..files import nearest, needs_extra

CONTROL, USER_DEFINED = 3, 4  # GGUF's types of tokens that are matched whole
BYTE = 256

# How each rule cuts, by its name in GGUF files. The two patterns are those of GPT-2 and of Llama 3.
RULES = {
    "smollm": {"digits": True},
    "gpt-2": {"digits": False},
    "default": {"digits": False},
    "llama-bpe": {
        "pattern": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    },
}


def pre_tokenizer(rule: str):
    """What cuts a text before its bytes are merged; `ValueError` for a rule that is not known."""
    from tokenizers import Regex, pre_tokenizers

    if rule not in RULES:
        raise ValueError(f"no pre-tokenizer {rule!r}{nearest(rule, RULES)}; known are {sorted(RULES)}")
    chosen, whole_bytes = RULES[rule], pre_tokenizers.ByteLevel
    if "pattern" in chosen:
        cut = pre_tokenizers.Split(Regex(chosen["pattern"]), "isolated")
        return pre_tokenizers.Sequence([cut, whole_bytes(add_prefix_space=False, use_regex=False)])
    parts = [pre_tokenizers.Digits(individual_digits=True)] if chosen["digits"] else []
    return pre_tokenizers.Sequence([*parts, whole_bytes(add_prefix_space=False)])


class PieceTokenizer:
    """Text -> pieces -> ids, and back.

    Args:
        pieces: every token as the file spells it: one printable character to a byte.
        merges: pairs of pieces, "a b", in the order in which they are merged.
        kinds: GGUF's type of each token.
        rule: name of the pre-tokenizer, a key of `RULES`.

    Attributes:
        vocabulary: every token as text: " Mary"; bytes that are no whole character are written "\\xe4\\xbd".
        control: {text of a control token: its id}.

    Raises:
        ValueError: for an unknown pre-tokenizer, or if the extra `llm` is not installed.
    """

    def __init__(self, pieces: Sequence[str], merges: Sequence[str], kinds: Sequence[int], rule: str):
        needs_extra("tokenizers", "llm")
        from tokenizers import AddedToken, Tokenizer, decoders, models

        pairs = [tuple(merge.split(" ")) for merge in merges]
        try:
            self.tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, pairs))
        except Exception as error:  # the library has no class of its own for this
            raise ValueError(f"the tokenizer's merges do not belong to its vocabulary: {error}") from error
        self.tokenizer.pre_tokenizer, self.tokenizer.decoder = pre_tokenizer(rule), decoders.ByteLevel()
        whole = [i for i, kind in enumerate(kinds) if kind in (CONTROL, USER_DEFINED)]
        self.tokenizer.add_special_tokens([AddedToken(pieces[i], normalized=False, special=True) for i in whole])
        self.control = {pieces[i]: i for i in whole}
        letters = {letter: byte for byte, letter in enumerate(byte_letters())}
        known = set(self.control)
        self.vocabulary = tuple(p if p in known else spelled(p, letters) for p in pieces)
        self._id_of = {}
        for i, piece in enumerate(self.vocabulary):
            self._id_of.setdefault(piece, i)

    def ids(self, text: str) -> np.ndarray:
        """(time,) int32; control tokens written in the text count as such."""
        return np.array(self.tokenizer.encode(text, add_special_tokens=False).ids, np.int32)

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text as text."""
        return [self.vocabulary[i] for i in self.ids(text)]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """(start, end) in the text's characters of each piece; pieces of one character share its place."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).offsets)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids; bytes that are no whole character become the mark for unknown characters."""
        return self.tokenizer.decode([int(i) for i in ids], skip_special_tokens=False)

    def id_of(self, piece: str) -> int | None:
        """The id of a piece, exactly as it is spelled; `None` if there is none."""
        return self._id_of.get(piece)


def byte_letters() -> list[str]:
    """The printable character that stands for each byte in byte-level vocabularies (GPT-2's table).

    Bytes that are printable in Latin-1 stand for themselves; the others, in their order, for the characters from 256
    on.

    >>> byte_letters()[ord(" ")], byte_letters()[ord("a")]
    ('Ġ', 'a')
    """
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(BYTE, 2 * BYTE))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(BYTE)]


def spelled(piece: str, letters: dict[str, int]) -> str:
    """A byte-level piece as text."""
    if not all(letter in letters for letter in piece):
        return piece
    return bytes(letters[letter] for letter in piece).decode("utf-8", errors="backslashreplace")
