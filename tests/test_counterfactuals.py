"""Edits that flip a verdict: against brute force, and on the shipped model."""

from itertools import combinations

import keras
import numpy as np
import pytest
from games import SetGame, additive_game, random_game, text_of
from keras import layers

import lmtutorial as lt
from lmtutorial.embeddings import load_glove
from lmtutorial.explainers.candidates import neighbours, opposites
from lmtutorial.explainers.counterfactuals import Counterfactual, fewest_removals, fewest_substitutions
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.preprocessing import Preprocessor

TEXT = "A gorgeous, moving film; it's never dull."


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def alike(model):
    return neighbours(load_glove(words=model.preprocessor.vocabulary), model.preprocessor.vocabulary[2:], 5)


def smallest_by_force(model, words: int) -> int | None:
    """The size of the smallest set of words without which the sign of the score is another one."""
    game = MaskedText(model, text_of(words))
    for size in range(1, words + 1):
        for gone in combinations(range(words), size):
            mask = np.ones((1, words), bool)
            mask[0, list(gone)] = False
            if (game(mask)[0] > 0) != (game.whole() > 0):
                return size
    return None


def test_the_smallest_removal_by_hand():
    # 3 + 2 + 1 - 4 = 2: positive. Without the word worth 3 it is -1; no other single word turns it
    found = fewest_removals(MaskedText(additive_game([3.0, 2.0, 1.0, -4.0]), text_of(4)))
    assert found.changes == ((0, "w0", ""),) and found.edited == "[UNK] w1 w2 w3"
    assert (found.verdict, found.edited_verdict, found.output, found.edited_output) == ("positive", "negative", 2, -1)
    assert found.flips and found.smallest and found.asked == 5


@pytest.mark.parametrize("seed", range(12))
def test_what_is_called_smallest_is_smallest(seed):
    found = fewest_removals(MaskedText(random_game(6, seed), text_of(6)))
    size = smallest_by_force(random_game(6, seed), 6)
    assert (len(found.changes) if found.flips else None) == size
    assert found.smallest == found.flips


def test_of_several_smallest_edits_the_surest_is_told():
    found = fewest_removals(MaskedText(additive_game([2.0, 3.0, -1.5, -2.0]), text_of(4)))  # 1.5 in all
    assert found.changes[0][1] == "w1" and found.edited_output == -1.5


def test_a_model_that_nothing_moves_has_no_edit_and_says_so():
    sure = SetGame(lambda masks: np.ones(len(masks)), 4)
    found = fewest_removals(MaskedText(sure, text_of(4)))
    assert not found.flips and not found.smallest and found.changes == () and found.edited == found.text
    assert found.tried_all == 4 and found.asked == 1 + 15  # the whole text and every way to take words out
    assert "no edit found" in repr(found)


def test_beyond_the_budget_a_beam_finds_an_edit_and_does_not_call_it_smallest():
    words = 30  # eleven of the words that add 1 have to go, of 30: 54 million ways
    weights = [1.0] * 20 + [-0.9] * 10
    found = fewest_removals(MaskedText(additive_game(weights), text_of(words)))
    assert found.flips and len(found.changes) == 11 and found.asked <= 20_000
    assert found.tried_all == 3 and not found.smallest


def test_a_beam_can_miss_what_only_works_together_and_admits_that_it_may():
    def trap(masks):  # taking out the last two together flips; each alone looks worse than the first ones do
        both = ~masks[:, 8] & ~masks[:, 9]
        return np.where(both, -1.0, 10.0 - (~masks[:, :8]).sum(axis=1) + (~masks[:, 8:]).sum(axis=1))

    game = MaskedText(SetGame(trap, 10), text_of(10))
    assert fewest_removals(game).changes == ((8, "w8", ""), (9, "w9", ""))
    hasty = fewest_removals(game, budget=40, beam=1)  # half of it is less than 1 + 10 + 45
    assert hasty.tried_all == 1 and not hasty.smallest and hasty.asked <= 40


def test_the_budget_is_kept_on_a_long_text(model):
    game = MaskedText(model, " ".join([TEXT] * 40))
    found = fewest_removals(game, budget=500)
    assert found.asked <= 500


def test_the_model_agrees_with_what_is_told_of_it(model):
    """The edited text is read to the model as text, and not as the ids that the search made."""
    for text in [TEXT, "it never made me laugh, and it is far too long", "Dull."]:
        whole = MaskedText(model, text, replacement="delete")
        if len(whole) > 1:
            found = fewest_removals(whole)
            assert found.flips and found.smallest
            assert np.isclose(model.scores([found.edited])[0, 0], found.edited_output, atol=1e-4)  # float32
            assert (found.output > 0) != (found.edited_output > 0)


