"""Partition SHAP: Owen values, Shapley values that keep the words of a phrase together.

1. Cut the text in two, each part in two again, and so on down to single words: a tree of phrases. By default the cuts
   are made at the strongest punctuation first (`phrase_tree`).
2. At each cut, the two parts play a game of two players. A part's share is the mean of what it adds alone and what it
   adds when the other part is there.
3. Go down into each part twice, once without and once with the other part, each counting half.

A text of M words costs about M^2 questions on a balanced tree instead of 2^M. Where `evaluations` do not suffice, the
phrases that move the model most are cut first, and what is left uncut is split evenly among its words.

Source: Owen 1977, "Values of games with a priori unions"; `shap.PartitionExplainer` is the same recursion.
"""

from dataclasses import dataclass

import numpy as np

from .explanation import Explanation
from .masking import MaskedText

# How strongly the characters between two words separate them; the strongest one counts.
STRENGTH = {**dict.fromkeys("\n.!?…", 4), **dict.fromkeys(";:", 3), **dict.fromkeys(',()[]—–"“”', 2), " ": 1}
WORDS_READ = 2_000_000  # by the model in all, unless `evaluations` says otherwise
TOGETHER = 64  # phrases cut in one question where not all can be cut: the strongest ones


def phrase_tree(text: str, spans) -> tuple | int:
    """Nested pairs of word numbers: the text cut at its strongest punctuation, and there nearest to the middle.

    Sentences part first, then what ; or : separates, then commas, brackets, dashes and quotes, then blanks; parts of
    one written word (could|n't) part last.

    >>> phrase_tree("Slow, but a joy", ((0, 4), (6, 9), (10, 11), (12, 15)))
    (0, (1, (2, 3)))
    """
    gaps = [text[a[1] : b[0]] for a, b in zip(spans, spans[1:], strict=False)]
    strength = np.array([max((STRENGTH.get(c, c.isspace()) for c in gap), default=0) for gap in gaps], float)

    def cut(start: int, end: int):
        if end - start == 1:
            return start
        inside = strength[start : end - 1]
        away = np.abs(np.arange(start + 1, end) - (start + end) / 2)
        middle = start + 1 + int(np.argmax(inside - away / (2 * len(strength))))
        return cut(start, middle), cut(middle, end)

    return cut(0, len(spans))


@dataclass(frozen=True)
class Phrase:
    """A node of the tree: its words as a (text length,) mask, and its two parts unless it is a single word."""

    words: np.ndarray
    parts: tuple["Phrase", "Phrase"] | None = None


def phrases(tree, length: int) -> Phrase:
    """The `Phrase` of a nested tree of word numbers; `ValueError` unless it holds each of `length` words once."""
    leaves = []

    def build(node) -> Phrase:
        if isinstance(node, tuple | list):
            if len(node) != 2:
                raise ValueError(f"a phrase has two parts, and this one has {len(node)}: {str(node)[:60]}")
            left, right = build(node[0]), build(node[1])
            return Phrase(left.words | right.words, (left, right))
        leaves.append(node)
        return Phrase(np.arange(length) == node)

    try:
        whole = build(tree)
        cost(whole)  # walks down as the other functions will
    except RecursionError as error:
        raise ValueError("the tree is too deep: cut phrases nearer to their middle") from error
    if len(leaves) != length or set(leaves) != set(range(length)):
        raise ValueError(f"a tree must hold each word number from 0 to {length - 1} once; this one holds {leaves[:20]}")
    return whole


def cost(phrase: Phrase, times: int = 1) -> int:
    """How many questions the whole recursion takes, apart from the whole text and the empty one."""
    return 2 * times + sum(cost(part, 2 * times) for part in phrase.parts) if phrase.parts else 0


def questions(phrase: Phrase, there: np.ndarray) -> list[np.ndarray]:
    """All the masks of the recursion within a phrase, given the words that are there beside it."""
    if not phrase.parts:
        return []
    a, b = phrase.parts
    beside = [(a, there), (a, there | b.words), (b, there), (b, there | a.words)]
    return [there | a.words, there | b.words, *(mask for part, words in beside for mask in questions(part, words))]


def owen_values(game: MaskedText, whole: Phrase, evaluations: int) -> tuple[np.ndarray, float]:
    """share(A) = (game(A) - game(none)) / 2 + (game(A and B) - game(B)) / 2 at each cut into A and B, then within each.

    Returns:
        (words,) scores; how much was left uncut, the sum of |share| of the phrases that were split evenly.
    """
    none, left, at_once = np.zeros(len(game), bool), evaluations - 2, TOGETHER
    if 2 < cost(whole) + 2 <= evaluations:
        at_once = left
        game(np.array(questions(whole, none)))  # all in one call; below, the game remembers
    # (phrase, words that are there beside it, what the model says without and with the phrase, weight)
    waiting, words = [(whole, none, game.nothing(), game.whole(), 1.0)], []
    if not whole.parts:
        waiting, words = words, waiting
    while waiting and left >= 2:
        if at_once == TOGETHER:
            waiting.sort(key=lambda entry: -abs(entry[3] - entry[2]) * entry[4])
        many = min(at_once, left // 2)
        cut, waiting, left = waiting[:many], waiting[many:], left - 2 * min(many, len(waiting))
        masks = [[there | part.words for part in phrase.parts] for phrase, there, *_ in cut]
        worth = game(np.array(masks).reshape(-1, len(game))).reshape(-1, 2)
        for (phrase, there, low, high, weight), mask, (first, second) in zip(cut, masks, worth, strict=True):
            a, b = phrase.parts
            half = weight / 2
            (waiting if a.parts else words).extend([(a, there, low, first, half), (a, mask[1], second, high, half)])
            (waiting if b.parts else words).extend([(b, there, low, second, half), (b, mask[0], first, high, half)])
    held = np.array([phrase.words for phrase, *_ in words + waiting])  # (phrases, words)
    shares = np.array([weight * (high - low) for _, _, low, high, weight in words + waiting])
    return (shares / held.sum(axis=1)) @ held, float(np.abs(shares[len(words) :]).sum())


def partition_shap(game: MaskedText, *, tree=None, evaluations: int | None = None) -> Explanation:
    """share(A) = mean of what phrase A adds alone and what it adds beside phrase B; the same again within A.

    These are Owen values, not Shapley values: a word deals with its own phrase first, and with the others through it.
    The two agree where words do not interact across phrases, and in every additive model.

    Args:
        game: the text and model to explain.
        tree: nested pairs of word numbers, as ((0, 1), (2, (3, 4))); by default `phrase_tree` of the text.
        evaluations: questions that may be spent, by default 2,000, and fewer for texts of more than 1,000 words. Exact
            where the tree takes no more (about M^2 for a balanced one). Otherwise uncut phrases are split evenly, and
            `diagnostics["uncut"]` says how much that is.

    Returns:
        an `Explanation` whose scores add up to `output - baseline_output`, cut short or not.

    Raises:
        ValueError: if the tree does not hold each word once, or `evaluations` is less than 2.
    """
    evaluations = max(64, min(2000, WORDS_READ // len(game))) if evaluations is None else evaluations
    if evaluations < 2:
        raise ValueError(f"the whole text and the empty one are two evaluations, got {evaluations}")
    tree = phrase_tree(game.encoding.text, game.encoding.spans) if tree is None else tree
    scores, uncut = owen_values(game, phrases(tree, len(game)), evaluations)
    return Explanation.of_game(
        game,
        scores,
        "partition_shap",
        settings={"tree": tree, "evaluations": evaluations},
        diagnostics={"uncut": uncut},
        complete=True,
    )
