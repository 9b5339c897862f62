"""The explorers' scripts: how modules are joined and made small, the words they use, and their arithmetic."""

import ast
import functools
import gzip
import json
import re
import subprocess

import numpy as np
import pytest
from live_engine import KERNEL, library, node, run
from scipy.stats import spearmanr

from lmtutorial import render
from lmtutorial.explainers.agreement import rank_correlation
from lmtutorial.widgets import bundle, es_modules

ENTRIES = ("page.js", "widget.js", "worker.js")
SOURCES = sorted(es_modules.SOURCES.glob("*.js"))
LIMIT = 40_000  # bytes over the wire: what the scripts of any one explorer may weigh
SVG = "http://www.w3.org/2000/svg"  # the name of a language, which no browser fetches


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    return bundle.page_scripts()


def weight(text: str) -> int:
    return len(gzip.compress(text.encode(), 9))


# ---------------------------------------------------------------------------------------------------------- joining


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_module_comes_after_those_it_needs(entry):
    order = bundle.modules(entry)
    assert order[-1] == entry and len(set(order)) == len(order)
    for place, name in enumerate(order):
        needed = {source for source, _ in bundle.imports(bundle.read(name))}
        assert needed <= {*order[:place], *es_modules.MADE_HERE}, name


def test_every_module_is_used_and_keeps_the_rules():
    entries = [*ENTRIES, *(f"{part}_explorers.js" for part in bundle.PARTS)]
    used = {name for entry in entries for name in bundle.modules(entry)}
    assert {file.name for file in SOURCES} == used
    bundle.check({name: bundle.read(name) for name in used})