def test_the_edited_text_keeps_what_was_not_changed(model):
    found = fewest_removals(MaskedText(model, TEXT))
    kept = [token for i, token in enumerate(MaskedText(model, TEXT).encoding.words) if i not in dict_of(found)]
    assert all(word in found.edited for word in kept) and found.edited.count("[UNK]") == len(found.changes)
    assert found.edited.endswith(".")


def dict_of(found: Counterfactual) -> dict[int, str]:
    return {number: new for number, _, new in found.changes}


def test_the_target_changes_the_numbers_and_not_the_edit(model):
    for output in ("logit", "probability"):
        one, two = (fewest_removals(MaskedText(model, TEXT, t, output=output)) for t in ("negative", "positive"))
        assert one.changes == two.changes and one.verdict == two.verdict
        total = one.output + two.output
        assert np.isclose(total, 0 if output == "logit" else 1)


def test_substitutions_by_hand(model):
    def candidates(word):
        return {"gorgeous": ["lovely", "ugly"], "dull": ["boring"]}.get(word, [])

    found = fewest_substitutions(MaskedText(model, "A gorgeous film"), candidates)
    assert found.changes == ((1, "gorgeous", "ugly"),) and found.edited == "A ugly film" and found.smallest
    assert np.isclose(model.scores(["A ugly film"])[0, 0], found.edited_output, atol=1e-4)


def test_the_first_fitting_candidate_is_taken_and_its_capital_letter_kept(model):
    found = fewest_substitutions(MaskedText(model, "Gorgeous film"), lambda w: ["awful", "dull"] * (w == "gorgeous"))
    assert found.edited == "Awful film"


def test_no_candidates_means_no_edit(model):
    found = fewest_substitutions(MaskedText(model, TEXT), lambda word: [])
    assert not found.flips and found.asked == 1
    assert not fewest_substitutions(MaskedText(model, TEXT), lambda word: [word]).flips


def test_candidates_that_are_more_than_one_word_to_the_model_are_left_out(model):
    found = fewest_substitutions(
        MaskedText(model, "A gorgeous film"), lambda w: ["not good", "bad"] * (w == "gorgeous")
    )
    assert found.edited == "A bad film"


def test_words_used_alike_are_near_and_known(model, alike):
    found = alike("gorgeous")
    assert len(found) == 5 and "gorgeous" not in found and "beautiful" in found
    assert alike("zzzz") == [] and alike("n't") == []
    assert set(found) <= set(model.preprocessor.vocabulary)


def test_opposites_have_the_other_sign(model):
    lexicon = lt.load_lexicon()
    valence = dict(zip(lexicon["word"].str.lower(), lexicon["valence"], strict=True))
    turned = opposites(load_glove(words=model.preprocessor.vocabulary), lexicon, model.preprocessor.vocabulary)
    assert all(valence[word] < 0 for word in turned("good")) and all(valence[word] > 0 for word in turned("dull"))
    assert turned("the") == [] and len(turned("good")) == 8


def test_a_model_of_four_classes_flips_to_another_class():
    texts = ["one two three", "three four five six"]
    pre = Preprocessor.fit(texts)
    keras.utils.set_random_seed(1)
    parts = [
        keras.Input((None,), dtype="int32"),
        layers.Embedding(len(pre.vocabulary), 6, mask_zero=True, embeddings_initializer="normal"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(4, "softmax", kernel_initializer="normal"),
    ]
    four = TextClassifier.from_keras(keras.Sequential(parts), pre)
    found = fewest_removals(MaskedText(four, texts[1]))
    assert found.flips and found.verdict != found.edited_verdict
    assert found.verdict == four.classes[int(four.predict([texts[1]])[0].argmax())]


def test_a_rating_has_no_verdict_to_flip():
    rating = additive_game([1.0, 2.0])
    rating.unit, rating.classes = "rating", ("rating",)
    with pytest.raises(ValueError, match="answers with a rating has no verdict"):
        fewest_removals(MaskedText(rating, text_of(2)))


@pytest.mark.parametrize("setting", [{"budget": 0}, {"beam": 0}, {"most": 0}])
def test_settings_below_one_are_refused(setting):
    with pytest.raises(ValueError, match="must be 1 or more"):
        fewest_removals(MaskedText(additive_game([1.0, 2.0]), text_of(2)), **setting)


def test_neighbours_of_nothing_are_refused(model):
    with pytest.raises(ValueError, match="at least one word with a vector"):
        neighbours(load_glove(words=["film"]), ["qqqq"])
