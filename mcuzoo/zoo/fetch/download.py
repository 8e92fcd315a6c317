"""Download over HTTPS and nothing else (no http, no file, no ftp, not by redirect): capped,
checked, resumed where it broke.

Nothing from the server is trusted: neither length nor encoding nor redirects.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from mcuzoo import __version__
from mcuzoo.errors import FetchError
from mcuzoo.quoting import printable
from mcuzoo.zoo.fetch.archive import Origin, Partial


class DowngradeError(URLError):
    """A redirect that leaves https."""

    def __init__(self, url: str) -> None:
        super().__init__("redirected to something else than https")
        self.url = url


class _HttpsRedirects(HTTPRedirectHandler):
    max_redirections = 5

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        if urlsplit(newurl).scheme != "https":
            raise DowngradeError(newurl)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        # Otherwise urllib would read the whole body of this answer, of any length.
        fp.close()
        return request


def https_opener(context: ssl.SSLContext | None = None) -> OpenerDirector:
    """With the system's certificates (SSL_CERT_FILE overrides them) and its proxy settings."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPSHandler(context=context or ssl.create_default_context()),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        _HttpsRedirects(),
    ):
        opener.add_handler(handler)
    return opener


Progress = Callable[[int, int | None], None]

_CHUNK = 1 << 16
_LEAST_BYTES = 1024
_AGAIN = frozenset((408, 429, 500, 502, 503, 504))
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Patience:
    """attempts: connections in all; stall_s: a connection that brings less than a kilobyte in so
    many seconds is given up; pause_s: before the second attempt, doubled before each further one.
    """

    attempts: int = 4
    stall_s: float = 30.0
    pause_s: float = 1.0


@dataclass(frozen=True)
class Wanted:
    """sha256: of the whole file, None if not known. max_bytes: more are never read."""

    url: str
    sha256: str | None
    max_bytes: int


@dataclass
class _Broken(Exception):
    """An error that may be gone at the next attempt.

    why: a sentence.
    """

    why: str


@dataclass
class _Counter:
    """Notices a connection that crawls.

    stall_s: longest time for too few bytes. since: when counting began, monotonic. bytes: that came
    since.
    """

    stall_s: float
    since: float = field(default_factory=time.monotonic)
    bytes: int = 0

    def add(self, count: int) -> None:
        self.bytes += count
        now = time.monotonic()
        if now - self.since >= self.stall_s:
            if self.bytes < _LEAST_BYTES:
                raise _Broken(f"less than {_LEAST_BYTES} bytes came in {self.stall_s:g} s")
            self.since, self.bytes = now, 0


def download(
    wanted: Wanted,
    partial: Partial,
    progress: Progress = lambda done, total: None,
    patience: Patience | None = None,
    context: ssl.SSLContext | None = None,
) -> str:
    """Fetch `wanted` into `partial` and return its SHA-256.

    Bytes that are there from an earlier attempt are kept where the server can go on after them. A
    file with a wrong hash or above the size is removed; the bytes of an interrupted download are
    kept.

    Raises FetchError.
    """
    if urlsplit(wanted.url).scheme != "https":
        raise FetchError(f"{wanted.url} is not an https address.", "Give one that is.")
    patience = patience or Patience()
    pause_s = patience.pause_s
    fresh = False
    for attempt in range(1, patience.attempts + 1):
        resumed = _origin_to_resume(wanted, partial) is not None
        try:
            _attempt(wanted, partial, progress, patience, context)
        except _Broken as broken:
            if attempt == patience.attempts:
                raise FetchError(
                    f"{wanted.url} broke off, {attempt} attempts: {broken.why}.",
                    f"{partial.size:,} bytes are kept; the same command goes on after them.",
                ) from broken
            time.sleep(pause_s)
            pause_s *= 2
            continue
        sha256 = partial.sha256()
        if wanted.sha256 in (None, sha256):
            return sha256
        size = partial.size
        partial.clear()
        # The kept bytes may be the start of another file: try again from the start.
        if resumed and not fresh and attempt < patience.attempts:
            fresh = True
            continue
        partial.remove()
        raise FetchError(
            f"{wanted.url} gave another file: {size:,} bytes of SHA-256 {sha256}, wanted "
            f"{wanted.sha256}.",
            "Nothing was kept. The file was changed, on the server or on the way.",
        )
    raise AssertionError("unreachable")


