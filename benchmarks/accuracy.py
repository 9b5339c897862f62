"""How long until the error is as small: LIME and Kernel SHAP beside lime and shap.

    python -m benchmarks.accuracy             # writes data/measurements/explainer_error.json
    python -m benchmarks.accuracy --quick     # a first look: one text of 8 words, two seeds, nothing written

A quick explainer that is wrong is no gain. So each program runs with several numbers of evaluations and several seeds,
and what counts is the time, and the number of evaluations, at which it comes as near to the truth as the other.

- LIME, 12 words: the truth is its closed form, the weighted ridge over all 2^12 variants (`lime_limit`). It depends a
  little on the number of samples, through the ridge; each program is held against the limit of its own number.
- Kernel SHAP, 12 and 16 words: the truth are the exact Shapley values. shap gets `l1_reg=False`; its default would drop
  all words but ten.

Error: the largest |score - truth| of a text over the largest |truth|; the median over texts and seeds.
"""

import argparse

import numpy as np

import lmtutorial as lt
from lmtutorial.explainers.lime import lime, lime_limit
from lmtutorial.explainers.masking import MaskedText

from . import competitors as libraries
from . import protocol, record

LIME_WORDS = 12
LIME_SAMPLES = (250, 500, 1000, 2000, 5000, 10_000)  # of lime
LIME_BUDGETS = (100, 200, 300, 500, 1000, 2000, 3000, 4096)  # of ours, standing for 5,000 samples
SHAP_WORDS = {12: (64, 128, 192, 256, 384, 512, 768, 1024), 16: (64, 128, 256, 384, 512, 768, 1024, 2048)}
PERFECT = 1e-6  # an error below it is float32's


class Trial:
    """Errors, seconds and evaluations of one program, by its number of evaluations."""

    def __init__(self):
        self.runs = {}

    def add(self, size: int, scores: np.ndarray, truth: np.ndarray, seconds: float, evaluations: int) -> None:
        error = np.abs(scores - truth).max() / np.abs(truth).max()
        self.runs.setdefault(size, []).append((error, seconds, evaluations))

    def curve(self) -> list[dict]:
        """For each number: median error, seconds and evaluations, with quartiles of the first two."""
        rows = []
        for size, runs in sorted(self.runs.items()):
            error, seconds, evaluations = np.transpose(runs)
            row = {"error": protocol.spread([error]), "seconds": protocol.spread([seconds])}
            rows.append({"asked": size, "evaluations": float(np.median(evaluations)), **row})
        return rows


def at_error(curve: list[dict], wanted: float) -> dict[str, float] | None:
    """Seconds and evaluations at which a curve's median error falls to `wanted`; `None` outside of the curve.

    Between two points of the curve logarithms are interpolated: an error falls with a power of the evaluations. An
    error below all but a perfect one takes what the perfect one takes.
    """
    points = [(row["error"]["median"], row["seconds"]["median"], row["evaluations"]) for row in curve]
    perfect = [point for point in points if point[0] < PERFECT]
    points = sorted(point for point in points if point[0] >= PERFECT)
    if perfect and (not points or wanted < points[0][0]):
        return dict(zip(("seconds", "evaluations"), min(perfect)[1:], strict=True))
    if not points or not points[0][0] <= wanted <= points[-1][0]:
        return None
    errors, *columns = np.log(np.array(points).T)
    return {
        name: float(np.exp(np.interp(np.log(wanted), errors, column)))
        for name, column in zip(("seconds", "evaluations"), columns, strict=True)
    }


def same_error(theirs: list[dict], mine: list[dict]) -> list[dict]:
    """For each point of their curve: what both need for its error, and how many times more they need."""
    rows = []
    for point in theirs:
        found = at_error(mine, point["error"]["median"])
        if found is None:
            continue
        seconds, evaluations = point["seconds"]["median"], point["evaluations"]
        rows.append(
            {
                "error": point["error"]["median"],
                "seconds": seconds,
                "our_seconds": float(f"{found['seconds']:.4g}"),
                "times_sooner": float(f"{seconds / found['seconds']:.4g}"),
                "evaluations": evaluations,
                "our_evaluations": round(found["evaluations"], 1),
                "our_share_of_evaluations": float(f"{found['evaluations'] / evaluations:.4g}"),
            }
        )
    return rows


def timed(run) -> tuple[float, np.ndarray]:
    found = []
    seconds = protocol.seconds_of(lambda: found.append(run()))
    return seconds, found[0]


