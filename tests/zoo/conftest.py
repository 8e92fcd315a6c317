"""A certificate authority of the tests' own, and an HTTPS server that it vouches for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
import trustme
from helpers.https_server import HttpsServer, https_server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def context(authority: trustme.CA) -> ssl.SSLContext:
    """What trusts that authority."""
    made = ssl.create_default_context()
    authority.configure_trust(made)
    return made


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[HttpsServer]:
    with https_server(authority) as running:
        yield running
