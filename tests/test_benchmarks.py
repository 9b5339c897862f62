"""The measurements measure what they say: the same question to all, and no mistake in the arithmetic."""

import json

import numpy as np
import pytest

import lmtutorial as lt
from benchmarks import accuracy, competitors, memory, protocol, speed
from lmtutorial.explainers.lime import lime_limit
from lmtutorial.explainers.masking import MaskedText


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def text(model) -> str:
    return protocol.texts_of(model, 8, 1)[0]


def test_every_program_has_its_turn_and_the_first_call_is_kept_apart():
    calls = []
    first, seconds = protocol.taking_turns({name: lambda name=name: calls.append(name) for name in "abc"}, 4)
    assert calls[:3] == ["a", "b", "c"] and sorted(calls) == sorted("abc" * 5)
    assert set(first) == set("abc") and all(len(s) == 4 for s in seconds.values())
    assert len({tuple(calls[i : i + 3]) for i in range(3, 15, 3)}) > 1, "the order must change"


def test_a_spread_is_the_median_and_the_quartiles():
    assert protocol.spread([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])]) == {"median": 3, "low": 2, "high": 4}


def test_texts_have_the_number_of_words_that_was_asked_for(model):
    found = protocol.texts_of(model, 12, 5)
    assert len(set(found)) == 5 and {len(MaskedText(model, t)) for t in found} == {12}
    assert all(1 not in model.encode(t).ids for t in found), "without an unknown word every row is another"
    with pytest.raises(ValueError, match="validation reviews have 300 known words"):
        protocol.texts_of(model, 300, 1)


def test_the_bare_model_is_the_model(model, text):
    bare, ids = protocol.Bare(model), model.encode(text).ids
    rows = np.repeat(ids[None], 3000, axis=0)
    answers = bare.forward(rows, 1024)
    assert np.allclose(answers[:, 0], model.predict([text])[0], atol=1e-6)
    vectors = np.asarray(model.embed(ids[None]))
    gradient = bare.there_and_back(vectors, ids[None])[0]
    # saliency is this gradient's length, for the logit
    assert np.allclose(np.linalg.norm(gradient, axis=-1), lt.explain(model, text, "saliency").scores, atol=1e-5)


def test_what_is_asked_is_recorded_and_the_model_is_left_as_it_was(model, text):
    with protocol.recorded(model) as asked:
        e = lt.explain(model, text)
    assert sum(len(rows) for rows in asked) == e.diagnostics["evaluations"] == 10
    assert "predict_ids" not in vars(model)


def test_the_libraries_are_asked_the_same_question(model, text):
    asked = competitors.Asked(model, text)
    exact = lt.explain(model, text, "exact_shapley").scores
    assert np.allclose(competitors.exact(asked), exact, atol=1e-6)  # float32 answers of up to about 8
    assert np.allclose(competitors.kernel(asked, 256), exact, atol=1e-6)
    assert np.allclose(competitors.partition(asked, 2000), lt.explain(model, text, "partition_shap").scores, atol=1e-6)
    assert np.abs(competitors.permutation(asked, 306) - exact).max() < 0.3  # ten orders of eight words
    game = MaskedText(model, text, output="probability")
    slopes = competitors.lime_slopes(competitors.Asked(model, text, "probability"), 5000, 0)
    assert np.abs(slopes - lime_limit(game).scores).max() < 0.02  # its seeds differ by about 0.005


def curve_of(errors, seconds, evaluations) -> list[dict]:
    return [
        {"error": {"median": e}, "seconds": {"median": s}, "evaluations": n}
        for e, s, n in zip(errors, seconds, evaluations, strict=True)
    ]


def test_the_time_to_an_error_is_read_off_the_curve():
    curve = curve_of([0.4, 0.2, 0.1], [1.0, 4.0, 16.0], [100, 400, 1600])  # the error halves with four times the cost
    assert accuracy.at_error(curve, 0.2) == pytest.approx({"seconds": 4.0, "evaluations": 400})
    assert accuracy.at_error(curve, 0.2**0.5 * 0.4**0.5) == pytest.approx({"seconds": 2.0, "evaluations": 200})
    assert accuracy.at_error(curve, 0.05) is None and accuracy.at_error(curve, 0.5) is None
    perfect = curve + curve_of([1e-9], [20.0], [2000])
    assert accuracy.at_error(perfect, 0.05) == {"seconds": 20.0, "evaluations": 2000}


def test_sooner_means_at_the_same_error():
    theirs = curve_of([0.2, 0.1], [8.0, 32.0], [800, 3200])
    mine = curve_of([0.4, 0.2, 0.1], [1.0, 4.0, 16.0], [100, 400, 1600])
    for row in accuracy.same_error(theirs, mine):
        assert row["times_sooner"] == 2 and row["our_share_of_evaluations"] == 0.5
    assert len(accuracy.same_error(theirs, mine)) == 2


def test_a_trial_reports_the_largest_miss_over_the_largest_truth():
    trial = accuracy.Trial()
    for miss in (0.1, 0.2, 0.3):
        trial.add(64, np.array([1.0, -2.0 + miss]), np.array([1.0, -2.0]), seconds=miss, evaluations=60)
    row = trial.curve()[0]
    assert row["error"]["median"] == pytest.approx(0.1) and row["seconds"]["median"] == 0.2
    assert row["asked"] == 64 and row["evaluations"] == 60


@pytest.mark.slow
def test_the_speed_of_every_method_is_measured(capsys):
    found = speed.measure((8,), texts=1, turns=1)["words"]["8"]
    methods = {*speed.GRADIENTS, *speed.PERTURBATIONS}
    assert methods <= set(found["overhead"]) and all(row["ratio"]["median"] > 0 for row in found["overhead"].values())
    assert {"lime", "shap Kernel", "shap Permutation", "shap Partition", "shap Exact"} <= set(found["beside"])
    assert "times our kernel_shap" in capsys.readouterr().out
    json.dumps(found, allow_nan=False)


@pytest.mark.slow
def test_errors_fall_with_the_evaluations():
    found = accuracy.measure(1, 3, quick=True)
    for curve in (found["lime"]["8"]["curves"], found["kernel_shap"]["8"]["curves"]):
        for name, rows in curve.items():
            assert rows[-1]["error"]["median"] < rows[0]["error"]["median"], name
    json.dumps(found, allow_nan=False)


@pytest.mark.slow
def test_peak_memory_is_that_of_the_explanation_alone():
    few, many = (memory.peak_of("predict", 300, rows) for rows in (50, 1500))
    assert 0 <= few["above_mb"] <= many["above_mb"] < memory.LIMIT_MB
    with pytest.raises(RuntimeError, match="no method 'oclusion'"):
        memory.peak_of("oclusion", 20)
