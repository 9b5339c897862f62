"""Every sentence that a reader meets, gathered into catalogues for translators; and their work put back into files.

    python -m tools.catalogues             # writes _build/gettext/**/*.pot
    python -m tools.catalogues zh_CN       # reads locale/zh_CN/LC_MESSAGES/*.po, writes the words of that edition

Pages (prose, headings, tables, glossary, alt text) are gathered by Sphinx, one catalogue a page, and Sphinx also reads
their translations back when the book is built. The words of explorers, checkers and quizzes are data files: here each
text becomes a message whose context says where it stands (`common.json: methods/lime`), so that a translation finds its
way back into a file of the same shape. Code, outputs and stored numbers are no prose and are left where they are.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from lmtutorial import __version__
from lmtutorial.files import written_whole

ROOT = Path(__file__).resolve().parent.parent
TARGET, LOCALE = ROOT / "_build" / "gettext", ROOT / "locale"
FOR_PROGRAMS = {"quizzes": ("kind", "recompute")}  # {catalogue: keys whose texts nobody reads}
# {catalogue: (the English files, the same file in another language)}
FILES = {
    "explorers": ("lmtutorial/widgets/words/en/*.json", "lmtutorial/widgets/words/{language}/{name}"),
    "checkers": ("lmtutorial/checks/messages/en/*.yml", "lmtutorial/checks/messages/{language}/{name}"),
    "quizzes": ("data/quizzes/*.yml", "data/quizzes/{language}/{name}"),
    "quiz_page": ("lmtutorial/quiz_page/words/en.json", "lmtutorial/quiz_page/words/{language}.json"),
}


def texts(content, unread: tuple[str, ...] = (), at: str = "") -> Iterator[tuple[str, str]]:
    """(place, text) of each text in what a YAML or JSON file holds, but for those under the keys `unread`.

    >>> list(texts({"stem": "Why?", "kind": "one", "options": [{"text": "So."}]}, unread=("kind",)))
    [('stem', 'Why?'), ('options/0/text', 'So.')]
    """
    if isinstance(content, str):
        yield at, content
    elif isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            if key not in unread:
                yield from texts(value, unread, f"{at}/{key}".lstrip("/"))


def translated(content, said: dict[str, str], at: str = ""):
    """`content` with the texts at the places that `said` knows replaced; the others stay as they are.

    >>> translated({"kind": "one", "stem": "Why?"}, {"stem": "为什么？"})
    {'kind': 'one', 'stem': '为什么？'}
    """
    if isinstance(content, str):
        return said.get(at, content)
    if isinstance(content, dict):
        return {key: translated(value, said, f"{at}/{key}".lstrip("/")) for key, value in content.items()}
    if isinstance(content, list):
        return [translated(value, said, f"{at}/{i}".lstrip("/")) for i, value in enumerate(content)]
    return content


def load(file: Path):
    return (json.loads if file.suffix == ".json" else yaml.safe_load)(file.read_text(encoding="utf-8"))


def of_files(name: str) -> Catalog:
    """The catalogue of explorers, checkers, quizzes, or the words around a quiz."""
    found = _catalogue()
    for file in sorted(ROOT.glob(FILES[name][0])):
        for place, text in texts(load(file), FOR_PROGRAMS.get(name, ())):
            found.add(text, context=f"{file.name}: {place}", locations=[(file.relative_to(ROOT).as_posix(), 1)])
    return found


def of_pages() -> dict[str, Catalog]:
    """{page: its catalogue} of the whole book, by Sphinx; it works in a folder of its own, beside the built book."""
    work = ROOT / "_build" / "gettext-pages"
    shutil.rmtree(work / "_build" / "gettext", ignore_errors=True)  # of pages that are gone
    start = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(ROOT), "-q", "-W"]
    output = ["--keep-going", "--builder", "custom", "--custom-builder", "gettext", "--path-output", str(work)]
    if subprocess.run([*start, *output], cwd=ROOT, check=False).returncode:
        raise RuntimeError("the pages could not be read; what is said above stands in the way of make book, too")
    folder = work / "_build" / "gettext"
    pages = {}
    for file in sorted(folder.rglob("*.pot")):
        page = pages[file.relative_to(folder).with_suffix("").as_posix()] = _catalogue()
        with open(file, "rb") as stream:
            for message in read_po(stream):
                if message.id:
                    page.add(message.id, locations=[(_from_root(p), n or 1) for p, n in message.locations])
    return pages


def _catalogue() -> Catalog:
    return Catalog(project="Explaining Language Models", version=__version__, copyright_holder="The lmtutorial authors")


def _from_root(path: str) -> str:
    return re.sub(r"^.*?(?=(?:book|notebooks)/[^/]+$)", "", path)


def gather() -> dict[str, Catalog]:
    """{name: catalogue} of all that there is to translate."""
    return {**of_pages(), **{name: of_files(name) for name in FILES}}


def put_back(language: str, locale: Path = LOCALE, root: Path = ROOT) -> list[Path]:
    """Write the files of explorers, checkers and quizzes in `language`; a text without a translation stays English.

    Raises:
        ValueError: if there is no catalogue in that language, or a translation lost a {brace} that is filled in.
    """
    folder = locale / language / "LC_MESSAGES"
    if not any((folder / f"{name}.po").is_file() for name in FILES):
        raise ValueError(f"{folder} holds none of {', '.join(f'{n}.po' for n in FILES)}: see CONTRIBUTING.md")
    made = []
    for name, (english, there) in FILES.items():
        said = _said(folder / f"{name}.po")
        for file in sorted(ROOT.glob(english)):
            start = f"{file.name}: "
            own = {at.removeprefix(start): text for at, text in said.items() if at.startswith(start)}
            made.append(root / there.format(language=language, name=file.name))
            made[-1].parent.mkdir(parents=True, exist_ok=True)
            _write(made[-1], translated(load(file), own))
    return made


def _said(file: Path) -> dict[str, str]:
    """{context: translation} of a catalogue; nothing of one that is not there, and nothing that is marked fuzzy."""
    if not file.is_file():
        return {}
    with open(file, "rb") as stream:
        done = [m for m in read_po(stream) if m.context and m.string and not m.fuzzy]
    for message in done:
        if _braces(message.id) != _braces(message.string):
            raise ValueError(
                f"{file.name}, {message.context}: keep what stands in braces, {_braces(message.id)}; "
                f"the translation has {_braces(message.string)}"
            )
    return {message.context: message.string for message in done}


def _braces(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w*\}", text))


def _write(file: Path, content) -> None:
    if file.suffix == ".json":
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    else:
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)
    with written_whole(file) as beside:
        beside.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> None:
    if arguments:
        for file in put_back(arguments[0]):
            print(file.relative_to(ROOT))
        return
    found = gather()
    shutil.rmtree(TARGET, ignore_errors=True)
    for name, catalogue in found.items():
        file = TARGET / f"{name}.pot"
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "wb") as stream:
            write_po(stream, catalogue, width=0)
    messages = sum(len(catalogue) for catalogue in found.values())
    print(f"{messages} messages in {len(found)} catalogues: {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
