"""The agent of Linux boards has a codec of its own: it is the host's, frame by frame."""

from __future__ import annotations

import ast
from itertools import pairwise

from cobs import cobs
from helpers.linux_agent import AGENT, agent_module
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.link import messages
from mcuzoo.link.codes import ErrorCode, Feature, Flag, LogLevel
from mcuzoo.link.counts import Agent, CountUnit
from mcuzoo.link.frame import MAX_BODY_BYTES, MAX_ENCODED_BYTES, Frame, FrameReader, encode_frame
from mcuzoo.link.inference import _RECORD
from mcuzoo.link.messages import MAX_PAYLOAD_BYTES, MESSAGES
from mcuzoo.link.wire import MAX_TEXT_BYTES, Spec, Text
from mcuzoo.project.manifest import TensorSpec

module = agent_module()

payloads = st.binary(max_size=MAX_PAYLOAD_BYTES) | st.builds(
    lambda byte, count: bytes([byte]) * count, st.integers(0, 255), st.integers(0, 1032)
)
frames = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 0xFFFF), payloads)


def test_the_file_is_of_python_3_8() -> None:
    ast.parse(AGENT.read_text(encoding="utf-8"), feature_version=(3, 8))


@given(frames)
def test_a_frame_has_the_hosts_bytes(parts: tuple[int, int, int, bytes]) -> None:
    assert module.encode_frame(module.Frame(*parts)) == encode_frame(Frame(*parts))


@given(st.lists(frames, max_size=4), st.binary(max_size=64), st.lists(st.integers(0, 5000)))
def test_both_find_the_same_frames(
    sent: list[tuple[int, int, int, bytes]], noise: bytes, cuts: list[int]
) -> None:
    stream = noise.join(encode_frame(Frame(*parts)) for parts in sent) + noise
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    host, agent = FrameReader(), module.FrameReader()
    for begin, end in pairwise(edges):
        ours = host.feed(stream[begin:end])
        theirs = agent.feed(stream[begin:end])
        assert [tuple(one) for one in theirs] == [
            (one.type, one.flags, one.seq, one.payload) for one in ours
        ]
    assert (agent.good, agent.bad) == (host.good_frames, host.bad_frames)


@given(st.binary(max_size=2200))
def test_cobs_is_decoded_or_refused_alike(encoded: bytes) -> None:
    try:
        expected = bytes(cobs.decode(encoded))
    except cobs.DecodeError:
        expected = None
    try:
        found = module.cobs_decode(encoded)
    except ValueError:
        found = None
    assert found == expected


@given(st.text(max_size=300))
def test_a_text_is_the_hosts_on_one_line(words: str) -> None:
    flat = " ".join(words.split())
    assert module.text(words) == Text().pack(flat)


def test_a_tensor_is_described_as_the_host_reads_it() -> None:
    spec = TensorSpec("image", (1, 4, 4, 2), "int8", 0.5, -3, 32)
    end = module.End(7, "image", (1, 4, 4, 2), "float32", 0.5, -3, 32)
    assert module.spec(end) == Spec().pack(spec)


def test_numbers_are_the_hosts() -> None:
    codes = {
        "".join(word.capitalize() for word in name.split("_")): value
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int)
    }
    known = {kind.__name__: code for code, kind in MESSAGES.items()}
    left_out = {"SetBaud", "VerifyLine", "BaudReply", "LineVerified", "Fault"}
    assert {name: codes.get(name) for name in known.keys() - left_out} == {
        name: code for name, code in known.items() if name not in left_out
    }
    for error in ErrorCode:
        if error is not ErrorCode.NO_UPLOAD:
            assert getattr(module, error.name) == error
    assert (module.GAP, module.AHEAD) == (Flag.GAP, Flag.AHEAD)
    assert module.FEATURES == Feature.AHEAD | Feature.ENGINES | Feature.TENSORS
    assert (module.PROCESS, module.NANOSECONDS) == (Agent.PROCESS, CountUnit.NANOSECONDS)
    assert module.INFO == LogLevel.INFO
    assert module.PROTOCOL_VERSION == messages.PROTOCOL_VERSION
    assert module.MAX_CHUNK == messages.MAX_CHUNK_BYTES
    assert module.MAX_PAYLOAD == MAX_PAYLOAD_BYTES
    assert module.MAX_TEXT == MAX_TEXT_BYTES
    assert (module.MAX_BODY, module.MAX_ENCODED) == (MAX_BODY_BYTES, MAX_ENCODED_BYTES)
    assert module.RECORD.format == _RECORD.format
