"""Joins the ES modules of `src/` into single scripts, because a page opened from a file may not import modules.

    page_scripts()   classic scripts for the book. The first holds what all explorers share, and the worker's own text;
                     it loads the others, the explorers themselves, where they are needed
    widget_module()  an ES module for Jupyter widgets: the same interface
    worker_source()  the engine, for a Web Worker
    library(…)       an ES module that exports what some modules export, for tests

Modules are put in the order in which they need each other, into one scope (see `es_modules` for the rules). Some are
made here: `words.js` (what readers see, from `words/en/*.json`), `styles.js` (the page's style sheet),
`worker_source.js` (the worker's text), `kernel_wasm.js` (the WebAssembly kernel), and `parts.js` (where the page's
other scripts are, and the names of the first that they use).

    python -m lmtutorial.widgets.bundle FOLDER
"""

import base64
import gzip
import hashlib
import json
import re
import sys
from pathlib import Path

from lmtutorial.files import LANGUAGE

from .es_modules import MADE_HERE, SOURCES, bare, check, declared, imports, modules, read

HERE = Path(__file__).resolve().parent
WORDS = HERE / "words"
PAGE_SCRIPT = "lm-explorer.js"
PAGE_STYLES, LANGUAGE_STYLES, GRID_STYLES = "explorer.css", "explorer_language.css", "explorer_grid.css"
PARTS = {  # {part of the page's script: the kinds of explorers in it}; its entry is `<part>_explorers.js`
    "reading": ("sentence", "methods", "path"),
    "language": ("softmax", "next_word"),
    "map": ("map",),
    "grid": ("lens_grid", "patching_grid"),
}
PART_STYLES = {"reading": (), "language": (LANGUAGE_STYLES,), "map": (LANGUAGE_STYLES,), "grid": (GRID_STYLES,)}

USED_WORDS = re.compile(r"(?<![\w.])words\.(\w+)")


def joined(*entries: str, folder: Path | None = None) -> str:
    """The modules of some entries in one scope, preceded by the made modules that they import."""
    order = list(dict.fromkeys(name for entry in entries for name in modules(entry, folder)))
    texts = {name: read(name, folder) for name in order}
    check(texts)
    needed = {source for text in texts.values() for source, _ in imports(text)}
    *first, last = (bare(text) for text in texts.values())
    code = "".join(first)
    before = [made(name, code + last) for name in MADE_HERE if name in needed and name != "parts.js"]
    return "".join([*before, code, parts_module() if "parts.js" in needed else "", last])


def made(name: str, code: str) -> str:
    """One of the modules made here, as a line of code; of the words only the groups that `code` uses."""
    if name == "words.js":
        return constant("words", words_in(code))
    if name == "styles.js":
        return constant("STYLES", styles(PAGE_STYLES))
    if name == "worker_source.js":  # as the text of a function, so that it can be minified with the rest
        return f"const WORKER_SOURCE = `(${{function () {{\n{worker_source()}}}}})()`;\n"
    return constant("KERNEL_WASM", base64.b64encode(without_names((SOURCES / "kernel.wasm").read_bytes())).decode())


def part_of_page(part: str) -> tuple[list[str], list[str]]:
    """The modules that a part adds to the page's script, and the names that they import from what is there."""
    there = modules("page.js")
    added = [name for name in modules(f"{part}_explorers.js") if name not in there]
    asked = [pair for name in added for pair in imports(read(name))]
    return added, sorted({name for source, names in asked if source in (*there, *MADE_HERE) for name in names})


def part_script(part: str) -> str:
    """A part of the page's script: the explorers of some kinds, to be loaded after it when one is asked for."""
    there = modules("page.js")
    added, shared = part_of_page(part)
    check({name: read(name) for name in (*there, *added)})
    code = "".join(bare(read(name)) for name in added)
    old = words_in("".join(bare(read(name)) for name in there))
    new = {group: texts for group, texts in words_in(code).items() if group not in old}
    looks = styles(*PART_STYLES[part]) if PART_STYLES[part] else ""
    names = ", ".join(sorted({*shared, "words"}))
    return minified(
        f'"use strict";\nwindow.lmExplorerPart({as_json(part)}, function ({{ {names} }}) {{\n'
        f"Object.assign(words, {as_json(new)});\n{code}"
        f"return {{ explorers: {part.upper()}_EXPLORERS, styles: {as_json(looks)} }};\n}});\n"
    )


