"""How much memory does reading a Wikipedia dump take, and does it depend on the dump's size?

    python benchmarks/dump_memory.py                # natural pages, 30 and 300 MB: benchmarks/results/dump_memory.json
    python benchmarks/dump_memory.py --skim 10      # quicker: of ten copies of a page nine are no article

The dump is made of the pages of the small real one inside gensim, over and over, in the form of Wikipedia's multistream
dumps: one bzip2 stream for the head, one for each copy of the pages, one for the end. A child process reads it through
`load_wikipedia` and tells its peak resident memory above what it had after the imports. Beside it stands what gensim's
own `extract_pages` gathers: it leaves an empty element in the tree for each page.
"""

import argparse
import bz2
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lmtutorial import files

RESULT = Path(__file__).parent / "results" / "dump_memory.json"
READ = """
import sys, time
import psutil
import lmtutorial as lt
from lmtutorial import corpora
from gensim.corpora import wikicorpus
from gensim.test import utils

process = psutil.Process()
start, began = process.memory_info().rss, time.perf_counter()
peak, count, characters = start, 0, 0
for article in lt.load_wikipedia(sys.argv[1]):
    count, characters = count + 1, characters + len(article.text)
    peak = max(peak, process.memory_info().rss)
seconds = time.perf_counter() - began
try:  # Linux keeps the true peak (ru_maxrss would count the parent's too); elsewhere the samples must do
    status = open("/proc/self/status").read()
    peak = max(peak, 1024 * int(status.split("VmHWM:")[1].split()[0]))
except (OSError, IndexError):
    pass
print(count, characters, start, peak, seconds)
"""
# Pages without any text, so that only what stays behind in the tree can make the difference.
GATHER = """
import io, sys, tracemalloc
from gensim.corpora.wikicorpus import extract_pages
from lmtutorial import corpora

def pages(number):
    yield b'<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/">\\n<siteinfo/>'
    for _ in range(number):
        yield b"  <page><title>T</title><ns>1</ns><id>1</id><revision><text/></revision></page>\\n"
    yield b"</mediawiki>"

class File:
    def __init__(self, number):
        self.pages = pages(number)
    def read(self, size):
        return next(self.pages, b"")

number = 100_000
for read in (lambda: extract_pages(File(number)), lambda: corpora._pages(pages(number))):
    tracemalloc.start()
    for _ in read():
        pass
    print(tracemalloc.get_traced_memory()[1] / number)
    tracemalloc.stop()
"""


def build(target: Path, megabytes: float, skim: int = 1) -> int:
    """Write a multistream dump of at least so many megabytes (10**6 bytes) of XML; returns its size unpacked."""
    from gensim.test.utils import datapath

    source = datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
    xml = bz2.decompress(Path(source).read_bytes())
    start, end = xml.index(b"  <page>"), xml.rindex(b"</mediawiki>")
    pages = xml[start:end]
    talk = re.sub(rb"<ns>0</ns>", b"<ns>1</ns>", pages)
    streams = [bz2.compress(pages), bz2.compress(talk)]
    copies = int(megabytes * 1e6 / len(pages)) + 1
    with files.written_whole(target) as beside, beside.open("wb") as out:
        out.write(bz2.compress(xml[:start]))
        for copy in range(copies):
            out.write(streams[copy % skim > 0])
        out.write(bz2.compress(xml[end:]))
    return len(xml) + (copies - 1) * len(pages)


def run(code: str, *arguments: str) -> list[float]:
    root = Path(__file__).resolve().parent.parent
    child = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return [float(word) for word in child.stdout.split()]


def measure(megabytes: float, skim: int = 1) -> dict:
    """Build a dump of that size in a temporary folder, read it, and tell what it took."""
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "dump.xml.bz2"
        began = time.perf_counter()
        unpacked = build(dump, megabytes, skim)
        built = time.perf_counter() - began
        articles, characters, start, peak, seconds = run(READ, str(dump))
        return {
            "unpacked_mb": round(unpacked / 1e6, 1),
            "packed_mb": round(dump.stat().st_size / 1e6, 1),
            "articles": int(articles),
            "characters_of_text": int(characters),
            "after_imports_mb": round(start / 1e6, 1),
            "above_imports_mb": round((peak - start) / 1e6, 1),
            "build_seconds": round(built, 1),
            "read_seconds": round(seconds, 1),
        }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--megabytes", type=float, nargs="+", default=[30, 300], help="sizes unpacked")
    options.add_argument("--skim", type=int, default=1, help="one copy in so many has articles")
    options.add_argument("--out", type=Path, default=RESULT)
    chosen = options.parse_args()
    gensim_gathers, ours = run(GATHER)
    result = {
        "dumps": [measure(size, chosen.skim) for size in chosen.megabytes],
        "copies_without_articles": f"{chosen.skim - 1} of {chosen.skim}",
        "left_behind_bytes_per_page": {
            "gensim extract_pages": round(gensim_gathers, 1),
            "load_wikipedia": round(ours, 1),
        },
    }
    with files.written_whole(chosen.out) as beside:
        beside.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
