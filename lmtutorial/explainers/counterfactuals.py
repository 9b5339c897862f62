"""The smallest edit that flips the verdict: "had these words not been there, the model would have said the opposite".

1. An edit changes some words: it takes them out, or puts one of a few candidates in the place of each.
2. Try every edit of one word, then every edit of two, … and stop at the first size at which the verdict flips. What is
   found so is proven to be smallest.
3. Where a size has more edits than the budget allows, extend the best edits of the size before by one word each (a
   beam search). What is found so flips the verdict, but a smaller edit may have been missed.

Such an answer needs no scores and no theory: anybody can check it, by asking the model about the edited text. It says
what would have been enough, not what mattered most; often there are several, and this finds one.

Counterfactual explanations: Wachter, Mittelstadt & Russell 2017. Edits of texts: Ross, Marasović & Peters 2021 (MiCE),
where a language model proposes the words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from ..models.text_model import Encoding, TextModel
from .masking import MaskedText

Edit = tuple[tuple[int, int], ...]  # (word, number of its candidate), in the order of the text
GAP = "[UNK]"


@dataclass(frozen=True)
class Counterfactual:
    """An edit of a text and what the model says of it.

    Attributes:
        text, edited: before and after. A word that became the model's replacement is written `[UNK]`, for the reader;
            the model was asked about ids.
        changes: (number of the word, its spelling, the new one; "" where it was taken out).
        verdict, edited_verdict: the predicted classes.
        target, unit: of `output` and `edited_output`, what the model says of the two texts.
        tried_all: every edit of so many words, or fewer, was tried.
        asked: how many texts the model was asked about.
    """

    text: str
    edited: str
    changes: tuple[tuple[int, str, str], ...]
    verdict: str
    edited_verdict: str
    target: str
    unit: str
    output: float
    edited_output: float
    tried_all: int
    asked: int

    @property
    def flips(self) -> bool:
        """Whether an edit was found; if not, `edited` is the text itself."""
        return self.verdict != self.edited_verdict

    @property
    def smallest(self) -> bool:
        """Whether it is proven that no edit of fewer words flips the verdict."""
        return self.flips and len(self.changes) <= self.tried_all + 1

    def __repr__(self) -> str:
        if not self.flips:
            return f"{self.verdict}: no edit found that flips it ({self.asked:,} texts asked)\n  {self.text}"
        proof = "smallest" if self.smallest else "perhaps not smallest"
        words = ", ".join(f"{old} → {new}" if new else old for _, old, new in self.changes)
        return (
            f"{self.verdict} → {self.edited_verdict} by {len(self.changes)} ({proof}; {self.asked:,} texts asked): "
            f"{words}\n  {self.edited}"
        )


def fewest_removals(
    game: MaskedText, *, budget: int = 20_000, beam: int = 20, most: int | None = None
) -> Counterfactual:
    """min |S| such that the verdict on x without the words S is another one.

    Args:
        game: model and text; its `replacement` says what takes the place of a removed word.
        budget: how many texts the model may be asked about; at most half of them to try all edits of a size.
        beam: how many edits of a size are extended where not all can be tried.
        most: give up beyond so many words; by default at the empty text.

    Returns:
        of the smallest size found, the edit that flips the verdict most surely.

    Raises:
        ValueError: if the model has no classes to flip between, or a setting is below 1.
    """

    def ids_of(edits: Sequence[Edit]) -> np.ndarray:
        masks = np.ones((len(edits), len(game)), bool)
        for mask, edit in zip(masks, edits, strict=True):
            mask[[word for word, _ in edit]] = False
        return game.masked_ids(masks)

    new = "" if game.replacement == "delete" else GAP
    return _search(game, [[new]] * len(game), ids_of, budget, beam, most, least_change=False)


def fewest_substitutions(
    game: MaskedText,
    candidates: Callable[[str], Sequence[str]],
    *,
    budget: int = 20_000,
    beam: int = 20,
    most: int | None = 4,
) -> Counterfactual:
    """min number of words that change such that the verdict is another one, each word to one of its candidates.

    Unlike a removal this leaves a text that reads like one, if the candidates do.

    Args:
        game: model and text.
        candidates: what a word, in lower case, may become, the most fitting first; nothing to keep it. See
            `lmtutorial.explainers.candidates`. What the model cuts into more or fewer pieces is left out.
        budget, beam, most: as for `fewest_removals`.

    Returns:
        of the smallest size found, the edit whose words come earliest among the candidates.

    Raises:
        ValueError: as `fewest_removals`.
    """
    words, base = game.encoding.words, game.encoding
    options, ids = [], []  # what each word may become, in letters and in ids
    for number, word in enumerate(words):
        start, end = base.pieces[number]
        new = [_like(word, option) for option in candidates(word.lower()) if option != word.lower()]
        found = [(option, game.model.encode(_spelling(base, {number: option})).ids) for option in new]
        fitting = [(option, row[start:end]) for option, row in found if len(row) == len(base.ids)]
        options.append([option for option, _ in fitting])
        ids.append([piece for _, piece in fitting])

    def ids_of(edits: Sequence[Edit]) -> np.ndarray:
        rows = np.repeat(base.ids[None], len(edits), axis=0)
        for row, edit in zip(rows, edits, strict=True):
            for word, choice in edit:
                row[slice(*base.pieces[word])] = ids[word][choice]
        return rows

    return _search(game, options, ids_of, budget, beam, most, least_change=True)


def _search(game, options, ids_of, budget, beam, most, least_change) -> Counterfactual:
    """Size by size, all edits while they fit into the budget and then a beam, to the first size that flips."""
    if min(budget, beam, 1 if most is None else most) < 1:
        raise ValueError(f"budget, beam and most must be 1 or more, got {budget}, {beam} and {most}")
    model, counts = game.model, [len(words) for words in options]
    whole = model.predict_ids(game.encoding.ids[None])
    verdict = int(_verdicts(model, whole)[0])
    sizes = _sizes(counts)
    asked, tried_all, kept, exhaustive = 1, 0, [()], True
    for size in range(1, min(len(sizes), len(game) if most is None else most) + 1):
        exhaustive = exhaustive and 2 * (asked + sizes[size - 1]) <= budget
        edits = list(_all_edits(counts, size) if exhaustive else _longer(kept, counts))
        edits = edits[: max(0, budget - asked)]
        if not edits:
            break
        scores = model.predict_ids(ids_of(edits))
        asked, tried_all = asked + len(edits), size if exhaustive else tried_all
        flipped = np.flatnonzero(_verdicts(model, scores) != verdict)
        margins = _margins(model, scores, verdict)
        if len(flipped):
            cost = [sum(choice for _, choice in edits[i]) for i in flipped] if least_change else np.zeros(len(flipped))
            best = flipped[np.lexsort((margins[flipped], cost))[0]]
            return _counterfactual(
                game, options, edits[best], verdict, whole, scores[best : best + 1], tried_all, asked
            )
        kept = [edits[i] for i in np.argsort(margins, kind="stable")[:beam]]
    return _counterfactual(game, options, (), verdict, whole, whole, tried_all, asked)


def _verdicts(model: TextModel, scores: np.ndarray) -> np.ndarray:
    """(batch,) the number of the predicted class."""
    if model.unit != "logit" or len(model.classes) < 2:
        raise ValueError(f"a model that answers with a {model.unit} has no verdict that could flip")
    return (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else scores.argmax(axis=1)


def _margins(model: TextModel, scores: np.ndarray, verdict: int) -> np.ndarray:
    """(batch,) the score of a class minus the best of the others: how far its verdict is from flipping."""
    if scores.shape[1] == 1:
        return model.select(scores, verdict)
    return scores[:, verdict] - np.delete(scores, verdict, axis=1).max(axis=1)


def _sizes(counts: Sequence[int]) -> list[int]:
    """How many edits change one word, two words, …: elementary symmetric polynomials of the numbers of candidates.

    >>> _sizes([1, 1, 1]), _sizes([2, 0, 3])
    ([3, 3, 1], [5, 6])
    """
    totals = [1]
    for count in counts:
        totals = [a + count * b for a, b in zip([*totals, 0], [0, *totals], strict=True)]
    return [total for total in totals[1:] if total]


def _all_edits(counts: Sequence[int], size: int) -> Iterator[Edit]:
    """Every edit of `size` words."""
    for words in combinations([word for word, count in enumerate(counts) if count], size):
        for choice in product(*(range(counts[word]) for word in words)):
            yield tuple(zip(words, choice, strict=True))


def _longer(edits: Sequence[Edit], counts: Sequence[int]) -> list[Edit]:
    """The edits that change one word more than one of `edits`, each once."""
    found = {}
    for edit in edits:
        taken = {word for word, _ in edit}
        for word, count in enumerate(counts):
            if word not in taken:
                found.update({tuple(sorted((*edit, (word, choice)))): None for choice in range(count)})
    return list(found)


def _spelling(encoding: Encoding, changes: Mapping[int, str]) -> str:
    """The text with {number of a word: its new spelling}."""
    parts, end = [], 0
    for word in sorted(changes):
        start, stop = encoding.spans[word]
        parts += [encoding.text[end:start], changes[word]]
        end = stop
    return "".join([*parts, encoding.text[end:]])


def _like(word: str, new: str) -> str:
    """`new`, with a capital letter where `word` has one."""
    return new.capitalize() if word[:1].isupper() else new


def _counterfactual(game, options, edit, verdict, before, after, tried_all, asked) -> Counterfactual:
    words, model = game.encoding.words, game.model
    new = {word: options[word][choice] for word, choice in edit}
    changes = tuple((word, words[word], "" if spelling == GAP else spelling) for word, spelling in new.items())
    pick = model.probability if game.unit == "probability" else model.select
    outputs = [float(pick(scores, game.index)[0]) for scores in (before, after)]
    return Counterfactual(
        game.encoding.text, _spelling(game.encoding, new), changes, model.classes[verdict],
        model.classes[int(_verdicts(model, after)[0])], game.target, game.unit, *outputs, tried_all, asked,
    )  # fmt: skip
