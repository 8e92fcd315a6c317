"""A project of a small model, whose firmware plays the board on a pty; a folder for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard
from helpers.host_project import HostProject, make_host_project


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> HostProject:
    return make_host_project(tmp_path_factory.mktemp("watched"), 6)


@pytest.fixture
def line(project: HostProject, tmp_path: Path) -> Iterator[Line]:
    with Line(HostBoard(project.firmware, tmp_path)) as line:
        yield line


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder
