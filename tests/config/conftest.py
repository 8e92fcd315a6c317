"""A folder of its own for each test, where mcuzoo.toml counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

OTHERS = ("MCUZOO_REQUIRE", "MCUZOO_TEST")


@pytest.fixture(autouse=True)
def configured_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, the root of a Git repository, and no variable of mcuzoo's."""
    for name in os.environ:
        if name.startswith("MCUZOO_") and not name.startswith(OTHERS):
            monkeypatch.delenv(name)
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder
