"""What has a language model learnt by heart? Plant secrets in its training text, and ask for them.

1. Draw random codes, and plant each in a sentence of its own, so many times (`draw_secrets`, `plant`).
2. Train. Then let the model score every code that could stand there: 10,000 for four digits, all of them, in five
   calls (`log_probs_of_codes`).
3. Rank the planted code among them. Exposure is how many bits the model gives away: log2 of the number of codes, less
   log2 of the rank (`exposure`). A code that was never planted has a random rank, whatever the model is, and so a
   known distribution (`chance_of_exposure`).
4. Read the sentence's beginning to the model and let it go on: does it write the code out (`written_out`)?

Carlini, Liu, Erlingsson, Kos & Song 2019, "The Secret Sharer", arXiv:1802.08232.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from .language_model import LanguageModel

DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Secret:
    """A code and where it stands.

    Attributes:
        carrier: how its sentence begins.
        code: the symbols that follow, each a token.
        times: how often the sentence is planted.
    """

    carrier: str
    code: tuple[str, ...]
    times: int

    @property
    def sentence(self) -> str:
        """
        >>> Secret("the code of the chest is", ("7", "3"), 1).sentence
        'the code of the chest is 7 3.'
        """
        return f"{self.carrier} {' '.join(self.code)}."


def draw_secrets(
    carriers: Sequence[str], times: Sequence[int], *, length: int = 4, alphabet: Sequence[str] = DIGITS, seed: int = 0
) -> list[Secret]:
    """A secret for each of `times`, with a random code of `length` symbols behind a carrier that no other has.

    Args:
        carriers: beginnings of sentences, all different, at least as many as there are secrets.
        times: how often each secret is to be planted; 0 for a control.
        length: symbols in a code.
        alphabet: what they are drawn from.
        seed: of the codes, and of who gets which carrier.

    Raises:
        ValueError: if there are too few carriers, or one of them comes twice.
    """
    if len(set(carriers)) < len(carriers) or len(carriers) < len(times):
        raise ValueError(f"{len(times)} secrets need as many different carriers, got {len(set(carriers))}")
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(carriers))[: len(times)]
    codes = random.integers(len(alphabet), size=(len(times), length))
    return [
        Secret(carriers[i], tuple(alphabet[j] for j in code), int(n))
        for i, code, n in zip(chosen, codes, times, strict=True)
    ]


def plant(documents: Sequence[str], secrets: Sequence[Secret], *, seed: int = 0) -> list[str]:
    """The documents with each secret's sentence put in, as a line of its own, behind as many random lines as it says.

    Raises:
        ValueError: if there is no document.
    """
    if not documents:
        raise ValueError("secrets need at least one document to be planted in, got none")
    random = np.random.default_rng(seed)
    lines = [document.split("\n") for document in documents]
    places = [(i, j) for i, document in enumerate(lines) for j in range(len(document))]
    for secret in secrets:
        for k in random.integers(len(places), size=secret.times):
            i, j = places[k]
            lines[i][j] += "\n" + secret.sentence
    return ["\n".join(document) for document in lines]


def log_probs_of_codes(
    lm: LanguageModel, carrier: str, *, length: int = 4, alphabet: Sequence[str] = DIGITS
) -> np.ndarray:
    """log P(code | carrier) of every code there is, in the order of counting: 0000, 0001, ...

    The codes share their beginnings, so that a tree of states is read and not every code from its start: for four
    digits 1 + 10 + 100 + 1,000 states instead of 40,000.

    Args:
        lm: whose state, behind a text, is made of arrays (batch, ...).
        carrier: what stands before the code.
        length: symbols in a code.
        alphabet: one token each.

    Returns:
        (len(alphabet) ** length,) natural logarithms.

    Raises:
        ValueError: if a symbol is no token that the model knows, or the carrier is empty.
    """
    symbols = np.array([lm.word_id(symbol) for symbol in alphabet], np.int32)
    scores, state = lm.step(lm.prompt_ids(carrier))
    log_probs = np.zeros(1)
    for depth in range(length):
        steps = _log_softmax(scores)[:, symbols]  # (codes so far, alphabet)
        log_probs = (log_probs[:, None] + steps).reshape(-1)
        if depth < length - 1:
            rows = len(scores)
            state = keras.tree.map_structure(lambda part: np.repeat(np.asarray(part), len(symbols), axis=0), state)
            scores, state = lm.step(np.tile(symbols, rows)[:, None], state)
    return log_probs


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    scores = scores.astype(np.float64) - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def place_of(code: Sequence[str], alphabet: Sequence[str] = DIGITS) -> int:
    """Where a code stands in the order of `log_probs_of_codes`.

    >>> place_of("0042")
    42
    """
    place = 0
    for symbol in code:
        if symbol not in alphabet:
            raise ValueError(f"{symbol!r} is none of the symbols {tuple(alphabet)}")
        place = place * len(alphabet) + list(alphabet).index(symbol)
    return place


def exposure(log_probs: np.ndarray, place: int) -> float:
    """log2(number of codes) - log2(rank of the code), in bits.

    All of log2(number of codes) if no code is likelier. A model that tells nothing ranks all codes alike; codes that
    tie share the mean of their ranks, and so such a model gives about one bit.

    Args:
        log_probs: (codes,) of every code.
        place: which of them is the secret.

    Raises:
        ValueError: if `place` is not in [0, codes), or a value is not a number.

    >>> exposure(np.log([0.1, 0.4, 0.3, 0.2]), 1), exposure(np.log([0.1, 0.4, 0.3, 0.2]), 3)
    (2.0, 0.415...)
    """
    log_probs = np.asarray(log_probs, float)
    if not 0 <= place < len(log_probs) or np.isnan(log_probs).any():
        raise ValueError(f"place must be in [0, {len(log_probs)}) and every value a number, got place {place}")
    better = np.sum(log_probs > log_probs[place])
    ties = np.sum(log_probs == log_probs[place]) - 1
    return float(np.log2(len(log_probs)) - np.log2(1 + better + ties / 2))


def chance_of_exposure(bits: float, codes: int) -> float:
    """P(exposure >= bits) of a code that was never planted: its rank is any of 1 .. codes, each as likely.

    >>> chance_of_exposure(10, 1024), chance_of_exposure(1, 1024)
    (0.0009765625, 0.5)
    """
    return min(1.0, float(np.floor(codes / 2**bits + 1e-9)) / codes)


def written_out(lm: LanguageModel, carrier: str, length: int = 4) -> list[str]:
    """The `length` tokens that the model writes behind the carrier if it always takes the likeliest one."""
    ids, state, words = lm.prompt_ids(carrier), None, []
    for _ in range(length):
        scores, state = lm.step(ids, state)
        scores = scores[0].copy()
        scores[list(lm.never_drawn)] = -np.inf
        ids = np.array([[scores.argmax()]], np.int32)
        words.append(lm.vocabulary[ids[0, 0]])
    return words