def parts_module() -> str:
    """The module `parts.js`: for each kind of explorer its part and address, and the names that parts use."""
    addresses = {}
    for part, kinds in PARTS.items():
        version = hashlib.sha256(part_script(part).encode()).hexdigest()[:8]
        addresses |= dict.fromkeys(kinds, [part, f"{part_file(part)}?v={version}"])
    shared = sorted({"words", *(name for part in PARTS for name in part_of_page(part)[1])})
    return f"{constant('PARTS', addresses)}const SHARED = {{ {', '.join(shared)} }};\n"


def part_file(part: str) -> str:
    return f"lm-explorer-{part}.js"


def without_names(wasm: bytes) -> bytes:
    """A WebAssembly module without the names of its functions and variables, which only people need."""
    kept, at = wasm[:8], 8
    while at < len(wasm):
        size, digits = 0, 0
        while True:  # seven bits a byte, the lowest first
            digits += 1
            size |= (wasm[at + digits] & 127) << 7 * (digits - 1)
            if wasm[at + digits] < 128:
                break
        end = at + 1 + digits + size
        kept += wasm[at:end] if wasm[at] else b""  # section 0 holds what no machine reads
        at = end
    return kept


def constant(name: str, value) -> str:
    return f"const {name} = {as_json(value)};\n"


def as_json(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def words(language: str = LANGUAGE) -> dict[str, dict]:
    """{group: {key: text}} of all that readers see, one group a file."""
    files = sorted((WORDS / language).glob("*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


def words_in(code: str) -> dict[str, dict]:
    """Of all words, the groups that `code` uses."""
    used = set(USED_WORDS.findall(code))
    return {group: texts for group, texts in words().items() if group in used}


def styles(*names: str) -> str:
    """Some style sheets, by default all, without comments and needless blanks."""
    names = names or (PAGE_STYLES, LANGUAGE_STYLES, GRID_STYLES)
    text = "".join((SOURCES / name).read_text(encoding="utf-8") for name in names)
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.S))
    return re.sub(r";? ?([{};,>]) ?", r"\1", re.sub(r"([:,;{]) ", r"\1", text)).strip()


def worker_source() -> str:
    """The engine's code, to be started as a Web Worker."""
    return f'"use strict";\n{joined("worker.js")}'


def page_script() -> str:
    """The book's script: finds the explorers on a page and brings them to life."""
    return minified(f'(function () {{\n"use strict";\n{joined("page.js")}}})();\n')


def page_scripts() -> dict[str, str]:
    """{file name: text} of the scripts of the book, which lie in one folder; pages name only the first."""
    return {PAGE_SCRIPT: page_script()} | {part_file(part): part_script(part) for part in PARTS}


def widget_module() -> str:
    """The widget's module, as anywidget wants it: a default export with `render`."""
    return minified(f"{joined('widget.js')}export default {{ render }};\n")


def minified(code: str) -> str:
    """The same script with short names and no blanks, by the library `tdewolff-minify`; as it is where that is missing.

    The library belongs to what builds the book (extra `book`). A widget outside it takes the script as it is.
    """
    try:
        import minify
    except ImportError:
        return code
    return minify.string("application/javascript", code)


def library(*entries: str, folder: Path | None = None) -> str:
    """An ES module with all that the modules `entries` export."""
    names = [name for entry in entries for name, export in declared(read(entry, folder)) if export]
    return f"{joined(*entries, folder=folder)}export {{ {', '.join(names)} }};\n"


def main(folder: str) -> None:
    """Write the built files into a folder and say how large they are over the wire."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    built = page_scripts() | {"lm-worker.js": worker_source(), "lm-widget.mjs": widget_module()}
    for name, text in built.items():
        (Path(folder) / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(gzip.compress(text.encode(), 9)):,} bytes gzipped")


if __name__ == "__main__":
    main(*sys.argv[1:])
