"""Probes, and a sparse autoencoder, on what SmolLM2 computes inside while it reads real text (chapter 18).

    python -m benchmarks.features               # half an hour on two cores; goes on where it was interrupted
    python -m benchmarks.features --every 20    # a first look, written nowhere

1. Collect the vectors behind layer 14 (of 0 to 29) on rows of Wikipedia, *Moby-Dick* and film reviews. The first place
   of each row and every massive activation is left out.
2. Train a TopK autoencoder on the training rows; it is written to data/models/smollm2-sae.
3. On held-out rows: explained variance, L0, dead features, and the cross-entropy that is recovered; beside it as many
   principal components as it may use at a place, a random dictionary of the same size, and the mean alone.
4. Name features by a rule on training text, check the names on held-out text; the same for the random dictionary.
5. Push the model along some of the named features: do the words that follow a feature in training text become likelier
   than under a random push of the same length, or under a push along another feature?
6. Probe every layer for whether a word is pleasant, with a control task and with unseen words.

What takes long is kept in _build/features. Writes data/measurements/features.json.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.inside import feature_names, probes, rated_words, sae_quality, sae_training, steering
from lmtutorial.inside.activations import Activations, collect, text_rows
from lmtutorial.inside.sae import SparseAutoencoder

from . import record

KEPT = Path(__file__).resolve().parent.parent / "_build" / "features"
kept = partial(record.kept, KEPT)  # a part of the work, computed once
SITE, FEATURES, K = "layer.14.residual", 1536, 32
ROWS = {
    "train": {"wiki": 1000, "book": 500, "reviews": 2200},
    "test": {"wiki": 120, "book": 60, "reviews": 300},
}
TRAINING = {"steps": 2000, "batch_size": 2048, "learning_rate": 2e-3, "dead_after": 50_000, "seed": 0}
SPLICED = 3  # every third held-out row goes into the cross-entropy
STEERED, PROMPT, TOP = 40, 24, 200  # prompts, their length in pieces, strongest places whose next pieces count


class Texts:
    """Rows of one split, and the vectors at their places, without first places and massive activations."""

    def __init__(self, lm, split: str, every: int):
        counts = {name: count // every for name, count in ROWS[split].items()}
        table = text_rows(lm, split, counts)
        self.rows, self.corpora = list(table["ids"]), list(table["corpus"])
        found = kept(f"{split}-{every}", lambda: self._read(lm))
        self.everywhere, x = len(found["ids"]), found["x"]
        self.length = np.linalg.norm(x.astype(np.float32), axis=1)
        self.found = found

    def _read(self, lm) -> dict:
        acts = collect(lm, self.rows, [SITE])
        return {"x": acts.vectors[SITE].astype(np.float16), "row": acts.row, "place": acts.place, "ids": acts.ids}

    def within(self, longest: float) -> Activations:
        """The places whose vectors are no longer than that."""
        fit = self.length <= longest
        row, place, ids = (self.found[name][fit] for name in ("row", "place", "ids"))
        return Activations({SITE: self.found["x"][fit]}, row, place, ids)


def trained(x: np.ndarray, every: int) -> tuple[SparseAutoencoder, list[float]]:
    """The autoencoder, rounded to float16 as it ships, and the unexplained share at each step."""
    sae = sae_training.begin(x, FEATURES, K, site=SITE)
    settings = TRAINING | {"steps": max(100, TRAINING["steps"] // every)}
    weights = kept(f"sae-{every}", lambda: _trained_weights(sae, x, settings))
    for weight in sae.weights:
        weight.assign(weights[weight.name])
    return sae, weights["left"].tolist()


def _trained_weights(sae, x, settings) -> dict:
    left = sae_training.train(sae, x, **settings)
    return {w.name: np.asarray(w, np.float16).astype(np.float32) for w in sae.weights} | {"left": np.array(left)}


def used(sae: SparseAutoencoder, x: np.ndarray) -> sparse.csr_matrix:
    """(places, features) activations, sparse."""
    return sparse.vstack([sparse.csr_matrix(sae.encode(x[i : i + 4096])) for i in range(0, len(x), 4096)]).tocsr()


def rebuilders(sae, principal, random) -> dict:
    """{name: x -> x_hat} of everything that is compared."""
    return {
        "autoencoder": sae.rebuild,
        "principal": principal.rebuild,
        "random": random.rebuild,
        "mean": lambda x: np.broadcast_to(principal.mean, x.shape),
    }


def quality(lm, texts: Texts, acts: Activations, mean, wanted: dict, longest: float) -> dict:
    """Explained variance on all held-out places and the losses of every third row, each row by row."""
    x = acts.vectors[SITE].astype(np.float32)
    errors = pd.DataFrame({"row": acts.row, "places": 1, "whole": ((x - mean) ** 2).sum(axis=1)})
    for name, rebuild in wanted.items():
        errors[name] = ((x - rebuild(x)) ** 2).sum(axis=1)
    errors = errors.groupby("row").sum()
    chosen = list(range(0, len(texts.rows), SPLICED))
    spliced = sae_quality.spliced_losses(lm, [texts.rows[i] for i in chosen], SITE, wanted, longest=longest)
    total = spliced.sum()
    return {
        "explained_variance": {name: 1 - errors[name].sum() / errors["whole"].sum() for name in wanted},
        "cross_entropy": {name: total[name] / total["pieces"] for name in ("clean", "zero", *wanted)},
        "recovered": {name: sae_quality.recovered(spliced, name) for name in wanted},
        "errors": {"rows": errors.index.tolist(), **errors.round(1).to_dict("list")},
        "losses": {"rows": chosen, **spliced.round(3).to_dict("list")},
    }


def sparsity(f: sparse.csr_matrix) -> dict:
    """L0, the share of features that no place uses, and the mean share of places that a feature is used at."""
    often = np.diff(f.tocsc().indptr)
    return {"l0": f.nnz / f.shape[0], "dead": float(np.mean(often == 0)), "features": f.shape[1]}


def naming(f: dict, tables: dict) -> pd.DataFrame:
    """Names from training text, checked on held-out text; `f` and `tables` by split."""
    names = feature_names.best_names(f["train"], tables["train"])
    return feature_names.check_names(names, f["test"], tables["test"])


def followers(texts: Texts, acts: Activations, values: np.ndarray) -> np.ndarray:
    """Ids of the pieces behind the places where a feature is strongest."""
    strongest = [i for i in np.argsort(-values, kind="stable")[: 2 * TOP] if values[i] > 0]
    behind = [(acts.row[i], acts.place[i] + 1) for i in strongest]
    return np.array([texts.rows[r][t] for r, t in behind if t < len(texts.rows[r])][:TOP], int)


def steered(lm, sae, names: pd.DataFrame, f: sparse.csr_matrix, train, held_out: Texts) -> dict:
    """Mean log P of each feature's followers under every push, minus the same without one.

    Returns:
        `strength` of each feature (the mean of its 20 strongest activations), and `gain`: {push: (features,) of
        followers}; the pushes are the features, then "random" (the mean of one random direction a feature).
    """
    rows, acts = train
    prompts = np.array([row[:PROMPT] for row in held_out.rows if len(row) >= PROMPT])
    prompts = prompts[np.linspace(0, len(prompts) - 1, STEERED).astype(int)]
    features, f = names["feature"].tolist(), f.tocsc()
    values = {j: f[:, j].toarray().ravel() for j in features}
    next_ids = [followers(rows, acts, values[j]) for j in features]
    strength = [float(np.sort(values[j])[-20:].mean()) for j in features]

    def log_p(direction, strength):
        replace = {SITE: steering.push(direction, strength)} if direction is not None else None
        scores = lm.run(prompts, replace=replace, logits="last").logits.astype(np.float64)
        scores -= scores.max(axis=1, keepdims=True)
        found = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return np.array([found[:, ids].mean() for ids in next_ids])

    plain, gain, by_chance = log_p(None, 0), [], []
    for i, j in enumerate(tqdm(features, desc="steering")):
        gain.append(log_p(sae.direction(j), strength[i]) - plain)
        lot = steering.random_direction(sae.direction(j), seed=j)
        by_chance.append(log_p(lot, strength[i]) - plain)
    return {
        "strength": np.round(strength, 3).tolist(),
        "followers": [[lm.vocabulary[i] for i in pd.Series(ids).value_counts().index[:5]] for ids in next_ids],
        "plain": np.round(plain, 3).tolist(),
        "gain": np.round(gain, 3).tolist(),
        "random": np.round(np.diag(by_chance), 3).tolist(),
    }


def probed(lm, every: int) -> dict:
    """The probes' table, for each site the accuracies; the vectors are kept."""
    rows, table = rated_words.rated_words(lm)
    if every > 1:
        table = table[table["row"] % every == 0]
        which = np.unique(table["row"], return_inverse=True)
        rows, table = [rows[i] for i in which[0]], table.assign(row=which[1])
    sites = ["embedding", *(f"layer.{i}.residual" for i in range(lm.transformer.sizes.layers))]
    places = rated_words.places_by_row(table, len(rows))
    vectors = kept(f"probes-{every}", lambda: collect(lm, rows, sites, keep=places).vectors)
    found = probes.probe_sites(vectors, table["label"], table["word"], table["row"])
    by_sentence = probes.split_by_sentence(table["row"])
    both = probes.split_by_sentence_and_type(table["row"], table["word"])
    return {
        "occurrences": len(table),
        "words": int(table["word"].nunique()),
        "sentences": len(rows),
        "test": {"seen": int(np.sum(by_sentence == "test")), "unseen": int(np.sum(both == "test"))},
        "sites": found.round(4).to_dict("list"),
    }


