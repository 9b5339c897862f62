"""Does the language model get agreement right, and does each method point at the subject?

    python -m benchmarks.agreement              # two minutes on two cores
    python -m benchmarks.agreement --every 6    # a first look

1. Accuracy: of 144 beginnings such as "the keys to the cabinet", how often does the model find *are* more likely than
   *is*? Beside it a trigram model (Kneser-Ney, tuned on validation), which sees two words back.
2. What the model really uses: the frames come in both numbers of the subject and of the noun in between, so that the
   effect of either number on the log-odds of *are* over *is* can be measured by changing the word.
3. Pointing: each method explains the right verb, held against the wrong one, and alone. Is the subject's noun its
   strongest word? By chance it is one time in as many as there are words.
4. Following: do a method's scores of the two nouns rise and fall, from sentence to sentence, with what changing their
   number really does? (Rank correlation; 0 by chance.) This asks about the model and not about grammar.

Intervals are 95 %, from a bootstrap over the frames, because sentences of one frame are alike. Writes
data/measurements/agreement.json.
"""

import argparse

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.explainers import METHODS, play
from lmtutorial.explainers.agreement import rank_correlation
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.models.ngrams import KneserNey
from lmtutorial.verb_agreement import CONDITIONS, load_verb_agreement

from . import record

HEAD = 1  # the place of the subject's noun: "the keys ..."
MEASURES = ("first", "first_for", "rank", "credit", "over_noun")


def log_odds(lm, rows: pd.DataFrame) -> np.ndarray:
    """(rows,) log-odds of the right verb over the wrong one."""
    questions = {pair: lm.next_word(*pair) for pair in {(r.right, r.wrong) for r in rows.itertuples()}}
    games = [MaskedText(questions[r.right, r.wrong], r.prompt) for r in rows.itertuples()]
    return np.array([game.whole() for game in games])


def trigram_log_odds(lm, rows: pd.DataFrame) -> np.ndarray:
    """(rows,) the same of a trigram model of the same vocabulary, counted on the same text."""
    documents = lt.load_documents("wiki", progress=False)
    ids = {split: [lm.ids(text) for text in part["text"]] for split, part in documents.groupby("split")}
    model = KneserNey.tune(ids["train"], ids["validation"], lm.vocabulary_size, lm.start)
    p = [model.distribution(lm.ids(r.prompt)) for r in rows.itertuples()]
    verbs = [[lm.word_id(r.right), lm.word_id(r.wrong)] for r in rows.itertuples()]
    return np.array([np.log(one[right] / one[wrong]) for one, (right, wrong) in zip(p, verbs, strict=True)])


def over_frames(values, frames, seed: int = 0, rounds: int = 2000) -> dict:
    """Mean of `values`, and its 95 % interval when whole frames are drawn again and again; NaN values are left out."""
    values, frames = np.asarray(values, float), np.asarray(frames)
    kept = np.isfinite(values)
    names, frame = np.unique(frames[kept], return_inverse=True)
    total, count = np.bincount(frame, values[kept]), np.bincount(frame)
    drawn = np.random.default_rng(seed).integers(0, len(names), (rounds, len(names)))
    low, high = np.quantile(total[drawn].sum(axis=1) / count[drawn].sum(axis=1), [0.025, 0.975])
    mean = values[kept].mean()
    return {"mean": round(float(mean), 4), "low": round(float(low), 4), "high": round(float(high), 4), "n": len(frame)}


def effects(rows: pd.DataFrame) -> pd.DataFrame:
    """What changing the number of the head, and of the noun in between, does to the log-odds of the plural verb.

    Args:
        rows: those with a noun in between, with `log_odds` of the right verb.

    Returns:
        `head` and `noun` of each frame: the log-odds with the plural form minus those with the singular one, a mean
        over both forms of the other noun.
    """
    plural = rows["number"] == "plural"
    noun_plural = plural ^ (rows["condition"] == "other number")
    value = np.where(plural, rows["log_odds"], -rows["log_odds"])
    halves = pd.DataFrame({"frame": rows["frame"], "head": value * np.where(plural, 0.5, -0.5)})
    halves["noun"] = value * np.where(noun_plural, 0.5, -0.5)
    return halves.groupby("frame").sum()


def right_ways(rows: pd.DataFrame) -> pd.DataFrame:
    """Does a plural head make the plural verb likelier than its singular does, the rest being equal?

    It takes out that a model may like the commoner verb everywhere. By chance it is one time in two.

    Returns:
        `frame`, `noun` (what stands in between, or "") and `right` (booleans), one row a pair of sentences.
    """
    plural = rows["number"] == "plural"
    value = np.where(plural, rows["log_odds"], -rows["log_odds"])  # of the plural verb
    pairs = rows.assign(value=value).pivot_table(index=["frame", "noun"], columns="number", values="value")
    return (pairs["plural"] > pairs["singular"]).rename("right").reset_index()


def flips(rows: pd.DataFrame) -> np.ndarray:
    """(rows, 2) what the log-odds of the right verb lose when the head, or the noun in between, changes its number.

    Args:
        rows: those with a noun in between, with `log_odds` of the right verb; each changed sentence is among them.
    """
    value = {(r.frame, r.number, r.condition): r.log_odds for r in rows.itertuples()}
    other = {"singular": "plural", "plural": "singular", "same number": "other number", "other number": "same number"}
    # with the other head the other verb is right, and the noun, which stays, then has the other condition
    head = [r.log_odds + value[r.frame, other[r.number], other[r.condition]] for r in rows.itertuples()]
    noun = [r.log_odds - value[r.frame, r.number, other[r.condition]] for r in rows.itertuples()]
    return np.stack([head, noun], axis=1)


