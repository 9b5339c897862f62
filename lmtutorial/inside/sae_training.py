"""How a sparse autoencoder is trained.

    loss = |z - z_hat|^2 / |z - mean|^2  +  1/32 of the same for what is left over, written with dead features

1. Begin with random directions of length 1 as the dictionary, its transpose as the encoder, and the mean as the shift.
2. Take batches of vectors, go down the gradient of the loss (Adam), and bring every direction back to length 1: else
   the activations could be made small for nothing by making the directions long.
3. A feature that has not been among the k largest for long gets no gradient any more: it is *dead*. The second term
   revives it: those of the dead that answer most are made to write what the living have left over (*aux-k*).

(Gao et al. 2025, sections 2.3 and A.2.)
"""

import keras
import numpy as np
from keras import ops
from tqdm.auto import tqdm

from .sae import SparseAutoencoder, keep_largest

AUX = 1 / 32  # weight of the second term


def check_vectors(vectors: np.ndarray) -> np.ndarray:
    """The vectors, or `ValueError` if they are no table of finite numbers."""
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or len(vectors) < 2:
        raise ValueError(f"vectors must be (places, width) with at least two places, got the shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError(f"{int((~np.isfinite(vectors)).any(axis=1).sum())} of the vectors hold NaN or infinity")
    return vectors


def begin(vectors: np.ndarray, features: int, k: int, *, site: str = "", seed: int = 0) -> SparseAutoencoder:
    """An autoencoder that has learned nothing but mean and scale: random directions, read as they are written.

    Args:
        vectors: (places, width) that it is going to be trained on.
        features, k, site: see `SparseAutoencoder`.
        seed: of the directions.
    """
    vectors = check_vectors(vectors)
    mean = vectors.mean(axis=0, dtype=np.float64)
    parts = [np.sum((part - mean) ** 2) for part in np.array_split(vectors, 64) if len(part)]
    # in this unit a number of a vector is, about the mean, as large as 1 (root mean square)
    scale = float(np.sqrt(np.sum(parts) / vectors.size))
    return random_dictionary(mean, scale or 1.0, features, k, site=site, seed=seed)


def random_dictionary(mean, scale: float, features: int, k: int, *, site: str = "", seed: int = 0) -> SparseAutoencoder:
    """Random directions about a mean (width,): what training begins with, and what it has to be better than."""
    sae = SparseAutoencoder(len(mean), features, k, scale=scale, site=site)
    directions = np.random.default_rng(seed).normal(size=(features, len(mean)))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    sae.decoder.assign(directions)
    sae.encoder.assign(directions.T)
    sae.shift.assign(np.asarray(mean) / sae.scale)
    return sae


def train(
    sae: SparseAutoencoder,
    vectors: np.ndarray,
    *,
    steps: int = 2000,
    batch_size: int = 2048,
    learning_rate: float = 1e-3,
    dead_after: int = 50_000,
    seed: int = 0,
    progress: bool = True,
) -> list[float]:
    """Train `sae`, which changes, on vectors (places, width).

    Args:
        sae: what `begin` made of these vectors.
        steps: how many batches; the learning rate rises over the first twentieth and falls to 0 over the last quarter.
        batch_size: vectors in a batch, drawn without repetition until all have been seen.
        learning_rate: of Adam.
        dead_after: a feature that so many vectors have not used is dead.
        seed: of the order.
        progress: show a bar once it has taken two seconds.

    Returns:
        (steps,) share of the variance about the mean that each batch left unexplained.

    Raises:
        ValueError: for vectors of another width, or not finite.
    """
    vectors = check_vectors(vectors)
    if vectors.shape[1] != sae.width:
        raise ValueError(f"the autoencoder reads vectors of width {sae.width}, these have {vectors.shape[1]}")
    optimizer = keras.optimizers.Adam(rise_and_fall(learning_rate, steps), beta_2=0.999, epsilon=1e-8)
    optimizer.build(sae.trainable_variables)
    step, random = compiled_step(sae, optimizer), np.random.default_rng(seed)
    mean = np.asarray(sae.shift).copy()
    unused, order, left = np.zeros(sae.features, int), np.empty(0, int), []
    with tqdm(range(steps), desc="autoencoder", delay=2, disable=not progress) as bar:
        for _ in bar:
            if len(order) < batch_size:
                order = np.r_[order, random.permutation(len(vectors))]
            batch, order = order[:batch_size], order[batch_size:]
            z = vectors[batch].astype(np.float32) / np.float32(sae.scale)
            dead = (unused >= dead_after).astype(np.float32)
            share, used = step(z, mean, dead, bool(dead.any()))
            unused = np.where(ops.convert_to_numpy(used), 0, unused + len(batch))
            left.append(float(share))
            bar.set_postfix({"left": f"{left[-1]:.3f}", "dead": int(dead.sum())}, refresh=False)
    return left


def rise_and_fall(learning_rate: float, steps: int):
    """A learning rate that rises over the first twentieth of the steps, and falls to 0 over the last quarter."""
    rise, fall = max(1, steps // 20), max(1, steps // 4)

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            step = ops.cast(step, "float32")
            up, down = (step + 1) / rise, (steps - step) / fall
            return learning_rate * ops.clip(ops.minimum(up, down), 0.0, 1.0)

    return Schedule()


def losses(sae: SparseAutoencoder, z, mean, dead, revive: bool):
    """The two terms of the loss of scaled vectors z (batch, width), and which features were used (features,).

    Args:
        mean: (width,) of all scaled vectors.
        dead: (features,) 1 where a feature is dead.
        revive: whether any is.
    """
    before = sae.before(z)
    f = keep_largest(before, sae.k)
    left = z - ops.matmul(f, sae.decoder) - sae.shift
    share = ops.sum(left**2) / ops.sum((z - mean) ** 2)
    again = 0.0
    if revive:
        many = min(sae.width // 2, sae.features)
        of_dead = keep_largest(ops.where(dead > 0, before, -1.0), many)
        rest = ops.stop_gradient(left)  # the living are not to be pulled by what the dead write
        again = ops.sum((rest - ops.matmul(of_dead, sae.decoder)) ** 2) / ops.sum(rest**2)
    return share, again, ops.any(f > 0, axis=0)


def compiled_step(sae: SparseAutoencoder, optimizer):
    """`step(z, mean, dead, revive)` -> unexplained share, which features were used; the weights change."""
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def step(z, mean, dead, revive):
        with tf.GradientTape() as tape:
            share, again, used = losses(sae, z, mean, dead, revive)
            loss = share + AUX * again
        variables = sae.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        length = ops.sqrt(ops.sum(sae.decoder**2, axis=1, keepdims=True))
        sae.decoder.assign(sae.decoder / ops.maximum(length, 1e-8))
        return share, used

    return step