@pytest.mark.parametrize(
    "modules, says",
    [
        (
            {"a": 'import { b } from "./b.js";\nconst x = 1;\n', "b": "export const b = 1;\nfunction x() {}\n"},
            "declared",
        ),
        ({"a": 'import { b } from "./b.js";\n', "b": 'import { a } from "./a.js";\nexport const b = 1;\n'}, "circle"),
        ({"a": 'import { c } from "./b.js";\n', "b": "export const b = 1;\n"}, "does not export"),
        ({"a": 'import { b as c } from "./b.js";\n', "b": "export const b = 1;\n"}, "imports"),
        ({"a": 'import { b } from "https://example.org/b.js";\n'}, "imports"),
        ({"a": 'import b from "./b.js";\n', "b": "export const b = 1;\n"}, "allowed are"),
        ({"a": "export default 1;\n"}, "allowed are"),
        ({"a": "const x = `one\ntwo`;\n"}, "next line"),
        ({"a": "const { x } = y;\n"}, "one by one"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, modules, says):
    for name, text in modules.items():
        (tmp_path / f"{name}.js").write_text(text)
    with pytest.raises(ValueError, match=says):
        bundle.joined("a.js", folder=tmp_path)


def test_a_library_exports_what_its_modules_export(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport function a() {\n  return b;\n}\nconst c = 1;\n')
    (tmp_path / "b.js").write_text("export const b = 1;\n")
    text = bundle.library("a.js", folder=tmp_path)
    assert text.index("const b") < text.index("function a") and text.endswith("export { a };\n")


# ---------------------------------------------------------------------------------------------------------- scripts


def test_every_kind_of_explorer_has_its_part():
    for part, kinds in bundle.PARTS.items():
        entry = bundle.read(f"{part}_explorers.js")
        assert set(re.findall(r"(\w+): \{ build:", entry)) == set(kinds)


def test_the_scripts_of_any_one_explorer_are_small(scripts):
    pytest.importorskip("minify", reason="left out: tdewolff-minify has no wheel for this machine")
    core = weight(scripts[bundle.PAGE_SCRIPT])
    sizes = {part: core + weight(scripts[bundle.part_file(part)]) for part in bundle.PARTS}
    assert max(sizes.values()) < LIMIT, sizes
    assert weight(bundle.widget_module()) < LIMIT


def test_no_script_knows_an_address_of_the_network(scripts):
    for text in (*scripts.values(), bundle.widget_module(), bundle.styles()):
        assert not re.findall(r"(?:https?:|wss?:)?//[\w.-]+\.\w{2,}", text.replace(SVG, ""))
        reaching = r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b|@import|import\("
        assert not re.search(reaching, text)


def test_the_page_loads_its_parts_by_what_is_in_them(scripts):
    for part in bundle.PARTS:
        assert f'"{bundle.part_file(part)}?v=' in scripts[bundle.PAGE_SCRIPT]
    assert bundle.page_scripts() == scripts


def test_what_is_built_is_javascript(scripts, tmp_path):
    for name, text in {**scripts, "widget.mjs": bundle.widget_module()}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        done = subprocess.run([node(), "--check", tmp_path / name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-500:]


# ---------------------------------------------------------------------------------------------------------- words


def used_words() -> set[tuple[str, str]]:
    text = "".join(file.read_text(encoding="utf-8") for file in SOURCES)
    assert not re.search(r"(?<![\w.])words\.\w+\s*[;,)\[]", text), "name words by group and key"
    return set(re.findall(r"(?<![\w.])words\.(\w+)\.(\w+)", text))


def test_every_word_that_the_code_names_is_there_and_every_word_is_named():
    there = {(group, key) for group, texts in bundle.words().items() for key in texts}
    assert sorted(used_words() - there) == [] and sorted(there - used_words()) == []


def test_words_are_texts_with_whole_holes():
    def texts(value):
        return [value] if isinstance(value, str) else [text for part in value.values() for text in texts(part)]

    for text in texts(bundle.words()):
        assert text.strip() and re.sub(r"\{\w+\}", "", text).count("{") == 0, text


def test_readers_see_no_text_that_is_written_in_the_code():
    """Two words with a blank between them, in quotes: a sentence that nobody can translate."""
    for name in {*bundle.modules("page.js"), *bundle.modules("widget.js")}:
        code = re.sub(r"^\s*//.*$|/\*.*?\*/|(?<=[;,{)]) // .*$", "", bundle.read(name), flags=re.M | re.S)
        code = re.sub(r'"(?:lmx-[\w-]+ ?)+"|"use strict"', "", code)
        found = [t for t in re.findall(r'"([^"\n]*)"', code) if re.search(r"[A-Z]?[a-z]{2,} [a-z]{2,}", t)]
        # lines of Python, and what is said to programs only
        assert [t for t in found if not t.startswith(("import ", "from ", "a newer"))] == [], name


# ---------------------------------------------------------------------------------------------------------- minified


def test_the_small_script_computes_what_the_large_one_does(tmp_path):
    pytest.importorskip("minify", reason="left out: tdewolff-minify has no wheel for this machine")
    calls = [
        ["gathered", [0, 0.5, 1], [[1, 2], [3, 4], [5, 6]]],
        ["rankCorrelation", [1, 2, 2, 5], [3, 1, 2, 9]],
        ["withDefaults", {"seed": "3", "junk": 1}, {"text": "", "seed": 0}],
        ["writeLink", "one", {"text": "a & b = ü😀\n"}],
        ["pythonCall", "f", ["x"], {"a": None, "b": [True, "\u2028'\""]}],
    ]
    for name, code in {"large": interface(), "small": small_library()}.items():
        (tmp_path / f"{name}.mjs").write_text(code, encoding="utf-8")
    assert len(small_library()) < 0.7 * len(interface())
    assert run("calls.mjs", tmp_path / "large.mjs", given=calls) == run(
        "calls.mjs", tmp_path / "small.mjs", given=calls
    )


@functools.cache
def interface() -> str:
    return bundle.library("ui.js", "tokens.js", "share.js", "walk.js", "disagreement.js", "methods.js", "chart.js")


def small_library() -> str:
    code, exports = interface().rsplit("export {", 1)
    names = re.findall(r"\w+", exports)
    small = bundle.minified(f"(function () {{\n{code}window.kept = {{ {', '.join(names)} }};\n}})();\n")
    return f"const window = {{}};\n{small}\n" + "".join(f"export const {n} = window.kept.{n};\n" for n in names)


# ---------------------------------------------------------------------------------------------------------- arithmetic


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    file = tmp_path_factory.mktemp("interface") / "library.mjs"
    file.write_text(interface(), encoding="utf-8")
    return lambda *asked: run("calls.mjs", file, given=list(asked))


def test_scores_are_written_as_the_package_writes_them(calls):
    scores = [0.126, -1.5, -0.001, 0.0, 0.004, 0.0051, -12.3456, 1e-9]
    assert calls(*(["signed", s] for s in scores)) == [render.number(s) for s in scores]


def test_colours_are_those_of_the_package(calls):
    red, green, blue = render.FOR
    (full, half, none) = calls(["colour", 2, 2], ["colour", -1, 2], ["colour", 0, 0])
    assert full == f"rgba({red},{green},{blue},{render.opacity(2, 2):.3f})"
    assert half == f"rgba({','.join(map(str, render.AGAINST))},{render.opacity(-1, 2):.3f})"
    assert none.endswith(",0.000)")


def test_rank_correlation_is_spearmans(calls):
    rng = np.random.default_rng(0)
    pairs = [(rng.integers(0, 5, n).astype(float), rng.normal(size=n)) for n in (2, 3, 10, 40)]
    found = calls(*(["rankCorrelation", a.tolist(), b.tolist()] for a, b in pairs))
    for r, (a, b) in zip(found, pairs, strict=True):
        expected = rank_correlation(a, b)
        assert (r is None and np.isnan(expected)) or r == pytest.approx(expected, abs=1e-9)
    assert found[3] == pytest.approx(spearmanr(*pairs[3]).statistic)
    assert calls(["rankCorrelation", [1, 1], [1, 2]]) == [None]


def test_what_words_gather_is_the_integral_of_their_slopes(calls):
    rng = np.random.default_rng(1)
    alphas, slopes = np.linspace(0, 1, 9), rng.normal(size=(9, 3))
    (sums,) = calls(["gathered", alphas.tolist(), slopes.tolist()])
    np.testing.assert_allclose(sums[-1], np.trapezoid(slopes, alphas, axis=0))
    walk = {"alphas": alphas.tolist(), "slopes": slopes.tolist(), "sums": sums, "outputs": alphas.tolist()}
    ends = calls(["atPlace", walk, 0], ["atPlace", walk, 1], ["atPlace", walk, 0.5], ["atPlace", walk, 0.3])
    np.testing.assert_allclose(ends[0]["sums"], 0)
    np.testing.assert_allclose(ends[1]["sums"], sums[-1])
    np.testing.assert_allclose(ends[2]["sums"], sums[4])
    fine = np.linspace(0, 0.3, 3001)
    between = np.stack([np.interp(fine, alphas, column) for column in slopes.T], axis=1)
    np.testing.assert_allclose(ends[3]["sums"], np.trapezoid(between, fine, axis=0), atol=1e-6)
    np.testing.assert_allclose(ends[3]["slopes"], between[-1])


def test_a_dispute_takes_two_signs_and_two_scores_that_count(calls):
    def answers(**scores):
        return {name: {"scores": values} for name, values in scores.items()}

    found = answers(lime=[5, -1, 0.1, 0.0], occlusion=[-2, -1, -1, 1], saliency=[1, 1, 1, 1])
    assert calls(["disputedWords", list(found), found]) == [[0]]
    assert calls(["disputedWords", ["saliency"], answers(saliency=[1, 2])]) == [[]]


def test_lists_of_words_keep_what_they_share_at_both_ends(calls):
    cases = [(["a", "b", "c"], ["a", "x", "c"], [1, 1]), (["a", "a"], ["a"], [1, 0]), ([], ["a"], [0, 0])]
    assert calls(*(["sameEnds", old, new] for old, new, _ in cases)) == [expected for *_, expected in cases]


def test_a_link_brings_back_what_it_was_made_of(calls):
    state = {"text": "a & b = c #? ü 😀\n<img src=x>", "method": "lime", "seed": "3"}
    (link,) = calls(["writeLink", "explorer-first", state])
    assert calls(["readLink", link], ["readLink", "#a-heading"], ["readLink", ""]) == [
        {"id": "explorer-first", "state": state}, None, None,
    ]  # fmt: skip


def test_a_state_takes_from_a_link_only_what_it_can_hold(calls):
    start = {"text": "", "seed": 0, "compare": False}
    given = {"text": 5, "seed": "x", "compare": "true", "junk": 1, "__proto__": "x", "toString": "y"}
    assert calls(["withDefaults", given, start]) == [{"text": "5", "seed": 0, "compare": True}]


def test_values_are_written_as_python_reads_them(calls):
    values = [None, True, 3, 0.5, 'it\'s "a"\n\\ ü 😀 \u2028', ["a", [None]], {"top_p": 0.9, "k": None}]
    assert [ast.literal_eval(text) for text in calls(*(["pythonValue", v] for v in values))] == values


def test_ticks_are_round_and_inside(calls):
    for low, high in ((-0.3, 3.6), (-7.1, 0.2), (0, 0.004), (-120, 940)):
        (ticks,) = calls(["ticksBetween", low, high, 4])
        assert 2 <= len(ticks) <= 6 and low - 1e-9 <= min(ticks) and max(ticks) <= high + 1e-9
        steps = np.diff(ticks)
        np.testing.assert_allclose(steps, steps[0])
        assert float(f"{steps[0]:.0e}"[0]) in (1, 2, 5)


def test_only_certainty_is_a_hundred_percent(calls):
    shares = [1, 0.9999, 0.974, 0.5, 0.004, 0.0001]
    assert calls(*(["percent", share] for share in shares)) == [
        "100 %", "over 99.9 %", "97 %", "50 %", "0.4 %", "under 0.1 %",
    ]  # fmt: skip


def test_a_word_that_stands_twice_is_named_with_its_place(calls):
    assert calls(["namedApart", ["Dull", "film", ",", "dull", "\n"]]) == [
        ["Dull (1 of 2)", "film", ",", "dull (2 of 2)", "↵"]
    ]


def test_a_text_that_does_not_fit_into_the_memory_is_told_in_a_sentence():
    assert run("memory.mjs", library(), KERNEL) == [bundle.words()["engine"]["memory"]] * 2


def test_words_are_json_that_people_can_read():
    for file in (bundle.WORDS / bundle.LANGUAGE).glob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert json.loads(text) and "\\u" not in text, file.name
