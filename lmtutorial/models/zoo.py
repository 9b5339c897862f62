"""The trained models that ship with the package, and how each was trained.

    python -m lmtutorial.models.zoo reviews-lstm                    # train the five seeds, write the best and its card
    python -m lmtutorial.models.zoo reviews-lstm --seeds 3 --folder mine     # one seed, into a folder of one's own
    python -m lmtutorial.models.zoo wiki-lstm                       # a language model: see `language_training`

Every choice is made on validation: the settings below, the epoch, and which of the seeds ships. The test set is read
once, after that, for the scores on the card (`model_card("reviews-lstm")`).
"""

import argparse
import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from .. import corpora, embeddings, files
from ..preprocessing import Preprocessor
from . import lstm_language_model, transformer_language_model
from .baselines import CountsClassifier, LexiconRule, tune_counts
from .classifier import TextClassifier, build_lstm, round_to_float16
from .language_model import LanguageModel
from .lstm_language_model import LSTMLanguageModel
from .training import fit, freeze_then_tune
from .transformer_language_model import TransformerLanguageModel


@dataclass(frozen=True)
class Recipe:
    """How a review classifier is trained; see `freeze_then_tune` for the settings. `printed` is the recipe as usually
    printed."""

    max_tokens: int = 10_000
    rules: str = "words"
    dropout: float = 0.3
    frozen: dict = field(default_factory=lambda: {"epochs": 6, "batch_size": 64, "learning_rate": 1e-3})
    tuned: dict = field(default_factory=lambda: {"epochs": 16, "batch_size": 64, "learning_rate": 1e-3, "patience": 3})
    printed: dict = field(default_factory=lambda: {"epochs": 12, "batch_size": 32, "learning_rate": 1e-3})


RECIPES = {"reviews-lstm": Recipe()}


