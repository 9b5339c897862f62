"""Which words does a model take for something else than people do, in a domain that it was not trained on?

The stages "words" and "removal" of `benchmarks.domains`, and the agreement that `benchmarks.domain_fixes` asks for.
"""

import json
from functools import cache

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from lmtutorial.explainers import agreement, play
from lmtutorial.explainers import word_meanings as meanings
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.models.text_model import sigmoid
from lmtutorial.preprocessing import PADDING, UNKNOWN

from . import record
from .domain_texts import AWAY, DRAWS, HOME, KEPT, LOADERS, PARTS, SEARCHED, ends, labelled, lead, network, rated

LEAST, CLEAR = 10, 3.0  # documents that hold a word; standard errors from zero
AGAIN = 3  # documents of the test split that must hold a word to look at it again


def explained(model: TextClassifier, texts: list[str], label: str) -> dict[str, np.ndarray]:
    """Integrated gradients for "positive" of the words that a model knows, all texts in one row."""
    text_of, words, scores = [], [], []
    for number, text in enumerate(tqdm(texts, desc=label)):
        ids = model.preprocessor.ids([text])[0]
        if not (ids > UNKNOWN).any():
            continue
        e = play(MaskedText(model, text, "positive"), "integrated_gradients", tolerance=None)
        known = ids > UNKNOWN
        words += [token for token, here in zip(model.preprocessor.tokens(text), known, strict=True) if here]
        scores += e.scores[known].tolist()
        text_of += [number] * int(known.sum())
    return {"text": np.array(text_of), "word": np.array(words, dtype=str), "score": np.array(scores, np.float32)}


def of_network(domain: str) -> dict[str, np.ndarray]:
    texts = list(rated(domain, ("validation", "test") if domain == HOME else ("train", "validation", "test"))["text"])
    return record.kept(PARTS, f"scores_{domain}", lambda: explained(network(), texts, domain))


def occurrences(scores: dict[str, np.ndarray], texts: pd.DataFrame) -> pd.DataFrame:
    """`meanings.occurrences` of what `explained` gave of these texts."""
    order, starts = np.unique(scores["text"], return_index=True)
    words = np.split(scores["word"], starts[1:])
    values = np.split(scores["score"].astype(float), starts[1:])
    chosen = texts.iloc[order]
    return meanings.occurrences(words, values, chosen["valence"].to_numpy(), chosen["document"].to_numpy())


def half(domain: str, splits: tuple[str, ...]) -> pd.DataFrame:
    """The network's occurrences in some splits of a domain; ratings are held against the mean of these splits."""
    every = ("validation", "test") if domain == HOME else ("train", "validation", "test")
    texts, scores = rated(domain, every), of_network(domain)
    here = texts["split"].isin(splits).to_numpy()
    place = np.cumsum(here) - 1
    chosen = here[scores["text"]]
    part = {name: values[chosen] for name, values in scores.items()}
    return occurrences({**part, "text": place[part["text"]]}, texts[here].reset_index(drop=True))


@cache
def film_words() -> tuple[pd.DataFrame, list[list[str]]]:
    """The film texts of training and validation, and their words."""
    texts = rated(HOME, SEARCHED)
    return texts, [network().preprocessor.tokens(text) for text in texts["text"]]


def film_ratings(least: int, chosen: np.ndarray | None = None) -> pd.DataFrame:
    """How people rated the film sentences that hold a word, less the mean; `chosen` are rows of `film_words`."""
    texts, words = film_words()
    chosen = np.arange(len(texts)) if chosen is None else chosen
    rows, texts = [words[i] for i in chosen], texts.iloc[chosen]
    nothing = [np.zeros(len(row)) for row in rows]
    return meanings.word_table(meanings.occurrences(rows, nothing, texts["valence"], texts["document"]), least)


def agreed_of_fewer() -> dict:
    """`agreed` of films with no more texts than the smallest other domain has: five draws, and their widest ends.

    With few texts both numbers of a word are noisy, and noise alone lowers a correlation.
    """
    searched, kept = (min(len(rated(domain, splits)) for domain in AWAY) for splits in (SEARCHED, KEPT))
    second, found = half(HOME, KEPT), []
    documents = np.unique(second["document"])
    for seed in range(5):
        random = np.random.default_rng(seed)
        ratings = film_ratings(LEAST, random.permutation(len(film_words()[0]))[:searched])["rating"]
        here = second["document"].isin(random.permutation(documents)[:kept])
        found.append(agreed([second[here]], ratings))
    value = round(float(np.mean([one["value"] for one in found])), 4)
    return {"value": value, "low": min(one["low"] for one in found), "high": max(one["high"] for one in found)}


def words() -> dict:
    found, films = {}, film_ratings(1)[["documents", "rating", "rating_z"]].add_prefix("films_")
    for domain in AWAY:
        first, second = half(domain, SEARCHED), half(domain, KEPT)
        frame, again = meanings.word_table(first, LEAST), meanings.word_table(second, 1)
        turned = meanings.turned_words(frame, CLEAR)
        chance = meanings.turned_by_chance(first, LEAST, CLEAR)
        rows = turned.join(again[["documents", "score", "rating"]].add_prefix("test_"))
        rows = rows.join(films)
        seen = rows[rows["test_documents"] >= AGAIN]
        found[domain] = {
            "words": len(frame),
            "turned": len(turned),
            "by_chance": {"mean": round(float(chance.mean()), 2), "most": float(np.quantile(chance, 0.975))},
            "p": round(float((1 + np.sum(chance >= len(turned))) / (1 + len(chance))), 4),
            "again": len(seen),
            "rating_again": int((seen["rating"] * seen["test_rating"] > 0).sum()),
            "score_again": int((seen["score"] * seen["test_score"] > 0).sum()),
            "on_test": pooled(second, turned),
            "agreement": agreed([second], frame["rating"]),
            "rows": json.loads(rows.round(3).reset_index(names="word").to_json(orient="records")),
        }
    at_home = agreed([half(HOME, KEPT)], film_ratings(LEAST)["rating"])
    found[HOME] = {"agreement": at_home, "agreement_of_fewer": agreed_of_fewer()}
    return found


