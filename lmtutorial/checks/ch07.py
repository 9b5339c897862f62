"""Checkers for chapter 07: windows of a stream, perplexity of a corpus, the nucleus, Kneser-Ney's continuations."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

windows = exercise("windows")
STREAM = np.array([5, 3, 8, 1, 9, 2, 7, 4])  # width 3: two rows, and the last id is nobody's input


@windows.check
def two_arrays(function):
    got = function(STREAM, 3)
    if not isinstance(got, tuple | list) or len(got) != 2:
        return Mistake("pair", got=type(got).__name__)


@windows.check
def first_rows(function):
    inputs, labels = (np.asarray(part) for part in function(STREAM, 3))
    if len(inputs) == 5 and np.array_equal(inputs[1], STREAM[1:4]):
        return Mistake("overlap")
    if labels.shape == (2,) and inputs.shape == (2, 3):
        return Mistake("one_label")
    if inputs.shape != (2, 3) or labels.shape != (2, 3):
        more = inputs.ndim == 2 and len(inputs) > 2
        return Mistake("filled_up" if more else "shape", inputs=inputs.shape, labels=labels.shape)
    if np.array_equal(labels, [[5, 3, 8], [1, 9, 2]]) and np.array_equal(inputs, [[3, 8, 1], [9, 2, 7]]):
        return Mistake("exchanged")
    if np.array_equal(inputs, [[5, 3, 8], [9, 2, 7]]):
        return Mistake("lost_between_rows")
    if not np.array_equal(inputs, [[5, 3, 8], [1, 9, 2]]):
        return Mistake("hand_case", got=inputs.tolist())
    likely = {
        "not_shifted": [[5, 3, 8], [1, 9, 2]],
        "wrapped": [[3, 8, 5], [9, 2, 1]],
        "next_row": [[1, 9, 2], [7, 4, 0]],
    }
    for mistake, wrong in likely.items():
        if np.array_equal(labels, wrong):
            return Mistake(mistake)
    if not np.array_equal(labels, [[3, 8, 1], [9, 2, 7]]):
        return Mistake("labels", got=labels.tolist())


@windows.check
def just_enough(function):
    got = np.shape(function(STREAM[:7], 3)[0])
    if got != (2, 3):
        return Mistake("last_row", got=got)


@windows.check
def one_id_too_few(function):
    try:
        got = np.shape(function(STREAM[:6], 3)[0])
    except ValueError as error:  # two rows of inputs, and five ids for six labels
        return Mistake("one_row_too_many", text=str(error)[:60])
    if got != (1, 3):
        return Mistake("no_label", got=got)


corpus_perplexity = exercise("corpus_perplexity")
LONG, SHORT = np.log(np.full(3, 1 / 2)), np.log(np.full(1, 1 / 32))  # 4 tokens, together 2**-8


@corpus_perplexity.check
def one_number(function):
    try:
        got = np.shape(function([LONG, SHORT]))
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        return Mistake("ragged")
    if got != ():
        return Mistake("number", got=got)


@corpus_perplexity.check
def one_document(function):
    got = float(function([np.log(np.full(5, 1 / 4))]))
    likely = {"sign": 1 / 4, "not_exp": np.log(4), "sum": 4.0**5, "bits": 2 ** np.log(4)}
    if np.isclose(got, 4):
        return None
    found = (key for key, value in likely.items() if np.isclose(got, value))
    return Mistake(next(found, "hand_case"), got=round(got, 3))


@corpus_perplexity.check
def documents_of_different_length(function):
    got = float(function([LONG, SHORT]))
    likely = {"mean_of_perplexities": (2 + 32) / 2, "mean_of_means": np.sqrt(2 * 32)}
    if np.isclose(got, 4):
        return None
    found = (key for key, value in likely.items() if np.isclose(got, value))
    return Mistake(next(found, "tokens"), got=round(got, 3))


nucleus = exercise("nucleus")
CHANCES = np.array([0.1, 0.4, 0.05, 0.3, 0.15])


@nucleus.check
def shape(function):
    got = np.shape(function(CHANCES.copy(), 0.6))
    if got != CHANCES.shape:
        return Mistake("shape", got=got)


@nucleus.check
def case_worked_by_hand(function):
    got = np.asarray(function(CHANCES.copy(), 0.6), float)
    likely = {
        "not_renormalised": [0, 0.4, 0, 0.3, 0],
        "reaching_word": [0, 1, 0, 0, 0],
        "one_too_many": [0, 0.4 / 0.85, 0, 0.3 / 0.85, 0.15 / 0.85],
        "sorted": [4 / 7, 3 / 7, 0, 0, 0],
        "vocabulary_order": np.array([0.1, 0.4, 0.05, 0.3, 0]) / 0.85,
        "unlikeliest_first": np.array([0.1, 0, 0.05, 0.3, 0.15]) / 0.6,
        "wrong_places": [3 / 7, 0, 0, 4 / 7, 0],
        "each_alone": [0, 0, 0, 0, 0],
    }
    if np.allclose(got, [0, 4 / 7, 0, 3 / 7, 0]):
        return None
    if np.isnan(got).any():
        return Mistake("nothing_left")
    found = (key for key, value in likely.items() if np.allclose(got, value))
    return Mistake(next(found, "hand_case"), got=np.round(got, 3).tolist())


@nucleus.check
def one_word_is_enough(function):
    got = np.asarray(function(CHANCES.copy(), 0.3), float)
    if np.isnan(got).any() or np.allclose(got, 0):
        return Mistake("nothing_left")
    if not np.allclose(got, [0, 1, 0, 0, 0]):
        return Mistake("one_word", got=np.round(got, 3).tolist())


@nucleus.check
def the_whole(function):
    got = np.asarray(function(CHANCES.copy(), 1.0), float)
    if not np.allclose(got, CHANCES):
        return Mistake("whole", got=np.round(got, 3).tolist())


@nucleus.check
def words_that_are_equally_likely(function):
    """Any two of the four will do."""
    got = np.asarray(function(np.full(4, 0.25), 0.5), float)
    if np.count_nonzero(got) != 2:
        return Mistake("ties", got=int(np.count_nonzero(got)))


@nucleus.check
def leaves_what_it_was_given(function):
    given = CHANCES.copy()
    function(given, 0.6)
    if not np.array_equal(given, CHANCES):
        return Mistake("in_place")


continuation = exercise("continuation")
PAIRS = np.array([[0, 9, 0, 0], [1, 0, 2, 1], [0, 0, 0, 5], [3, 0, 0, 1]])  # PAIRS[a, b]: b came right after a


@continuation.check
def one_for_each_word(function):
    got = np.shape(function(PAIRS))
    if got != (4,):
        return Mistake("shape", got=got)


@continuation.check
def counted_by_hand(function):
    got = np.asarray(function(PAIRS), float)
    likely = {
        "frequencies": PAIRS.sum(axis=0) / PAIRS.sum(),
        "followers": (PAIRS > 0).sum(axis=1) / (PAIRS > 0).sum(),
        "not_shared": (PAIRS > 0).sum(axis=0),
        "by_words": (PAIRS > 0).sum(axis=0) / 4,
        "once_only": (PAIRS == 1).sum(axis=0) / (PAIRS == 1).sum(),
        "by_places": (PAIRS > 0).sum(axis=0) / PAIRS.sum(),
        "by_own_count": (PAIRS > 0).sum(axis=0) / PAIRS.sum(axis=0),
    }
    if np.allclose(got, [2 / 7, 1 / 7, 1 / 7, 3 / 7]):
        return None
    found = (key for key, value in likely.items() if np.allclose(got, value))
    return Mistake(next(found, "hand_case"), got=np.round(got, 3).tolist())


@continuation.check
def only_which_pairs_there_are(function):
    if not np.allclose(function(PAIRS * 10), function(PAIRS)):
        return Mistake("counts_matter")


@continuation.check
def a_word_that_was_never_second(function):
    got = np.asarray(function(np.array([[0, 2], [0, 1]])), float)
    if not np.allclose(got, [0, 1]):
        return Mistake("never_second", got=np.round(got, 3).tolist())
