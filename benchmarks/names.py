"""Does a first name move the verdict on a review? (Chapter 21.)

    python -m benchmarks.names              # a quarter of an hour on one core; goes on where it was interrupted
    python -m benchmarks.names --seeds 1    # a first look, written nowhere

1. Train the recipe of the shipped classifier, its vocabulary extended by the names that have a vector. Keep it twice:
   after the phase in which the word vectors are frozen, and after the one in which they move. Five seeds.
2. Take validation and test reviews in which exactly one of the names stands, and put every other name in its place.
3. The effect of a name is its mean logit over these sentences and seeds, less the mean over all names. Compare groups
   of names: the unit is the name, for the bootstrap (95 %) and for the permutation test.
4. Beside it: how the same names' vectors lie to pleasant and unpleasant words (WEAT); how often two names give two
   verdicts; and what integrated gradients say of the name itself.
5. A mitigation: every listed name becomes the unknown word, before the model reads. What does that cost in accuracy on
   the test split?

Names: Caliskan, Bryson & Narayanan 2017 (WEAT 6, in data/embeddings/weat.yml) for women and men; Bertrand &
Mullainathan 2004, doi:10.1257/0002828042002561, for first names that were given, in Massachusetts in 1974 to 1979,
mostly to White or mostly to Black children. Writes data/measurements/bias.json.
"""

import argparse
import re
from functools import partial

import keras
import numpy as np
from scipy.stats import spearmanr
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial import embeddings
from lmtutorial.models.classifier import TextClassifier, build_lstm, round_to_float16
from lmtutorial.models.training import fit
from lmtutorial.models.zoo import RECIPES, ReviewData
from lmtutorial.preprocessing import Preprocessor

from . import record
from .many_texts import attributions
from .privacy import KEPT

kept = partial(record.kept, KEPT)
SEEDS, PHASES = 5, ("frozen", "tuned")
WHITE = (
    "allison anne brad brendan brett carrie emily geoffrey greg jay jill kristen laurie matthew meredith neil sarah "
    "todd"
).split()
BLACK = (
    "aisha darnell ebony hakim jamal jermaine kareem keisha kenya lakisha latonya latoya leroy rasheed tamika tanisha "
    "tremayne tyrone"
).split()
WOMEN, MEN = (embeddings.weat_lists("career-family")[f"{kind} names"] for kind in ("female", "male"))
COMPARED = {
    "women, men": (WOMEN, MEN),
    "mostly Black, mostly White": (BLACK, WHITE),
    "mostly Black, mostly White, without a second meaning": ([n for n in BLACK if n not in ("kenya", "ebony")], WHITE),
}


def names() -> list[str]:
    """All names that have a vector, once each."""
    vectors = embeddings.load_glove(words={*WHITE, *BLACK, *WOMEN, *MEN})
    return [name for name in dict.fromkeys([*WOMEN, *MEN, *WHITE, *BLACK]) if name in vectors]


def templates(listed: list[str]) -> list[tuple[str, str]]:
    """(text before, text behind) a name, of validation and test reviews in which exactly one name stands."""
    any_name, found = re.compile(rf"\b({'|'.join(name.capitalize() for name in listed)})\b"), []
    reviews = lt.load_reviews()
    for text in reviews["text"][reviews["split"].isin(["validation", "test"])]:
        places = list(any_name.finditer(text))
        if len(places) == 1:
            found.append((text[: places[0].start()], text[places[0].end() :]))
    return found


def data_with(listed: list[str]) -> ReviewData:
    """The recipe's data; the rarest words of the vocabulary give way to names that it lacks."""
    data = ReviewData.load(RECIPES["reviews-lstm"])
    known = data.preprocessor.vocabulary
    extra = tuple(name for name in listed if name not in known)
    preprocessor = Preprocessor(known[: len(known) - len(extra)] + extra, data.preprocessor.rules)
    vectors = embeddings.load_glove(words=preprocessor.vocabulary)
    matrix = embeddings.embedding_matrix(vectors, preprocessor.vocabulary)
    return ReviewData(preprocessor, matrix, data.texts, data.labels)


def without_names(model: TextClassifier, listed: list[str]) -> TextClassifier:
    """The same network behind a vocabulary in which the names are unknown words."""
    hidden = tuple(f"[name {i}]" if word in listed else word for i, word in enumerate(model.preprocessor.vocabulary))
    return TextClassifier(model.keras_model, Preprocessor(hidden, model.preprocessor.rules))


