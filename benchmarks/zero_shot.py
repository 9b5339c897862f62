"""The LLM as a classifier of film reviews: how well, why, and does it know why?

    python -m benchmarks.zero_shot                        # everything: half an hour on two cores
    python -m benchmarks.zero_shot --stages wordings test # some of it; what is missing stays as it was

1. `replacement`: which piece stands best for a removed word.
2. `wordings`: how each wording of the question does on 200 sentences of the validation split; the best one's threshold
   on the whole of it. `few_shot`: the same with four examples from the training split before the question.
3. `test`: both, once, on the test split, beside the LSTM.
4. `path`: how far integrated gradients are from adding up, by number of points.
5. `faithfulness`: the table of chapter 13 for the LLM, on short sentences of the test split.
6. `reasons`: the word that the LLM names as its reason, beside the word whose removal moves its answer most.

Each stage is kept in a file of its own as soon as it is known, and long ones sentence by sentence, so that an
interrupted run goes on where it stopped. Writes data/measurements/zero_shot.json.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.explainers import explain, faithfulness, play
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.explainers.shapley import coalitions
from lmtutorial.inside.stated_reasons import stated_reason
from lmtutorial.models import zoo
from lmtutorial.models.zero_shot import SENTIMENT, Wording, ZeroShot, calibrate, few_shot

from . import record
from .faithfulness import between_methods, interval, judge, table
from .faithfulness import measure as of_classifier

PARTS = Path("_build/zero_shot")
CANDIDATES = (
    " ...", "...", "_", " _", "___", " the", " a", ",", " ,", ".", " and", " of", " it", " something", " thing",
    " word", "-", " -", "\n", " ", "<|im_start|>", "<|im_end|>", "<repo_name>", "<empty_output>",
)  # fmt: skip


@cache
def llm():
    return lt.load_model("smollm2-135m")


@cache
def rated(split: str) -> tuple[list[str], np.ndarray]:
    """Texts and labels of the rated sentences of a split."""
    reviews = lt.load_reviews()
    rows = reviews[(reviews["split"] == split) & reviews["label"].notna()]
    return rows["text"].tolist(), rows["label"].to_numpy(int)


def some(split: str, count: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """So many rated sentences drawn at random."""
    texts, labels = rated(split)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(texts))[:count])
    return [texts[i] for i in chosen], labels[chosen]


def log_p(lm, rows: Iterable[np.ndarray], together: int = 20) -> np.ndarray:
    """(rows, vocabulary) log P of the next piece behind each row of ids."""
    rows = list(rows)
    ids = np.full((len(rows), max(map(len, rows))), lm.padding, np.int32)
    for filled, row in zip(ids, rows, strict=True):
        filled[: len(row)] = row
    parts = [lm.run(ids[i : i + together], logits="last").logits for i in range(0, len(ids), together)]
    scores = np.concatenate(parts).astype(np.float64)
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def replacement() -> dict:
    """How far each candidate moves the next-word distribution, in nats.

    "emptied": KL(mean over prompts || behind a prompt of this piece alone), over prompts of 3 to 30 pieces.
    "one": KL(before || after) when one piece of a prompt, but not the last, becomes the candidate.
    """
    lm, rng = llm(), np.random.default_rng(0)
    documents = lt.load_documents("wiki", progress=False)
    sources = [documents[documents["split"] == "train"]["text"], rated("train")[0]]
    starts = [text for source in sources for text in rng.choice(np.asarray(source, object), 30, replace=False)]
    prompts = [lm.ids(" ".join(text.split()[: rng.integers(5, 16)])) for text in starts]
    whole = log_p(lm, prompts)
    mean, places = np.log(np.exp(whole).mean(axis=0)), [rng.integers(len(ids) - 1) for ids in prompts]
    found = {}
    for piece in tqdm([p for p in CANDIDATES if lm.tokenizer.id_of(p) is not None], desc="replacement"):
        new = lm.word_id(piece)
        emptied = log_p(lm, (np.full(n, new) for n in range(3, 31, 3)))
        one = log_p(lm, (np.where(np.arange(len(ids)) == i, new, ids) for ids, i in zip(prompts, places, strict=True)))
        found[piece] = {
            "emptied": float((np.exp(mean) * (mean - emptied)).sum(axis=1).mean()),
            "one": float((np.exp(whole) * (whole - one)).sum(axis=1).mean()),
        }
    whole_kl = float((np.exp(mean) * (mean - whole)).sum(axis=1).mean())
    return {"prompts": len(prompts), "mean_of_whole_prompts": whole_kl, "candidates": found}


def wordings(count: int = 200) -> dict:
    """Accuracy of each wording on some validation sentences, without a threshold and with its best one."""
    texts, labels = some("validation", count)
    found = {}
    for name, wording in SENTIMENT.items():
        scores = ZeroShot.asking(llm(), wording).scores(texts)[:, 0]
        best = calibrate(scores, labels)
        found[name] = {
            "plain": float(np.mean((scores > 0) == labels)),
            "calibrated": best.accuracy,
            "threshold": best.threshold,
        }
        print(name, found[name], flush=True)
    chosen = max(found, key=lambda name: found[name]["calibrated"])
    return {"n": count, "wordings": found, "chosen": chosen, **on_validation(SENTIMENT[chosen])}


def on_validation(wording: Wording) -> dict:
    texts, labels = rated("validation")
    best = calibrate(ZeroShot.asking(llm(), wording).scores(texts), labels)
    return {"threshold": best.threshold, "validation": best.accuracy, "validation_n": len(texts)}


def examples(seed: int) -> list[tuple[str, str]]:
    """Two sentences of each label out of the training split, between 5 and 20 words long, in mixed order."""
    texts, labels = rated("train")
    rng = np.random.default_rng(seed)
    fit = np.array([5 <= len(text.split()) <= 20 for text in texts])
    chosen = np.concatenate([rng.choice(np.flatnonzero(fit & (labels == label)), 2, replace=False) for label in (0, 1)])
    return [(texts[i], ("negative", "positive")[labels[i]]) for i in rng.permutation(chosen)]


def few_shots(count: int = 200, seeds: int = 3) -> dict:
    """The form with four examples before it, for several draws of the examples."""
    texts, labels = some("validation", count)
    found = []
    for seed in range(seeds):
        scores = ZeroShot.asking(llm(), few_shot(examples(seed))).scores(texts)[:, 0]
        best = calibrate(scores, labels)
        found.append({"plain": float(np.mean((scores > 0) == labels)), "calibrated": best.accuracy})
        print(seed, found[-1], flush=True)
    chosen = int(np.argmax([draw["calibrated"] for draw in found]))
    shown = examples(chosen)
    return {"n": count, "draws": found, "chosen": chosen, "examples": shown, **on_validation(few_shot(shown))}


def test() -> dict:
    """Accuracy on the test split: plain, with the threshold from validation, with examples, and the LSTM's."""
    texts, labels = rated("test")
    zero, few = stage("wordings"), stage("few_shot")
    scores = {
        "zero-shot": (ZeroShot.asking(llm(), SENTIMENT[zero["chosen"]]).scores(texts)[:, 0], zero["threshold"]),
        "few-shot": (ZeroShot.asking(llm(), few_shot(few["examples"])).scores(texts)[:, 0], few["threshold"]),
    }
    scores["reviews-lstm"] = lt.load_model("reviews-lstm").scores(texts)[:, 0], 0.0
    found = {}
    for name, (values, threshold) in scores.items():
        right = (values > threshold) == labels
        low, high = zoo.interval(right)
        found[name] = {"accuracy": float(right.mean()), "low": low, "high": high}
        if threshold:
            found[name]["plain"] = float(np.mean((values > 0) == labels))
    right = {name: (values > threshold) == labels for name, (values, threshold) in scores.items()}
    lead = right["zero-shot"].astype(float) - right["reviews-lstm"]
    kept = {name: np.round(values, 4).tolist() for name, (values, _) in scores.items()}
    return {"n": len(texts), "accuracy": found, "lead_over_lstm": interval(lead), "scores": kept}


