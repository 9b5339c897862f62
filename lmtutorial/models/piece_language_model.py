"""A language model of sub-word pieces, as LLMs are.

It has no unknown words, and what it reads is what stands there: no start token is put before a prompt, blanks belong to
the piece behind them, and control tokens written in a text count as such.
"""

from collections.abc import Sequence

import numpy as np

from .chat import chat_prompt
from .piece_words import piece_encoding
from .pieces import PieceTokenizer
from .text_model import Encoding, check_text
from .transformer import Transformer
from .transformer_language_model import TransformerLanguageModel

REPLACEMENTS = (" ...", "...", ",")  # the first one that the vocabulary has


class PieceLanguageModel(TransformerLanguageModel):
    """A `Transformer` and the tokenizer that it was trained with.

    Args:
        transformer: its weights are shared, not copied.
        tokenizer: text -> pieces -> ids.
        chat: the Jinja template of a chat, as GGUF files and Hugging Face write it.

    Attributes:
        start: what the first piece of a text is judged after in `log_prob` and `perplexity`: the end of an earlier
            text.
        padding: the same id; behind the end of a row it is never looked at.
        replacement: the piece " ...", which takes the place of each piece of a removed word. Of two dozen candidates it
            is the one behind which, when it stands for every piece of a prompt, the next-word distribution comes
            nearest to the mean over prompts (`python -m benchmarks.zero_shot`: SmolLM2-135M).

    Raises:
        ValueError: if the two do not fit.
    """

    start = padding = 0  # <|endoftext|>
    never_drawn = ()
    together = 2  # scores of 49,152 pieces after 64 places are 12 MB a text

    def __init__(self, transformer: Transformer, tokenizer: PieceTokenizer, chat: str = ""):
        self.transformer, self.tokenizer, self.chat_template = transformer, tokenizer, chat
        self.ends = tuple(tokenizer.control[end] for end in ("<|endoftext|>", "<|im_end|>") if end in tokenizer.control)
        self.replacement = next(filter(None, map(tokenizer.id_of, REPLACEMENTS)), 1)
        self._check_size()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return self.tokenizer.vocabulary

    def ids(self, text: str) -> np.ndarray:
        """(time,) ids of a text; `ValueError` if it is empty."""
        return self.tokenizer.ids(check_text(text))

    def prompt_ids(self, text: str) -> np.ndarray:
        return self.ids(text)[None]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of some ids."""
        return self.tokenizer.decode(ids)

    def encode(self, text: str) -> Encoding:
        return piece_encoding(text, self.ids(text), self.tokenizer.offsets(text))

    def extended(self, before: Encoding, prompt: str, drawn: Sequence[int]) -> Encoding:
        text, ids = self.continued(prompt, drawn), np.append(before.ids, np.int32(drawn[-1]))
        ends = [len(self.continued(prompt, drawn[:k])) for k in range(len(drawn) + 1)]
        places = [(start, max(start, end)) for start, end in zip(ends, ends[1:], strict=False)]
        return piece_encoding(text, ids, [*self.tokenizer.offsets(prompt), *places])

    def continued(self, prompt: str, drawn: Sequence[int]) -> str:
        return prompt + self.decode(drawn)

    def word_id(self, word: str) -> int:
        """The id of one piece, spelled with its blank: " Mary"; `ValueError` if the text is not one piece."""
        if not isinstance(word, str) or not word:
            raise ValueError(f"a piece is a text of at least one character, got {word!r}")
        index = self.tokenizer.id_of(word)
        if index is not None:
            return index
        pieces = self.tokenizer.pieces(word)
        with_blank = " " + word
        hint = f"; did you mean {with_blank!r}, with the blank before it?" if self.tokenizer.id_of(with_blank) else ""
        raise ValueError(f"{word!r} is {len(pieces)} pieces {pieces}: ask for one{hint}")

    def chat(self, messages: Sequence[dict[str, str]] | str) -> str:
        """The prompt that lets the model answer as an assistant.

        Args:
            messages: [{"role": "user", "content": "…"}, …], or what the user says as one string. Without a message of
                the role "system" the model's own one comes first.

        Raises:
            ValueError: if the model has no chat template, or a message lacks its role or content.
        """
        return chat_prompt(self.chat_template, messages)

    def save(self, folder) -> None:
        raise ValueError("a model read from a GGUF file is not written again: keep the file")
