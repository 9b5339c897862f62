"""How long does each explainer take, beside the bare model and beside lime, shap and captum?

    python -m benchmarks.speed             # writes data/measurements/explainer_speed.json
    python -m benchmarks.speed --quick     # a first look: one text of 8 words, two turns, nothing written

For texts of 8, 12 and 20 words, by `benchmarks.protocol`:

- `overhead`: an explainer's time over that of the bare model for the same rows: forward for the distinct rows that it
  asks about, forward and backward for the points at which it takes gradients.
- `beside`: the time of lime and shap over ours for the same number of evaluations on the same Keras model; captum's
  too, on the same weights in PyTorch. Because that is another framework, `captum` also has each side's time over its
  own bare model.
"""

import argparse
from collections.abc import Callable

import numpy as np

import lmtutorial as lt

from . import competitors as libraries
from . import protocol, record

WORDS = (8, 12, 20)
POINTS = 50  # of integrated gradients beside captum: its default
SAMPLES = 5000  # of LIME: its authors' default
GRADIENTS = ("saliency", "input_x_gradient", "smooth_grad", "integrated_gradients")
PERTURBATIONS = ("occlusion", "lime", "exact_shapley", "kernel_shap", "permutation_shap", "partition_shap")


def ours(model, text: str, words: int) -> dict[str, Callable]:
    """{name: run} of every method with its default settings, and as others set theirs."""
    methods = [m for m in GRADIENTS + PERTURBATIONS if m != "exact_shapley" or words <= 12]
    runs = {name: lambda name=name: lt.explain(model, text, name) for name in methods}
    runs["lime, authors' sampling"] = lambda: lt.explain(
        model, text, "lime", num_samples=SAMPLES, sampling="authors", output="probability"
    )
    runs[f"integrated_gradients, {POINTS} points"] = lambda: lt.explain(
        model, text, "integrated_gradients", points=POINTS, tolerance=None
    )
    return runs


def bare(model, bare_model: protocol.Bare, text: str, runs: dict[str, Callable]) -> dict[str, Callable]:
    """{name: run} of the bare model for what each of `runs` asks it; each asks once here."""
    found = {}
    ids = model.encode(text).ids[None]
    vectors = np.asarray(model.embed(ids))
    for name, run in runs.items():
        with protocol.recorded(model) as asked:
            e = run()
        if name.partition(",")[0] in GRADIENTS:
            rounds = e.diagnostics.get("convergence", np.array([[e.diagnostics["evaluations"] - 2, 0]]))[:, 0]
            points = [tuple(np.repeat(a, max(1, int(count)), axis=0) for a in (vectors, ids)) for count in rounds]
            found[name] = lambda points=points: [bare_model.there_and_back(*p) for p in points]
        else:
            rows = np.unique(np.concatenate(asked), axis=0)
            batch = bare_model.best_batch(rows)
            found[name] = lambda rows=rows, batch=batch: bare_model.forward(rows, batch)
    return found


def beside(model, text: str, words: int, evaluations: dict[str, int]) -> dict[str, tuple[str, Callable]]:
    """{library's method: (ours that answers the same question, run)} on the Keras model."""
    logit = libraries.Asked(model, text)
    probability = libraries.Asked(model, text, "probability")
    runs = {
        "lime": ("lime", lambda: libraries.lime_slopes(probability, SAMPLES, 0)),
        "lime (same sampling)": ("lime, authors' sampling", lambda: libraries.lime_slopes(probability, SAMPLES, 0)),
        "shap Kernel": ("kernel_shap", lambda: libraries.kernel(logit, evaluations["kernel_shap"])),
        "shap Permutation": ("permutation_shap", lambda: libraries.permutation(logit, evaluations["permutation_shap"])),
        "shap Partition": ("partition_shap", lambda: libraries.partition(logit, evaluations["partition_shap"])),
    }
    if words <= 12:
        runs["shap Exact"] = ("exact_shapley", lambda: libraries.exact(logit))
    return runs


def beside_captum(
    model, torch_model, text: str, evaluations: dict[str, int]
) -> dict[str, tuple[str, Callable, Callable]]:
    """{captum's method: (ours that answers the same question, run, the bare model in PyTorch for the same rows)}."""
    ids = model.encode(text).ids
    captum, kernel = libraries.Captum(torch_model, ids, model.replacement), evaluations["kernel_shap"]

    left_out, coalitions = (np.repeat(ids[None].astype(np.int64), rows, axis=0) for rows in (len(ids) + 1, kernel))
    return {
        "captum IntegratedGradients": (
            f"integrated_gradients, {POINTS} points",
            lambda: captum.integrated_gradients(POINTS),
            lambda: captum.there_and_back(POINTS),
        ),
        "captum Saliency": ("saliency", captum.saliency, lambda: captum.there_and_back(1)),
        "captum FeatureAblation": ("occlusion", captum.occlusion, lambda: captum.forward(left_out)),
        "captum KernelShap": (
            "kernel_shap",
            lambda: captum.kernel_shap(kernel),
            lambda: captum.forward(coalitions),
        ),
    }


