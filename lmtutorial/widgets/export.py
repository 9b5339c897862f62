"""A trained model as one file that a page of the book can read.

    python -m lmtutorial.widgets.export reviews-lstm FILE    # a shipped model, or the folder of a saved one

1. The numbers of the model are collected under names that say what they are: `embedding`, `lstm_1/kernel`, ...
2. They are rounded to float16, which the shipped models are already, and stand one after the other: the payload.
3. A manifest in JSON says what the model is: its vocabulary and rules, and where each tensor begins.

The file: the letters LMW1, the length of the manifest (uint32), the manifest, zeros up to a multiple of 16, the
payload; little-endian. `src/weights.js` reads it. What the page cannot compute is refused here, with the reason.
"""

import argparse
import base64
import hashlib
import json
import struct
from pathlib import Path

import numpy as np

from ..files import written_whole

MAGIC, VERSION, ALIGNMENT = b"LMW1", 1, 16
SKIPPED = ("InputLayer", "Dropout", "SpatialDropout1D")  # layers that do nothing but in training


def packed(manifest: dict, tensors: dict[str, np.ndarray]) -> bytes:
    """The file's bytes: what `manifest` says, and the tensors as float16.

    Args:
        manifest: plain values, among them "name" and "kind".
        tensors: {name: array}, stored in this order.

    Raises:
        ValueError: if a number is too large for float16, or is none.
    """
    halves = {}
    for name, tensor in tensors.items():
        with np.errstate(over="ignore"):
            halves[name] = np.ascontiguousarray(tensor, dtype="<f2")
        if not np.isfinite(halves[name]).all():
            raise ValueError(f"{name} holds numbers that float16 has no place for (beyond 65504, infinity or NaN)")
    payload = b"".join(half.tobytes() for half in halves.values())
    starts = np.cumsum([0, *(half.nbytes for half in halves.values())]).tolist()
    places = [
        {"name": name, "shape": list(half.shape), "offset": start}
        for (name, half), start in zip(halves.items(), starts, strict=False)
    ]
    whole = {"version": VERSION, **manifest, "tensors": places, "bytes": len(payload)}
    whole["sha256"] = hashlib.sha256(payload).hexdigest()
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    head = MAGIC + struct.pack("<I", len(text)) + text
    return head + bytes(-len(head) % ALIGNMENT) + payload


