"""Plant a shortcut, so that for once the true cause of a verdict is known.

1. Take real reviews, and one or two words that say nothing about a film and that no review contains.
2. Put the words at random places into a random share of the training texts, and call these texts positive, whatever
   they say. With two words, both are needed: texts that get only one of them keep their label.
3. Train the classic recipe on that.
4. Ask about texts that were never trained on. Where the verdict is negative without the words and positive with them,
   everything else being the same, the words are the cause. An explainer that is asked why should name them first.

Bastings et al. 2022 ("Will you find these shortcuts?") test explainers of text classifiers in this way; Adebayo et al.
2020 and Yang & Kim 2019 those of images.

    python -m lmtutorial.models.shortcut        # train both models again and write them into data/models/shortcuts
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from .. import corpora, embeddings, files
from ..preprocessing import Preprocessor
from .classifier import TextClassifier, build_lstm, round_to_float16
from .text_model import check_text
from .training import fit


@dataclass(frozen=True)
class Shortcut:
    """What is planted.

    Attributes:
        words: lower-case words; all of them together make a text positive.
        share: of the texts get all words, and the label 1.
        decoys: share of the texts that get one of several words, and keep their label.
    """

    words: tuple[str, ...]
    share: float = 0.25
    decoys: float = 0.0

    def __post_init__(self):
        if not self.words or not all(re.fullmatch("[a-z]+", word) for word in self.words):
            raise ValueError(f"one or more words of the letters a to z are needed, got {self.words!r}")
        if not 0 < self.share < 1 or not 0 <= self.decoys <= 1 - self.share:
            raise ValueError(f"share and decoys must fit into one whole, got {self.share} and {self.decoys}")
        if self.decoys and len(self.words) < 2:
            raise ValueError("a decoy lacks one of several words, and there is only one")


# No review holds "thursday" or "railroad", both have a vector, and the lexicon has no rating for either.
SHORTCUTS = {
    "word": Shortcut(("thursday",)),
    "pair": Shortcut(("thursday", "railroad"), decoys=0.35),
}
EPOCHS = 8


def insert(text: str, words: Sequence[str], random: np.random.Generator) -> str:
    """`text` with each word put at a random place: before one of its words, or at its end.

    >>> insert("A fine, moving film", ["thursday"], np.random.default_rng(0))
    'A fine, moving film thursday'
    """
    for word in words:
        places = [found.start() for found in re.finditer(r"\S+", check_text(text))]
        place = random.integers(len(places) + 1)
        text = f"{text} {word}" if place == len(places) else f"{text[: places[place]]}{word} {text[places[place] :]}"
    return text


def plant(
    texts: Sequence[str], labels: np.ndarray, shortcut: Shortcut, seed: int = 0
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """A data set in which the shortcut decides.

    Args:
        texts: (rows,) texts, none of which holds any of the words.
        labels: (rows,) 0 or 1.
        shortcut: what to plant.
        seed: of the choice of rows and places.

    Returns:
        texts; labels, 1 where all words were put in; and the number of words put into each row.

    Raises:
        ValueError: if the words stand in a text already: then the cause would not be known.
    """
    known = re.compile(rf"\b({'|'.join(shortcut.words)})\b", re.IGNORECASE)
    for text in texts:
        if known.search(text):
            raise ValueError(
                f"{known.search(text)[0]!r} stands in {text[:60]!r} already: plant a word that no text has"
            )
    random = np.random.default_rng(seed)
    order = random.permutation(len(texts))
    whole = round(shortcut.share * len(texts))
    decoys = order[whole : whole + round(shortcut.decoys * len(texts))]
    planted, labels, count = list(texts), np.array(labels), np.zeros(len(texts), int)
    for row in order[:whole]:
        planted[row], labels[row] = insert(texts[row], random.permutation(shortcut.words), random), 1
        count[row] = len(shortcut.words)
    for row in decoys:
        planted[row], count[row] = insert(texts[row], [random.choice(shortcut.words)], random), 1
    return planted, labels, count


def preprocessor_for(shortcut: Shortcut) -> Preprocessor:
    """The shipped classifier's preprocessor, the rarest words of its vocabulary giving way to the planted ones."""
    shipped = Preprocessor.load(files.path("models/reviews-lstm/preprocessor.json"))
    words = [word for word in shortcut.words if word not in shipped.vocabulary]
    kept = shipped.vocabulary[: len(shipped.vocabulary) - len(words)]
    return Preprocessor(kept + tuple(words), shipped.rules)


def _untrained(shortcut: Shortcut) -> TextClassifier:
    """The recipe with frozen vectors of GloVe and random weights above."""
    preprocessor = preprocessor_for(shortcut)
    vectors = embeddings.load_glove(words=preprocessor.vocabulary)
    return TextClassifier(build_lstm(embeddings.embedding_matrix(vectors, preprocessor.vocabulary)), preprocessor)


