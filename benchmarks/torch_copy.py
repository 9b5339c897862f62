"""The shipped classifier written in PyTorch, with the same weights: what captum and shap need for a fair comparison.

    model = torch_copy(lt.load_model("reviews-lstm"))
    model(ids)                          # (batch,) logits of ids (batch, time), a long tensor
    model.from_embeddings(embeddings)   # (batch,) logits of embeddings (batch, time, dim)

It knows no padding: give it texts of one length.
"""

import torch

from lmtutorial.models.classifier import TextClassifier


class TorchClassifier(torch.nn.Module):
    """Embedding -> LSTM -> ... -> LSTM -> Dense(1), without the last sigmoid.

    Args:
        weights: arrays in the order in which Keras lists them: the embedding, three for each LSTM, two for the output.
    """

    def __init__(self, weights):
        super().__init__()
        embedding, *lstms, self.kernel, self.bias = map(torch.tensor, weights)
        self.embedding = torch.nn.Embedding.from_pretrained(embedding)
        self.lstms = torch.nn.ModuleList(_lstm(*lstms[i : i + 3]) for i in range(0, len(lstms), 3))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.from_embeddings(self.embedding(ids))

    def from_embeddings(self, x: torch.Tensor) -> torch.Tensor:
        for lstm in self.lstms:
            x, _ = lstm(x)  # (batch, time, units)
        return (x[:, -1] @ self.kernel + self.bias)[:, 0]


def _lstm(kernel: torch.Tensor, recurrent: torch.Tensor, bias: torch.Tensor) -> torch.nn.LSTM:
    """One layer. Both libraries order the gates input, forget, cell, output; torch adds a second bias."""
    lstm = torch.nn.LSTM(kernel.shape[0], recurrent.shape[0], batch_first=True)
    state = {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": bias}
    lstm.load_state_dict({**state, "bias_hh_l0": torch.zeros_like(bias)})
    return lstm


def torch_copy(model: TextClassifier) -> TorchClassifier:
    """A PyTorch model with the weights of a classifier that `build_lstm` made."""
    return TorchClassifier(model.keras_model.get_weights()).eval()
