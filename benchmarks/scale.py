"""Does a bigger model explain better? One task, three sizes each of two families, the same questions.

    python -m benchmarks.scale                           # all of it: half an hour on one core
    python -m benchmarks.scale --seeds 0 1 --every 20    # a first look

1. `rates`: one learning rate for each family, by the validation loss of its middle size.
2. `trained`: five seeds of each size, by one protocol (`freeze_then_tune`, early stopping on validation).
3. `explained`: every model explains the same sentences of the test split by four methods. Each method's order of the
   words is judged by taking them away: in probability, in logits, and against the best order that a search finds
   (`explainers.faithfulness.best_aopc`).
4. `benchmarks.scale_summary`: means with 95 % intervals over seeds and sentences, and how they go with size.

Beside them logistic regression on word counts, tuned on validation. Every model, and every sentence's answers, are kept
in a file as soon as they are known, so that an interrupted run goes on where it stopped. Writes
data/measurements/scale.json.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import keras
import numpy as np
from tqdm.auto import tqdm

from lmtutorial import files
from lmtutorial.explainers import MaskedText, faithfulness, play
from lmtutorial.models.baselines import CountsClassifier, counts_model
from lmtutorial.models.classifier import TextClassifier, build_lstm
from lmtutorial.models.text_model import TextModel, sigmoid
from lmtutorial.models.training import freeze_then_tune
from lmtutorial.models.transformer_classifier import PLACES, build_transformer
from lmtutorial.models.zoo import RECIPES, ReviewData, model_card
from lmtutorial.preprocessing import Preprocessor

PARTS = Path("_build/scale")
SIZES = {
    "lstm-small": {"units": (16, 8)},
    "lstm-medium": {"units": (64, 32)},
    "lstm-large": {"units": (128, 64)},
    "transformer-small": {"width": 16, "blocks": 1, "heads": 2},
    "transformer-medium": {"width": 40, "blocks": 2, "heads": 4},
    "transformer-large": {"width": 80, "blocks": 2, "heads": 4},
}
SEEDS = (0, 1, 2, 3, 4)
RATES, RATE_SEED = (1e-3, 2e-3, 4e-3), 100
PROTOCOL = {
    "dropout": 0.3,
    "frozen": {"epochs": 3, "batch_size": 128},
    "tuned": {"epochs": 14, "batch_size": 128, "patience": 2},
}
METHODS = ("input_x_gradient", "integrated_gradients", "occlusion", "partition_shap")
WITHOUT_GRADIENTS = METHODS[2:]
SENTENCES, WORDS = 100, (8, 24)
ORDERS = 10  # at random, for the floor


def family(size: str) -> str:
    return size.split("-")[0]


def builder(size: str) -> Callable[..., keras.Model]:
    """`build(matrix, dropout=…)` of a size."""
    return partial({"lstm": build_lstm, "transformer": build_transformer}[family(size)], **SIZES[size])


@cache
def data() -> ReviewData:
    return ReviewData.load(RECIPES["reviews-lstm"])


def kept(file: Path, make: Callable[[], dict | list]):
    """What the JSON file holds; made and written there first, if it is not there yet."""
    if not file.is_file():
        with files.written_whole(file) as beside:
            beside.write_text(json.dumps(make()), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


def folder(size: str, seed: int, rate: float) -> Path:
    return PARTS / f"{size}-{seed}-{rate:g}"


def trained(size: str, seed: int, rate: float) -> dict:
    """How the training of that size, seed and rate went; its model is left in `folder(size, seed, rate)`."""

    def train() -> dict:
        start, d = time.process_time(), data()
        phases = {phase: {**PROTOCOL[phase], "learning_rate": rate} for phase in ("frozen", "tuned")}
        model, history = freeze_then_tune(
            d.matrix, d.ids("train"), d.ids("validation"),
            build=builder(size), dropout=PROTOCOL["dropout"], seed=seed, verbose=0, **phases,
        )  # fmt: skip
        reads = Preprocessor(d.preprocessor.vocabulary, d.preprocessor.rules, PLACES)
        TextClassifier(model, reads).save(folder(size, seed, rate))
        return {
            "weights": model.count_params() - d.matrix.size,  # the word vectors are the same in all
            "epochs": len(history),
            "loss": float(history["val_loss"].min()),
            "seconds": round(time.process_time() - start, 1),
        }

    return kept(folder(size, seed, rate) / "run.json", train)


def rates() -> dict:
    """{family: {"tried": {rate: validation loss of its middle size}, "chosen": the best}}."""
    found = {}
    for name in ("lstm", "transformer"):
        tried = {rate: trained(f"{name}-medium", RATE_SEED, rate)["loss"] for rate in RATES}
        found[name] = {"tried": {f"{r:g}": loss for r, loss in tried.items()}, "chosen": min(tried, key=tried.get)}
    return found


@cache
def counts() -> CountsClassifier:
    """Logistic regression on counts, with the settings that did best on validation for chapter 6."""
    best = model_card("reviews-lstm")["scores"]["logistic regression"]["settings"]
    settings = {name: best[name] for name in ("weighting", "min_count", "C")}
    model = counts_model(ngrams=tuple(best["ngrams"]), **settings)
    return CountsClassifier(model.fit(data().texts["train"], data().labels["train"]))


def sentences() -> list[str]:
    """Rated sentences of the test split, of middle length, drawn at random; the same for all models."""
    reads = data().preprocessor
    fit = [text for text in data().texts["test"] if WORDS[0] <= len(reads.tokens(text)) <= WORDS[1]]
    return [fit[i] for i in np.sort(np.random.default_rng(0).permutation(len(fit))[:SENTENCES])]


def short_sentences() -> list[str]:
    """Those that SmolLM2 explained for chapter 16."""
    study = json.loads(files.path("measurements/zero_shot.json").read_text(encoding="utf-8"))
    return [row["text"] for row in study["faithfulness"]["rows"]]


class InProbability:
    """A game of logits, asked in probabilities."""

    def __init__(self, game: MaskedText):
        self.game = game

    def __len__(self) -> int:
        return len(self.game)

    def whole(self) -> float:
        return float(sigmoid(np.array(self.game.whole())))

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        return sigmoid(self.game(masks))


def judged(game: MaskedText, scores: np.ndarray) -> dict[str, float]:
    """What the order of the words by `scores` takes away, in logits and in probability."""
    probability = InProbability(game)
    return {
        "aopc": faithfulness.aopc(game, scores),
        "aopc_probability": faithfulness.aopc(probability, scores),
        "comprehensiveness": faithfulness.comprehensiveness(probability, scores),
        "sufficiency": faithfulness.sufficiency(probability, scores),
    }


def measured(model: TextModel, text: str, number: int) -> dict:
    """Scores of one sentence's words for the verdict, by every method, and what they are worth."""
    game = MaskedText(model, text, target=int(model.predict([text])[0] > 0.5))
    methods = METHODS if isinstance(model, TextClassifier) else WITHOUT_GRADIENTS
    scores = {name: play(game, name).scores for name in methods}
    random = np.random.default_rng(number)
    orders = [random.permutation(len(game)).astype(float) for _ in range(ORDERS)]
    ranked = [faithfulness.ranking(game, s) for s in [*scores.values(), *orders]]
    firsts = np.concatenate([faithfulness.prefixes(order, range(len(game) + 1)) for order in ranked])
    game(np.concatenate([firsts, ~firsts]))  # all that is asked below, but for the search
    found = {name: judged(game, s) for name, s in scores.items()}
    floors = [judged(game, order) for order in orders]
    return {
        "verdict": game.index,
        "logit": game.whole(),
        "words": [word.lower() for word in game.encoding.words],
        "scores": {name: np.round(s, 5).tolist() for name, s in scores.items()},
        "measures": found,
        "floor": {name: float(np.mean([floor[name] for floor in floors])) for name in floors[0]},
        "best": max([faithfulness.best_aopc(game), *(m["aopc"] for m in found.values())]),
    }


