"""Every word that a model writes, explained by the words before it."""

import json

import numpy as np
import pytest
from language_models import small_lm

import lmtutorial as lt
from lmtutorial.explainers.generation import GenerationExplanation

PROMPT = "The keys, to the"
WORDS = 5  # of the prompt, the comma among them


@pytest.fixture(scope="module")
def lm():
    return small_lm()


@pytest.fixture(scope="module")
def found(lm):
    return lt.explain_generation(lm, PROMPT, 12, seed=3)


def test_the_explained_text_is_the_one_that_the_model_writes(lm, found):
    assert found.text == lm.generate(PROMPT, 12, seed=3) and found.prompt == PROMPT
    assert len(found.generated) == 12 and found.generated == [lm.vocabulary[i] for i in lm.draw(PROMPT, 12, seed=3)]
    assert lt.explain_generation(lm, PROMPT, 12, seed=4).text != found.text
    greedy = [lt.explain_generation(lm, PROMPT, 6, top_k=1, seed=seed).text for seed in (0, 1)]
    assert greedy[0] == greedy[1] == lm.generate(PROMPT, 6, top_k=1)


def test_a_word_is_explained_by_all_words_before_it_and_by_none_after(found):
    assert found.scores.shape == (12, WORDS + 11) == (12, len(found.words))
    for g, row in enumerate(found.scores):
        assert np.isfinite(row[: WORDS + g]).all() and np.isnan(row[WORDS + g :]).all()


def test_the_words_are_those_of_the_text(found):
    assert found.words[:WORDS] == ["The", "keys", ",", "to", "the"]
    for word, token in zip(found.words[WORDS:], found.generated, strict=False):
        assert word == token or (word, token) == ("\n", "[END]")
    for e in found.explanations:
        assert found.text.startswith(e.text)


@pytest.mark.parametrize("method", ["occlusion", "input_x_gradient", "partition_shap"])
@pytest.mark.parametrize("contrast", [None, "runner-up"])
def test_each_row_is_what_explain_says_of_that_word(lm, method, contrast):
    found = lt.explain_generation(lm, PROMPT, 8, method, contrast=contrast, seed=3)
    for e in found.explanations:
        alone = lt.explain(lm, e.text, method, target=e.target, contrast=e.contrast)
        assert alone.spans == e.spans and np.allclose(alone.scores, e.scores, atol=1e-4)
        assert alone.output == pytest.approx(e.output, abs=1e-5)


def test_drawn_words_are_not_read_again_from_the_text(lm):
    """Two line ends one behind the other would be read as one."""
    from lmtutorial.explainers.generation import Place, contexts_of

    drawn = [lm.start, lm.start, lm.word_id("keys")]
    last = contexts_of(lm, PROMPT, [*drawn, lm.word_id("is")])[-1]
    assert last.ids.tolist() == [lm.start, *lm.ids(PROMPT).tolist(), *drawn] and last.words[WORDS:] == [
        "\n",
        "\n",
        "keys",
    ]
    assert len(lm.ids(last.text)) == len(last.words) - 1
    assert Place(lm, "is", None, last).encode("anything").ids is last.ids


def test_the_runner_up_is_the_likeliest_other_word(lm):
    found = lt.explain_generation(lm, PROMPT, 6, contrast="runner-up", seed=3)
    drawn = lm.draw(PROMPT, 6, seed=3)
    logits = lm.logits(np.r_[lm.prompt_ids(PROMPT)[0], drawn[:-1]][None])[0, -6:]
    for word, other, scores in zip(found.generated, found.contrasts, logits, strict=True):
        ranked = [lm.vocabulary[i] for i in np.argsort(-scores) if lm.vocabulary[i] not in ("", "[UNK]", word)]
        assert other == ranked[0]
    assert all(c is None for c in lt.explain_generation(lm, PROMPT, 2, seed=3).contrasts)


def test_it_shows_as_text_as_a_table_and_as_a_picture(found, monkeypatch):
    import matplotlib.pyplot as plt

    table = found.table()
    assert table.shape == (12, WORDS + 11) and list(table.index) == found.generated
    page = found._repr_html_()
    assert "<script" not in page and page.count('scope="row"') == WORDS + 11 and page.count('scope="col"') == 12
    assert page.count("<td></td>") == 1 + 12 * 11 // 2  # the corner, and what came later
    assert all(lt.render.number(s) in page for s in found.scores[np.isfinite(found.scores)])
    assert "nan" not in page and repr(found).count("\n") == 12
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    found.plot()
    axes = shown[0].axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(names) == WORDS + 11 and names[:2] == ["The", "keys"] and len(axes.get_xticklabels()) == 12
    assert shown[0].get_size_inches()[0] < 4.5  # inches: a phone shrinks it by less than a half
    plt.close("all")


def test_it_survives_json(found):
    back = GenerationExplanation.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back.to_dict() == found.to_dict() and back._repr_html_() == found._repr_html_()
    assert np.array_equal(back.scores, found.scores, equal_nan=True)


def test_settings_reach_the_method(lm):
    found = lt.explain_generation(lm, PROMPT, 2, "integrated_gradients", points=4, tolerance=None)
    assert found.method == "integrated_gradients" and found.explanations[1].settings["points"] == 4
    deleted = lt.explain_generation(lm, PROMPT, 2, replacement="delete")
    assert deleted.explanations[0].settings["replacement"] == "delete"


@pytest.mark.parametrize(
    "prompt, settings, message",
    [
        ("", {}, "the text is empty"),
        ("xyzzy", {}, "knows none of the words"),
        (PROMPT, {"length": 0}, "length must be at least 1"),
        (PROMPT, {"method": "oclusion"}, "did you mean 'occlusion'"),
        (PROMPT, {"contrast": "is"}, 'contrast must be "runner-up"'),
        (PROMPT, {"temperature": 0}, "temperature must be above 0"),
        (PROMPT, {"top_p": 1.5}, "top_p"),
        (PROMPT, {"colour": "red"}, "no setting 'colour'"),
    ],
)
def test_what_cannot_be_generated_is_told_clearly(lm, prompt, settings, message):
    with pytest.raises(ValueError, match=message):
        lt.explain_generation(lm, prompt, **settings)


def test_a_classifier_generates_nothing():
    with pytest.raises(ValueError, match="str is no language model"):
        lt.explain_generation("reviews-lstm", PROMPT)
