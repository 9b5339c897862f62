"""How the language models that ship with the package were trained, and scored beside what they must beat.

    python -m lmtutorial.models.zoo wiki-lstm        # half an hour on two cores
    python -m lmtutorial.models.zoo wiki-lstm --checkpoints FOLDER    # a run that was killed goes on from there
    python -m lmtutorial.models.zoo book-lstm
    python -m lmtutorial.models.zoo wiki-transformer # a quarter of an hour

1. The vocabulary is counted on the training documents; GloVe gives the first columns of the word vectors.
2. Windows of tokens, Adam, a learning rate that falls along a cosine (a Transformer's rises from zero first), gradients
   cut to a norm of 1.
3. The epoch that ships is the one with the lowest loss on the validation documents.
4. Weights are rounded to float16; then the test documents are read once, by the model and by the n-grams.
"""

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from .. import embeddings, files
from ..documents import SPLITS, load_documents
from ..preprocessing import END, UNKNOWN, Preprocessor
from .classifier import round_to_float16
from .language_model import LanguageModel
from .lstm_language_model import LSTMLanguageModel, begin_with, build_lstm_lm
from .ngrams import KneserNey, Unigram
from .training import train
from .transformer import Sizes, Transformer
from .transformer_language_model import TransformerLanguageModel
from .windows import Windows

LICENCES = {
    "wiki": "These weights were trained on articles of the English Wikipedia, whose text is by its authors and under "
    "CC BY-SA 3.0 and the GFDL. They can write out stretches of it, and so they are shared under CC BY-SA 3.0 too.",
    "book": "These weights were trained on Moby-Dick (CC0 1.0). They are shared under the MIT licence.",
}


@dataclass(frozen=True)
class LanguageRecipe:
    """What is trained on what, and how. See `Windows` and `train`; the networks are in the classes below.

    Args:
        warmup: epochs in which the learning rate rises from zero.
    """

    corpus: str
    max_tokens: int = 10_000
    length: int = 48
    batch_size: int = 32
    epochs: int = 8
    learning_rate: float = 2e-3
    warmup: int = 0
    clipnorm: float = 1.0
    seed: int = 0

    def rates(self, steps: int) -> keras.optimizers.schedules.CosineDecay:
        """The learning rate of each step; `steps` to an epoch."""
        rising = self.warmup * steps
        begin, top = (0.0, self.learning_rate) if rising else (self.learning_rate, None)
        return keras.optimizers.schedules.CosineDecay(
            begin, self.epochs * steps - rising, alpha=0.02, warmup_target=top, warmup_steps=rising
        )


@dataclass(frozen=True)
class LSTMRecipe(LanguageRecipe):
    """See `build_lstm_lm`."""

    dim: int = 200
    units: tuple[int, ...] = (256,)
    dropout: tuple[float, float] = (0.3, 0.5)
    kind = "lstm"

    def network(self, size: int, vectors: np.ndarray) -> keras.Model:
        return build_lstm_lm(size, dim=self.dim, units=self.units, vectors=vectors, dropout=self.dropout)

    def language_model(self, network: keras.Model, preprocessor: Preprocessor) -> LSTMLanguageModel:
        return LSTMLanguageModel(network, preprocessor)


@dataclass(frozen=True)
class TransformerRecipe(LanguageRecipe):
    """See `Sizes`; the context is the length of the windows.

    The matrices begin with a standard deviation of `spread`, as small as that of the words' vectors, so that at first
    the layers do not drown these in what they add.
    """

    width: int = 160
    layers: int = 3
    heads: int = 4
    hidden: int = 432
    dropout: float = 0.25
    spread: float = 0.02
    kind = "transformer"

    def network(self, size: int, vectors: np.ndarray) -> Transformer:
        sizes = Sizes(
            size, width=self.width, layers=self.layers, heads=self.heads, hidden=self.hidden, context=self.length,
            dropout=self.dropout,
        )  # fmt: skip
        # as settings and not as an object: one object would give all matrices the same numbers
        network = Transformer(sizes, {"class_name": "RandomNormal", "config": {"stddev": self.spread}})
        begin_with(network.words, vectors)
        return network

    def language_model(self, network: Transformer, preprocessor: Preprocessor) -> TransformerLanguageModel:
        return TransformerLanguageModel(network, preprocessor)


LANGUAGE_RECIPES = {
    "wiki-lstm": LSTMRecipe("wiki"),
    "book-lstm": LSTMRecipe("book", dim=128, units=(192,), batch_size=16),
    "wiki-transformer": TransformerRecipe("wiki", length=128, batch_size=12, epochs=6, warmup=1),
}


