"""Downloads, against a web server on this machine that behaves as badly as real ones do."""

import gzip
import hashlib
import http.server
import json
import re
import socket
import threading

import pytest

from lmtutorial import downloads
from lmtutorial.downloads import Source, fetch

CONTENT = bytes(range(256)) * 4096  # one MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Site:
    """A web server: its files, its habits, and what it was asked."""

    def __init__(self):
        self.files = {"/data.bin": CONTENT}
        self.etag = '"v1"'
        self.ranges = True  # answers Range with 206
        self.breaks = []  # after how many bytes each of the next connections breaks off
        self.status = None
        self.asked = []

    def answer(self, request):
        self.asked.append((request.path, request.headers.get("Range")))
        body = self.files.get(request.path)
        if body is None or self.status:
            return request.send_error(self.status or 404)
        start, wanted = 0, request.headers.get("Range")
        if wanted and self.ranges and request.headers.get("If-Range", self.etag) == self.etag:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(body):
                return request.send_error(416)
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.etag:
            request.send_header("ETag", self.etag)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        request.wfile.write(body[start:][: self.breaks.pop(0) if self.breaks else None])


@pytest.fixture
def site(monkeypatch, tmp_path):
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            site.answer(self)

        def log_message(self, *_):
            pass

    monkeypatch.setenv("LMTUTORIAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSE", 0)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site.address = f"http://127.0.0.1:{server.server_port}"
        site.url = f"{site.address}/data.bin"
        yield site
        server.shutdown()


