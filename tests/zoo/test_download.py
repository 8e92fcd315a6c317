"""Downloads from a real HTTPS server that truncates, stalls, lies and changes its mind."""

from __future__ import annotations

import http.server
import ssl
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.https_server import (
    Exchange,
    HttpsServer,
    breaks_after,
    in_turn,
    sends,
)

from mcuzoo.errors import FetchError
from mcuzoo.zoo.fetch.archive import Partial
from mcuzoo.zoo.fetch.download import Patience, Wanted, download

CONTENT = bytes(range(256)) * 1200
HASH = sha256(CONTENT).hexdigest()
PATIENCE = Patience(attempts=3, stall_s=0.6, pause_s=0.01)
CAP = 1 << 20


class Client:
    def __init__(self, server: HttpsServer, context: ssl.SSLContext, path: Path) -> None:
        self.server, self.context, self.path = server, context, path
        self.progress: list[tuple[int, int | None]] = []

    def get(self, name: str = "/file", known: bool = True, cap: int = CAP) -> bytes:
        self.server.seen.clear()
        wanted = Wanted(self.server.url(name), HASH if known else None, cap)
        with Partial(self.path) as partial:
            found = download(
                wanted, partial, lambda *state: self.progress.append(state), PATIENCE, self.context
            )
        content = self.path.read_bytes()
        assert found == sha256(content).hexdigest()
        return content

    def refused(self, name: str = "/file", known: bool = True, cap: int = CAP) -> str:
        with pytest.raises(FetchError) as raised:
            self.get(name, known, cap)
        assert raised.value.hint
        return raised.value.message

    @property
    def ranges(self) -> list[str | None]:
        return [asked for _, asked in self.server.seen]


@pytest.fixture
def client(server: HttpsServer, context: ssl.SSLContext, tmp_path: Path) -> Client:
    return Client(server, context, tmp_path / "partial" / "file")


