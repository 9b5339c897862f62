"""The study of size: the best order, the share of it that a method reaches, and what is compared with what."""

from itertools import permutations

import numpy as np
import pytest
from games import SetGame, additive_game, number_of, random_game, text_of

from benchmarks import scale, scale_summary
from lmtutorial.explainers import faithfulness
from lmtutorial.explainers.masking import MaskedText

WEIGHTS = np.array([2.0, -1.0, 4.0, 1.0, -3.0])


def game_of(model, words: int) -> MaskedText:
    return MaskedText(model, text_of(words), target=1)


def row(scores, verdict=1, **more) -> dict:
    return {"scores": {"integrated_gradients": list(scores)}, "verdict": verdict} | more


def test_where_words_add_up_the_best_order_is_that_of_their_weights():
    game = game_of(additive_game(WEIGHTS), 5)
    assert faithfulness.best_aopc(game, beam=1) == pytest.approx(faithfulness.aopc(game, WEIGHTS))


@pytest.mark.parametrize("seed", range(3))
def test_a_wide_search_finds_the_best_of_all_orders_and_a_narrow_one_no_more(seed):
    game = game_of(random_game(5, seed), 5)
    best = max(faithfulness.aopc(game, np.array(order, float)) for order in permutations(range(5)))
    assert faithfulness.best_aopc(game, beam=64) == pytest.approx(best)
    assert faithfulness.best_aopc(game, beam=1) <= best + 1e-9


def test_the_order_that_lost_most_is_kept_where_two_orders_leave_the_same_words():
    lost = {7: 0, 6: 5, 5: 1, 3: 0}  # words 0 and 1 may go in either order; word 0 first has lost more by then
    answers = np.array([-lost.get(kept, 6) for kept in range(8)], float)
    game = game_of(SetGame(lambda masks: answers[number_of(masks)], 3), 3)
    assert faithfulness.best_aopc(game, beam=3) == pytest.approx((5 + 6 + 6) / 4)


def test_a_search_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match="beam must be 1 or more, got 0"):
        faithfulness.best_aopc(game_of(additive_game(WEIGHTS), 5), beam=0)


@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_a_sharper_model_has_the_same_share_of_the_best_and_more_of_everything_else(factor):
    model = random_game(6)
    sharper = SetGame(lambda masks: factor * model.function(masks), 6)
    games = [game_of(one, 6) for one in (model, sharper)]
    scores = games[0].whole() - games[0](games[0].without_each_word())
    told = []
    for game in games:
        floor = faithfulness.random_aopc(game)[0]
        measures = {"any": scale.judged(game, scores)}
        told.append({"measures": measures, "floor": {"aopc": floor}, "best": faithfulness.best_aopc(game)})
    shares = [scale_summary.normalised("any")(one) for one in told]
    assert shares[0] == pytest.approx(shares[1]) and shares[0] < 1
    drops = [one["measures"]["any"]["aopc"] for one in told]
    assert drops[1] == pytest.approx(factor * drops[0])


def test_probabilities_are_those_of_the_logits():
    game = game_of(additive_game(WEIGHTS), 5)
    asked = MaskedText(additive_game(WEIGHTS), text_of(5), target=1, output="probability")
    view = scale.InProbability(game)
    assert faithfulness.aopc(view, WEIGHTS) == pytest.approx(faithfulness.aopc(asked, WEIGHTS))
    assert faithfulness.sufficiency(view, WEIGHTS) == pytest.approx(faithfulness.sufficiency(asked, WEIGHTS))


def test_reasons_are_compared_towards_one_class_and_only_where_the_verdict_is_the_same():
    for_positive, for_negative = row([3, 2, 1]), row([-3, -2, -1], verdict=0)
    assert np.isnan(scale_summary.compared([for_positive], [for_negative])[0])
    assert scale_summary.compared([for_negative], [for_negative])[0] == 1
    assert np.array_equal(scale_summary.towards_positive(for_negative), [3, 2, 1])


def test_no_training_is_compared_with_itself():
    rows = {("small", s): [row(np.roll([1.0, 2.0, 3.0, 4.0], s))] for s in range(3)}
    pairs = scale_summary.seed_pairs(rows, [0, 1, 2])
    assert np.isnan(pairs[0, [0, 1, 2], [0, 1, 2]]).all() and np.isfinite(pairs).sum() == 6
    drawn = np.array([[[0, 0, 1]], [[2, 2, 2]]]), np.zeros((2, 1), int)
    found = scale_summary.pairs_redrawn(pairs, drawn)
    assert found[0, 0] == pytest.approx(pairs[0, 0, 1, 0]) and np.isnan(found[1, 0])


def test_people_are_compared_with_the_scores_of_the_words_that_they_rated():
    rows = {
        ("small", 0): [
            row([1.0, 9.0, -2.0], words=["good", "of", "bad"]),
            row([3.0, 0.0], words=["excellent", "it"]),
        ]
    }
    people = scale_summary.RatedWords(rows, [0], "integrated_gradients")
    assert people.words == ["good", "bad", "excellent"]
    assert people.correlations()[0, 0] == pytest.approx(1)


def test_both_families_have_sizes_of_their_own_from_small_to_large():
    matrix = np.zeros((50, 50), "float32")
    for name in ("lstm", "transformer"):
        weights = [
            scale.builder(size)(matrix, dropout=0.1).count_params() - matrix.size
            for size in scale.SIZES
            if scale.family(size) == name
        ]
        assert weights == sorted(weights) and weights[-1] > 20 * weights[0]


def test_sentences_are_those_of_the_test_split_and_the_same_each_time():
    texts = scale.sentences()
    assert len(set(texts)) == scale.SENTENCES and texts == scale.sentences()
    assert set(texts) <= set(scale.data().texts["test"])


def test_a_figure_against_size_shows_every_mean_with_its_interval(monkeypatch):
    import matplotlib.pyplot as plt

    from lmtutorial import plots

    monkeypatch.setattr(plt, "show", lambda: None)
    line = ([5_000, 40_000], [0.7, 0.8], [0.6, 0.75], [0.75, 0.9])
    panels = {"accuracy": {"lstm": line, "transformer": line}, "loss": {"lstm": line}}
    plots.against_size(panels, xlabel="weights", levels={"accuracy": {"word counts": 0.78}})
    first, second = plt.gcf().axes
    assert first.get_xscale() == "log" and first.get_ylabel() == "accuracy" and second.get_ylabel() == "loss"
    bars = first.containers[0].lines[2][0].get_segments()
    assert np.allclose([bar[:, 1] for bar in bars], [[0.6, 0.75], [0.75, 0.9]])
    assert {text.get_text() for text in plt.gcf().legends[0].get_texts()} == {"lstm", "transformer", "word counts"}
    plt.close("all")
