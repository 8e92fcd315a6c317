"""An opener of https addresses and of nothing else: no http, no file, no ftp, not by redirect."""

from __future__ import annotations

import ssl
from http.client import HTTPMessage
from typing import IO
from urllib.error import URLError
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
        # urllib would read the whole of this answer's body, however long it is.
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
