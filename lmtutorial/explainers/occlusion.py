"""Occlusion: take one word away at a time and watch the model's answer.

1. Ask the model about the whole text.
2. Ask it again without the first word, without the second, …
3. A word's score is what the answer lost when the word went.

Also called leave-one-out or representation erasure (Zeiler & Fergus 2014 for images; Li, Monroe & Jurafsky 2016 for
text). What "without" means is a choice: by default a removed word becomes the model's unknown word, and its place
stays.
"""

import numpy as np

from .explanation import Explanation
from .masking import MaskedText


def occlusion_scores(game: MaskedText) -> np.ndarray:
    """(words,) score of word i = game(all words) - game(all words but i)."""
    without = game(game.without_each_word())  # the first question also fetches the whole text's answer
    return game.whole() - without


def occlusion(game: MaskedText) -> Explanation:
    """score_i = F(x) - F(x without word i).

    It costs one question more than the text has words. No law says what the scores add up to: two words that say the
    same thing can both score zero, because either of them is enough.

    Args:
        game: the model and text to explain; its `replacement` says what takes the place of a removed word.

    Returns:
        an `Explanation` in the unit of the game.
    """
    return Explanation.of_game(game, occlusion_scores(game), "occlusion", settings={}, diagnostics={})