def lengths(texts: Texts, lm) -> dict:
    """How long vectors are: at the first place, elsewhere, and the massive ones among these."""
    some = texts.rows[:32]
    first = collect(lm, some, [SITE], keep=[[0]] * len(some), progress=False).vectors[SITE]
    massive = texts.length > sae_quality.MASSIVE * np.median(texts.length)
    return {
        "first": float(np.linalg.norm(first, axis=1).mean()),
        "median": float(np.median(texts.length)),
        "massive": int(massive.sum()),
        "places": texts.everywhere,
    }


def measure(lm, every: int) -> tuple[dict, SparseAutoencoder, sae_quality.Principal]:
    """Everything but the probes."""
    texts = {split: Texts(lm, split, every) for split in ROWS}
    longest = sae_quality.MASSIVE * float(np.median(texts["train"].length))
    acts = {split: one.within(longest) for split, one in texts.items()}
    x = acts["train"].vectors[SITE]
    sae, left = trained(x, every)
    principal = sae_quality.Principal.fit(x, K)
    random = sae_training.random_dictionary(principal.mean, sae.scale, FEATURES, K, site=SITE)
    f = {split: used(sae, one.vectors[SITE]) for split, one in acts.items()}
    lot = {split: used(random, one.vectors[SITE]) for split, one in acts.items()}
    tables, words = {}, None
    for split, one in texts.items():
        tables[split] = feature_names.properties(lm, one.rows, one.corpora, acts[split], words)
        words = [c.removeprefix("piece: ") for c in tables[split] if c.startswith("piece: ")]
    names, by_lot = naming(f, tables), naming(lot, tables)
    shown = feature_names.chosen(names)
    wanted = rebuilders(sae, principal, random)
    found = {
        "site": SITE,
        "rows": {split: {name: count // every for name, count in counts.items()} for split, counts in ROWS.items()},
        "places": {split: len(one) for split, one in acts.items()},
        "lengths": {**lengths(texts["test"], lm), "longest": longest},
        "training": {**TRAINING, "left": np.round(left[:: max(1, len(left) // 100)], 4).tolist()},
        "sparsity": {split: sparsity(one) for split, one in f.items()},
        "quality": quality(lm, texts["test"], acts["test"], principal.mean, wanted, longest),
        "named": {
            name: {
                "share": float(np.sum(one["f1_new"] >= feature_names.NAMED) / FEATURES),
                "median_f1": float(one["f1_new"].median()),
                "count": int(np.sum(one["f1_new"] >= feature_names.NAMED)),
            }
            for name, one in (("autoencoder", names), ("random", by_lot))
        },
        "properties": len(tables["train"].columns),
        "names": names[names["f1_new"] >= feature_names.NAMED].round(4).to_dict("list"),
        "shown": shown.round(4).to_dict("list"),
        "steering": steered(lm, sae, shown, f["train"], (texts["train"], acts["train"]), texts["test"]),
    }
    return found, sae, principal


def plain(values):
    """The same with Python's own numbers, four digits behind the point."""
    if isinstance(values, dict):
        return {str(name): plain(value) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [plain(value) for value in values]
    if isinstance(values, np.generic):
        values = values.item()
    return round(values, 4) if isinstance(values, float) else values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="take so many times less of everything, and write nothing")
    options = parser.parse_args()
    lm = lt.load_model("smollm2-135m")
    found, sae, principal = measure(lm, options.every)
    found["probes"] = probed(lm, options.every)
    if options.every == 1:
        folder = files.data_folder() / "models" / "smollm2-sae"
        told = {"command": "python -m benchmarks.features", "training": TRAINING, "places": found["places"]["train"]}
        sae.save(folder, told)
        with files.written_whole(folder / "principal.npz") as beside, beside.open("wb") as out:
            np.savez_compressed(out, mean=principal.mean, components=principal.components.astype(np.float16))
        record.write("features.json", {**record.circumstances("benchmarks.features"), **plain(found)})
    q = found["quality"]
    print({name: (round(q["explained_variance"][name], 3), round(q["recovered"][name], 3)) for name in q["recovered"]})
    print(found["sparsity"], found["named"])
    print(pd.DataFrame(found["shown"]).to_string())
    print(pd.DataFrame(found["probes"]["sites"]).to_string())


if __name__ == "__main__":
    main()
