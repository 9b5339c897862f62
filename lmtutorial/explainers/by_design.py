"""Models that need no explainer: what they add up is the explanation.

1. Take the model's answer apart into the terms that it was added up from.
2. Give each term to the words that it was made of. A run of several words gives each of them an equal part, and a run
   that stands twice gives each place an equal part.
3. Nothing is left over: the scores add up to the answer minus what the model says of an empty text.

The equal parts are a choice. They are what the Shapley value would give, too, to a pair that counts only while both of
its words are there (Shapley 1953). What the scores do *not* promise is what happens when a word goes: with tf-idf every
other word's value changes then.
"""

import numpy as np

from ..models.baselines import CountsClassifier, LexiconRule
from ..models.text_model import check_text, sigmoid
from ..preprocessing import RULES
from .explanation import Explanation


def counts_scores(model: CountsClassifier, text: str) -> np.ndarray:
    """score_i = sum over the n-grams g that hold word i of weight_g * value_g / (places of g * words of g).

    Args:
        model: logistic regression on n-grams; `value` is its count, 0 or 1, or tf-idf value.
        text: one text.

    Returns:
        (words,) shares of the logit; they add up to the logit minus the intercept.
    """
    words = words_and_spans(text, model.ngrams.rules)[0]
    places = {}
    for ngram, start, end in model.ngrams.places(words):
        places.setdefault(ngram, []).append((start, end))
    scores = np.zeros(len(words))
    for ngram, share in model.shares(words).items():
        for start, end in places[ngram]:
            scores[start:end] += share / len(places[ngram]) / (end - start)
    return scores


def explain_counts(model: CountsClassifier, text: str, *, target: str | int | None = None) -> Explanation:
    """logit = intercept + sum_i score_i: logistic regression, read off.

    Args:
        model: logistic regression on n-grams.
        text: one text.
        target: the class to explain, by default the second one ("positive").

    Returns:
        an `Explanation` whose `baseline_output` is the intercept. It is complete: `completeness_gap` is rounding.

    Raises:
        ValueError: if the text is empty or has no known word, or there is no such target.

    >>> from lmtutorial.models.baselines import CountsClassifier, counts_model
    >>> films = counts_model((1, 1)).fit(["a bore", "dull", "a joy", "fine"], [0, 0, 1, 1])
    >>> explain_counts(CountsClassifier(films), "Fine, a joy").scores.round(2)
    array([0.4, 0. , 0.4])
    """
    spans, scores = model.encode(text).spans, counts_scores(model, text)
    logit = model.intercept + sum(model.shares(words_and_spans(text, model.ngrams.rules)[0]).values())
    index = model.target_index(target, np.array([logit]))
    sign = 1 if index == 1 else -1
    return Explanation(
        text, spans, sign * scores, model.classes[index], model.unit, sign * logit, sign * model.intercept, "weights",
        diagnostics={"probability": float(sigmoid(sign * logit))}, complete=True,
    )  # fmt: skip


def explain_lexicon(rule: LexiconRule, text: str) -> Explanation:
    """sum of the ratings - threshold = -threshold + sum_i score_i: the lexicon rule, read off.

    Args:
        rule: the rule; a word behind a negation may count with the opposite sign.
        text: one text; it may lack any word of the lexicon.

    Returns:
        an `Explanation` in the unit of the ratings: the verdict is "positive" where `output` is above zero.

    Raises:
        ValueError: if the text is empty or has no word.

    >>> e = explain_lexicon(LexiconRule({"good": 2.0, "dull": -1.5}, threshold=1.0), "Good, but dull")
    >>> e.scores, e.output, e.baseline_output
    (array([ 2. ,  0. , -1.5]), -0.5, -1.0)
    """
    words, spans = words_and_spans(text)
    scores = np.array(rule.scores(words))
    return Explanation(
        text, spans, scores, "positive", "rating", float(scores.sum() - rule.threshold), -rule.threshold, "ratings",
        settings={"threshold": rule.threshold, "negation": rule.negation}, complete=True,
    )  # fmt: skip


def words_and_spans(text: str, rules: str = "words") -> tuple[list[str], tuple[tuple[int, int], ...]]:
    """The words of a text as these models read them, and where each stands; `ValueError` if there are none."""
    found = list(RULES[rules](check_text(text)))
    if not found:
        raise ValueError(f"{text!r} has no word")
    return [word for word, _, _ in found], tuple((start, end) for _, start, end in found)
