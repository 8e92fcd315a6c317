"""What outlives a session: how long inferences take, how large chunks may be, what got lost."""

from __future__ import annotations

import zlib
from dataclasses import asdict, replace

import numpy as np
import pytest
from helpers.scripted_board import IMAGE, REPLY, Board, ScriptedPort, reply, request_of

from mcuzoo.errors import BoardSilentError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.payload import pack
from mcuzoo.link.session import Session, Timing
from mcuzoo.link.state import GOOD_CHUNKS, LineCounts, LinkState
from mcuzoo.link.use import LineUse
from mcuzoo.project.manifest import TensorSpec
from mcuzoo.run.connected_board import IMAGE_ATTEMPTS, ConnectedBoard
from mcuzoo.run.runner import LOST_IN_A_ROW


def test_an_inference_is_waited_for_as_long_as_others_took() -> None:
    state = LinkState()
    state.runs("a model")
    assert state.inference_limit_s(300) == 300
    state.inference_took(0.2)
    assert state.inference_limit_s(300) == 10
    state.inference_took(2.0)
    state.inference_took(0.1)
    assert state.inference_limit_s(300) == 40
    state.runs("a model")
    state.inference_in_vain()
    assert state.inference_limit_s(300) == 40
    state.runs("another model")
    assert state.inference_limit_s(300) == 300


def test_a_board_that_never_finished_is_waited_for_ever_shorter() -> None:
    state = LinkState()
    limits = []
    for _ in range(5):
        limits.append(state.inference_limit_s(300))
        state.inference_in_vain()
    assert limits == [300, 75, 30, 30, 30]
    assert state.inference_limit_s(4) == 4


def test_chunks_halve_and_grow_back_after_enough_good_ones() -> None:
    state = LinkState()
    assert state.chunk_for(1024) == 1024 and state.chunk_for(700) == 700
    state.set_back(700)
    assert state.chunk_for(700) == 350
    for _ in range(9):
        state.set_back(700)
    assert state.chunk_for(700) == state.smallest_chunk_bytes == 64
    assert state.chunk_for(32) == 32
    state.arrived(GOOD_CHUNKS - 1)
    assert state.chunk_for(700) == 64
    state.arrived(1)
    assert state.chunk_for(700) == 128
    state.arrived(GOOD_CHUNKS - 1)
    state.set_back(700)
    state.arrived(1)  # good ones count in a row only
    assert state.chunk_for(700) == 64
    assert state.smallest_chunk_bytes == 64


def test_what_the_board_counted_is_added_up_over_its_restarts() -> None:
    state = LinkState()
    state.board_counted(LineCounts(20, 5, 3), LineCounts(10, 4, 3))
    assert (state.board_bad_frames, state.board_lost_bytes) == (1, 0)
    state.board_counted(LineCounts(7, 2, 1), LineCounts(20, 5, 3))
    assert (state.board_bad_frames, state.board_lost_bytes) == (3, 1)
    assert not state.clean


def test_it_is_made_of_what_it_was_and_of_less_or_more() -> None:
    state = LinkState(model_sha256="ab", slowest_inference_s=0.5, chunk_bytes=128, reconnects=2)
    assert LinkState.of(asdict(state)) == state
    assert LinkState.of({"reconnects": 2, "of a later mcuzoo": 1}) == LinkState(reconnects=2)
    use = {"images": 3, "of a later mcuzoo": 1}
    assert LinkState.of({"use": use}) == LinkState(use=LineUse(images=3))


class Hangs(Board):
    """Answers everything but INVOKE, once `hung`."""

    hung = False

    def __call__(self, frame: Frame) -> bytes:
        if self.hung and frame.type == messages.Invoke.code:
            return b""
        return super().__call__(frame)


class Clock:
    """Time that passes only where somebody waits for the port."""

    def __init__(self) -> None:
        self.now = 0.0

    def channel(self, board: Board, state: LinkState | None = None) -> Channel:
        return Channel(self.port(board), "scripted", state=state, clock=lambda: self.now)

    def port(self, board: Board) -> ScriptedPort:
        clock = self

        class Waits(ScriptedPort):
            waits_s = 0.0

            def read(self, size: int, /) -> bytes:
                data = super().read(size)
                clock.now += 0.0 if data else 0.02
                return data

        return Waits(board)


@pytest.mark.parametrize(("seen", "longest_s"), [(True, 120.0), (False, 650.0)])
def test_a_board_that_hangs_in_every_inference_is_given_up_soon(
    seen: bool, longest_s: float
) -> None:
    """It answers HELLO whenever the port is opened again. With limits that ended with their session
    a run took 45 minutes for the same: nine times 300 s."""
    clock, board, timing = Clock(), Hangs(), Timing()

    def connect(state: LinkState) -> Session:
        return Session(clock.channel(board, state), timing)

    with ConnectedBoard(
        connect, lambda hello: None, lambda text: None, sleep=lambda _: None
    ) as connection:
        if seen:
            connection.infer(0, IMAGE)
        board.hung = True
        begun = clock.now
        for image_id in range(1, 1 + LOST_IN_A_ROW):
            with pytest.raises(BoardSilentError, match="no result of an inference"):
                connection.infer(image_id, IMAGE)
        assert clock.now - begun < longest_s
        assert connection.state.reconnects == IMAGE_ATTEMPTS * LOST_IN_A_ROW


