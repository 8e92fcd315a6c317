"""The board's side of a model upload, frame by frame, and under hostile bytes."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.link import messages
from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.messages import MESSAGES, ErrorCode, Reset, Sender
from mcuzoo.link.session import Session, Timing

if sys.platform == "win32":
    pytest.skip("the host port needs POSIX", allow_module_level=True)

from helpers.board_wire import Wire, refusal
from helpers.fault_proxy import Line
from helpers.host_firmware import (
    SLOT_CAPACITY,
    SLOT_RUNTIME,
    SLOT_TENSOR_BYTES,
    HostBoard,
    build_host_firmware,
    slot_output,
)

MODEL = b"M" + np.random.default_rng(1).bytes(4095)
DIGEST = sha256(MODEL).hexdigest()


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firmware")
    return build_host_firmware(folder / "slot", [SLOT_RUNTIME], upload="slot")


@pytest.fixture
def board(firmware: Path, tmp_path: Path) -> Iterator[HostBoard]:
    board = HostBoard(firmware, tmp_path)
    yield board
    board.close()


@pytest.fixture
def wire(board: HostBoard) -> Wire:
    wire = Wire(board)
    assert isinstance(wire.next()[0], messages.Boot)
    return wire


def begin(wire: Wire, upload_id: int = 5, content: bytes = MODEL) -> messages.Message:
    digest = sha256(content).hexdigest()
    return wire.ask(messages.ModelBegin(upload_id, len(content), digest))


def send(wire: Wire, content: bytes = MODEL, upload_id: int = 5) -> None:
    for offset in range(0, len(content), 1024):
        wire.ask(messages.ModelData(upload_id, offset, content[offset : offset + 1024]))


def test_data_in_order_moves_the_offset(wire: Wire) -> None:
    assert begin(wire) == messages.ModelAck(5, 0, 0)
    assert wire.ask(messages.ModelData(5, 0, MODEL[:1000])) == messages.ModelAck(5, 1000, 0)
    assert not wire.gap(messages.ModelData(5, 500, bytes(9)))
    assert wire.gap(messages.ModelData(5, 1001, MODEL[1001:1009]))
    # The same model goes on, under another id; another one starts anew.
    assert begin(wire, 6) == messages.ModelAck(6, 1000, 0)
    assert refusal(wire.ask(messages.ModelData(5, 1000, b"x"))) is ErrorCode.NO_SUCH_UPLOAD
    assert begin(wire, 7, MODEL + b"x") == messages.ModelAck(7, 0, 0)


def test_a_commit_is_repeated_and_the_check_is_not(wire: Wire, board: HostBoard) -> None:
    begin(wire)
    send(wire)
    for _ in range(3):
        assert wire.ask(messages.ModelCommit(5)) == messages.ModelAck(5, 4096, 1)
    assert begin(wire, 8) == messages.ModelAck(8, 4096, 1)
    assert wire.ask(messages.ModelCommit(8)) == messages.ModelAck(8, 4096, 1)
    assert board.said.count("load large") == 1
    hello = wire.ask(messages.Hello(1, 2))
    assert isinstance(hello, messages.HelloReply)
    assert (hello.model_sha256, hello.model_bytes, hello.runtime_error) == (DIGEST, 4096, "")


def test_a_damaged_model_is_not_set_up(wire: Wire, board: HostBoard) -> None:
    begin(wire)
    send(wire, MODEL[:-1] + bytes([MODEL[-1] ^ 1]))
    assert refusal(wire.ask(messages.ModelCommit(5))) is ErrorCode.MODEL_SHA256
    assert refusal(wire.ask(messages.ModelCommit(5))) is ErrorCode.NO_SUCH_UPLOAD
    assert "load" not in board.said.replace("unload", "")
    assert begin(wire) == messages.ModelAck(5, 0, 0)


def test_a_refusal_is_repeated_until_another_model_comes(wire: Wire, board: HostBoard) -> None:
    begin(wire, content=b"R")
    send(wire, b"R")
    for _ in range(2):
        answer = wire.ask(messages.ModelCommit(5))
        assert refusal(answer) is ErrorCode.MODEL_REFUSED
        assert isinstance(answer, messages.Error)
        assert answer.text.startswith("Failed to resize buffer")
    assert board.said.count("load small") == 1
    answer = wire.ask(messages.InputBegin(1, SLOT_TENSOR_BYTES, 0))
    assert refusal(answer) is ErrorCode.NOT_READY
    begin(wire)
    send(wire)
    assert wire.ask(messages.ModelCommit(5)) == messages.ModelAck(5, 4096, 1)


def test_refusals(wire: Wire) -> None:
    assert refusal(wire.ask(messages.InputBegin(1, 0, 0))) is ErrorCode.NOT_READY
    assert refusal(wire.ask(messages.ModelData(5, 0, b"x"))) is ErrorCode.NO_SUCH_UPLOAD
    assert refusal(wire.ask(messages.ModelCommit(5))) is ErrorCode.NO_SUCH_UPLOAD
    assert refusal(wire.ask(messages.ModelBegin(5, 0, DIGEST))) is ErrorCode.BAD_SIZE
    begin(wire)
    for offset in (4096, 4097, 2**32 - 1):
        assert refusal(wire.ask(messages.ModelData(5, offset, b"x"))) is ErrorCode.BAD_RANGE
    assert wire.ask(messages.ModelData(5, 4096, b"")) == messages.ModelAck(5, 0, 0)
    assert refusal(wire.ask(messages.ModelCommit(5))) is ErrorCode.INCOMPLETE


def test_too_large_has_the_figures_and_drops_nothing(wire: Wire) -> None:
    begin(wire)
    send(wire)
    wire.ask(messages.ModelCommit(5))
    for size in (SLOT_CAPACITY + 1, 2**32 - 1):
        answer = wire.ask(messages.ModelBegin(6, size, DIGEST))
        assert refusal(answer) is ErrorCode.MODEL_TOO_LARGE
        assert isinstance(answer, messages.Error)
        assert answer.text == f"the model has {size} bytes, there is room for 20000"
    assert wire.ask(messages.ModelCommit(5)) == messages.ModelAck(5, 4096, 1)


@pytest.mark.parametrize("code", [0x0A, 0x0B, 0x0C])
def test_a_short_payload_is_refused(wire: Wire, code: int) -> None:
    for payload in (b"", b"\1\2\3"):
        assert refusal(wire.raw(code, payload)[0]) is ErrorCode.BAD_REQUEST


def test_the_digest_is_sha256_at_every_length(wire: Wire) -> None:
    for length in (*range(1, 132), 1000, 1023):
        content = MODEL[:length]
        begin(wire, length, content)
        send(wire, content, length)
        assert wire.ask(messages.ModelCommit(length)) == messages.ModelAck(length, length, 1)


REQUESTS = [
    code for code, kind in MESSAGES.items() if kind.sender is Sender.HOST and kind is not Reset
]
words = st.sampled_from([0, 1, 2, 64, 1024, 1500, 3000, 20000, 20001, 2**31, 2**32 - 1])
requests = st.builds(
    lambda code, values, tail, seq: encode_frame(
        Frame(code, 0, seq, b"".join(v.to_bytes(4, "little") for v in values) + tail)
    ),
    st.sampled_from(REQUESTS),
    st.lists(words, max_size=3),
    st.sampled_from([b"", bytes(32), bytes.fromhex(sha256(bytes(64)).hexdigest()), bytes(1000)]),
    st.integers(0, 0xFFFF),
)
streams = st.lists(requests | st.binary(max_size=1500), max_size=12).map(b"".join)


@pytest.fixture(scope="module")
def session(
    firmware: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Line, Session]]:
    with (
        Line(HostBoard(firmware, tmp_path_factory.mktemp("board"))) as line,
        Session.open(line.url, timing=Timing(latency_s=0.5)) as session,
    ):
        yield line, session


@settings(deadline=None, max_examples=examples(80), suppress_health_check=[HealthCheck.too_slow])
@given(streams)
def test_any_stream_leaves_the_board_taking_models(
    session: tuple[Line, Session], stream: bytes
) -> None:
    line, host = session
    line.write_to_board(b"\0" + stream)
    content = b"M" + random.Random(stream).randbytes(700)
    image = np.frombuffer(content * 3, np.int8)[:SLOT_TENSOR_BYTES]
    assert host.upload(content).model_sha256 == sha256(content).hexdigest()
    assert np.array_equal(host.infer(0, image).output, slot_output(content, image))
    assert line.board.restarts == 0
