"""A real HTTPS server on loopback that misbehaves as told; its certificates are its own."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

Answer = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request, handed to the answer that stands for its path."""

    protocol_version = "HTTP/1.1"
    server: HttpsServer

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Range")))
        with contextlib.suppress(OSError):
            self.server.answers[self.path](self)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    @property
    def start(self) -> int:
        """Where the client wants to go on."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        return int(match[1]) if match else 0


class HttpsServer(ThreadingHTTPServer):
    """answers: what each path does; seen: (path, Range header) of every request."""

    daemon_threads = True

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, str | None]] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.stopping = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what several tests are about."""

    def url(self, path: str) -> str:
        return f"https://localhost:{self.server_port}{path}"


@contextlib.contextmanager
def https_server(authority: trustme.CA) -> Iterator[HttpsServer]:
    server = HttpsServer(authority)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def sends(content: bytes, etag: str | None = '"1"') -> Answer:
    """As a good server does: a validator, and the rest of the file when asked for it."""

    def answer(exchange: Exchange) -> None:
        part = content[exchange.start :]
        headers: dict[str, object] = {"Content_Length": len(part)}
        if etag is not None:
            headers["ETag"] = etag
        same = exchange.headers.get("If-Range") in (None, etag)
        if exchange.start and same:
            last = len(content) - 1
            headers["Content_Range"] = f"bytes {exchange.start}-{last}/{len(content)}"
            exchange.head(206, **headers)
            exchange.wfile.write(part)
        else:
            headers["Content_Length"] = len(content)
            exchange.head(200, **headers)
            exchange.wfile.write(content)

    return answer


def breaks_after(count: int, content: bytes, etag: str | None = '"1"') -> Answer:
    """Announces everything from where it is asked and hangs up `count` bytes later."""

    def answer(exchange: Exchange) -> None:
        headers: dict[str, object] = {"Content_Length": len(content) - exchange.start}
        if etag is not None:
            headers["ETag"] = etag
        status = 200
        if exchange.start:
            last = len(content) - 1
            headers["Content_Range"] = f"bytes {exchange.start}-{last}/{len(content)}"
            status = 206
        exchange.head(status, **headers)
        exchange.wfile.write(content[exchange.start : exchange.start + count])

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One answer per request, the last one from then on."""
    left = list(answers)

    def answer(exchange: Exchange) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return answer


def write_authority(authority: trustme.CA, folder: Path) -> Path:
    """The authority's certificate as a file for SSL_CERT_FILE."""
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path