@dataclass(frozen=True)
class LanguageData:
    """The documents of a corpus as ids: a preprocessor, and (time,) ids of each document of each split."""

    preprocessor: Preprocessor
    ids: dict[str, list[np.ndarray]]

    @classmethod
    def load(cls, recipe: LanguageRecipe, *, progress: bool = True) -> "LanguageData":
        """The vocabulary comes from the training documents alone."""
        documents = load_documents(recipe.corpus, progress=progress)
        texts = {split: list(documents.loc[documents["split"] == split, "text"]) for split in SPLITS}
        preprocessor = Preprocessor.fit(texts["train"], max_tokens=recipe.max_tokens, rules="language")
        return cls(preprocessor, {split: ids_of(preprocessor, texts[split]) for split in SPLITS})

    @property
    def start(self) -> int:
        return self.preprocessor.lookup([END])[0]

    def tokens(self, split: str) -> int:
        return sum(map(len, self.ids[split]))

    def unknown(self, split: str) -> float:
        """Share of a split's tokens that are outside the vocabulary."""
        return float(np.mean(np.concatenate(self.ids[split]) == UNKNOWN))


def ids_of(preprocessor: Preprocessor, texts: list[str]) -> list[np.ndarray]:
    """(time,) ids of each text."""
    return [np.array(preprocessor.lookup(preprocessor.tokens(text)), np.int32) for text in texts]


def untrained(recipe: LanguageRecipe, preprocessor: Preprocessor) -> keras.Model:
    """The recipe's network before its first step; its seed decides the weights."""
    keras.utils.set_random_seed(recipe.seed)
    vocabulary = preprocessor.vocabulary
    vectors = embeddings.embedding_matrix(embeddings.load_glove(words=vocabulary), vocabulary)
    return recipe.network(len(vocabulary), vectors)


def windows(recipe: LanguageRecipe, data: LanguageData, split: str) -> Windows:
    """Batches of a split; those of the training documents are drawn anew for each epoch."""
    settings = {"length": recipe.length, "batch_size": recipe.batch_size, "seed": recipe.seed}
    return Windows(data.ids[split], data.start, shuffle=split == "train", **settings)


def train_language_model(
    recipe: LanguageRecipe, data: LanguageData, *, checkpoints: Path | None = None, verbose: str | int = "auto"
) -> tuple[LanguageModel, object]:
    """The trained model, its weights rounded to float16, and the report of `train`.

    Args:
        checkpoints: a folder; a run that was killed goes on from the last one there.
    """
    model, batches = untrained(recipe, data.preprocessor), windows(recipe, data, "train")
    report = train(
        model,
        batches,
        validation=windows(recipe, data, "validation"),
        epochs=recipe.epochs,
        learning_rate=recipe.rates(len(batches)),
        clipnorm=recipe.clipnorm,
        checkpoints=checkpoints,
        seed=recipe.seed,
        verbose=verbose,
    )
    round_to_float16(model)
    return recipe.language_model(model, data.preprocessor), report


def scores(data: LanguageData, lm: LanguageModel, kind: str) -> dict:
    """Perplexity of the model (under its kind) and of the n-grams on validation and test.

    All are asked the same tokens, unknown ones included.
    """
    size = len(data.preprocessor.vocabulary)
    trigram = KneserNey.tune(data.ids["train"], data.ids["validation"], size, start=data.start)
    unigram = Unigram.fit(data.ids["train"], size, start=data.start)
    table = {
        split: {
            kind: round(float(np.exp(-np.concatenate(lm.log_probs_of_ids(data.ids[split])).mean())), 2),
            "trigram": round(trigram.perplexity(data.ids[split]), 2),
            "unigram": round(unigram.perplexity(data.ids[split]), 2),
        }
        for split in ("validation", "test")
    }
    return table | {"trigram_discounts": np.round(trigram.discounts, 4).tolist()}


def licence_text(recipe: LanguageRecipe) -> str:
    """What stands beside the weights: the licence, and whose text they were made from."""
    documents = load_documents(recipe.corpus, progress=False)
    titles = list(documents.loc[documents["split"] == "train", "title"])
    source = (
        "\n\nThe articles (their authors are named in each article's history at https://en.wikipedia.org):\n"
        if recipe.corpus == "wiki"
        else "\n\nThe chapters:\n"
    )
    return LICENCES[recipe.corpus] + source + "\n".join(titles) + "\n"


def build_language_model(
    name: str, folder: Path, *, checkpoints: Path | None = None, verbose: str | int = "auto"
) -> dict:
    """Train the model of that name, save it into `folder`, and write its card beside it."""
    recipe = LANGUAGE_RECIPES[name]
    data = LanguageData.load(recipe)
    lm, report = train_language_model(recipe, data, checkpoints=checkpoints, verbose=verbose)
    lm.save(folder)
    card = {
        "name": name,
        "command": f"python -m lmtutorial.models.zoo {name}",
        "licence": LICENCES[recipe.corpus],
        "recipe": asdict(recipe),
        "tokens": {split: data.tokens(split) for split in SPLITS},
        "unknown": {split: round(data.unknown(split), 4) for split in SPLITS},
        "perplexity": scores(data, lm, recipe.kind),
        "history": report.history.round(4).reset_index().to_dict("records"),
        "versions": {"python": platform.python_version(), "keras": keras.__version__, "numpy": np.__version__},
    }
    for file, content in {"card.json": json.dumps(card, indent=1) + "\n", "LICENSE.txt": licence_text(recipe)}.items():
        with files.written_whole(folder / file) as beside:
            beside.write_text(content, encoding="utf-8")
    return card