@dataclass(frozen=True)
class ReviewData:
    """The rated reviews, ready for training: a preprocessor, the embedding matrix, and ids with labels for each
    split."""

    preprocessor: Preprocessor
    matrix: np.ndarray
    texts: dict[str, list[str]]
    labels: dict[str, np.ndarray]

    @classmethod
    def load(cls, recipe: Recipe) -> "ReviewData":
        """Vocabulary from the training texts (those without a label too); rows with a label for each split."""
        reviews = corpora.load_reviews()
        training_texts = list(reviews.loc[reviews["split"] == "train", "text"])
        preprocessor = Preprocessor.fit(training_texts, max_tokens=recipe.max_tokens, rules=recipe.rules)
        matrix = embeddings.embedding_matrix(
            embeddings.load_glove(words=preprocessor.vocabulary), preprocessor.vocabulary
        )
        rated = {split: rows for split, rows in reviews.dropna(subset="label").groupby("split")}
        texts = {split: list(rows["text"]) for split, rows in rated.items()}
        labels = {split: rows["label"].to_numpy(int) for split, rows in rated.items()}
        return cls(preprocessor, matrix, texts, labels)

    def ids(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """(rows, time) ids and (rows,) labels of one split."""
        return self.preprocessor.ids(self.texts[split]), self.labels[split]

    def accuracy(self, model, split: str) -> float:
        """Share of the split's texts that `model.predict` puts on the right side of one half."""
        return float(np.mean((model.predict(self.texts[split]) > 0.5) == self.labels[split]))


def train_reviews_lstm(data: ReviewData, recipe: Recipe, seed: int, verbose: str | int = "auto") -> TextClassifier:
    """The recipe with frozen vectors, then tuned; weights rounded to float16."""
    model, _ = freeze_then_tune(
        data.matrix, data.ids("train"), data.ids("validation"),
        frozen=recipe.frozen, tuned=recipe.tuned, dropout=recipe.dropout, seed=seed, verbose=verbose,
    )  # fmt: skip
    return TextClassifier(model, data.preprocessor)


def train_frozen(data: ReviewData, recipe: Recipe, seed: int, verbose: str | int = "auto") -> TextClassifier:
    """The recipe as it is usually printed: vectors frozen, no dropout; its epoch chosen on validation too."""
    keras.utils.set_random_seed(seed)
    model = build_lstm(data.matrix)
    fit(model, data.ids("train"), data.ids("validation"), seed=seed, verbose=verbose, **recipe.printed)
    round_to_float16(model)
    return TextClassifier(model, data.preprocessor)


def interval(right: np.ndarray, *, draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of `right`, (rows,) or (rows, seeds), over the rows."""
    per_row = np.asarray(right, float).reshape(len(right), -1).mean(axis=1)
    random = np.random.default_rng(seed)
    means = [per_row[random.integers(0, len(per_row), len(per_row))].mean() for _ in range(draws)]
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def score(data: ReviewData, models: list) -> dict:
    """Accuracy of models that differ in their seed: each on validation and test, and the test's mean with interval."""
    texts, labels = data.texts["test"], data.labels["test"]
    right = np.stack([(model.predict(texts) > 0.5) == labels for model in models], axis=1)
    return {
        "validation": [round(data.accuracy(m, "validation"), 4) for m in models],
        "test": [round(float(r), 4) for r in right.mean(axis=0)],
        "test_mean": round(float(right.mean()), 4),
        "test_interval": interval(right),
    }


def baseline_scores(data: ReviewData) -> dict:
    """The lexicon rule, and logistic regression on one- and two-word counts tuned on validation."""
    rule = LexiconRule.tune(corpora.load_lexicon(), data.texts["train"], data.labels["train"])
    train, validation = ((data.texts[s], data.labels[s]) for s in ("train", "validation"))
    pipeline, grid = tune_counts(train, validation)
    return {
        "majority": round(float(max(np.mean(data.labels["test"]), 1 - np.mean(data.labels["test"]))), 4),
        "lexicon rule": {"threshold": rule.threshold, "negation": rule.negation, **score(data, [rule])},
        "logistic regression": {"settings": grid.iloc[0].to_dict(), **score(data, [CountsClassifier(pipeline)])},
    }


def build_reviews_lstm(folder: Path, seeds: list[int], verbose: str | int = "auto") -> dict:
    """Train every seed, save the one that is best on validation into `folder`, and write its card beside it."""
    recipe = RECIPES["reviews-lstm"]
    data = ReviewData.load(recipe)
    tuned = [train_reviews_lstm(data, recipe, seed, verbose) for seed in seeds]
    best = int(np.argmax([data.accuracy(model, "validation") for model in tuned]))
    tuned[best].save(folder)
    card = {
        "name": "reviews-lstm",
        "command": "python -m lmtutorial.models.zoo reviews-lstm --seeds " + " ".join(map(str, seeds)),
        "seeds": seeds,
        "shipped_seed": seeds[best],
        "recipe": asdict(recipe),
        "rows": {split: len(texts) for split, texts in data.texts.items()},
        "scores": {
            "tuned": score(data, tuned),
            "frozen": score(data, [train_frozen(data, recipe, seed, verbose) for seed in seeds]),
            **baseline_scores(data),
        },
        "versions": {"python": platform.python_version(), "keras": keras.__version__, "numpy": np.__version__},
    }
    with files.written_whole(folder / "card.json") as beside:
        beside.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


SHIPPED = {
    "reviews-lstm": ("model.keras", "preprocessor.json", "classes.json"),
    "wiki-lstm": lstm_language_model.FILES,
    "book-lstm": lstm_language_model.FILES,
    "wiki-transformer": transformer_language_model.FILES,
}


LLM = "smollm2-135m"  # its weights come out of another package: see `smollm`


def load_model(name: str | Path) -> TextClassifier | LanguageModel:
    """A model that ships with the package, which bears its name, or one that its `save` wrote.

    Args:
        name: a shipped name ("reviews-lstm", "wiki-lstm", "book-lstm", "wiki-transformer"), "smollm2-135m", the path
            of a folder, or that of a GGUF file of a Llama.

    Raises:
        ValueError: if there is no such model (the nearest name is offered), if one of its files is damaged, or if the
            LLM is asked for and not installed (the commands are named).
    """
    if name == LLM or Path(name).suffix == ".gguf":
        from .smollm import load_gguf, load_smollm

        model = load_smollm() if name == LLM else load_gguf(name)
        model.name = LLM if name == LLM else None
        return model
    if name in SHIPPED:
        folder = [files.path(f"models/{name}/{file}") for file in SHIPPED[name]][0].parent  # each file is checked
    elif Path(name).is_dir():
        folder = Path(name)
    else:
        near = files.nearest(str(name), [*SHIPPED, LLM])
        raise ValueError(f"no model {str(name)!r}, neither a shipped one nor a folder{near}")
    speaking = {lstm_language_model: LSTMLanguageModel, transformer_language_model: TransformerLanguageModel}
    kinds = [kind for module, kind in speaking.items() if (folder / module.FILES[-1]).is_file()]
    model = (kinds or [TextClassifier])[0].load(folder)
    model.name = name if name in SHIPPED else None
    return model


def model_card(name: str) -> dict:
    """How a shipped model was trained, and its scores."""
    if name not in SHIPPED:
        raise ValueError(f"no shipped model {name!r}{files.nearest(name, SHIPPED)}")
    return json.loads(files.path(f"models/{name}/card.json").read_text(encoding="utf-8"))


def score_table(name: str = "reviews-lstm") -> pd.DataFrame:
    """The card's test accuracies as a table: one row a model, with its mean over seeds and its 95 % interval."""
    scores = model_card(name)["scores"]
    rows = {
        model: {
            "seeds": len(s["test"]),
            "accuracy": s["test_mean"],
            "low": s["test_interval"][0],
            "high": s["test_interval"][1],
        }
        for model, s in scores.items()
        if isinstance(s, dict)
    }
    return pd.DataFrame(rows).T.astype({"seeds": int}).sort_values("accuracy", ascending=False)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a model of the zoo.")
    parser.add_argument("name", choices=sorted(SHIPPED))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="of reviews-lstm")
    parser.add_argument("--folder", type=Path, help="where to write; by default the repository's data/models/NAME")
    parser.add_argument("--checkpoints", type=Path, help="of a language model: where a killed run goes on from")
    options = parser.parse_args()
    folder = options.folder or files.data_folder() / "models" / options.name
    if options.name in RECIPES:
        scores = build_reviews_lstm(folder, options.seeds)["scores"]
    else:
        from .language_training import build_language_model

        scores = build_language_model(options.name, folder, checkpoints=options.checkpoints)["perplexity"]
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