def lime_trials(model, texts: list[str], seeds: int, samples=LIME_SAMPLES, budgets=LIME_BUDGETS) -> dict[str, list]:
    """{program: curve}; the programs take turns, seed by seed. Each run begins with nothing remembered."""
    trials = {name: Trial() for name in ("lime", "ours, authors' sampling", "ours")}
    for text in texts:
        listed = MaskedText(model, text, output="probability")
        truth = {n: lime_limit(listed, num_samples=n).scores for n in {*samples, 5000}}
        for seed in range(seeds):
            for n in samples:
                asked = libraries.Asked(model, text, "probability")
                seconds, slopes = timed(lambda n=n, a=asked, s=seed: libraries.lime_slopes(a, n, s))
                trials["lime"].add(n, slopes, truth[n], seconds, asked.evaluations)
                game = MaskedText(model, text, output="probability")
                settings = {"num_samples": n, "sampling": "authors", "seed": seed}
                seconds, e = timed(lambda g=game, k=settings: lime(g, **k))
                trials["ours, authors' sampling"].add(n, e.scores, truth[n], seconds, game.evaluations)
            for n in budgets:
                game = MaskedText(model, text, output="probability")
                seconds, e = timed(lambda n=n, g=game, s=seed: lime(g, budget=n, seed=s))
                trials["ours"].add(n, e.scores, truth[5000], seconds, game.evaluations)
    return {name: trial.curve() for name, trial in trials.items()}


def shap_trials(model, texts: list[str], seeds: int, sizes) -> dict[str, list]:
    """{program: curve} for Kernel SHAP, with and without fitting triples of words."""
    trials = {name: Trial() for name in ("shap", "ours, without triples", "ours")}
    for text in texts:
        truth = lt.explain(model, text, "exact_shapley").scores
        for seed in range(seeds):
            for n in sizes:
                asked = libraries.Asked(model, text)
                np.random.seed(seed)  # shap draws from NumPy's global state
                seconds, values = timed(lambda n=n, a=asked: libraries.kernel(a, n))
                trials["shap"].add(n, values, truth, seconds, asked.evaluations)
                for name, triples in (("ours", True), ("ours, without triples", False)):
                    settings = {"evaluations": n, "seed": seed, "triples": triples}
                    seconds, e = timed(lambda t=text, k=settings: lt.explain(model, t, "kernel_shap", **k))
                    trials[name].add(n, e.scores, truth, seconds, e.diagnostics["evaluations"])
    return {name: trial.curve() for name, trial in trials.items()}


def measure(texts: int = 6, seeds: int = 5, quick: bool = False) -> dict:
    """Both comparisons, for so many texts of each length."""
    model = lt.load_model("reviews-lstm")
    lengths = {8: (32, 64, 128)} if quick else SHAP_WORDS
    lime_words = 8 if quick else LIME_WORDS
    chosen = protocol.texts_of(model, lime_words, texts)
    lime_trials(model, chosen[:1], 1)  # the warm-up
    curves = (
        lime_trials(model, chosen, seeds, (250, 500), (64, 128, 200)) if quick else lime_trials(model, chosen, seeds)
    )
    compared = {"lime": {str(lime_words): _compared(curves, "lime")}, "kernel_shap": {}}
    for words, sizes in lengths.items():
        chosen = protocol.texts_of(model, words, texts)
        shap_trials(model, chosen[:1], 1, sizes[:2])
        compared["kernel_shap"][str(words)] = _compared(shap_trials(model, chosen, seeds, sizes), "shap")
    for name, found in compared.items():
        _show(name, found)
    return {"texts": texts, "seeds": seeds, **compared}


def _compared(curves: dict[str, list], library: str) -> dict:
    rows = {name: same_error(curves[library], curve) for name, curve in curves.items() if name != library}
    return {"curves": curves, "same_error": rows}


def _show(name: str, found: dict) -> None:
    for words, compared in found.items():
        for mine, rows in compared["same_error"].items():
            for row in rows:
                print(
                    f"{name} {words} words, {mine}: error {row['error']:.4f} after {row['our_evaluations']:.0f} of "
                    f"{row['evaluations']:.0f} evaluations ({row['our_share_of_evaluations']:.0%}), "
                    f"{row['our_seconds'] * 1e3:.0f} ms of {row['seconds'] * 1e3:.0f} "
                    f"({row['times_sooner']:.1f} times sooner)",
                    flush=True,
                )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="one text of 8 words, two seeds, nothing written")
    options.add_argument("--threads", type=int, default=protocol.cores(), help="by default as many as cores")
    chosen = options.parse_args()
    protocol.pin(chosen.threads)
    if chosen.quick:
        measure(1, 2, quick=True)
        return
    found = {**record.circumstances("benchmarks.accuracy"), "threads": chosen.threads, **measure()}
    print(record.write("explainer_error.json", found))


if __name__ == "__main__":
    main()
