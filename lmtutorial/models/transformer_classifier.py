"""A Transformer that reads a whole text and answers with one probability: the recipe's rival.

1. Look up each word's vector, bring it to the model's width, and add a vector for its place.
2. In each block every word fetches from all other words (attention), and then is worked on by itself (two dense
   layers); both results are added to what was there. Both parts read through a norm that stands before them.
3. The mean over the words goes into the same `Dense(1)` with a sigmoid that ends the LSTM recipe.

Nothing is predicted here, so that words may look forwards as well as back (an encoder: Devlin et al. 2019). The norm
before each part, instead of behind it, lets a deep stack train without a warm-up (Xiong et al. 2020). Padding takes
part in nothing: attention does not see it, and the mean leaves it out.
"""

import keras
import numpy as np
from keras import layers, ops

from ..preprocessing import PADDING

PLACES = 64  # words; the longest rated review has 53


def build_transformer(
    matrix: np.ndarray,
    *,
    width: int = 48,
    blocks: int = 2,
    heads: int = 4,
    places: int = PLACES,
    trainable: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Embedding -> blocks of attention and dense layers -> mean over the words -> Dense(1, sigmoid).

    Args:
        matrix: (vocabulary, dim) embedding matrix; row 0 is padding.
        width: of the vector of each word inside the model.
        blocks: how many.
        heads: of attention in each block; together they are as wide as the model.
        places: how many places have a vector; give the `Preprocessor` this `max_length`.
        trainable: whether training may move the word vectors.
        dropout: share of the inputs, and of what each part adds, that is dropped in training.

    Raises:
        ValueError: if the heads do not share the width evenly.
    """
    if min(width, heads) < 1 or width % heads:
        raise ValueError(f"a width of {width} cannot be split into {heads} heads: take a multiple of {heads}")
    ids = keras.Input((None,), dtype="int32", name="ids")
    words = layers.Embedding(*matrix.shape, mask_zero=True, trainable=trainable, name="embedding")(ids)
    there = ops.not_equal(ids, PADDING)  # (batch, time)
    place = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    x = layers.Dense(width, name="widen")(layers.Dropout(dropout)(words))  # (batch, time, width)
    x = layers.Add()([x, layers.Embedding(places, width, name="places")(place)])
    for number in range(1, blocks + 1):
        x = _block(x, there, heads, dropout, f"block_{number}")
    x = layers.LayerNormalization(name="norm")(x)
    weights = ops.expand_dims(ops.cast(there, "float32"), -1)
    mean = ops.sum(x * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)  # 1.0: for a text without words
    model = keras.Model(ids, layers.Dense(1, activation="sigmoid", name="output")(layers.Dropout(dropout)(mean)))
    model.get_layer("embedding").set_weights([matrix])
    return model


def _block(x, there, heads: int, dropout: float, name: str):
    """Attention, then two dense layers; each adds to `x` (batch, time, width) what it made of its norm."""
    width = x.shape[-1]
    read = layers.LayerNormalization(name=f"{name}_norm_1")(x)
    attention = layers.MultiHeadAttention(heads, width // heads, name=f"{name}_attention")
    fetched = attention(read, read, attention_mask=ops.expand_dims(there, 1))  # (batch, 1, time): no one sees padding
    x = layers.Add()([x, layers.Dropout(dropout)(fetched)])
    read = layers.LayerNormalization(name=f"{name}_norm_2")(x)
    made = layers.Dense(4 * width, activation="gelu", name=f"{name}_hidden")(read)
    return layers.Add()([x, layers.Dropout(dropout)(layers.Dense(width, name=f"{name}_out")(made))])
