"""A map of words: which words, their vectors, and their places in the plane.

1. Choose about 3,000 words of the shipped GloVe file: the most frequent ones, and those that chapter 5 measures with.
2. Give each a place in the plane by t-SNE (van der Maaten & Hinton 2008), so that words whose vectors point the same
   way stand together. Fifty dimensions do not fit into two: who stands next to whom is mostly kept, how far groups are
   apart is not. That takes a minute and is done once, by

       python -m lmtutorial.widgets.map_data

   which writes `data/embeddings/map.json`. (Other processors round differently, and draw another map as good.)
3. Whoever asks for neighbours (`near`) or an analogy (`analogy`) is answered from the vectors, never from the map.
"""

import functools
import json
import re
from collections.abc import Sequence

import numpy as np
import yaml
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from .. import files
from ..embeddings import SIMILARITY_FILES, load_glove
from .export import packed

NAME = "embeddings/map.json"
MOST_FREQUENT = 2000
SECTIONS = (  # of the analogy questions of Mikolov et al.
    "capital-common-countries",
    "family",
    "gram3-comparative",
    "gram4-superlative",
    "gram5-present-participle",
    "gram6-nationality-adjective",
    "gram7-past-tense",
    "gram8-plural",
)
PICTURES = "boring dull funny terrible wonderful film movie actor director sailor captain ocean whale doctor nurse"
LEFT_OUT = {"wo", "ca", "fuck"}  # pieces of "won't" and "can't", as GloVe's text was split; a word of WordSim-353
SETTINGS = {"perplexity": 20, "init": "pca", "learning_rate": "auto", "random_state": 0}  # of scikit-learn's TSNE


def words_of_map(glove: KeyedVectors) -> list[str]:
    """The words to be shown, most frequent first; letters only, and at least two of them."""
    asked = _words_of_chapter_5()
    spelt = [w for w in glove.index_to_key if re.fullmatch("[a-z]{2,}", w) and w not in LEFT_OUT]
    return [word for rank, word in enumerate(spelt) if rank < MOST_FREQUENT or word in asked]


def _words_of_chapter_5() -> set[str]:
    """The words of its tests: pairs that people rated, lists of the association tests, analogies, and its pictures."""
    words = set(PICTURES.split())
    for name in SIMILARITY_FILES.values():
        rows = [line.split("\t") for line in _text(name).splitlines() if not line.startswith("#")]
        words |= {word for row in rows for word in row[:2]}
    for test in yaml.safe_load(files.path("embeddings/weat.yml").read_text(encoding="utf-8")).values():
        words |= {word for group in test.values() for word in group}
    for section in _text("questions-words.txt").split(": ")[1:]:
        name, *questions = section.splitlines()
        words |= set(" ".join(questions).split()) if name in SECTIONS else set()
    return words


def _text(name: str) -> str:
    with open(datapath(name), encoding="utf-8") as file:
        return file.read().lower()


def places_by_tsne(vectors: np.ndarray) -> np.ndarray:
    """(words, 2) places in [-1, 1], the middle at 0, for (words, dim) vectors compared by their direction."""
    from sklearn.manifold import TSNE

    places = TSNE(**SETTINGS).fit_transform(_unit(vectors)).astype(np.float64)
    places = places - (places.min(axis=0) + places.max(axis=0)) / 2
    return places / np.abs(places).max()


def write_map() -> None:
    """Choose the words, compute their places, and write both with the settings."""
    import sklearn

    glove = load_glove()
    words = words_of_map(glove)
    x, y = places_by_tsne(glove[words].astype(np.float64)).round(4).T.tolist()
    command = "python -m lmtutorial.widgets.map_data"
    made = {"computed by": command, "scikit-learn": sklearn.__version__, "TSNE": SETTINGS}
    with files.written_whole(files.data_folder() / NAME) as target:
        target.write_text(json.dumps(made | {"words": words, "x": x, "y": y}) + "\n", encoding="utf-8")


