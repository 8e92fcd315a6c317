"""docs/boards.md names every key that a board file can have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcuzoo.board.base import Table
from mcuzoo.board.boot import Boot, Fcb
from mcuzoo.board.memory import Flash, PeripheralWindow, ReadSpeed, Region
from mcuzoo.board.model import Board, Console, Core
from mcuzoo.board.sdk import Pin, Sdk
from mcuzoo.board.startup import (
    BitsStep,
    DelayStep,
    FillStep,
    MaskedStep,
    Stage,
    Startup,
    Watchdog,
    WriteStep,
)

DOC = Path(__file__).resolve().parents[2] / "docs" / "boards.md"
TABLES = (
    Board,
    Boot,
    Console,
    Core,
    Flash,
    Pin,
    ReadSpeed,
    Region,
    Sdk,
    Stage,
    Startup,
    Watchdog,
    BitsStep,
    DelayStep,
    FillStep,
    MaskedStep,
    WriteStep,
)
SAID_IN_GENERAL = {"source", "name", "base", "size", "reg", "addr"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_is_explained(table: type[Table]) -> None:
    text = DOC.read_text(encoding="utf-8")
    blocks = re.compile(r"^```toml\n(.*?)^```$", re.M | re.S)
    words = re.findall(
        r"`[^`]+`|\[\[?[\w.]+\]", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    )
    named = set(re.findall(r"[a-z0-9_]+", " ".join([*words, *blocks.findall(text)])))
    assert not set(table.model_fields) - SAID_IN_GENERAL - named


def test_sdk_names_lead_to_the_fcb() -> None:
    """Its many fields are explained by where they come from and by what is special."""
    text = DOC.read_text(encoding="utf-8")
    assert "flexspi_nor_config_t" in text
    for key in ("lut", "config_commands", "custom_sequences"):
        assert f"`{key}`" in text and key in Fcb.model_fields
    assert set(PeripheralWindow.model_fields) == {"source", "name", "base", "size"}
