"""The C codec against the Python codec, byte for byte, on good and on bad streams."""

from __future__ import annotations

import ctypes
import struct
import sys
import zlib

import pytest
from cobs import cobs
from helpers.host_firmware import TESTS, TRAPS, shared_library
from hypothesis import example, given
from hypothesis import strategies as st

from mcuzoo.link.frame import MAX_ENCODED_BYTES, Frame, FrameReader, encode_frame
from mcuzoo.link.messages import MAX_PAYLOAD_BYTES
from mcuzoo.resources import firmware_dir

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shared library")

payloads = st.binary(max_size=MAX_PAYLOAD_BYTES) | st.lists(
    st.tuples(st.integers(0, 255), st.integers(1, 260)), max_size=5
).map(lambda runs: b"".join(bytes([byte]) * count for byte, count in runs)[:MAX_PAYLOAD_BYTES])
frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.integers(0, 0xFFFF), payloads
)


class Codec:
    """The firmware's codec, as firmware_host/codec_shim.c exports it."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._library.shim_crc32.restype = ctypes.c_uint32

    def encode(self, frame: Frame) -> bytes:
        out = ctypes.create_string_buffer(MAX_ENCODED_BYTES + 2)
        count = self._library.shim_encode(
            frame.type, frame.flags, frame.seq, frame.payload, len(frame.payload), out
        )
        return out.raw[:count]

    def decode(self, stream: bytes) -> tuple[list[Frame], int]:
        out = ctypes.create_string_buffer(len(stream) + 16)
        bad = ctypes.c_uint32()
        count = self._library.shim_decode(stream, len(stream), out, ctypes.byref(bad))
        raw, found = out.raw[:count], []
        while raw:
            kind, flags, seq, length = struct.unpack_from("=BBHH", raw)
            found.append(Frame(kind, flags, seq, raw[6 : 6 + length]))
            raw = raw[6 + length :]
        return found, bad.value

    def crc32(self, data: bytes) -> int:
        return int(self._library.shim_crc32(data, len(data)))


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Codec:
    library = tmp_path_factory.mktemp("codec") / "codec.so"
    link = firmware_dir() / "link"
    sources = [link / name for name in ("mz_frame.c", "mz_crc32.c", "mz_wire.c")]
    sources.append(TESTS / "firmware_host" / "codec_shim.c")
    return Codec(shared_library(library, sources, *TRAPS))


def check(codec: Codec, stream: bytes) -> list[Frame]:
    """Both decoders find the same in `stream`."""
    reader = FrameReader()
    expected = reader.feed(stream)
    assert codec.decode(stream) == (expected, reader.bad_frames)
    return expected


@given(frames)
@example(Frame(1, 0, 0, b"\1" * 254 + b"\0"))
@example(Frame(0x11, 0x11, 0x1111, b"\1" * 248))
def test_encoders_agree(codec: Codec, frame: Frame) -> None:
    assert codec.encode(frame) == encode_frame(frame)


@given(st.lists(frames, max_size=4))
def test_good_streams(codec: Codec, sent: list[Frame]) -> None:
    assert check(codec, b"".join(encode_frame(frame) for frame in sent)) == sent


mutations = st.lists(
    st.tuples(st.sampled_from(["drop", "set", "insert", "cut"]), st.integers(0, 9999), st.binary()),
    min_size=1,
    max_size=4,
)


@given(st.lists(frames, min_size=1, max_size=3), mutations)
def test_mutated_streams(
    codec: Codec, sent: list[Frame], changes: list[tuple[str, int, bytes]]
) -> None:
    stream = b"".join(encode_frame(frame) for frame in sent)
    for how, where, what in changes:
        at = where % (len(stream) + 1)
        skipped = {"drop": 1, "set": len(what), "insert": 0, "cut": where % 700}[how]
        stream = stream[:at] + (b"" if how in ("drop", "cut") else what) + stream[at + skipped :]
    check(codec, stream)


@given(st.binary(max_size=4000))
def test_random_streams(codec: Codec, stream: bytes) -> None:
    check(codec, stream)


@given(st.lists(st.binary(max_size=1100), max_size=4))
def test_any_body_with_a_good_crc(codec: Codec, contents: list[bytes]) -> None:
    """The CRC lets these through; header, length and size limits must hold by themselves."""
    bodies = [content + struct.pack("<I", zlib.crc32(content)) for content in contents]
    check(codec, b"\0" + b"\0".join(bytes(cobs.encode(body)) for body in bodies) + b"\0")


@pytest.mark.parametrize("extra", range(-3, 4))
def test_bodies_around_the_limit(codec: Codec, extra: int) -> None:
    length = MAX_PAYLOAD_BYTES + extra
    for fill in (b"\0", b"\1"):
        checked = struct.pack("<BBHH", 1, 0, 0, length) + fill * length
        body = checked + struct.pack("<I", zlib.crc32(checked))
        found = check(codec, b"\0" + bytes(cobs.encode(body)) + b"\0")
        assert bool(found) == (extra <= 0)


def test_a_last_block_that_ends_early(codec: Codec) -> None:
    """The body and its CRC are whole; only the last code byte promises more than comes."""
    whole = encode_frame(Frame(6, 0, 0, b"\0" * 4))
    last_code = max(at for at in range(1, len(whole) - 1) if whole[at] == len(whole) - 1 - at)
    longer = whole[:last_code] + bytes([whole[last_code] + 1]) + whole[last_code + 1 :]
    assert len(check(codec, whole)) == 1
    assert check(codec, longer) == []


def test_a_body_too_long_by_a_byte(codec: Codec) -> None:
    """Its first MAX_BODY_BYTES have a good CRC, and the length agrees with one byte more."""
    checked = struct.pack("<BBHH", 1, 0, 0, MAX_PAYLOAD_BYTES + 1) + bytes(MAX_PAYLOAD_BYTES)
    body = checked + struct.pack("<I", zlib.crc32(checked))
    for more in (b"x", b"x" * 100):
        assert check(codec, b"\0" + bytes(cobs.encode(body + more)) + b"\0") == []


def test_endless_run(codec: Codec) -> None:
    good = encode_frame(Frame(6, 0, 1, b"ping"))
    for filler in (b"\x01", b"\xff", b"\x02a"):
        assert len(check(codec, filler * 200_000 + good)) == 1


@given(st.binary(max_size=3000))
def test_crc32_is_zlib_s(codec: Codec, data: bytes) -> None:
    assert codec.crc32(data) == zlib.crc32(data)
