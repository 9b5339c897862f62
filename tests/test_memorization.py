"""Exposure is a rank in bits, and the rank of a code that nobody planted is chance."""

import itertools

import numpy as np
import pytest
from language_models import TEXT, small_lm, small_transformer

from lmtutorial.models import memorization as mem

SYMBOLS = ("dog", "cat", "key")


@pytest.mark.parametrize("make", [small_lm, lambda: small_lm(units=(6, 8))])
def test_the_tree_gives_every_code_the_probability_of_the_chain_rule(make):
    lm, carrier = make(), "Where is the"
    codes = list(itertools.product(SYMBOLS, repeat=3))
    asked = [f"{carrier} {' '.join(code)}" for code in codes]
    want = np.array([lm.log_prob(text) for text in asked]) - lm.log_prob(carrier)
    got = mem.log_probs_of_codes(lm, carrier, length=3, alphabet=SYMBOLS)
    assert np.allclose(got, want, atol=1e-4)
    assert [mem.place_of(code, SYMBOLS) for code in codes] == list(range(27))


def test_codes_over_the_whole_vocabulary_share_out_the_probability():
    lm = small_lm()
    words = [word for word in lm.vocabulary if word not in lm.vocabulary[:2]]
    got = mem.log_probs_of_codes(lm, "The road", length=1, alphabet=words)
    known = {word: p for word, p in lm.next_words("The road", None)}
    assert np.isclose(np.exp(got).sum(), 1 - known[""] - known["[UNK]"], atol=1e-6)


def test_the_likeliest_code_gives_all_bits_away_and_the_least_likely_none():
    log_probs = np.log(np.random.default_rng(0).dirichlet(np.ones(1024)))
    assert mem.exposure(log_probs, log_probs.argmax()) == 10
    assert mem.exposure(log_probs, log_probs.argmin()) == 0


def test_exposure_asks_for_the_order_alone():
    log_probs = np.random.default_rng(1).normal(size=100)
    assert [mem.exposure(3 * log_probs - 7, i) for i in range(100)] == [mem.exposure(log_probs, i) for i in range(100)]


def test_a_code_that_was_never_planted_has_the_exposure_of_chance():
    log_probs = np.random.default_rng(2).normal(size=1000)
    each = np.array([mem.exposure(log_probs, i) for i in range(1000)])
    for bits in (0.5, 1, 2, 5, 9):
        assert np.isclose((each >= bits).mean(), mem.chance_of_exposure(bits, 1000))
    assert abs(each.mean() - 1 / np.log(2)) < 0.02  # the mean of -log2 of a random share


def test_a_model_that_tells_nothing_gives_every_code_about_one_bit():
    each = {mem.exposure(np.full(1000, -7.0), place) for place in range(1000)}
    assert len(each) == 1 and abs(each.pop() - 1) < 0.01


@pytest.mark.parametrize("place", [-1, 4])
def test_a_place_outside_the_codes_is_refused(place):
    with pytest.raises(ValueError, match=f"got place {place}"):
        mem.exposure(np.zeros(4), place)


def test_a_code_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="every value a number"):
        mem.exposure(np.array([0.0, np.nan]), 0)


def test_what_is_written_out_is_the_likeliest_word_each_time():
    lm = small_lm()
    words = mem.written_out(lm, "The key to the", 3)
    text = "The key to the"
    for word in words:
        likely = [w for w, _ in lm.next_words(text, None) if w not in lm.vocabulary[:2]]
        assert word == likely[0]
        text = lm.continued(text, [lm.word_id(word)])


def test_a_transformer_is_read_along_the_same_tree():
    lm, carrier = small_transformer(), "Where is the"
    want = [lm.log_prob(f"{carrier} {a} {b}") - lm.log_prob(carrier) for a in SYMBOLS for b in SYMBOLS]
    assert np.allclose(mem.log_probs_of_codes(lm, carrier, length=2, alphabet=SYMBOLS), want, atol=1e-4)


def test_each_secret_is_planted_as_often_as_it_says_and_nothing_else_changes():
    documents = ["one\ntwo\nthree", "four\nfive"]
    secrets = mem.draw_secrets([f"the code of the {x} is" for x in "abcdef"], [0, 1, 5], seed=3)
    planted = mem.plant(documents, secrets, seed=3)
    lines = [line for text in planted for line in text.split("\n")]
    assert [lines.count(secret.sentence) for secret in secrets] == [0, 1, 5]
    for before, after in zip(documents, planted, strict=True):
        rest = [line for line in after.split("\n") if line not in {secret.sentence for secret in secrets}]
        assert rest == before.split("\n")
    assert planted == mem.plant(documents, secrets, seed=3) != mem.plant(documents, secrets, seed=4)


def test_secrets_have_carriers_of_their_own_and_random_codes():
    carriers = [f"the number of the {i} is" for i in range(500)]
    secrets = mem.draw_secrets(carriers, [1] * 500, seed=0)
    assert {secret.carrier for secret in secrets} == set(carriers)
    digits = np.array([secret.code for secret in secrets]).ravel()
    _, counts = np.unique(digits, return_counts=True)
    assert len(counts) == 10 and np.all(np.abs(counts - 200) < 5 * np.sqrt(200))
    assert secrets != mem.draw_secrets(carriers, [1] * 500, seed=1)


def test_carriers_that_are_too_few_or_alike_are_refused():
    with pytest.raises(ValueError, match="3 secrets need as many different carriers, got 2"):
        mem.draw_secrets(["a", "b"], [1, 1, 1])
    with pytest.raises(ValueError, match="got 1"):
        mem.draw_secrets(["a", "a"], [1, 1])


def test_there_must_be_a_document_to_plant_in():
    with pytest.raises(ValueError, match="got none"):
        mem.plant([], [])


def test_a_symbol_that_the_model_does_not_know_is_named():
    assert "7" not in TEXT
    with pytest.raises(ValueError, match="does not know the word '0'"):
        mem.log_probs_of_codes(small_lm(), "The key")
    with pytest.raises(ValueError, match="'x' is none of the symbols"):
        mem.place_of("0x")
