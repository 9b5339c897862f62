"""The rules of the ES modules in `src/`, under which they can be joined into one scope by taking their imports away.

A name at the top of a module must be the only one of its kind; imports are written `import { a, b } from "./x.js";` and
cannot be renamed; what is exported has the word `export` before it. What breaks these rules is refused.
"""

import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "src"
MADE_HERE = {  # {module that the bundler makes: the constant that it exports}
    "words.js": "words",
    "styles.js": "STYLES",
    "worker_source.js": "WORKER_SOURCE",
    "kernel_wasm.js": "KERNEL_WASM",
    "parts.js": "PARTS",
}

IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"([^"]+)";[ \t]*\n', re.M)
DECLARED = re.compile(r"^(export\s+)?(?:async\s+)?(?:function\b\*?|class|const|let|var)\s+([\w$]+|[\[{])", re.M)


def read(name: str, folder: Path | None = None) -> str:
    """The text of a module; `ValueError` where it breaks a rule of this bundler."""
    text = ((folder or SOURCES) / name).read_text(encoding="utf-8").rstrip() + "\n"
    body = IMPORT.sub("", text)
    for line in body.splitlines():
        if re.match(r"import\b(?!\()|export\s*(default|\{|\*)", line):
            allowed = 'import { a, b } from "./x.js"; and export before a name'
            raise ValueError(f"{name}: {line.strip()!r}; allowed are {allowed}")
        if line.count("`") % 2 or line.endswith("\\"):
            raise ValueError(f"{name}: a text that goes on in the next line: {line.strip()!r}")
    for names, source in IMPORT.findall(text):
        if not re.fullmatch(r"\./[\w]+\.js", source) or re.search(r"\bas\b", names):
            raise ValueError(f"{name}: imports {names.strip()!r} from {source!r}")
    return text


def imports(text: str) -> list[tuple[str, list[str]]]:
    """[(module, [names])] that a module asks for."""
    return [(source[2:], re.findall(r"[\w$]+", names)) for names, source in IMPORT.findall(text)]


def declared(text: str) -> list[tuple[str, bool]]:
    """[(name, is it exported)] at the top of a module.

    >>> declared("export const a = 1;\\nfunction b() {\\n  const c = 2;\\n}\\n")
    [('a', True), ('b', False)]
    """
    return [(name, bool(export)) for export, name in DECLARED.findall(text)]


def modules(entry: str, folder: Path | None = None) -> list[str]:
    """The modules that `entry` needs, each after those it needs itself; `ValueError` for a circle."""
    order, open_ = [], []

    def visit(name: str) -> None:
        if name in order or name in MADE_HERE:
            return
        if name in open_:
            raise ValueError(f"modules need each other in a circle: {' -> '.join([*open_, name])}")
        open_.append(name)
        for needed, _ in imports(read(name, folder)):
            visit(needed)
        open_.pop()
        order.append(name)

    visit(entry)
    return order


def check(texts: dict[str, str]) -> None:
    """`ValueError` where two modules declare the same name, or one imports what another does not export."""
    owner = {constant: module for module, constant in MADE_HERE.items()}
    owner["SHARED"] = "parts.js"
    exported = {module: {name for name, home in owner.items() if home == module} for module in MADE_HERE}
    for module, text in texts.items():
        for name, export in declared(text):
            if name in "[{":
                raise ValueError(f"{module}: name the constants at the top of a module one by one")
            if name in owner:
                raise ValueError(f"{name} is declared in {owner[name]} and in {module}")
            owner[name] = module
            exported.setdefault(module, set()).update([name] if export else [])
    for module, text in texts.items():
        for source, names in imports(text):
            if missing := sorted(set(names) - exported.get(source, set())):
                raise ValueError(f"{module} imports {', '.join(missing)}, which {source} does not export")


def bare(text: str) -> str:
    """A module without its imports and the word `export`."""
    return re.sub(r"^export\s+", "", IMPORT.sub("", text), flags=re.M)
