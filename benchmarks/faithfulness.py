"""How faithful is each method? Measured on the rated sentences of the test split.

    python -m benchmarks.faithfulness                # all of them: half an hour on two cores
    python -m benchmarks.faithfulness --every 40     # every fortieth: a first look

1. Each method scores each sentence, in logits, for the class that the model predicts.
2. The measures of `lmtutorial.explainers.faithfulness` judge the scores, in the probability of that class; infidelity
   in logits, the scores' own unit.
3. Means over sentences, with 95 % intervals from a bootstrap over sentences. Random scores are the floor.

A sentence's figures are appended to a file as soon as they are known, so that an interrupted run goes on where it
stopped. Writes data/measurements/faithfulness.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.explainers import agreement, faithfulness, play, sanity
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.preprocessing import UNKNOWN

from . import record

METHODS = (
    "saliency",
    "input_x_gradient",
    "smooth_grad",
    "integrated_gradients",
    "occlusion",
    "lime",
    "kernel_shap",
    "partition_shap",
    "exact_shapley",
)
SETTINGS = {"lime": {"budget": 1000}}  # enough: its standard error stays small beside its scores; the rest by default
HIGHER_IS_BETTER = {
    "comprehensiveness": True,
    "sufficiency": False,
    "aopc": True,
    "aopc_deleting": True,
    "deletion_area": False,
    "insertion_area": True,
    "infidelity": False,
}
LONGEST_EXACT = 16
PARTS = Path("_build/faithfulness.jsonl")


def judge(game: MaskedText, deleting: MaskedText, logits: MaskedText, scores: np.ndarray) -> dict[str, float]:
    """Every measure of one sentence's scores, which speak for the predicted class."""
    return {
        "comprehensiveness": faithfulness.comprehensiveness(game, scores),
        "sufficiency": faithfulness.sufficiency(game, scores),
        "aopc": faithfulness.aopc(game, scores),
        "aopc_deleting": faithfulness.aopc(deleting, scores),
        "deletion_area": faithfulness.area(faithfulness.deletion_curve(game, scores)),
        "insertion_area": faithfulness.area(faithfulness.insertion_curve(game, scores)),
        "infidelity": faithfulness.infidelity(logits, scores),
    }


def measure(model, text: str, seed: int) -> dict:
    """Scores and measures of one sentence by every method."""
    encoding = model.encode(text)
    predicted = int(model.predict([text])[0] > 0.5)
    logits = MaskedText(model, text, target=predicted)
    game = MaskedText(model, text, target=predicted, output="probability")
    deleting = MaskedText(model, text, target=predicted, output="probability", replacement="delete")
    scores = {"random": np.random.default_rng(seed).normal(size=len(logits))}
    for name in METHODS:
        if name != "exact_shapley" or len(logits) <= LONGEST_EXACT:
            scores[name] = play(logits, name, **SETTINGS.get(name, {})).scores
    firsts = [faithfulness.prefixes(faithfulness.ranking(game, s), range(len(game) + 1)) for s in scores.values()]
    firsts = np.concatenate(firsts)
    game(np.concatenate([firsts, ~firsts])), deleting(~firsts)  # all that is asked below, in two calls
    return {
        "text": text,
        "words": encoding.words,
        "predicted": predicted,
        "random_order": faithfulness.random_aopc(game, orders=10, seed=seed)[0],
        "scores": {name: values.tolist() for name, values in scores.items()},
        "measures": {name: judge(game, deleting, logits, values) for name, values in scores.items()},
    }