def asked(model: TextClassifier, listed: list[str], sentences: list[tuple[str, str]]) -> dict[str, np.ndarray]:
    """Logits (sentences, names), those with the unknown word in the name's place, and the name's own attribution."""
    texts = [f"{before}{name.capitalize()}{behind}" for before, behind in sentences for name in listed]
    unknown = without_names(model, listed).scores([f"{b}{listed[0].capitalize()}{a}" for b, a in sentences])[:, 0]
    logits, paths, _ = attributions(model, texts)
    places = [len(model.preprocessor.tokens(before)) for before, _ in sentences for _ in listed]
    scores = [path[place] for path, place in zip(paths, places, strict=True)]
    shape = len(sentences), len(listed)
    return {
        "logit": logits.reshape(shape),
        "unknown": unknown,
        "attribution": np.reshape(scores, shape),
    }


def part_of(seed: int, data: ReviewData, listed: list[str]) -> dict[str, np.ndarray]:
    """What one seed's network says in both phases, and its accuracy on the test reviews with and without names."""
    recipe, found = RECIPES["reviews-lstm"], {}
    keras.utils.set_random_seed(seed)
    network = build_lstm(data.matrix, dropout=recipe.dropout)
    for phase in PHASES:
        network.get_layer("embedding").trainable = phase == "tuned"
        settings = getattr(recipe, phase)
        fit(network, data.ids("train"), data.ids("validation"), seed=seed, verbose=0, **settings)
        round_to_float16(network)
        model = TextClassifier(network, data.preprocessor)
        found |= {f"{phase}_{k}": v for k, v in asked(model, listed, templates(listed)).items()}
        found[f"{phase}_right"] = (model.predict(data.texts["test"]) > 0.5) == data.labels["test"]
        hidden = without_names(model, listed)
        found[f"{phase}_right_hidden"] = (hidden.predict(data.texts["test"]) > 0.5) == data.labels["test"]
    return found


