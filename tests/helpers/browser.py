"""A real headless Chromium that opens pages of mcuzoo: what it says, and what axe-core finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import chromium
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]
Media = Literal["screen", "print"]


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser. Skips the test without it or without playwright."""
    pytest.importorskip("playwright.sync_api")
    program = chromium.chromium()
    if not program:
        pytest.skip(chromium.MISSING)
    with chromium.launched(program) as browser:
        yield browser


class Opened:
    """A page as a browser shows it. messages: of its console, errors and refused loads."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("requestfailed", lambda request: self.messages.append(request.url[:80]))

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    @property
    def scrolls_sideways(self) -> bool:
        """Whether a part of the page is right of the window."""
        width = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.ask(width))

    def violations(self) -> list[str]:
        """What axe-core finds, by rule and element."""
        axe = pytest.importorskip("axe_playwright_python")
        script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
        self.page.evaluate(script)
        found = self.ask("axe.run(document).then(found => found.violations)")
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@contextmanager
def opened(
    browser: Browser, file: Path, width: int, scheme: Scheme = "light", media: Media = "screen"
) -> Iterator[Opened]:
    """`file` in a window of `width` pixels. scheme: light or dark; media: screen or print."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=False
    )
    try:
        found = Opened(context.new_page())
        found.page.emulate_media(media=media)
        found.page.goto(file.as_uri())
        yield found
    finally:
        context.close()
