"""An explanation: a score for each word, and what these scores explain."""

from dataclasses import MISSING, dataclass, field, fields

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
        contrast: what the target is held against, where the question was "why this rather than that"; else `None`.
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
    contrast: str | None = None

    def __post_init__(self):
        if len(self.scores) != len(self.spans):
            raise ValueError(f"{len(self.spans)} words and {len(self.scores)} scores do not belong together")

    @classmethod
    def of_game(
        cls,
        game,
        scores: np.ndarray,
        method: str,
        *,
        settings: dict,
        diagnostics: dict,
        complete: bool = False,
        output: float | None = None,
        baseline_output: float | None = None,
    ) -> "Explanation":
        """The explanation that a method found by playing a `MaskedText` game.

        `output` and `baseline_output` are the game's answers for the whole text and the empty one, unless a method
        with another baseline passes its own; what takes the place of a removed word is then no setting of it.
        """
        removed = game.replacement if isinstance(game.replacement, str) else int(game.replacement)
        return cls(
            game.encoding.text,
            game.encoding.spans,
            np.asarray(scores, np.float64),
            game.target,
            game.unit,
            float(game.whole() if output is None else output),
            float(game.nothing() if baseline_output is None else baseline_output),
            method,
            {**({"replacement": removed} if baseline_output is None else {}), **settings},
            {
                "evaluations": game.evaluations,
                "dropped_words": game.encoding.dropped,
                "probability": game.probability,
                **diagnostics,
            },
            complete,
            game.contrast,
        )

    def to_dict(self) -> dict:
        """Everything as plain Python values, fit for JSON; `from_dict` reads it back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return _plain(values)

    @classmethod
    def from_dict(cls, values: dict) -> "Explanation":
        """The explanation that `to_dict` wrote; `ValueError` names a key that is missing or unknown."""
        names = {field.name for field in fields(cls)}
        required = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
        given = set(values) if isinstance(values, dict) else set()
        if required - given or given - names:
            raise ValueError(
                f"this is no Explanation.to_dict(): missing are {sorted(required - given)}, "
                f"unknown are {sorted(given - names)}"
            )
        diagnostics = {k: np.asarray(v) if isinstance(v, list) else v for k, v in values.get("diagnostics", {}).items()}
        spans = tuple((int(start), int(end)) for start, end in values["spans"])
        scores = np.asarray(values["scores"], np.float64)
        return cls(**{**values, "spans": spans, "scores": scores, "diagnostics": diagnostics})

    def to_shap(self):
        """The same as a `shap.Explanation`, for the plots of that library.

        Its `data` are the words with what stands between them, so that `shap.plots.text` shows the text as it was.
        Its plots take the scores to add up to `output - baseline_output`: look at `completeness_gap` first.

        Raises:
            ImportError: if the library `shap` is not installed.
        """
        import shap

        edges = [0, *(start for start, _ in self.spans[1:]), len(self.text)]
        pieces = np.array([self.text[a:b] for a, b in zip(edges, edges[1:], strict=False)], dtype=object)
        return shap.Explanation(self.scores, self.baseline_output, data=pieces, feature_names=self.tokens)

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
        likely = self.diagnostics.get("probability")
        return render.heading(self.target, self.unit, self.output, self.method, likely, self.contrast)

    def __repr__(self) -> str:
        return render.tokens_text(self._heading(), self.tokens, self.scores)

    def _repr_html_(self) -> str:
        return render.tokens_html(self._heading(), self.text, self.spans, self.scores)


def _plain(value):
    """`value` with arrays as lists, tuples as lists and NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {str(key): _plain(v) for key, v in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
