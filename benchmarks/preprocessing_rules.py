"""How much do the rules that cut text into words matter to a trained classifier?

    python benchmarks/preprocessing_rules.py --glove glove.6B.50d.txt    # three seeds: six trainings
    python benchmarks/preprocessing_rules.py --seeds 0                   # one seed, the shipped vectors

A training took two to five minutes on two processor cores that had other work to do as well.

For each seed the recipe of `lmtutorial.models.zoo` is trained twice, on the same reviews: once cut by the rules called
"words", once by those called "keras". Each has its own vocabulary of the same size. The epochs are fewer than those of
the shipped model, and equal for both. Everything is read off the validation set; the test set is not touched. The
result is written after each seed, so that a run that is stopped leaves what it has.

GloVe is read whole where `--glove` names the file; otherwise the shipped part of it, which lacks words that only the
rules called "keras" make.
"""

import argparse
import json
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np

from lmtutorial import embeddings, files
from lmtutorial.models.zoo import Recipe, ReviewData, train_reviews_lstm

RESULT = files.data_folder() / "measurements" / "preprocessing_rules.json"
RULES = ("words", "keras")
SHORT = Recipe(
    frozen={"epochs": 4, "batch_size": 64, "learning_rate": 1e-3},
    tuned={"epochs": 6, "batch_size": 64, "learning_rate": 1e-3, "patience": 2},
)


def load(rules: str, glove: Path | None) -> tuple[ReviewData, dict]:
    """The reviews cut by `rules`, with the vectors of `glove` or the shipped ones; and `facts` about them."""
    data = ReviewData.load(replace(SHORT, rules=rules))
    vocabulary = data.preprocessor.vocabulary
    vectors = embeddings.load_vectors(glove, words=vocabulary) if glove else embeddings.load_glove(words=vocabulary)
    return replace(data, matrix=embeddings.embedding_matrix(vectors, vocabulary)), facts(data, vectors)


def facts(data: ReviewData, vectors) -> dict:
    """Of the running words of the validation set: the shares that are unknown, and that have a vector of GloVe."""
    vocabulary = set(data.preprocessor.vocabulary)
    tokens = [token for text in data.texts["validation"] for token in data.preprocessor.tokens(text)]
    return {
        "unknown_share": round(float(np.mean([t not in vocabulary for t in tokens])), 4),
        "known_without_vector_share": round(float(np.mean([t in vocabulary and t not in vectors for t in tokens])), 4),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--glove", type=Path, help="the whole glove.6B.50d.txt, from nlp.stanford.edu")
    options.add_argument("--out", type=Path, default=RESULT)
    chosen = options.parse_args()
    loaded = {rules: load(rules, chosen.glove) for rules in RULES}
    data = {rules: found[0] for rules, found in loaded.items()}
    labels = data["words"].labels["validation"]
    right = {rules: np.zeros((0, len(labels)), bool) for rules in RULES}
    for done, seed in enumerate(chosen.seeds, 1):
        for rules in RULES:
            began = time.perf_counter()
            model = train_reviews_lstm(data[rules], SHORT, seed, verbose=0)
            verdicts = model.predict(data[rules].texts["validation"]) > 0.5
            right[rules] = np.vstack([right[rules], verdicts == labels])
            seconds = time.perf_counter() - began
            print(f"{rules} seed {seed}: {right[rules][-1].mean():.4f}, {seconds:.0f} s", flush=True)
        result = {
            "command": f"python benchmarks/preprocessing_rules.py --seeds {' '.join(map(str, chosen.seeds[:done]))}"
            + (f" --glove {chosen.glove.name}" if chosen.glove else ""),
            "seeds": chosen.seeds[:done],
            "recipe": {key: value for key, value in asdict(SHORT).items() if key not in ("rules", "printed")},
            "rows": len(labels),
            "facts": {rules: found[1] for rules, found in loaded.items()},
            "validation": {rules: [round(float(r), 4) for r in right[rules].mean(axis=1)] for rules in RULES},
            "times_right": {rules: right[rules].sum(axis=0).tolist() for rules in RULES},
            "versions": {"python": platform.python_version(), "keras": keras.__version__, "numpy": np.__version__},
        }
        with files.written_whole(chosen.out) as beside:
            beside.write_text(json.dumps(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
