"""What `benchmarks.scale` found, as figures with intervals, and how they go with the size of the model.

A figure is an array (models, seeds, sentences), or becomes one number a model when seeds and sentences are drawn. The
intervals draw both (`lmtutorial.explainers.uncertainty`), and how a figure goes with size is measured in each draw.
"""

import json
from collections.abc import Callable
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.explainers.agreement import noise_ceiling, rank_correlation
from lmtutorial.explainers.uncertainty import (
    chance_of_order,
    interval,
    per_tenfold,
    rank_with_size,
    redrawn_means,
    redraws,
)

from . import record, scale
from .scale import METHODS, SIZES, WITHOUT_GRADIENTS, family

ROUNDS, EXAMPLES = 1000, 4
FIRST = "integrated_gradients"  # whose scores are compared between models and with people


def table(rows: dict, seeds, value: Callable[[dict], float]) -> np.ndarray:
    """(models, seeds, sentences) of a figure of each row; a model without seeds has one."""
    sizes = list(dict.fromkeys(size for size, _ in rows))
    return np.array([[[value(row) for row in rows[size, s]] for s in seeds if (size, s) in rows] for size in sizes])


def normalised(method: str) -> Callable[[dict], float]:
    """0 for random order, 1 for the best order that is known, of one row."""

    def share(row: dict) -> float:
        floor, room = row["floor"]["aopc"], row["best"] - row["floor"]["aopc"]
        return (row["measures"][method]["aopc"] - floor) / room if room > 1e-3 else np.nan

    return share


def above_random(method: str, measure: str) -> Callable[[dict], float]:
    sign = -1 if measure == "sufficiency" else 1  # of which less is better
    return lambda row: sign * (row["measures"][method][measure] - row["floor"][measure])


def between_methods(names=METHODS) -> Callable[[dict], float]:
    """Mean rank correlation of every two methods on one sentence."""
    return lambda row: float(
        np.nanmean([rank_correlation(row["scores"][a], row["scores"][b]) for a, b in combinations(names, 2)])
    )


def towards_positive(row: dict, method: str = FIRST) -> np.ndarray:
    return np.array(row["scores"][method]) * (1 if row["verdict"] else -1)


def of_explanations(rows: dict, seeds) -> dict[str, np.ndarray]:
    """{figure: (models, seeds, sentences)} of what is one number a sentence."""
    found = {f"share of best, {m}": table(rows, seeds, normalised(m)) for m in METHODS}
    for measure in ("aopc", "aopc_probability", "comprehensiveness", "sufficiency"):
        found |= {f"{measure}, {m}": table(rows, seeds, above_random(m, measure)) for m in METHODS}
    found["room"] = table(rows, seeds, lambda row: row["best"] - row["floor"]["aopc"])
    found["between methods"] = table(rows, seeds, between_methods())
    no_slope = [m for m in METHODS if m != "input_x_gradient"]
    found["between methods, without input_x_gradient"] = table(rows, seeds, between_methods(no_slope))
    return found


def of_answers(answers: dict, seeds) -> dict[str, np.ndarray]:
    """{figure: (models, seeds, texts)} of what the models answer to all rated texts."""
    found = {}
    for split in ("validation", "test"):
        labels = scale.data().labels[split]
        rows = {key: list(zip(given[split], labels, strict=True)) for key, given in answers.items()}
        found[f"{split} accuracy"] = table(rows, seeds, lambda row: float((row[0] > 0.5) == row[1]))
        found[f"{split} loss"] = table(rows, seeds, lambda row: -np.log(max(row[0] if row[1] else 1 - row[0], 1e-6)))
    found["test confidence"] = table(rows, seeds, lambda row: max(row[0], 1 - row[0]))
    found["test overconfidence"] = found["test confidence"] - found["test accuracy"]
    return found


