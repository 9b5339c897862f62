"""Models that readers bring: a table of builders, {name: function() -> TextClassifier}.

Each is small, has random weights of fixed seed that are large enough to make words matter, and reads real reviews with
a vocabulary counted on them.
"""

import keras
import numpy as np
from keras import layers, ops

import lmtutorial as lt
from lmtutorial.models.classifier import TextClassifier
from lmtutorial.preprocessing import Preprocessor

LENGTH = 24  # of the models that have no mask
REVIEWS = list(lt.load_reviews()["text"][:300])
WORDS = Preprocessor.fit(REVIEWS, max_tokens=800)
CUT = Preprocessor(WORDS.vocabulary, max_length=LENGTH)
SIZE = len(WORDS.vocabulary)


def large() -> keras.initializers.Initializer:
    """Drawn anew for each layer, from the seed that `build` sets: one that all share would be seeded at import."""
    return keras.initializers.RandomNormal(stddev=0.7)


def ids(length: int | None = None):
    return keras.Input((length,), dtype="int32", name="ids")


def table(mask: bool = True, **settings) -> layers.Embedding:
    return layers.Embedding(SIZE, 8, mask_zero=mask, embeddings_initializer=large(), **settings)


def dense(outputs: int, activation: str | None = None) -> layers.Dense:
    bias = keras.initializers.RandomNormal(stddev=0.3)
    return layers.Dense(outputs, activation, kernel_initializer=large(), bias_initializer=bias)


def lstm() -> keras.Model:
    return keras.Sequential([ids(), table(), layers.LSTM(6), dense(2, "softmax")])


def bidirectional_lstm() -> keras.Model:
    x = ids()
    read = layers.Bidirectional(layers.LSTM(5))(layers.SpatialDropout1D(0.2)(table()(x)))
    return keras.Model(x, dense(1, "sigmoid")(layers.Dropout(0.5)(read)))


def gru_with_mask() -> keras.Model:
    return keras.Sequential([ids(), table(), layers.GRU(6), dense(3), layers.Softmax()])


def convolution() -> keras.Model:
    conv = layers.Conv1D(6, 3, activation="relu", kernel_initializer=large())
    return keras.Sequential([ids(LENGTH), table(mask=False), conv, layers.GlobalMaxPooling1D(), dense(1, "sigmoid")])


def self_attention() -> keras.Model:
    x = ids()
    e = table()(x)
    attended = layers.LayerNormalization()(layers.Add()([e, layers.MultiHeadAttention(2, 4)(e, e)]))
    return keras.Model(x, dense(2, "softmax")(layers.GlobalAveragePooling1D()(attended)))


def stacked_lstm_with_dropout() -> keras.Model:
    first = layers.LSTM(6, return_sequences=True, dropout=0.2, recurrent_dropout=0.2)
    return keras.Sequential([ids(), table(), first, layers.Dropout(0.5), layers.LSTM(4), dense(1, "sigmoid")])


def one_sigmoid() -> keras.Model:
    score = dense(1)
    return keras.Sequential([ids(), table(), layers.GlobalAveragePooling1D(), score, layers.Activation("sigmoid")])


def four_classes() -> keras.Model:
    return keras.Sequential([ids(), table(), layers.GRU(5), dense(4, "softmax")])


def logits() -> keras.Model:
    return keras.Sequential([ids(), table(), layers.LSTM(5), dense(3)])


def rating() -> keras.Model:
    return keras.Sequential([ids(), table(), layers.LSTM(5), dense(8, "relu"), dense(1)])


def strings() -> keras.Model:
    words = layers.TextVectorization(max_tokens=SIZE, output_sequence_length=LENGTH)
    words.adapt(REVIEWS)
    read = [table(mask=False), layers.Conv1D(4, 2, activation="tanh"), layers.GlobalAveragePooling1D()]
    return keras.Sequential([keras.Input((1,), dtype="string"), words, *read, dense(1, "sigmoid")])


def token_and_position() -> keras.Model:
    x = ids(LENGTH)
    places = layers.Embedding(LENGTH, 8, embeddings_initializer=large())(ops.cumsum(ops.ones_like(x), axis=1) - 1)
    e = layers.Add()([table(mask=False)(x), places])
    attended = layers.Add()([e, layers.MultiHeadAttention(2, 4)(e, e)])
    return keras.Model(x, dense(2, "softmax")(layers.GlobalMaxPooling1D()(attended)))


def two_tables() -> keras.Model:
    x = ids()
    e = layers.Add()([table(trainable=False)(x), table()(x)])
    return keras.Model(x, dense(1, "sigmoid")(layers.LSTM(5)(e)))


BUILDERS = {
    "Sequential LSTM": (lstm, WORDS, {}),
    "bidirectional LSTM": (bidirectional_lstm, WORDS, {}),
    "GRU with mask_zero": (gru_with_mask, WORDS, {"classes": ["bad", "so-so", "good"]}),
    "Conv1D with max pooling": (convolution, CUT, {}),
    "self-attention": (self_attention, WORDS, {}),
    "stacked LSTM with dropout": (stacked_lstm_with_dropout, WORDS, {}),
    "one sigmoid": (one_sigmoid, WORDS, {"classes": ["no", "yes"]}),
    "softmax over four classes": (four_classes, WORDS, {}),
    "logits without activation": (logits, WORDS, {"unit": "logit"}),
    "rating": (rating, WORDS, {}),
    "TextVectorization first": (strings, None, {}),
    "two Embedding layers: token and position": (token_and_position, CUT, {}),
    "two Embedding layers: two tables": (two_tables, WORDS, {}),
}


def build(name: str, seed: int = 1) -> TextClassifier:
    """A fresh classifier of that name; the same seed gives the same weights, whichever tests ran before."""
    builder, preprocessor, settings = BUILDERS[name]
    keras.utils.set_random_seed(seed)
    return TextClassifier.from_keras(builder(), preprocessor, **settings)


def keras_answers(model: TextClassifier, texts: list[str]) -> np.ndarray:
    """What the Keras model itself answers, (batch, outputs); text by text, so that a mask has nothing to do."""
    if model.keras_model.inputs[0].dtype == "string":
        return np.asarray(model.keras_model(ops.convert_to_tensor(np.array(texts)[:, None])))
    return np.concatenate([np.asarray(model.keras_model(model.ids([text]))) for text in texts])