def measure_text(model, bare_model, torch_model, text: str, words: int, turns: int) -> tuple[dict, dict]:
    """{name: seconds of the first call}, {name: (turns,) seconds} of everything; names begin with who runs."""
    runs = ours(model, text, words)
    alone = bare(model, bare_model, text, runs)
    evaluations = {
        name: int(lt.explain(model, text, name).diagnostics["evaluations"]) for name in runs if "," not in name
    }
    everything = {("ours", name): run for name, run in runs.items()}
    everything |= {("bare", name): run for name, run in alone.items()}
    everything |= {(name, of): run for name, (of, run) in beside(model, text, words, evaluations).items()}
    if torch_model is not None:
        for name, (of, run, bare_run) in beside_captum(model, torch_model, text, evaluations).items():
            everything |= {(name, of): run, (f"bare {name}", of): bare_run}
    return protocol.taking_turns(everything, turns)


def summary(parts: list[tuple[dict, dict]]) -> dict:
    """Overheads and comparisons of texts of one length, out of what `measure_text` gives for each."""
    first = parts[0][0]  # the other texts find everything compiled

    def of(who: str, name: str) -> list[np.ndarray]:
        return [seconds[who, name] for _, seconds in parts]

    def ratio(above: list, below: list) -> dict[str, float]:
        return protocol.spread([a / b for a, b in zip(above, below, strict=True)])

    overhead, compared = {}, {}
    for who, name in first:
        if who == "ours":
            mine, alone = of("ours", name), of("bare", name)
            overhead[name] = {
                "seconds": protocol.spread(mine),
                "bare_seconds": protocol.spread(alone),
                "ratio": ratio(mine, alone),
                "first_call_seconds": round(first[who, name], 3),
            }
        elif not who.startswith("bare"):
            theirs, mine = of(who, name), of("ours", name)
            compared[who] = {
                "ours": name,
                "seconds": protocol.spread(theirs),
                "our_seconds": protocol.spread(mine),
                "ratio": ratio(theirs, mine),
                "first_call_seconds": round(first[who, name], 3),
            }
            if (f"bare {who}", name) in first:
                compared[who]["over_bare_torch"] = ratio(theirs, of(f"bare {who}", name))
                compared[who]["our_over_bare_keras"] = ratio(mine, of("bare", name))
    return {"texts": len(parts), "overhead": overhead, "beside": compared}


def measure(lengths=WORDS, texts: int = 3, turns: int = 7) -> dict:
    """Everything, for so many texts of each length and so many turns for each text."""
    model = lt.load_model("reviews-lstm")
    bare_model = protocol.Bare(model)
    try:
        from .torch_copy import torch_copy

        torch_model = torch_copy(model)
    except ImportError:
        print("PyTorch or captum is not installed: captum is left out (make crosscheck installs them)")
        torch_model = None
    result = {}
    for words in lengths:
        chosen = protocol.texts_of(model, words, texts)
        parts = [measure_text(model, bare_model, torch_model, text, words, turns) for text in chosen]
        result[str(words)] = summary(parts)
        _show(words, result[str(words)])
    return {"turns": turns, "words": result}


def _show(words: int, found: dict) -> None:
    for name, row in found["overhead"].items():
        r = row["ratio"]
        print(
            f"{words:3} words  {name:36} {row['seconds']['median'] * 1e3:8.1f} ms = {r['median']:.2f} "
            f"[{r['low']:.2f}, {r['high']:.2f}] times the bare model's {row['bare_seconds']['median'] * 1e3:.1f} ms"
        )
    for name, row in found["beside"].items():
        r = row["ratio"]
        more = ""
        if "over_bare_torch" in row:
            theirs, mine = row["over_bare_torch"]["median"], row["our_over_bare_keras"]["median"]
            more = f"; {theirs:.2f} times its bare model, ours {mine:.2f}"
        print(
            f"{words:3} words  {name:36} {row['seconds']['median'] * 1e3:8.1f} ms = {r['median']:.2f} "
            f"[{r['low']:.2f}, {r['high']:.2f}] times our {row['ours']}{more}",
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="one text of 8 words, two turns, nothing written")
    options.add_argument("--threads", type=int, default=protocol.cores(), help="by default as many as cores")
    chosen = options.parse_args()
    protocol.pin(chosen.threads)
    if chosen.quick:
        measure((8,), texts=1, turns=2)
        return
    found = {**record.circumstances("benchmarks.speed"), "threads": chosen.threads, **measure()}
    print(record.write("explainer_speed.json", found))


if __name__ == "__main__":
    main()