def seed_pairs(rows: dict, seeds) -> np.ndarray:
    """(models, seeds, seeds, sentences) rank correlation of two trainings' scores; NaN where they are one, or disagree
    in the verdict.
    """
    sizes = list(dict.fromkeys(size for size, _ in rows))
    found = np.full((len(sizes), len(seeds), len(seeds), len(rows[sizes[0], seeds[0]])), np.nan)
    for i, size in enumerate(sizes):
        for a, b in combinations(range(len(seeds)), 2):
            found[i, a, b] = found[i, b, a] = compared(rows[size, seeds[a]], rows[size, seeds[b]])
    return found


def compared(some: list[dict], others: list[dict]) -> np.ndarray:
    """(sentences,) rank correlation of two models' scores for "positive"; NaN where their verdicts differ."""
    same = [a["verdict"] == b["verdict"] for a, b in zip(some, others, strict=True)]
    pairs = [(towards_positive(a), towards_positive(b)) for a, b in zip(some, others, strict=True)]
    return np.array([rank_correlation(*pair) if agree else np.nan for pair, agree in zip(pairs, same, strict=True)])


def between_models(rows: dict, seeds) -> np.ndarray:
    """(models, models) mean of `compared` over all pairs of trainings; on the diagonal, of different seeds."""
    found = np.empty((len(SIZES), len(SIZES)))
    for i, one in enumerate(SIZES):
        for j, two in enumerate(SIZES):
            pairs = [(a, b) for a in seeds for b in seeds if i != j or a < b]
            found[i, j] = np.nanmean([np.nanmean(compared(rows[one, a], rows[two, b])) for a, b in pairs])
    return found


def pairs_redrawn(pairs: np.ndarray, drawn) -> np.ndarray:
    """(rounds, models) means of `seed_pairs` over the pairs of different seeds and the sentences of each draw."""
    models = np.arange(len(pairs))[:, None, None]
    found = []
    for chosen, sentences in zip(*drawn, strict=True):
        picked = pairs[models, chosen[:, :, None], chosen[:, None, :]][..., sentences]
        total, there = np.nansum(picked, axis=(1, 2, 3)), np.isfinite(picked).sum(axis=(1, 2, 3))
        found.append(total / np.where(there > 0, there, np.nan))  # all five seeds the same: one draw in 625
    return np.array(found)


class RatedWords:
    """The words of the sentences that people have rated, and every model's scores of them."""

    def __init__(self, rows: dict, seeds, method: str):
        lexicon = lt.load_lexicon()
        rating = dict(zip(lexicon["word"].str.lower(), lexicon["valence"], strict=True))
        first = next(iter(rows.values()))
        places = [[i for i, word in enumerate(row["words"]) if word in rating] for row in first]
        self.words = [row["words"][i] for row, chosen in zip(first, places, strict=True) for i in chosen]
        self.ratings = np.array([rating[word] for word in self.words])
        ends = np.cumsum([0, *map(len, places)])
        self.of_sentence = [np.arange(a, b) for a, b in zip(ends, ends[1:], strict=False)]
        self.ceiling = noise_ceiling(self.words, lexicon)
        scored = table(
            {key: [part] for key, part in rows.items()},
            seeds,
            lambda part: np.concatenate(
                [towards_positive(row, method)[chosen] for row, chosen in zip(part, places, strict=True)]
            ),
        )
        self.scores = scored[:, :, 0]  # (models, seeds, words)

    def correlations(self, words=slice(None)) -> np.ndarray:
        """(models, seeds) rank correlation with the ratings, over these words."""
        ratings, scores = rankdata(self.ratings[words]), rankdata(self.scores[..., words], axis=-1)
        ratings, scores = ratings - ratings.mean(), scores - scores.mean(axis=-1, keepdims=True)
        return scores @ ratings / np.sqrt((scores**2).sum(axis=-1) * (ratings @ ratings))

    def redrawn(self, drawn) -> np.ndarray:
        """(rounds, models) means of the correlations over the seeds and sentences of each draw."""
        models = np.arange(len(self.scores))[:, None]
        return np.array(
            [
                self.correlations(np.concatenate([self.of_sentence[i] for i in sentences]))[models, chosen].mean(axis=1)
                for chosen, sentences in zip(*drawn, strict=True)
            ]
        )