def explained(name: str, model: TextModel, texts: list[tuple[int, str]]) -> list[dict]:
    """`measured` of each (number, text); what an earlier run found is not measured again."""
    file = PARTS / f"{name}.jsonl"
    known = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    done = {row["text"]: row for row in map(json.loads, known)}
    with file.open("a", encoding="utf-8") as out:
        for number, text in tqdm(texts, desc=name, delay=2, leave=False):
            if text not in done:
                done[text] = {"text": text, **measured(model, text, number)}
                out.write(json.dumps(done[text]) + "\n")
                out.flush()
    return [done[text] for _, text in texts]


def answers(model: TextModel) -> dict[str, list[float]]:
    """{split: probability of "positive" of each rated text}, of validation and test."""
    return {split: np.round(model.predict(data().texts[split]), 6).tolist() for split in ("validation", "test")}


def cost(model: TextModel, texts: list[str]) -> dict:
    """Seconds of the processor to read a sentence and to explain it, and how many variants of it were read."""
    found: dict[str, list] = {name: [] for name in ("reading", *METHODS)}
    for text in texts:
        for name in found:
            start = time.process_time()
            if name == "reading":
                model.predict([text])
                found[name].append((1, time.process_time() - start))
            else:
                e = play(MaskedText(model, text), name)
                found[name].append((e.diagnostics.get("evaluations", 1), time.process_time() - start))
    middle = {name: np.median(values[2:], axis=0) for name, values in found.items()}  # the first ones compile
    return {name: {"evaluations": float(asked), "seconds": float(took)} for name, (asked, took) in middle.items()}


def main() -> None:
    from .scale_summary import write

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--every", type=int, default=1, help="take every n-th sentence only")
    options = parser.parse_args()
    PARTS.mkdir(parents=True, exist_ok=True)
    texts, short = (list(enumerate(all_of()))[:: options.every] for all_of in (sentences, short_sentences))
    found = {"rates": rates(), "runs": {}, "answers": {}, "rows": {}, "short": {}, "cost": {}}
    for seed in tqdm(options.seeds, desc="seeds"):
        for size in tqdm(SIZES, desc=f"sizes with seed {seed}"):
            rate = found["rates"][family(size)]["chosen"]
            found["runs"][size, seed] = trained(size, seed, rate)
            model, name = TextClassifier.load(folder(size, seed, rate)), f"{size}-{seed}"
            asked = partial(answers, model)
            found["answers"][size, seed] = kept(PARTS / f"{name}-answers.json", asked)
            found["rows"][size, seed] = explained(f"{name}-rows", model, texts)
            found["short"][size, seed] = explained(f"{name}-short", model, short)
            if seed == options.seeds[0]:
                found["cost"][size] = kept(PARTS / f"{name}-cost.json", partial(cost, model, sentences()[:22]))
    found["answers"]["counts", 0] = kept(PARTS / "counts-answers.json", lambda: answers(counts()))
    found["rows"]["counts", 0] = explained("counts-rows", counts(), texts)
    found["short"]["counts", 0] = explained("counts-short", counts(), short)
    print(write(found, [text for _, text in texts], len(short), options.seeds).name)


if __name__ == "__main__":
    main()
