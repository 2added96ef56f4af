"""Downloads against a server on this machine that misbehaves in every way seen in the wild."""

import hashlib
import http.server
import os
import threading
import time

import pytest

from lama_desktop.errors import Cancelled, CorruptWeightsError, DownloadError, ModelError
from lama_desktop.models import disk, download
from lama_desktop.models.cards import Download
from lama_desktop.models.download import Patience, fetch
from lama_desktop.progress import Progress

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(stall=1.0, tries=3, pause=0.01)


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT under any path; `ways` says how, one for each request, the last for all that follow."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ways = ["whole"]
        self.content = CONTENT
        self.tag = '"one"'
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/big-lama.pt"

    def handle_error(self, request, client_address):
        pass  # clients that go away are part of the tests


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        way = server.ways.pop(0) if len(server.ways) > 1 else server.ways[0]
        wanted, tag = self.headers.get("Range"), self.headers.get("If-Range")
        server.requests.append((self.path, wanted, tag))
        getattr(self, f"way_{way}")(wanted, tag)

    def answer(self, status, body, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def way_whole(self, wanted, tag):
        content = self.server.content
        if wanted and (tag is None or tag == self.server.tag):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.answer(416, b"", Content_Range=f"bytes */{len(content)}")
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self.answer(206, content[start:], Content_Range=span, ETag=self.server.tag)
        return self.answer(200, content, ETag=self.server.tag)

    def way_no_range(self, wanted, tag):
        self.answer(200, self.server.content)

    def way_breaks(self, wanted, tag):
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        content = self.server.content
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        piece = content[start : start + 300_000]
        self.answer(206 if start else 200, piece, len(content) - start, Content_Range=span, ETag=self.server.tag)

    def way_breaks_at_once(self, wanted, tag):
        self.close_connection = True

    def way_not_satisfiable(self, wanted, tag):
        self.answer(416, b"")

    def way_wrong_piece(self, wanted, tag):
        self.answer(206, self.server.content[:1000], Content_Range="bytes 0-999/1048576")

    def way_wrong_bytes(self, wanted, tag):
        self.answer(200, bytes(len(CONTENT)))

    def way_wrong_length(self, wanted, tag):
        self.answer(200, b"<html>not found</html>")

    def way_missing(self, wanted, tag):
        self.answer(404, b"no")

    def way_busy(self, wanted, tag):
        self.answer(503, b"later")

    def way_stalls(self, wanted, tag):
        self.answer(200, self.server.content[:1000], len(CONTENT))
        time.sleep(1.5)

    def way_silent(self, wanted, tag):
        time.sleep(1.5)
        self.close_connection = True

    def way_drips(self, wanted, tag):
        self.answer(200, b"", len(CONTENT))
        for _ in range(100):
            self.wfile.write(b"x" * 100)
            self.wfile.flush()
            time.sleep(0.05)

    def way_chunked(self, wanted, tag):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(CONTENT), 100_000):
            piece = CONTENT[start : start + 100_000]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def way_chunked_breaks(self, wanted, tag):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"186a0\r\n" + CONTENT[:5000])
        self.close_connection = True

    def way_packed(self, wanted, tag):
        self.answer(200, b"\x1f\x8b", Content_Encoding="gzip")

    def way_endless(self, wanted, tag):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(40):
            self.wfile.write(CONTENT)

    def way_redirects(self, wanted, tag):
        self.answer(302, b"", Location="/elsewhere")

    def way_redirects_to_a_file(self, wanted, tag):
        self.answer(302, b"", Location="file:///etc/passwd")

    def way_redirects_to_ftp(self, wanted, tag):
        self.answer(302, b"", Location="ftp://127.0.0.1/big-lama.pt")

    def way_redirects_in_a_circle(self, wanted, tag):
        self.answer(302, b"", Location=self.path)

    def way_nonsense(self, wanted, tag):
        self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    started = []

    def start(*ways, **changes):
        server = Server()
        server.ways = list(ways) or ["whole"]
        for name, value in changes.items():
            setattr(server, name, value)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "store" / "model.pt"


@pytest.fixture(autouse=True)
def folder(target):
    target.parent.mkdir()
    return target.parent