@cache
def question() -> ZeroShot:
    """The chosen wording with its threshold."""
    chosen = stage("wordings")
    return ZeroShot.asking(llm(), SENTIMENT[chosen["chosen"]], chosen["threshold"])


def line_by_line(name: str, texts: list[str], measure: Callable[[str, int], dict]) -> list[dict]:
    """`measure(text, number)` of each text; what an earlier run found is not measured again."""
    file = PARTS / f"{name}.jsonl"
    PARTS.mkdir(parents=True, exist_ok=True)
    known = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    done = {row["text"]: row for row in map(json.loads, known)}
    with file.open("a", encoding="utf-8") as out:
        for i, text in enumerate(tqdm(texts, desc=name)):
            if text not in done:
                done[text] = {"text": text, **measure(text, i)}
                out.write(json.dumps(done[text]) + "\n")
                out.flush()
    return [done[text] for text in texts]


def short_sentences(least: int, most: int, count: int, seed: int = 0) -> list[str]:
    """Rated sentences of the test split with so many words (marks count), drawn at random."""
    fit = [text for text in rated("test")[0] if least <= len(question().encode(text).spans) <= most]
    return [fit[i] for i in np.sort(np.random.default_rng(seed).permutation(len(fit))[:count])]


METHODS = {
    "saliency": {},
    "input_x_gradient": {},
    "smooth_grad": {"samples": 10},
    "integrated_gradients": {"points": 16, "tolerance": None},
    "occlusion": {},
    "lime": {"budget": 512},
    "kernel_shap": {},
    "partition_shap": {},
    "exact_shapley": {},
}


