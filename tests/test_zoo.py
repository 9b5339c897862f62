"""The shipped model: its card, its scores, its file."""

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.models import zoo


@pytest.fixture(scope="module")
def data() -> zoo.ReviewData:
    return zoo.ReviewData.load(zoo.RECIPES["reviews-lstm"])


@pytest.fixture(scope="module")
def card() -> dict:
    return zoo.model_card("reviews-lstm")


def test_the_shipped_model_has_the_scores_of_its_card(data, card):
    model, place = lt.load_model("reviews-lstm"), card["seeds"].index(card["shipped_seed"])
    for split in ("validation", "test"):
        assert data.accuracy(model, split) == pytest.approx(card["scores"]["tuned"][split][place], abs=0.0015)
    assert card["shipped_seed"] == card["seeds"][int(np.argmax(card["scores"]["tuned"]["validation"]))]


def test_five_seeds_reach_what_the_book_promises_on_enough_sentences(card):
    tuned = card["scores"]["tuned"]
    assert len(tuned["test"]) == len(set(card["seeds"])) == 5
    assert card["rows"]["test"] >= 1500
    assert tuned["test_mean"] == pytest.approx(np.mean(tuned["test"]), abs=1e-3) and tuned["test_mean"] >= 0.78
    low, high = tuned["test_interval"]
    assert low < tuned["test_mean"] < high and 0.02 < high - low < 0.06


def test_the_baselines_stand_beside_it(card):
    scores = card["scores"]
    assert scores["majority"] < scores["lexicon rule"]["test_mean"] < scores["logistic regression"]["test_mean"]
    assert scores["frozen"]["test_mean"] < scores["tuned"]["test_mean"]


def test_the_shipped_preprocessor_is_the_one_its_data_gives(data):
    assert lt.load_model("reviews-lstm").preprocessor == data.preprocessor


def test_shipped_weights_are_float16_numbers():
    for weight in lt.load_model("reviews-lstm").keras_model.get_weights():
        assert np.array_equal(weight, weight.astype(np.float16).astype(np.float32))


def test_a_damaged_shipped_file_is_refused_with_both_checksums(tmp_path):
    copy = tmp_path / "model.keras"
    copy.write_bytes(files.path("models/reviews-lstm/model.keras").read_bytes()[:-1])
    expected = files.checksums()["models/reviews-lstm/model.keras"]
    with pytest.raises(ValueError, match=f"{files.sha256(copy)}, expected {expected}"):
        files.verify(copy, expected)


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'reviews-lstm'"):
        lt.load_model("reviews_lstm")
    with pytest.raises(ValueError, match="did you mean 'reviews-lstm'"):
        zoo.model_card("reviews-lst")


def test_the_interval_is_the_bootstraps():
    right = np.array([1] * 780 + [0] * 220)
    low, high = zoo.interval(right)
    half = 1.96 * np.sqrt(0.78 * 0.22 / 1000)
    assert low == pytest.approx(0.78 - half, abs=0.003) and high == pytest.approx(0.78 + half, abs=0.003)
