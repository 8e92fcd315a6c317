"""The configuration and where it comes from, as text and for JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcuzoo.config.init import Initialized
from mcuzoo.config.shown import ShownConfig, ShownValue
from mcuzoo.tables import Column, table_text


def config_document(found: ShownConfig) -> dict[str, object]:
    """The JSON document of `mcuzoo config`."""
    return {
        "file": None if found.file is None else str(found.file),
        "command": found.command,
        "values": [
            {
                "name": one.name,
                "value": _plain(one.value),
                "source": one.source,
                "origin": one.origin or None,
                "key": one.key or None,
            }
            for one in found.values
        ],
    }


def config_text(found: ShownConfig, width: int) -> str:
    """The file, and a line per value."""
    head = "file: none" if found.file is None else f"file: {found.file}"
    columns = (
        Column("of" if found.command else "key"),
        Column("value", wraps=True),
        Column("from"),
    )
    rows = [(one.name, _text(one), one.origin or _WORDS[one.source]) for one in found.values]
    return f"{head}\n{table_text(columns, rows, width)}"


_WORDS = {"default": "default", "nowhere": "must be typed"}


def _text(one: ShownValue) -> str:
    if one.value is None:
        return "-"
    if isinstance(one.value, bool):
        return "yes" if one.value else "no"
    if isinstance(one.value, tuple):
        return ", ".join(map(str, one.value))
    return str(one.value)


def _plain(value: Any) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path | str) else value


def init_document(done: Initialized) -> dict[str, object]:
    """The JSON document of `mcuzoo init`."""
    return {
        "written": list(map(str, done.written)),
        "kept": list(map(str, done.kept)),
    }


def init_text(done: Initialized) -> str:
    """A line per file."""
    lines = [f"written {path}" for path in done.written]
    lines += [f"kept    {path}, which was there already" for path in done.kept]
    return "".join(f"{line}\n" for line in lines)
