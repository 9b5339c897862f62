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
    """The classifier written in torch, with the shipped weights."""
    torch = pytest.importorskip("torch")

    class Classifier(torch.nn.Module):
        def __init__(self, keras_model):
            super().__init__()
            weights = iter(torch.tensor(w) for w in keras_model.get_weights())
            self.embedding = torch.nn.Embedding.from_pretrained(next(weights))
            self.lstms = torch.nn.ModuleList()
            for _ in range(2):
                kernel, recurrent, bias = next(weights), next(weights), next(weights)
                lstm = torch.nn.LSTM(kernel.shape[0], recurrent.shape[0], batch_first=True)
                # both order the gates input, forget, cell, output; torch adds a second bias
                lstm.load_state_dict(
                    {
                        "weight_ih_l0": kernel.T,
                        "weight_hh_l0": recurrent.T,
                        "bias_ih_l0": bias,
                        "bias_hh_l0": torch.zeros_like(bias),
                    }
                )
                self.lstms.append(lstm)
            self.kernel, self.bias = next(weights), next(weights)

        def forward(self, ids):
            x = self.embedding(ids)
            for lstm in self.lstms:
                x, _ = lstm(x)
            return (x[:, -1] @ self.kernel + self.bias)[:, 0]  # (batch,) logits

    return Classifier(model.keras_model).eval()


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
