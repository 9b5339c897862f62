"""Words that may take the place of a word, so that an edited text still reads like one.

- `neighbours`: words that are used alike, by the cosine of their vectors.
- `opposites`: among words that people have rated, those of the other sign that are used most alike.

Both are plain and bounded. A language model would propose better words, and would have to be trusted in turn (Ross,
Marasović & Peters 2021).
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from gensim.models import KeyedVectors


def neighbours(vectors: KeyedVectors, vocabulary: Sequence[str], count: int = 8) -> Callable[[str], list[str]]:
    """Candidates that are used alike: the nearest words by the cosine of their vectors.

    Words used alike are not words that mean the same: "good" is near to "bad". A flip through such words shows what
    the model takes to be different although people may not.

    Args:
        vectors: gensim `KeyedVectors`, as `load_glove` returns them.
        vocabulary: the words that may be put in; those that the model knows.
        count: how many candidates a word has.
    """
    known = [word for word in vocabulary if word.isalpha() and word in vectors]
    if not known or count < 1:
        raise ValueError(f"at least one word with a vector and one candidate are needed, got {len(known)} and {count}")
    matrix = np.stack([vectors.get_vector(word, norm=True) for word in known])

    def candidates(word: str) -> list[str]:
        if word not in vectors or not word.isalpha():
            return []
        order = np.argsort(-(matrix @ vectors.get_vector(word, norm=True)), kind="stable")
        return [known[i] for i in order[: count + 1] if known[i] != word][:count]

    return candidates


def opposites(
    vectors: KeyedVectors, lexicon: pd.DataFrame, vocabulary: Sequence[str], count: int = 8
) -> Callable[[str], list[str]]:
    """Candidates of the opposite feeling: for a rated word, the words of the other sign that are used most alike.

    Words without a rating keep their place. Arguments as for `neighbours`; `lexicon` as `load_lexicon` returns it.
    """
    valence = dict(zip(lexicon["word"].str.lower(), lexicon["valence"], strict=True))
    rated = [word for word in dict.fromkeys(vocabulary) if word in valence]
    signs = {
        sign: neighbours(vectors, [word for word in rated if np.sign(valence[word]) == sign], count) for sign in (-1, 1)
    }
    return lambda word: signs[-int(np.sign(valence[word]))](word) if valence.get(word) else []
