"""What every language model can do: score every word of the vocabulary against a context, and what follows from that.

    P(w | context) = exp f(w, context) / sum over w' of exp f(w', context)

1. `logits` gives f for every word after every position; a softmax makes probabilities of it (`next_words`).
2. The chain rule multiplies them: P(w_1 .. w_n) = P(w_1) P(w_2 | w_1) ... (`log_prob`). The first word is judged after
   the token `start`, the end of an earlier line.
3. Perplexity is exp of the mean of -log P per token: as unsure as among that many equally likely words (`perplexity`).
4. Drawing a word, appending it and asking again writes a text (`generate`).

A model says how it reads ids; everything else is here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from ..files import nearest
from ..preprocessing import END, PADDING, UNKNOWN, Preprocessor, check_texts, join_tokens
from .sampling import check_sampling, next_word_probabilities
from .text_model import SMALL, Cost, Encoding, check_text

if TYPE_CHECKING:
    from .next_word import NextWord

PIECE = 64  # tokens read before the state is handed on


class LanguageModel(ABC):
    """A model that scores the next word.

    Attributes:
        preprocessor: text -> tokens -> ids.
        start: id of the token that every text is read after.
        padding: id behind the end of a row.
        replacement: id that stands for a removed word.
        never_drawn: ids that `generate` never writes.
        ends: ids at which `generate` stops.
        together: how many texts are read side by side.
        cost: of reading, beside a small model.
        name: under which `load_model` ships it; `None` for every other model.
    """

    name: str | None = None
    preprocessor: Preprocessor
    start: int
    padding: int = PADDING
    replacement: int = UNKNOWN
    never_drawn: tuple[int, ...] = (PADDING, UNKNOWN)
    ends: tuple[int, ...] = ()
    together: int = 16
    cost: Cost = SMALL

    @abstractmethod
    def logits(self, ids: np.ndarray) -> np.ndarray:
        """Scores (batch, time, vocabulary) of what comes after each of the ids (batch, time), float32."""

    @abstractmethod
    def last_logits(self, ids):
        """Scores (batch, vocabulary) of what comes after the last id of each row that is not padding, as a tensor.

        Rows are padded on the right.
        """

    @abstractmethod
    def embed(self, ids):
        """Embeddings (batch, time, dim) of ids (batch, time), as a tensor."""

    @abstractmethod
    def last_logits_of_embeddings(self, embeddings, ids):
        """`last_logits` of embeddings (batch, time, dim), to be differentiated; the ids say which are padding."""

    @abstractmethod
    def read(self, ids: np.ndarray, targets: np.ndarray, state=None) -> tuple[np.ndarray, object]:
        """log P (batch, time) of each target after all ids up to its own position, and the state behind them.

        Args:
            ids, targets: (batch, time); whatever follows the end of a row is not looked at.
            state: what an earlier call returned, to read on from there; by default nothing has been read.
        """

    @abstractmethod
    def step(self, ids: np.ndarray, state=None) -> tuple[np.ndarray, object]:
        """Scores (batch, vocabulary) after reading on by ids (batch, time), and the state behind them."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return self.preprocessor.vocabulary

    @property
    def vocabulary_size(self) -> int:
        return len(self.vocabulary)

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text as the model knows them: "[UNK]" for one that it does not."""
        return [self.vocabulary[i] for i in self.ids(text)]

    def ids(self, text: str) -> np.ndarray:
        """(time,) ids of a text, without the start token; `ValueError` if the text is empty or has no token."""
        ids = np.array(self.preprocessor.lookup(self.preprocessor.tokens(check_text(text))), np.int32)
        if not len(ids):
            raise ValueError(f"{text!r} has no word")
        return ids

    def prompt_ids(self, text: str) -> np.ndarray:
        """(1, 1 + time) start token and ids of a text of which at least one word is known."""
        ids = self.ids(text)
        if np.all(ids == UNKNOWN):
            raise ValueError(f"the model knows none of the words of {text!r}")
        return np.r_[np.int32(self.start), ids][None]

    def encode(self, text: str) -> Encoding:
        """A prompt as an explainer takes it: its words, and which of its ids are theirs."""
        ids, spans = self.prompt_ids(text)[0], tuple(self.preprocessor.spans(text))
        begin = len(ids) - len(spans)  # the start token is no word
        return Encoding(text, spans, ids, tuple((i + begin, i + begin + 1) for i in range(len(spans))))

    def extended(self, before: Encoding, prompt: str, drawn: Sequence[int]) -> Encoding:
        """The encoding of `continued(prompt, drawn)`, if `before` is that of one id less."""
        text, word = self.continued(prompt, drawn), self.vocabulary[drawn[-1]]
        start, place = len(text) - (1 if word == END else len(word)), len(before.ids)
        spans, pieces = (*before.spans, (start, len(text))), (*before.pieces, (place, place + 1))
        return Encoding(text, spans, np.append(before.ids, np.int32(drawn[-1])), pieces)

    def word_id(self, word: str) -> int:
        """The id of one word of the vocabulary; `ValueError` if the model does not know it."""
        known = word in self.vocabulary[UNKNOWN + 1 :]  # END is one, though no text spells it so
        tokens = [word] if known else self.preprocessor.tokens(check_text(word))
        if len(tokens) != 1:
            raise ValueError(f"{word!r} is {len(tokens)} tokens {tokens}: ask for one")
        index = self.vocabulary.index(tokens[0]) if tokens[0] in self.vocabulary else UNKNOWN
        if index in (PADDING, UNKNOWN):
            raise ValueError(f"the model does not know the word {word!r}{nearest(tokens[0], self.vocabulary[2:])}")
        return index

    def next_words(self, text: str, top: int | None = 10) -> list[tuple[str, float]]:
        """The likeliest next words and their probabilities, the likeliest first.

        Args:
            text: what stands before.
            top: how many; `None` for the whole vocabulary, whose probabilities add up to 1. "[UNK]" is among them: it
                stands for all the words that the model does not know.

        Raises:
            ValueError: if the text is empty, if the model knows none of its words, or if `top` is below 1.
        """
        if top is not None and top < 1:
            raise ValueError(f"top must be at least 1, or None for every word; got {top}")
        scores, _ = self.step(self.prompt_ids(text))
        probabilities = next_word_probabilities(scores[0])
        order = np.argsort(-probabilities, kind="stable")[:top]
        return [(self.vocabulary[i], float(probabilities[i])) for i in order]

    def log_probs(self, texts: Sequence[str], *, progress: bool = True) -> list[np.ndarray]:
        """log P (tokens,) of each token of each text after all that stands before it in the text."""
        return self.log_probs_of_ids([self.ids(text) for text in check_texts(texts)], progress=progress)

    def log_prob(self, text: str) -> float:
        """log P(text) = sum of log P(w_t | start, w_1 .. w_{t-1}), in nats."""
        return float(self.log_probs([text])[0].sum())

    def perplexity(self, texts: Sequence[str], *, progress: bool = True) -> float:
        """exp(-(1/N) sum of log P) over the N tokens of the texts, each text read from its start to its end.

        An unknown word counts as the token "[UNK]", as it does for every model with this vocabulary; perplexities of
        models with other vocabularies cannot be compared.

        Args:
            texts: at least one.
            progress: show a bar once it has taken two seconds.

        Raises:
            ValueError: if there is no text, or one of them is empty.
        """
        parts = self.log_probs(texts, progress=progress)
        if not parts:
            raise ValueError("a perplexity needs at least one text, got none")
        return float(np.exp(-np.concatenate(parts).mean()))

    def log_probs_of_ids(self, documents: Sequence[np.ndarray], *, progress: bool = True) -> list[np.ndarray]:
        """`log_probs` of ids: texts of like length are read side by side, piece by piece, with the state carried on.

        So a text of any length takes the same memory, and no token's context is cut.
        """
        answers = [np.empty(len(ids)) for ids in documents]
        order = sorted((i for i in range(len(documents)) if len(documents[i])), key=lambda i: -len(documents[i]))
        with tqdm(total=sum(map(len, documents)), unit=" tokens", delay=2, disable=not progress) as bar:
            for group in (order[i : i + self.together] for i in range(0, len(order), self.together)):
                for number, start, log_p in self._read_together([documents[i] for i in group]):
                    answers[group[number]][start : start + len(log_p)] = log_p
                    bar.update(len(log_p))
        return answers

    def _read_together(self, group: list[np.ndarray]) -> Iterator[tuple[int, int, np.ndarray]]:
        """(number of the document, place, log P of a piece) for documents in order of length, the longest first."""
        longest = len(group[0])
        rows = np.full((len(group), -(-longest // PIECE) * PIECE + 1), self.padding, np.int32)
        rows[:, 0] = self.start
        for row, ids in zip(rows, group, strict=True):
            row[1 : 1 + len(ids)] = ids
        state = None
        for start in range(0, longest, PIECE):
            log_p, state = self.read(rows[:, start : start + PIECE], rows[:, start + 1 : start + PIECE + 1], state)
            for number, ids in enumerate(group):
                if start < len(ids):
                    yield number, start, log_p[number, : len(ids) - start]

    def generate(
        self,
        prompt: str,
        length: int = 40,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> str:
        """The prompt, and up to `length` more tokens, each drawn from the model's probabilities.

        "[UNK]" and padding are never drawn. A model that marks the end of its text stops there.

        Args:
            prompt: what the text begins with.
            length: how many tokens are drawn.
            temperature, top_k, top_p: see `next_word_probabilities`.
            seed: of the draws.

        Raises:
            ValueError: for an empty prompt, one without a known word, or a setting outside its range.
        """
        drawn = self.draw(prompt, length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        return self.continued(prompt, drawn)

    def continued(self, prompt: str, drawn: Sequence[int]) -> str:
        """A prompt with the tokens of these ids written behind it."""
        written = join_tokens(self.vocabulary[i] for i in drawn)
        glue = "" if not written or written[0] in ".,;:!?)'\n" or written.startswith("n't") else " "
        return prompt + glue + written

    def draw(
        self,
        prompt: str,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> list[int]:
        """The ids that `generate` appends to a prompt."""
        check_sampling(temperature, top_k, top_p)
        if length < 0:
            raise ValueError(f"length must be 0 or more, got {length}")
        random = np.random.default_rng(seed)
        drawn, ids, state = [], self.prompt_ids(prompt), None
        for _ in range(length):
            scores, state = self.step(ids, state)
            scores = scores[0].astype(np.float64)
            scores[list(self.never_drawn)] = -np.inf
            p = next_word_probabilities(scores, temperature=temperature, top_k=top_k, top_p=top_p)
            drawn.append(int(random.choice(len(p), p=p)))
            if drawn[-1] in self.ends:
                return drawn[:-1]
            ids = np.array([[drawn[-1]]], np.int32)
        return drawn

    def next_word(
        self, target: str | None = None, contrast: str | None = None, *, text: str | None = None
    ) -> "NextWord":
        """This model as one that answers a single question, which every explainer can ask: see `NextWord`.

        Args:
            target: the next word to explain; by default the likeliest known one after `text`.
            contrast: explain why `target` comes rather than this word.
            text: what stands before; needed where no target is named.
        """
        from .next_word import NextWord

        if target is None:
            if contrast is not None or text is None:
                raise ValueError("a contrast needs a target, and the likeliest word needs a text")
            target = next(word for word, _ in self.next_words(text, top=3) if word not in self.vocabulary[:2])
        return NextWord(self, target, contrast)
