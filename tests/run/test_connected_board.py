"""The rig: sessions opened again, attempts capped, foreign boards refused."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers.fake_board import HELLO, MANIFEST, OUTPUT, FakeBoard, toy_model
from numpy.typing import NDArray

from mcuzoo.errors import (
    BoardResetError,
    BoardSilentError,
    FirmwareError,
    McuzooError,
    PortError,
    ProtocolError,
    WrongFirmwareError,
)
from mcuzoo.link.codes import Feature
from mcuzoo.link.inference import Inference
from mcuzoo.link.state import LineCounts, LinkState
from mcuzoo.project.manifest import BuildEntry, TensorSpec
from mcuzoo.run.connected_board import BoardGoneError, ConnectedBoard, check_firmware

TENSOR = np.arange(48, dtype=np.int8).reshape(4, 4, 3)
SILENT = BoardSilentError("It stopped answering.", "Press reset.")
GONE = PortError("There is no port.", "Plug it in.")


def connected(board: FakeBoard, told: list[str] | None = None) -> ConnectedBoard:
    said: list[str] = [] if told is None else told
    check = partial(check_firmware, manifest=MANIFEST)
    return ConnectedBoard(board.open, check, said.append, sleep=lambda _: None)


def test_result_of_a_good_board() -> None:
    board = FakeBoard()
    with connected(board) as connection:
        inference = connection.infer(3, TENSOR)
    np.testing.assert_array_equal(inference.output, toy_model(TENSOR))
    assert (inference.attempts, board.openings, board.closings) == (1, 1, 1)


@pytest.mark.parametrize(
    "trouble",
    [SILENT, GONE, BoardResetError("Restarted.", "x"), ProtocolError("Noise.", "x"),
     FirmwareError("Exception 3.", "x")],
)  # fmt: skip
def test_recovers_by_opening_again(trouble: McuzooError) -> None:
    told: list[str] = []
    board = FakeBoard(failures={1: trouble, 2: trouble}, refusals={2: GONE})
    with connected(board, told) as connection:
        assert connection.infer(3, TENSOR).attempts == 3
    assert board.openings == 4
    assert board.closings == 3
    assert len(told) == 3 and trouble.message in told[0] and told[1] == GONE.message


def test_attempts_are_capped_and_the_next_image_has_a_session() -> None:
    board = FakeBoard(failures={1: SILENT, 2: SILENT, 3: SILENT})
    with connected(board) as connection:
        with pytest.raises(BoardSilentError):
            connection.infer(3, TENSOR)
        assert connection.infer(4, TENSOR).attempts == 1
    assert board.images == [3, 3, 3, 4]


def test_board_that_never_comes_back() -> None:
    board = FakeBoard(failures={1: SILENT}, refusals=dict.fromkeys(range(2, 99), GONE))
    with connected(board) as connection, pytest.raises(BoardGoneError) as caught:
        connection.infer(3, TENSOR)
    assert GONE.message in caught.value.message and SILENT.message in caught.value.message
    assert board.openings == 4


def test_result_of_another_input_is_not_taken() -> None:
    board = FakeBoard(wrong_crcs=[1])
    with connected(board) as connection:
        assert connection.infer(3, TENSOR).attempts == 2
    with (
        connected(FakeBoard(wrong_crcs=[1, 2, 3])) as connection,
        pytest.raises(ProtocolError, match="CRC"),
    ):
        connection.infer(3, TENSOR)


def test_another_firmware_after_a_restart_ends_it() -> None:
    board = FakeBoard(failures={1: SILENT})
    with connected(board) as connection:
        board.hello_reply = replace(HELLO, build_id="00" * 16)
        with pytest.raises(WrongFirmwareError):
            connection.infer(3, TENSOR)
    assert board.openings == board.closings == 2


def test_port_that_cannot_be_opened_at_first() -> None:
    with pytest.raises(PortError):
        connected(FakeBoard(refusals={1: GONE}))


@pytest.mark.parametrize(
    "change",
    [
        {"board": "rt1170"},
        {"model_sha256": "00" * 32},
        {"build_id": "00" * 16},
        {"input": replace(HELLO.input, bytes=49)},
        {"output": replace(HELLO.output, bytes=7)},
    ],
)
def test_foreign_board_is_refused(change: dict[str, str | TensorSpec]) -> None:
    board = FakeBoard(hello_reply=replace(HELLO, **change))  # type: ignore[arg-type]
    with pytest.raises(WrongFirmwareError, match=r"The board at this port .*, the project has"):
        connected(board)
    assert board.closings == 1


def test_newest_build_counts() -> None:
    build = BuildEntry("gcc", "12", "-O2", "11" * 16, "", "", "", (), 0, {})
    built = replace(MANIFEST, build=build)
    with pytest.raises(WrongFirmwareError, match="runs the build"):
        check_firmware(HELLO, built)
    check_firmware(replace(HELLO, build_id="11" * 16), built)


def test_board_whose_runtime_is_not_ready() -> None:
    with pytest.raises(FirmwareError, match="arena too small"):
        check_firmware(replace(HELLO, runtime_error="arena too small"), MANIFEST)


def test_an_agent_whose_file_turns_its_output() -> None:
    """The host has the channels last: bytes in another order are no comparison."""
    made = replace(OUTPUT, shape=(1, 4, 4, 3), bytes=48)
    manifest = replace(MANIFEST, output=made)
    for shape in ((1, 4, 4, 3), (1, 48)):
        own = replace(made, shape=shape)
        check_firmware(replace(HELLO, features=Feature.ENGINES, output=own), manifest)
    turned = replace(made, shape=(1, 3, 4, 4))
    with pytest.raises(FirmwareError, match="output is 3x4x4; the host compares") as caught:
        check_firmware(replace(HELLO, features=Feature.ENGINES, output=turned), manifest)
    assert "mcuzoo build PROJECT" in caught.value.hint


def test_every_session_goes_on_with_the_state_of_the_one_before() -> None:
    state = LinkState(slowest_inference_s=0.25)
    seen: list[LinkState] = []
    board = FakeBoard(failures={1: SILENT, 2: SILENT}, refusals={2: GONE})

    def connect(given: LinkState) -> AbstractContextManager[FakeBoard]:
        seen.append(given)
        return board.open(given)

    check = partial(check_firmware, manifest=MANIFEST)
    with ConnectedBoard(
        connect, check, lambda text: None, sleep=lambda _: None, state=state
    ) as connection:
        connection.infer(3, TENSOR)
    assert len(seen) == board.openings == 4 and all(given is state for given in seen)
    assert state.reconnects == 2


def test_a_port_that_was_waited_for_in_vain_is_not_waited_for_again() -> None:
    gone = PortError("It has not come.", "Plug it in.")
    gone.absent = True
    board = FakeBoard(failures={1: SILENT}, refusals=dict.fromkeys(range(2, 99), gone))
    with connected(board) as connection, pytest.raises(BoardGoneError, match="It has not come"):
        connection.infer(3, TENSOR)
    assert board.openings == 2


def test_what_the_board_lost_is_asked_for_when_something_was_lost() -> None:
    class Loses(FakeBoard):
        pings = 0

        def infer(
            self, image_id: int, tensor: NDArray[np.int8], ahead: NDArray[np.int8] | None = None
        ) -> Inference:
            self.state.frames_resent += image_id
            return super().infer(image_id, tensor)

        def ping(self) -> LineCounts:
            self.pings += 1
            return super().ping()

    board = Loses(counts=LineCounts(100, 40, 4))  # of what came before this run
    with connected(board) as connection:
        connection.infer(0, TENSOR)
        assert (board.pings, connection.state.board_bad_frames) == (1, 0)
        board.counts = LineCounts(120, 43, 4)
        connection.infer(2, TENSOR)
        assert (board.pings, connection.state.board_bad_frames) == (2, 3)
        board.counts = LineCounts(5, 1, 9)  # it has restarted
        connection.take_stock()
        assert (connection.state.board_bad_frames, connection.state.board_lost_bytes) == (4, 9)


def test_a_board_that_does_not_count_is_asked_once() -> None:
    class Mute(FakeBoard):
        pings = 0

        def ping(self) -> LineCounts:
            self.pings += 1
            raise SILENT

    board = Mute(failures={1: SILENT})
    with connected(board) as connection:
        assert connection.infer(3, TENSOR).attempts == 2
        connection.take_stock()
    assert board.pings == 1