def known(server):
    return Download(server.url, len(CONTENT), SHA256)


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_the_whole_file(serve, target, folder):
    server = serve()
    told = []
    source = fetch(
        [known(server)], target, Progress(lambda fraction, text: told.append((fraction, text))), patience=QUICK
    )
    assert source == known(server)
    assert target.read_bytes() == CONTENT
    assert names(folder) == ["model.pt"]
    assert told
    assert server.requests == [("/big-lama.pt", None, None)]


@pytest.mark.parametrize("source", [{}, {"size": len(CONTENT)}, {"md5": hashlib.md5(CONTENT).hexdigest()}])
def test_sources_of_which_less_is_known(serve, target, source):
    fetch([Download(serve().url, **source)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["chunked", "no_range", "redirects"])
def test_other_ways_to_serve_it(serve, target, way):
    server = serve(way, "whole")
    fetch([known(server)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT


def test_a_connection_that_breaks_off_is_continued(serve, target):
    server = serve("breaks", "breaks_at_once", "breaks", "breaks", "whole")
    fetch([known(server)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert [wanted for _, wanted, _ in server.requests] == [
        *(None, "bytes=300000-", "bytes=300000-", "bytes=600000-", "bytes=900000-")
    ]


def test_a_later_run_continues(serve, target, folder):
    server = serve("breaks", "breaks_at_once")
    with pytest.raises(DownloadError, match="Tried"):
        fetch([known(server)], target, patience=QUICK)
    assert not target.exists()
    assert [each for each in names(folder) if each.endswith(".part")]
    server.ways, server.requests = ["whole"], []
    fetch([known(server)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert server.requests == [("/big-lama.pt", "bytes=300000-", '"one"')]


def test_a_mirror_of_the_same_bytes_continues(serve, target):
    first, second = serve("breaks", "missing"), serve(tag='"two"')
    fetch([known(first), known(second)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert second.requests == [("/big-lama.pt", "bytes=300000-", None)]


def test_without_a_hash_only_the_same_file_is_continued(serve, target):
    server = serve("breaks", "breaks_at_once")
    source = Download(server.url)
    with pytest.raises(DownloadError):
        fetch([source], target, patience=QUICK)
    server.ways, server.tag, server.content = ["whole"], '"two"', CONTENT[::-1]
    fetch([source], target, patience=QUICK)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_server_that_ignores_the_range_starts_over(serve, target):
    server = serve("breaks", "no_range")
    fetch([known(server)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 2


@pytest.mark.parametrize("way", ["not_satisfiable", "wrong_piece"])
def test_a_range_that_is_not_given_starts_over(serve, target, way):
    server = serve("breaks", way, "whole")
    fetch([known(server)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert server.requests[-1][1] is None


def test_a_part_that_is_whole_already(serve, target, folder):
    server = serve()
    source = Download(server.url, sha256=SHA256)
    (folder / f"model.pt.{SHA256[:12]}.part").write_bytes(CONTENT)
    fetch([source], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert server.requests == [("/big-lama.pt", f"bytes={len(CONTENT)}-", None)]


@pytest.mark.parametrize("stale", [b"stale" * 1000, bytes(len(CONTENT)), bytes(len(CONTENT) + 5)])
def test_a_stale_part_is_thrown_away(serve, target, folder, stale):
    server = serve()
    (folder / f"model.pt.{SHA256[:12]}.part").write_bytes(stale)
    fetch([known(server)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert names(folder) == ["model.pt"]


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("missing", "the server answered 404"),
        ("busy", "the server answered 503"),
        ("breaks_at_once", "closed"),
        ("wrong_length", "22 bytes instead of"),
        ("wrong_bytes", "hash differs"),
        ("stalls", "nothing arrived|timed out"),
        ("silent", "nothing arrived|timed out"),
        ("packed", "packs what it sends"),
        ("redirects_to_a_file", "302"),
        ("redirects_to_ftp", "not safe"),
        ("redirects_in_a_circle", "302"),
        ("nonsense", "SSH"),
        ("chunked_breaks", "IncompleteRead|broke off"),
        ("endless", "more than it should"),
    ],
)
def test_what_goes_wrong_is_said_and_the_mirror_is_taken(serve, target, folder, way, reason):
    server, mirror = serve(way), serve()
    source = known(server)
    patience = Patience(stall=0.5, tries=2, pause=0.01)
    with pytest.raises(DownloadError, match=reason) as caught:
        fetch([source], target, patience=patience)
    assert f"127.0.0.1:{server.server_port}: big-lama.pt" in str(caught.value)
    assert not target.exists()
    fetch([source, known(mirror)], target, patience=patience)
    assert target.read_bytes() == CONTENT
    assert names(folder) == ["model.pt"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "no address", ""])
def test_other_schemes(target, url):
    with pytest.raises(DownloadError, match="only http and https"):
        fetch([Download(url)], target, patience=QUICK)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://127.0.0.1:0/x", "http://name.invalid/x"])
def test_addresses_that_cannot_be(target, url):
    with pytest.raises(DownloadError):
        fetch([Download(url)], target, patience=QUICK)


def test_every_try_is_listed(serve, target):
    servers = [serve("missing"), serve("busy")]
    with pytest.raises(DownloadError) as caught:
        fetch([known(each) for each in servers], target, patience=QUICK)
    assert all(f":{each.server_port}: big-lama.pt (the server" in str(caught.value) for each in servers)
    assert len(servers[0].requests) == 1
    assert len(servers[1].requests) == 3


@pytest.mark.parametrize("way", ["drips", "silent", "stalls"])
def test_cancelling_takes_less_than_a_second_and_keeps_the_part(serve, target, folder, way):
    server = serve(way)
    progress = Progress()
    timer = threading.Timer(0.4, progress.cancel)
    timer.start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        fetch([known(server)], target, progress, patience=Patience(stall=1.4))
    timer.join()
    assert time.monotonic() - start < 1.3
    assert not target.exists()
    if way == "drips":
        [part] = folder.glob("*.part")
        assert 0 < part.stat().st_size < len(CONTENT)


class TestOffline:
    def forbid_sockets(self, monkeypatch):
        def refuse(*_, **__):
            raise AssertionError("a socket was opened")

        monkeypatch.setattr("socket.socket.connect", refuse)
        monkeypatch.setattr("socket.getaddrinfo", refuse)

    def test_by_argument(self, target, monkeypatch, folder):
        self.forbid_sockets(monkeypatch)
        with pytest.raises(DownloadError, match="switched off"):
            fetch([Download("http://127.0.0.1:9/x")], target, forbid=True)
        assert names(folder) == []

    @pytest.mark.parametrize("value", ["1", "true", "yes"])
    def test_by_environment(self, target, monkeypatch, value):
        self.forbid_sockets(monkeypatch)
        monkeypatch.setenv("LAMA_DESKTOP_OFFLINE", value)
        with pytest.raises(DownloadError, match="switched off"):
            fetch([Download("http://127.0.0.1:9/x")], target)

    @pytest.mark.parametrize("value", ["", "0", "no"])
    def test_not_offline(self, monkeypatch, value):
        monkeypatch.setenv("LAMA_DESKTOP_OFFLINE", value)
        assert not download.offline()


def test_the_proxy_of_the_environment_is_used(serve, target, monkeypatch):
    proxy = serve()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
    fetch([Download("http://weights.example/big-lama.pt", len(CONTENT), SHA256)], target, patience=QUICK)
    assert target.read_bytes() == CONTENT
    assert proxy.requests == [("http://weights.example/big-lama.pt", None, None)]


def test_a_full_disk(serve, target, folder, monkeypatch):
    server = serve()
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: os.statvfs_result((0,) * 10) and Usage(1 << 20))
    with pytest.raises(ModelError, match="make some room"):
        fetch([known(server), known(server)], target, patience=QUICK)
    assert len(server.requests) == 1
    assert not target.exists()


class Usage:
    def __init__(self, free):
        self.free = free


def test_what_the_check_finds_corrupt_makes_the_mirror_s_turn(serve, target):
    bad, good = serve("wrong_bytes"), serve()

    def check(part):
        if part.read_bytes() != CONTENT:
            raise CorruptWeightsError("it is no model.")

    fetch([Download(bad.url), Download(good.url)], target, check=check, patience=QUICK)
    assert target.read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="it is no model"):
        fetch([Download(bad.url)], target, check=check, patience=QUICK)


def test_two_at_a_time(serve, target):
    server = serve("drips")
    first = Progress()
    ended = []

    def run():
        try:
            fetch([known(server)], target, first, patience=QUICK)
        except Cancelled:
            ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.4)
    with pytest.raises(DownloadError, match="being downloaded already"):
        fetch([known(server)], target, patience=QUICK)
    first.cancel()
    thread.join()
    assert ended
