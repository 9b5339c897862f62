"""Sentences that ask a language model for a verb: does it agree with its subject, or with the last noun?

"The keys to the cabinet" goes on with *are*, because of *keys*, though *cabinet* is nearer: a noun of the other number
between subject and verb *attracts* the verb. Linzen, Dupoux & Goldberg 2016 ("Assessing the ability of LSTMs to learn
syntax-sensitive dependencies") made this a test of language models. These sentences are our own, made of words that are
frequent in the Wikipedia dump; `data/corpora/agreement.csv` holds the 24 frames that they are made from.
"""

import csv

import pandas as pd

from . import files

CONDITIONS = ("no noun", "same number", "other number")


def load_verb_agreement() -> pd.DataFrame:
    """144 beginnings of sentences, each with the verb that goes on with it and the one that does not.

    Of each of 24 frames there are six: the subject is singular or plural, and no noun, one of the same number or one of
    the other number stands between it and the verb. So each form of a verb is right as often as it is wrong.

    Returns:
        `frame` (its number), `condition` (one of `CONDITIONS`), `prompt`, `head` (the subject's noun), `noun` (the one
        in between, or ""), `number` of the subject ("singular", "plural"), `right` and `wrong` (verbs). The head is the
        prompt's second word, the noun in between its last.

    >>> load_verb_agreement().loc[17, ["condition", "prompt", "right", "wrong"]].tolist()
    ['other number', 'the roads that crossed the river', 'are', 'is']
    """
    rows = []
    with files.path("corpora/agreement.csv").open(encoding="utf-8", newline="") as file:
        for number, frame in enumerate(csv.DictReader(file)):
            heads, nouns, verbs = ((frame[name], frame[f"{name}s"]) for name in ("head", "noun", "verb"))
            for condition in CONDITIONS:
                for plural in (False, True):
                    noun = "" if condition == "no noun" else nouns[plural ^ (condition == "other number")]
                    prompt = f"the {heads[plural]}" + (f" {frame['link']} {noun}" if noun else "")
                    called = ("singular", "plural")[plural]
                    right, wrong = verbs[plural], verbs[not plural]
                    rows.append((number, condition, prompt, heads[plural], noun, called, right, wrong))
    names = ["frame", "condition", "prompt", "head", "noun", "number", "right", "wrong"]
    return pd.DataFrame(rows, columns=names)
