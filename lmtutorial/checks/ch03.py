"""Checkers for chapter 03: what an article is, how many words are enough, a split that does not leak."""

import numpy as np

from lmtutorial.checks import Mistake, exercise

is_article = exercise("is_article")


@is_article.check
def true_or_false(function):
    got = function(0, False, "'''Whales''' are mammals.")
    if not isinstance(got, (bool, np.bool_)):
        return Mistake("kind", got=got)
    if not got:
        return Mistake("article")


@is_article.check
def other_namespaces(function):
    if function(1, False, "I think that whales are fish."):
        return Mistake("namespace")


@is_article.check
def redirects_in_capitals(function):
    if function(0, True, "#REDIRECT [[Whale]]") or function(0, False, "#REDIRECT [[Whale]]"):
        return Mistake("redirect")


@is_article.check
def redirects_in_lower_case(function):
    if function(0, False, "#redirect [[Al Gore]]") or function(0, False, "#Redirect [[Al Gore]]"):
        return Mistake("case")


@is_article.check
def redirects_after_a_blank_line(function):
    if function(0, False, "\n #REDIRECT [[Whale]]"):
        return Mistake("blanks")


@is_article.check
def redirects_in_another_language(function):
    if function(0, True, "#WEITERLEITUNG [[Wale]]"):
        return Mistake("marked")


@is_article.check
def articles_that_speak_of_redirects(function):
    if not function(0, False, "To send readers on, write #REDIRECT at the top."):
        return Mistake("anywhere")
    if not function(0, False, "Redirects are signs that send a reader on."):
        return Mistake("no_sign")


words_needed = exercise("words_needed")
TOKENS = "sea the whale the whale the".split()
MANY = ["the"] * 60 + [f"word{i}" for i in range(40)]


@words_needed.check
def a_whole_number(function):
    got = function(TOKENS, 0.5)
    if not isinstance(got, (int, np.integer)) or isinstance(got, bool):
        return Mistake("kind", got=got)


@words_needed.check
def worked_by_hand(function):
    half, most = function(TOKENS, 0.5), function(TOKENS, 0.8)
    if (half, most) == (1, 2):
        return None
    if (half, most) == (0, 1):
        return Mistake("one_less", half=half, most=most)
    if (half, most) == (2, 2):
        return Mistake("more_than", half=half)
    if half == 2:
        many = function(MANY, 0.6)
        return Mistake("order" if many == 1 else "rare_first" if many == 41 else "types", half=half, got=many)
    if (half, most) == (3, 5):
        return Mistake("tokens", half=half)
    return Mistake("hand_case", half=half, most=most)


@words_needed.check
def a_share_between_two_words(function):
    got = function(TOKENS, 0.6)
    if got != 2:
        return Mistake("nearest", got=got)


@words_needed.check
def all_of_the_text(function):
    got = function(TOKENS, 1.0)
    if got != 3:
        return Mistake("all", got=got)


@words_needed.check
def many_rare_words(function):
    got = function(MANY, 0.6)
    if got != 1:
        return Mistake("types" if got > 20 else "at_least", got=got)


split_by_groups = exercise("split_by_groups")
SIZES = [1, 2, 3, 4, 5, 6, 7, 8] * 5
GROUPS = [f"document {i:02}" for i, size in enumerate(SIZES) for _ in range(size)]


@split_by_groups.check
def one_answer_a_text(function):
    got = np.asarray(function(list(GROUPS), 0.3, 0))
    if got.shape == (len(GROUPS),) and set(got.tolist()) <= {0, 1} and got.dtype != bool:
        return Mistake("numbers")
    if got.shape != (len(GROUPS),) or got.dtype != bool:
        return Mistake("shape", got=f"{got.dtype} of shape {got.shape}", texts=len(GROUPS))


@split_by_groups.check
def no_group_crosses(function):
    test = np.asarray(function(list(GROUPS), 0.3, 0))
    groups = np.array(GROUPS)
    torn = sorted(set(groups[test]) & set(groups[~test]))
    if torn:
        return Mistake("torn", number=len(torn), first=str(torn[0]))


@split_by_groups.check
def the_share_of_texts(function):
    sizes = [1] * 30 + [7] * 10
    groups = [f"{i:02}" for i, size in enumerate(sizes) for _ in range(size)]
    for seed in range(10):
        got = np.mean(function(list(groups), 0.3, seed))
        if abs(got - 0.7) < 0.1:
            return Mistake("turned", got=f"{got:.2f}")
        if abs(got - 0.3) >= 7 / len(groups):
            return Mistake("share", got=f"{got:.2f}")


@split_by_groups.check
def chosen_by_the_seed(function):
    first, again, other = (np.asarray(function(list(GROUPS), 0.3, seed)) for seed in (1, 1, 2))
    if not np.array_equal(first, again):
        return Mistake("not_repeatable")
    if np.array_equal(first, other):
        return Mistake("same_for_all")
