"""A farm of ptys without firmware, shared by the tests that only acquire and release."""

from __future__ import annotations

import contextlib
import os
import pty
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from helpers.labgrid_cluster import Cluster, serial_place

REQUIRED = os.environ.get("MCUZOO_REQUIRE_FARM") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without labgrid these tests are skipped, or fail where it must be there (see `make farm`)."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.full)
            if find_spec("labgrid") is None and not REQUIRED:
                item.add_marker(pytest.mark.skip(reason="no labgrid; make farm has it"))


@dataclass(frozen=True)
class Terminal:
    """A serial device; `master` is the other end of its line."""

    master: int
    device: str


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Three serial devices."""
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
