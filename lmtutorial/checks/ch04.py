"""Checkers for chapter 04: padding, a vocabulary, the merge step of byte-pair encoding."""

import copy

import numpy as np

from lmtutorial.checks import Mistake, exercise

pad = exercise("pad")
ROWS = [[5, 6], [7], [1, 2, 3, 4]]


@pad.check
def an_array_of_integers(function):
    try:
        got = function(copy.deepcopy(ROWS), 3, "right")
    except ValueError as error:
        if "inhomogeneous" in str(error) or "broadcast" in str(error):
            return Mistake("not_cut")
        raise
    if not isinstance(got, np.ndarray):
        return Mistake("array", got=type(got).__name__)
    if got.shape == (3, 4):
        return Mistake("longest")
    if got.shape != (3, 3):
        return Mistake("shape", got=got.shape)
    if not np.issubdtype(got.dtype, np.integer):
        return Mistake("dtype", got=got.dtype)


@pad.check
def zeros_on_the_right(function):
    got = function(copy.deepcopy(ROWS[:2]), 3, "right").tolist()
    if got == [[0, 5, 6], [0, 0, 7]]:
        return Mistake("sides", asked="right")
    if got != [[5, 6, 0], [7, 0, 0]]:
        return Mistake("hand_case", asked="right", want=[[5, 6, 0], [7, 0, 0]], got=got)


@pad.check
def zeros_on_the_left(function):
    got = function(copy.deepcopy(ROWS[:2]), 3, "left").tolist()
    if got == [[5, 6, 0], [7, 0, 0]]:
        return Mistake("sides", asked="left")
    if got != [[0, 5, 6], [0, 0, 7]]:
        return Mistake("hand_case", asked="left", want=[[0, 5, 6], [0, 0, 7]], got=got)


@pad.check
def a_row_that_is_too_long(function):
    for where in ("right", "left"):
        got = function([[1, 2, 3, 4]], 3, where).tolist()
        if got == [[2, 3, 4]]:
            return Mistake("kept_end", where=where)
        if got != [[1, 2, 3]]:
            return Mistake("too_long", where=where, got=got)


@pad.check
def an_empty_row(function):
    for where in ("right", "left"):
        try:
            got = function([[], [9]], 2, where).tolist()[0]
        except ValueError:
            got = "an error"
        if got != [0, 0]:
            return Mistake("empty", where=where, got=got)


@pad.check
def the_rows_stay_as_they_were(function):
    rows = copy.deepcopy(ROWS)
    function(rows, 3, "left")
    if rows != ROWS:
        return Mistake("changed", got=rows)


build_vocabulary = exercise("build_vocabulary")
TOKENS = ["a a a film film".split(), "the the the the whale film whale".split()]  # the 4, a 3, film 3, whale 2


@build_vocabulary.check
def a_list_of_texts(function):
    got = function(copy.deepcopy(TOKENS), 10)
    if not isinstance(got, list):
        return Mistake("kind", got=type(got).__name__)
    if not all(isinstance(token, str) for token in got):
        return Mistake("pairs", got=next(token for token in got if not isinstance(token, str)))


@build_vocabulary.check
def special_entries_first(function):
    got = function(copy.deepcopy(TOKENS), 10)
    if got[:2] == ["[UNK]", ""]:
        return Mistake("swapped")
    if got[:2] != ["", "[UNK]"]:
        return Mistake("special", got=got[:2])


@build_vocabulary.check
def tokens_and_not_texts_are_counted(function):
    got = function([["x", "x", "x", "x"], ["y", "z"], ["y"]], 3)
    if got[2:3] == ["y"]:
        return Mistake("documents")


@build_vocabulary.check
def most_frequent_first(function):
    got = function([["b", "b", "a", "a", "a", "d"], ["c", "c", "c", "c", "d", "d", "d", "d"]], 10)[2:6]
    if got == ["a", "b", "c", "d"]:
        return Mistake("alphabet")
    if got == ["b", "a", "d", "c"]:
        return Mistake("first_seen", got=got)
    if got == ["b", "a", "c", "d"]:
        return Mistake("rare_first")
    if got == ["a", "b", "d", "c"]:
        return Mistake("text_by_text", got=got)
    if "c" not in got:
        return Mistake("one_text", got=got)
    if got != ["d", "c", "a", "b"]:
        return Mistake("order", got=got)


@build_vocabulary.check
def the_size_counts_everything(function):
    got = function(copy.deepcopy(TOKENS), 3)
    if len(got) == 5:
        return Mistake("two_more", got=len(got))
    if got != ["", "[UNK]", "the"]:
        return Mistake("size", got=got)


@build_vocabulary.check
def fewer_words_than_places(function):
    got = function([["film"]], 50)
    if got != ["", "[UNK]", "film"]:
        return Mistake("few", got=got[:5])


merge = exercise("merge")


@merge.check
def the_list_stays_as_it_was(function):
    tokens = ["a", "b", "c"]
    got = function(tokens, ("a", "b"))
    if not isinstance(got, list):
        return Mistake("kind", got=type(got).__name__)
    if tokens != ["a", "b", "c"]:
        return Mistake("changed", got=tokens)


@merge.check
def by_hand(function):
    got = function(list("whale"), ("h", "a"))
    if got == list("whale"):
        return Mistake("nothing")
    if any(isinstance(token, tuple) for token in got):
        return Mistake("pair_itself", got=got)
    if got[:3] == ["w", "ha", "a"]:
        return Mistake("twice_used", got=got)
    if got != ["w", "ha", "l", "e"]:
        return Mistake("last" if got == ["w", "ha", "l"] else "hand_case", got=got)


@merge.check
def every_occurrence(function):
    got = function(list("the thin moth"), ("t", "h"))
    want = ["th", "e", " ", "th", "i", "n", " ", "m", "o", "th"]
    if got.count("th") == 1:
        return Mistake("first_only", got=got)
    if got != want:
        return Mistake("every", want=want, got=got)


@merge.check
def a_token_is_used_once(function):
    got = function(["a", "a", "a"], ("a", "a"))
    if got == ["aa", "aa"]:
        return Mistake("overlap", got=got)
    if got == ["a", "aa"]:
        return Mistake("right_to_left", got=got)
    if got != ["aa", "a"]:
        return Mistake("three", got=got)


@merge.check
def whole_tokens_only(function):
    got = function(["ab", "c", "b", "c"], ("b", "c"))
    if got != ["ab", "c", "bc"]:
        return Mistake("inside", got=got)


@merge.check
def no_tokens_at_all(function):
    got = function([], ("a", "b"))
    if got != []:
        return Mistake("empty", got=got)
