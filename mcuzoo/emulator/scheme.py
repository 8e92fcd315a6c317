"""The scheme of the ports that are emulated boards; url.py reads what follows it."""

from __future__ import annotations

from pathlib import Path

SCHEME = "emulator://"


def split_port(port: str) -> tuple[str, str] | None:
    """The project, "" if none is named, and "?" with the options of an emulated board's port; None
    for other ports. The scheme may be in any case."""
    if not port.lower().startswith(SCHEME):
        return None
    project, mark, options = port[len(SCHEME) :].partition("?")
    return project, f"{mark}{options}"


def port_from(folder: Path, port: str) -> str:
    """`port`, whose project, if one is named, is relative to `folder`."""
    emulated = split_port(port)
    if emulated is None or not emulated[0]:
        return port
    project, options = emulated
    return f"{SCHEME}{folder / project}{options}"
