"""Train language models on real text and explain what they answer.

    import lmtutorial as lt

    model = lt.load_model("reviews-lstm")
    lt.explain(model, "a gorgeous, moving film")

The names below are imported when they are first used, so that `import lmtutorial` is quick and a chapter that only
reads a corpus never waits for TensorFlow.
"""

import importlib
import os

__version__ = "0.1.0"

# The one place that quietens the backend's start-up lines: it must come before TensorFlow is imported anywhere.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
# oneDNN is on by default on some processors only, announces itself in red, and is no quicker for networks of this size;
# without it the same routines compute the same numbers on all of them.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

_HOME = {
    "load_reviews": "corpora",
    "load_tweets": "corpora",
    "load_products": "corpora",
    "load_editorials": "corpora",
    "load_lexicon": "corpora",
    "load_books": "corpora",
    "load_wikipedia": "corpora",
    "load_documents": "documents",
    "load_verb_agreement": "verb_agreement",
    "Preprocessor": "preprocessing",
    "TextClassifier": "models.classifier",
    "LanguageModel": "models.language_model",
    "load_model": "models.zoo",
    "explain": "explainers",
    "compare": "explainers",
    "explain_generation": "explainers",
    "Explanation": "explainers",
    "MaskedText": "explainers",
    "explore": "widgets",
}
_MODULES = (
    "checks",
    "colab",
    "corpora",
    "documents",
    "downloads",
    "embeddings",
    "explainers",
    "files",
    "inside",
    "models",
    "plots",
    "preprocessing",
    "quizzes",
    "render",
    "verb_agreement",
    "widgets",
)

__all__ = sorted([*_HOME, *_MODULES, "__version__"])


def __getattr__(name: str):
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"lmtutorial has no {name!r}")


def __dir__():
    return __all__