def _attempt(
    wanted: Wanted,
    partial: Partial,
    progress: Progress,
    patience: Patience,
    context: ssl.SSLContext | None,
) -> None:
    """One connection: until everything is there. Raises _Broken or FetchError."""
    kept = _origin_to_resume(wanted, partial)
    headers = {"User-Agent": f"mcuzoo/{__version__}", "Accept-Encoding": "identity"}
    if kept is not None:
        headers["Range"] = f"bytes={partial.size}-"
        if kept.validator is not None:
            headers["If-Range"] = kept.validator
    try:
        opener = https_opener(context)
        request = Request(wanted.url, headers=headers)
        with opener.open(request, timeout=patience.stall_s) as response:
            total = _begin(wanted, partial, response, kept)
            _receive(wanted, partial, response, total, progress, patience.stall_s)
    except HTTPError as error:
        error.close()
        if error.code == 416 and kept is not None:
            partial.clear()
            raise _Broken("the server had nothing to go on with") from error
        if error.code in _AGAIN:
            raise _Broken(f"the server answered {error.code}") from error
        raise FetchError(
            f"{wanted.url}: the server answered {error.code} {_plain(error.reason)}.",
            "The address may have moved; --from FILE or --from URL takes the file from elsewhere.",
        ) from error
    except DowngradeError as error:
        raise FetchError(
            f"{wanted.url} is redirected to {_plain(error.url)}, which is not https.",
            "Nothing is fetched over an open connection; --from FILE takes the file from you.",
        ) from error
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise _broken(wanted, error) from error
    finally:
        partial.flush()


def _origin_to_resume(wanted: Wanted, partial: Partial) -> Origin | None:
    """The origin to resume from; None: start anew. Without a validator a hash must be known."""
    origin = partial.origin()
    if origin is None or origin.url != wanted.url or partial.size > wanted.max_bytes:
        return None
    return origin if origin.validator is not None or wanted.sha256 is not None else None


def _begin(
    wanted: Wanted, partial: Partial, response: http.client.HTTPResponse, kept: Origin | None
) -> int | None:
    """Check the answer's headers; return the size of the whole file if the server states it."""
    length = response.headers.get("Content-Length", "")
    announced = int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None
    if response.status == 206:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if kept is None or match is None or int(match[1]) != partial.size:
            partial.clear()
            raise _Broken("the server sent a part that was not asked for")
        total = None if match[3] == "*" else int(match[3])
        if kept.total not in (None, total):
            partial.clear()
            raise _Broken("the file on the server is another by now")
    elif response.status == 200:
        total = announced
        validator = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if validator is not None and (validator.startswith("W/") or not validator.isprintable()):
            validator = None
        partial.start(Origin(wanted.url, validator, total))
    else:
        raise FetchError(
            f"{wanted.url}: the server answered {response.status}.", "Use --from FILE."
        )
    if total is not None and total > wanted.max_bytes:
        partial.remove()
        raise _too_large(wanted, f"announces {total:,}")
    return total


def _receive(
    wanted: Wanted,
    partial: Partial,
    response: http.client.HTTPResponse,
    total: int | None,
    progress: Progress,
    stall_s: float,
) -> None:
    done = partial.size
    counter = _Counter(stall_s)
    progress(done, total)
    while chunk := response.read1(_CHUNK):
        done += len(chunk)
        if done > wanted.max_bytes:
            partial.remove()
            raise _too_large(wanted, f"goes on after {wanted.max_bytes:,}")
        partial.append(chunk)
        progress(done, total)
        counter.add(len(chunk))
    if total is not None and done < total:
        raise _Broken(f"it ended after {done:,} of {total:,} bytes")


def _too_large(wanted: Wanted, what: str) -> FetchError:
    return FetchError(
        f"{wanted.url} {what} bytes; at most {wanted.max_bytes:,} are taken.",
        "Nothing was kept. It is not the right file; --from FILE takes your own copy.",
    )


def _broken(wanted: Wanted, error: Exception) -> _Broken | FetchError:
    """Turn an error of a transfer into one that is tried again or one that is not."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(
            f"{wanted.url}: the server's certificate is not trusted: {reason.verify_message}.",
            "If your network puts its own certificate in between, set SSL_CERT_FILE to it.",
        )
    if isinstance(reason, socket.gaierror):
        return FetchError(
            f"{urlsplit(wanted.url).hostname} cannot be found: no network, or no such host.",
            "Fetch it where there is a network and use --from FILE.",
        )
    if isinstance(reason, TimeoutError):
        return _Broken("nothing came for too long")
    return _Broken(_plain(str(reason) or type(reason).__name__))


def _plain(text: str) -> str:
    """Text of a server, without control characters."""
    return printable(str(text), 200)
