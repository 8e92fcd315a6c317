"""Hostile bytes into the sanitized firmware: it must go on answering, and answer the truth."""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.link.frame import Frame, encode_frame
from mcuzoo.link.messages import MESSAGES, Ping, Reset, Sender
from mcuzoo.link.payload import pack
from mcuzoo.link.session import Session, Timing

if sys.platform == "win32":
    pytest.skip("the host port needs POSIX", allow_module_level=True)

from helpers.fault_proxy import Line
from helpers.host_firmware import HostBoard, build_echo_firmware, echo_output

REQUESTS = [
    code for code, kind in MESSAGES.items() if kind.sender is Sender.HOST and kind is not Reset
]
# Few values, so that random requests meet each other's image and the edges of its tensors.
words = st.sampled_from([0, 1, 2, 476, 1024, 1500, 3072, 4095, 4096, 2**31, 2**32 - 1])
structured = st.lists(words, max_size=3).map(
    lambda values: b"".join(value.to_bytes(4, "little") for value in values)
)
requests = st.builds(
    lambda code, head, tail, seq: encode_frame(Frame(code, 0, seq, head + tail)),
    st.sampled_from(REQUESTS) | st.integers(0, 255).filter(lambda code: code != Reset.code),
    structured,
    st.binary(max_size=1020),
    st.integers(0, 0xFFFF),
)
streams = st.lists(requests | st.binary(max_size=1500), max_size=12).map(b"".join)


@pytest.fixture(scope="module", params=["whole", "rows"])
def line(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("firmware")
    with Line(HostBoard(build_echo_firmware(folder / "echo", request.param), folder)) as line:
        yield line


@pytest.fixture(scope="module")
def session(line: Line) -> Iterator[Session]:
    with Session.open(line.url, timing=Timing(latency_s=0.5)) as session:
        yield session


@settings(deadline=None, max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow])
@given(streams)
def test_any_stream_leaves_the_board_answering(line: Line, session: Session, stream: bytes) -> None:
    line.write_to_board(b"\0" + stream)
    image = np.frombuffer(random.Random(stream).randbytes(4096), dtype=np.int8)
    result = session.infer(zlib.crc32(stream), image)
    assert np.array_equal(result.output, echo_output(image))
    assert line.board.restarts == 0


def test_a_long_random_stream(line: Line, session: Session) -> None:
    noise = random.Random(5)
    ping = encode_frame(Frame(Ping.code, 0, 0, pack(Ping(1))))
    for _ in range(20):
        # Zeros more often than chance has them, so that there are many short runs, too.
        zeros = noise.randbytes(9000).replace(b"\x07", b"\0")
        line.write_to_board(zeros + ping[: noise.randrange(len(ping))])
    assert session.ping().bad_frames > 200
    assert line.board.restarts == 0
