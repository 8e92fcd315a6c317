"""A page as one HTML file: its style and its one script are in it, and nothing else is loaded."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timezone
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.files import write_output
from mcuzoo.report.html.blocks import Page
from mcuzoo.resources import templates_dir

_TEMPLATE = "report/page.html.j2"
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def page_html(page: Page, made: datetime | None = None) -> str:
    """The file. made: the time in UTC; None: now.

    Control characters of names, such as ESC, and what turns the direction of writing are question
    marks in it, wherever they stand: text, attributes, pictures.

    Its policy (Content-Security-Policy) lets a browser load nothing, and run no script but the one
    that sorts tables, known by its hash: a text that got past the escaping could still do nothing.
    """
    from markupsafe import Markup

    from mcuzoo.codegen.templates import render

    script, style = _own("sort.js"), _own("page.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page_text = render(
        _TEMPLATE,
        page=page,
        safe=Markup,
        style=Markup(style),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        version=__version__,
        made=f"{made or datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
    )
    return _NO_TEXT.sub("?", page_text)


def write_page(path: Path, text: str) -> None:
    """Write an HTML page to `path`. Raises InputError when it cannot be written.

    A name of a file that is no text (half of a surrogate pair) is shown with question marks.
    """
    write_output(path, text.encode("utf-8", "replace"))


def _own(name: str) -> str:
    """A file beside the template. A page's line ends are part of the script's hash."""
    text = (templates_dir() / "report" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")
