"""Choose the versions of everything that the book needs, for Python 3.11 to 3.13 on any system, into requirements.lock.

    python -m tools.lock               # keeps the versions already chosen where they still fit
    python -m tools.lock --upgrade

One version of a package serves all Pythons where that is possible, so that all readers see the same numbers. The file
holds names, versions and markers: no index address, no hash, no path.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
HEADER = (
    "# Exact versions for Python 3.11 to 3.13, chosen by `make lock` from pyproject.toml (extra: test). Do not edit.\n"
)
BEYOND = "python_full_version >= '3.14'"  # uv looks further than we support
COMMAND = (
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
    *("--extra", "test", "pyproject.toml", "-o", "requirements.lock"),
)


def main(arguments: list[str]) -> None:
    subprocess.run([sys.executable, "-m", *COMMAND, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    lines = [
        line
        for line in LOCK.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "-e", "./")) and BEYOND not in line
    ]
    LOCK.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{LOCK.name}: {len(lines)} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
