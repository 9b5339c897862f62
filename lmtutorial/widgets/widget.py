"""An explorer as a Jupyter widget: the interface of the book, answered by the package's own explainers.

The browser sends a question with a number, and gets the answer, or a sentence that says why there is none, with the
same number. Weights never leave Python. In its MIME bundle the widget carries its stored example, for every place where
no kernel runs.
"""

import json
import warnings

import anywidget
import traitlets

from . import bundle, stored
from .engine import answer


class Explorer(anywidget.AnyWidget):
    """An explorer, as `lmtutorial.explore` makes it.

    Args:
        model: what is asked; `None` for the map of words.
        kind: a name in `stored.KINDS`.
        state: all that the explorer opens with.
        name: tells explorers of one page apart.

    Attributes:
        state: what the reader sees now.
        example: the stored example in plain text, shown until Python has time to answer.
    """

    _esm = bundle.widget_module()
    _css = bundle.styles()
    kind = traitlets.Unicode().tag(sync=True)
    start = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    example = traitlets.Unicode().tag(sync=True)

    def __init__(self, model, kind: str, state: dict, name: str | None = None):
        self._model = model
        self._drawn = {}  # {question: answer} of the example; each is used once: a model may be trained further
        drawing = stored.KINDS[kind].draw(self._draw, state)
        self._element = stored.element(kind, getattr(model, "name", None), state, drawing, name)
        super().__init__(kind=kind, start=state, state=state, example=drawing.text)
        self.on_msg(self._hear)

    def _draw(self, request: dict) -> dict:
        self._drawn[_key(request)] = found = self._answer(request)
        return found

    def _answer(self, request: dict) -> dict:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they would appear under whichever cell ran last
            return answer(self._model, request)

    def _hear(self, widget, message: dict, buffers) -> None:
        """Answer a question of the browser. Whatever goes wrong is told there: a widget never dies of a question."""
        reply = {"view": message.get("view"), "number": message.get("number")}
        try:
            request = message["request"]
            reply["answer"] = self._drawn.pop(_key(request), None) or self._answer(request)
        except (ValueError, KeyboardInterrupt) as error:
            reply["error"] = str(error) or type(error).__name__
        except Exception as error:
            reply["error"] = f"{type(error).__name__}: {error}"
        self.send(reply)

    _ipython_display_ = None  # with it ipywidgets 7, which Colab has, would show itself and leave out the example

    def _repr_mimebundle_(self, **settings):
        data, metadata = super()._repr_mimebundle_(**settings)
        return {**data, "text/plain": self.example, "text/html": self._element}, metadata

    def __repr__(self) -> str:
        return self.example


def _key(request: dict) -> str:
    return json.dumps(request, sort_keys=True)
