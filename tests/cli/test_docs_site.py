"""zensical.toml: each page of docs/ is in the navigation, and the site builds without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.doc_blocks import PAGES, ROOT

from mcuzoo.untrusted import parse_toml

CONFIG = ROOT / "zensical.toml"


def in_navigation(entries: list[object]) -> Iterator[str]:
    for entry in entries:
        assert isinstance(entry, dict)
        for place in entry.values():
            if isinstance(place, str):
                yield place
            else:
                yield from in_navigation(place)


def test_each_page_is_in_the_navigation() -> None:
    nav = parse_toml(CONFIG.read_text(encoding="utf-8"))["project"]["nav"]
    listed = list(in_navigation(nav))
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_pages_lead_to_pages_only() -> None:
    """What is not in docs/ is not in the site: other files are named, not linked."""
    outside = [
        f"{page.name}: {place}"
        for page in (ROOT / "docs").glob("*.md")
        for place in re.findall(r"\]\((\.\.[^)]*)\)", page.read_text(encoding="utf-8"))
    ]
    assert not outside


def test_each_picture_is_shown_and_made_by_the_script() -> None:
    shown = set[str]()
    for page in PAGES:
        shown |= set(re.findall(r"images/([\w-]+)\.webp", page.read_text(encoding="utf-8")))
    script = (ROOT / "tools" / "screenshots.py").read_text(encoding="utf-8")
    made = set(re.findall(r'Shot\("([\w-]+)"', script))
    kept = {path.stem for path in (ROOT / "docs" / "images").iterdir()}
    assert shown == made == kept
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()}
    assert {name for name, size in sizes.items() if size > 200_000} == set()


def zensical() -> str:
    """The program of `make docs`, or one on the path; else skip."""
    found = shutil.which("zensical", path=f"{ROOT / '.venv-docs' / 'bin'}") or shutil.which(
        "zensical"
    )
    if found is None:
        pytest.skip("no zensical: make docs installs it")
    return found


def built(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [zensical(), "build", "--strict", "-f", str(folder / CONFIG.name)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(CONFIG, tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path


@pytest.mark.full
def test_the_site_builds_and_asks_nobody(copy: Path) -> None:
    done = built(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list((copy / "build" / "site").glob("*.html"))
    assert len(pages) >= len(list((copy / "docs").glob("*.md")))
    loads = re.compile(r'<(?:script|img|link)\b[^>]*?(?:src|href)="?(https?:[^" >]+)')
    for page in pages:
        found = set(loads.findall(page.read_text(encoding="utf-8")))
        assert not found, f"{page.name} loads {found}"


@pytest.mark.full
@pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](api.md#nowhere)"])
def test_a_link_that_leads_nowhere_fails(copy: Path, link: str) -> None:
    page = copy / "docs" / "try.md"
    page.write_text(page.read_text(encoding="utf-8") + f"\n{link}\n", encoding="utf-8")
    done = built(copy)
    assert done.returncode != 0
    assert "does not exist" in done.stdout + done.stderr
