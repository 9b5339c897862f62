"""The Python engine of an explorer: a question in, an answer out, by the package's own explainers.

    answer(lt.load_model("reviews-lstm"), {"do": "explain", "text": "a fine film", "method": "occlusion"})

A page of the book asks the same questions of a small copy of the model in JavaScript, and both engines answer with the
same fields, so that one interface serves both. `do` names the question: about, explain, next, continue, path; and of
the map of words, which needs no model, map, near and analogy. Stored grids answer by themselves (`grids.py`). Answers
are plain values, fit for JSON: no NaN, and offsets that count characters. What cannot be answered is a `ValueError`
with a sentence for the reader.
"""

import math
import time
from collections.abc import Callable

import numpy as np

from ..explainers import METHODS, Explanation, MaskedText, play
from ..explainers.gradients import dot, path_points
from ..explainers.tape import slopes
from ..explainers.vectors import sum_pieces, vectors_of
from ..files import nearest
from ..models.language_model import LanguageModel
from ..models.sampling import next_word_probabilities
from ..models.text_model import TextModel
from ..preprocessing import PADDING, UNKNOWN
from .grids import Grids

ORDERS = 10  # of permutation_shap, each used in both directions
READINGS = 150_000  # words that the model may read for these
LONGEST = 2000  # words of a text: nobody waits for longer ones
LISTABLE = 12  # words up to which every set of them is asked about without making the reader wait


def answer(model: TextModel | LanguageModel | Grids | None, request: dict) -> dict:
    """The answer to a request of the interface.

    Args:
        model: what is asked; `None` for the map of words, or the stored grids.
        request: `{"do": name of the question, ...}`.

    Raises:
        ValueError: for a question that there is not, or that this model cannot answer, with the reason.
    """
    if isinstance(model, Grids):
        return plain(model.answer(request))
    name = request.get("do") if isinstance(request, dict) else request
    if name in MAP_ANSWERS:
        return plain(MAP_ANSWERS[name](request))
    if name not in ANSWERS:
        raise ValueError(f"there is no question {name!r}{nearest(name, [*ANSWERS, *MAP_ANSWERS])}")
    if name in WRITERS and not isinstance(model, LanguageModel):
        raise ValueError(f"only a language model says what comes next, and this is a {type(model).__name__}")
    return plain(ANSWERS[name](model, request))


def about(model: TextModel | LanguageModel | None, request: dict) -> dict:
    """What can be asked of this model, and the code that loads it."""
    if model is None:
        return {"kind": "map", "name": "map", "classes": [], "unit": None, "methods": [], "code": None}
    writes = isinstance(model, LanguageModel)
    return {
        "kind": "language" if writes else "classifier",
        "name": model.name or type(model).__name__,
        "classes": [] if writes else model.classes,
        "unit": "logit" if writes else model.unit,
        "methods": list(SETTINGS),
        "code": f'lt.load_model("{model.name}")' if model.name else "...  # your own model",
    }


# {method: its settings for a text of so many words, with this seed}; those of the page first, with its settings
SETTINGS: dict[str, Callable[[int, int], dict]] = {
    "integrated_gradients": lambda words, seed: {"points": 32, "tolerance": None},
    "occlusion": lambda words, seed: {},
    "lime": lambda words, seed: {"sampling": "authors", "num_samples": max(500, words + 1), "seed": seed},
    "permutation_shap": lambda words, seed: {"evaluations": evaluations(words), "seed": seed},
    "saliency": lambda words, seed: {},
    "input_x_gradient": lambda words, seed: {},
    "kernel_shap": lambda words, seed: {"seed": seed},
    "partition_shap": lambda words, seed: {},
    "exact_shapley": lambda words, seed: {},
}


def evaluations(words: int) -> int:
    """What `permutation_shap` may ask: ten orders, and fewer for long texts, though at least two."""
    affordable = READINGS // (max(1, 2 * (words - 1)) * words)
    return 2 + 2 * max(2, min(ORDERS, affordable)) * max(1, words - 1)


def explain(model: TextModel | LanguageModel, request: dict) -> dict:
    """Each word's score by one method; `lt.explain(model, text, method, **settings)` computes the same."""
    method, start = request.get("method", "occlusion"), time.perf_counter()
    game = game_of(model, request)
    if method not in SETTINGS:
        raise ValueError(f"no method {method!r} here{nearest(method, SETTINGS if method in METHODS else METHODS)}")
    if method == "exact_shapley" and len(game) > LISTABLE:
        raise ValueError(
            f"exact_shapley asks about every set of words, and {len(game)} words have 2^{len(game)} of them: here it "
            f"takes at most {LISTABLE} words; kernel_shap and permutation_shap estimate the same scores"
        )
    settings = SETTINGS[method](len(game), int(request.get("seed") or 0))
    e = play(game, method, **settings)
    asked = {name: request[name] for name in ("target", "contrast") if request.get(name) is not None}
    return {**explained(game, e), "settings": {**asked, **settings}, "seconds": time.perf_counter() - start}


def explained(game: MaskedText, e: Explanation) -> dict:
    """An explanation with the fields of an answer."""
    same = {name: getattr(e, name) for name in ("text", "spans", "scores", "target", "contrast", "unit", "method")}
    return same | {
        "unknown": unknown_words(game),
        "output": e.output,
        "baseline_output": e.baseline_output,
        "probability": e.diagnostics.get("probability"),
        "complete": e.complete,
        "dropped": e.diagnostics["dropped_words"],
        "evaluations": e.diagnostics["evaluations"],
        "error": e.diagnostics.get("standard_error"),
    }


