"""The shipped classifier and its explanations beside the same weights in torch and captum."""

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.preprocessing import UNKNOWN

pytestmark = pytest.mark.crosscheck


@pytest.fixture(scope="module")
def model():
    return lt.load_model("reviews-lstm")


@pytest.fixture(scope="module")
def torch_model(model):
    pytest.importorskip("torch")
    from benchmarks.torch_copy import torch_copy

    return torch_copy(model)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [text for text in lt.load_reviews()["text"][:40] if len(text.split()) > 4]


def test_logits_are_those_of_the_same_weights_in_torch(model, torch_model, texts):
    import torch

    assert len(texts) > 30
    with torch.no_grad():
        theirs = [float(torch_model(torch.tensor(model.encode(text).ids[None]).long())[0]) for text in texts]
    assert np.allclose(model.scores(texts)[:, 0], theirs, atol=1e-5)


def test_occlusion_is_captums_feature_ablation(model, torch_model, texts):
    import torch

    attr = pytest.importorskip("captum.attr")
    for text in texts[:10]:
        ids = torch.tensor(model.encode(text).ids[None]).long()
        theirs = attr.FeatureAblation(torch_model).attribute(ids, baselines=UNKNOWN)
        assert np.allclose(lt.explain(model, text, method="occlusion").scores, theirs[0].numpy(), atol=1e-5)


def embeddings_of(model, text):
    """The text's vectors (1, time, dim) and those of as many unknown words."""
    import torch

    ids = model.encode(text).ids[None]
    return [torch.tensor(np.asarray(model.embed(rows))) for rows in (ids, np.full_like(ids, UNKNOWN))]


@pytest.mark.parametrize("baseline", ["unknown", "zero"])
def test_integrated_gradients_are_captums_at_the_same_points(model, torch_model, texts, baseline):
    attr = pytest.importorskip("captum.attr")
    theirs = attr.IntegratedGradients(torch_model.from_embeddings)
    for text in texts:
        e, unknown = embeddings_of(model, text)
        want = theirs.attribute(
            e, baselines=0 * e if baseline == "zero" else unknown, n_steps=16, method="gausslegendre"
        )
        settings = {"baseline": baseline, "points": 16, "tolerance": None}
        got = lt.explain(model, text, method="integrated_gradients", **settings).scores
        # float32 on both sides, summed over 50 dimensions and 16 points; the scores go up to about 5
        assert np.allclose(got, want[0].sum(dim=-1).numpy(), atol=1e-5)


def test_captums_trapezoid_shrinks_every_score_by_one_nth_and_ours_does_not(model, torch_model, texts):
    attr = pytest.importorskip("captum.attr")
    e, unknown = embeddings_of(model, texts[0])
    theirs = attr.IntegratedGradients(torch_model.from_embeddings)
    want = theirs.attribute(e, baselines=unknown, n_steps=50, method="riemann_trapezoid")[0].sum(dim=-1).numpy()
    settings = {"rule": "trapezoid", "points": 50, "tolerance": None}
    ours = lt.explain(model, texts[0], method="integrated_gradients", **settings)
    assert np.allclose(want, ours.scores * 49 / 50, atol=1e-5)
    assert abs(ours.completeness_gap) < 0.01 < abs(want.sum() - (ours.output - ours.baseline_output))


def test_saliency_and_input_x_gradient_are_captums(model, torch_model, texts):
    attr = pytest.importorskip("captum.attr")
    for text in texts:
        e = embeddings_of(model, text)[0]
        slope = attr.Saliency(torch_model.from_embeddings).attribute(e.clone().requires_grad_())[0].numpy()
        product = (
            attr.InputXGradient(torch_model.from_embeddings)
            .attribute(e.clone().requires_grad_())[0]
            .sum(dim=-1)
            .detach()
            .numpy()
        )
        # captum gives absolute values per dimension; the norm does not care about their signs
        assert np.allclose(lt.explain(model, text, method="saliency").scores, np.linalg.norm(slope, axis=-1), atol=1e-5)
        assert np.allclose(lt.explain(model, text, method="input_x_gradient").scores, product, atol=1e-5)
