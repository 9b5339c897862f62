"""Write the models that the book's explorers ask into the built book: `lm-models/NAME.js`, and an index of them.

    python -m tools.book_models FOLDER

A page opened from a file may not fetch, so each model is a script that hands over a text. The folder is not below
`_static`, whose scripts jupyter-book puts on every page. A model is written again only when its data or the code that
packs it has changed; the first line of its script tells what it was made of. This runs in a process of its own, so that
building the book loads TensorFlow only where a model has to be written.
"""

import hashlib
import json
import sys
from pathlib import Path

from lmtutorial import files
from lmtutorial.widgets import export, grids, stored

DATA = {
    "reviews-lstm": "models/reviews-lstm/",
    "wiki-lstm": "models/wiki-lstm/",
    stored.MAP: "embeddings/",
    **grids.FILES,
}
CODE = (export.__file__, str(Path(export.__file__).with_name("map_data.py")), grids.__file__)


def made_of(name: str) -> str:
    """A checksum of all that goes into a model's script."""
    data = [line for line in sorted(files.checksums().items()) if line[0].startswith(DATA[name])]
    code = [files.sha256(Path(file)) for file in CODE]
    return hashlib.sha256(json.dumps([data, code]).encode()).hexdigest()


def first_line(name: str) -> str:
    return f"// made of {made_of(name)}\n"


def outdated(folder: Path) -> list[str]:
    """The models that have to be written, because they are missing or made of something else."""
    return [name for name in DATA if not _begins_with(folder / f"{name}.js", first_line(name))]


def _begins_with(file: Path, line: str) -> bool:
    if not file.is_file():
        return False
    with file.open(encoding="utf-8") as stream:
        return stream.readline() == line


def packed(name: str) -> bytes:
    """The model as the file that a page reads."""
    if name == stored.MAP:
        from lmtutorial.widgets.map_data import pack_map

        return pack_map()
    if name in grids.FILES:
        return grids.pack_grids(name)
    from lmtutorial.models.zoo import load_model

    return export.pack(load_model(name), name)


def index(folder: Path) -> str:
    """The script that tells the pages which version of each model there is, and its size."""
    known = {}
    for name in DATA:
        script = (folder / f"{name}.js").read_bytes()
        known[name] = {"v": hashlib.sha256(script).hexdigest()[:8], "bytes": len(script)}
    return f"lmExplorerIndex({json.dumps(known)});\n"


def main(folder: Path) -> None:
    for name in outdated(folder):
        with files.written_whole(folder / f"{name}.js") as beside:
            beside.write_text(first_line(name) + export.as_script(name, packed(name)), encoding="utf-8")
    with files.written_whole(folder / "index.js") as beside:
        beside.write_text(index(folder), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
