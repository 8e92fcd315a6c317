"""Make the pictures of README and docs again: `python tools/screenshots.py`, or `make screenshots`.

It runs the bundled model on the emulated board, writes the pages of the run and of `fit`, and takes
them in Chromium ($MCUZOO_CHROMIUM, or on the path), as WebP into docs/images/.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from chromium import MISSING, chromium, launched
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Shot:
    """A picture of a page. top: the part that is seen begins at the first element of this selector,
    the page's beginning if empty. height: of that part, in CSS pixels."""

    name: str
    page: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    top: str = ""


SHOTS = (
    Shot("run-desk", "run.html", 1280, 1000),
    Shot("run-desk-dark", "run.html", 1280, 1000, "dark"),
    Shot("run-phone-dark", "run.html", 390, 844, "dark"),
    Shot("misses-desk", "run.html", 1280, 560, top="#misses"),
    Shot("fit-desk", "fit.html", 1280, 1000),
)


def pages(folder: Path) -> None:
    """A run of drawn signs on the emulated board, and the pages of it and of fit."""
    environment = os.environ | {"MCUZOO_DATA": str(folder / "data"), "COLUMNS": "80"}

    def mcuzoo(*words: str) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "mcuzoo", *words],
            cwd=folder, env=environment, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise SystemExit(f"mcuzoo {' '.join(words)}:\n{done.stderr.decode()}")
        return done.stdout

    mcuzoo("evaluate", "signs", "--data", "signs")
    mcuzoo(
        "export", "signs", "--board", "rt1170", "--runtime", "aot", "--project", "cmake", "-o", "p"
    )
    mcuzoo("build", "p")
    mcuzoo(
        "run-serial", "--port", "emulator://p?count=3", "--project", "p", "--images", "signs",
        "--limit", "160", "--min-top1", "0.9", "--out", "run",
    )  # fmt: skip
    (folder / "profile.json").write_bytes(mcuzoo("profile", "p", "--json"))
    mcuzoo("report", "run", "--html", "run.html", "--profile", "profile.json")
    mcuzoo("fit", "signs", "--board", "rt1050", "--runtime", "aot", "--html", "fit.html")


def taken(at: Browser, shot: Shot, folder: Path) -> Image.Image:
    context = at.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        device_scale_factor=2 if shot.width < 600 else 1,
    )
    try:
        page = context.new_page()
        page.goto((folder / shot.page).as_uri())
        if shot.top:
            page.locator(shot.top).first.evaluate("one => one.scrollIntoView()")
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    finally:
        context.close()


def as_webp(picture: Image.Image) -> bytes:
    """Without loss, or as good as MOST_BYTES allow."""
    for options in ({"lossless": True}, {"quality": 90}, {"quality": 75}, {"quality": 60}):
        found = io.BytesIO()
        picture.save(found, "WEBP", method=6, **options)
        if found.tell() <= MOST_BYTES:
            return found.getvalue()
    raise SystemExit(f"more than {MOST_BYTES:,} bytes at any quality: show less of the page")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    out = asked.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    program = chromium()
    if not program:
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory() as name, launched(program) as started:
        folder = Path(name)
        pages(folder)
        for shot in SHOTS:
            picture = taken(started, shot, folder)
            content = as_webp(picture)
            (out / f"{shot.name}.webp").write_bytes(content)
            print(f"{shot.name}.webp  {picture.width} x {picture.height}  {len(content):,} bytes")


if __name__ == "__main__":
    main()