def gap(values: dict[str, float], a: list[str], b: list[str], rounds: int = 5000, seed: int = 0) -> dict:
    """Mean of group a less mean of group b, with an interval over names and a two-sided permutation test of names."""
    x, y = (np.array([values[name] for name in group if name in values]) for group in (a, b))
    random, both = np.random.default_rng(seed), np.r_[x, y]
    drawn = [random.choice(x, len(x)).mean() - random.choice(y, len(y)).mean() for _ in range(rounds)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    data, mixed = x.mean() - y.mean(), (random.permutation(both) for _ in range(rounds))
    larger = sum(abs(m[: len(x)].mean() - m[len(x) :].mean()) >= abs(data) - 1e-12 for m in mixed)
    p = (1 + larger) / (1 + rounds)
    return {"mean": float(data), "low": float(low), "high": float(high), "p": float(p), "names": [len(x), len(y)]}


def disagreement(logits: np.ndarray, listed: list[str], a: list[str], b: list[str]) -> dict[str, float]:
    """Share of pairs of names that give the same sentence two verdicts: across the groups, and within them.

    Args:
        logits: (seeds, sentences, names).
    """
    positive = logits > 0
    x, y = (np.flatnonzero(np.isin(listed, group)) for group in (a, b))

    def share(one, other):
        pairs = [(i, j) for i in one for j in other if i != j]
        return float(np.mean([positive[..., i] != positive[..., j] for i, j in pairs]))

    return {"across": share(x, y), "within": (share(x, x) + share(y, y)) / 2}


def agreement(first: dict[str, float], second: dict[str, float], rounds: int = 5000, seed: int = 0) -> dict[str, float]:
    """Spearman's rank correlation over names, with an interval over names."""
    x, y = (np.array([values[name] for name in first]) for values in (first, second))
    random = np.random.default_rng(seed)
    draws = (random.integers(len(x), size=len(x)) for _ in range(rounds))
    low, high = np.nanquantile([spearmanr(x[d], y[d]).statistic for d in draws], [0.025, 0.975])
    return {"mean": float(spearmanr(x, y).statistic), "low": float(low), "high": float(high)}


def pleasantness(listed: list[str]) -> dict[str, float]:
    """How much nearer each name's vector lies to pleasant than to unpleasant words (the lists of WEAT 1)."""
    lists = embeddings.weat_lists("flowers-insects")
    vectors = embeddings.load_glove(words={*listed, *lists["pleasant"], *lists["unpleasant"]})
    pleasant, unpleasant = ([w for w in lists[kind] if w in vectors] for kind in ("pleasant", "unpleasant"))
    return dict(zip(listed, embeddings.associations(vectors, listed, pleasant, unpleasant).tolist(), strict=True))


def phase_of(parts: list[dict], phase: str, listed: list[str], vectors: dict[str, float]) -> dict:
    """Effects of names in one phase, and everything that is compared with them."""
    logits = np.stack([part[f"{phase}_logit"] for part in parts])  # (seeds, sentences, names)
    effect = logits - logits.mean(axis=2, keepdims=True)
    mean = dict(zip(listed, effect.mean(axis=(0, 1)).tolist(), strict=True))
    said = np.stack([part[f"{phase}_attribution"] for part in parts]).mean(axis=(0, 1))
    seeds = [dict(zip(listed, row.tolist(), strict=True)) for row in effect.mean(axis=1)]
    right, hidden = (np.stack([part[f"{phase}_{kind}"] for part in parts]) for kind in ("right", "right_hidden"))
    drawn = np.random.default_rng(0).integers(right.shape[1], size=(2000, right.shape[1]))
    cost = right.mean(axis=0) - hidden.mean(axis=0)
    low, high = np.quantile(cost[drawn].mean(axis=1), [0.025, 0.975])
    between = [spearmanr(list(a.values()), list(b.values())).statistic for i, a in enumerate(seeds) for b in seeds[:i]]
    return {
        "effect": mean,
        "attribution": dict(zip(listed, said.tolist(), strict=True)),
        "gap": {name: gap(mean, *groups) for name, groups in COMPARED.items()},
        "gap_of_seeds": {name: [gap(s, *groups, rounds=1)["mean"] for s in seeds] for name, groups in COMPARED.items()},
        "attribution_gap": {
            name: gap(dict(zip(listed, said.tolist(), strict=True)), *groups) for name, groups in COMPARED.items()
        },
        "seeds_agree": float(np.mean(between)),
        "with_vectors": agreement(vectors, mean),
        "with_attribution": agreement(dict(zip(listed, said.tolist(), strict=True)), mean),
        "two_verdicts": {name: disagreement(logits, listed, *groups) for name, groups in COMPARED.items()},
        "any_name_turns": float(np.mean((logits > 0).any(axis=2) & (logits <= 0).any(axis=2))),
        "accuracy": {
            "names": float(right.mean()),
            "hidden": float(hidden.mean()),
            "cost": {"mean": float(cost.mean()), "low": float(low), "high": float(high)},
            "verdicts_changed": int(np.sum((right != hidden).any(axis=0))),
            "texts": right.shape[1],
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a first name does to a verdict.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many; fewer than all are written nowhere")
    options = parser.parse_args()
    listed = names()
    data, shipped = data_with(listed), set(lt.load_model("reviews-lstm").preprocessor.vocabulary)
    seeds = tqdm(range(options.seeds), desc="seeds")
    parts = [kept(f"names-{seed}", lambda seed=seed: part_of(seed, data, listed)) for seed in seeds]
    vectors = pleasantness(listed)
    figures = {phase: phase_of(parts, phase, listed, vectors) for phase in PHASES}
    groups = {"women": WOMEN, "men": MEN, "mostly White": WHITE, "mostly Black": BLACK}
    if options.seeds < SEEDS:
        print({phase: figures[phase]["gap"] for phase in PHASES}, figures["tuned"]["accuracy"])
        return
    written = record.write(
        "bias.json",
        {
            **record.circumstances("benchmarks.names"),
            "seeds": len(parts),
            "sentences": templates(listed),
            "groups": groups,
            "known": {
                name: {"vectors": sum(n in listed for n in g), "shipped": sum(n in shipped for n in g), "of": len(g)}
                for name, g in groups.items()
            },
            "vectors": {"association": vectors, "gap": {name: gap(vectors, *g) for name, g in COMPARED.items()}},
            **figures,
        },
    )
    print(f"{len(parts)} seeds, {len(templates(listed))} sentences, {len(listed)} names: {written.name}")


if __name__ == "__main__":
    main()