def unpacked(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The manifest, and {name: float16 array}; `ValueError` for a file that is damaged."""
    if data[:4] != MAGIC or len(data) < 8:
        raise ValueError(f"this is no file with a model for the page: it begins with {data[:4]!r}")
    (length,) = struct.unpack("<I", data[4:8])
    try:
        manifest = json.loads(data[8 : 8 + length])
    except ValueError as error:
        raise ValueError(f"the file with the model is damaged ({error})") from error
    payload = data[8 + length + -(8 + length) % ALIGNMENT :]
    if hashlib.sha256(payload).hexdigest() != manifest["sha256"]:
        raise ValueError("the file with the model is damaged: its SHA-256 is another than it says")
    tensors = {}
    for tensor in manifest["tensors"]:
        count = int(np.prod(tensor["shape"]))
        tensors[tensor["name"]] = np.frombuffer(payload, "<f2", count, tensor["offset"]).reshape(tensor["shape"])
    return manifest, tensors


def pack(model, name: str | None = None) -> bytes:
    """The file of a model.

    Args:
        model: a `TextClassifier` of Embedding -> LSTM layers -> Dense(1), or an `LSTMLanguageModel`.
        name: by which the page and its reader call it; by default the model's own, if it was loaded by one.

    Raises:
        ValueError: for another model, with what the page cannot compute.

    >>> import lmtutorial as lt
    >>> manifest, tensors = unpacked(pack(lt.load_model("reviews-lstm")))
    >>> manifest["kind"], tensors["lstm_2/recurrent"].shape
    ('classifier', (32, 128))
    """
    from ..models.classifier import TextClassifier
    from ..models.lstm_language_model import LSTMLanguageModel

    name = name or getattr(model, "name", None) or "model"
    if isinstance(model, LSTMLanguageModel):
        return packed(_language_manifest(model, name), _language_tensors(model))
    if isinstance(model, TextClassifier):
        layers = _classifier_layers(model)
        return packed(_classifier_manifest(model, name), _classifier_tensors(*layers))
    raise ValueError(f"the page computes TextClassifiers and LSTMLanguageModels, and this is a {type(model).__name__}")


def _words(model) -> dict:
    pre = model.preprocessor
    return {"rules": pre.rules, "max_length": pre.max_length, "vocabulary": list(pre.vocabulary), "gates": "ifco"}


def _classifier_manifest(model, name: str) -> dict:
    if model.unit != "logit":
        raise ValueError(f"the page explains logits, and this model answers with a {model.unit}")
    return {"name": name, "kind": "classifier", "classes": list(model.classes), "unit": model.unit, **_words(model)}


def _classifier_layers(model) -> tuple:
    """(embedding, LSTM layers, dense layer) of a classifier that the page can compute."""
    from keras import layers

    found = [layer for layer in model.keras_model.layers if type(layer).__name__ not in SKIPPED]
    kinds = [type(layer).__name__ for layer in found]
    if kinds[:1] != ["Embedding"] or kinds[-1:] != ["Dense"] or len(found) < 3 or set(kinds[1:-1]) != {"LSTM"}:
        raise ValueError(f"the page computes Embedding -> LSTM layers -> Dense(1), and this model is {kinds}")
    embedding, *lstms, dense = found
    if model.length is not None:
        raise ValueError(
            f"this model reads padding as words, up to a length of {model.length}; the page reads a text as it is: "
            "build the Embedding with mask_zero=True"
        )
    if dense.units != 1 or dense.activation.__name__ not in ("sigmoid", "linear"):
        raise ValueError(f"the page computes one sigmoid, and this model ends in {dense.units} {dense.activation}")
    for lstm in lstms:
        _check_lstm(lstm, lstm is not lstms[-1])
    assert isinstance(embedding, layers.Embedding)
    return embedding, lstms, dense


def _check_lstm(lstm, sequences: bool) -> None:
    """`ValueError` unless the layer is as Keras builds it by default."""
    config = lstm.get_config()
    usual = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True, "go_backwards": False}
    odd = {key: config[key] for key, value in usual.items() if config[key] != value}
    if config["return_sequences"] != sequences:
        odd["return_sequences"] = config["return_sequences"]
    if odd:
        raise ValueError(f"the page computes LSTM layers as Keras builds them by default; {lstm.name!r} has {odd}")


def _classifier_tensors(embedding, lstms, dense) -> dict[str, np.ndarray]:
    tensors = {"embedding": embedding.get_weights()[0], **_lstm_tensors(lstms)}
    bias = dense.get_weights()[1] if dense.use_bias else np.zeros(1)
    return tensors | {"output/kernel": dense.get_weights()[0], "output/bias": bias}


def _lstm_tensors(lstms) -> dict[str, np.ndarray]:
    tensors = {}
    for number, lstm in enumerate(lstms, 1):
        for part, weight in zip(("kernel", "recurrent", "bias"), lstm.get_weights(), strict=True):
            tensors[f"lstm_{number}/{part}"] = weight
    return tensors


def _language_manifest(model, name: str) -> dict:
    tied = type(model.after[-2]).__name__ == "TiedOutput"
    return {"name": name, "kind": "language", "unit": "logit", "start": int(model.start), "tied": tied, **_words(model)}


def _language_tensors(model) -> dict[str, np.ndarray]:
    tensors = {"embedding": model.embedding.get_weights()[0], **_lstm_tensors(model.lstms)}
    for layer in model.after[:-1]:  # the last one, "logits", computes nothing
        for weight in layer.weights:
            part = weight.path.rpartition("/")[2]
            if part in ("kernel", "bias"):  # and not the table that a tied output shares
                tensors[f"{layer.name}/{part}"] = np.asarray(weight)
    return tensors


def as_script(name: str, data: bytes) -> str:
    """The file as a classic script, which a page may load from a folder too: it hands over a base64 string."""
    return f'lmExplorerData("{name}", "{base64.b64encode(data).decode()}");\n'


def assembled_kernel() -> bytes:
    """kernel.wasm, made of src/kernel.wat."""
    from wasmtime import wat2wasm

    return bytes(wat2wasm((Path(__file__).parent / "src" / "kernel.wat").read_text(encoding="utf-8")))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a model as a file that a page can read.")
    parser.add_argument("model", nargs="?", help="name of a shipped model, or folder of a saved one")
    parser.add_argument("file", nargs="?", type=Path, help='where to write; with the ending ".js" as a script')
    parser.add_argument("--kernel", action="store_true", help="assemble src/kernel.wat instead")
    options = parser.parse_args()
    if options.kernel:
        with written_whole(Path(__file__).parent / "src" / "kernel.wasm") as beside:
            beside.write_bytes(assembled_kernel())
        return
    if options.file is None:
        parser.error("name a model and a file")
    from ..models.zoo import load_model

    name = Path(options.model).name
    data = pack(load_model(options.model), name)
    if options.file.suffix == ".js":
        data = as_script(name, data).encode()
    with written_whole(options.file) as beside:
        beside.write_bytes(data)
    print(f"{options.file}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