def test_a_file_arrives(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = sends(CONTENT)
    assert client.get() == CONTENT
    assert client.progress[0] == (0, len(CONTENT))
    assert client.progress[-1] == (len(CONTENT), len(CONTENT))


def test_a_broken_download_goes_on_where_it_broke(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = in_turn(breaks_after(100_000, CONTENT), sends(CONTENT))
    assert client.get() == CONTENT
    assert client.ranges == [None, "bytes=100000-"]


def test_what_came_is_kept_for_the_next_time(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = breaks_after(50_000, CONTENT)
    assert "it ended after 150,000 of 307,200 bytes" in client.refused()
    assert client.path.stat().st_size == 150_000
    server.answers["/file"] = sends(CONTENT)
    assert client.get() == CONTENT
    assert client.ranges == ["bytes=150000-"]


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_changed_meanwhile_starts_anew(
    server: HttpsServer, client: Client, known: bool
) -> None:
    server.answers["/file"] = breaks_after(50_000, b"\0" * len(CONTENT), etag='"old"')
    client.refused(known=known)
    server.answers["/file"] = sends(CONTENT, etag='"new"')
    assert client.get(known=known) == CONTENT


def test_without_a_validator_only_a_known_hash_goes_on(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = in_turn(breaks_after(50_000, CONTENT, None), sends(CONTENT, None))
    assert client.get(known=False) == CONTENT
    assert client.ranges == [None, None]
    client.path.unlink()
    server.answers["/file"] = in_turn(breaks_after(50_000, CONTENT, None), sends(CONTENT, None))
    assert client.get(known=True) == CONTENT
    assert client.ranges == [None, "bytes=50000-"]


def test_a_wrong_beginning_is_given_up(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = breaks_after(50_000, b"\0" * len(CONTENT), None)
    client.refused()
    server.answers["/file"] = sends(CONTENT, None)
    assert client.get() == CONTENT
    assert client.ranges == ["bytes=150000-", None]


def test_a_part_that_was_not_asked_for(server: HttpsServer, client: Client) -> None:
    def elsewhere(exchange: Exchange) -> None:
        exchange.head(206, Content_Range=f"bytes 7-8/{len(CONTENT)}", Content_Length=2)
        exchange.wfile.write(b"??")

    def nothing_left(exchange: Exchange) -> None:
        exchange.head(416, Content_Length=0)

    server.answers["/file"] = in_turn(elsewhere, sends(CONTENT))
    assert client.get() == CONTENT
    for answer in (elsewhere, nothing_left):
        client.path.unlink()
        server.answers["/file"] = in_turn(breaks_after(9, CONTENT), answer, sends(CONTENT))
        assert client.get(known=False) == CONTENT
    client.path.unlink()
    server.answers["/file"] = in_turn(breaks_after(9, CONTENT), nothing_left, sends(CONTENT))
    assert client.get() == CONTENT


@pytest.mark.slow
def test_a_server_that_stalls_or_crawls(server: HttpsServer, client: Client) -> None:
    def stalls(exchange: Exchange) -> None:
        exchange.head(200, Content_Length=len(CONTENT), ETag='"1"')
        exchange.wfile.write(CONTENT[:1000])
        server.stopping.wait(10)

    def crawls(exchange: Exchange) -> None:
        exchange.head(200, Content_Length=len(CONTENT), ETag='"1"')
        while not server.stopping.wait(0.05):
            exchange.wfile.write(b"x")

    server.answers["/file"] = stalls
    assert "nothing came for too long" in client.refused()
    server.answers["/file"] = crawls
    client.path.unlink()
    assert "less than 1024 bytes came in 0.6 s" in client.refused()
    server.answers["/file"] = sends(CONTENT)
    assert client.get() == CONTENT


def test_a_redirect_to_http_is_refused_unvisited(server: HttpsServer, client: Client) -> None:
    visits: list[str] = []

    class Open(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)

    with http.server.HTTPServer(("127.0.0.1", 0), Open) as plain:
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{plain.server_port}/file"
        server.answers["/file"] = lambda exchange: exchange.head(302, Location=address)
        assert f"redirected to {address}, which is not https" in client.refused()
        plain.shutdown()
    assert visits == []
    for other in ("file:///etc/passwd", "ftp://localhost/x", "data:,x"):
        server.answers["/file"] = lambda exchange, to=other: exchange.head(302, Location=to)  # type: ignore[misc]
        assert "not https" in (said := client.refused()) or "not allowed" in said
    assert client.path.stat().st_size == 0


def test_redirects_within_https(server: HttpsServer, client: Client) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.head(302, Location="/real")
        while not server.stopping.is_set():
            exchange.wfile.write(b"x" * 65536)

    server.answers["/file"] = endless
    server.answers["/real"] = sends(CONTENT)
    assert client.get() == CONTENT
    server.answers["/file"] = lambda exchange: exchange.head(302, Location="/file")
    assert "302" in client.refused()
    assert len(server.seen) < 12


def test_lies_about_the_length(server: HttpsServer, client: Client) -> None:
    def huge(exchange: Exchange) -> None:
        exchange.head(200, Content_Length=1 << 60)
        exchange.wfile.write(b"x" * 1000)

    def endless(exchange: Exchange) -> None:
        exchange.head(200, Connection="close")
        while not server.stopping.is_set():
            exchange.wfile.write(b"x" * 65536)

    def short(exchange: Exchange) -> None:
        exchange.head(200, Content_Length=1000, ETag='"1"')
        exchange.wfile.write(CONTENT)

    def nonsense(exchange: Exchange) -> None:
        exchange.head(200, Content_Length="-5", Connection="close")
        exchange.wfile.write(CONTENT)

    server.answers["/file"] = huge
    assert "announces 1,152,921,504,606,846,976 bytes" in client.refused()
    server.answers["/file"] = endless
    assert "goes on after 1,048,576 bytes" in client.refused()
    assert not client.path.exists()
    server.answers["/file"] = short
    assert "gave another file: 1,000 bytes" in client.refused()
    server.answers["/file"] = nonsense
    assert client.get() == CONTENT


def test_wrong_bytes_are_not_kept(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = sends(CONTENT[:-1] + b"!")
    assert f"wanted {HASH}" in client.refused()
    assert not client.path.exists()


def test_answers_that_are_none(server: HttpsServer, client: Client) -> None:
    server.answers["/file"] = lambda exchange: exchange.head(404, Content_Length=0)
    assert "answered 404" in client.refused() and len(server.seen) == 1
    busy = lambda exchange: exchange.head(503, Content_Length=0)  # noqa: E731
    server.answers["/file"] = in_turn(busy, sends(CONTENT))
    assert client.get() == CONTENT

    def garbage(exchange: Exchange) -> None:
        exchange.wfile.write(b"\x00\xff nonsense\r\n\r\n")

    client.path.unlink()
    server.answers["/file"] = garbage
    assert "broke off, 3 attempts" in client.refused()


def test_a_certificate_that_nobody_knows(server: HttpsServer, tmp_path: Path) -> None:
    stranger = Client(server, ssl.create_default_context(), tmp_path / "file")
    server.answers["/file"] = sends(CONTENT)
    assert "certificate is not trusted" in stranger.refused()
    assert server.seen == []


def test_only_https_is_ever_opened(client: Client, tmp_path: Path) -> None:
    for address in ("http://localhost/x", "file:///etc/passwd"):
        with Partial(tmp_path / "p") as partial, pytest.raises(FetchError, match="not an https"):
            download(Wanted(address, None, CAP), partial)


def test_one_process_downloads_a_file(tmp_path: Path) -> None:
    with Partial(tmp_path / "p"), pytest.raises(FetchError, match="Another mcuzoo process"):
        Partial(tmp_path / "p")
