"""What the reference implementation makes of the same GGUF file: `transformers`, in PyTorch.

It makes float32 of the file's matrices with the same library, in its own order of queries and keys, and has its own
code for everything else.
"""

from pathlib import Path

import numpy as np

# Code, Chinese and emoji among them, and what a digit rule could spoil.
PROMPTS = (
    "When Mary and John went to the store, John gave a drink to",
    "The capital of France is",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "import numpy as np\nx = np.",
    "SELECT name FROM users WHERE",
    "法国的首都是",
    "中文分词是自然语言处理的",
    "I love this 😀🎉 so much that",
    "12 + 30 = ",
    "In 1969, Apollo 11",
    "Il était une fois",
    "Once upon a time",
    "<|im_start|>user\nIs this review positive? A gorgeous, moving film.<|im_end|>\n<|im_start|>assistant\n",
)


def load(path: Path):
    """(tokenizer, model) of `transformers` for a GGUF file."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    return tokenizer, model.eval()


def reference_ids(tokenizer, text: str) -> list[int]:
    """Ids of a text without a start token."""
    return tokenizer(text, add_special_tokens=False).input_ids


def reference_logits(model, ids: np.ndarray) -> np.ndarray:
    """Scores (batch, time, vocabulary) of ids (batch, time)."""
    import torch

    with torch.no_grad():
        return model(torch.tensor(np.asarray(ids)).long()).logits.numpy()
