"""Does an explanation give away whether its text was in the training data? (Chapter 21.)

    python -m benchmarks.leaks              # about twenty minutes on one core; goes on where it was interrupted
    python -m benchmarks.leaks --seeds 2    # a first look, written nowhere

1. For each seed, train the recipe of the shipped classifier on half of the training reviews; seeds 2k and 2k + 1 take
   complementary halves. Look at it twice: at the epoch that validation chooses, and after six more epochs.
2. Ask it about the same 2,000 reviews, half of which it was trained on: its answer, and integrated gradients and the
   saliency of its verdict.
3. An attacker sees the answer alone, the attributions alone, or both, with or without the true label. For each of these
   a rule (logistic regression; boosted trees as a check) is learnt on the *other* seeds' models, whose training texts
   the attacker knows (shadow models: Shokri et al. 2017, arXiv:1610.05820), and tried on this seed's model.
4. The rule of all early-stopped models is tried on the shipped classifier: its training against its test reviews.

What attributions leak was asked first by Shokri, Strobel & Zick 2021, arXiv:1907.00164. Intervals are 95 %, by
bootstrap over reviews. Writes data/measurements/leaks.json.
"""

import argparse
from functools import partial

import keras
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.models import membership
from lmtutorial.models.batches import TrimmedBatches
from lmtutorial.models.classifier import TextClassifier, build_lstm, round_to_float16
from lmtutorial.models.training import fit, train
from lmtutorial.models.zoo import RECIPES, ReviewData
from lmtutorial.preprocessing import UNKNOWN

from . import record
from .many_texts import attributions
from .privacy import KEPT

kept = partial(record.kept, KEPT)
SEEDS, ASKED, MORE_EPOCHS, SHORTEST = 6, 2000, 6, 4  # models, reviews, epochs of overfitting, known words in a review
STAGES = ("stopped", "overfitted")
SEEN = ("logit", "label", "ig_variance", "ig_length", "ig_largest", "ig_mean", "saliency_mean", "saliency_largest")
OUTPUT, ATTRIBUTION = ["confidence"], list(SEEN[2:])
SINGLE = {"confidence": 1, "loss": -1, "ig_variance": 1, "saliency_mean": -1}  # and which way members should lie
ATTACKERS = {
    "output": OUTPUT,
    "attribution": ATTRIBUTION,
    "output and attribution": OUTPUT + ATTRIBUTION,
    "output and label": [*OUTPUT, "loss"],
    "output, label and attribution": [*OUTPUT, "loss", *ATTRIBUTION],
}


