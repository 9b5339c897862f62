"""Which words made the model answer as it did?

`explain` is the front door, `compare` puts methods side by side, `explain_generation` explains every word that a
language model writes. Each method is a function of a `MaskedText` (a model, a text and a target) in a module of its
own: `from lmtutorial.explainers.lime import lime`.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from ..files import nearest
from ..models.language_model import LanguageModel
from ..models.text_model import TextModel
from .explanation import Explanation
from .masking import MaskedText

if TYPE_CHECKING:
    from .comparison import Comparison
    from .generation import GenerationExplanation, explain_generation

# {name of a method: the module it lives in}; a module is imported when its method is first asked for.
METHODS = {
    "occlusion": "occlusion",
    "saliency": "gradients",
    "input_x_gradient": "gradients",
    "smooth_grad": "gradients",
    "integrated_gradients": "gradients",
    "lime": "lime",
    "exact_shapley": "shapley",
    "kernel_shap": "kernel_shap",
    "permutation_shap": "shapley",
    "partition_shap": "owen",
}

LATER = {"Comparison": "comparison", "explain_generation": "generation", "GenerationExplanation": "generation"}

__all__ = [
    "METHODS",
    "Comparison",
    "Explanation",
    "GenerationExplanation",
    "MaskedText",
    "compare",
    "explain",
    "explain_generation",
    "method_named",
]


def method_named(name: str) -> Callable[..., Explanation]:
    """The function behind a name in `METHODS`; `ValueError` offers the nearest name."""
    if name not in METHODS:
        raise ValueError(f"no method {name!r}{nearest(name, METHODS)}")
    return getattr(import_module(f".{METHODS[name]}", __name__), name)


def play(game: MaskedText, method: str, **settings) -> Explanation:
    """Let a method play a game; `ValueError` for a setting that it does not have."""
    function = method_named(method)
    known = [name for name in inspect.signature(function).parameters if name != "game"] if settings else []
    for name in settings:
        if name not in known:
            raise ValueError(f"{method} has no setting {name!r}{nearest(name, known)}; it has {known}")
    return function(game, **settings)


def explain(
    model: TextModel | LanguageModel,
    text: str,
    method: str = "occlusion",
    *,
    target: str | int | None = None,
    contrast: str | None = None,
    replacement: int | str | None = None,
    output: str | None = None,
    **settings,
) -> Explanation:
    """Score each word of a text by what it did to the model's answer.

    Args:
        model: what `load_model` returns, or any other `TextModel`.
        text: one text.
        method: a name in `METHODS`.
        target: the class to explain; by default the predicted one, or "positive" for the review classifier. For a
            language model the next word to explain; by default the likeliest.
        contrast: for a language model, the word that `target` is held against: why this rather than that? By default
            all other words.
        replacement: what a removed word becomes: `None` for the model's unknown word, "delete", or an id.
        output: "probability" to explain that instead of the logit.
        **settings: settings of the method.

    Raises:
        ValueError: if there is no such method or setting, if `model` is no model, or if the text is empty or has no
            known word.

    >>> import lmtutorial as lt
    >>> e = lt.explain(lt.load_model("reviews-lstm"), "a gorgeous, moving film")
    >>> e.tokens, e.unit
    (['a', 'gorgeous', 'moving', 'film'], 'logit')
    """
    method_named(method)
    return play(_game(model, text, target, contrast, replacement, output), method, **settings)


def _game(model, text, target, contrast, replacement, output) -> MaskedText:
    if isinstance(model, LanguageModel):
        model, target, contrast = model.next_word(target, contrast, text=text), None, None
    if contrast is not None:
        raise ValueError(f"a contrast ({contrast!r}) is for next words: this model is no language model")
    if not isinstance(model, TextModel):
        raise ValueError(
            f"{type(model).__name__} is no TextModel: wrap a Keras model with "
            "TextClassifier.from_keras(model, preprocessor)"
        )
    return MaskedText(model, text, target, replacement, output)


def compare(
    model: TextModel | LanguageModel,
    text: str,
    methods=("occlusion", "input_x_gradient", "integrated_gradients", "lime", "kernel_shap", "partition_shap"),
    *,
    target: str | int | None = None,
    contrast: str | None = None,
    replacement: int | str | None = None,
    output: str | None = None,
) -> "Comparison":
    """Several methods side by side on one text. They share one game, so that no question is asked twice.

    Args:
        model, text, target, contrast, replacement, output: as for `explain`.
        methods: names in `METHODS`, or {name: settings of that method}.

    Returns:
        a `Comparison`: a table in a notebook, with `.table()`, `.agreement()` and `.plot()`.

    Raises:
        ValueError: as `explain` does, or if no method is named.
    """
    from .comparison import Comparison

    if isinstance(methods, str):
        methods = (methods,)
    settings = dict(methods) if isinstance(methods, dict) else {name: {} for name in methods}
    for name in settings:
        method_named(name)
    game = _game(model, text, target, contrast, replacement, output)
    return Comparison({name: play(game, name, **chosen) for name, chosen in settings.items()})


def __getattr__(name: str):
    if name in LATER:
        return getattr(import_module(f".{LATER[name]}", __name__), name)
    raise AttributeError(f"{__name__} has no {name!r}")
