"""Find boards/, templates/, firmware/ and LICENSE, from a checkout or from an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_root() -> Path:
    """The folder that holds `boards`, `templates`, `firmware` and `LICENSE`.

    A wheel carries them in `mcuzoo/_resources`; in a checkout they stand beside the package.
    """
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent


def boards_dir() -> Path:
    return resource_root() / "boards"


def templates_dir() -> Path:
    return resource_root() / "templates"


def firmware_dir() -> Path:
    return resource_root() / "firmware"


def licence_file() -> Path:
    """The text of the licence that firmware and templates are under."""
    return resource_root() / "LICENSE"
