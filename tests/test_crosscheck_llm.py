"""The LLM beside the reference implementation, which reads the same file."""

from itertools import islice

import numpy as np
import pytest
import regex

import lmtutorial as lt

pytestmark = pytest.mark.crosscheck

TEXTS = 1000
NUMBER = r"\p{N}"  # the rule of the file cuts at every character that is a number, "½" too


@pytest.fixture(scope="module")
def reference():
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from benchmarks.reference_llm import load
    from lmtutorial.models.smollm import smollm_file

    return load(smollm_file())


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """A thousand texts of the shipped corpora, drawn with a fixed seed."""
    pool = [*lt.load_reviews()["text"], *lt.load_tweets()["text"], *lt.load_products()["text"]]
    pool += list(lt.load_editorials()["text"])
    pool += [
        line
        for document in lt.load_documents("both", progress=False)["text"]
        for line in document.splitlines()
        if line.strip()
    ]
    pool = [text for text in pool if text.strip()]
    chosen = np.random.default_rng(0).permutation(len(pool))
    return [pool[i] for i in islice(chosen, TEXTS)]


def test_logits_are_the_references(llm, reference):
    from benchmarks.reference_llm import PROMPTS, reference_ids, reference_logits

    tokenizer, model = reference
    assert len(PROMPTS) >= 10
    for prompt in PROMPTS:
        ids = llm.ids(prompt)
        assert ids.tolist() == reference_ids(tokenizer, prompt), prompt
        ours, theirs = llm.logits(ids[None])[0], reference_logits(model, ids[None])[0]
        assert np.abs(ours - theirs).max() < 1e-3, prompt
        top = [np.argsort(-scores[-1], kind="stable")[:20].tolist() for scores in (ours, theirs)]
        assert top[0] == top[1], prompt


def test_ids_are_the_references_but_for_its_digits(llm, reference, texts):
    """The file's rule cuts out every number, "½" too; where the reference does not, ids differ, and nowhere else."""
    from benchmarks.reference_llm import reference_ids

    assert len(texts) == TEXTS
    differ = [text for text in texts if llm.ids(text).tolist() != reference_ids(reference[0], text)]
    assert all(regex.search(NUMBER, text) for text in differ), [t for t in differ if not regex.search(NUMBER, t)][:3]
    causes = [text for text in differ if not _digits_only(llm, reference[0], text)]
    assert not causes, causes[:3]
    print(f"{TEXTS - len(differ)} of {TEXTS} texts have the same ids; the others have numbers: {differ}")


def _digits_only(llm, tokenizer, text: str) -> bool:
    """Whether the reference agrees on every stretch between digits."""
    from benchmarks.reference_llm import reference_ids

    parts = [part for part in regex.split(NUMBER, text) if part]
    return all(llm.tokenizer.ids(part).tolist() == reference_ids(tokenizer, part) for part in parts)
