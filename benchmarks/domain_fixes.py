"""Fixes for a model in a domain that it was not trained on: two numbers, more words, all weights.

The stages "tuned", "added" and "mended" of `benchmarks.domains`. Each training chooses its epoch on validation.
"""

from functools import cache
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm.auto import tqdm

from lmtutorial import embeddings
from lmtutorial.explainers import word_meanings as meanings
from lmtutorial.models import zoo
from lmtutorial.models.calibration import Recalibration, error_by_chance
from lmtutorial.models.classifier import TextClassifier, build_lstm
from lmtutorial.models.text_model import sigmoid
from lmtutorial.preprocessing import PADDING, UNKNOWN, Preprocessor

from . import record
from .domain_texts import AWAY, DRAWS, HOME, KEPT, PARTS, SEARCHED, ends, judged, labelled, lead, network, rated
from .domain_words import CLEAR, LEAST, agreed, explained, grid, half, occurrences

SIZES, SEEDS = (50, 200, 800), range(5)
TUNED = {"epochs": 15, "batch_size": 32, "learning_rate": 1e-3, "patience": 3}  # the rate is the recipe's


def drawn(domain: str, count: int, seed: int) -> np.ndarray:
    """Rows of the labelled training texts that the fixes may see; a larger count holds the smaller ones."""
    return np.random.default_rng(seed).permutation(len(labelled(domain, "train")[0]))[:count]


class Tuner:
    """Trains all weights of a classifier on a few texts, again and again from where it stood.

    `training.fit` compiles a step for each training and each width; sixty short trainings share a step here.
    Adam and the loss are the same, and so is the choice of the epoch with the lowest validation loss.
    """

    def __init__(self, base: TextClassifier):
        self.base, self.model = base, keras.models.clone_model(base.keras_model)
        self.model.get_layer("embedding").trainable = True
        self.optimizer = keras.optimizers.Adam(TUNED["learning_rate"])
        self.optimizer.build(self.model.trainable_variables)
        self.step = tf.function(
            self._step, input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32)]
        )
        self.classifier = TextClassifier(self.model, base.preprocessor)

    def _step(self, ids, labels):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(keras.losses.binary_crossentropy(labels, self.model(ids, training=True)))
        slopes = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply(slopes, self.model.trainable_variables)

    def train(self, train, validation, seed: int) -> TextClassifier:
        """The classifier after its best epoch; `train` and `validation` are (texts, labels)."""
        self._start_again(seed)
        kept, least, since = self.model.get_weights(), self._loss(validation), 0
        ids, labels = self.base.preprocessor.ids(train[0]), np.asarray(train[1], np.float32)[:, None]
        random, size = np.random.default_rng(seed), TUNED["batch_size"]
        for _ in range(TUNED["epochs"]):
            order = random.permutation(len(ids))
            for rows in (order[i : i + size] for i in range(0, len(ids), size)):
                width = (ids[rows] != PADDING).any(axis=0).sum()
                self.step(ids[rows, :width], labels[rows])
            loss, since = self._loss(validation), since + 1
            if loss < least:
                kept, least, since = self.model.get_weights(), loss, 0
            if since == TUNED["patience"]:
                break
        self.model.set_weights(kept)
        return self.classifier

    def _start_again(self, seed: int) -> None:
        self.model.set_weights(self.base.keras_model.get_weights())
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([seed, 0])
        for variable in self.optimizer.variables:
            if variable is not self.optimizer._learning_rate:
                variable.assign(keras.ops.zeros_like(variable))

    def _loss(self, part) -> float:
        logits, sign = self.classifier.scores(part[0])[:, 0], 2 * np.asarray(part[1]) - 1
        return float(np.mean(np.logaddexp(0, -sign * logits)))


