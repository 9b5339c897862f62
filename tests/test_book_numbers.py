"""Numbers of the prose pages come out of the measurements, and what the pages conclude from them holds there."""

import re

import pytest

from tools.book_numbers import number_at, stored, text_of, written

PAGES = ("book/faq.md", "book/methods.md")
ROLE = re.compile(r"\{measured\}`([^`]+)`")


def measured(store: str, path: str) -> float:
    return number_at(stored(f"measurements/{store}"), path)


@pytest.fixture(params=PAGES)
def page(request, root) -> str:
    return (root / request.param).read_text(encoding="utf-8")


def test_a_number_with_its_interval():
    mean, low, high = (measured("faithfulness", f"all/methods/lime/aopc/{end}") for end in ("mean", "low", "high"))
    found = text_of("measurements/faithfulness; all/methods/lime/aopc; .2f interval")
    assert found == f"{mean:.2f} ({low:.2f} to {high:.2f})"


def test_a_number_over_another():
    found = text_of("measurements/scale; sizes/lstm-large/weights over sizes/lstm-small/weights; .0f")
    assert found == f"{141121 / 5097:.0f}"


def test_a_percentage_does_not_leave_its_sign_on_the_next_line():
    assert written(0.125, ".1%") == "12.5\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("measurements/faithfulness; all", "wants `store; path; format`"),
        ("measurements/faithfullness; all/n; .0f", "did you mean 'measurements/faithfulness'"),
        ("measurements/faithfulness; all/methods/limes/aopc; .2f", "no 'limes' among random, saliency"),
        ("measurements/faithfulness; between_methods/rank_correlation/99/0; .2f", "no 99 among 0, 1"),
        ("measurements/faithfulness; all/methods; .2f", "does not end at a number"),
        ("measurements/faithfulness; date; .2f", "does not end at a number"),
    ],
)
def test_a_way_that_leads_to_no_number_says_where_it_ends(asked, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        text_of(asked)


def test_the_role_writes_the_number_and_a_wrong_way_is_complained_of(tmp_path):
    import io

    from sphinx.application import Sphinx

    lines = ["# A page", "{measured}`measurements/scale; sizes/lstm-small/weights; ,.0f` weights", "{measured}`none`"]
    (tmp_path / "index.md").write_text("\n\n".join(lines), encoding="utf-8")
    warnings, settings = io.StringIO(), {"extensions": ["myst_parser", "tools.book_numbers"]}
    folders = [str(tmp_path / name) for name in ("", "text", "doctrees")]
    Sphinx(folders[0], None, *folders[1:], "text", settings, status=None, warning=warnings).build()
    assert "5,097 weights" in (tmp_path / "text" / "index.txt").read_text(encoding="utf-8")
    assert "measured: wants `store; path; format`" in warnings.getvalue()


def test_every_number_that_a_page_asks_for_is_there(page):
    asked = ROLE.findall(page)
    assert len(asked) > 25
    for one in asked:
        assert re.search(r"\d", text_of(one)), one


def test_no_measured_number_is_typed(page):
    """Shares and decimals of a page are all asked for; what is typed are chapters, counts of words and names."""
    typed = re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>", "", page)
    assert re.findall(r"\d+(?:\.\d+)? ?%|\d+\.\d+", typed) == []


def test_where_the_map_says_that_methods_tie_they_tie():
    lead = "all/best/aopc/lead/{}/mean"
    assert stored("measurements/faithfulness")["all"]["best"]["aopc"]["method"] == "integrated_gradients"
    for method in ("kernel_shap", "partition_shap"):
        assert measured("faithfulness", lead.format(method)) < 0.005
        assert method in stored("measurements/faithfulness")["all"]["best"]["aopc_deleting"]["tied"]
    assert measured("faithfulness", lead.format("lime")) < 0.02 < measured("faithfulness", lead.format("occlusion"))
    assert (
        measured("faithfulness", lead.format("occlusion")) < 0.05 < measured("faithfulness", lead.format("smooth_grad"))
    )


def test_for_the_llm_the_methods_that_hide_words_lead_and_both_kinds_of_shap_tie():
    best = stored("measurements/zero_shot")["faithfulness"]["table"]["best"]["aopc"]
    assert best["method"] == "kernel_shap" and "partition_shap" in best["tied"]
    assert best["lead"]["integrated_gradients"]["low"] > 0 and best["lead"]["lime"]["mean"] < 0.01


@pytest.mark.parametrize("size", ["transformer-medium", "transformer-large"])
def test_in_larger_transformers_partition_shap_is_ahead_of_integrated_gradients(size):
    share = "figures/share of best, {}/sizes/" + size
    assert measured("scale", share.format("partition_shap") + "/low") > measured(
        "scale", share.format("integrated_gradients")
    )


def test_a_reason_that_stands_twice_is_credited_by_shap_and_not_by_occlusion():
    credit = "cases/twice/methods/{}/credit"
    assert abs(measured("shortcut", credit.format("kernel_shap")) - 1) < 0.05
    assert measured("shortcut", credit.format("occlusion")) < 0.5


def test_size_helps_the_lstms_a_little_and_the_transformers_not():
    trend = "figures/test accuracy/with_size/{}/{}"
    assert measured("scale", trend.format("lstm", "low")) > 0 and measured("scale", trend.format("lstm", "mean")) < 0.05
    assert measured("scale", trend.format("transformer", "mean")) < 0


def test_every_method_puts_a_lone_planted_word_first():
    methods = stored("measurements/shortcut")["cases"]["word"]["methods"]
    assert {name for name, found in methods.items() if "first" in found and found["first"]["mean"] < 1} == {"random"}


def test_an_honest_model_is_right_a_little_more_often_than_one_with_a_shortcut():
    honest = stored("models/reviews-lstm/card")["scores"]["frozen"]["validation"]
    assert 0 < min(honest) - measured("shortcut", "learnt/word/accuracy") < 0.05


def test_the_llm_names_its_reason_no_better_than_chance_and_there_is_one_to_name():
    tellers = "reasons/tellers/replaced/{}"
    chance = measured("zero_shot", tellers.format("told/chance"))
    assert measured("zero_shot", tellers.format("told/first/low")) < chance
    assert measured("zero_shot", tellers.format("occlusion, the other hole/first/low")) > 3 * chance


def test_a_ruler_names_the_strongest_word_more_often_than_attention():
    same = "agreement/{}/same_first/{}"
    assert measured("attention", same.format("nearness", "low")) > measured("attention", same.format("mean", "high"))


def test_counts_and_network_cannot_be_told_apart_on_reviews():
    scores = stored("models/reviews-lstm/card")["scores"]
    low, high = scores["tuned"]["test_interval"]
    assert low < scores["logistic regression"]["test_mean"] < high
