"""The game: what it asks the model, how often, and what it refuses."""

import numpy as np
import pytest
from games import SetGame, additive_game, random_game, text_of

import lmtutorial as lt
from lmtutorial.explainers import masking
from lmtutorial.explainers.masking import MaskedText
from lmtutorial.explainers.occlusion import occlusion_scores


def test_nothing_is_asked_before_the_first_question_and_that_carries_both_ends():
    model = random_game(5)
    game = MaskedText(model, text_of(5))
    assert model.calls == 0 and game.evaluations == 0
    game(np.array([[True, False, True, False, True]]))
    assert model.calls == 1 and game.evaluations == 3
    game.whole(), game.nothing(), game.probability, game.target
    assert model.calls == 1


def test_occlusion_costs_one_call_of_the_model():
    model = additive_game([1.0, -2.0, 0.5])
    e = lt.explain(model, text_of(3), method="occlusion")
    assert model.calls == 1 and model.rows_seen == 5
    assert np.allclose(e.scores, [1, -2, 0.5]) and e.output == -0.5 and e.baseline_output == 0


@pytest.mark.parametrize("words", [1, 8, 9, 63, 64, 65, 130])
def test_every_row_gets_the_answer_that_belongs_to_it(words):
    weights = np.random.default_rng(words).normal(size=words)
    game = MaskedText(additive_game(weights), text_of(words))
    masks = np.random.default_rng(1).random((300, words)) < 0.5
    assert np.allclose(game(masks), masks @ weights, atol=1e-12)  # float64 sums in another order
    assert np.allclose(game(masks[::-1]), (masks @ weights)[::-1], atol=1e-12)
    assert game.evaluations == len(np.unique(np.concatenate([masks, game._ends()]), axis=0))


def test_rows_of_zeros_at_the_end_are_not_taken_for_shorter_rows():
    game = MaskedText(SetGame(lambda masks: masks.sum(axis=1), 80), text_of(80))
    masks = np.tri(81, 80, -1, dtype=bool)  # the first k words are kept
    assert np.array_equal(game(masks), np.arange(81))


def test_a_word_that_is_unknown_anyway_makes_no_row_of_its_own():
    model = lt.load_model("reviews-lstm")
    game = MaskedText(model, "a gorgeous qwxzq film")
    masks = np.array([[bool(n >> i & 1) for i in range(4)] for n in range(16)])
    values = game(masks)
    assert game.evaluations == 8 and np.array_equal(values[masks[:, 2]], values[~masks[:, 2]])
    deleting = MaskedText(model, "a gorgeous qwxzq film", replacement="delete")
    deleting(masks)
    assert deleting.evaluations == 16


def test_what_is_remembered_is_not_asked():
    model = random_game(4)
    game = MaskedText(model, text_of(4))
    game.remember(np.array([[True] * 4, [False] * 4]), np.array([[3.0], [-1.0]]))
    assert (game.whole(), game.nothing(), model.calls) == (3.0, -1.0, 0)
    assert game.target == "positive" and game.probability == pytest.approx(1 / (1 + np.exp(-3.0)))


def test_the_class_that_is_explained_stays_the_one_predicted_of_the_whole_text():
    class ThreeClasses(SetGame):
        classes = ("a", "b", "c")

        def predict_ids(self, ids):
            kept = (ids != 1).sum(axis=1)
            return np.stack([3.0 - kept, kept * 2.0, kept * 0.5], axis=1)

    game = MaskedText(ThreeClasses(None, 3), text_of(3))
    assert game(np.array([[True, False, False]]))[0] == 2.0 and game.target == "b"
    assert occlusion_scores(MaskedText(ThreeClasses(None, 3), text_of(3), target="a")).tolist() == [-1.0] * 3


def test_the_order_of_questions_does_not_matter():
    masks = np.random.default_rng(0).random((40, 6)) < 0.5
    one, other = (MaskedText(random_game(6), text_of(6)) for _ in range(2))
    whole = one.whole()
    assert np.array_equal(one(masks), other(masks)) and whole == other.whole()


def test_a_long_question_warns_and_one_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(masking, "LONG", 1000)
    monkeypatch.setattr(masking, "TOO_LONG", 10_000)
    with pytest.warns(UserWarning, match="42 variants of a text of 40 words"):
        e = lt.explain(additive_game(np.ones(40)), text_of(40))
    assert np.array_equal(e.scores, np.ones(40))
    with pytest.raises(ValueError, match="202 variants of a text of 200 words would take the model too long"):
        lt.explain(additive_game(np.ones(200)), text_of(200))


def test_thousands_of_words_are_occluded_with_a_warning_and_ten_thousand_are_refused():
    weights = np.random.default_rng(0).normal(size=10_000)
    with pytest.warns(UserWarning, match="4,002 variants of a text of 4,000 words"):
        e = lt.explain(additive_game(weights[:4000]), text_of(4000))
    assert np.allclose(e.scores, weights[:4000], atol=1e-9)  # thousands of float64 numbers in another order
    with pytest.raises(ValueError, match="10,002 variants of a text of 10,000 words would take the model too long"):
        lt.explain(additive_game(weights), text_of(10_000))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_is_named(bad):
    with pytest.raises(ValueError, match=f"the model answers {bad}"):
        lt.explain(SetGame(lambda masks: np.where(masks.all(axis=1), 1.0, bad), 3), text_of(3))


def test_a_setting_that_a_method_does_not_have_is_named():
    with pytest.raises(ValueError, match="occlusion has no setting 'seed'"):
        lt.explain(random_game(3), text_of(3), seed=1)
    with pytest.raises(ValueError, match="did you mean 'negative'"):
        lt.explain(random_game(3), text_of(3), target="negativ")
    with pytest.raises(ValueError, match="rating has no probabilities"):
        rated = random_game(3)
        rated.unit = "rating"
        lt.explain(rated, text_of(3), output="probability")
