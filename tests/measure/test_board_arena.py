"""Measuring a board's arena over the link: the real application, with a runtime that has needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the host port needs POSIX", allow_module_level=True)

from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard, build_host_firmware

from mcuzoo.errors import FirmwareError, ProtocolError
from mcuzoo.link.inference import RECORDED_KINDS, RecordedPart
from mcuzoo.link.session import Session
from mcuzoo.measure.arena import measure_arena

NEEDS = 4103
"""echo_runtime.c: 4096 bytes to be set up, seven more to run."""


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_host_firmware(tmp_path_factory.mktemp("firmware") / "echo")


@pytest.fixture
def session(firmware: Path, tmp_path: Path) -> Iterator[Session]:
    with Line(HostBoard(firmware, tmp_path)) as line, Session.open(line.url) as session:
        yield session


@pytest.mark.parametrize("expected", [NEEDS, 100, 5596])
def test_the_smallest_arena_is_one_that_runs(session: Session, expected: int) -> None:
    found = measure_arena(session, expected, recording=False)
    assert found.figures.smallest_bytes == NEEDS
    assert (found.figures.head_bytes, found.figures.tail_bytes) == (4096, 7)
    assert found.recorded is None
    assert found.stack_bytes == 0


def test_what_is_recorded_comes_with_it(session: Session) -> None:
    found = measure_arena(session, NEEDS, recording=True)
    assert found.recorded is not None and found.recorded.recorded is not None
    assert found.recorded.recorded == {
        kind: RecordedPart(i, 10 + i, 100 + i) for i, kind in enumerate(RECORDED_KINDS)
    }


def test_the_board_says_what_was_wrong_with_an_arena(session: Session) -> None:
    assert session.measure_arena(100).error == "the arena is too small to be set up"
    assert session.measure_arena(NEEDS - 1).error == "the arena is too small to run"
    assert session.measure_arena().error == ""
    with pytest.raises(ProtocolError, match="more than the arena that is reserved"):
        session.measure_arena(1 << 20)


def test_a_board_that_cannot_run_is_not_measured(firmware: Path, tmp_path: Path) -> None:
    board = HostBoard(firmware, tmp_path, ECHO_INIT="fail")
    with (
        Line(board) as line,
        Session.open(line.url) as session,
        pytest.raises(FirmwareError, match="cannot be measured: the arena is 16 bytes too small"),
    ):
        measure_arena(session, NEEDS, recording=False)


def test_a_fault_in_too_small_an_arena_is_an_answer_too(firmware: Path, tmp_path: Path) -> None:
    board = HostBoard(firmware, tmp_path, ECHO_SMALL="fault")
    with Line(board) as line, Session.open(line.url) as session:
        assert measure_arena(session, 100, recording=False).figures.smallest_bytes == NEEDS
    assert board.restarts > 0
