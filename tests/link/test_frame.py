"""The Python codec: round trips, arbitrary splits, damage."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.link.frame import MAX_ENCODED_BYTES, Frame, FrameReader, encode_frame
from mcuzoo.link.messages import MAX_PAYLOAD_BYTES

payloads = st.binary(max_size=MAX_PAYLOAD_BYTES) | st.builds(
    lambda byte, count: bytes([byte]) * count, st.integers(0, 255), st.integers(0, 1032)
)
frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.integers(0, 0xFFFF), payloads
)


def in_pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


@given(st.lists(frames, max_size=5), st.lists(st.integers(0, 6000), max_size=8))
def test_frames_survive_any_split(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(frame) for frame in sent)
    reader = FrameReader()
    received = [frame for piece in in_pieces(stream, cuts) for frame in reader.feed(piece)]
    assert received == sent
    assert (reader.good_frames, reader.bad_frames) == (len(sent), 0)


@given(frames)
def test_only_delimiters_are_zero(frame: Frame) -> None:
    encoded = encode_frame(frame)
    assert encoded[0] == encoded[-1] == 0
    assert 0 not in encoded[1:-1]
    assert len(encoded) - 2 <= MAX_ENCODED_BYTES


@given(frames, frames, st.binary(min_size=1, max_size=300))
def test_noise_costs_no_neighbour(before: Frame, after: Frame, noise: bytes) -> None:
    reader = FrameReader()
    received = reader.feed(encode_frame(before) + noise + encode_frame(after))
    assert received[0] == before
    assert received[-1] == after


@given(frames, st.data())
def test_a_changed_bit_is_noticed(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(encode_frame(frame))
    bit = data.draw(st.integers(8, 8 * len(encoded) - 9))
    encoded[bit // 8] ^= 1 << bit % 8
    assert FrameReader().feed(bytes(encoded)) == []


@given(frames, st.data())
def test_a_lost_byte_is_noticed(frame: Frame, data: st.DataObject) -> None:
    encoded = encode_frame(frame)
    lost = data.draw(st.integers(1, len(encoded) - 2))
    assert FrameReader().feed(encoded[:lost] + encoded[lost + 1 :]) == []


def test_endless_noise_is_not_kept() -> None:
    reader = FrameReader()
    for _ in range(1000):
        assert reader.feed(b"\x01" * 4096) == []
    assert len(reader._run) <= MAX_ENCODED_BYTES + 1
    assert reader.feed(b"\0") == []
    assert reader.bad_frames == 1


def test_a_length_that_lies_is_refused() -> None:
    honest = bytes(cobs.decode(encode_frame(Frame(1, 0, 2, b"abcd")).strip(b"\0")))
    checked = honest[:4] + struct.pack("<H", 3) + honest[6:-4]
    body = checked + struct.pack("<I", zlib.crc32(checked))
    reader = FrameReader()
    assert reader.feed(b"\0" + cobs.encode(body) + b"\0") == []
    assert reader.bad_frames == 1


def test_a_payload_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="1033"):
        encode_frame(Frame(1, 0, 0, bytes(MAX_PAYLOAD_BYTES + 1)))