def with_size(means: np.ndarray, redrawn: np.ndarray, weights: list[int]) -> dict:
    """How a figure goes with size, over all models and within each family."""
    families = [family(size) for size in SIZES]
    found = {
        "rank": interval(rank_with_size(weights, means), rank_with_size(weights, redrawn)),
        "chance": chance_of_order(weights, means),
        "per_tenfold": interval(per_tenfold(weights, families, means), per_tenfold(weights, families, redrawn)),
    }
    for name in dict.fromkeys(families):
        chosen = [i for i, one in enumerate(families) if one == name]
        small, large = chosen[0], chosen[-1]
        found[name] = interval(means[large] - means[small], redrawn[:, large] - redrawn[:, small])
    return found


def figures(rows: dict, seeds, weights: list[int], answers: dict | None = None) -> dict:
    """{figure: {"sizes": {size: mean and interval}, "with_size": how it goes with size}}."""
    shape = (len(SIZES), len(seeds))
    found = {}
    for cells in (of_explanations(rows, seeds), of_answers(answers, seeds) if answers else {}):
        for name, values in cells.items():
            redrawn = redrawn_means(values, redraws(*shape, values.shape[2], rounds=ROUNDS))
            found[name] = np.nanmean(values, axis=(1, 2)), redrawn
    drawn = redraws(*shape, len(rows[next(iter(SIZES)), seeds[0]]), rounds=ROUNDS)
    pairs = seed_pairs(rows, seeds)
    found["between seeds"] = np.nanmean(pairs, axis=(1, 2, 3)), pairs_redrawn(pairs, drawn)
    for method in METHODS:
        people = RatedWords(rows, seeds, method)
        found[f"people, {method}"] = people.correlations().mean(axis=1), people.redrawn(drawn)
    told = {}
    for name, (means, redrawn) in found.items():
        of_size = {size: interval(means[i], redrawn[:, i]) for i, size in enumerate(SIZES)}
        told[name] = {"sizes": of_size, "with_size": with_size(means, redrawn, weights)}
    return told


def of_counts(found: dict, seed: int = 0) -> dict:
    """The same figures of logistic regression, where it can be asked; intervals over sentences alone."""
    rows = {("counts", seed): found["rows"]["counts", seed]}
    cells = {f"share of best, {m}": table(rows, [seed], normalised(m)) for m in WITHOUT_GRADIENTS}
    cells |= of_answers({("counts", seed): found["answers"]["counts", seed]}, [seed])
    told = {}
    for name, values in cells.items():
        redrawn = redrawn_means(values, redraws(1, 1, values.shape[2], rounds=ROUNDS))
        told[name] = interval(np.nanmean(values), redrawn[:, 0])
    people = RatedWords(rows, [seed], "partition_shap")
    drawn = redraws(1, 1, len(people.of_sentence), rounds=ROUNDS)
    told["people, partition_shap"] = interval(people.correlations().mean(), people.redrawn(drawn)[:, 0])
    return told


def of_llm() -> dict:
    """SmolLM2 on its short sentences, from chapter 16's study: what is the same question there as here."""
    study = json.loads(files.path("measurements/zero_shot.json").read_text(encoding="utf-8"))
    found, accuracy = study["faithfulness"], study["test"]["accuracy"]["zero-shot"]
    rows = {
        ("llm", 0): [
            row | {"verdict": row["predicted"], "words": [word.lower() for word in row["words"]]}
            for row in found["rows"]
        ]
    }
    agreement = table(rows, [0], between_methods())
    redrawn = redrawn_means(agreement, redraws(1, 1, agreement.shape[2], rounds=ROUNDS))
    told = {"between methods": interval(np.nanmean(agreement), redrawn[:, 0])}
    for method in METHODS:
        people = RatedWords(rows, [0], method)
        drawn = redraws(1, 1, len(people.of_sentence), rounds=ROUNDS)
        told[f"people, {method}"] = interval(people.correlations().mean(), people.redrawn(drawn)[:, 0])
    told["test accuracy"] = {"mean": accuracy["accuracy"], "low": accuracy["low"], "high": accuracy["high"]}
    floor = found["random_order"]["mean"]
    gains = {m: found["table"]["methods"][m]["aopc"]["mean"] - floor for m in METHODS}
    return told | {f"aopc_probability, {m}": {"mean": gain} for m, gain in gains.items()}


