"""The measures of an explanation, against cases worked by hand and laws."""

import numpy as np
import pytest
from games import SetGame, additive_game, random_game, text_of

import lmtutorial as lt
from lmtutorial.explainers import faithfulness as f
from lmtutorial.explainers.masking import MaskedText

WEIGHTS = np.array([2.0, -1.0, 4.0, 1.0])  # the whole text is worth 6


@pytest.fixture
def bag() -> MaskedText:
    return MaskedText(additive_game(WEIGHTS), text_of(4))


def test_comprehensiveness_and_sufficiency_by_hand(bag):
    # top words by weight: 4; 4 and 2. Without them 2 and 0 are left; they alone give 4 and 6
    assert f.comprehensiveness(bag, WEIGHTS, (0.25, 0.5)) == pytest.approx((4 + 6) / 2)
    assert f.sufficiency(bag, WEIGHTS, (0.25, 0.5)) == pytest.approx((2 + 0) / 2)
    # the worst order takes -1 first, then 1
    assert f.comprehensiveness(bag, -WEIGHTS, (0.25, 0.5)) == pytest.approx((-1 + 0) / 2)


def test_a_share_below_one_word_takes_one_word(bag):
    assert f.comprehensiveness(bag, WEIGHTS, (0.01, 0.05, 0.2)) == pytest.approx(4)
    ten = MaskedText(additive_game(np.arange(10.0)), text_of(10))
    # 0.3 of ten words is three words, not four, whatever the binary fraction says
    assert f.comprehensiveness(ten, np.arange(10.0), (0.3,)) == pytest.approx(9 + 8 + 7)


def test_curves_by_hand(bag):
    assert f.deletion_curve(bag, WEIGHTS).tolist() == [6, 2, 0, -1, 0]
    assert f.insertion_curve(bag, WEIGHTS).tolist() == [0, 4, 6, 7, 6]
    assert f.area(f.deletion_curve(bag, WEIGHTS)) == pytest.approx((4 + 1 - 0.5 - 0.5) / 4)
    assert f.aopc(bag, WEIGHTS) == pytest.approx((0 + 4 + 6 + 7 + 6) / 5)


def test_the_area_of_a_step_is_the_width_of_the_step():
    assert f.area(np.array([1.0] * 5 + [0.0] * 5)) == pytest.approx(4.5 / 9)
    assert f.area(np.ones(7)) == 1


def test_only_the_order_of_the_scores_matters(bag):
    for measure in (f.comprehensiveness, f.sufficiency, f.aopc):
        assert measure(bag, WEIGHTS) == measure(bag, np.exp(WEIGHTS))


def test_the_true_weights_of_a_bag_beat_every_other_order(bag):
    from itertools import permutations

    best = f.aopc(bag, WEIGHTS)
    others = [f.aopc(bag, np.array(order, float)) for order in permutations(range(4))]
    assert max(others) == pytest.approx(best) and min(others) < best


def test_random_order_has_its_closed_form_on_a_bag(bag):
    # the k words taken first are worth k/4 of 6 on average, k = 0 … 4: half of 6
    mean, error = f.random_aopc(bag, orders=400)
    assert 0 < error < 0.1 and abs(mean - 3) < 4 * error
    assert f.random_aopc(bag, seed=1) == f.random_aopc(bag, seed=1) != f.random_aopc(bag, seed=2)


def test_infidelity_is_zero_for_the_weights_of_a_bag_and_for_nothing_else(bag):
    assert f.infidelity(bag, WEIGHTS, normalize=False) == pytest.approx(0, abs=1e-20)
    assert f.infidelity(bag, 2 * WEIGHTS, normalize=False) > 1
    assert f.infidelity(bag, 2 * WEIGHTS) == pytest.approx(0, abs=1e-20)  # one factor is forgiven
    assert f.infidelity(bag, -WEIGHTS) == pytest.approx(0, abs=1e-20)
    assert f.infidelity(bag, np.zeros(4)) > 1
    product = MaskedText(SetGame(lambda m: m.all(axis=1), 2), text_of(2))
    # the words go with chance 1/2 each; I.phi = 0, 1/2, 1/2, 1 against a loss of 0, 1, 1, 1: mean square 1/8
    assert f.infidelity(product, np.array([0.5, 0.5]), samples=40_000, normalize=False) == pytest.approx(
        1 / 8, abs=0.005
    )


def test_infidelity_asks_each_distinct_set_once():
    model = random_game(5)
    f.infidelity(MaskedText(model, text_of(5)), np.ones(5), samples=5000)
    assert model.rows_seen == 32


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda g: f.comprehensiveness(g, np.ones(3)), "4 finite scores are needed"),
        (lambda g: f.aopc(g, np.array([1, 2, np.nan, 0])), "4 finite scores are needed"),
        (lambda g: f.sufficiency(g, WEIGHTS, (0.0,)), r"shares of the words in \(0, 1\]"),
        (lambda g: f.sufficiency(g, WEIGHTS, ()), "shares of the words"),
        (lambda g: f.infidelity(g, WEIGHTS, share=1.0), "share must lie in"),
        (lambda g: f.random_aopc(g, orders=1), "two orders or more"),
    ],
)
def test_bad_settings_are_refused(bag, call, message):
    with pytest.raises(ValueError, match=message):
        call(bag)


def test_one_word_has_its_measures():
    game = MaskedText(additive_game([3.0]), text_of(1))
    assert f.comprehensiveness(game, np.ones(1)) == 3 and f.sufficiency(game, np.ones(1)) == 0
    assert f.aopc(game, np.ones(1)) == 1.5 and f.random_aopc(game) == (1.5, 0.0)


def test_on_real_reviews_occlusion_beats_random_order():
    model = lt.load_model("reviews-lstm")
    reviews = lt.load_reviews().query("split == 'validation'")["text"]
    gains = []
    for text in reviews[reviews.str.split().str.len().between(10, 20)][:12]:
        game = MaskedText(model, text, output="probability", target=int(model.predict([text])[0] > 0.5))
        scores = game.whole() - game(game.without_each_word())
        gains.append(f.aopc(game, scores) - f.random_aopc(game, orders=5)[0])
    assert len(gains) == 12 and np.mean(gains) > 0.1