def cached(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").iterdir())


def begun(site, size=300_000):
    """Leave the first `size` bytes of a download in the cache, as a lost network does."""
    site.breaks = [size] + [0] * downloads.TRIES
    with pytest.raises(ConnectionError, match=f"{size:,} bytes are kept"):
        fetch(url=site.url, sha256=SHA256)
    site.asked.clear()
    site.breaks.clear()


def test_a_file_is_fetched_once_and_then_comes_from_the_cache(site, tmp_path):
    path = fetch(url=site.url, sha256=SHA256.upper())
    assert path == tmp_path / "cache" / "data.bin"
    assert path.read_bytes() == CONTENT
    assert fetch(url=site.url, sha256=SHA256) == path
    assert site.asked == [("/data.bin", None)]
    assert cached(tmp_path) == ["data.bin", "data.bin.json"]


def test_a_connection_that_breaks_off_is_taken_up_again(site):
    site.breaks = [100_000, 1, 400_000]
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT
    assert [asked for _, asked in site.asked] == [None, "bytes=100000-", "bytes=100001-", "bytes=500001-"]


def test_a_later_call_goes_on_where_an_earlier_one_stopped(site):
    begun(site)
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT
    assert site.asked == [("/data.bin", "bytes=300000-")]


def test_a_server_that_ignores_ranges_sends_the_whole_file_again(site):
    begun(site)
    site.ranges = False
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT


def test_halves_of_two_versions_are_never_joined(site):
    begun(site)
    newer = CONTENT[::-1]
    site.files["/data.bin"], site.etag = newer, '"v2"'
    assert fetch(url=site.url).read_bytes() == newer


def test_without_a_version_from_the_server_a_download_starts_again(site):
    site.etag = None
    begun_at = 300_000
    site.breaks = [begun_at]
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT
    assert [asked for _, asked in site.asked] == [None, None]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(site, tmp_path):
    begun(site)
    (tmp_path / "cache" / "data.bin.part").write_bytes(CONTENT + b"more")
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_with_both_and_leaves_nothing(site, tmp_path):
    site.files["/data.bin"] = b"<html>please log in</html>"
    found = hashlib.sha256(site.files["/data.bin"]).hexdigest()
    with pytest.raises(ValueError, match=f"its checksum is sha256:{found}, expected sha256:{SHA256}"):
        fetch(url=site.url, sha256=SHA256)
    assert cached(tmp_path) == []


def test_a_part_that_was_changed_is_found_out_and_thrown_away(site, tmp_path):
    begun(site)
    part = tmp_path / "cache" / "data.bin.part"
    part.write_bytes(b"x" * part.stat().st_size)
    with pytest.raises(ValueError, match="its checksum is"):
        fetch(url=site.url, sha256=SHA256)
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT


def test_a_file_that_went_bad_in_the_cache_is_fetched_anew(site):
    path = fetch(url=site.url, sha256=SHA256)
    path.write_bytes(CONTENT[:-1] + b"?")
    assert fetch(url=site.url, sha256=SHA256).read_bytes() == CONTENT


def test_two_addresses_that_end_alike_are_not_mistaken_for_each_other(site):
    site.files["/other/data.bin"] = b"other"
    assert fetch(url=site.url).read_bytes() == CONTENT
    assert fetch(url=f"{site.address}/other/data.bin").read_bytes() == b"other"


def test_what_the_server_does_not_have_is_said_so(site):
    with pytest.raises(ValueError, match=r"the server has no http://.*/nothing\.bin: it answers 404 Not Found"):
        fetch(url=f"{site.address}/nothing.bin")


def test_a_server_in_trouble_is_asked_again_and_then_given_up(site):
    site.status = 503
    with pytest.raises(ConnectionError, match="cannot fetch .*nothing was kept"):
        fetch(url=site.url)
    assert len(site.asked) == downloads.TRIES


def test_without_a_network_the_error_says_what_to_do(site):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectionError, match="Is there a network.*can also be put into .*cache by hand"):
        fetch(url=f"http://127.0.0.1:{port}/data.bin")


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"'glove.6b.zip'; did you mean 'glove\.6B\.zip'\? There are: 'enwiki'"):
        fetch("glove.6b.zip")
    with pytest.raises(ValueError, match="nothing to fetch under the name None"):
        fetch()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"url": "file:///etc/hosts"}, "is no http or https address"),
        ({"url": "https://example.org/"}, "cannot be the name of a file"),
        ({"url": "https://example.org/a", "name": "../a"}, "cannot be the name of a file"),
        ({"url": "https://example.org/a%2Fb"}, None),
        ({"url": "https://example.org/a", "sha256": "abc"}, "64 hexadecimal digits; got 'abc'"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_asked(monkeypatch, arguments, said):
    monkeypatch.setattr(downloads, "_cached", lambda target, url, checksum: target)
    if said is None:
        assert fetch(**arguments).name == "b"
    else:
        with pytest.raises(ValueError, match=said):
            fetch(**arguments)


def test_a_dump_is_checked_against_the_list_that_wikimedia_publishes_beside_it(site, monkeypatch, tmp_path):
    latest = f"{site.address}/xxwiki/latest/xxwiki-latest"
    source = Source(f"{latest}-pages-articles.xml.bz2", "", "", f"{latest}-sha1sums.txt")
    monkeypatch.setitem(downloads.SOURCES, "xxwiki", source)
    sha1 = hashlib.sha1(CONTENT).hexdigest()
    names = ("pages-articles-multistream.xml.bz2", "pages-articles.xml.bz2")
    lines = [f"{digest}  xxwiki-20260101-{name}\n" for name, digest in zip(names, ("0" * 40, sha1), strict=True)]
    site.files["/xxwiki/latest/xxwiki-latest-sha1sums.txt"] = "".join(lines).encode()
    site.files["/xxwiki/20260101/xxwiki-20260101-pages-articles.xml.bz2"] = CONTENT
    path = fetch("xxwiki")
    assert path.name == "xxwiki-latest-pages-articles.xml.bz2"
    assert path.read_bytes() == CONTENT
    assert json.loads((tmp_path / "cache" / f"{path.name}.json").read_text())["checksum"] == f"sha1:{sha1}"
    site.asked.clear()
    assert fetch("xxwiki") == path and site.asked == []  # what was fetched needs no network any more
    path.unlink()
    site.files["/xxwiki/latest/xxwiki-latest-sha1sums.txt"] = lines[1].replace(sha1, "1" * 40).encode()
    with pytest.raises(ValueError, match=f"its checksum is sha1:{sha1}, expected sha1:{'1' * 40}"):
        fetch("xxwiki")
    site.files["/xxwiki/latest/xxwiki-latest-sha1sums.txt"] = b""
    with pytest.raises(ValueError, match="holds no checksum of xxwiki-DATE-pages-articles"):
        fetch("xxwiki")


def test_every_source_has_an_address_a_licence_and_a_way_to_check_it():
    assert {"enwiki", "simplewiki", "glove.6B.zip"} <= set(downloads.SOURCES)
    for source in downloads.SOURCES.values():
        assert source.url.startswith("https://") and source.about and source.licence
        assert re.fullmatch(r"sha256:[0-9a-f]{64}|https://dumps\.wikimedia\.org/.*-sha1sums\.txt", source.checksum)


def test_names_of_gensim_data_go_through_gensims_downloader(site, monkeypatch, tmp_path, capsys):
    from gensim import downloader

    packed = gzip.compress(b"2 1\na 1\nb 2\n")
    entry = {"checksum": hashlib.md5(packed).hexdigest(), "file_name": "toy-vectors.gz", "parts": 1}
    site.files["/list.json"] = json.dumps({"corpora": {}, "models": {"toy-vectors": entry}}).encode()
    site.files["/toy-vectors/__init__.py"] = b""
    site.files["/toy-vectors/toy-vectors.gz"] = packed
    monkeypatch.setattr(downloader, "BASE_DIR", str(tmp_path / "gensim-data"))
    monkeypatch.setattr(downloader, "DOWNLOAD_BASE_URL", site.address)
    monkeypatch.setattr(downloader._load_info, "__defaults__", (f"{site.address}/list.json", "utf-8"))
    with pytest.raises(ValueError, match="gensim-data has no 'toy-vector'; did you mean 'toy-vectors'?"):
        fetch("gensim-data:toy-vector")
    site.files["/toy-vectors/toy-vectors.gz"] = packed[:-1]
    with pytest.raises(ValueError, match="gensim-data:toy-vectors arrived damaged"):
        fetch("gensim-data:toy-vectors")
    site.files["/toy-vectors/toy-vectors.gz"] = packed
    assert fetch("gensim-data:toy-vectors").read_bytes() == packed
    site.status = 503
    assert fetch("gensim-data:toy-vectors").read_bytes() == packed  # from its folder
    monkeypatch.setattr(downloader, "BASE_DIR", str(tmp_path / "empty"))
    with pytest.raises(ConnectionError, match="cannot fetch gensim-data:toy-vectors"):
        fetch("gensim-data:toy-vectors")


def test_the_cache_is_where_the_platform_keeps_such_files(monkeypatch, tmp_path):
    monkeypatch.setenv("LMTUTORIAL_CACHE", str(tmp_path))
    assert downloads.cache_folder() == tmp_path
    monkeypatch.delenv("LMTUTORIAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(downloads.sys, "platform", "linux")
    assert downloads.cache_folder() == tmp_path / "xdg" / "lmtutorial"