def examples(rows: dict, seeds) -> list[dict]:
    """Sentences on which all models give one verdict, and the small LSTM and the large Transformer most seldom name the
    same strongest word.
    """
    keys = [(size, seed) for size in SIZES for seed in seeds]
    one, two = "lstm-small", "transformer-large"
    first = {key: np.array([np.argmax(row["scores"][FIRST]) for row in rows[key]]) for key in keys}
    alike = np.mean([first[one, a] == first[two, b] for a in seeds for b in seeds], axis=0)
    agreed = np.array([len({rows[key][i]["verdict"] for key in keys}) == 1 for i in range(len(alike))])
    chosen = np.argsort(np.where(agreed, alike, np.inf), kind="stable")[:EXAMPLES]
    told = []
    for i in chosen.tolist():
        row = rows[one, seeds[0]][i]
        scores = {size: [np.round(rows[size, s][i]["scores"][FIRST], 3).tolist() for s in seeds] for size in SIZES}
        logits = {size: [rows[size, s][i]["logit"] for s in seeds] for size in SIZES}  # of the verdict
        told.append({"text": row["text"], "words": row["words"], "verdict": row["verdict"]})
        told[-1] |= {"scores": scores, "logits": logits}
    return told


def rounded(values, digits: int = 4):
    """The same JSON with shorter numbers."""
    if isinstance(values, dict):
        return {key: rounded(value, digits) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [rounded(value, digits) for value in values]
    return round(values, digits) if isinstance(values, float) else values


def write(found: dict, texts: list[str], short: int, seeds):
    """Write data/measurements/scale.json."""
    own = {key: rows for key, rows in found["rows"].items() if key[0] in SIZES}
    own_short = {key: rows for key, rows in found["short"].items() if key[0] in SIZES}
    answers = {key: given for key, given in found["answers"].items() if key[0] in SIZES}
    runs = {size: [found["runs"][size, seed] for seed in seeds] for size in SIZES}
    weights = [runs[size][0]["weights"] for size in SIZES]
    people = RatedWords(own, seeds, FIRST)
    right = of_answers(answers, seeds)["test accuracy"].mean(axis=2).tolist()
    values = {
        "share of best": table(own, seeds, normalised(FIRST)),
        "between methods": table(own, seeds, between_methods()),
    }
    summary = {
        "protocol": scale.PROTOCOL,
        "rates": found["rates"],
        "seeds": list(seeds),
        "sizes": {
            size: {"settings": SIZES[size], "weights": weights[i], "runs": runs[size], "test accuracy": right[i]}
            for i, size in enumerate(SIZES)
        },
        "sentences": texts,
        "figures": figures(own, seeds, weights, answers),
        "short": {"sentences": short, "figures": figures(own_short, seeds, weights)},
        "counts": of_counts(found),
        "llm": of_llm(),
        "rated": {"occurrences": len(people.words), "words": len(set(people.words)), "ceiling": people.ceiling},
        "between_models": between_models(own, seeds).tolist(),
        "cost": found["cost"],
        "examples": examples(own, seeds),
        "values": {name: np.round(v, 3).tolist() for name, v in values.items()},
    }
    return record.write("scale.json", record.circumstances("benchmarks.scale") | rounded(summary))