def measure_faithfulness(text: str, seed: int) -> dict:
    """Scores and measures of one sentence by every method, as in `benchmarks.faithfulness`.

    Sentences are so short that the model is asked about every set of words, once for all methods and measures.
    """
    model = question()
    predicted = int(model.scores([text])[0, 0] > 0)
    logits = MaskedText(model, text, target=predicted)
    game = MaskedText(model, text, target=predicted, output="probability")
    deleting = MaskedText(model, text, target=predicted, output="probability", replacement="delete")
    every = coalitions(len(logits))
    answers = model.predict_ids(logits.masked_ids(every))
    logits.remember(every, answers), game.remember(every, answers)
    scores, gap = {"random": np.random.default_rng(seed).normal(size=len(logits))}, None
    for name, settings in METHODS.items():
        e = play(logits, name, **settings)
        scores[name] = e.scores
        if name == "integrated_gradients":
            gap = [e.completeness_gap, e.output - e.baseline_output]
    firsts = [faithfulness.prefixes(faithfulness.ranking(game, s), range(len(game) + 1)) for s in scores.values()]
    deleting(~np.concatenate(firsts))  # all that is asked of it below, in one call
    return {
        "words": model.encode(text).words,
        "predicted": predicted,
        "random_order": faithfulness.random_aopc(game, orders=10, seed=seed)[0],
        "path_gap": gap,
        "scores": {name: np.round(values, 5).tolist() for name, values in scores.items()},
        "measures": {name: judge(game, deleting, logits, values) for name, values in scores.items()},
    }


def faithfulness_table(count: int = 40) -> dict:
    """The table of chapter 13 for the LLM, on sentences of five to nine words."""
    texts = short_sentences(5, 9, count)
    rows = line_by_line("faithfulness", texts, measure_faithfulness)
    lstm = line_by_line("faithfulness_lstm", texts, measure_lstm)
    gaps = np.array([row["path_gap"] for row in rows])
    return {
        "settings": METHODS,
        "words": [5, 9],
        "table": table(rows),
        "random_order": interval([row["random_order"] for row in rows]),
        "between_methods": between_methods(rows),
        "path_gap": {
            "median_share": float(np.median(np.abs(gaps[:, 0] / gaps[:, 1]))),
            "median": float(np.median(np.abs(gaps[:, 0]))),
        },
        "lstm": table(lstm),
        "rows": [{key: row[key] for key in ("text", "words", "predicted", "scores")} for row in rows],
    }


def measure_lstm(text: str, seed: int) -> dict:
    """The same sentence by the LSTM, so that both tables speak of the same texts."""
    return of_classifier(lt.load_model("reviews-lstm"), text, seed)


