"""Chromium, as tools/screenshots.py and the tests of the pages start it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

MISSING = "no Chromium: put it on the path, or set MCUZOO_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The program: $MCUZOO_CHROMIUM, or the first of the usual names on the path."""
    named = os.environ.get("MCUZOO_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    # Containers of CI have little shared memory, and their user is root, which Chromium's sandbox
    # refuses.
    flags = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()
