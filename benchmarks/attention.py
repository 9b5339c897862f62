"""Is attention an explanation? Asked of the small Transformer, on Wikipedia articles that it was not trained on.

    python -m benchmarks.attention               # ten minutes on two cores
    python -m benchmarks.attention --places 10   # a first look

At 100 places, each with the 30 words before it, and for the model's likeliest known next word there:

1. Agreement: do four ways to read attention rank the words as occlusion and integrated gradients do? Beside them stand
   random scores, and "nearness": a word counts the more the nearer it is. How often is the last word the strongest?
   The same for the sentences of `lmtutorial.verb_agreement`, right verb over wrong verb.
2. Faithfulness: how much does the answer lose (AOPC), or move either way, when the words go in the order of the scores?
3. Other patterns: the shares of attention permuted, spread evenly, or searched for a pattern as different as can be.
   How much do the expected next words change? Beside it: how much hiding one word changes them.
4. Even attention at every place of the validation text: how much worse is the model then?
5. Heads: where they look, and whether they fetch much from where they look much; the latter in SmolLM2-135M too, for
   which the extra `llm` is needed.

A place's figures are appended to a file in _build/ as soon as they are known, and those of each other part are written
beside it, so that an interrupted run goes on where it stopped. Delete them when the model has changed.
Means over places (or frames), with 95 % intervals from a bootstrap. Writes data/measurements/attention.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.explainers import faithfulness, play
from lmtutorial.explainers.agreement import rank_correlation
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.inside import other_patterns
from lmtutorial.inside.attention import WAYS, attention_maps, where_heads_look, word_scores
from lmtutorial.models.text_model import sigmoid
from lmtutorial.preprocessing import UNKNOWN
from lmtutorial.verb_agreement import load_verb_agreement

from . import record
from .agreement import over_frames

LENGTH, PERMUTATIONS, RANDOM_ORDERS = 30, 100, 10
METHODS = ("occlusion", "integrated_gradients", "input_x_gradient", "saliency")
FLOORS = ("nearness", "random")
PARTS = Path("_build/attention.jsonl")


def places(lm, count: int, seed: int = 0) -> list[str]:
    """Texts of `LENGTH` words from articles of the test split, drawn at random."""
    documents = lt.load_documents("wiki", progress=False)
    articles = [(text, lm.preprocessor.spans(text)) for text in documents[documents["split"] == "test"]["text"]]
    long, random = [a for a in articles if len(a[1]) > 200], np.random.default_rng(seed)
    found = []
    for _ in range(count):
        text, spans = long[random.integers(len(long))]
        i = int(random.integers(LENGTH, len(spans)))
        found.append(text[spans[i - LENGTH][0] : spans[i - 1][1]])
    return found


def all_scores(lm, game: MaskedText, text: str, seed: int) -> dict[str, np.ndarray]:
    """{way to read attention, method or floor: (words,) scores}."""
    maps = attention_maps(lm, text)
    scores = {way: word_scores(maps.last_row(way), game.encoding) for way in WAYS}
    scores |= {method: play(game, method).scores for method in METHODS}
    scores["nearness"] = np.arange(len(game), dtype=float)
    scores["random"] = np.random.default_rng(seed).normal(size=len(game))
    return scores


def agreeing(scores: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """{name: rank correlation of sizes with two explainers', and whether the strongest word is occlusion's}.

    "earlier" is the correlation with occlusion over all words but the last, which is on the stream of the place that
    predicts without any attention.
    """
    size = {name: np.abs(s) for name, s in scores.items()}
    found = {}
    for name, s in size.items():
        found[name] = {m: rank_correlation(s, size[m]) for m in ("occlusion", "integrated_gradients") if m != name}
        if name != "occlusion":
            found[name]["earlier"] = rank_correlation(s[:-1], size["occlusion"][:-1])
            found[name]["same_first"] = float(np.argmax(s) == np.argmax(size["occlusion"]))
    return found


def moved(game: MaskedText, scores: np.ndarray) -> float:
    """mean over k of |F(x) - F(x without its k largest scores)|: as AOPC, but it counts moves either way."""
    curve = faithfulness.deletion_curve(game, np.abs(scores))
    return float(np.mean(np.abs(curve[0] - curve)))


def faithful(game: MaskedText, scores: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """{name: AOPC in logits, and how much the answer moves either way}."""
    found = {name: {"aopc": faithfulness.aopc(game, s), "moved": moved(game, s)} for name, s in scores.items()}
    random = np.random.default_rng(0)
    orders = [random.permutation(len(game)).astype(float) for _ in range(RANDOM_ORDERS)]
    floor = [(faithfulness.aopc(game, order), moved(game, order)) for order in orders]
    found["random"] = dict(zip(("aopc", "moved"), np.mean(floor, axis=0).tolist(), strict=True))
    return found


def hidden_words(lm, ids: np.ndarray) -> np.ndarray:
    """(words,) total variation of the expected next words when one known word becomes the unknown one."""
    known = np.flatnonzero(ids[1:] != UNKNOWN) + 1
    rows = np.repeat(ids[None], len(known) + 1, axis=0)
    rows[np.arange(1, len(rows)), known] = UNKNOWN
    p = other_patterns.probabilities(lm.run(rows, logits="last").logits)
    return other_patterns.total_variation(p[1:], p[0])


def patterns(lm, text: str) -> dict:
    """How much the expected next words change when the last place looks elsewhere."""
    maps = attention_maps(lm, text)
    own, layers = maps.weights[:, :, -1], len(maps.weights)
    rows = other_patterns.permuted_rows(own, PERMUTATIONS)
    permuted = other_patterns.with_patterns(lm, maps, rows)
    far = other_patterns.farthest_pattern(lm, maps)
    even = other_patterns.with_patterns(lm, maps, np.full((1, *own.shape), 1 / own.shape[-1]))
    single = [float(np.median(other_patterns.with_patterns(lm, maps, rows, [i]).moved)) for i in range(layers)]
    hidden = hidden_words(lm, maps.ids)
    return {
        "permuted": {
            "apart": float(np.median(permuted.apart)),
            "moved": float(np.median(permuted.moved)),
            "same_word": float(permuted.same_word.mean()),
        },
        "one_layer": single,
        "even": {"moved": float(even.moved[0]), "same_word": float(even.same_word[0])},
        "farthest": {
            "apart": float(far.apart[0]),
            "moved": float(far.moved[0]),
            "same_word": float(far.same_word[0]),
            "other_top": other_top(own, far.rows[0]),
        },
        "hidden": {"median": float(np.median(hidden)), "largest": float(hidden.max())},
    }


def other_top(own: np.ndarray, rows: np.ndarray) -> float:
    """The share of heads whose place of the most attention is another one."""
    return float(np.mean(own.argmax(axis=-1) != rows.argmax(axis=-1)))


def one_place(lm, text: str, number: int) -> dict:
    """All figures of one place."""
    game = MaskedText(lm.next_word(text=text), text)
    scores = all_scores(lm, game, text, number)
    return {
        "number": number,
        "text": text,
        "target": game.target,
        "probability": float(sigmoid(game.whole())),
        "agreement": agreeing(scores),
        "last_is_first": {name: float(np.argmax(np.abs(s)) == len(game) - 1) for name, s in scores.items()},
        "faithful": faithful(game, scores),
        "patterns": patterns(lm, text),
    }


def resumed(lm, texts: list[str], progress: bool = True) -> list[dict]:
    """`one_place` of each text, those left out that an earlier run has written down."""
    PARTS.parent.mkdir(exist_ok=True)
    done = [json.loads(line) for line in PARTS.read_text().splitlines()] if PARTS.is_file() else []
    found = {row["number"]: row for row in done if row["number"] < len(texts) and row["text"] == texts[row["number"]]}
    for number, text in enumerate(tqdm(texts, desc="places", disable=not progress)):
        if number not in found:
            found[number] = one_place(lm, text, number)
            with PARTS.open("a") as file:
                file.write(json.dumps(found[number]) + "\n")
    return [found[number] for number in range(len(texts))]


def kept(part: str, compute) -> dict:
    """What an earlier run has found for a part, or what `compute` finds now."""
    file = PARTS.with_name(f"attention_{part}.json")
    if not file.is_file():
        file.write_text(json.dumps(compute()))
    return json.loads(file.read_text())


def verbs(lm) -> dict:
    """`agreeing` over the sentences with a noun between subject and verb: right verb held against the wrong one."""
    rows = load_verb_agreement()
    rows = rows[rows["condition"] != "no noun"].reset_index(drop=True)
    found = []
    for i, r in enumerate(tqdm(rows.itertuples(), total=len(rows), desc="sentences")):
        game = MaskedText(lm.next_word(r.right, r.wrong), r.prompt)
        scores = all_scores(lm, game, r.prompt, i)
        found.append(agreeing(scores) | {"right": game.whole() > 0})
    frames, names = rows["frame"].to_numpy(), [*WAYS, *METHODS, *FLOORS]
    table = {n: {m: over_frames([f[n][m] for f in found], frames) for m in found[0][n]} for n in names}
    return {"sentences": len(rows), "right": over_frames([f["right"] for f in found], frames), "agreement": table}


def even_everywhere(lm, windows: int = 64) -> dict:
    """Perplexity of validation windows with the model's own attention, and with even attention in some layers."""
    documents = lt.load_documents("wiki", progress=False)
    time, layers = lm.transformer.sizes.context, lm.transformer.sizes.layers
    ids = [np.r_[lm.start, lm.ids(t)] for t in documents[documents["split"] == "validation"]["text"]]
    stream = np.concatenate(ids).astype(np.int32)
    starts = np.linspace(0, len(stream) - time - 1, windows).astype(int)
    rows = stream[starts[:, None] + np.arange(time + 1)]
    even = other_patterns.even_pattern(time)

    def perplexity(chosen):
        replace = {f"layer.{i}.pattern": even for i in chosen}
        parts = [other_patterns.surprise(lm, r[:, :-1], r[:, 1:], replace) for r in np.array_split(rows, windows // 8)]
        return round(float(np.exp(np.mean(np.concatenate(parts)))), 2)

    return {
        "windows": windows,
        "time": time,
        "own": perplexity([]),
        "even_in_layer": [perplexity([i]) for i in range(layers)],
        "even": perplexity(range(layers)),
    }


def heads(lm, texts: list[str]) -> dict:
    """Where each head looks, and what it fetches from there."""
    maps = [attention_maps(lm, text) for text in tqdm(texts, desc="maps")]
    table = where_heads_look(maps).round(4)
    return {
        "texts": len(texts),
        "columns": list(table.columns),
        "looks_at": {name: row.tolist() for name, row in table.iterrows()},
        "fetching": fetching(maps),
    }


def fetching(maps: list) -> dict[str, float]:
    """Means over texts, layers and heads of what the last place does: how much of its attention, and of what is
    fetched, the first place has; how long the first place's values are beside the others'; and how often the place that
    is looked at most is not the one from which most is fetched."""
    looked, fetched = ([getattr(m, name)[:, :, -1] for m in maps] for name in ("weights", "fetched"))
    ratio = [m.lengths[:, :, 0] / m.lengths[:, :, 1:].mean(axis=-1) for m in maps]
    other = [a.argmax(axis=-1) != b.argmax(axis=-1) for a, b in zip(looked, fetched, strict=True)]
    return {
        "first_looked_at": round(float(np.mean([x[..., 0] for x in looked])), 4),
        "first_fetched": round(float(np.mean([x[..., 0] / x.sum(axis=-1) for x in fetched])), 4),
        "first_length": round(float(np.median(ratio)), 4),
        "other_place": round(float(np.mean(other)), 4),
    }


def in_the_llm(texts: list[str]) -> dict:
    """`fetching` in SmolLM2-135M, whose first place is the first piece of the text."""
    llm = lt.load_model("smollm2-135m")
    return {"texts": len(texts), **fetching([attention_maps(llm, text) for text in tqdm(texts, desc="LLM")])}


def means(rows: list[dict]) -> dict:
    """Means over places of everything that `one_place` found, with intervals."""
    number = [row["number"] for row in rows]

    def over(*path):
        first = rows[0]
        for name in path:
            first = first[name]
        if isinstance(first, dict):
            return {name: over(*path, name) for name in first}
        values = [row for row in rows]
        for name in path:
            values = [value[name] for value in values]
        if isinstance(first, list):
            return [over_frames([value[i] for value in values], number) for i in range(len(first))]
        return over_frames(values, number)

    return {part: over(part) for part in ("agreement", "last_is_first", "faithful", "patterns")}


def rounded(value):
    """Numbers to four decimals, however deep."""
    if isinstance(value, dict):
        return {name: rounded(v) for name, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="wiki-transformer", help="a Transformer of the zoo, or its folder")
    parser.add_argument("--places", type=int, default=100)
    options = parser.parse_args()
    lm = lt.load_model(options.model)
    texts = places(lm, options.places)
    rows = resumed(lm, texts)
    parts = {
        "verbs": lambda: verbs(lm),
        "even_everywhere": lambda: even_everywhere(lm),
        "heads": lambda: heads(lm, texts),
        "llm": lambda: in_the_llm(texts[:20]),
    }
    found = {"places": len(rows), "length": LENGTH, **means(rows)}
    found |= {part: kept(part, compute) for part, compute in parts.items()} | {"rows": rounded(rows)}
    written = record.write("attention.json", {**record.circumstances("benchmarks.attention"), **found})
    print(f"{written}: attention and occlusion agree by {found['agreement']['mean']['occlusion']['mean']:.2f}")


if __name__ == "__main__":
    main()