def game_of(model: TextModel | LanguageModel, request: dict) -> MaskedText:
    """The game that `lt.explain` would play."""
    text, target, contrast = text_of(request), request.get("target"), request.get("contrast")
    if isinstance(model, LanguageModel):
        model, target, contrast = model.next_word(target, contrast, text=text), None, None
    if contrast is not None:
        raise ValueError(f"a contrast ({contrast!r}) is for next words: this model is no language model")
    game = MaskedText(model, text, target)
    if len(game) > LONGEST:
        raise ValueError(f"the text has {len(game)} words: explain a text of at most {LONGEST}")
    return game


def text_of(request: dict) -> str:
    text = request.get("text")
    if not isinstance(text, str):
        raise ValueError(f"a text must be a str, got {text!r}")
    return text


def unknown_words(game: MaskedText) -> list[bool]:
    """(words,) whether the model reads a word as the unknown one."""
    ids, unknown = game.encoding.ids, game.model.replacement
    return [bool(np.all(ids[start:end] == unknown)) for start, end in game.encoding.pieces]


def path(model: TextModel | LanguageModel, request: dict) -> dict:
    """F and (e_i - b_i) . dF/de_i for each word, at places from the baseline (0) to the text (1), evenly apart."""
    game = game_of(model, request)
    text, base = vectors_of(game)
    places, _ = path_points("trapezoid", int(request.get("points", 33)))  # both ends come first

    def at(start: int, stop: int) -> np.ndarray:
        part = places[start:stop, None, None]
        return part * text + (1 - part) * base

    scores, products = slopes(game, len(places), at, lambda gradient: dot(gradient, text - base))
    order = np.argsort(places)
    outputs = game.model.select(scores, game.index)[order]
    return {
        "text": game.encoding.text,
        "spans": game.encoding.spans,
        "unknown": unknown_words(game),
        "tokens": game.encoding.words,
        "alphas": places[order],
        "outputs": outputs,
        "slopes": sum_pieces(game, products)[order],
        "target": game.target,
        "contrast": game.contrast,
        "unit": game.unit,
        "output": outputs[-1],
        "baseline_output": outputs[0],
        "probability": game.probability,
    }


def next_words(lm: LanguageModel, request: dict) -> dict:
    """The likeliest next words: score, probability, and probability with temperature, top-k and top-p."""
    text, top = text_of(request), int(request.get("top", 12))
    ids = lm.prompt_ids(text)
    scores = lm.step(ids)[0][0].astype(np.float64)
    if request.get("drawable"):
        scores[[PADDING, UNKNOWN]] = -np.inf
    likely = next_word_probabilities(scores)
    cut = next_word_probabilities(scores, **sampling_of(request))
    listed = [int(i) for i in np.argsort(-likely, kind="stable")[:top] if np.isfinite(scores[i])]
    possible = cut[cut > 0]
    return {
        "text": text,
        "spans": lm.preprocessor.spans(text),
        "unknown": ids[0, 1:] == UNKNOWN,
        "words": [
            {"word": lm.vocabulary[i], "score": scores[i], "plain": likely[i], "cut": cut[i]} for i in listed
        ],
        "kept": len(possible),
        "size": lm.vocabulary_size,
        "plain_mass": likely[listed].sum(),
        "cut_mass": cut[listed].sum(),
        "entropy": abs(float(np.sum(possible * np.log2(possible)))),
    }  # fmt: skip


def sampling_of(request: dict) -> dict:
    """Temperature, top-k and top-p as the package names them; what is left out cuts nothing."""
    return {name: request.get(name, usual) for name, usual in (("temperature", 1.0), ("top_k", None), ("top_p", None))}


def carry_on(lm: LanguageModel, request: dict) -> dict:
    """The text with drawn words behind it, as `lm.generate` writes it."""
    text, seed = text_of(request), int(request.get("seed") or 0)
    drawn = lm.draw(text, int(request.get("length", 20)), **sampling_of(request), seed=seed)
    return {"text": lm.continued(text, drawn), "words": [lm.vocabulary[i] for i in drawn]}


def whole_map(request: dict) -> dict:
    from .map_data import load_map

    words, _, places = load_map()
    return {"words": words, "x": places[:, 0], "y": places[:, 1]}


def near(request: dict) -> dict:
    from . import map_data

    found = map_data.near(request.get("plus") or [], request.get("minus") or [], int(request.get("top", 8)))
    return {"words": found}


def analogy(request: dict) -> dict:
    from . import map_data

    return map_data.analogy(request.get("a"), request.get("b"), request.get("c"), int(request.get("top", 5)))


ANSWERS = {"about": about, "explain": explain, "path": path, "next": next_words, "continue": carry_on}
WRITERS = {"next", "continue"}
MAP_ANSWERS = {"map": whole_map, "near": near, "analogy": analogy}


def plain(value):
    """`value` in dicts, lists and plain numbers; `None` for a number that is not finite, which JSON does not have."""
    if isinstance(value, dict):
        return {str(key): plain(v) for key, v in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
