"""Explorers: change a text and watch what the model answers, and why.

    lt.explore()                                    # a sentence, the review classifier, its words' scores
    lt.explore(model, "a text of your own")         # any model, `TextClassifier.from_keras(...)` included
    lt.explore(kind="softmax")                      # temperature, top-k and top-p on a language model's next words

In JupyterLab and Colab the answers come from Python (`engine.py`), in the book from a copy of the model in the page
(`src/`); the interface is the same. Everywhere else the example that the explorer opened with is shown (`stored.py`).
"""

from typing import TYPE_CHECKING

from ..files import nearest

if TYPE_CHECKING:
    from ..models.language_model import LanguageModel
    from ..models.text_model import TextModel
    from .widget import Explorer

__all__ = ["explore"]


def explore(
    model: "TextModel | LanguageModel | str | None" = None,
    text: str | None = None,
    *,
    kind: str | None = None,
    name: str | None = None,
    **state,
) -> "Explorer":
    """An explorer, to be shown under a cell.

    Args:
        model: a model, or the name of a shipped one; by default the one that the kind of explorer opens with. The map
            and the stored grids take none.
        text: the text to begin with.
        kind: "sentence" (each word's score), "methods" (all methods side by side), "path" (integrated gradients step by
            step), "softmax" (next words under temperature, top-k and top-p), "next_word" (a text continued, and why),
            "map" (word vectors in the plane), "lens_grid" or "patching_grid" (stored grids of a real LLM). By default
            "next_word" for a language model, else "sentence".
        name: tells explorers of the same kind in one notebook apart: the address of the one in the book.
        **state: whatever else the explorer can be told, such as `method="occlusion"` or `temperature=0.5`.

    Raises:
        ValueError: for a kind, a model or a setting that there is not (with the nearest name), for a model that cannot
            answer this kind of explorer, or if the text is empty or has no known word.
    """
    from . import stored

    if kind is not None and kind not in stored.KINDS:
        raise ValueError(f"there is no explorer {kind!r}{nearest(kind, stored.KINDS)}")
    model = _model(model, kind)
    kind = kind or _kind_for(model)
    state = state_of(kind, {**state, **({} if text is None else {"text": text})})
    stored.host_id(kind, name)  # refuses an odd name before anything is computed
    from .widget import Explorer  # ipywidgets and anywidget are imported here and nowhere else

    return Explorer(model, kind, state, name)


def _model(model, kind: str | None):
    """The model itself, or the stored grids; `ValueError` if it is none, or not one for this kind."""
    from .grids import load_grids
    from .stored import KINDS

    if kind is not None and (KINDS[kind].model is None or KINDS[kind].stored):
        if model is not None:
            raise ValueError(f"the explorer {kind!r} shows what is stored and takes no model, got {model!r}")
        return load_grids(KINDS[kind].model) if KINDS[kind].stored else None
    from ..models.language_model import LanguageModel
    from ..models.text_model import TextModel

    model = KINDS[kind or "sentence"].model if model is None else model
    if isinstance(model, str):
        from ..models.zoo import load_model

        model = load_model(model)
    if not isinstance(model, TextModel | LanguageModel):
        raise ValueError(
            f"{type(model).__name__} is no TextModel: wrap a Keras model with "
            "TextClassifier.from_keras(model, preprocessor)"
        )
    if kind is not None and KINDS[kind].writes and not isinstance(model, LanguageModel):
        raise ValueError(
            f"the explorer {kind!r} shows what a language model says next, and {model.name or 'this model'} is a "
            f"{type(model).__name__}: leave the model out, or pass a language model"
        )
    return model


def _kind_for(model) -> str:
    from ..models.language_model import LanguageModel

    return "next_word" if isinstance(model, LanguageModel) else "sentence"


def state_of(kind: str, given: dict) -> dict:
    """All that an explorer opens with: what was given, and its own choice of the rest.

    Raises:
        ValueError: for a setting that this kind does not have, or a value of another type.

    >>> state_of("path", {"place": 1})
    {'text': 'It has all the excitement of eating oatmeal.', 'place': 1.0}
    """
    from .engine import SETTINGS
    from .stored import CHOICES, KINDS

    state = dict(KINDS[kind].state)
    for name, value in given.items():
        if name not in state:
            raise ValueError(f"the explorer {kind!r} has no setting {name!r}{nearest(name, state)}")
        wanted = type(state[name])
        fits = isinstance(value, wanted) or wanted is float and isinstance(value, int)
        if not fits or isinstance(value, bool) != (wanted is bool):
            raise ValueError(f"{name} must be a {wanted.__name__}, got {value!r}")
        state[name] = wanted(value)
    for name, known in {"method": SETTINGS, **CHOICES}.items():
        if name in state and state[name] not in known:
            raise ValueError(f"there is no {name} {state[name]!r} here{nearest(state[name], known)}")
    return state
