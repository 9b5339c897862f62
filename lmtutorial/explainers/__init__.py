"""Which words made the model answer as it did?

`explain` is the front door. Each method is a function of a `MaskedText` (a model, a text and a target) in a module of
its own: `from lmtutorial.explainers.occlusion import occlusion`.
"""

from ..files import nearest
from ..models.text_model import TextModel
from . import occlusion as _occlusion
from .explanation import Explanation
from .masking import MaskedText

METHODS = {"occlusion": _occlusion.occlusion}

__all__ = ["METHODS", "Explanation", "MaskedText", "explain"]


def explain(
    model: TextModel,
    text: str,
    method: str = "occlusion",
    *,
    target: str | int | None = None,
    replacement: int | str | None = None,
    output: str | None = None,
    **settings,
) -> Explanation:
    """Score each word of a text by what it did to the model's answer.

    Args:
        model: what `load_model` returns, or any other `TextModel`.
        text: one text.
        method: a name in `METHODS`.
        target: the class to explain; by default the predicted one, or "positive" for the review classifier.
        replacement: what a removed word becomes: `None` for the model's unknown word, "delete", or an id.
        output: "probability" to explain that instead of the logit.
        **settings: settings of the method.

    Raises:
        ValueError: if there is no such method, if `model` is no model, or if the text is empty or has no known word.

    >>> import lmtutorial as lt
    >>> e = lt.explain(lt.load_model("reviews-lstm"), "a gorgeous, moving film")
    >>> e.tokens, e.unit
    (['a', 'gorgeous', 'moving', 'film'], 'logit')
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}{nearest(method, METHODS)}")
    if not isinstance(model, TextModel):
        raise ValueError(
            f"{type(model).__name__} is no TextModel: wrap a Keras model with "
            "TextClassifier.from_keras(model, preprocessor)"
        )
    return METHODS[method](MaskedText(model, text, target, replacement, output), **settings)
