"""Small language models that read real words: random weights of fixed seed, large enough to make words matter."""

import keras

from lmtutorial.models.lstm_language_model import LSTMLanguageModel, build_lstm_lm
from lmtutorial.models.transformer import Sizes, Transformer
from lmtutorial.models.transformer_language_model import TransformerLanguageModel
from lmtutorial.preprocessing import Preprocessor

TEXT = """The keys to the cabinet are on the table. The key to the cabinets is in the box.
Where is the dog, and where are the cats? "The dogs were here," he said; the cat was not.
The old road that crossed the river has a name. The roads have none (or so it's said)!"""


def small_lm(seed: int = 1, *, units: tuple[int, ...] = (12,), tied: bool = True, scale: float = 6.0):
    """An `LSTMLanguageModel` over the words of `TEXT`; the same seed gives the same weights.

    Args:
        scale: by what the initial weights are multiplied: at 1 every next word is about equally likely.
    """
    preprocessor = Preprocessor.fit([TEXT], rules="language", max_tokens=None)
    keras.utils.set_random_seed(seed)
    model = build_lstm_lm(len(preprocessor.vocabulary), dim=8, units=units, tied=tied)
    model.set_weights([scale * weight for weight in model.get_weights()])
    return LSTMLanguageModel(model, preprocessor)


def small_transformer(seed: int = 1, *, scale: float = 4.0, **sizes) -> TransformerLanguageModel:
    """A `TransformerLanguageModel` over the words of `TEXT`: three layers, four heads that share two keys.

    Args:
        scale: by what the initial matrices are multiplied.
        sizes: other `Sizes` than these.
    """
    preprocessor = Preprocessor.fit([TEXT], rules="language", max_tokens=None)
    keras.utils.set_random_seed(seed)
    chosen = {"width": 16, "layers": 3, "heads": 4, "key_heads": 2, "hidden": 24, "context": 64} | sizes
    model = Transformer(Sizes(len(preprocessor.vocabulary), **chosen))
    model.set_weights([scale * weight if weight.ndim == 2 else weight for weight in model.get_weights()])
    return TransformerLanguageModel(model, preprocessor)
