"""The area under a ROC curve is a probability, and whole documents are drawn, not their parts."""

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.metrics import roc_auc_score

from lmtutorial.models import membership


def test_the_area_is_the_share_of_pairs_in_which_the_member_scores_higher():
    random = np.random.default_rng(0)
    members, others = random.integers(0, 8, 40), random.integers(0, 6, 30)  # with ties
    pairs = members[:, None] - others[None]
    assert np.isclose(membership.auc(members, others), (pairs > 0).mean() + (pairs == 0).mean() / 2)


def test_the_area_is_that_under_the_curve_and_scikit_learns():
    random = np.random.default_rng(1)
    members, others = random.normal(0.5, 1, 200), random.normal(0, 1, 100)
    false, true = membership.roc(members, others)
    area = membership.auc(members, others)
    assert np.isclose(area, np.trapezoid(true, false))
    assert np.isclose(area, roc_auc_score(np.r_[np.ones(200), np.zeros(100)], np.r_[members, others]))
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(false) >= 0) and np.all(np.diff(true) >= 0)


def test_two_normal_distributions_have_the_area_of_the_closed_form():
    random = np.random.default_rng(2)
    members, others = random.normal(1, 1, 40_000), random.normal(0, 1, 40_000)
    assert abs(membership.auc(members, others) - ndtr(1 / np.sqrt(2))) < 0.006  # three standard errors


def test_a_score_that_tells_nothing_is_chance():
    assert membership.auc(np.zeros(5), np.zeros(9)) == 0.5
    assert membership.found_at(np.zeros(5), np.zeros(9), 0.01) == 0


def test_turning_the_scores_round_turns_the_area_round():
    random = np.random.default_rng(3)
    members, others = random.normal(size=50), random.normal(size=60)
    assert np.isclose(membership.auc(-members, -others), 1 - membership.auc(members, others))


def test_who_is_found_lies_above_what_few_others_reach():
    members, others = np.array([9.0, 5.0, 3.0, 1.0]), np.arange(100) / 25  # the others' highest is 3.96
    assert membership.found_at(members, others, 0.0) == 0.5
    assert membership.found_at(members, others, 0.25) == 0.75
    assert membership.found_at(members, others, 1.0) == 1


def test_an_interval_over_documents_is_wider_than_its_passages_pretend():
    random = np.random.default_rng(4)
    documents = np.repeat(np.arange(40), 25)
    member = documents < 20
    scores = random.normal(size=40)[documents] + 0.1 * random.normal(size=1000) + 0.5 * member
    by_document = membership.auc_interval(scores, member, documents, rounds=200)
    by_passage = membership.auc_interval(scores, member, np.arange(1000), rounds=200)
    width = lambda found: found["high"] - found["low"]  # noqa: E731
    assert by_document["mean"] == by_passage["mean"] == membership.auc(scores[member], scores[~member])
    assert width(by_document) > 2 * width(by_passage)
    assert by_document == membership.auc_interval(scores, member, documents, rounds=200)


@pytest.mark.parametrize(
    ("members", "others", "said"),
    [([], [1.0], "are needed"), ([1.0], [], "are needed"), ([np.nan], [1.0], "NaN"), ([[1.0]], [1.0], "are needed")],
)
def test_scores_that_cannot_be_compared_are_refused(members, others, said):
    with pytest.raises(ValueError, match=said):
        membership.auc(members, others)


def test_a_rate_is_a_share():
    with pytest.raises(ValueError, match="got 5"):
        membership.found_at([1.0], [0.0], 5)
