"""Every page in a real Chromium: nothing fails, nothing is cut, everybody can read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.browser import Scheme, launched, opened
from helpers.pages import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.full

DESK, PHONE, PAPER = 1280, 390, 690
"""Pixels; A4 less its margins has 690."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_bytes(make().encode())
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_a_page_is_sound(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: Scheme
) -> None:
    with opened(browser, pages[name], width, scheme) as page:
        assert not page.scrolls_sideways
        assert page.messages == []
        assert page.violations() == []
        ground = page.ask("getComputedStyle(document.body).backgroundColor")
        level = int(ground.removeprefix("rgb(").split(",")[0])
        assert (level < 64) is (scheme == "dark")


CUT = """[...document.querySelectorAll('table, svg, pre, img, dl')].filter(
    (one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_on_paper(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name], PAPER, "dark", "print") as page:
        assert page.ask(CUT) == []
        # Paper is white, however dark the screen is.
        assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.page.pdf(format="A4", print_background=True).startswith(b"%PDF")


COLUMN = """[...document.querySelectorAll('#layers tbody tr')].map(
    (row) => row.cells[{}].textContent.trim())"""


def test_a_click_sorts_and_a_third_one_restores(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["profile"], DESK) as page:
        before = page.ask(COLUMN.format(2))
        head = page.page.locator("#layers th", has_text="cycles")
        head.get_by_role("button").click()
        assert page.ask(COLUMN.format(2)) == sorted(before, key=_number, reverse=True)
        assert head.get_attribute("aria-sort") == "descending"
        head.get_by_role("button").press("Enter")
        assert page.ask(COLUMN.format(2)) == sorted(before, key=_number)
        assert head.get_attribute("aria-sort") == "ascending"
        head.get_by_role("button").click()
        assert page.ask(COLUMN.format(2)) == before and head.get_attribute("aria-sort") is None


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def test_a_script_that_got_into_a_page_would_not_run(
    browser: Browser, pages: dict[str, Path]
) -> None:
    inject = """() => { const script = document.createElement('script');
        script.textContent = 'window.ran = 1'; document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<b onclick="window.ran = 2">x</b>');
        document.body.lastChild.click(); return window.ran ?? 'nothing'; }"""
    with opened(browser, pages["run"], DESK) as page:
        assert page.ask(inject) == "nothing"
        assert any("Content Security Policy" in message for message in page.messages)


def test_without_script_a_page_is_whole(browser: Browser, pages: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(pages["run"].as_uri())
    assert tab.locator("th button").count() == 0
    assert tab.locator("h1").inner_text() == "Pass" and tab.locator("tbody tr").count() > 20
    context.close()
