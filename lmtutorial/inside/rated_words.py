"""Words whose pleasantness people have rated, where they stand in film reviews: the labels of chapter 18's probes.

The labels come from the lexicon of Hutto & Gilbert 2014 (ten raters a word), the sentences from the film reviews of
Pang & Lee 2004 (`data/README.md`). A word counts if the model reads it as one piece, with the blank before it: then its
vector at the embedding is a function of the word alone, and whatever the layers add comes from the context.
"""

import numpy as np
import pandas as pd

from ..corpora import load_lexicon, load_reviews

CLEAR = 1.0  # a word is pleasant or unpleasant from this valence on
EACH = 4  # occurrences of a word; common ones would drown the rest


def rated_words(lm, *, each: int = EACH, seed: int = 0) -> tuple[list[np.ndarray], pd.DataFrame]:
    """Rated words in sentences of film reviews.

    Args:
        lm: the language model whose pieces are meant.
        each: at most so many occurrences of a word, drawn at random.
        seed: of the draw.

    Returns:
        rows of ids (time,), and a table with one row an occurrence: `row` (in that list), `place` in it, `word`,
        `label` (1 for a valence of 1 or more, 0 for -1 or less). A word at the first place is not taken.
    """
    lexicon = load_lexicon()
    clear = lexicon[(lexicon["valence"].abs() >= CLEAR) & lexicon["word"].str.fullmatch("[a-z]+")]
    label = {" " + word: int(valence > 0) for word, valence in zip(clear["word"], clear["valence"], strict=True)}
    rows, found = [], []
    for text in load_reviews()["text"]:
        ids = lm.ids(text)
        pieces = [lm.vocabulary[i] for i in ids]
        places = [i for i in range(1, len(ids)) if pieces[i] in label and _ends(pieces, i)]
        if places:
            found += [(len(rows), i, pieces[i][1:], label[pieces[i]]) for i in places]
            rows.append(ids)
    table = pd.DataFrame(found, columns=["row", "place", "word", "label"])
    table = table.sample(frac=1, random_state=seed).groupby("word", sort=False).head(each)
    table = table.sort_values(["row", "place"], kind="stable")
    used, which = np.unique(table["row"], return_inverse=True)
    return [rows[i] for i in used], table.assign(row=which).reset_index(drop=True)


def _ends(pieces: list[str], place: int) -> bool:
    """Whether the word of this piece is not continued by the next one: " art" in "artful" is no "art"."""
    return place + 1 == len(pieces) or not pieces[place + 1][:1].isalpha()


def places_by_row(table: pd.DataFrame, rows: int) -> list[np.ndarray]:
    """For each row the places of its occurrences, as `activations.collect` wants them."""
    groups = table.groupby("row")["place"].agg(np.array)
    return [groups.get(i, np.empty(0, int)) for i in range(rows)]
