"""What answers is not a board of ours: silence, garbage, another protocol, lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from helpers.scripted_board import IMAGE, REPLY, SPEC, Board, ScriptedPort, reply, request_of

from mcuzoo.errors import BoardSilentError, PortError, ProtocolError, RigError
from mcuzoo.link import messages
from mcuzoo.link.channel import Channel
from mcuzoo.link.counts import Agent
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.payload import pack
from mcuzoo.link.session import Session, Timing

pytestmark = pytest.mark.slow

QUICK = Timing(latency_s=0.02, connect_s=0.2, inference_s=0.3, tries=2, attempts=2)


def session_on(answer: Callable[[Frame], bytes]) -> Session:
    return Session(Channel(ScriptedPort(answer), "scripted"), QUICK)


def test_an_honest_board_of_another_make() -> None:
    result = session_on(Board()).infer(0, IMAGE)
    assert result.output.tobytes() == Board.output
    assert result.cycles is None


def test_silence() -> None:
    with pytest.raises(BoardSilentError, match="Nothing answers at scripted"):
        session_on(lambda frame: b"")


def test_garbage() -> None:
    with pytest.raises(ProtocolError, match="no mcuzoo frame"):
        session_on(lambda frame: b"U-Boot 2024.01\r\n=> \0 what?\0")


def test_a_loopback_plug_is_named() -> None:
    with pytest.raises(RigError, match="scripted echoes what is sent: a loopback plug") as caught:
        session_on(lambda frame: encode_frame(frame))
    assert caught.value.exit_code == 3 and not isinstance(caught.value, BoardSilentError)


def test_a_line_that_echoes_may_have_a_board() -> None:
    """One wire for both ways: the host hears itself, and then the board."""
    board = Board()
    session = session_on(lambda frame: encode_frame(frame) + board(frame))
    assert session.infer(0, IMAGE).output.tobytes() == Board.output


def test_another_host_is_no_echo() -> None:
    hello = messages.Hello(1, 4711)
    with pytest.raises(BoardSilentError, match="no answer to HELLO"):
        session_on(lambda frame: reply(frame, hello))


def test_an_answer_to_another_hello_does_not_count() -> None:
    with pytest.raises(BoardSilentError, match="no answer to HELLO"):
        session_on(lambda frame: reply(frame, replace(REPLY, nonce=0)))


def test_another_protocol_version() -> None:
    def answer(frame: Frame) -> bytes:
        future = b"\x02 whatever version two says here"
        return encode_frame(Frame(messages.HelloReply.code, 0, frame.seq, future))

    with pytest.raises(ProtocolError, match=r"protocol 2, this mcuzoo 1") as caught:
        session_on(answer)
    assert "flash" in caught.value.hint


def test_a_malformed_reply() -> None:
    with pytest.raises(ProtocolError, match="malformed HelloReply"):
        session_on(lambda frame: encode_frame(Frame(messages.HelloReply.code, 0, frame.seq, b"\1")))


@pytest.mark.parametrize("window, chunk_bytes", [(0, 1024), (4, 0), (4, 2048)])
def test_impossible_limits(window: int, chunk_bytes: int) -> None:
    def answer(frame: Frame) -> bytes:
        hello = request_of(frame)
        assert isinstance(hello, messages.Hello)
        offer = replace(REPLY, nonce=hello.nonce, window=window, max_chunk_bytes=chunk_bytes)
        return reply(frame, offer)

    with pytest.raises(ProtocolError, match="window"):
        session_on(answer)


@pytest.mark.parametrize(
    ("agent", "cpuid", "kind"),
    [
        (Agent.PROCESS, 0, "process"),
        (Agent.PROCESS, 0x412FD050, "process"),  # MIDR_EL1 of a Cortex-A55
        (Agent.PROCESS, 0x000F0510, "emulator"),  # of QEMU's own core
        (Agent.UNSAID, 0x411FC271, "silicon"),
        (Agent.UNSAID, 0x4D1FC271, "emulator"),
        (Agent.UNSAID, 0, "other"),
        (Agent.EMULATOR, 0, "emulator"),
        (99, 0, "other"),
    ],
)
def test_what_answers(agent: int, cpuid: int, kind: str) -> None:
    def answer(frame: Frame) -> bytes:
        hello = request_of(frame)
        assert isinstance(hello, messages.Hello)
        return reply(frame, replace(REPLY, nonce=hello.nonce, agent=agent, cpuid=cpuid))

    assert session_on(answer).hello().agent == kind


def test_a_result_of_another_input_is_never_accepted() -> None:
    class Liar(Board):
        def result(self, result: messages.Result) -> messages.Result:
            return replace(result, input_crc32=result.input_crc32 ^ 1)

    with pytest.raises(ProtocolError, match="result is for input"):
        session_on(Liar()).infer(0, IMAGE)


def test_a_result_of_another_image_is_never_accepted() -> None:
    class Late(Board):
        def result(self, result: messages.Result) -> messages.Result:
            return replace(result, image_id=(result.image_id - 1) % 2**32)

    with pytest.raises(BoardSilentError, match="no result"):
        session_on(Late()).infer(0, IMAGE)


@pytest.mark.parametrize("size", [0, 7, 9])
def test_a_result_of_another_size_is_never_accepted(size: int) -> None:
    class Small(Board):
        def result(self, result: messages.Result) -> messages.Result:
            return replace(result, output_bytes=size)

    with pytest.raises(ProtocolError, match=f"{size} output bytes"):
        session_on(Small()).infer(0, IMAGE)


def test_an_output_that_does_not_match_its_crc_is_never_accepted() -> None:
    class Forgetful(Board):
        def piece(self, piece: messages.OutputData) -> messages.OutputData:
            return replace(piece, data=bytes(8))

    with pytest.raises(ProtocolError, match="output changed"):
        session_on(Forgetful()).infer(0, IMAGE)


@pytest.mark.parametrize("change", [{"offset": 1}, {"data": bytes(7)}, {"image_id": 5}])
def test_a_piece_that_was_not_asked_for_is_never_accepted(change: dict[str, object]) -> None:
    class Confused(Board):
        def piece(self, piece: messages.OutputData) -> messages.OutputData:
            values = {"image_id": piece.image_id, "offset": 0, "data": piece.data} | change
            return messages.OutputData(**values)  # type: ignore[arg-type]

    with pytest.raises(BoardSilentError, match="ReadOutput"):
        session_on(Confused()).infer(0, IMAGE)


def test_an_input_that_never_arrives_right() -> None:
    class Forgetting(Board):
        def __call__(self, frame: Frame) -> bytes:
            if frame.type == messages.Invoke.code:
                code = messages.ErrorCode.INPUT_CRC
                return reply(frame, messages.Error(code, frame.type, "the input has another CRC"))
            return super().__call__(frame)

    with pytest.raises(ProtocolError, match="attempt 2"):
        session_on(Forgetting()).infer(0, IMAGE)


def test_old_errors_are_ignored() -> None:
    class Late(Board):
        def __call__(self, frame: Frame) -> bytes:
            code = messages.ErrorCode.NO_SUCH_IMAGE
            old = replace(frame, seq=(frame.seq - 3) % 2**16)
            return reply(old, messages.Error(code, frame.type, "of long ago")) + super().__call__(
                frame
            )

    assert session_on(Late()).infer(0, IMAGE).attempts == 1


def test_a_gap_is_filled_without_waiting() -> None:
    """The second chunk is lost; the reports of that gap are all the host gets to hear."""
    spec = replace(SPEC, shape=(1, 4096), bytes=4096)
    heard: list[int] = []

    class Deaf(Board):
        next_offset = 0

        def __call__(self, frame: Frame) -> bytes:
            match request_of(frame):
                case messages.Hello(_, nonce):
                    return reply(frame, replace(REPLY, nonce=nonce, input=spec))
                case messages.InputData(image_id, offset, data):
                    heard.append(offset)
                    if len(heard) == 2:
                        return b""
                    gap = offset > self.next_offset
                    if offset == self.next_offset:
                        self.next_offset += len(data)
                    ack = pack(messages.Ack(image_id, self.next_offset))
                    return encode_frame(Frame(messages.Ack.code, gap, frame.seq, ack))
            return super().__call__(frame)

    class Impatient(ScriptedPort):
        patient = True

        def read(self, size: int, /) -> bytes:
            assert self.patient or self.in_waiting, "the host waits in vain"
            return super().read(size)

    port = Impatient(Deaf())
    session = Session(Channel(port, "scripted"), QUICK)
    port.patient = False
    assert session.infer(0, np.zeros(4096, np.int8)).attempts == 1
    assert heard[:5] == [0, 1024, 2048, 3072, 1024]
    assert heard.count(1024) == 2


def test_an_endless_flood_ends() -> None:
    class Flood(ScriptedPort):
        @property
        def in_waiting(self) -> int:
            return 64

        def read(self, size: int, /) -> bytes:
            return b"\x55" * size

    with pytest.raises(ProtocolError, match="no mcuzoo frame"):
        Session(Channel(Flood(lambda frame: b""), "flood"), QUICK)


@pytest.fixture
def unplugged() -> Iterator[ScriptedPort]:
    class Unplugged(ScriptedPort):
        def read(self, size: int, /) -> bytes:
            raise OSError("device disconnected")

    yield Unplugged(lambda frame: b"")


def test_an_unplugged_port(unplugged: ScriptedPort) -> None:
    with pytest.raises(PortError, match=r"scripted failed: device disconnected"):
        Session(Channel(unplugged, "scripted"), QUICK)
