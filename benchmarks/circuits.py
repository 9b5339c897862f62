"""Which heads of SmolLM2 decide who gets the drink, and do they carry the effect when only they are kept?

    python -m benchmarks.circuits                 # about 15 minutes on two cores; goes on where it was stopped
    python -m benchmarks.circuits --every 4       # a first look

1. 64 pairs of prompts (`lmtutorial.indirect_objects`): accuracy and mean logit difference.
2. Patching grids, denoising: (layer, place) of the stream, attention and MLP; (layer, head). Means over the prompts by
   what stands at a place; before the giver both prompts are the same and every score is 0.
3. Circuits. Heads are put in the order of their mean patching score on 32 prompts. On the 32 others: the share of the
   logit difference that is left when only the first so many are kept, and all other heads give their mean on prompts
   without repetition; beside as many random heads, 50 draws. Twice: with all heads ("all"), and with the layers left
   whole that come before the first one of which a head moves the answer by 5 % ("late"). The circuit is the smallest
   number of heads, of those tried, that keeps 80 % on the prompts on which the order was chosen.
4. What each of the strongest heads looks at, and what it says itself (direct logit attribution).
5. Induction: each head's score on repeated random tokens; the loss on the second half without the strongest heads, and
   without as many random ones, 10 draws.
6. Time: the (layer, place) grid of one prompt in one sweep, against one forward a site, for a sample; by turns.

What takes long is kept in _build/circuits. Writes data/measurements/circuits.json, and patching_grids.json beside it.
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial.indirect_objects import FRAMES, HALVES, LAST_PLACES, load_indirect_objects, without_repetition
from lmtutorial.inside import circuits, induction
from lmtutorial.inside.attribution import direct_attribution
from lmtutorial.inside.patching import PARTS, Pairs, Patching, pairs_of
from lmtutorial.models.activations import NothingReplaced

from . import faithfulness, record

KEPT = Path(__file__).resolve().parent.parent / "_build" / "circuits"
kept = partial(record.kept, KEPT)  # a part of the work, computed once
NUMBERS = (0, 1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 270)  # heads that are kept
DRAWS, ENOUGH, NOTICEABLE, REFERENCE, SHOWN = 50, 0.8, 0.05, 24, 16
GIVER, SAMPLED = -len(LAST_PLACES), 13  # a number that meets every place
PAGE = (11, 22, 25, 36, 61)  # prompts on the page, beside the classic one
ROWS, LENGTH, CONTROL, ABLATED, INDUCTION_DRAWS = 16, 50, 17, (1, 4, 16), 10
CLASSIC = ("When Mary and John went to the store, {} gave a drink to", " Mary", " John")


def interval(values) -> dict[str, float]:
    """Mean over prompts and its 95 % bootstrap interval, rounded."""
    return {name: value if name == "n" else short(value) for name, value in faithfulness.interval(values).items()}


def short(values, digits: int = 4):
    """Rounded, as plain lists and numbers, without a negative zero."""
    return (np.round(np.asarray(values, float), digits) + 0.0).tolist()


def grids(model, pairs: Pairs) -> dict[str, np.ndarray]:
    """All four grids of some prompts, and the differences of both runs."""
    patching = Patching(model, pairs)
    found = {part: patching.by_place(part) for part in PARTS}
    found |= {"heads": patching.by_head(), "ids": pairs.clean, "corrupted_ids": pairs.corrupted}
    return found | {"clean": patching.clean_difference, "corrupted": patching.corrupted_difference}


def one_forward_a_site(patching: Patching, part="residual", logits: str = "all", every: int = 1) -> np.ndarray:
    """(prompts, layers, time) scores of `patching.by_place`, the plain way: a whole run of the model for each site.

    Args:
        every: take every so manieth site only; the others are NaN.
    """
    model, pairs = patching.model, patching.pairs
    time_ = pairs.clean.shape[1]
    scores = np.full((len(pairs), model.sizes.layers, time_), np.nan)
    for layer, place in [divmod(i, time_) for i in range(0, model.sizes.layers * time_, every)]:
        site = f"layer.{layer}.{part}"
        patched = patching.into[site].copy()
        patched[:, place] = patching.source[site][:, place]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NothingReplaced)  # before the giver both runs agree
            run = model.run(pairs.corrupted, replace={site: patched}, logits=logits, padding=-1)
        last = run.logits[:, -1] if logits == "all" else run.logits
        scores[:, layer, place] = patching.score(pairs.difference(last))
    return scores


def classic(lm) -> pd.DataFrame:
    """The one pair that everybody knows, as a table."""
    text, answer, other = CLASSIC
    row = {"clean": text.format(other[1:]), "corrupted": text.format(answer[1:]), "answer": answer, "other": other}
    return pd.DataFrame([row])


def answered(lm, pairs: Pairs) -> dict[str, np.ndarray]:
    """Differences of the clean prompts, of the corrupted ones, and whether the answer is the likeliest word of all."""
    logits = [lm.transformer.run(ids, logits="last").logits for ids in (pairs.clean, pairs.corrupted)]
    clean, corrupted = (pairs.difference(z) for z in logits)
    return {"clean": clean, "corrupted": corrupted, "first": logits[0].argmax(axis=1) == pairs.answer}


def ablated(lm, pairs: Pairs, frame: int, masks: np.ndarray) -> dict[str, np.ndarray]:
    """(sets, prompts) differences with only the heads of each mask kept."""
    means = circuits.mean_heads(lm.transformer, np.stack([lm.ids(t) for t in without_repetition(frame, REFERENCE)]))
    return {"difference": circuits.kept_difference(lm.transformer, pairs, masks, means)}


def first_layer(scores: np.ndarray) -> int:
    """The first layer in which patching a head moves the answer by `NOTICEABLE`."""
    return int((np.abs(scores) >= NOTICEABLE).any(axis=1).argmax())


def masks_of(order: list, sizes, whole: int) -> np.ndarray:
    """(numbers, layers, heads): the layers below `whole` are kept, and of the others the first heads of the order."""
    late = [head for head in order if head[0] >= whole]
    masks = np.stack([circuits.mask_of(late[:n], sizes.layers, sizes.heads) for n in NUMBERS])
    masks[:, :whole] = True
    return masks


def shares_kept(lm, tables: dict, masks: np.ndarray, name: str, frames) -> dict[str, dict]:
    """The difference and the share of the effect that each mask keeps, on both halves."""
    shares = {}
    for half in HALVES:
        found = [
            kept(f"keep-{name}-{half}-{f}", lambda f=f, half=half: ablated(lm, tables[f, half], f, masks))["difference"]
            for f in tqdm(frames, desc=f"{name}, {half}")
        ]
        differences = np.concatenate(found, axis=1)  # (masks, prompts)
        mean = differences.mean(axis=1)
        shares[half] = {
            "each": differences,
            "difference": [interval(row) for row in differences],
            "share": short(circuits.kept_share(mean, mean[0], mean[-1])),
        }
    return shares


def random_shares(lm, tables: dict, number: int, whole: int, frames, ends: list[float]) -> list[float]:
    """(draws,) the share that as many random heads keep on the test half, in ascending order."""
    sizes = lm.transformer.sizes
    masks = np.ones((DRAWS, sizes.layers, sizes.heads), bool)
    masks[:, whole:] = circuits.random_masks(number, sizes.layers - whole, sizes.heads, DRAWS)
    found = [
        kept(f"random-{whole}-{number}-{f}", lambda f=f: ablated(lm, tables[f, HALVES[1]], f, masks))["difference"]
        for f in tqdm(frames, desc="random heads")
    ]
    return short(np.sort(circuits.kept_share(np.concatenate(found, axis=1).mean(axis=1), *ends)))


def at_places(model, pairs: Pairs, heads: list) -> dict[str, np.ndarray]:
    """(prompts, chosen heads) scores of heads patched at the giver only, and at the last word only."""
    patching, found = Patching(model, pairs, progress=False), {}
    for name, place in (("giver", GIVER), ("to", -1)):
        masks = np.zeros((len(heads), pairs.clean.shape[1], model.sizes.heads, 1), bool)
        for mask, (_, head) in zip(masks, heads, strict=True):
            mask[place, head] = True
        one = [patching.of(f"layer.{layer}.heads", mask) for (layer, _), mask in zip(heads, masks, strict=True)]
        found[name] = np.stack(one, axis=1)
    return found


def looked(model, pairs: Pairs, heads: list) -> list[pd.DataFrame]:
    """Where heads look from the last word, and from the giver; shares added up over the prompts."""
    first = {name: (pairs.clean == getattr(pairs, name)[:, None]).argmax(axis=1) for name in ("answer", "other")}
    places = {
        "answer": first["answer"],
        "giver": GIVER,
        "giver before": first["other"],
        "behind it": first["other"] + 1,
    }
    to = {name: places[name] for name in ("answer", "giver", "giver before")}
    giver = {name: places[name] for name in ("giver before", "behind it")}
    return [
        circuits.looks(model, pairs.clean, heads, start, seen) * len(pairs)
        for start, seen in ((-1, to), (GIVER, giver))
    ]


def spoken(model, tables: dict[tuple, Pairs]) -> dict[str, np.ndarray]:
    """(prompts, layers, heads) what each head adds to the logit of the answer, and of the giver, against a third name.

    The third name is the answer of the prompt before, which is in neither of the two pairs.
    """
    found = {"answer": [], "giver": []}
    for pairs in tables.values():
        third = np.roll(pairs.answer, 1)
        for name, words in (("answer", pairs.answer), ("giver", pairs.other)):
            found[name].append(direct_attribution(model, pairs.clean, words, third).heads)
    return {name: np.concatenate(rows) for name, rows in found.items()}


def described(model, tables: dict, heads: list, effects: np.ndarray, where: dict, said: dict) -> list[dict]:
    """What each head of the circuit does, on all prompts: one entry a head.

    Args:
        effects: (prompts, layers, heads) patching scores at all places.
        where: {"giver", "to"}: (prompts, heads) the same of the chosen heads, at one place only.
        said: what all heads say, as `spoken` gives it.
    """
    count = sum(len(pairs) for pairs in tables.values())
    seen = [looked(model, pairs, heads) for pairs in tables.values()]
    to, giver = (sum(rows) / count for rows in zip(*seen, strict=True))
    entries = []
    for number, (layer, head) in enumerate(heads):
        at = {name: float(scores[:, number].mean()) for name, scores in where.items()}
        share = abs(at["giver"]) / (abs(at["giver"]) + abs(at["to"]))
        says, looks = (
            {n: v[:, layer, head] for n, v in said.items()},
            (to.loc[(layer, head)].to_dict(), giver.loc[(layer, head)].to_dict()),
        )
        entries.append(
            {
                "layer": layer,
                "head": head,
                "job": circuits.job(*looks, share, {name: values.mean() for name, values in says.items()}),
                "score": interval(effects[:, layer, head]),
                "score_at": {name: short(value) for name, value in at.items()},
                "says": {name: interval(values) for name, values in says.items()},
                "looks_from": [{k: short(v) for k, v in row.items()} for row in looks],
            }
        )
    return entries


def induced(lm) -> dict:
    """Scores of all heads, and the loss of the second half without some of them."""
    model, sizes = lm.transformer, lm.transformer.sizes
    ids = induction.repeated_tokens(sizes.vocabulary, ROWS, LENGTH, first=CONTROL)
    scores = kept("induction", lambda: {"scores": induction.induction_scores(model, ids)})["scores"]
    order = circuits.strongest(scores, max(ABLATED))
    masks = [circuits.mask_of(order[:n], sizes.layers, sizes.heads) for n in (0, *ABLATED)]
    masks += [m for n in ABLATED for m in circuits.random_masks(n, sizes.layers, sizes.heads, INDUCTION_DRAWS)]
    few = ids[: ROWS // 4]
    loss = kept("induction-loss", lambda: {"loss": induction.second_half_loss(model, few, ~np.stack(masks))})["loss"]
    random = loss[1 + len(ABLATED) :].reshape(len(ABLATED), INDUCTION_DRAWS)
    first = kept("induction-first", lambda: {"loss": first_half_loss(lm, few)})["loss"]
    even = np.mean([1 / (place + 1) for place in range(LENGTH, 2 * LENGTH - 1)])
    without = {
        str(n): {"strongest": short(loss[1 + i]), "random": short(np.sort(random[i]))} for i, n in enumerate(ABLATED)
    }
    return {
        "rows": {"scores": len(ids), "loss": len(few)},
        "length": LENGTH,
        "scores": short(scores),
        "even": short(even),
        "strongest": order,
        "first_half_loss": short(first),
        "loss": short(loss[0]),
        "without": without,
    }


def first_half_loss(lm, ids: np.ndarray) -> float:
    """Mean -log P of the tokens of the first half, from the second on."""
    half = ids.shape[1] // 2
    logits = lm.transformer.run(ids[:, :half], padding=-1).logits[:, :-1].astype(float)
    largest = logits.max(axis=-1, keepdims=True)
    log_sum = np.log(np.exp(logits - largest).sum(axis=-1)) + largest[..., 0]
    return (log_sum - np.take_along_axis(logits, ids[:, 1:half, None], -1)[..., 0]).mean()


def timed(lm, turns: int = 5) -> dict:
    """Seconds of one (layer, place) grid of the stream, by turns: in one sweep; by one forward a site, plain, or with
    the logits of the last place only. Of the plain ways every `SAMPLED`th site is run, and its seconds are scaled."""
    pairs = pairs_of(lm, classic(lm))
    ready = Patching(lm.transformer, pairs, progress=False)
    ways = {
        "one sweep": lambda: Patching(lm.transformer, pairs, progress=False).by_place(),  # both runs included
        "one forward a site": lambda: one_forward_a_site(ready, every=SAMPLED),
        "one forward a site, last logits": lambda: one_forward_a_site(ready, logits="last", every=SAMPLED),
    }
    whole, *sampled = [way() for way in ways.values()]  # the first time compiles
    seconds = {name: [] for name in ways}
    for _ in tqdm(range(turns), desc="turns"):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            scale = 1 if name == "one sweep" else SAMPLED
            seconds[name].append(short((time.perf_counter() - began) * scale, 2))
    gap = max(np.nanmax(np.abs(whole - other)) for other in sampled)
    return {"sites": whole.size, "sampled": SAMPLED, "seconds": seconds, "largest_difference": float(f"{gap:.1e}")}


def page(lm, prompts: pd.DataFrame, every: int) -> dict:
    """The grids of a few prompts, as the figure in the page reads them."""
    chosen = [(classic(lm).iloc[0], kept("grids-classic", dict), 0)]
    for number in PAGE:
        row = prompts.loc[number]
        if row["frame"] % every == 0:
            place = int((prompts[prompts["frame"] == row["frame"]].index == number).argmax())
            chosen.append((row, kept(f"grids-{row['frame']}", dict), place))
    return {"prompts": [page_entry(lm, *one) for one in chosen], "layers": lm.transformer.sizes.layers}


def page_entry(lm, row, found: dict, place: int) -> dict:
    return {
        **{name: row[name] for name in ("clean", "corrupted", "answer", "other")},
        "tokens": [lm.vocabulary[i] for i in found["ids"][place]],
        "corrupted_tokens": [lm.vocabulary[i] for i in found["corrupted_ids"][place]],
        "clean_difference": short(found["clean"][place], 3),
        "corrupted_difference": short(found["corrupted"][place], 3),
        "grids": {part: short(found[part][place], 3) for part in (*PARTS, "heads")},
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--every", type=int, default=1, help="take only every so manieth frame (a first look)")
    every = options.parse_args().every
    KEPT.mkdir(parents=True, exist_ok=True)
    lm, prompts, frames = lt.load_model("smollm2-135m"), load_indirect_objects(), range(0, len(FRAMES), every)
    model, sizes = lm.transformer, lm.transformer.sizes
    by_frame = {f: pairs_of(lm, prompts[prompts["frame"] == f]) for f in frames}
    tables = {
        (f, half): pairs_of(lm, prompts[(prompts["frame"] == f) & (prompts["half"] == half)])
        for f in frames
        for half in HALVES
    }
    kept("grids-classic", lambda: grids(model, pairs_of(lm, classic(lm))))
    grid = [kept(f"grids-{f}", lambda f=f: grids(model, by_frame[f])) for f in tqdm(frames, desc="grids")]
    told = [kept(f"answers-{f}", lambda f=f: answered(lm, by_frame[f])) for f in frames]
    half = np.concatenate([prompts.loc[prompts["frame"] == f, "half"] for f in frames])
    heads = np.concatenate([found["heads"] for found in grid])  # (prompts, layers, heads)
    chosen = heads[half == HALVES[0]].mean(axis=0)
    order, whole = circuits.strongest(chosen, chosen.size), first_layer(chosen)
    tests = {}
    for name, below in (("all", 0), ("late", whole)):
        shares = shares_kept(lm, tables, masks_of(order, sizes, below), name, frames)
        number = next(n for n, share in zip(NUMBERS, shares[HALVES[0]]["share"], strict=True) if share >= ENOUGH)
        ends = [shares[HALVES[1]]["difference"][i]["mean"] for i in (0, -1)]
        random = random_shares(lm, tables, number, below, frames, ends)
        tests[name] = {"whole_below": below, "number": number, "random": random, **shares}
        tests[name]["each"] = short(tests[name][HALVES[1]].pop("each")[NUMBERS.index(number)])
        tests[name][HALVES[0]].pop("each")
    shown = order[:SHOWN]
    where = [kept(f"where-{f}", lambda f=f: at_places(model, by_frame[f], shown)) for f in tqdm(frames, desc="places")]
    at = {name: np.concatenate([found[name] for found in where]) for name in ("giver", "to")}
    said = spoken(model, tables)
    record.write("patching_grids.json", page(lm, prompts, every))
    record.write(
        "circuits.json",
        {
            **record.circumstances("benchmarks.circuits"),
            "prompts": len(half),
            "frames": len(frames),
            "answers": answers(prompts[prompts["frame"].isin(frames)], told),
            "places": list(LAST_PLACES),
            "grids": {p: short(np.concatenate([g[p][:, :, GIVER:] for g in grid]).mean(axis=0)) for p in PARTS},
            "heads": short(heads.mean(axis=0)),
            "numbers": list(NUMBERS),
            "kept": tests,
            "strongest": described(model, tables, shown, heads, at, said),
            "says": {n: short(v.mean(axis=0)) for n, v in said.items()},
            "induction": induced(lm),
            "time": timed(lm),
        },
    )


def answers(prompts: pd.DataFrame, told: list[dict]) -> dict:
    """How often the right name is the likelier one, and the likeliest word of all; by order of the names."""
    clean, corrupted, first = (np.concatenate([found[n] for found in told]) for n in ("clean", "corrupted", "first"))
    return {
        "right": interval(clean > 0),
        "right_corrupted": interval(corrupted < 0),
        "likeliest_of_all": interval(first),
        "difference": interval(clean),
        "corrupted_difference": interval(corrupted),
        "by_order": {name: interval(clean[prompts["order"] == name]) for name in prompts["order"].unique()},
    }


if __name__ == "__main__":
    main()
