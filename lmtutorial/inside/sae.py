"""A sparse autoencoder: every vector of a model as a sum of a few directions out of many.

    f = the k largest of ReLU((x - shift) E + b), all others 0        x_hat = shift + f D

1. A vector x (width,) is written with a dictionary D (features, width): each row is a direction of length 1, and there
   are more of them than x has numbers.
2. Only k features may be used for one vector (TopK), so that each one must be worth its place. The hope is that a
   direction which many texts share, and few at a time, is one that can be named.
3. E, b, shift and D are learned from vectors of real text, so that x_hat comes near x (`sae_training`).

(Bricken et al. 2023, "Towards Monosemanticity", and Huben et al. 2024 for sparse autoencoders of language models;
Makhzani & Frey 2014 for TopK; Gao et al. 2025, "Scaling and evaluating sparse autoencoders", for this form.)

Vectors are divided by one number, `scale`, before all this, and multiplied by it after: activations below are in its
unit. It changes no share of variance, because both sides are scaled alike.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import ops

from .. import files
from ..files import written_whole

FILES = ("weights.npz", "card.json")  # what `save` writes
PIECE = 4096  # vectors encoded at a time


def keep_largest(x, k: int):
    """x (..., features) where it is positive and among the k largest of its row, 0 elsewhere; equals share a place."""
    least = ops.top_k(x, k)[0][..., -1:]
    return ops.where((x >= least) & (x > 0), x, 0.0)


class SparseAutoencoder(keras.layers.Layer):
    """The formula above, with its weights.

    Args:
        width: numbers in a vector.
        features: rows of the dictionary.
        k: how many of them one vector may use.
        scale: what vectors are divided by.
        site: where in the model the vectors come from, such as "layer.14.residual".

    Attributes:
        encoder: (width, features) E.
        bias: (features,) b.
        decoder: (features, width) D.
        shift: (width,) in the unit of the scaled vectors.

    Raises:
        ValueError: if k is not from 1 to `features`, or the scale is not positive.
    """

    def __init__(self, width: int, features: int, k: int, *, scale: float = 1.0, site: str = "", **settings):
        super().__init__(**settings)
        if not 1 <= k <= features:
            raise ValueError(f"k must be from 1 to {features}, the number of features; got {k}")
        if not scale > 0:
            raise ValueError(f"scale must be positive, got {scale}")
        self.width, self.features, self.k, self.scale, self.site = width, features, k, float(scale), site
        self.encoder = self.add_weight(name="encoder", shape=(width, features), initializer="zeros")
        self.bias = self.add_weight(name="bias", shape=(features,), initializer="zeros")
        self.decoder = self.add_weight(name="decoder", shape=(features, width), initializer="zeros")
        self.shift = self.add_weight(name="shift", shape=(width,), initializer="zeros")
        self.built = True

    @property
    def layer(self) -> int:
        """The number of the layer behind which it reads."""
        return int(self.site.split(".")[1])

    def before(self, z):
        """(..., features) what each feature answers to scaled vectors z (..., width), before the choice of k."""
        return ops.matmul(z - self.shift, self.encoder) + self.bias

    def call(self, x):
        """x_hat (..., width) of vectors x (..., width), as a tensor."""
        f = keep_largest(self.before(x / self.scale), self.k)
        return self.scale * (ops.matmul(f, self.decoder) + self.shift)

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Activations (..., features) of vectors x (..., width): at most k in a row are not 0."""
        x = self._checked(x, self.width)
        return self._in_pieces(x, lambda part: keep_largest(self.before(part / self.scale), self.k), self.features)

    def decode(self, f: np.ndarray) -> np.ndarray:
        """Vectors (..., width) of activations f (..., features)."""
        f = self._checked(f, self.features)
        return self._in_pieces(f, lambda part: self.scale * (ops.matmul(part, self.decoder) + self.shift), self.width)

    def rebuild(self, x: np.ndarray) -> np.ndarray:
        """x_hat (..., width) of vectors x (..., width)."""
        return self._in_pieces(self._checked(x, self.width), self.call, self.width)

    def direction(self, feature: int) -> np.ndarray:
        """(width,) what an activation of 1 adds to a vector of the model."""
        if not 0 <= feature < self.features:
            raise ValueError(f"features are numbered from 0 to {self.features - 1}, got {feature}")
        return self.scale * np.asarray(self.decoder[feature])

    def _checked(self, x, width: int) -> np.ndarray:
        x = np.asarray(x, np.float32)
        if x.ndim < 1 or x.shape[-1] != width:
            raise ValueError(f"the last axis must have {width} numbers, got the shape {x.shape}")
        return x

    def _in_pieces(self, x: np.ndarray, function, width: int) -> np.ndarray:
        flat, found = x.reshape(-1, x.shape[-1]), np.empty((x.size // x.shape[-1], width), np.float32)
        for start in range(0, len(flat), PIECE):
            found[start : start + PIECE] = ops.convert_to_numpy(function(flat[start : start + PIECE]))
        return found.reshape(*x.shape[:-1], width)

    def save(self, folder: str | Path, card: dict | None = None) -> None:
        """Write `weights.npz` (as float16) and `card.json` (its sizes, and what else `card` tells) into `folder`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with written_whole(folder / "weights.npz") as beside, beside.open("wb") as file:
            np.savez_compressed(file, **{weight.name: np.asarray(weight, np.float16) for weight in self.weights})
        names = ("width", "features", "k", "scale", "site")
        told = {"sizes": {name: getattr(self, name) for name in names}, **(card or {})}
        with written_whole(folder / "card.json") as beside:
            beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "SparseAutoencoder":
        """Read what `save` wrote; `ValueError` names a file that is missing or damaged."""
        folder = Path(folder)
        for name in FILES:
            if not (folder / name).is_file():
                raise ValueError(f"{folder / name} does not exist: is {folder.name!r} a sparse autoencoder's folder?")
        try:
            made = cls(**json.loads((folder / "card.json").read_text(encoding="utf-8"))["sizes"])
            with np.load(folder / "weights.npz", allow_pickle=False) as weights:
                for weight in made.weights:
                    weight.assign(weights[weight.name].astype(np.float32))
        except Exception as error:  # json, zipfile, NumPy and Keras each have their own errors for a damaged file
            raise ValueError(f"{folder} holds a damaged autoencoder ({type(error).__name__}: {error})") from error
        return made


def load_sae(name: str = "smollm2-sae") -> SparseAutoencoder:
    """The trained autoencoder that ships: of SmolLM2-135M, behind the middle of its 30 layers.

    Raises:
        ValueError: for another name, or a damaged file.
    """
    return SparseAutoencoder.load([files.path(f"models/{name}/{part}") for part in FILES][0].parent)
