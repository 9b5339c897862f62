"""The measurements of chapter 21 attack what they say they attack, and count names as names."""

import numpy as np
import pytest

import lmtutorial as lt
from benchmarks import leaks, many_texts, names, privacy

TEXTS = ["A gorgeous, moving film.", "Amy is dull, and so is the film.", "Not bad at all.", "Dull."]


def test_many_texts_at_once_get_the_attributions_of_each_alone():
    model = lt.load_model("reviews-lstm")
    logits, paths, steep = many_texts.attributions(model, TEXTS)
    for text, logit, path, slope in zip(TEXTS, logits, paths, steep, strict=True):
        alone = lt.explain(model, text, "integrated_gradients", target=1, tolerance=None)
        assert np.allclose(path, alone.scores, atol=1e-6) and np.isclose(logit, alone.output, atol=1e-6)
        assert np.allclose(slope, lt.explain(model, text, "saliency", target=1).scores, atol=1e-6)


@pytest.mark.parametrize("module", [privacy, leaks])
def test_two_seeds_share_the_texts_out_between_them(module):
    for seed in (0, 2, 4):
        assert np.array_equal(module.members_of(seed, 101), ~module.members_of(seed + 1, 101))
    assert not np.array_equal(module.members_of(0, 101), module.members_of(2, 101))


def test_every_secret_has_words_that_the_model_knows_and_a_thing_of_its_own():
    pre, secrets = privacy.preprocessor(), privacy.secrets_of(0)
    assert len(pre.vocabulary) == privacy.RECIPE.max_tokens
    assert all(1 not in pre.lookup(pre.tokens(secret.sentence)) for secret in secrets)
    things = [[word for word in secret.carrier.split() if word in privacy.THINGS] for secret in secrets]
    assert all(len(found) == 1 for found in things) and len({found[0] for found in things}) == len(secrets)


def test_a_loss_is_held_against_other_models_that_have_not_read_the_chapter_and_never_the_other_half():
    losses = np.array([[[1.0], [5.0]], [[2.0], [6.0]], [[4.0], [9.0]], [[3.0], [7.0]]])  # (models, chapters, passages)
    members = np.array([[True, False], [False, True], [True, False], [False, True]])  # two pairs of halves
    calibrated = privacy.attacks(losses, members)["calibrated"][..., 0]
    assert calibrated.tolist() == [[3 - 1, 9 - 5], [3 - 2, 9 - 6], [2 - 4, 5 - 9], [2 - 3, 5 - 7]]


def test_an_attacker_of_one_model_learns_neither_from_it_nor_from_its_other_half():
    random = np.random.default_rng(0)
    parts = []
    for seed in range(4):
        seen = random.normal(size=(200, len(leaks.SEEN)))
        seen[:, 1] = random.integers(0, 2, 200)
        member = leaks.members_of(seed, 200)
        seen[:, leaks.SEEN.index("ig_variance")] = np.where(member == (seed < 2), 1, -1)  # tells all, then the reverse
        parts.append({"stopped": seen, "member": member})
    scores = leaks.attacked(parts, "stopped")["attribution"]
    assert leaks.areas(scores, np.stack([part["member"] for part in parts])) < 0.05


def test_groups_of_names_that_do_not_differ_are_not_told_apart():
    values = {f"a{i}": float(i % 4) for i in range(8)} | {f"b{i}": float(i % 4) for i in range(8)}
    found = names.gap(values, [f"a{i}" for i in range(8)], [f"b{i}" for i in range(8)], rounds=300)
    assert found["mean"] == 0 and found["low"] < 0 < found["high"] and found["p"] == 1


def test_two_verdicts_are_counted_over_pairs_of_names():
    logits = np.array([[[1.0, 1.0, -1.0, -1.0], [1.0, 1.0, 1.0, 1.0]]])  # one seed, two sentences, names a b c d
    found = names.disagreement(logits, list("abcd"), ["a", "b"], ["c", "d"])
    assert found == {"across": 0.5, "within": 0.0}


def test_a_hidden_name_is_the_unknown_word_and_nothing_else_changes():
    model = lt.load_model("reviews-lstm")
    hidden = names.without_names(model, ["john", "amy"])
    a, b, unknown = hidden.scores(["John is good.", "Amy is good.", "Qqq is good."])[:, 0]
    assert a == b == unknown == model.scores(["Qqq is good."])[0, 0]
    assert hidden.scores(["A good film."]) == model.scores(["A good film."])