@cache
def with_words(domain: str) -> TextClassifier:
    """The shipped network with GloVe's vectors for the words of a domain's training texts that it does not know.

    Its own vectors began as GloVe's, and were moved a little. No label is looked at, and no weight is trained.
    """
    known, rows = network().preprocessor.vocabulary, network().embedding.get_weights()[0]
    texts = list(rated(domain, ("train",))["text"])
    seen = set(known)
    words = [word for word in Preprocessor.fit(texts, max_tokens=None).vocabulary if word not in seen]
    vectors = embeddings.load_glove(words=words)
    words = [word for word in words if word in vectors]
    matrix = np.concatenate([rows, [vectors[word] for word in words]]).astype(np.float32)
    model = build_lstm(matrix, dropout=zoo.RECIPES["reviews-lstm"].dropout)
    model.set_weights([matrix, *network().keras_model.get_weights()[1:]])
    return TextClassifier(model, Preprocessor((*known, *words)))


@cache
def tuner(domain: str | None) -> Tuner:
    """Of the shipped network, or of the one that was given a domain's words."""
    return Tuner(network() if domain is None else with_words(domain))


def fine_tuned(domain: str, count: int, seed: int, words: bool = False) -> TextClassifier:
    """All weights trained on so many labelled texts of a domain; with the domain's words, or without."""
    texts, y, _ = labelled(domain, "train")
    rows = drawn(domain, count, seed)
    part = [texts[i] for i in rows], y[rows]
    return tuner(domain if words else None).train(part, labelled(domain, "validation")[:2], seed)


def answers(model: TextClassifier, domain: str) -> dict[str, np.ndarray]:
    """Logits of validation and test of a domain, and of the films' test."""
    found = {split: model.scores(labelled(domain, split)[0])[:, 0] for split in ("validation", "test")}
    return {**found, HOME: model.scores(labelled(HOME, "test")[0])[:, 0]}


def model_file(name: str) -> Path:
    return PARTS / "models" / f"{name}.weights.h5"


def one_tuned(domain: str, count: int, seed: int, words: bool = False) -> dict[str, np.ndarray]:
    def make() -> dict:
        model = fine_tuned(domain, count, seed, words)
        if count == max(SIZES):
            model_file("").parent.mkdir(parents=True, exist_ok=True)
            model.keras_model.save_weights(model_file(f"{'words_' * words}{domain}_{seed}"))
        return answers(model, domain)

    return record.kept(PARTS, f"{'words_' * words}tuned_{domain}_{count}_{seed}", make)


def tuned() -> dict:
    found: dict = {}
    bar = tqdm(total=len(AWAY) * len(SIZES) * len(SEEDS), desc="fine-tuning")
    for domain in AWAY:
        logits = {
            split: network().scores(labelled(domain, split)[0])[:, 0] for split in ("train", "validation", "test")
        }
        y = {split: labelled(domain, split)[1] for split in logits}
        documents, at_home = labelled(domain, "test")[2], labelled(HOME, "test")
        plain = (logits["test"] > 0) == y["test"]
        found[domain] = {"recalibrated": {}, "fine-tuned": {}}
        for count in SIZES:
            two, all_weights = [], []
            for seed in SEEDS:
                rows = drawn(domain, count, seed)
                two.append(Recalibration.fit(logits["train"][rows], y["train"][rows]))
                all_weights.append(one_tuned(domain, count, seed))
                bar.update()
            fixed = np.array([fix(logits["test"]) for fix in two])
            found[domain]["recalibrated"][str(count)] = {
                **judged(fixed, y["test"], documents),
                "lead": lead(np.mean((fixed > 0.5) == y["test"], axis=0), plain, documents),
                "calibration_error_by_chance": round(float(np.mean([error_by_chance(p) for p in fixed])), 4),
                "validation": validated([fix(logits["validation"]) for fix in two], y["validation"]),
                "scale": np.round([fix.scale for fix in two], 3).tolist(),
                "shift": np.round([fix.shift for fix in two], 3).tolist(),
            }
            given = np.array([one["test"] for one in all_weights])
            films = np.array([sigmoid(one[HOME]) for one in all_weights])
            found[domain]["fine-tuned"][str(count)] = {
                **judged(sigmoid(given), y["test"], documents),
                "lead": lead(np.mean((given > 0) == y["test"], axis=0), plain, documents),
                # below 1: the answers are too sure, and would have to be made quieter
                "scale_wanted": np.round([Recalibration.fit(one, y["test"]).scale for one in given], 3).tolist(),
                "validation": validated([sigmoid(one["validation"]) for one in all_weights], y["validation"]),
                "films": judged(films, *at_home[1:], ("accuracy",))["accuracy"],
                "films_said_positive": round(float(np.mean(films > 0.5)), 4),
            }
    return found


