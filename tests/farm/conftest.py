"""A farm of ptys without firmware, shared by the tests that only acquire and release."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.labgrid_cluster import Cluster, serial_place


@dataclass(frozen=True)
class Terminal:
    """A serial device; `master` is the other end of its line."""

    master: int
    device: str


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Three serial devices."""
    import pty
    import tty

    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(3):
            master, slave = pty.openpty()
            stack.callback(os.close, master)
            stack.callback(os.close, slave)
            tty.setraw(slave)
            made.append(Terminal(master, os.ttyname(slave)))
        yield made


@pytest.fixture
def cluster(tmp_path: Path, terminals: list[Terminal]) -> Iterator[Cluster]:
    """Places b0 and b1 with the tag board=rt1170 at the exporter lab1, b2 with rt1050 at lab2."""
    places = [
        serial_place("b0", terminals[0].device, board="rt1170"),
        serial_place("b1", terminals[1].device, board="rt1170"),
        serial_place("b2", terminals[2].device, exporter="lab2", board="rt1050"),
    ]
    with Cluster(tmp_path / "cluster", places) as made:
        yield made
        assert made.holders() == {}
        assert made.reservations() == []