class LosesInvokes(Board):
    """Every other INVOKE, or its answer, is lost on the way."""

    asked = 0

    def __call__(self, frame: Frame) -> bytes:
        if frame.type == messages.Invoke.code:
            self.asked += 1
            if self.asked % 2:
                return b""
        return super().__call__(frame)


def test_what_is_waited_for_a_lost_frame_is_no_time_of_an_inference() -> None:
    """It was: each wait made the next one three times as long, up to five minutes."""
    clock, state = Clock(), LinkState()
    with Session(clock.channel(LosesInvokes(), state), Timing()) as session:
        for image_id in range(20):
            begun = clock.now
            session.infer(image_id, IMAGE)
            assert clock.now - begun < 2.0
    assert state.slowest_inference_s is not None and state.slowest_inference_s < 0.1


SIZE = 4096
INPUT = TensorSpec("t", (1, SIZE), "int8", 0.5, 0, SIZE)
OUTPUT = TensorSpec("o", (1, 1000), "int8", 0.5, 0, 1000)


class ShortFramesOnly(Board):
    """A line on which no data of more than 300 bytes gets through, in either direction."""

    output = bytes(range(250)) * 4

    def __init__(self) -> None:
        self.next_offset = 0
        self.lost: list[int] = []

    def __call__(self, frame: Frame) -> bytes:
        match request_of(frame):
            case messages.Hello(_, nonce):
                return reply(frame, replace(REPLY, nonce=nonce, input=INPUT, output=OUTPUT))
            case messages.InputBegin():
                self.next_offset = 0
            case messages.InputData(image_id, offset, data):
                if len(data) > 300:
                    self.lost.append(len(data))
                    return b""
                gap = offset > self.next_offset
                if offset == self.next_offset:
                    self.next_offset += len(data)
                ack = pack(messages.Ack(image_id, self.next_offset))
                return encode_frame(Frame(messages.Ack.code, gap, frame.seq, ack))
            case messages.Invoke(image_id, crc32):
                output_crc32 = zlib.crc32(self.output)
                return reply(frame, messages.Result(image_id, crc32, 0, 1000, output_crc32))
            case messages.ReadOutput(image_id, offset, length):
                if length > 300:
                    self.lost.append(length)
                    return b""
                data = self.output[offset : offset + length]
                return reply(frame, messages.OutputData(image_id, offset, data))
        return super().__call__(frame)


def test_the_length_of_chunks_is_remembered_over_images_and_sessions() -> None:
    clock, board, state = Clock(), ShortFramesOnly(), LinkState()
    image = np.arange(SIZE, dtype=np.int64).astype(np.int8)
    lost = []
    for _ in range(4):
        session = Session(clock.channel(board, state), Timing())
        for image_id in range(2):
            board.lost.clear()
            assert session.infer(image_id, image).output.tobytes() == board.output
            lost.append(len(board.lost))
    assert lost[0] >= 6  # a window of 1024, and one of 512
    # Afterwards 512 is tried once per GOOD_CHUNKS good ones, and 1024 never again.
    assert max(lost[1:]) <= 2 * REPLY.window
    assert state.smallest_chunk_bytes == 256
    assert state.frames_resent >= sum(lost)


def test_a_clean_line_costs_nothing() -> None:
    clock, state = Clock(), LinkState()
    session = Session(clock.channel(Board(), state), Timing())
    for image_id in range(3):
        session.infer(image_id, IMAGE)
    assert state.clean and state.chunk_bytes == state.smallest_chunk_bytes == 1024
    assert state.frames_sent == 1 + 3 * 4


def test_what_is_lost_is_counted() -> None:
    class Loses(Board):
        """Every second request of a kind, and damages an answer to READ_OUTPUT."""

        heard = 0

        def __call__(self, frame: Frame) -> bytes:
            self.heard += 1
            if frame.type == messages.Invoke.code and self.heard < 5:
                return b""
            if frame.type == messages.ReadOutput.code and self.heard < 7:
                return b"\0damaged\0"
            return super().__call__(frame)

    clock, state = Clock(), LinkState()
    session = Session(clock.channel(Loses(), state), Timing())
    assert session.infer(0, IMAGE).output.tobytes() == Board.output
    assert (state.frames_resent, state.bad_frames) == (2, 1)


def test_an_inference_that_is_asked_about_is_not_counted_as_lost() -> None:
    class Slow(Board):
        """Computes for three seconds, and hears only the first INVOKE."""

        first: Frame | None = None

        def __call__(self, frame: Frame) -> bytes:
            if frame.type == messages.Invoke.code and clock.now < 3.0:
                self.first = self.first or frame
                return b""
            if frame.type == messages.Invoke.code and self.first is not None:
                return super().__call__(self.first)
            return super().__call__(frame)

    clock, state = Clock(), LinkState()
    session = Session(clock.channel(Slow(), state), Timing())
    session.infer(0, IMAGE)
    assert state.slowest_inference_s is not None and state.slowest_inference_s >= 3.0
    assert state.frames_resent == 0
