"""Every word that a language model writes, explained by the words before it.

1. Let the model write: each word is drawn from its probabilities and becomes context of the next.
2. For each generated word, ask the question that `NextWord` asks: why this word (rather than the runner-up)?
3. Let a method answer it with a score for every word that stood there by then, the model's own ones included.
4. Put the answers below each other: a matrix, generated words by context words. What came later could not matter; there
   the matrix has no number (NaN).

A row explains its word as it was drawn. That an earlier word was drawn because of the prompt shows in that word's own
row only: attributions do not add up along the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from .. import plots, render
from ..models.language_model import LanguageModel
from ..models.next_word import NextWord
from ..models.text_model import Encoding
from ..preprocessing import END
from . import method_named, play
from .explanation import Explanation
from .masking import MaskedText

RUNNER_UP = "runner-up"


@dataclass(frozen=True)
class GenerationExplanation:
    """What made a model write each word of a text.

    In a notebook it shows as a table: context words down the side, generated words across, each column on the colours
    of its own strongest score.

    Attributes:
        prompt: what the model was given.
        text: the prompt and what the model wrote.
        explanations: one for each generated word, of the text before it.
    """

    prompt: str
    text: str
    explanations: tuple[Explanation, ...]

    @property
    def generated(self) -> list[str]:
        """The words that the model wrote."""
        return [e.target for e in self.explanations]

    @property
    def contrasts(self) -> list[str | None]:
        """What each generated word is held against; `None` for all other words."""
        return [e.contrast for e in self.explanations]

    @property
    def words(self) -> list[str]:
        """The words that stand before a generated word: those of the prompt, and all generated ones but the last."""
        return self.explanations[-1].tokens

    @property
    def method(self) -> str:
        return self.explanations[0].method

    @property
    def scores(self) -> np.ndarray:
        """(generated, words) scores; NaN where a word came later than the generated one."""
        matrix = np.full((len(self.explanations), len(self.words)), np.nan)
        for row, e in zip(matrix, self.explanations, strict=True):
            row[: len(e.scores)] = e.scores
        return matrix

    def table(self) -> pd.DataFrame:
        """One row a generated word, one column a context word."""
        return pd.DataFrame(self.scores, index=pd.Index(self.generated, name="generated"), columns=self.words)

    def plot(self) -> None:
        """A heat map: context words down the side, generated words across, so that it fits on a narrow page."""
        plots.signed_heatmap(
            self.scores.T,
            [render.visible(word) for word in self.words],
            [_shown(word) for word in self.generated],
            xlabel="generated word",
            ylabel="word before it",
            unit=f"score ({self.explanations[0].unit})",
            cut=len(self.explanations[0].tokens),
        )

    def to_dict(self) -> dict:
        """Everything as plain Python values, fit for JSON; `from_dict` reads it back."""
        return {"prompt": self.prompt, "text": self.text, "explanations": [e.to_dict() for e in self.explanations]}

    @classmethod
    def from_dict(cls, values: dict) -> "GenerationExplanation":
        """What `to_dict` wrote."""
        return cls(values["prompt"], values["text"], tuple(map(Explanation.from_dict, values["explanations"])))

    def _heading(self) -> str:
        against = " rather than the runner-up" if self.contrasts[0] else ""
        return f"why each word{against}? · method: {self.method.replace('_', ' ')}"

    def __repr__(self) -> str:
        lines = [
            f"{_shown(e.target)}: " + ", ".join(f"{render.visible(w)} {render.number(s)}" for w, s in e.top(3))
            for e in self.explanations
        ]
        return "\n".join([self._heading(), *lines])

    def _repr_html_(self) -> str:
        return render.table_html(self._heading(), self.words, [_shown(w) for w in self.generated], self.scores.T)


def explain_generation(
    lm: LanguageModel,
    prompt: str,
    length: int = 20,
    method: str = "occlusion",
    *,
    contrast: str | None = None,
    replacement: int | str | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
    **settings,
) -> GenerationExplanation:
    """scores[g, i] = what word i did to the log-odds of generated word g, for every word i before g.

    It explains the text that `lm.generate` writes with the same settings. All rows share what is compiled. For 20 words
    behind a prompt of five, measured with "wiki-lstm" on two busy cores: occlusion 1 second, gradients 3, `kernel_shap`
    and `permutation_shap` 8; `lime`, with 5,000 samples for each word, takes minutes.

    Args:
        lm: a language model.
        prompt: what the text begins with.
        length: how many words are generated and explained.
        method: a name in `METHODS`.
        contrast: "runner-up" to ask of each word why it came rather than the likeliest other one; by default it is
            held against all other words.
        replacement: what a removed word becomes: see `explain`.
        temperature, top_k, top_p, seed: of the drawing; top_k=1 always takes the likeliest word.
        **settings: settings of the method.

    Raises:
        ValueError: if `lm` is no language model, if nothing is to be generated, for a method, contrast or setting that
            does not exist, and as `lm.generate` does.
    """
    method_named(method)
    if not isinstance(lm, LanguageModel):
        raise ValueError(f"{type(lm).__name__} is no language model: it generates nothing that could be explained")
    if length < 1:
        raise ValueError(f"length must be at least 1, got {length}: there is nothing to explain otherwise")
    if contrast not in (None, RUNNER_UP):
        raise ValueError(f'contrast must be "{RUNNER_UP}" or None, got {contrast!r}; for one word use explain')
    drawn = lm.draw(prompt, length, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    if not drawn:
        raise ValueError(f"the model ends the text right behind {prompt[-60:]!r}: there is nothing to explain")
    contexts = contexts_of(lm, prompt, drawn)
    others = runners_up(lm, contexts[-1].ids, drawn) if contrast else [None] * len(drawn)
    explanations = []
    for i, other, context in zip(tqdm(drawn, desc=method, delay=2, leave=False), others, contexts, strict=True):
        model = Place(lm, lm.vocabulary[i], other, context)
        explanations.append(play(MaskedText(model, context.text, replacement=replacement), method, **settings))
    return GenerationExplanation(prompt, lm.continued(prompt, drawn), tuple(explanations))


class Place(NextWord):
    """The question about the word behind a context whose ids are known.

    What was drawn is not read again from the text: "can" and "n't" would not come back as they were drawn.
    """

    def __init__(self, lm: LanguageModel, target: str, contrast: str | None, context: Encoding):
        super().__init__(lm, target, contrast)
        self.context = context

    def encode(self, text: str) -> Encoding:
        return self.context


def contexts_of(lm: LanguageModel, prompt: str, drawn: Sequence[int]) -> list[Encoding]:
    """What stands before each of the drawn words, (drawn,) encodings."""
    contexts = [lm.encode(prompt)]
    for k in range(1, len(drawn)):
        contexts.append(lm.extended(contexts[-1], prompt, drawn[:k]))
    return contexts


def runners_up(lm: LanguageModel, ids: np.ndarray, drawn: Sequence[int]) -> list[str]:
    """At the place of each drawn word the likeliest other word that the model knows.

    Args:
        lm: the language model.
        ids: (time,) everything before the last drawn word.
        drawn: ids of the words whose places are asked about.
    """
    scores = lm.logits(ids[None])[0, -len(drawn) :].copy()  # (drawn, vocabulary)
    scores[:, list(lm.never_drawn)] = -np.inf
    scores[np.arange(len(drawn)), drawn] = -np.inf
    return [lm.vocabulary[i] for i in scores.argmax(axis=1)]


def _shown(token: str) -> str:
    return render.visible("\n") if token == END else token
