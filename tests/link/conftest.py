"""Boards for link tests: the real firmware as a process, behind a pty."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

if sys.platform == "win32":
    collect_ignore_glob = [
        "test_session*.py",
        "test_upload*.py",
        "test_faults.py",
        "test_transport.py",
    ]
else:
    from helpers.fault_proxy import PERFECT, Line
    from helpers.host_firmware import SLOT_RUNTIME, HostBoard, build_host_firmware
    from helpers.shared import built_once

    from mcuzoo.faults.spec import FaultSpec

    LineMaker = Callable[..., Line]

    @pytest.fixture(scope="session")
    def echo_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
        def build(folder: Path) -> None:
            build_host_firmware(folder / "echo")

        return built_once(tmp_path_factory, "echo-firmware", build) / "echo"

    @pytest.fixture(scope="session")
    def slot_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Takes models."""

        def build(folder: Path) -> None:
            build_host_firmware(folder / "slot", [SLOT_RUNTIME], upload="slot")

        return built_once(tmp_path_factory, "slot-firmware", build) / "slot"

    @pytest.fixture
    def plug_in(echo_firmware: Path, tmp_path: Path) -> Iterator[LineMaker]:
        """plug_in(faults, tcp, ECHO_…=…): a fresh board on a line of its own."""
        with ExitStack() as stack:

            def make(
                faults: FaultSpec = PERFECT,
                tcp: bool = False,
                firmware: Path = echo_firmware,
                **environment: str,
            ) -> Line:
                board = HostBoard(firmware, tmp_path, **environment)
                return stack.enter_context(Line(board, faults, tcp))

            yield make
