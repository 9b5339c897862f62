"""What does a language model give away about the text it was trained on? (Chapter 21.)

    python -m benchmarks.privacy              # half an hour on one core; goes on where it was interrupted
    python -m benchmarks.privacy --seeds 1    # a first look, written nowhere

1. For each seed, draw half of the chapters of *Moby-Dick* as training text. Seeds 2k and 2k + 1 take complementary
   halves, so that every chapter is in the training text of half of the models.
2. Plant secrets: codes of four digits, each in a sentence with a carrier of its own, 1 to 64 times; twelve more codes
   are drawn and never planted. Train an LSTM on it. The vocabulary is fixed beforehand and knows nothing of the halves.
3. After every epoch: the exposure of each secret, exactly, among all 10,000 codes; whether the model writes it out; and
   the loss on the first tokens of every chapter, in passages.
4. Train once more with every secret planted once only: what deduplication would have done.
5. Of the codes that the trained model writes out: which word in front of each digit called it up, by occlusion?
6. Membership: passages of member chapters against those of the others, by the loss, and by the loss less the mean loss
   of the models that were not trained on the chapter (without the one of the complementary half).

Intervals are 95 %, by bootstrap: over seeds and then secrets, or over chapters. Writes data/measurements/privacy.json,
and the model of seed 0 into data/models/secrets-lstm.
"""

import argparse
from functools import partial
from pathlib import Path

import keras
import numpy as np
from scipy.stats import spearmanr
from tqdm.auto import tqdm

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.documents import load_documents
from lmtutorial.explainers import uncertainty
from lmtutorial.models import membership, memorization, training_run
from lmtutorial.models.classifier import round_to_float16
from lmtutorial.models.language_training import LanguageData, LSTMRecipe, ids_of, untrained, windows
from lmtutorial.models.memorization import Secret
from lmtutorial.preprocessing import Preprocessor

from . import record

KEPT = Path(__file__).resolve().parent.parent / "_build" / "privacy"
kept = partial(record.kept, KEPT)
SEEDS, TIMES, EACH, CONTROLS = 6, (1, 2, 4, 8, 16, 32, 64), 4, 12
RECIPE = LSTMRecipe(
    "book", max_tokens=2000, batch_size=16, epochs=8, learning_rate=6e-3, dim=50, units=(96,), dropout=(0.1, 0.1)
)
BEGINNINGS = ("the code of the {} is", "the number of the {} is", "what opens the {} is")
THINGS = (
    "anchor bag bed boat book box bucket cabin chapel chest church coffin compass cup deck door forge grave hammock "
    "harbor harpoon hatch hold house inn island king ladder lamp lantern letter log mast office pipe port pulpit room "
    "rope sail shelf ship stove street table temple tower town trunk wall well window yard"
).split()
PASSAGE, PASSAGES = 64, 8  # tokens in a passage, passages read of each chapter


def carriers() -> list[str]:
    """One beginning of a sentence for each thing."""
    return [BEGINNINGS[i % len(BEGINNINGS)].format(thing) for i, thing in enumerate(THINGS)]


def secrets_of(seed: int) -> list[Secret]:
    """`EACH` secrets for each number of times, and the controls."""
    times = [n for n in TIMES for _ in range(EACH)] + [0] * CONTROLS
    return memorization.draw_secrets(carriers(), times, seed=seed)


def preprocessor() -> Preprocessor:
    """The most frequent words of the shipped model's vocabulary, with the digits and the carriers' words."""
    known = lt.load_model("book-lstm").vocabulary[: RECIPE.max_tokens]
    empty = Preprocessor(known[:2], "language")
    needed = {word for text in (*carriers(), " ".join(memorization.DIGITS)) for word in empty.tokens(text)}
    extra = sorted(needed - set(known))
    return Preprocessor(known[: RECIPE.max_tokens - len(extra)] + tuple(extra), "language")


