"""A small language model of pieces: bytes, a few merges, random weights of fixed seed."""

import keras

from lmtutorial.models.piece_language_model import PieceLanguageModel
from lmtutorial.models.pieces import PieceTokenizer, byte_letters
from lmtutorial.models.transformer import Sizes, Transformer

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [
    "Ġ t",
    "h e",
    "Ġt he",
    "Ġ k",
    "e y",
    "Ġk ey",
    "Ġ b",
    "a d",
    "Ġb ad",
    "g o",
    "o d",
    "Ġ go",
    "Ġgo od",
    ". .",
    "Ġ ..",
]
MERGES += ["Ġ.. .", "o u", "s !"]
CHAT = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)


def small_piece_lm(seed: int = 1, scale: float = 4.0) -> PieceLanguageModel:
    """A `PieceLanguageModel` that knows " the", " key", " bad", " good" and " ..." as pieces, and every byte."""
    pieces = [*CONTROL, *byte_letters(), *(merge.replace(" ", "") for merge in MERGES)]
    kinds = [3] * len(CONTROL) + [1] * (len(pieces) - len(CONTROL))
    tokenizer = PieceTokenizer(pieces, MERGES, kinds, "smollm")
    keras.utils.set_random_seed(seed)
    sizes = Sizes(len(pieces), width=16, layers=3, heads=4, key_heads=2, hidden=24, context=256)
    model = Transformer(sizes)
    model.set_weights([scale * weight if weight.ndim == 2 else weight for weight in model.get_weights()])
    return PieceLanguageModel(model, tokenizer, CHAT)
