"""Fetch the full-size corpora and vectors by name: checked, resumed where it stopped, kept in a cache.

    path = fetch("simplewiki")                      # Simple English Wikipedia, for lt.load_wikipedia(path)
    path = fetch("glove.6B.zip")
    path = fetch("gensim-data:glove-wiki-gigaword-50")
    path = fetch(url="https://...", sha256="...")

No chapter needs any of them. A download grows in `NAME.part`; beside it `NAME.part.json` says of which version of which
address it is a part, so that a later call asks the server for the rest of just that version (`Range` with `If-Range`,
RFC 9110 section 13.1.5). Only a whole file with the right checksum gets its own name.
"""

import hashlib
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from lmtutorial import __version__, files

TIMEOUT = 30  # seconds without a byte
TRIES = 5  # connections in a row that may bring nothing new
PAUSE = 0.2  # seconds, doubled after each of those


@dataclass(frozen=True)
class Source:
    """Where something comes from; `checksum` is "sha256:..." or the address of a list in the format of `sha1sum`."""

    url: str
    about: str
    licence: str
    checksum: str | None = None
    size: int | None = None


def _wikipedia(wiki: str, about: str) -> Source:
    # The newest dump changes twice a month; its checksum list, which names the dated file, changes with it.
    latest = f"https://dumps.wikimedia.org/{wiki}/latest/{wiki}-latest"
    licence = "CC BY-SA 4.0 and GFDL"
    return Source(f"{latest}-pages-articles.xml.bz2", about, licence, f"{latest}-sha1sums.txt")


def _glove(name: str, about: str, sha256: str, size: int | None = None) -> Source:
    return Source(f"https://nlp.stanford.edu/data/{name}.zip", about, "PDDL 1.0", f"sha256:{sha256}", size)


SOURCES = {
    "enwiki": _wikipedia("enwiki", "English Wikipedia, all current pages; some 25 GB"),
    "simplewiki": _wikipedia("simplewiki", "Simple English Wikipedia, all current pages; some 0.3 GB"),
    "glove.6B.zip": _glove(
        "glove.6B",
        "GloVe, Wikipedia 2014 and Gigaword 5: 400,000 words in 50, 100, 200 and 300 dimensions",
        "617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",
        862_182_613,
    ),
    "glove.42B.300d.zip": _glove(
        "glove.42B.300d",
        "GloVe, Common Crawl: 1.9 million lower-cased words; 1.75 GB",
        "03d5d7fa28e58762ace4b85fb71fe86a345ef0b5ff39f5390c14869da0fc1970",
    ),
    "glove.840B.300d.zip": _glove(
        "glove.840B.300d",
        "GloVe, Common Crawl: 2.2 million words as written; 2.03 GB",
        "c06db255e65095393609f19a4cfca20bf3a71e20cc53e892aafa490347e3849f",
    ),
}