def following(rows: pd.DataFrame, scores: list[np.ndarray], rounds: int = 500) -> dict:
    """Rank correlation of a method's scores of both nouns with `flips`, and its 95 % interval over the frames."""
    found, true = np.array([[s[HEAD], s[-1]] for s in scores]), flips(rows)
    places = [np.flatnonzero(rows["frame"] == frame) for frame in rows["frame"].unique()]
    random = np.random.default_rng(0)
    drawn = [np.concatenate([places[i] for i in random.integers(0, len(places), len(places))]) for _ in range(rounds)]
    low, high = np.quantile([rank_correlation(found[d].ravel(), true[d].ravel()) for d in drawn], [0.025, 0.975])
    mean = rank_correlation(found.ravel(), true.ravel())
    return {"mean": round(float(mean), 4), "low": round(float(low), 4), "high": round(float(high), 4), "n": true.size}


def pointing(scores: np.ndarray) -> dict[str, float]:
    """How one sentence's scores treat the subject's noun; the noun in between is the last word."""
    size = np.abs(scores)
    larger, same = np.sum(size > size[HEAD]), np.sum(size == size[HEAD])
    return {
        "first": float(larger == 0) / same,  # words of equal size share the first place
        "first_for": float(np.argmax(scores) == HEAD),
        "rank": larger + (same + 1) / 2,
        "credit": size[HEAD] / size.sum(),
        "over_noun": float(scores[HEAD] > scores[-1]),
    }


def explained(lm, rows: pd.DataFrame, methods, contrast: bool) -> dict[str, list[np.ndarray]]:
    """{method: scores of each row} for the right verb, held against the wrong one or alone; and random scores."""
    found = {method: [] for method in (*methods, "random")}
    for i, r in enumerate(tqdm(rows.itertuples(), total=len(rows), desc="contrast" if contrast else "alone")):
        game = MaskedText(lm.next_word(r.right, r.wrong if contrast else None), r.prompt)
        for method in methods:
            found[method].append(play(game, method).scores)
        found["random"].append(np.random.default_rng(i).normal(size=len(game)))
    return found


def judged(rows: pd.DataFrame, scores: dict[str, list[np.ndarray]]) -> dict:
    """{condition: {method: {measure: mean and interval}}}, "all" among the conditions."""
    table = {}
    for condition in ("all", *CONDITIONS[1:]):
        chosen = np.flatnonzero((rows["condition"] == condition) | (condition == "all"))
        frames = rows["frame"].to_numpy()[chosen]
        table[condition] = {}
        for method, each in scores.items():
            found = [pointing(each[i]) for i in chosen]
            table[condition][method] = {m: over_frames([f[m] for f in found], frames) for m in MEASURES}
            if condition == "all":
                table[condition][method]["follows"] = following(rows, each)
    return table


def strongest_changes(rows: pd.DataFrame, contrast: dict, alone: dict) -> dict:
    """{method: share of sentences whose strongest word is another one once there is a contrast}."""
    return {
        method: over_frames(
            [
                np.argmax(np.abs(a)) != np.argmax(np.abs(b))
                for a, b in zip(contrast[method], alone[method], strict=True)
            ],
            rows["frame"],
        )
        for method in contrast
    }


def measure(lm, rows: pd.DataFrame, methods) -> dict:
    """Everything of one language model; `rows` come with a column `trigram`."""
    rows = rows.assign(log_odds=log_odds(lm, rows))
    accuracy = {
        name: {
            condition: over_frames(part[column] > 0, part["frame"])
            for condition, part in [("all", rows), *rows.groupby("condition")]
        }
        for name, column in (("lstm", "log_odds"), ("trigram", "trigram"))
    }
    between = rows[rows["condition"] != "no noun"].reset_index(drop=True)
    effect, pairs = effects(between), right_ways(rows)
    near, apart = (part for _, part in pairs.groupby(pairs["noun"] != ""))  # without a noun in between, and with one
    contrast, alone = (explained(lm, between, methods, asked) for asked in (True, False))
    return {
        "sentences": len(rows),
        "frames": int(rows["frame"].nunique()),
        "accuracy": accuracy,
        "effect": {
            "head": over_frames(effect["head"], effect.index),
            "noun": over_frames(effect["noun"], effect.index),
            "right_way": {
                "no noun": over_frames(near["right"], near["frame"]),
                "noun between": over_frames(apart["right"], apart["frame"]),
            },
            "head_is_larger": over_frames(effect["head"].abs() > effect["noun"].abs(), effect.index),
        },
        "chance": {
            "first": round(float(np.mean([1 / len(s) for s in contrast["random"]])), 4),
            "rank": round(float(np.mean([(len(s) + 1) / 2 for s in contrast["random"]])), 4),
            "over_noun": 0.5,
        },
        "pointing": {"contrast": judged(between, contrast), "alone": judged(between, alone)},
        "strongest_word_changes": strongest_changes(between, contrast, alone),
        "rows": [
            [r.prompt, r.right, r.wrong, round(float(r.log_odds), 3), round(float(r.trigram), 3)]
            for r in rows.itertuples()
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wiki-lstm", help="a language model of the zoo, or its folder")
    parser.add_argument("--every", type=int, default=1, help="take every n-th frame only")
    options = parser.parse_args()
    rows = load_verb_agreement()
    rows = rows[rows["frame"] % options.every == 0].reset_index(drop=True)
    lm = lt.load_model(options.model)
    found = measure(lm, rows.assign(trigram=trigram_log_odds(lm, rows)), tuple(METHODS))
    written = record.write("agreement.json", {**record.circumstances("benchmarks.agreement"), **found})
    print(f"{written}: right in {found['accuracy']['lstm']['all']['mean']:.0%} of {found['sentences']} sentences")


if __name__ == "__main__":
    main()
