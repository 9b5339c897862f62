"""What counting runs of words can do, and that it is done as its authors meant."""

import importlib.util

import numpy as np
import pytest
from scipy.optimize import check_grad

import lmtutorial as lt
from lmtutorial.models.ngrams import KINDS, KneserNey, Unigram, cross_entropy

START, SIZE = 5, 40
TINY = [[2, 3, 2, 3, 2, 4]]


def documents(seed: int, lengths=(120, 80, 200)) -> list[list[int]]:
    """Random documents over the ids 1 … 29, the small ones frequent, so that 30 … 39 were never seen."""
    random = np.random.default_rng(seed)
    return [(1 + np.minimum(random.geometric(0.12, n), 29) - 1).tolist() for n in lengths]


@pytest.fixture(scope="module")
def book():
    """Moby-Dick with 3,000 words: ids of its three parts for training, validation and test."""
    text = lt.load_books()["text"][0]
    cuts = [0, text.index("CHAPTER 104."), text.index("CHAPTER 124."), len(text)]
    parts = [text[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    pre = lt.Preprocessor.fit(parts[:1], max_tokens=3000)
    return [[pre.ids([part])[0]] for part in parts]


def test_a_tiny_case_worked_by_hand():
    # Pairs: start 2, twice 2 3, twice 3 2, once 2 4. Different left neighbours: 2 has two (start, 3), 3 and 4 have one.
    # Below: 2 gets (2 - 0.5)/4, 3 and 4 get (1 - 0.5)/4; the 1.5/4 that was saved goes to the 5 ids in equal parts.
    below = {1: 0.075, 2: 0.375 + 0.075, 3: 0.125 + 0.075, 4: 0.125 + 0.075, 5: 0.075}
    # Behind 2 (three times): 3 gets (2 - 0.5)/3, 4 gets (1 - 0.5)/3, and 1/3 was saved for what is below.
    want = [0, below[1] / 3, below[2] / 3, 1.5 / 3 + below[3] / 3, 0.5 / 3 + below[4] / 3, below[5] / 3]
    model = KneserNey.fit(TINY, 6, START, order=2, discounts=0.5)
    assert np.allclose(model.distribution([2]), want, rtol=0, atol=1e-15)
    # 4 was the last word, so nothing is known of what follows it: the level below has it all
    assert np.allclose(model.distribution([4])[1:], list(below.values()), rtol=0, atol=1e-15)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_what_may_come_adds_up_to_one_in_every_context_seen_or_not(order):
    random = np.random.default_rng(order)
    model = KneserNey.fit(documents(0), SIZE, START, order=order, discounts=[0.8, 1.3, 1.6])
    seen = [documents(0)[1][:n] for n in range(6)]
    unseen = [random.integers(1, SIZE, length).tolist() for length in (1, 2, 3, 9)] + [[39, 38, 37]]
    for context in seen + unseen:
        p = model.distribution(context)
        assert p.shape == (SIZE,) and abs(p.sum() - 1) < 1e-12 and p[0] == 0 and p[1:].min() > 0


def test_a_document_is_read_word_by_word_from_its_start():
    model = KneserNey.fit(documents(0), SIZE, START)
    ids = documents(1)[0][:30]
    want = [np.log(model.distribution(ids[:t])[ids[t]]) for t in range(len(ids))]
    assert np.allclose(model.log_probs(ids), want, rtol=0, atol=1e-12)
    assert np.array_equal(model.distribution([]), model.distribution([START]))


def test_no_context_reaches_into_another_document():
    a, b, c = documents(0)
    one, other = KneserNey.fit([a, b, c], SIZE, START), KneserNey.fit([c, a, b], SIZE, START)
    assert np.array_equal(one.log_probs(b), other.log_probs(b))
    glued = KneserNey.fit([a + b + c], SIZE, START)
    assert not np.array_equal(one.log_probs(b), glued.log_probs(b))


def test_perplexity_is_of_tokens_and_not_of_documents():
    model = KneserNey.fit(documents(0), SIZE, START)
    a, b, _ = documents(2)
    mean = (model.log_probs(a).sum() + model.log_probs(b).sum()) / (len(a) + len(b))
    assert model.perplexity([a, b]) == pytest.approx(np.exp(-mean), rel=1e-12)


def test_without_discounts_the_probabilities_are_the_shares_of_what_was_counted():
    model = KneserNey.fit(TINY, 6, START, order=2, discounts=0.0)
    assert np.allclose(model.distribution([2]), [0, 0, 0, 2 / 3, 1 / 3, 0], rtol=0, atol=1e-15)
    assert np.allclose(
        KneserNey.fit(TINY, 6, START, order=1, discounts=0.0).distribution(), [0, 0, 3 / 6, 2 / 6, 1 / 6, 0]
    )
    assert model.log_probs([4])[0] == -np.inf, "a pair that was never seen is impossible, and is said to be"


def test_frequent_words_stay_as_frequent_as_they_were():
    # The law that Kneser and Ney derived their model from: averaged over contexts, P(w | context) is the share of w.
    train = documents(3)
    discounts = np.array([[0, 0, 0], [0.75, 0.75, 0.75]])
    model = KneserNey.fit(train, SIZE, START, order=2, discounts=discounts)
    contexts = np.concatenate([[START, *ids[:-1]] for ids in train])
    average = np.mean([model.distribution([c]) for c in contexts], axis=0)
    share = np.bincount(np.concatenate(train), minlength=SIZE) / len(contexts)
    assert np.allclose(average, share, rtol=0, atol=1e-12)


def test_in_a_new_context_a_word_of_many_contexts_beats_a_frequent_word_of_one():
    san, francisco, glass = 10, 11, 12
    train = [[san, francisco] * 8 + [20, glass, 21, glass, 22, glass, 23, glass, 24]]
    model = KneserNey.fit(train, SIZE, START, discounts=0.75)
    new = model.distribution([30])
    assert new[glass] > 2 * new[francisco] and train[0].count(francisco) == 2 * train[0].count(glass)
    assert model.distribution([san]).argmax() == francisco


def test_the_gradient_by_which_discounts_are_tuned_is_right():
    model = KneserNey.fit(documents(0), SIZE, START)
    found = model._look_up(model._ngrams(documents(1), 3))
    at = np.random.default_rng(0).uniform(0.2, 0.9, 3 * KINDS)
    gap = check_grad(lambda d: cross_entropy(d, found, SIZE)[0], lambda d: cross_entropy(d, found, SIZE)[1], at)
    assert gap < 1e-6  # forward differences with a step of 1.5e-8 are no better than this


def test_tuned_discounts_beat_every_single_discount_on_validation(book):
    train, validation, test = book
    tuned = KneserNey.tune(train, validation, 3000, 2)
    single = {d: KneserNey.fit(train, 3000, 2, discounts=d) for d in (0.1, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)}
    on_validation = {d: model.perplexity(validation) for d, model in single.items()}
    assert tuned.perplexity(validation) < min(on_validation.values())
    best = min(on_validation, key=on_validation.get)
    assert tuned.perplexity(test) < single[best].perplexity(test), "and the gain is not only on what it was tuned on"
    assert on_validation[0.1] > 1.25 * tuned.perplexity(validation), "nltk's default discount is a straw man"
    assert np.all(tuned.discounts > 0) and np.all(tuned.discounts < [1, 2, 3])


def test_longer_contexts_help_and_a_unigram_is_far_behind(book):
    train, validation, test = book
    unigram, bigram, trigram = (KneserNey.tune(train, validation, 3000, 2, order=n).perplexity(test) for n in (1, 2, 3))
    assert unigram > 1.5 * bigram and bigram > 1.02 * trigram
    assert Unigram.fit(train, 3000, 2).perplexity(test) == pytest.approx(unigram, rel=1e-3), "nothing is to tune"


@pytest.mark.skipif(importlib.util.find_spec("nltk") is None, reason="nltk is not installed")
@pytest.mark.parametrize(("order", "discount"), [(2, 0.1), (3, 0.1), (3, 0.75), (3, 0.9)])
def test_nltk_agrees_where_it_is_asked_the_same(order, discount):
    # nltk differs in two ways. (1) Its lowest level has no discount and no even share, so a word that was never seen
    # has probability 0: hence `discounts[0] = 0`, and only words that were seen are compared. (2) Given runs of words
    # that stop short at the start of a text, it discounts words whose left neighbours it does not count, and its
    # probabilities do not add up to 1. Given every word with its full context it must agree to the last digits.
    from nltk.lm import KneserNeyInterpolated

    train, tested = documents(0), documents(1, (40, 30))
    runs = []
    for ids in train:
        padded = (START,) * (order - 1) + tuple(ids)
        for t in range(order, len(padded) + 1):
            runs.append([tuple(map(str, padded[t - length : t])) for length in range(1, order + 1)])
    theirs = KneserNeyInterpolated(order, discount=discount)
    theirs.fit(runs, vocabulary_text=list(map(str, range(1, SIZE))))

    discounts = np.full((order, KINDS), discount)
    discounts[0] = 0
    ours = KneserNey.fit(train, SIZE, START, order=order, discounts=discounts)
    known = set(np.concatenate(train))
    compared = 0
    for ids in tested:
        padded = (START,) * (order - 1) + tuple(ids)
        for t, p in enumerate(np.exp(ours.log_probs(ids))):
            if ids[t] in known:
                want = theirs.score(str(ids[t]), map(str, padded[t : t + order - 1]))
                assert p == pytest.approx(want, rel=1e-12, abs=1e-15)
                compared += 1
    assert compared > 60


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"documents": []}, "there must be documents"),
        ({"documents": [[2], []]}, "a token in each"),
        ({"documents": [[2, 0, 3]]}, r"ids must be in \[1, 40\), got 0"),
        ({"documents": [[2, 40]]}, "got 2 to 40|got 5 to 40"),
        ({"start": 0}, "got 0"),
        ({"order": 0}, "order"),
        ({"order": 12}, "below 2"),
        ({"discounts": 1.5}, "discounts must lie"),
        ({"discounts": -0.1}, "discounts must lie"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_reason(arguments, told):
    given = {"documents": TINY, "vocabulary_size": SIZE, "start": START} | arguments
    with pytest.raises(ValueError, match=told):
        KneserNey.fit(**given)


def test_padding_cannot_be_asked_about_and_the_unknown_word_is_a_word():
    model = KneserNey.fit([[1, 2, 1, 3, 1]], SIZE, START)
    assert model.distribution([2])[1] > 0.3
    with pytest.raises(ValueError, match="ids must be"):
        model.log_probs([2, 0])
