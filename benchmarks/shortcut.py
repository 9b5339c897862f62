"""Which explainers name a cause that is known?

    python -m benchmarks.shortcut                 # about a quarter of an hour on two cores
    python -m benchmarks.shortcut --texts 20      # a quick look

The models of `lmtutorial.models.shortcut` have learnt a planted word, or two that are needed together. Into negative
validation texts the words are put at random places, and those texts are kept whose verdict turns by the words alone.
Three cases:

- "word": one planted word, which decides.
- "twice": the same model; the word stands in the text twice, and either would be enough.
- "pair": two words, neither of which is enough alone.

For each method, with its default settings, each with a 95 % bootstrap interval over the texts:

- `precision`: the share of its k strongest words that are the k planted ones.
- `first`: the share of texts whose strongest word is a planted one.
- `rank`: the mean rank of the planted words.
- `credit`: the planted words' scores together, as a share of what the model loses when all of them go.

"random" scores words by chance. "fewest_removals" has no scores: its `precision` is the share of texts in which all the
words that it takes out are planted ones.
"""

import argparse
import time

import numpy as np

from lmtutorial import corpora
from lmtutorial.explainers import METHODS, MaskedText, play
from lmtutorial.explainers.counterfactuals import fewest_removals
from lmtutorial.models.shortcut import SHORTCUTS, Caught, caught, insert, load_shortcut, pinpointed

from . import record
from .faithfulness import interval

LONGEST = 30  # words; every method explains every text, and exact values are left out
CASES = {"word": ("word", 1, 1), "twice": ("word", 2, 1), "pair": ("pair", 1, 2)}  # model, times, needed


def negatives() -> list[str]:
    """Negative validation texts that are short enough."""
    reviews = corpora.load_reviews()
    chosen = reviews[(reviews["split"] == "validation") & (reviews["label"] == 0)]["text"]
    return [text for text in chosen if len(text.split()) <= LONGEST - 2]


def learnt(name: str) -> dict:
    """What a planted model does on validation: its accuracy, and how often the words turn a negative verdict."""
    model, words = load_shortcut(name), SHORTCUTS[name].words
    reviews = corpora.load_reviews().dropna(subset="label").query("split == 'validation'")
    right = (model.predict(reviews["text"]) > 0.5) == reviews["label"].to_numpy(int)
    random, texts = np.random.default_rng(0), reviews["text"]
    texts = texts[model.predict(texts) < 0.5]
    parts = {"all words": words, **({word: (word,) for word in words} if len(words) > 1 else {})}
    parts["wednesday"] = ("wednesday",)
    return {
        "accuracy": interval(right),
        "negative": len(texts),
        "flipped": {
            part: interval(model.predict([insert(t, chosen, random) for t in texts]) > 0.5)
            for part, chosen in parts.items()
        },
    }


def scores_of(game: MaskedText, method: str, number: int) -> np.ndarray:
    if method == "random":
        return np.random.default_rng(number).random(len(game))
    return play(game, method).scores


def explained(model, texts: list[Caught], methods: list[str]) -> dict:
    """{method: its measures} on texts of known cause."""
    found = {method: {"precision": [], "first": [], "rank": [], "credit": []} for method in methods}
    edits = []
    for number, text in enumerate(texts):
        game, places = MaskedText(model, text.text, "positive"), list(text.places)
        kept = np.ones((1, len(game)), bool)
        kept[0, places] = False
        lost = game.whole() - game(kept)[0]
        for method in methods:
            scores = scores_of(game, method, number)
            order = np.argsort(-scores, kind="stable").tolist()
            found[method]["precision"].append(pinpointed(scores, text.places))
            found[method]["first"].append(order[0] in places)
            found[method]["rank"].append(np.mean([order.index(place) + 1 for place in places]))
            found[method]["credit"].append(scores[places].sum() / lost)
        edit = fewest_removals(game, most=len(places))
        edits.append(edit.flips and {number for number, _, _ in edit.changes} <= set(places))
    table = {method: {name: interval(values) for name, values in m.items()} for method, m in found.items()}
    return {**table, "fewest_removals": {"precision": interval(edits)}}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--texts", type=int, default=100, help="texts to a case, at most")
    chosen = options.parse_args()
    methods = [*(m for m in METHODS if m != "exact_shapley"), "random"]
    cases = {}
    for case, (name, times, needed) in CASES.items():
        began, model = time.perf_counter(), load_shortcut(name)
        texts = caught(model, negatives(), SHORTCUTS[name].words * times, needed=needed)
        used = texts[: chosen.texts]
        lengths = [len(model.encode(text.text).spans) for text in used]
        cases[case] = {
            "texts": len(used),
            "of": len(texts),
            "mean_words": round(float(np.mean(lengths)), 2),
            "methods": explained(model, used, methods),
        }
        print(f"{case}: {len(used)} of {len(texts)} texts, {time.perf_counter() - began:.0f} s", flush=True)
    learnt_by = {name: learnt(name) for name in SHORTCUTS}
    record.write("shortcut.json", {**record.circumstances("benchmarks.shortcut"), "learnt": learnt_by, "cases": cases})


if __name__ == "__main__":
    main()
