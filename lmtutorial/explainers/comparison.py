"""Several explanations of one text, side by side."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .. import plots, render
from .agreement import agreement
from .explanation import Explanation


class Comparison(Mapping):
    """{name of a method: its explanation}, of one text and one target.

    In a notebook it shows as a table: one row a word, one column a method. A column's colours are relative to its own
    strongest word, because methods differ in scale; its numbers are the method's own.

    Raises:
        ValueError: if there is no explanation, or if they are not of the same words and target.
    """

    def __init__(self, explanations: Mapping[str, Explanation]):
        self._explanations = dict(explanations)
        if not self._explanations:
            raise ValueError("nothing to compare: name at least one method")
        first = next(iter(self._explanations.values()))
        for name, e in self._explanations.items():
            asked, first_asked = ((x.text, x.spans, x.target, x.contrast) for x in (e, first))
            if asked != first_asked:
                raise ValueError(
                    f"{name} explains {e.target!r} of {e.text[:40]!r}, not {first.target!r} of {first.text[:40]!r}"
                )
        self.text, self.tokens, self.target = first.text, first.tokens, first.target

    def __getitem__(self, name: str) -> Explanation:
        return self._explanations[name]

    def __iter__(self):
        return iter(self._explanations)

    def __len__(self) -> int:
        return len(self._explanations)

    @property
    def scores(self) -> np.ndarray:
        """(words, methods) scores."""
        return np.stack([e.scores for e in self.values()], axis=1)

    def table(self) -> pd.DataFrame:
        """One row a word, in the order of the text; one column a method."""
        return pd.DataFrame(self.scores, index=pd.Index(self.tokens, name="word"), columns=list(self))

    def agreement(self, k: int | None = None) -> pd.DataFrame:
        """Rank correlation of every two methods, or the share of their top `k` words that they have in common."""
        return agreement(self, k)

    def plot(self) -> None:
        """Every word's scores by every method, each method divided by its strongest score."""
        largest = np.maximum(np.abs(self.scores).max(axis=0), 1e-300)
        shares = dict(zip(self, (self.scores / largest).T, strict=True))
        plots.side_by_side(self.tokens, {name.replace("_", " "): s for name, s in shares.items()})

    def _heading(self) -> str:
        e = next(iter(self.values()))
        likely = e.diagnostics.get("probability")
        return render.heading(e.target, e.unit, e.output, ", ".join(self), likely, e.contrast)

    def __repr__(self) -> str:
        return f"{self._heading()}\n{self.table().map(render.number).to_string()}"

    def _repr_html_(self) -> str:
        return render.table_html(self._heading(), self.tokens, [n.replace("_", " ") for n in self], self.scores)
