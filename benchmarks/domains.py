"""A model of film reviews on products, tweets and editorials: how right, how sure, why; and what mends it.

    python -m benchmarks.domains                          # everything: ten minutes on two cores
    python -m benchmarks.domains --stages measures words  # some of it; what is known already is kept

1. measures: accuracy, balanced accuracy, AUC, Brier score and calibration error of the shipped network, of counts and
   of the lexicon rule, all three made on films; and of counts that were trained on the domain itself.
2. words: integrated gradients of every text; words whose attribution and whose ratings have opposite signs, found on
   the training and validation splits (the network has seen neither), looked at again on test; and the same by chance.
3. removal: what the test accuracy becomes without these words, without random others, without unknown words.
4. tuned: two numbers, or all weights, fitted to 50, 200 or 800 labelled texts of the domain; five draws each.
5. added: GloVe's vectors for the domain's words, alone, and with all weights trained on 800 texts.
6. mended: do the explanations of the tuned models agree better with people?

The epoch of each training is chosen on the domain's validation split; nothing is chosen on test. Intervals are 95 %,
from a bootstrap over documents (a review, an editorial, a tweet or film text with its near-duplicates), with the mean
over seeds taken first.
Writes data/measurements/domains.json.
"""

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.models.baselines import CountsClassifier, LexiconRule, tune_counts
from lmtutorial.models.calibration import error_by_chance, reliability
from lmtutorial.preprocessing import PADDING, UNKNOWN

from . import domain_fixes as fixes
from . import domain_words as reasons
from . import record
from .domain_texts import HOME, LOADERS, PARTS, ends, judged, labelled, network, resampled

# round the settings that the whole grid of `baselines` chose for films
GRID = {"ngrams": [(1, 1), (1, 2)], "weighting": ["presence", "tfidf"], "min_count": [1], "C": [0.3, 1.0, 3.0, 10.0]}


def made_on(domain: str) -> CountsClassifier:
    """Counts trained on the training texts of a domain, their settings chosen on its validation texts."""
    pipeline, _ = tune_counts(labelled(domain, "train")[:2], labelled(domain, "validation")[:2], GRID)
    return CountsClassifier(pipeline)


def measures() -> dict:
    found, from_films = {}, made_on(HOME)
    lexicon_rule = LexiconRule.tune(lt.load_lexicon(), *labelled(HOME, "train")[:2])
    for domain in tqdm(LOADERS, desc="domains"):
        texts, y, documents = labelled(domain, "test")
        ids = network().preprocessor.ids(texts)
        p = network().predict(texts)
        at_home = from_films if domain == HOME else made_on(domain)
        whole = {
            "network": p,
            "counts": from_films.predict(texts),
            "counts, at home": at_home.predict(texts),
        }
        rule = judged(lexicon_rule.predict(texts), y, documents, ("accuracy", "balanced", "said_positive"))
        unknown = (ids == UNKNOWN).sum(axis=1) / np.maximum(1, (ids != PADDING).sum(axis=1))
        found[domain] = {
            "texts": len(texts),
            "documents": len(pd.unique(documents)),
            "positive": round(float(y.mean()), 4),
            "majority": round(float(max(y.mean(), 1 - y.mean())), 4),
            "unknown": {
                "value": round(float(unknown.mean()), 4),
                **ends([unknown[rows].mean() for rows in resampled(documents)]),
            },
            "models": {**{name: judged(values, y, documents) for name, values in whole.items()}, "lexicon": rule},
            "reliability": reliability(p, y).round(4).to_dict("list"),
            "calibration_error_by_chance": round(error_by_chance(p), 4),
        }
    return found


STAGES: dict[str, Callable[[], dict]] = {
    "measures": measures,
    "words": reasons.words,
    "removal": lambda: reasons.removal(stage("words")),
    "tuned": fixes.tuned,
    "added": fixes.added,
    "mended": fixes.mended,
}


def stage(name: str) -> dict:
    """What a stage found, computed if it is not known yet."""
    return record.stage(PARTS, name, STAGES[name])


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge a model of film reviews on other domains.")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    options = parser.parse_args()
    for name in options.stages:
        stage(name)
    known = {name: stage(name) for name in STAGES if (PARTS / f"{name}.json").is_file()}
    rule = {
        "documents": reasons.LEAST,
        "standard_errors": reasons.CLEAR,
        "documents_on_test": reasons.AGAIN,
    }
    settings = {
        "rule": rule,
        "sizes": list(fixes.SIZES),
        "seeds": len(fixes.SEEDS),
        "tuned": fixes.TUNED,
    }
    about = {**record.circumstances("benchmarks.domains"), "settings": settings}
    written = record.write("domains.json", {**about, **known})
    print(written.name)


if __name__ == "__main__":
    main()
