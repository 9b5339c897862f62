"""lime, shap and captum, each at its best: the rows that a library asks about go to the model in one call.

lime and shap ask the Keras model, through the same masking on ids as our own methods. captum needs PyTorch, and asks a
copy of the same weights (`benchmarks.torch_copy`).
"""

import numpy as np
import shap
from lime.lime_text import LimeTextExplainer

from lmtutorial.explainers.masking import MaskedText
from lmtutorial.explainers.owen import phrase_tree

ALL = 10**6  # rows to a batch: as many as there are


class Asked:
    """The model as a function of masks (rows, words), for libraries that know nothing of texts.

    Args:
        model, text: what is explained.
        output: "logit" or "probability", of the second class.
    """

    def __init__(self, model, text: str, output: str = "logit"):
        self.model, self.output = model, output
        self.game = MaskedText(model, text, output=output)  # for its masking; it is never asked anything
        self.words, self.evaluations = len(self.game), 0

    def __call__(self, masks) -> np.ndarray:
        masks = np.asarray(masks, bool)
        self.evaluations += len(masks)
        scores = self.model.predict_ids(self.game.masked_ids(masks))
        return (scores[:, 0] if self.output == "logit" else self.model.probability(scores, 1)).astype(np.float64)


def lime_slopes(asked: Asked, samples: int, seed: int) -> np.ndarray:
    """(words,) what the library lime answers, without its selection of features.

    It is given a text of placeholders, so that its own way of cutting words out of strings cannot matter.
    """

    def classify(texts: list[str]) -> np.ndarray:
        masks = np.array([text.split() for text in texts]) != "GONE"  # every text has all its places
        answers = asked(masks)
        return np.stack([1 - answers, answers], axis=1)

    text = " ".join(f"w{i}" for i in range(asked.words))
    explainer = LimeTextExplainer(bow=False, mask_string="GONE", feature_selection="none", random_state=seed)
    e = explainer.explain_instance(text, classify, num_features=asked.words, num_samples=samples)
    return np.array([slope for _, slope in sorted(e.as_map()[1])])


class Places(shap.maskers.Masker):
    """For shap: a mask is itself the row to ask about. `clustering` is the tree of phrases."""

    def __init__(self, words: int, clustering: np.ndarray | None = None):
        self.shape = (None, words)
        if clustering is not None:
            self.clustering = clustering

    def __call__(self, mask, row):
        return (np.asarray(mask, bool)[None],)

    def mask_shapes(self, row):
        return [(self.shape[1],)]


def kernel(asked: Asked, evaluations: int) -> np.ndarray:
    """shap's Kernel explainer with so many evaluations, the whole text and the empty one included; draws from NumPy's
    global state."""
    explainer = shap.KernelExplainer(asked, np.zeros((1, asked.words)))
    row = np.ones((1, asked.words))
    return np.asarray(explainer.shap_values(row, nsamples=evaluations - 2, l1_reg=False, silent=True))[0]


def exact(asked: Asked) -> np.ndarray:
    explainer = shap.explainers.Exact(asked, Places(asked.words))
    return explainer(np.ones((1, asked.words)), batch_size=ALL, silent=True).values[0]


def permutation(asked: Asked, evaluations: int) -> np.ndarray:
    explainer = shap.explainers.Permutation(asked, Places(asked.words))
    return explainer(np.ones((1, asked.words)), max_evals=evaluations, batch_size=ALL, silent=True).values[0]


def partition(asked: Asked, evaluations: int) -> np.ndarray:
    """shap's Partition explainer on the very tree that `partition_shap` takes."""
    tree = phrase_tree(asked.game.encoding.text, asked.game.encoding.spans)
    explainer = shap.explainers.Partition(asked, Places(asked.words, linkage_of(tree, asked.words)))
    row = np.ones((1, asked.words))
    return explainer(row, max_evals=evaluations, batch_size=ALL, silent=True).values[0]


def linkage_of(tree, words: int) -> np.ndarray:
    """(words - 1, 4) a nested tree in scipy's form: the two parts of each phrase, a distance, its number of words."""
    rows = []

    def number(node) -> tuple[int, int]:
        if not isinstance(node, tuple):
            return node, 1
        (a, m), (b, n) = number(node[0]), number(node[1])
        rows.append([a, b, len(rows) + 1.0, m + n])
        return words + len(rows) - 1, m + n

    number(tree)
    return np.array(rows)


class Captum:
    """captum's methods on the copy of a classifier in PyTorch, for one text.

    Args:
        torch_model: from `torch_copy`.
        ids: (time,) of the text.
        replacement: id of a removed word.
    """

    def __init__(self, torch_model, ids: np.ndarray, replacement: int):
        import torch
        from captum import attr

        self.torch, self.attr, self.model = torch, attr, torch_model
        self.ids = torch.tensor(ids[None]).long()
        self.replacement = replacement
        with torch.no_grad():
            self.vectors = torch_model.embedding(self.ids)
            self.nothing = torch_model.embedding(torch.full_like(self.ids, replacement))

    def integrated_gradients(self, points: int) -> np.ndarray:
        method = self.attr.IntegratedGradients(self.model.from_embeddings)
        found = method.attribute(self.vectors, baselines=self.nothing, n_steps=points, method="gausslegendre")
        return found[0].sum(dim=-1).numpy()

    def saliency(self) -> np.ndarray:
        found = self.attr.Saliency(self.model.from_embeddings).attribute(self.vectors.clone().requires_grad_())
        return found[0].norm(dim=-1).numpy()

    def occlusion(self) -> np.ndarray:
        method = self.attr.FeatureAblation(self.model)
        with self.torch.no_grad():
            found = method.attribute(self.ids, baselines=self.replacement, perturbations_per_eval=self.ids.shape[1])
        return found[0].numpy()

    def kernel_shap(self, evaluations: int) -> np.ndarray:
        method = self.attr.KernelShap(self.model)
        with self.torch.no_grad():
            settings = {"n_samples": evaluations, "perturbations_per_eval": evaluations}
            return method.attribute(self.ids, baselines=self.replacement, **settings)[0].numpy()

    def forward(self, rows: np.ndarray):
        """The model alone, for rows of ids (rows, time)."""
        with self.torch.no_grad():
            return self.model(self.torch.from_numpy(rows))

    def there_and_back(self, rows: int):
        """The model alone and its gradient, at so many rows of vectors."""
        vectors = self.vectors.repeat(rows, 1, 1).requires_grad_()
        return self.torch.autograd.grad(self.model.from_embeddings(vectors).sum(), vectors)[0]