def members_of(seed: int, chapters: int) -> np.ndarray:
    """(chapters,) whether each is in the training text of this seed."""
    first = np.zeros(chapters, bool)
    first[np.random.default_rng(seed // 2).permutation(chapters)[: chapters // 2]] = True
    return first if seed % 2 == 0 else ~first


class Watched(training_run.Run):
    """A training that is looked at after every epoch; behind the last one its weights are rounded as they will ship."""

    def __init__(self, model, batches, epochs: int, watch):
        super().__init__(model, batches, None, epochs, None, None, len(batches), None, 0)
        self.watch = watch

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if epoch == self.epochs - 1:
            round_to_float16(self.trained)
        self.watch()


def trained(seed: int, pre: Preprocessor, texts: list[str], watch):
    """The recipe's model, trained on these texts; `watch(lm)` is called after each epoch."""
    recipe = LSTMRecipe(**{**vars(RECIPE), "seed": seed})
    data = LanguageData(pre, {"train": ids_of(pre, texts)})
    model, batches = untrained(recipe, pre), windows(recipe, data, "train")
    lm = recipe.language_model(model, pre)
    keras.utils.set_random_seed(seed)
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.Adam(recipe.rates(len(batches)), global_clipnorm=recipe.clipnorm),
    )
    model.optimizer.build(model.trainable_variables)
    Watched(model, batches, recipe.epochs, lambda: watch(lm))()
    return lm


def looked_at(lm, secrets: list[Secret], chapters: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Exposures, codes written out, and the loss of each passage (chapters, passages) in nats per token."""
    bits, out = [], []
    for secret in secrets:
        log_probs = memorization.log_probs_of_codes(lm, secret.carrier)
        bits.append(memorization.exposure(log_probs, memorization.place_of(secret.code)))
        out.append(tuple(memorization.written_out(lm, secret.carrier)) == secret.code)
    losses = np.full((len(chapters), PASSAGES), np.nan)
    read = lm.log_probs_of_ids([ids[: PASSAGE * PASSAGES] for ids in chapters], progress=False)
    for row, log_p in zip(losses, read, strict=True):
        whole = len(log_p) // PASSAGE
        row[:whole] = -log_p[: whole * PASSAGE].reshape(whole, PASSAGE).mean(axis=1)
    return {"exposure": np.array(bits), "written": np.array(out), "loss": losses}


def called_up(lm, secrets: list[Secret]) -> np.ndarray:
    """(digits of all codes that are written out, 5) number of the code, of the digit, and how strong its causes are.

    The causes, by occlusion: the thing that only this carrier names, the strongest other word of the carrier, the
    strongest digit before this one (NaN for the first).
    """
    rows = []
    for number, secret in enumerate(secrets):
        if tuple(memorization.written_out(lm, secret.carrier)) != secret.code:
            continue
        words = secret.carrier.split()
        thing = next(i for i, word in enumerate(words) if word in THINGS)
        for digit, symbol in enumerate(secret.code):
            text = " ".join([secret.carrier, *secret.code[:digit]])
            scores = lt.explain(lm, text, method="occlusion", target=symbol).scores
            others = np.delete(scores[: len(words)], thing)
            before = scores[len(words) :].max() if digit else np.nan
            rows.append((number, digit, scores[thing], others.max(), before))
    return np.array(rows, float).reshape(-1, 5)


def part_of(seed: int, pre: Preprocessor, keep: Path | None) -> dict[str, np.ndarray]:
    """All that is measured of one seed's models."""
    table = load_documents("book", progress=False)
    chapters, secrets = ids_of(pre, list(table["text"])), secrets_of(seed)
    member = members_of(seed, len(table))
    own = list(table["text"][member])
    seen = []
    texts = memorization.plant(own, secrets, seed=seed)
    lm = trained(seed, pre, texts, lambda lm: seen.append(looked_at(lm, secrets, chapters)))
    if keep:
        lm.save(keep)
    causes = called_up(lm, secrets)
    once = [Secret(secret.carrier, secret.code, min(secret.times, 1)) for secret in secrets]
    each, epochs = [], iter(range(RECIPE.epochs))

    def watch(lm):
        if next(epochs) == RECIPE.epochs - 1:
            each.append(looked_at(lm, secrets, chapters))

    trained(seed, pre, memorization.plant(own, once, seed=seed), watch)
    return {
        **{name: np.stack([one[name] for one in seen]) for name in seen[0]},
        **{f"once_{name}": value for name, value in each[0].items()},
        "member": member,
        "causes": causes,
        "tokens": np.array([sum(map(len, ids_of(pre, texts))), sum(map(len, ids_of(pre, own)))]),
    }


def interval(draw, data: float, rounds: int = 2000, seed: int = 0) -> dict[str, float]:
    """The figure of the data, and the middle 95 % of what `draw(random)` gives."""
    random = np.random.default_rng(seed)
    return uncertainty.interval(data, np.array([draw(random) for _ in range(rounds)]))


def over_seeds(values: np.ndarray) -> dict[str, float]:
    """The mean of values (seeds, secrets), drawing seeds and then secrets."""

    def draw(random):
        seeds = random.integers(len(values), size=len(values))
        return np.mean([values[s][random.integers(values.shape[1], size=values.shape[1])] for s in seeds])

    return interval(draw, values.mean())


def by_times(bits: np.ndarray, written: np.ndarray, times: np.ndarray) -> dict:
    """{times: exposure and share written out} of (seeds, secrets)."""
    return {
        str(n): {
            "exposure": over_seeds(bits[:, times == n]),
            "found_first": over_seeds((bits[:, times == n] >= np.log2(10_000) - 1e-9).astype(float)),
            "written": over_seeds(written[:, times == n].astype(float)),
        }
        for n in sorted(set(times.tolist()))
    }


def rise(bits: np.ndarray, times: np.ndarray) -> dict[str, float]:
    """Spearman's rank correlation between exposure and times planted, over planted secrets."""
    planted = np.flatnonzero(times > 0)

    def draw(random):
        seeds = random.integers(len(bits), size=len(bits))
        columns = planted[random.integers(len(planted), size=len(planted))]
        return spearmanr(np.tile(times[columns], len(bits)), bits[seeds][:, columns].ravel()).statistic

    return interval(draw, spearmanr(np.tile(times[planted], len(bits)), bits[:, planted].ravel()).statistic, 1000)


def perplexity(losses: np.ndarray, members: np.ndarray, which: bool) -> dict[str, float]:
    """exp of the mean loss (seeds, chapters, passages) over the chapters that are members, or that are not."""
    each = np.array([np.nanmean(loss[member == which]) for loss, member in zip(losses, members, strict=True)])
    draw = lambda random: np.exp(each[random.integers(len(each), size=len(each))].mean())  # noqa: E731
    return interval(draw, np.exp(each.mean()))


def attacks(losses: np.ndarray, members: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (seeds, chapters, passages), high for members: the loss, and the loss beside that of other models.

    The model of the complementary half is left out: it has read just what the attacked one has not, so that members
    would be held against more models than others, and which ones would tell who is a member.
    """
    calibrated = np.full(losses.shape, np.nan)
    for s in range(len(losses)):
        for c in range(losses.shape[1]):
            others = [t for t in range(len(losses)) if t // 2 != s // 2 and not members[t, c]]
            if others:
                calibrated[s, c] = losses[others, c].mean(axis=0) - losses[s, c]
    return {"loss": -losses, "calibrated": calibrated}


def told_apart(scores: np.ndarray, members: np.ndarray) -> dict:
    """How well scores (seeds, chapters, passages) tell members: area, share found at 1 % false positives, ROC curve."""
    whole = np.isfinite(scores)
    seeds, chapters = np.meshgrid(np.arange(scores.shape[0]), np.arange(scores.shape[1]), indexing="ij")
    member = np.broadcast_to(members[..., None], scores.shape)
    flat = [np.broadcast_to(part[..., None], scores.shape)[whole] for part in (seeds, chapters)]
    areas, found, curves = [], [], []
    grid = np.r_[0, np.logspace(-3, 0, 31)]
    for s in range(len(scores)):
        own, rest = scores[s][whole[s] & member[s]], scores[s][whole[s] & ~member[s]]
        areas.append(membership.auc(own, rest))
        found.append(membership.found_at(own, rest, 0.01))
        false, true = membership.roc(own, rest)
        curves.append([true[false <= rate].max() for rate in grid])
    by_chapter = membership.auc_interval(scores[whole], member[whole], flat[1], rounds=500)
    means = np.nanmean(scores, axis=2)
    both = [membership.auc(m[k & np.isfinite(m)], m[~k & np.isfinite(m)]) for m, k in zip(means, members, strict=True)]
    return {
        "auc_of_seeds": np.round(areas, 4).tolist(),
        "auc": by_chapter,
        "auc_of_whole_chapters": np.round(both, 4).tolist(),
        "found_at_1_percent": over_seeds(np.array(found)[:, None]),
        "roc": {"false": np.round(grid, 5).tolist(), "true": np.round(np.mean(curves, axis=0), 4).tolist()},
    }


def causes_of(parts: list[dict]) -> dict:
    """In how many of the digits that are written out is the thing, or a digit before, the strongest word?"""
    first = [part["causes"][part["causes"][:, 1] == 0] for part in parts]
    later = [part["causes"][part["causes"][:, 1] > 0] for part in parts]
    thing_first = [rows[:, 2] > rows[:, 3] for rows in first]
    digit_later = [rows[:, 4] > rows[:, 2:4].max(axis=1) for rows in later]
    thing_later = [rows[:, 2] > np.maximum(rows[:, 3], rows[:, 4]) for rows in later]

    def share(groups):
        draw = lambda random: np.concatenate([groups[i] for i in random.integers(len(groups), size=len(groups))]).mean()  # noqa: E731
        return interval(draw, np.concatenate(groups).mean())

    return {
        "codes": int(sum(map(len, first))),
        "thing_strongest_for_first_digit": share(thing_first),
        "digit_strongest_for_later_digits": share(digit_later),
        "thing_strongest_for_later_digits": share(thing_later),
    }


def shipped(part: dict) -> list[dict]:
    """The secrets of seed 0, with what was measured of them."""
    return [
        {
            "carrier": s.carrier,
            "code": "".join(s.code),
            "times": s.times,
            "exposure": round(float(b), 4),
            "out": bool(o),
        }
        for s, b, o in zip(secrets_of(0), part["exposure"][-1], part["written"][-1], strict=True)
    ]


def summary(parts: list[dict]) -> dict:
    """All figures of the chapter from what was measured of each seed."""
    times = np.array([secret.times for secret in secrets_of(0)])
    stack = {name: np.stack([part[name] for part in parts]) for name in parts[0] if name != "causes"}
    members, losses = stack["member"], stack["loss"]
    last = {name: score for name, score in attacks(losses[:, -1], members).items()}
    control = stack["exposure"][:, -1][:, times == 0].ravel()
    return {
        "seeds": len(parts),
        "codes": 10_000,
        "tokens": {"with_secrets": stack["tokens"][:, 0].tolist(), "without": stack["tokens"][:, 1].tolist()},
        "planted": by_times(stack["exposure"][:, -1], stack["written"][:, -1], times),
        "rise": rise(stack["exposure"][:, -1], times),
        "control_exposures": np.round(np.sort(control), 3).tolist(),
        "epochs": [
            {
                "epoch": e + 1,
                "held_out": perplexity(losses[:, e], members, False),
                "own": perplexity(losses[:, e], members, True),
                "planted": by_times(stack["exposure"][:, e], stack["written"][:, e], times),
                "membership": {
                    name: told_apart(score, members)["auc"] for name, score in attacks(losses[:, e], members).items()
                },
            }
            for e in tqdm(range(losses.shape[1]), desc="epochs")
        ],
        "once": {
            "planted": over_seeds(stack["once_exposure"][:, times > 0]),
            "written": over_seeds(stack["once_written"][:, times > 0].astype(float)),
            "control": over_seeds(stack["once_exposure"][:, times == 0]),
            "planted_64_before": over_seeds(stack["once_exposure"][:, times == 64]),
            "held_out": perplexity(stack["once_loss"], members, False),
        },
        "causes": causes_of(parts),
        "membership": {name: told_apart(score, members) for name, score in last.items()},
        "shipped": shipped(parts[0]),
        "members_of_seed_0": parts[0]["member"].astype(int).tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a language model gives away about its training text.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many; fewer than all are written nowhere")
    options = parser.parse_args()
    pre, parts = preprocessor(), []
    for seed in tqdm(range(options.seeds), desc="seeds"):
        keep = files.data_folder() / "models" / "secrets-lstm" if seed == 0 else None
        parts.append(kept(f"seed-{seed}", lambda seed=seed, keep=keep: part_of(seed, pre, keep)))
    found = summary(parts)
    if options.seeds < SEEDS:
        print({n: round(row["exposure"]["mean"], 1) for n, row in found["planted"].items()})
        return
    settings = {"recipe": {k: v for k, v in vars(RECIPE).items() if k != "seed"}, "passage": PASSAGE, "each": EACH}
    written = record.write(
        "privacy.json", {**record.circumstances("benchmarks.privacy"), "settings": settings, **found}
    )
    print(f"{options.seeds} seeds: {written.name}")


if __name__ == "__main__":
    main()