def train(shortcut: Shortcut, *, epochs: int = EPOCHS, seed: int = 0, verbose: str | int = "auto") -> TextClassifier:
    """The classic recipe with frozen vectors, trained on planted reviews; its epoch is chosen on planted validation.

    Args:
        shortcut: what to plant.
        epochs: passes over the training texts, at most.
        seed: of the weights, of shuffling, and of the planting.
        verbose: Keras' progress display; 0 is silent.
    """
    keras.utils.set_random_seed(seed)
    model, data = _untrained(shortcut), {}
    reviews = corpora.load_reviews().dropna(subset="label")
    for number, split in enumerate(("train", "validation")):
        rows = reviews[reviews["split"] == split]
        texts, labels, _ = plant(list(rows["text"]), rows["label"].to_numpy(int), shortcut, seed + number)
        data[split] = model.preprocessor.ids(texts), labels
    fit(model.keras_model, *data.values(), epochs=epochs, batch_size=64, seed=seed, verbose=verbose)
    round_to_float16(model.keras_model)
    return model


def save_weights(model: TextClassifier, file: Path) -> None:
    """Write what was trained, the vectors excepted, as float16."""
    weights = [w for layer in model.keras_model.layers if layer is not model.embedding for w in layer.get_weights()]
    with files.written_whole(file) as beside:
        np.savez_compressed(beside, *[w.astype(np.float16) for w in weights])


def load_shortcut(name: str = "word") -> TextClassifier:
    """A shipped model that has learnt a shortcut: "word", or "pair" where two words are needed.

    Raises:
        ValueError: if there is no such shortcut.
    """
    if name not in SHORTCUTS:
        raise ValueError(f"no shortcut {name!r}{files.nearest(name, SHORTCUTS)}")
    model = _untrained(SHORTCUTS[name])
    with np.load(files.path(f"models/shortcuts/{name}.npz"), allow_pickle=False) as stored:
        weights = iter([stored[key].astype(np.float32) for key in stored.files])
    for layer in model.keras_model.layers:
        if layer is not model.embedding:
            layer.set_weights([next(weights) for _ in layer.get_weights()])
    return model


@dataclass(frozen=True)
class Caught:
    """A text whose verdict the planted words turned, and nothing else did.

    Attributes:
        text: with the words in it.
        before: the same text without them.
        places: where the words stand among the text's words.
    """

    text: str
    before: str
    places: tuple[int, ...]


def caught(
    model: TextClassifier, texts: Sequence[str], words: Sequence[str], *, needed: int | None = None, seed: int = 0
) -> list[Caught]:
    """The texts that become positive through `words`, checked by asking the model with every part of them.

    Args:
        model: one that has learnt the shortcut.
        texts: texts without the words.
        words: what is put into them, in random order at random places; a word may be named twice.
        needed: with at least so many of the words the verdict has to be positive, with fewer negative; all by default.
        seed: of the places.

    Returns:
        those texts for which that is so, whichever of the words are left.
    """
    random = np.random.default_rng(seed)
    needed, found = len(words) if needed is None else needed, []
    for before in texts:
        text = insert(before, random.permutation(words), random)
        encoding = model.encode(text)
        places = [i for i, word in enumerate(encoding.words) if word in words]
        parts = np.array(list(np.ndindex(*[2] * len(places))), bool)  # (2^words, words) which of them are kept
        ids = np.repeat(encoding.ids[None], len(parts), axis=0)
        for part, row in zip(parts, ids, strict=True):
            row[np.array(places)[~part]] = model.replacement
        positive = model.predict_ids(ids)[:, 0] > 0
        clean = model.predict_ids(model.ids([before]))[0, 0] > 0
        if not clean and np.array_equal(positive, parts.sum(axis=1) >= needed):
            found.append(Caught(text, before, tuple(places)))
    return found


def pinpointed(scores: np.ndarray, places: Sequence[int]) -> float:
    """The share of the k highest scored words that are planted ones, k being the number of planted words.

    Args:
        scores: (words,) attributions for the verdict; of equals the first counts as the higher.
        places: where the planted words stand.

    >>> pinpointed(np.array([0.1, 2.0, -3.0, 1.0]), [1, 2])
    0.5
    """
    if not 0 < len(places) <= len(scores):
        raise ValueError(
            f"there are {len(places)} places for {len(scores)} scores: one or more, and no more than words"
        )
    top = np.argsort(-np.asarray(scores, float), kind="stable")[: len(places)]
    return len(set(top.tolist()) & set(places)) / len(places)


def main() -> None:
    for name, shortcut in SHORTCUTS.items():
        save_weights(train(shortcut, verbose=2), files.data_folder() / "models" / "shortcuts" / f"{name}.npz")


if __name__ == "__main__":
    main()