def validated(p: list[np.ndarray], y: np.ndarray) -> float:
    """Mean accuracy over seeds on validation: what a choice between fixes may look at."""
    return round(float(np.mean([np.mean((row > 0.5) == y) for row in p])), 4)


def added() -> dict:
    """More words: without any training, and with all weights trained on the most texts."""
    found: dict = {}
    for domain in tqdm(AWAY, desc="more words"):
        model, (texts, y, documents) = with_words(domain), labelled(domain, "test")
        ids, validation = model.preprocessor.ids(texts), labelled(domain, "validation")
        plain = {split: sigmoid(model.scores(labelled(domain, split)[0])[:, 0]) for split in ("validation", "test")}
        runs = [one_tuned(domain, max(SIZES), seed, words=True) for seed in SEEDS]
        right = (network().predict(texts) > 0.5) == y
        found[domain] = {
            "words": len(model.preprocessor.vocabulary) - len(network().preprocessor.vocabulary),
            "unknown": round(float(np.mean((ids == UNKNOWN).sum(1) / np.maximum(1, (ids != PADDING).sum(1)))), 4),
            "untrained": {
                **judged(plain["test"], y, documents),
                "validation": validated([plain["validation"]], validation[1]),
                "lead": lead((plain["test"] > 0.5) == y, right, documents),
            },
            "fine-tuned": {
                **judged(np.array([sigmoid(run["test"]) for run in runs]), y, documents),
                "lead": lead(np.mean([(run["test"] > 0) == y for run in runs], axis=0), right, documents),
                "validation": validated([sigmoid(run["validation"]) for run in runs], validation[1]),
            },
        }
    return found


def mended() -> dict:
    """Agreement with people, and the side that turned words are counted for, of the models that were fixed."""
    found: dict = {domain: {} for domain in AWAY}
    for domain in AWAY:
        texts = rated(domain, KEPT)
        frame = meanings.word_table(half(domain, SEARCHED), LEAST)
        turned = meanings.turned_words(frame, CLEAR)["rating"]
        runs = {"as it is": [half(domain, KEPT)]}
        for name in ("fine-tuned", "more words, fine-tuned"):
            runs[name] = [occurrences(scores_of_fixed(name, domain, seed), texts) for seed in SEEDS]
        for name, several in runs.items():
            found[domain][name] = {
                "agreement": agreed(several, frame["rating"]),
                "turned": right_side(several, turned),
            }
    return found


def scores_of_fixed(name: str, domain: str, seed: int) -> dict[str, np.ndarray]:
    words = name.startswith("more words")

    def make() -> dict:
        one_tuned(domain, max(SIZES), seed, words)  # trains it, if no weights are there
        model = tuner(domain if words else None).classifier
        model.keras_model.load_weights(model_file(f"{'words_' * words}{domain}_{seed}"))
        return explained(model, list(rated(domain, KEPT)["text"]), f"{name} {domain} {seed}")

    return record.kept(PARTS, f"{'words_' * words}scores_{domain}_{seed}", make)


def right_side(found: list[pd.DataFrame], ratings: pd.Series) -> dict:
    """The share of the turned words that a model counts for the side that people took, on test; mean over seeds."""
    grids = [grid(one, ratings.index) for one in found]
    sign = np.sign(ratings.to_numpy())

    def share(weights: np.ndarray) -> float:
        values = []
        for scores, present in grids:
            count = weights @ present
            values.append(np.mean(((weights @ scores) * sign > 0)[count > 0]))
        return float(np.mean(values))

    documents, random = len(grids[0][0]), np.random.default_rng(0)
    draws = [share(np.bincount(random.integers(0, documents, documents), minlength=documents)) for _ in range(DRAWS)]
    return {
        "words": int((np.ones(documents) @ grids[0][1] > 0).sum()),
        "value": round(share(np.ones(documents)), 4),
        **ends(draws),
    }