def cache_folder() -> Path:
    """`LMTUTORIAL_CACHE`, or the folder where the platform keeps what can be fetched again."""
    if chosen := os.environ.get("LMTUTORIAL_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "lmtutorial" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lmtutorial"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lmtutorial"


def fetch(name: str | None = None, *, url: str | None = None, sha256: str | None = None) -> Path:
    """The local file of something known by name, or of any address; downloaded if it is not in the cache yet.

    Args:
        name: one of `SOURCES`, or `gensim-data:` and a name that gensim's downloader knows. With `url`: the name that
            the file gets in the cache; the last part of the address when left out.
        url: an http or https address.
        sha256: the file's SHA-256. Without one a file from `url` is only known to be whole, not to be right.

    Returns:
        the path of the file. A file in the cache is checked again each time; one that is wrong is fetched anew.

    Raises:
        ValueError: for an unknown name (with the nearest one), an address that is not on the server, or a wrong
            checksum (with both); nothing wrong stays in the cache.
        ConnectionError: without a network, or when the server stops answering. What came is kept: call again.
    """
    if url is None:
        if str(name).startswith("gensim-data:"):
            return _from_gensim(str(name).removeprefix("gensim-data:"))
        if name not in SOURCES:
            known = [*SOURCES, "gensim-data:..."]
            raise ValueError(f"there is nothing to fetch under the name {name!r}{files.nearest(str(name), known)}")
        url, checksum = SOURCES[name].url, SOURCES[name].checksum
        name = url.rsplit("/", 1)[-1]
    else:
        if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
            raise ValueError(f"a SHA-256 has 64 hexadecimal digits; got {sha256!r}")
        checksum = f"sha256:{sha256.lower()}" if sha256 else None
        name = name or urllib.parse.unquote(urllib.parse.urlsplit(url).path).rsplit("/", 1)[-1]
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is no http or https address")
    if name in ("", ".", "..") or re.search(r'[/\\:*?"<>|\0]', name):
        raise ValueError(f"{name!r} cannot be the name of a file: give another one beside the url")
    return _cached(cache_folder() / name, url, checksum)


def _cached(target: Path, url: str, checksum: str | None) -> Path:
    """`target`, from the cache if it is there and right, else from the network."""
    listed = checksum is not None and not checksum.startswith("sha256:")
    record = _record(target)  # the address and, from a list, the checksum that the file had when it came
    if target.is_file():
        came = _read_json(record)
        known = came.get("checksum") if listed else checksum
        same = came.get("url", url) == url if known is None and not listed else True
        if same and (known is None or _checksum(target, known) == known):
            return target
        target.unlink()
    if listed:
        url, checksum = _from_list(checksum, url)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    _download(url, part)
    found = _checksum(part, checksum) if checksum else None
    if found != checksum:
        _forget(part)
        raise ValueError(
            f"{url} is not what it should be: its checksum is {found}, expected {checksum}. Try again later."
        )
    with files.written_whole(record) as beside:
        beside.write_text(json.dumps({"url": url, "checksum": checksum}), encoding="utf-8")
    os.replace(part, target)
    _forget(part)
    return target


def _checksum(path: Path, like: str) -> str:
    """The checksum of a file by the algorithm that `like` ("sha256:...") names, in the same form."""
    algorithm = like.split(":")[0]
    digest = hashlib.new(algorithm)
    with path.open("rb") as file, _bar(f"check {path.name}", path.stat().st_size) as bar:
        while piece := file.read(1 << 20):
            digest.update(piece)
            bar.update(len(piece))
    return f"{algorithm}:{digest.hexdigest()}"


def _from_list(list_url: str, url: str) -> tuple[str, str]:
    """(address of the dated file, "sha1:...") for a `latest` address of Wikimedia, out of its list of checksums."""
    try:
        with _open(list_url) as answer:
            lines = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(list_url, error) from error
    wiki, ending = url.rsplit("/", 1)[-1].split("-latest-")
    found = re.search(rf"^([0-9a-f]{{40}})  ({re.escape(wiki)}-(\d{{8}})-{re.escape(ending)})$", lines, re.MULTILINE)
    if found is None:
        raise ValueError(
            f"{list_url} holds no checksum of {wiki}-DATE-{ending}: the dump may be in the making, try later"
        )
    digest, file_name, date = found.groups()
    return f"{url.rsplit('/latest/', 1)[0]}/{date}/{file_name}", f"sha1:{digest}"


def _download(url: str, part: Path) -> None:
    """Bring `part` to its full length, beginning where it ends; connections that break off are taken up again."""
    fruitless, furthest = 0, _size(part)
    while True:
        try:
            if _more(url, part):
                return
            error = "the connection broke off"
        except urllib.error.HTTPError as answer:
            if answer.code == 416:  # no such range: the part is longer than the file is now, or of another version
                _forget(part)
            elif answer.code < 500 and answer.code not in (408, 429):
                raise ValueError(f"the server has no {url}: it answers {answer.code} {answer.reason}") from answer
            error = answer
        except (OSError, http.client.HTTPException) as failure:
            error = failure
        fruitless = 0 if _size(part) > furthest else fruitless + 1
        furthest = max(furthest, _size(part))
        if fruitless == TRIES or isinstance(
            getattr(error, "reason", None), OSError
        ):  # the latter: no connection at all
            raise _unreachable(url, error, part)
        time.sleep(PAUSE * 2**fruitless)


def _more(url: str, part: Path) -> bool:
    """One connection's worth of the file; True when it is whole."""
    known = _read_json(_record(part))
    version, have = known.get("version"), _size(part)
    resumable = have > 0 and version is not None and known.get("url") == url
    if resumable and have == known.get("size"):
        return True
    asked = {"Range": f"bytes={have}-", "If-Range": version} if resumable else {}
    with _open(url, asked) as answer:
        begin = re.match(r"bytes (\d+)-\d+/(\d+)$", answer.headers.get("Content-Range", ""))
        if answer.status == 206 and not (resumable and begin and int(begin[1]) == have):
            _forget(part)  # not the piece that was asked for
            return False
        start = have if answer.status == 206 else 0
        length = answer.headers.get("Content-Length")
        size = int(begin[2]) if start else int(length) if length else None
        if not start:
            note = {"url": url, "version": _version(answer.headers), "size": size}
            with files.written_whole(_record(part)) as beside:
                beside.write_text(json.dumps(note), encoding="utf-8")
        with part.open("ab" if start else "wb") as file, _bar(part.stem, size, start) as bar:
            _copy(answer, file, bar)
    return size is None or _size(part) == size


def _copy(answer: http.client.HTTPResponse, file: BinaryIO, bar: tqdm) -> None:
    while piece := answer.read1(1 << 18):
        file.write(piece)
        bar.update(len(piece))


def _version(headers) -> str | None:
    """What tells this version of the file from another: a strong ETag, or the date of the last change."""
    etag = headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")


def _open(url: str, headers: dict[str, str] | None = None):
    asked = {"User-Agent": f"lmtutorial/{__version__}", "Accept-Encoding": "identity", **(headers or {})}
    return urllib.request.urlopen(urllib.request.Request(url, headers=asked), timeout=TIMEOUT)


def _unreachable(url: str, error, part: Path | None = None) -> ConnectionError:
    have = _size(part) if part is not None else 0
    kept = f"{have:,} bytes are kept, and the next call goes on from there" if have else "nothing was kept"
    return ConnectionError(
        f"cannot fetch {url}: {getattr(error, 'reason', error)}. Is there a network? {kept}. "
        f"The file can also be put into {cache_folder()} by hand."
    )


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _record(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _record(part).unlink(missing_ok=True)


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _bar(what: str, size: int | None, start: int = 0) -> tqdm:
    return tqdm(desc=what, total=size, initial=start, unit="B", unit_scale=True, delay=2)


def _from_gensim(name: str) -> Path:
    """The file of a corpus or model that gensim publishes; gensim checks it and keeps it in its own folder."""
    from gensim import downloader

    try:
        names = [known for kind in downloader.info(name_only=True).values() for known in kind]
        if name not in names:
            raise ValueError(f"gensim-data has no {name!r}{files.nearest(name, names)}")
        return Path(downloader.load(name, return_path=True))
    except OSError as error:
        raise _unreachable(f"gensim-data:{name}", error) from error
    except ValueError as error:
        if "unable to read local cache" in str(error):  # gensim's words for having no network
            raise _unreachable(f"gensim-data:{name}", "gensim's list of its data cannot be read") from error
        raise
    except Exception as error:  # gensim raises a bare Exception for a wrong checksum
        if "Checksum" in str(error):
            raise ValueError(f"gensim-data:{name} arrived damaged: {error}") from error
        raise