def members_of(seed: int, rows: int) -> np.ndarray:
    """(rows,) whether each training review is used by this seed."""
    first = np.zeros(rows, bool)
    first[np.random.default_rng(seed // 2).permutation(rows)[: rows // 2]] = True
    return first if seed % 2 == 0 else ~first


def explained(model: TextClassifier, texts: list[str], labels: np.ndarray) -> np.ndarray:
    """(texts, features) what there is to see of each, in the order of `SEEN`."""
    logits, paths, slopes = attributions(model, texts)
    rows = []
    for logit, label, scores, steep in zip(logits, labels, paths, slopes, strict=True):
        size = np.abs(scores)
        rows.append(
            [logit, label, scores.var(), np.linalg.norm(scores), size.max(), size.mean(), steep.mean(), steep.max()]
        )
    return np.array(rows)


def asked_about(model: TextClassifier, texts: list[str]) -> np.ndarray:
    """Numbers of the reviews that are long enough."""
    known = (model.preprocessor.ids(texts) > UNKNOWN).sum(axis=1)
    return np.flatnonzero(known >= SHORTEST)


def part_of(seed: int, data: ReviewData) -> dict[str, np.ndarray]:
    """Features of both stages of one seed's model, and their accuracies on the test reviews."""
    recipe, (ids, labels) = RECIPES["reviews-lstm"], data.ids("train")
    member = members_of(seed, len(ids))
    keras.utils.set_random_seed(seed)
    network = build_lstm(data.matrix, dropout=recipe.dropout)
    rows, validation = (ids[member], labels[member]), data.ids("validation")
    fit(network, rows, validation, seed=seed, verbose=0, **recipe.frozen)
    network.get_layer("embedding").trainable = True
    fit(network, rows, validation, seed=seed, verbose=0, **recipe.tuned)
    model = TextClassifier(network, data.preprocessor)
    chosen = asked_about(model, data.texts["train"])
    chosen = np.sort(np.random.default_rng(0).permutation(chosen)[:ASKED])
    texts, found = [data.texts["train"][i] for i in chosen], {"member": member[chosen], "chosen": chosen}
    for stage in STAGES:
        if stage == "overfitted":
            batches = TrimmedBatches(*rows, recipe.tuned["batch_size"], seed)
            train(network, batches, loss="binary_crossentropy", epochs=MORE_EPOCHS, seed=seed, verbose=0)
        round_to_float16(network)
        found[stage] = explained(model, texts, labels[chosen])
        found[f"{stage}_test"] = np.array(data.accuracy(model, "test"))
        found[f"{stage}_own"] = np.mean(
            (model.predict([data.texts["train"][i] for i in np.flatnonzero(member)]) > 0.5) == labels[member]
        )
    return found


def shipped_part(data: ReviewData) -> dict[str, np.ndarray]:
    """Features of the shipped classifier: as many of its training reviews as it has test reviews, and those."""
    model, rows, member = lt.load_model("reviews-lstm"), [], []
    texts = {
        split: [data.texts[split][i] for i in asked_about(model, data.texts[split])] for split in ("train", "test")
    }
    labels = {split: data.labels[split][asked_about(model, data.texts[split])] for split in texts}
    for split in texts:
        chosen = np.random.default_rng(0).permutation(len(texts[split]))[: len(texts["test"])]
        rows.append(explained(model, [texts[split][i] for i in chosen], labels[split][chosen]))
        member.append(np.full(len(chosen), split == "train"))
    return {"stopped": np.concatenate(rows), "member": np.concatenate(member)}


def columns(features: np.ndarray, names: list[str]) -> np.ndarray:
    """(texts, names) of the features, with what follows from the logit and the label."""
    named = dict(zip(SEEN, features.T, strict=True))
    right = np.where(named["label"] == 1, 1, -1) * named["logit"]
    named |= {"confidence": np.abs(named["logit"]), "loss": np.logaddexp(0, -right)}
    return np.stack([named[name] for name in names], axis=1)


LEARNERS = {
    # one feature alone is ranked as it is, so that nothing is lost by learning
    "logistic": lambda: make_pipeline(
        QuantileTransformer(n_quantiles=200, output_distribution="normal"), LogisticRegression()
    ),
    "trees": lambda: HistGradientBoostingClassifier(
        max_depth=3, learning_rate=0.05, max_iter=120, early_stopping=False
    ),
}


def rule(features: list[np.ndarray], members: list[np.ndarray], names: list[str], learner: str = "logistic"):
    """What the attacker learns from the shadow models."""
    seen = np.concatenate([columns(f, names) for f in features])
    return LEARNERS[learner]().fit(seen, np.concatenate(members))


def attacked(parts: list[dict], stage: str, learner: str = "logistic") -> dict[str, np.ndarray]:
    """{attacker: (seeds, texts) scores}: each model attacked by a rule learnt on the others.

    The model of the complementary half is no shadow: what it was trained on tells what this one was not.
    """
    scores = {name: [] for name in ATTACKERS}
    for s, part in enumerate(parts):
        shadows = [other for t, other in enumerate(parts) if t // 2 != s // 2]
        for name, names in ATTACKERS.items():
            learnt = rule([other[stage] for other in shadows], [other["member"] for other in shadows], names, learner)
            scores[name].append(learnt.predict_proba(columns(part[stage], names))[:, 1])
        for name in SINGLE:
            scores.setdefault(f"{name} alone", []).append(SINGLE[name] * columns(part[stage], [name])[:, 0])
    return {name: np.stack(rows) for name, rows in scores.items()}


def areas(scores: np.ndarray, members: np.ndarray) -> float:
    """The mean area over seeds of scores (seeds, texts)."""
    return float(np.mean([membership.auc(s[m], s[~m]) for s, m in zip(scores, members, strict=True)]))


def table(scores: dict[str, np.ndarray], members: np.ndarray, rounds: int = 300, seed: int = 0) -> dict:
    """Areas with intervals over texts, and what attributions add to what the attacker has without them."""
    random = np.random.default_rng(seed)
    draws = [random.integers(members.shape[1], size=members.shape[1]) for _ in range(rounds)]
    drawn = {
        name: np.array([areas(s[:, d], members[:, d]) for d in draws])
        for name, s in tqdm(scores.items(), desc="intervals", leave=False)
    }
    ends = lambda values: dict(zip(("low", "high"), np.quantile(values, [0.025, 0.975]).tolist(), strict=True))  # noqa: E731
    found = {name: {"mean": areas(scores[name], members), **ends(drawn[name])} for name in scores}
    gains = {
        "to output": ("output and attribution", "output"),
        "to output and label": ("output, label and attribution", "output and label"),
    }
    added = {
        name: {"mean": found[more]["mean"] - found[less]["mean"], **ends(drawn[more] - drawn[less])}
        for name, (more, less) in gains.items()
    }
    return {"auc": found, "attribution_adds": added}


def summary(parts: list[dict], shipped: dict) -> dict:
    """All figures of the chapter."""
    members = np.stack([part["member"] for part in parts])
    found = {
        stage: {
            "accuracy": {
                kind: np.round([part[f"{stage}_{kind}"] for part in parts], 4).tolist() for kind in ("own", "test")
            },
            **table(attacked(parts, stage), members),
            "attribution_adds_by_trees": table(attacked(parts, stage, "trees"), members)["attribution_adds"],
        }
        for stage in STAGES
    }
    scores = {}
    for name, names in ATTACKERS.items():
        learnt = rule([part["stopped"] for part in parts], [part["member"] for part in parts], names)
        scores[name] = learnt.predict_proba(columns(shipped["stopped"], names))[None, :, 1]
    for name, sign in SINGLE.items():
        scores[f"{name} alone"] = sign * columns(shipped["stopped"], [name])[None, :, 0]
    return {"seeds": len(parts), "texts": members.shape[1], **found, "shipped": table(scores, shipped["member"][None])}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what attributions tell about the training data.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many; fewer than all are written nowhere")
    options = parser.parse_args()
    data = ReviewData.load(RECIPES["reviews-lstm"])
    seeds = tqdm(range(options.seeds), desc="seeds")
    parts = [kept(f"leaks-{seed}", lambda seed=seed: part_of(seed, data)) for seed in seeds]
    if options.seeds < SEEDS:
        print({k: float(v) for k, v in parts[0].items() if np.ndim(v) == 0}, [p["stopped"][:3] for p in parts])
        return
    shipped = kept("leaks-shipped", lambda: shipped_part(data))
    written = record.write("leaks.json", {**record.circumstances("benchmarks.leaks"), **summary(parts, shipped)})
    print(f"{options.seeds} seeds: {written.name}")


if __name__ == "__main__":
    main()
