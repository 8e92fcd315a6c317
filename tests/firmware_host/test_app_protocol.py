"""The firmware's answers frame by frame, as docs/protocol.md has them."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mcuzoo.link import messages
from mcuzoo.link.codec import encode
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.inference import unpack_records
from mcuzoo.link.messages import Encoding, ErrorCode
from mcuzoo.link.payload import pack

if sys.platform == "win32":
    pytest.skip("the host port needs POSIX", allow_module_level=True)

from helpers.board_wire import Wire, refusal
from helpers.host_firmware import HostBoard, build_echo_firmware, echo_output

DATA = np.random.default_rng(1).integers(-128, 128, 4096, dtype=np.int8).tobytes()
CRC = zlib.crc32(DATA)


@pytest.fixture(scope="module", params=["whole", "rows"])
def firmware(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """One that keeps its input until it is run, and one that consumes it as it arrives."""
    return build_echo_firmware(tmp_path_factory.mktemp("firmware") / "echo", request.param)


@pytest.fixture
def board(firmware: Path, tmp_path: Path) -> Iterator[HostBoard]:
    board = HostBoard(firmware, tmp_path)
    yield board
    board.close()


@pytest.fixture
def wire(board: HostBoard) -> Wire:
    wire = Wire(board)
    boot, frame = wire.next()
    assert (boot, frame.seq) == (messages.Boot(messages.PROTOCOL_VERSION), 0)
    return wire


def test_data_in_order_moves_the_offset(wire: Wire) -> None:
    assert wire.ask(messages.InputBegin(5, 4096, CRC), seq=9) == messages.Ack(5, 0)
    assert wire.ask(messages.InputData(5, 0, DATA[:1000])) == messages.Ack(5, 1000)
    assert wire.ask(messages.InputData(5, 1000, DATA[1000:1001])) == messages.Ack(5, 1001)
    assert wire.ask(messages.InputData(5, 1001, b"")) == messages.Ack(5, 1001)


def test_gaps_and_repetitions(wire: Wire) -> None:
    wire.ask(messages.InputBegin(5, 4096, CRC))
    assert wire.gap(messages.InputData(5, 1, DATA[1:9]))
    assert not wire.gap(messages.InputData(5, 0, DATA[:8]))
    assert not wire.gap(messages.InputData(5, 0, bytes(8)))
    assert not wire.gap(messages.InputData(5, 4, bytes(8)))
    assert wire.gap(messages.InputData(5, 9, bytes(8)))
    assert wire.ask(messages.InputBegin(5, 4096, CRC)) == messages.Ack(5, 8)


def test_an_image_in_mid_air_is_dropped(wire: Wire) -> None:
    wire.ask(messages.InputBegin(5, 4096, CRC))
    wire.ask(messages.InputData(5, 0, DATA[:1000]))
    wire.load(6, DATA[::-1])
    result = wire.ask(messages.Invoke(6, zlib.crc32(DATA[::-1])))
    assert isinstance(result, messages.Result)
    output = echo_output(np.frombuffer(DATA[::-1], np.int8)).tobytes()
    assert result.output_crc32 == zlib.crc32(output)


def test_a_new_image_replaces_the_old(wire: Wire) -> None:
    wire.load(5, DATA)
    assert wire.ask(messages.InputBegin(6, 4096, CRC)) == messages.Ack(6, 0)
    assert refusal(wire.ask(messages.Invoke(5, CRC))) is ErrorCode.NO_SUCH_IMAGE
    assert wire.ask(messages.InputData(6, 0, DATA[:1024])) == messages.Ack(6, 1024)
    assert wire.ask(messages.InputBegin(6, 4096, CRC ^ 1)) == messages.Ack(6, 0)


def test_a_result_is_repeated_and_the_model_is_not(wire: Wire, board: HostBoard) -> None:
    wire.load(5, DATA)
    first = wire.ask(messages.Invoke(5, CRC))
    assert isinstance(first, messages.Result)
    assert (first.image_id, first.input_crc32, first.output_bytes) == (5, CRC, 1500)
    assert wire.ask(messages.InputData(5, 1024, bytes(1024))) == messages.Ack(5, 4096)
    assert wire.ask(messages.InputBegin(5, 4096, CRC)) == messages.Ack(5, 4096)
    assert wire.ask(messages.Invoke(5, CRC)) == first
    assert board.invocations == 1
    output = b""
    for offset, length in ((0, 1024), (1024, 476)):
        piece = wire.ask(messages.ReadOutput(5, offset, length))
        assert isinstance(piece, messages.OutputData)
        output += piece.data
    assert output == echo_output(np.frombuffer(DATA, np.int8)).tobytes()
    assert zlib.crc32(output) == first.output_crc32


def test_a_profile_is_repeated_and_the_model_is_not(wire: Wire, board: HostBoard) -> None:
    wire.load(5, DATA)
    first = wire.ask(messages.Profile(5, CRC, 0))
    assert isinstance(first, messages.Result)
    assert (first.image_id, first.input_crc32, first.output_bytes) == (5, CRC, 1500)
    data = wire.ask(messages.ReadProfile(5))
    assert isinstance(data, messages.ProfileData)
    assert (data.image_id, data.record_count, data.first_record) == (5, 1, 0)
    (record,) = unpack_records(data.records)
    assert (record.first_op, record.last_op, record.output_bytes) == (0, 0, 1500)
    assert record.output_crc32 == first.output_crc32
    assert record.cycles is not None and 0 < record.cycles <= first.cycles
    assert wire.ask(messages.Profile(5, CRC, 0)) == first
    assert wire.ask(messages.Invoke(5, CRC)) == first
    assert wire.ask(messages.ReadProfile(5)) == data
    assert isinstance(wire.ask(messages.ReadOutput(5, 0, 9)), messages.OutputData)
    assert board.invocations == 1


def test_a_profile_needs_an_input_that_is_there(wire: Wire, board: HostBoard) -> None:
    assert refusal(wire.ask(messages.Profile(5, CRC, 0))) is ErrorCode.NO_SUCH_IMAGE
    assert refusal(wire.ask(messages.ReadProfile(5))) is ErrorCode.NO_SUCH_IMAGE
    wire.ask(messages.InputBegin(5, 4096, CRC))
    assert refusal(wire.ask(messages.Profile(5, CRC, 0))) is ErrorCode.INCOMPLETE
    wire.load(5, DATA)
    assert refusal(wire.ask(messages.Profile(5, CRC ^ 1, 0))) is ErrorCode.INPUT_CRC
    assert refusal(wire.ask(messages.ReadProfile(5))) is ErrorCode.NO_SUCH_IMAGE
    wire.ask(messages.Profile(5, CRC, 3))
    assert refusal(wire.ask(messages.Profile(5, CRC, 0))) is ErrorCode.NO_SUCH_IMAGE
    wire.load(6, DATA)
    wire.ask(messages.Invoke(6, CRC))
    assert refusal(wire.ask(messages.Profile(6, CRC, 0))) is ErrorCode.NO_SUCH_IMAGE
    assert refusal(wire.ask(messages.ReadProfile(6))) is ErrorCode.NO_SUCH_IMAGE
    assert refusal(wire.ask(messages.ReadProfile(5))) is ErrorCode.NO_SUCH_IMAGE
    assert board.invocations == 2


def test_a_damaged_input_is_not_run(wire: Wire, board: HostBoard) -> None:
    damaged = bytes([DATA[0] ^ 1]) + DATA[1:]
    wire.ask(messages.InputBegin(5, 4096, CRC))
    for offset in range(0, 4096, 1024):
        wire.ask(messages.InputData(5, offset, damaged[offset : offset + 1024]))
    assert refusal(wire.ask(messages.Invoke(5, zlib.crc32(damaged)))) is ErrorCode.INPUT_CRC
    assert refusal(wire.ask(messages.Invoke(5, CRC))) is ErrorCode.INPUT_CRC
    assert refusal(wire.ask(messages.Invoke(5, CRC))) is ErrorCode.NO_SUCH_IMAGE
    assert board.invocations == 0


def test_refusals(wire: Wire) -> None:
    assert refusal(wire.ask(messages.InputData(5, 0, b"x"))) is ErrorCode.NO_SUCH_IMAGE
    assert refusal(wire.ask(messages.InputBegin(5, 4095, CRC))) is ErrorCode.BAD_SIZE
    wire.ask(messages.InputBegin(5, 4096, CRC))
    for offset in (4096, 4097, 2**32 - 1):
        assert refusal(wire.ask(messages.InputData(5, offset, b"x"))) is ErrorCode.BAD_RANGE
    assert refusal(wire.ask(messages.Invoke(5, CRC))) is ErrorCode.INCOMPLETE
    assert refusal(wire.ask(messages.ReadOutput(5, 0, 1))) is ErrorCode.NO_SUCH_IMAGE
    wire.load(5, DATA)
    wire.ask(messages.Invoke(5, CRC))
    for offset, length in ((1500, 1), (0, 1025), (477, 1024), (2**32 - 1, 2)):
        assert refusal(wire.ask(messages.ReadOutput(5, offset, length))) is ErrorCode.BAD_RANGE
    assert wire.ask(messages.ReadOutput(5, 1500, 0)) == messages.OutputData(5, 1500, b"")


@pytest.mark.parametrize("code", [0x00, 0x40, 0x80, 0x81, 0xFF])
def test_an_unknown_type_is_refused(wire: Wire, code: int) -> None:
    answer, _ = wire.raw(code, b"whatever")
    assert refusal(answer) is ErrorCode.BAD_REQUEST
    assert isinstance(answer, messages.Error)
    assert answer.request == code


@pytest.mark.parametrize("code", [*range(0x01, 0x07), 0x08, 0x09, 0x0D])
def test_a_short_payload_is_refused(wire: Wire, code: int) -> None:
    answer, _ = wire.raw(code, b"\1")
    assert refusal(answer) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("code", [0x0A, 0x0B, 0x0C])
def test_a_model_that_is_linked_in_is_not_replaced(wire: Wire, code: int) -> None:
    answer, _ = wire.raw(code, bytes(40))
    assert refusal(answer) is ErrorCode.NO_UPLOAD
    wire.load(5, DATA)
    assert isinstance(wire.ask(messages.Invoke(5, CRC)), messages.Result)


def test_hello_answers_any_version_and_changes_nothing(wire: Wire) -> None:
    wire.load(5, DATA)
    hello = wire.ask(messages.Hello(protocol_version=9, nonce=77))
    assert isinstance(hello, messages.HelloReply)
    assert (hello.protocol_version, hello.nonce) == (1, 77)
    assert isinstance(wire.ask(messages.Invoke(5, CRC)), messages.Result)


def arena(wire: Wire, arena_bytes: int, recorded: int = 0) -> messages.ArenaReport:
    answer = wire.ask(messages.MeasureArena(3, arena_bytes, recorded))
    assert isinstance(answer, messages.ArenaReport), answer
    assert answer.nonce == 3
    return answer


def test_the_arena_as_it_is_changes_nothing(wire: Wire, board: HostBoard) -> None:
    wire.load(5, DATA)
    report = arena(wire, 0)
    assert (report.arena_bytes, report.used_bytes) == (5596, 4103)
    assert (report.head_bytes, report.tail_bytes, report.data) == (4096, 7, b"")
    assert (report.status, report.text, board.invocations) == (0, "", 0)
    assert isinstance(wire.ask(messages.Invoke(5, CRC)), messages.Result)


def test_a_smaller_arena_is_tried_and_given_back(wire: Wire, board: HostBoard) -> None:
    wire.load(5, DATA)
    for _ in range(2):
        report = arena(wire, 4095)
        assert (report.status, report.text) == (1, "the arena is too small to be set up")
        assert (report.arena_bytes, report.used_bytes, report.data) == (4095, 0, b"")
    assert board.invocations == 0
    report = arena(wire, 4102)
    assert (report.status, report.text) == (2, "the arena is too small to run")
    report = arena(wire, 4103, recorded=1)
    assert (report.status, report.used_bytes, board.invocations) == (0, 4103, 2)
    numbers = [number for kind in range(7) for number in (kind, 10 + kind, 100 + kind)]
    assert report.data == struct.pack("<21I", *numbers)
    assert refusal(wire.ask(messages.MeasureArena(3, 5597, 0))) is ErrorCode.BAD_RANGE
    assert refusal(wire.ask(messages.Invoke(5, CRC))) is ErrorCode.NO_SUCH_IMAGE
    wire.load(6, DATA)
    assert isinstance(wire.ask(messages.Invoke(6, CRC)), messages.Result)
    hello = wire.ask(messages.Hello(1, 4))
    assert isinstance(hello, messages.HelloReply)
    assert hello.runtime_error == ""


def test_damage_is_counted_and_forgotten(wire: Wire, board: HostBoard) -> None:
    good = encode_frame(Frame(messages.Ping.code, 0, 0, pack(messages.Ping(1))))
    board.write(b"noise\0" + good[:-4] + b"\0" + b"\x01" * 5000 + b"\0\0\0" + good)
    pong, _ = wire.next()
    assert pong == messages.Pong(nonce=1, good_frames=1, bad_frames=3, lost_bytes=0)


IMAGE = np.add.outer(np.arange(64), np.arange(64)).astype(np.int8)
STREAM = encode(IMAGE) or b""
IMAGE_CRC = zlib.crc32(IMAGE.tobytes())


def begin_encoded(image_id: int, count: int = len(STREAM)) -> messages.InputBegin:
    return messages.InputBegin(image_id, 4096, IMAGE_CRC, Encoding.CODEC, count)


@pytest.fixture
def decoding(wire: Wire) -> Wire:
    hello = wire.ask(messages.Hello(messages.PROTOCOL_VERSION, 1))
    assert isinstance(hello, messages.HelloReply)
    if not hello.features & messages.Feature.CODEC:
        assert refusal(wire.ask(begin_encoded(5))) is ErrorCode.BAD_REQUEST
        pytest.skip("takes inputs as they are")
    return wire


def send(wire: Wire, image_id: int, stream: bytes, piece: int = 100) -> None:
    for offset in range(0, len(stream), piece):
        part = stream[offset : offset + piece]
        end = messages.Ack(image_id, offset + len(part))
        assert wire.ask(messages.InputData(image_id, offset, part)) == end


def test_an_encoded_input_runs(decoding: Wire, board: HostBoard) -> None:
    assert decoding.ask(begin_encoded(5)) == messages.Ack(5, 0)
    send(decoding, 5, STREAM[:300])
    assert decoding.gap(messages.InputData(5, 301, STREAM[301:]))
    assert not decoding.gap(messages.InputData(5, 200, STREAM[200:300]))
    assert decoding.ask(begin_encoded(5)) == messages.Ack(5, 300)
    assert refusal(decoding.ask(messages.Invoke(5, IMAGE_CRC))) is ErrorCode.INCOMPLETE
    beyond = messages.InputData(5, 300, bytes(len(STREAM) - 299))
    assert refusal(decoding.ask(beyond)) is ErrorCode.BAD_RANGE
    decoding.ask(messages.InputData(5, 300, STREAM[300:]))
    result = decoding.ask(messages.Invoke(5, IMAGE_CRC))
    assert isinstance(result, messages.Result)
    assert result.input_crc32 == IMAGE_CRC
    assert result.output_crc32 == zlib.crc32(echo_output(IMAGE).tobytes())
    assert board.invocations == 1


@pytest.mark.parametrize(
    "stream", [STREAM[:-2], STREAM[:-1], STREAM + b"\0\0", b"", b"\1", STREAM[:99] + STREAM[100:]]
)
def test_a_stream_that_is_none(decoding: Wire, board: HostBoard, stream: bytes) -> None:
    """It is refused at INVOKE, and the next one is taken."""
    decoding.ask(begin_encoded(5, len(stream)))
    send(decoding, 5, stream)
    assert refusal(decoding.ask(messages.Invoke(5, IMAGE_CRC))) is ErrorCode.INPUT_CRC
    assert refusal(decoding.ask(messages.Invoke(5, IMAGE_CRC))) is ErrorCode.NO_SUCH_IMAGE
    assert board.invocations == 0
    decoding.ask(begin_encoded(6))
    send(decoding, 6, STREAM)
    assert isinstance(decoding.ask(messages.Invoke(6, IMAGE_CRC)), messages.Result)


def test_another_encoding_of_the_same_image_begins_anew(decoding: Wire) -> None:
    decoding.ask(begin_encoded(5))
    send(decoding, 5, STREAM[:100])
    assert decoding.ask(begin_encoded(5, len(STREAM) + 1)) == messages.Ack(5, 0)
    assert decoding.ask(messages.InputBegin(5, 4096, IMAGE_CRC)) == messages.Ack(5, 0)
    decoding.load(5, IMAGE.tobytes())
    assert isinstance(decoding.ask(messages.Invoke(5, IMAGE_CRC)), messages.Result)


def test_unknown_encodings_are_refused(wire: Wire) -> None:
    answer = wire.ask(messages.InputBegin(5, 4096, CRC, 2, 100))
    assert refusal(answer) is ErrorCode.BAD_REQUEST


def test_an_older_host_s_input_begin_ends_early(wire: Wire) -> None:
    short = struct.pack("<III", 5, 4096, CRC)
    assert wire.raw(messages.InputBegin.code, short)[0] == messages.Ack(5, 0)
    assert refusal(wire.raw(messages.InputBegin.code, short + b"\0\0")[0]) is ErrorCode.BAD_REQUEST


def test_the_rate_is_asked_for_and_changed(wire: Wire) -> None:
    """The host port has no UART clock, and takes every rate up to its highest."""
    asked = wire.ask(messages.SetBaud(1, 0))
    assert asked == messages.BaudReply(1, 0, 0, 0, 115_200)
    assert wire.ask(messages.SetBaud(2, 921_600)) == messages.BaudReply(2, 921_600, 1, 0, 115_200)
    assert wire.ask(messages.SetBaud(3, 0xFFFFFFFF)) == messages.BaudReply(3, 0, 0, 0, 115_200)
    assert wire.ask(messages.SetBaud(4, 115_200)) == messages.BaudReply(4, 115_200, 1, 0, 115_200)
    for payload in (b"", bytes(7)):
        answer, _ = wire.raw(messages.SetBaud.code, payload)
        assert refusal(answer) is ErrorCode.BAD_REQUEST


def test_the_line_is_verified_byte_by_byte(wire: Wire) -> None:
    for data in (b"", bytes(range(256)) * 4, b"\x55\xaa\x00\xff" * 256, bytes(1024)):
        assert wire.ask(messages.VerifyLine(7, data)) == messages.LineVerified(7, data)
    answer, _ = wire.raw(messages.VerifyLine.code, bytes(3))
    assert refusal(answer) is ErrorCode.BAD_REQUEST
