"""A page's first use of a glossary word leads to its entry; no entry is orphaned, and no link leads nowhere."""

import pytest

from tools.book_terms import PLAIN, entries, links, prose, unlinked
from tools.notebooks import chapters


@pytest.fixture(scope="module")
def texts(root) -> dict[str, str]:
    """{page: its prose}, of chapters, prose pages and the glossary's own sentences."""
    pages = [p for p in (root / "book").glob("*.md") if p.stem != "README"]
    found = {p.stem: p.read_text(encoding="utf-8") for p in pages}
    return found | {p.stem: prose(p) for p in chapters()}


def test_the_glossary_is_in_the_order_of_the_alphabet_and_names_nothing_twice():
    keys = [word.casefold() for word in entries()]
    assert keys == sorted(set(keys))
    assert set(entries()) >= PLAIN


def test_every_link_to_the_glossary_has_an_entry(texts):
    known = {word.casefold() for word in entries()}
    for page, text in texts.items():
        assert [word for word in links(text) if word.casefold() not in known] == [], page


def test_every_entry_is_linked_from_somewhere(texts):
    linked = {word.casefold() for page, text in texts.items() if page != "glossary" for word in links(text)}
    assert [word for word in entries() if word.casefold() not in linked] == []


@pytest.mark.parametrize("chapter", chapters(), ids=lambda path: path.stem)
def test_a_chapters_first_use_of_a_term_leads_to_the_glossary(chapter):
    assert unlinked(prose(chapter), [word for word in entries() if word not in PLAIN]) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("the logits of a {term}`logit`", "the plural counts, and comes first"),
        ("two  Logits", "so do capitals"),
        (
            "a {term}`score <logit>` and a {term}`logistic regression`; Logistic\nregression: a logit, the LOGIT-based",
            "",
        ),
    ],
)
def test_a_first_use_is_found_however_it_is_written(text, why):
    assert unlinked(text, ["logit", "logistic regression"]) == (["logit"] if why else [])


def test_a_word_inside_a_longer_entry_is_not_that_word():
    assert unlinked("a bootstrap interval and a word embedding", ["interval", "bootstrap interval", "embedding"]) == [
        "bootstrap interval",
        "embedding",
    ]
    assert unlinked("a {term}`word embedding`", ["embedding", "word embedding"]) == []


def test_headings_code_formulas_citations_and_the_text_of_links_are_no_prose(tmp_path):
    import nbformat

    source = (
        "## Logit\n`logit` {cite:p}`logit` $logit$ [the logit](logit.md) <summary>logit</summary>\n\n```\nlogit\n```"
    )
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)]), tmp_path / "a.ipynb")
    assert "logit" not in prose(tmp_path / "a.ipynb").casefold()