def measure_reason(text: str, seed: int) -> dict:
    """What the model says decided, and what its answer loses without each word, replaced and deleted."""
    model = question()
    said = stated_reason(model, text)
    index = model.classes.index(said.verdict)
    lost = {
        way: explain(model, text, target=index, replacement=new).scores.round(5).tolist()
        for way, new in (("replaced", None), ("deleted", "delete"))
    }
    gradients = explain(model, text, "integrated_gradients", target=index, points=8, tolerance=None).scores
    could = [bool(np.isfinite(value)) for value in said.told]
    return {
        "words": said.words,
        "verdict": said.verdict,
        "could_be_named": could,
        "told": [round(float(value), 4) if there else None for value, there in zip(said.told, could, strict=True)],
        "told_word": said.told_word,
        "named": said.named,
        "named_word": said.named_word,
        "lost": lost,
        "integrated_gradients": gradients.round(5).tolist(),
    }


def reasons(count: int = 110) -> dict:
    """How often the word that the model gives as its reason is the one whose removal moves its answer most."""
    rows = line_by_line("reasons", short_sentences(6, 14, count, seed=1), measure_reason)
    return {"n": len(rows), "tellers": {way: tellers(rows, way) for way in ("replaced", "deleted")}, "rows": rows}


def tellers(rows: list[dict], way: str) -> dict:
    """{who names a word: how often it is the one that the answer needs most, its rank, and what the answer loses}.

    Only words that could be named are counted: marks are left out on both sides.
    """
    other = {"replaced": "deleted", "deleted": "replaced"}[way]
    lexicon = lt.load_lexicon()
    rating = dict(zip(lexicon["word"].str.lower(), lexicon["valence"], strict=True))
    found: dict[str, list] = {}
    for row in rows:
        can = np.flatnonzero(row["could_be_named"])
        lost = np.array(row["lost"][way])[can]
        sign = 1 if row["verdict"] == "positive" else -1
        rated = np.array([sign * rating.get(row["words"][i].lower(), 0.0) for i in can])
        names = {
            "told": list(can).index(row["told_word"]),
            "named": list(can).index(row["named_word"]) if row["named_word"] in can else None,
            "occlusion, the other hole": int(np.argmax(np.array(row["lost"][other])[can])),
            "integrated gradients": int(np.argmax(np.array(row["integrated_gradients"])[can])),
            "people's ratings": int(np.argmax(rated)) if rated.max() > 0 else None,
            "the last word": len(can) - 1,
        }
        for name, i in names.items():
            if i is not None:
                rank = 1 + int(np.sum(lost > lost[i]))
                found.setdefault(name, []).append([rank == 1, rank, lost[i], 1 / len(can), lost.max(), lost.mean()])
    keys = ("first", "rank", "lost", "chance", "most", "mean")
    return {
        name: {"n": len(values), **{key: interval([row[k] for row in values]) for k, key in enumerate(keys)}}
        for name, values in found.items()
    }


def path() -> dict:
    """Integrated gradients of " Mary" over " John": does the sum settle as the points of the path get closer?"""
    prompt, found = "When Mary and John went to the store, John gave a drink to", {}
    for points in (8, 16, 32, 64, 128, 256, 512):
        e = explain(
            llm(), prompt, "integrated_gradients", target=" Mary", contrast=" John", points=points, tolerance=None
        )
        found[str(points)] = round(e.completeness_gap, 3)
    return {"prompt": prompt, "rise": round(e.output - e.baseline_output, 3), "gap": found}


STAGES: dict[str, Callable[[], dict]] = {
    "replacement": replacement,
    "wordings": wordings,
    "few_shot": few_shots,
    "test": test,
    "path": path,
    "faithfulness": faithfulness_table,
    "reasons": reasons,
}


def stage(name: str) -> dict:
    """What a stage found, computed if it is not known yet."""
    return record.stage(PARTS, name, STAGES[name])


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the LLM as a classifier of film reviews.")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    options = parser.parse_args()
    for name in options.stages:
        stage(name)
    known = {name: stage(name) for name in STAGES if (PARTS / f"{name}.json").is_file()}
    record.write("zero_shot.json", {**record.circumstances("benchmarks.zero_shot"), **known})


if __name__ == "__main__":
    main()