def interval(values: np.ndarray, seed: int = 0, rounds: int = 2000) -> dict:
    """Mean and 95 % interval over sentences, by bootstrap."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    drawn = np.random.default_rng(seed).integers(0, len(values), (rounds, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high), "n": len(values)}


def table(rows: list[dict]) -> dict:
    """{method: {measure: mean and interval}}, and for each measure who wins, by paired differences."""
    methods = [name for name in ("random", *METHODS) if all(name in row["measures"] for row in rows)]
    values = {
        measure: {name: np.array([row["measures"][name][measure] for row in rows]) for name in methods}
        for measure in HIGHER_IS_BETTER
    }
    best = {}
    for measure, higher in HIGHER_IS_BETTER.items():
        sign = 1 if higher else -1
        first = max(methods, key=lambda name, m=measure, s=sign: s * values[m][name].mean())
        lead = {n: interval(sign * (values[measure][first] - values[measure][n])) for n in methods if n != first}
        best[measure] = {"method": first, "tied": [n for n, gap in lead.items() if gap["low"] <= 0], "lead": lead}
    figures = {name: {m: interval(values[m][name]) for m in HIGHER_IS_BETTER} for name in methods}
    return {"n": len(rows), "methods": figures, "best": best}


def people(rows: list[dict], lexicon, seed: int = 0, rounds: int = 1000) -> dict:
    """Rank correlation of each method's scores of rated words (for "positive") with the mean rating of people."""
    found = {}
    for name in ("random", *METHODS[:-1]):
        explained = [_towards_positive(row, name) for row in rows]
        rated = agreement.rated_words(explained, lexicon)
        groups = [group[["score", "valence"]].to_numpy() for _, group in rated.groupby("text")]
        rng = np.random.default_rng(seed)
        drawn = [_correlation([groups[i] for i in rng.integers(0, len(groups), len(groups))]) for _ in range(rounds)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        found[name] = {"mean": _correlation(groups), "low": float(low), "high": float(high)}
        words = rated["word"].tolist()
    ceiling = agreement.noise_ceiling(words, lexicon)
    return {"occurrences": len(words), "words": len(set(words)), "ceiling": ceiling, "methods": found}


def _correlation(groups: list[np.ndarray]) -> float:
    return agreement.rank_correlation(*np.concatenate(groups).T)


def _towards_positive(row: dict, name: str) -> lt.Explanation:
    """The sentence's scores for "positive". Saliency has no sign and keeps none."""
    scores = np.array(row["scores"][name])
    scores = scores if row["predicted"] or name == "saliency" else -scores
    spans, at = [], 0
    for word in row["words"]:
        start = row["text"].index(word, at)
        at = start + len(word)
        spans.append((start, at))
    return lt.Explanation(row["text"], tuple(spans), scores, "positive", "logit", 0.0, 0.0, name)


def between_methods(rows: list[dict]) -> dict:
    """Mean rank correlation of every two methods over the sentences of at least four words."""
    names = ("random", *METHODS[:-1])
    rows = [row for row in rows if len(row["words"]) >= 4]
    matrix = [
        [np.nanmean([agreement.rank_correlation(row["scores"][a], row["scores"][b]) for row in rows]) for b in names]
        for a in names
    ]
    return {"methods": list(names), "n": len(rows), "rank_correlation": np.round(matrix, 4).tolist()}


def sanity_checks(model, texts: list[str]) -> dict:
    """Sensitivity and cascading randomisation of every method on a few sentences."""

    def named(name):
        return lambda model, text: lt.explain(model, text, method=name, target="positive", **SETTINGS.get(name, {}))

    methods = {name: named(name) for name in METHODS if name != "exact_shapley"}
    nudged = sanity.Nudged(model)
    moved = {
        name: interval([sanity.sensitivity(nudged, text, explain, samples=5) for text in texts])
        for name, explain in tqdm(methods.items(), desc="sensitivity")
    }
    return {"n": len(texts), "sensitivity": moved, "randomisation": sanity.randomisation(model, texts, methods)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how faithful each method is.")
    parser.add_argument("--every", type=int, default=1, help="take every n-th sentence only")
    parser.add_argument(
        "--parts", type=Path, default=PARTS, help="where a run keeps what it has (default: %(default)s)"
    )
    parser.add_argument("--checked", type=int, default=20, help="sentences for the sanity checks")
    options = parser.parse_args()
    model, reviews = lt.load_model("reviews-lstm"), lt.load_reviews()
    rated = reviews[(reviews["split"] == "test") & reviews["label"].notna()]
    texts = [text for text in rated["text"] if (model.preprocessor.ids([text]) > UNKNOWN).any()]
    options.parts.parent.mkdir(parents=True, exist_ok=True)
    known = options.parts.read_text(encoding="utf-8").splitlines() if options.parts.is_file() else []
    done = {row["text"]: row for row in map(json.loads, known)}
    chosen = list(range(0, len(texts), options.every))
    with options.parts.open("a", encoding="utf-8") as file:
        for i in tqdm(chosen, desc="sentences"):
            if texts[i] not in done:
                done[texts[i]] = measure(model, texts[i], seed=i)
                file.write(json.dumps(done[texts[i]]) + "\n")
                file.flush()
    rows = [done[texts[i]] for i in chosen]
    short = [row for row in rows if len(row["words"]) <= LONGEST_EXACT]
    of_middle_length = [row["text"] for row in rows if 8 <= len(row["words"]) <= 20]
    checked = np.random.default_rng(0).permutation(len(of_middle_length))[: options.checked]
    written = record.write(
        "faithfulness.json",
        {
            **record.circumstances("benchmarks.faithfulness"),
            "settings": SETTINGS,
            "left_out": sorted(set(rated["text"]) - set(texts)),  # the model knows none of their words
            "all": table(rows),
            "short": table(short),
            "random_order": interval([row["random_order"] for row in rows]),
            "people": people(rows, lt.load_lexicon()),
            "between_methods": between_methods(rows),
            "sanity": sanity_checks(model, [of_middle_length[i] for i in checked]),
        },
    )
    print(f"{len(rows)} sentences, {len(short)} of them with exact Shapley values: {written.name}")


if __name__ == "__main__":
    main()