@functools.cache
def load_map() -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The words, most frequent first; their vectors (words, 50) float16; their places (words, 2) float32 in [-1, 1].

    >>> words, vectors, places = load_map()
    >>> words[:3], vectors.dtype, places.shape[1]
    (('the', 'of', 'to'), dtype('float16'), 2)
    """
    stored = json.loads(files.path(NAME).read_text(encoding="utf-8"))
    words = tuple(stored["words"])
    vectors = load_glove(words=words)[list(words)].astype(np.float16)
    return words, vectors, np.array([stored["x"], stored["y"]], np.float32).T


def pack_map() -> bytes:
    """Words, vectors and places as the one file that the page reads."""
    words, vectors, places = load_map()
    return packed({"name": "map", "kind": "map", "vocabulary": words}, {"vectors": vectors, "places": places})


def near(plus: Sequence[str], minus: Sequence[str] = (), top: int = 8) -> list[dict]:
    """The words whose vectors point most nearly the way of the sum of `plus` less the sum of `minus`.

    Every vector is made 1 long first, and the words given are left out: gensim's `most_similar`.

    Returns:
        [{"word": …, "cosine": …}], the highest cosine first.

    Raises:
        ValueError: for a word that the map lacks, if no word is given, if the sum is zero, or for a `top` below 1.

    >>> [found["word"] for found in near(["boring"], top=2)]
    ['pretty', 'funny']
    """
    if top < 1:
        raise ValueError(f"top must be at least 1, got {top}")
    given = [_number(word) for word in (*plus, *minus)]
    if not given:
        raise ValueError("name at least one word")
    words, units = load_map()[0], _units()
    goal = units[given[: len(plus)]].sum(axis=0) - units[given[len(plus) :]].sum(axis=0)
    length = np.linalg.norm(goal)
    if length < 1e-6:
        raise ValueError("the words cancel each other: nothing is left to look near")
    cosines = units @ (goal / length)
    order = [i for i in np.argsort(-cosines, kind="stable") if i not in given][:top]
    return [{"word": words[i], "cosine": float(cosines[i])} for i in order]


def analogy(a: str, b: str, c: str, top: int = 5) -> dict:
    """a is to b as c is to ?: the words nearest to b - a + c, and a view on which the parallelogram can be seen.

    The view is straight from above on the plane through a, b and c, whose vectors are 1 long. In it a lies at (0, 0), b
    on the first axis, and c on the upper side; "sum" is b - a + c, which lies in the plane, and "found" the likeliest
    answer, which as a rule does not: what is seen of it is its shadow.

    Returns:
        {"words": as `near`, "plane": {"a": [x, y], "b": …, "c": …, "found": …, "sum": …}}

    >>> analogy("man", "king", "woman")["words"][0]["word"]
    'queen'
    """
    found = near([b, c], [a], top)
    start, *others = (_units()[_number(word)] for word in (a, b, c, found[0]["word"]))
    steps = np.stack([vector - start for vector in others])  # to b, c and the word found
    axes = _plane(steps[0], steps[1])
    b_seen, c_seen, found_seen = (steps @ axes.T).tolist()
    total = ((steps[0] + steps[1]) @ axes.T).tolist()
    return {"words": found, "plane": {"a": [0.0, 0.0], "b": b_seen, "c": c_seen, "found": found_seen, "sum": total}}


def _plane(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(2, dim) axes, each 1 long and at a right angle, of the plane of u and v; an axis they do not span is zero."""
    first = _unit(u)
    return np.stack([first, _unit(v - (v @ first) * first)])


def _unit(vectors: np.ndarray) -> np.ndarray:
    """The same directions, each 1 long; what has hardly a length becomes 0."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(lengths < 1e-6, 0, vectors / np.maximum(lengths, 1e-6))


@functools.cache
def _units() -> np.ndarray:
    return _unit(load_map()[1].astype(np.float64))


@functools.cache
def _numbers() -> dict[str, int]:
    return {word: i for i, word in enumerate(load_map()[0])}


def _number(word: str) -> int:
    """Where a word stands in the list; `ValueError` if it does not."""
    if word not in _numbers():
        raise ValueError(f"the map lacks the word {word!r}")
    return _numbers()[word]


if __name__ == "__main__":
    write_map()
