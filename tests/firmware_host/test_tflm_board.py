"""What goes wrong in TFLM comes over the link in TFLM's words; against the stand-in."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the host port needs POSIX", allow_module_level=True)

from helpers.board_wire import Wire
from helpers.host_firmware import HostBoard
from helpers.tflm_adapter import Adapter

from mcuzoo.link import messages
from mcuzoo.link.messages import ErrorCode

SHORT = "Short of 4 bytes in the arena; Giving up"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    return Adapter(tmp_path_factory.mktemp("adapter"))


@pytest.fixture
def board(adapter: Adapter, tmp_path: Path) -> Iterator[HostBoard]:
    board = HostBoard(adapter.build_board(), tmp_path)
    yield board
    board.close()


def test_an_arena_too_small_is_said_at_boot_and_on_every_request(
    adapter: Adapter, tmp_path: Path
) -> None:
    firmware = adapter.build_board(adapter.manifest.plan.arena_bytes + 4)
    board = HostBoard(firmware, tmp_path)
    wire = Wire(board)
    assert wire.next()[0] == messages.Boot(messages.PROTOCOL_VERSION)
    assert wire.next()[0] == messages.Log(messages.LogLevel.ERROR, SHORT)
    hello = wire.ask(messages.Hello(messages.PROTOCOL_VERSION, 1))
    assert isinstance(hello, messages.HelloReply)
    assert hello.runtime_error == SHORT
    refused = wire.ask(messages.InputBegin(5, hello.input.bytes, 0))
    assert refused == messages.Error(ErrorCode.NOT_READY, messages.InputBegin.code, SHORT)
    board.close()


def test_a_failed_inference_is_an_error_in_tflms_words(board: HostBoard, adapter: Adapter) -> None:
    wire = Wire(board)
    wire.next()
    data = bytes([14]) * adapter.manifest.input.bytes
    wire.load(5, data)
    said = "Node CONV_2D (number 0f) failed to invoke with status 1"
    failed = messages.Error(ErrorCode.INVOKE_FAILED, messages.Invoke.code, said)
    assert wire.ask(messages.Invoke(5, zlib.crc32(data))) == failed
    assert wire.ask(messages.Invoke(5, zlib.crc32(data))) == failed
    good = bytes([7]) * adapter.manifest.input.bytes
    wire.load(6, good)
    assert isinstance(wire.ask(messages.Invoke(6, zlib.crc32(good))), messages.Result)


def test_a_smaller_arena_can_be_tried_over_the_link(board: HostBoard) -> None:
    wire = Wire(board)
    wire.next()
    report = wire.ask(messages.MeasureArena(1, 600, 0))
    assert isinstance(report, messages.ArenaReport)
    assert (report.status, report.used_bytes) == (1, 0)
    assert report.text == "Short of 40 bytes in the arena; Giving up"
    report = wire.ask(messages.MeasureArena(2, 640, 0))
    assert isinstance(report, messages.ArenaReport)
    assert (report.status, report.used_bytes, report.text) == (0, 640, "")
