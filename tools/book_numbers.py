"""Numbers in prose: the role `measured` takes them out of what was recorded, when the book is built.

    {measured}`measurements/faithfulness; all/methods/lime/aopc; .2f`             0.52
    {measured}`measurements/faithfulness; all/methods/lime/aopc; .2f interval`    0.52 (0.51 to 0.53)
    {measured}`measurements/shortcut; learnt/word/flipped/wednesday; .0%`         99 %
    {measured}`measurements/explainer_speed; words/20/overhead/lime/seconds; ms`  230 ms
    {measured}`measurements/explainer_speed; A over B; .0f`                       A divided by B

First the file below the data folder, without its ending; then the way through it, a step behind each stroke; then how
it is written. A number that has been typed grows old without a sound; one that is read cannot, and a wrong way stops
the build. Where the way ends at a mean with its interval, the mean is meant.
"""

import json

from docutils import nodes
from sphinx.util.docutils import SphinxRole

from lmtutorial.files import data_folder, nearest

MIDDLES = ("mean", "median", "value", "accuracy")  # under these names the benchmarks keep the middle of an interval
NO_BREAK = "\N{NO-BREAK SPACE}"


def text_of(asked: str) -> str:
    """What the role writes for `store; path; format`.

    >>> text_of("measurements/faithfulness; all/methods/random/aopc; .1f")
    '0.2'

    Raises:
        ValueError: if there is no such store, no such way through it, or no number at its end.
    """
    parts = [part.strip() for part in asked.split(";")]
    if len(parts) != 3:
        raise ValueError(f"wants `store; path; format`, and is {asked!r}")
    store, path, form = parts
    found = stored(store)
    if " over " in path:
        return written(number_at(found, path.split(" over ")[0]) / number_at(found, path.split(" over ")[1]), form)
    if form.endswith(" interval"):
        form = form.removesuffix(" interval")
        ends = (written(number_at(found, f"{path}/{end}"), form) for end in ("low", "high"))
        return f"{written(number_at(found, path), form)} ({' to '.join(ends)})"
    return written(number_at(found, path), form)


def stored(store: str) -> dict:
    """The recorded values of data/`store`.json."""
    file = data_folder() / f"{store}.json"
    if not file.is_file():
        known = [f.relative_to(data_folder()).with_suffix("").as_posix() for f in data_folder().rglob("*.json")]
        raise ValueError(f"there is no store {store!r}{nearest(store, known)}")
    return json.loads(file.read_text(encoding="utf-8"))


def number_at(found, path: str) -> float:
    """The number at the end of `path`; of an interval, its middle.

    >>> number_at({"lime": {"aopc": {"mean": 0.5, "low": 0.4}}, "seeds": [3, 4]}, "lime/aopc")
    0.5
    >>> number_at({"seeds": [3, 4]}, "seeds/1")
    4.0
    """
    for step in path.strip().split("/"):
        known = range(len(found)) if isinstance(found, list) else found if isinstance(found, dict) else ()
        step = int(step) if isinstance(found, list) and step.isdecimal() else step
        if step not in known:
            raise ValueError(f"{path!r} leads nowhere: no {step!r} among {', '.join(map(str, list(known)[:12]))}")
        found = found[step]
    if isinstance(found, dict):
        found = next((found[name] for name in MIDDLES if name in found), None)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError(f"{path!r} does not end at a number")
    return float(found)


def written(value: float, form: str) -> str:
    """A number as a page writes it: a format of Python's, or `ms` for seconds told in milliseconds.

    >>> written(0.0196, "ms"), written(463033, ",.0f"), written(-0.25, ".2f")
    ('20\\xa0ms', '463,033', '−0.25')
    """
    text = f"{1000 * value:.0f}{NO_BREAK}ms" if form == "ms" else format(value, form)
    return text.replace("%", f"{NO_BREAK}%").replace("-", "\N{MINUS SIGN}")


class MeasuredRole(SphinxRole):
    """A number out of the recorded measurements; a fault in the asking is a warning, which stops the build."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            text = text_of(self.text)
        except ValueError as error:
            message = self.inliner.reporter.error(f"measured: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        self.env.note_dependency(str(data_folder() / f"{self.text.split(';')[0].strip()}.json"))
        return [nodes.inline("", text, classes=["lm-measured"])], []


def setup(app) -> dict:
    app.add_role("measured", MeasuredRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
