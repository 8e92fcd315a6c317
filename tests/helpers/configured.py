"""Command lines in a folder with a mcuzoo.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.commands import invoke

from mcuzoo.cli.options import Command


def write(text: str, path: Path = Path("mcuzoo.toml")) -> None:
    path.write_text(text, encoding="utf-8")


def taken(*words: str) -> dict[str, Any]:
    """What the command of that line is called with."""
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Command, "__call__", lambda self, **values: found.update(values))
        said = invoke(words)
    assert said.exit_code == 0, said.stderr
    return found


def refused(*words: str) -> str:
    """What a command says that must refuse its line."""
    said = invoke(words)
    assert said.exit_code == 2, said.output
    return said.stderr
