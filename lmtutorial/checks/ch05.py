"""Checkers for chapter 05: nearest words by cosine, analogies, the rows of the first layer."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

# Directions of 0, 10, 30, 90 and 180 degrees; row 3 is long and row 0 short, so that product and distance go wrong.
ANGLES, LENGTHS = np.radians([0, 10, 30, 90, 180]), np.array([0.05, 0.1, 5.0, 20.0, 1.0])
FAN = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) * LENGTHS[:, None]

nearest_words = exercise("nearest_words")


@nearest_words.check
def k_row_numbers(function):
    got = np.shape(function(FAN.copy(), 0, 2))
    if got != (2,):
        return Mistake("count", got=got)


@nearest_words.check
def case_worked_by_hand(function):
    got = [int(j) for j in function(FAN.copy(), 2, 3)]
    if got == [1, 0, 2]:
        return Mistake("renumbered", got=got)
    if 2 in got:
        return Mistake("itself", got=got)
    if got == [1, 0, 3]:
        return None
    distance = np.linalg.norm(FAN - FAN[2], axis=1)
    wrong = {
        "product": np.argsort(-(FAN @ FAN[2])),
        "distance": np.argsort(distance),
        "farthest": [4, 3, 0],
    }
    for key, order in wrong.items():
        if got == [int(j) for j in order if j != 2][:3]:
            return Mistake(key, got=got)
    return Mistake("order" if sorted(got) == [0, 1, 3] else "hand_case", got=got)


@nearest_words.check
def lengths_do_not_matter(function):
    if list(function(FAN * LENGTHS[::-1, None], 0, 3)) != list(function(FAN.copy(), 0, 3)):
        return Mistake("lengths")


@nearest_words.check
def rows_that_all_point_away(function):
    got = [int(j) for j in function(np.array([[1.0, 0.0], [-1.0, 1.0], [-1.0, 0.1]]), 0, 2)]
    if got != [1, 2]:
        return Mistake("not_forbidden" if 0 in got else "away", got=got)


@nearest_words.check
def two_rows_alike(function):
    got = [int(j) for j in function(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 1, 1)]
    if got != [0]:
        return Mistake("alike", got=got)


@nearest_words.check
def the_matrix_stays_as_it_was(function):
    matrix = FAN.copy()
    function(matrix, 0, 2)
    if not np.array_equal(matrix, FAN):
        return Mistake("changed")


analogy = exercise("analogy")

# man, woman, king, queen, and a long row that only a plain product prefers: dimensions are male, royal, anything else.
PEOPLE = np.array([[1.0, 0, 1], [-1, 0, 1], [1, 1.5, 1], [-1, 1.5, 1], [3, 30, 40]])
MAN, WOMAN, KING, QUEEN, LONG = range(5)
# The same with a short step from man to woman, as in real vectors: the nearest row is king itself.
CLOSE = np.array([[0.2, 0, 1.0], [-0.2, 0, 1], [0.2, 1, 1], [-1.5, 1, 0.9], [0, -1, 0.2]])


@analogy.check
def one_row_number(function):
    got = function(PEOPLE, MAN, KING, WOMAN)
    if np.ndim(got) != 0:
        return Mistake("kind", got=got)


@analogy.check
def never_a_word_of_the_question(function):
    got = int(function(CLOSE, MAN, KING, WOMAN))
    if got in (MAN, KING, WOMAN):
        return Mistake("question_word", got=["man", "woman", "king"][got])


@analogy.check
def the_step_goes_from_a_to_b(function):
    # a, b, c on the axes: b - a + c points to row 3, a - b + c to row 4
    rows = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1], [1, 1, 1]])
    got = int(function(rows, 0, 1, 2))
    if got in (4, 5, 6):
        return Mistake("turned", got={4: "a - b + c", 5: "a + b - c", 6: "a + b + c"}[got])
    if got != 3:
        return Mistake("step", got=got)


@analogy.check
def king_and_queen(function):
    got = int(function(PEOPLE, MAN, KING, WOMAN))
    if got == LONG:
        return Mistake("long")
    if got != QUEEN:
        return Mistake("hand_case", got=got)


@analogy.check
def all_three_are_forbidden(function):
    # b - a + c = (0.6, 0.6, 0.6), so that even a is nearer than the only row that is allowed
    got = int(function(np.array([[1.0, 0, 0], [0.8, 0.6, 0], [0.8, 0, 0.6], [-1, 0, 0]]), 0, 1, 2))
    if got != 3:
        return Mistake("not_forbidden", got="abc"[got])


@analogy.check
def rows_are_made_one_long_first(function):
    # with row 0 ten times as long, only unit rows keep the answer
    rows = np.array([[10.0, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 1], [-1, 0.1, 0.1]])
    if int(function(rows, 0, 1, 2)) != 3:
        return Mistake("lengths")


first_layer = exercise("first_layer")
VOCABULARY = ["", "[UNK]", "whale", "film", "zzz"]
VECTORS = {"film": [1.0, 2.0], "ship": [50.0, 50.0], "whale": [3.0, 6.0]}
MEAN = [2.0, 4.0]


@first_layer.check
def shape_and_type(function):
    got = function(VOCABULARY, VECTORS)
    if np.shape(got) != (5, 2):
        return Mistake("shape", got=np.shape(got))
    if getattr(got, "dtype", None) != np.float32:
        return Mistake("dtype", got=getattr(got, "dtype", type(got).__name__))


@first_layer.check
def each_row_is_its_words_vector(function):
    got = np.asarray(function(VOCABULARY, VECTORS))
    if np.allclose(got[[2, 3]], [[3, 6], [1, 2]]):
        return None
    if np.allclose(got[[2, 3]], [[1, 2], [50, 50]]) or np.allclose(got[[2, 3]], [[1, 2], [3, 6]]):
        return Mistake("dictionary_order")
    return Mistake("rows", got=_short(got[[2, 3]]))


@first_layer.check
def padding_is_zero(function):
    got = np.asarray(function(VOCABULARY, VECTORS))[0]
    if np.any(got):
        return Mistake("padding", got=_short(got))


@first_layer.check
def words_without_a_vector(function):
    got = np.asarray(function(VOCABULARY, VECTORS))
    if not got[4].any() or not got[1].any():
        return Mistake("nothing")
    if np.allclose(got[4], [18, 58 / 3]):
        return Mistake("whole_file", got=_short(got[4]))
    if np.allclose(got[4] * 5, [4, 8]) or np.allclose(got[4] * 3, [4, 8]):
        return Mistake("zeros_in_the_mean", got=_short(got[4]))
    if not np.allclose(got[[1, 4]], MEAN):
        key = "mean" if np.allclose(got[1], got[4]) or MEAN in got[[1, 4]].tolist() else "drawn"
        return Mistake(key, got=_short(got[[1, 4]]))


@first_layer.check
def a_file_that_holds_the_special_names(function):
    got = np.asarray(function(VOCABULARY, VECTORS | {"": [9.0, 9.0], "[UNK]": [9.0, 9.0]}))
    if np.any(got[0]) or not np.allclose(got[1], MEAN):
        return Mistake("special", got=_short(got[:2]))


def _short(values) -> list:
    """Two digits are enough in a message."""
    return np.round(np.asarray(values, float), 2).tolist()
