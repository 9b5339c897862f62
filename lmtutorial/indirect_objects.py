"""Who gets the drink? Sentences that go on with one of two names, and the sense says with which.

"When Mary and John went to the store, John gave a drink to" goes on with *Mary*: of two names, the one that has not
come again. Wang et al. 2023 ("Interpretability in the wild") took GPT-2 small apart with such sentences. Frames, names
here are our own: common words, each of which is a single piece for the tokenizer of SmolLM2, and after the giver always
verb, article, thing and *to*, so that these places can be compared from frame to frame.
"""

import numpy as np
import pandas as pd

FRAMES = (
    "When {} and {} went to the store, {} gave a drink to",
    "After {} and {} left the party, {} handed a coat to",
    "While {} and {} were working in the garden, {} passed a rope to",
    "When {} and {} met at the station, {} sold a ticket to",
    "As {} and {} sat down at the table, {} gave the book to",
    "Then {} and {} had a long talk, and {} sent a letter to",
    "Before {} and {} went home for the night, {} showed a picture to",
    "Yesterday {} and {} played in the park, and {} threw the ball to",
)
NAMES = (
    "Mary", "John", "Tom", "James", "Anna", "Alice", "Bob", "Paul", "Mark", "Sarah", "David", "Daniel",
    "Peter", "Michael", "Sam", "Jack", "Emily", "Jane", "Maria", "Robert", "George", "William", "Henry", "Charles",
)  # fmt: skip
ORDERS = ("receiver first", "giver first")
HALVES = ("choose", "test")
LAST_PLACES = ("giver", "verb", "article", "thing", "to")  # what the last five words of every prompt are


def load_indirect_objects(pairs: int = 4, *, seed: int = 0) -> pd.DataFrame:
    """64 pairs of prompts that differ in one word: who gives.

    Of each of 8 frames there are as many of either order of the two names. In the corrupted prompt the other person
    gives, so that the right answer is the other name.

    Args:
        pairs: for each frame and order.
        seed: of the names; within a frame nobody comes in two pairs.

    Returns:
        `frame` (its number), `order` (one of `ORDERS`), `half` (one of `HALVES`: what is chosen on one half of the
        prompts is tested on the other), `clean`, `corrupted`, `answer` (who gets it in the clean prompt), `other` (who
        gives there); both names with the blank before them, as the pieces of an LLM have it.

    Raises:
        ValueError: if there are not enough names.

    >>> prompts = load_indirect_objects()
    >>> prompts["clean"][0], prompts["answer"][0]
    ('When Emily and Peter went to the store, Peter gave a drink to', ' Emily')
    >>> prompts["corrupted"][0], len(prompts)
    ('When Emily and Peter went to the store, Emily gave a drink to', 64)
    """
    if not 1 <= pairs <= len(NAMES) // 4:
        raise ValueError(f"pairs must be from 1 to {len(NAMES) // 4} (there are {len(NAMES)} names), got {pairs}")
    rows = []
    for number, frame in enumerate(FRAMES):
        for place, (answer, other) in enumerate(drawn_names(2, 2 * pairs, seed=(seed, number, 2))):
            order, half = ORDERS[place % 2], HALVES[place >= pairs]
            first, second = (answer, other) if order == ORDERS[0] else (other, answer)
            clean, corrupted = (frame.format(first, second, giver) for giver in (other, answer))
            rows.append((number, order, half, clean, corrupted, f" {answer}", f" {other}"))
    return pd.DataFrame(rows, columns=["frame", "order", "half", "clean", "corrupted", "answer", "other"])


def without_repetition(frame: int, count: int = 24, *, seed: int = 0) -> list[str]:
    """Prompts of a frame in which a third person gives: nobody is named twice, and both others may get it.

    What a part of a model does on them, on average, is what it does in such a sentence without knowing who has been
    named twice: a value to put in the place of its own.
    """
    if frame not in range(len(FRAMES)):
        raise ValueError(f"frame must be from 0 to {len(FRAMES) - 1}, got {frame!r}")
    return [FRAMES[frame].format(*names) for names in drawn_names(3, count, seed=(seed, frame, 3))]


def drawn_names(size: int, count: int, *, seed: tuple[int, ...]) -> list[tuple[str, ...]]:
    """`count` groups of `size` different names; nobody comes again before all names have come."""
    random, groups = np.random.default_rng(seed), []
    while len(groups) < count:
        shuffled = random.permutation(NAMES).tolist()
        groups += [tuple(shuffled[i : i + size]) for i in range(0, len(NAMES) - size + 1, size)]
    return groups[:count]