def pooled(found: pd.DataFrame, turned: pd.DataFrame) -> dict:
    """Mean rating of the test documents that hold a turned word, counted towards the side the network takes.

    Below zero: people are on the other side here, too.
    """
    here = found[found["word"].isin(turned.index)]
    signed = here["rating"] * np.sign(turned["score"].reindex(here["word"]).to_numpy())
    per_document = signed.groupby(here["document"]).mean().to_numpy()
    if not len(per_document):
        return {"documents": 0}
    random = np.random.default_rng(0).integers(0, len(per_document), (2000, len(per_document)))
    return {
        "documents": len(per_document),
        "value": round(float(per_document.mean()), 3),
        **ends(per_document[random].mean(axis=1)),
    }


def agreed(found: list[pd.DataFrame], ratings: pd.Series) -> dict:
    """Rank correlation, over words, of mean scores with people's ratings of texts that hold the word.

    Args:
        found: occurrences of each seed; their words' scores are averaged over the documents, `AGAIN` at least.
        ratings: of each word, from other texts.

    Returns:
        the mean over seeds, with an interval from a bootstrap over words.
    """
    means = []
    for one in found:
        here = one[one["word"].isin(ratings.index)].groupby("word")["score"].agg(["mean", "size"])
        means.append(here.loc[here["size"] >= AGAIN, "mean"])
    shared = sorted(set.intersection(*(set(mean.index) for mean in means)))
    scores, wanted = np.array([mean[shared].to_numpy() for mean in means]), ratings[shared].to_numpy()

    def correlation(rows) -> float:
        return float(np.mean([agreement.rank_correlation(row[rows], wanted[rows]) for row in scores]))

    random = np.random.default_rng(0).integers(0, len(shared), (DRAWS, len(shared)))
    value = round(correlation(slice(None)), 4)
    return {"words": len(shared), "value": value, **ends([correlation(rows) for rows in random])}


def grid(found: pd.DataFrame, index: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Scores and presence, (documents, words), of the words of `index`."""
    row = pd.factorize(found["document"])[0]
    column = index.get_indexer(found["word"])
    inside = column >= 0
    scores, present = np.zeros((2, row.max() + 1, len(index)))
    scores[row[inside], column[inside]] = found["score"].to_numpy()[inside]
    present[row[inside], column[inside]] = 1
    return scores, present


def without(texts: list[str], gone: set[str]) -> np.ndarray:
    """(texts,) probabilities with the words `gone` made unknown."""
    pre = network().preprocessor
    ids = pre.ids(texts)
    out = np.isin(ids, pre.lookup(sorted(gone))) & (ids > UNKNOWN)
    return sigmoid(network().predict_ids(np.where(out, UNKNOWN, ids))[:, 0])


def without_unknown(texts: list[str]) -> np.ndarray:
    """(texts,) probabilities of what is left when unknown words are dropped."""
    rows = [row[row > UNKNOWN] for row in network().preprocessor.ids(texts)]
    ids = np.full((len(rows), max(1, *map(len, rows))), PADDING, np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    ids[(ids == PADDING).all(axis=1), 0] = UNKNOWN  # nothing is known: one unknown word stands for the text
    return sigmoid(network().predict_ids(ids)[:, 0])


def removal(known: dict) -> dict:
    """Accuracy on test after words have gone, less the accuracy with them; `known` is what `words` found."""
    found = {}
    for domain in LOADERS:
        texts, y, documents = labelled(domain, "test")
        right = (network().predict(texts) > 0.5) == y
        found[domain] = {"unknown": lead((without_unknown(texts) > 0.5) == y, right, documents)}
        if domain == HOME:
            continue
        turned = {row["word"] for row in known[domain]["rows"]}
        found[domain]["turned"] = lead((without(texts, turned) > 0.5) == y, right, documents)
        held = [i for i, text in enumerate(texts) if turned & set(network().preprocessor.tokens(text))]
        found[domain]["holding"] = len(held)
        found[domain]["others"] = matched(domain, turned, texts, y, right)
    return found


def matched(domain: str, turned: set[str], texts: list[str], y: np.ndarray, right: np.ndarray) -> dict:
    """The same for other words that are as frequent: for each turned word one of its twenty neighbours in frequency."""
    counts = meanings.word_table(half(domain, SEARCHED), LEAST)["documents"].sort_values(kind="stable")
    random, gains = np.random.default_rng(0), []
    for _ in range(50):
        chosen = set()
        for word in sorted(turned):
            place = counts.index.get_loc(word)
            near = [w for w in counts.index[max(0, place - 10) : place + 11] if w not in turned | chosen]
            chosen.add(str(random.choice(near)))
        gains.append(float(np.mean((without(texts, chosen) > 0.5) == y) - right.mean()))
    return {"value": round(float(np.mean(gains)), 4), **ends(gains)}
