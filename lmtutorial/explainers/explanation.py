"""An explanation: a score for each word, and what these scores explain."""

from dataclasses import dataclass, field

import numpy as np

from .. import render


@dataclass(frozen=True)
class Explanation:
    """The answer of every explainer.

    Attributes:
        text: the raw text.
        spans: (start, end) character offsets of each word.
        scores: (words,) attributions, in `unit`; positive ones speak for `target`.
        target: name of the explained class.
        unit: "logit", "probability" or "rating".
        output: what the model says of the whole text, in `unit`.
        baseline_output: what it says of the baseline, the input that counts as nothing.
        method: name of the method.
        settings: how the method was set, replacement of removed words included.
        diagnostics: what can be measured of the explanation's quality (R², standard error, convergence), and its cost.
        complete: whether a law says that the scores add up to `output - baseline_output`.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    scores: np.ndarray
    target: str
    unit: str
    output: float
    baseline_output: float
    method: str
    settings: dict = field(default_factory=dict)
    diagnostics: dict = field(default_factory=dict)
    complete: bool = False

    def __post_init__(self):
        if len(self.scores) != len(self.spans):
            raise ValueError(f"{len(self.spans)} words and {len(self.scores)} scores do not belong together")

    @classmethod
    def of_game(
        cls, game, scores: np.ndarray, method: str, *, settings: dict, diagnostics: dict, complete: bool = False
    ) -> "Explanation":
        """The explanation that a method found by playing a `MaskedText` game."""
        removed = game.replacement
        settings = {"replacement": removed if isinstance(removed, str) else int(removed), **settings}
        diagnostics = {
            "evaluations": game.evaluations,
            "dropped_words": game.encoding.dropped,
            "probability": game.probability,
            **diagnostics,
        }
        encoding = game.encoding
        ends = (game.whole(), game.nothing())
        return cls(
            encoding.text,
            encoding.spans,
            scores,
            game.target,
            game.unit,
            *ends,
            method,
            settings,
            diagnostics,
            complete,
        )

    @property
    def tokens(self) -> list[str]:
        """The raw spelling of each word."""
        return [self.text[start:end] for start, end in self.spans]

    @property
    def completeness_gap(self) -> float | None:
        """`scores.sum() - (output - baseline_output)` where a law says that it is zero, else `None`."""
        return float(np.sum(self.scores) - (self.output - self.baseline_output)) if self.complete else None

    def top(self, n: int = 5) -> list[tuple[str, float]]:
        """The `n` words with the largest scores in absolute value, strongest first."""
        order = np.argsort(-np.abs(self.scores), kind="stable")[:n]
        return [(self.tokens[i], float(self.scores[i])) for i in order]

    def _heading(self) -> str:
        return render.heading(self.target, self.unit, self.output, self.method, self.diagnostics.get("probability"))

    def __repr__(self) -> str:
        return render.tokens_text(self._heading(), self.tokens, self.scores)

    def _repr_html_(self) -> str:
        return render.tokens_html(self._heading(), self.text, self.spans, self.scores)
