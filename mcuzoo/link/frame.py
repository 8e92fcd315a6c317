"""Frames on the wire: 0x00 COBS(body) 0x00, as docs/protocol.md specifies them; and their timed
hex dump for `--trace`."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import dataclass
from typing import TextIO

from cobs import cobs

from mcuzoo.link.messages import MAX_PAYLOAD_BYTES, MESSAGES

DELIMITER = b"\0"
_HEADER = struct.Struct("<BBHH")
_CRC = struct.Struct("<I")
MAX_BODY_BYTES = _HEADER.size + MAX_PAYLOAD_BYTES + _CRC.size
MAX_ENCODED_BYTES = int(cobs.max_encoded_length(MAX_BODY_BYTES))


@dataclass(frozen=True)
class Frame:
    """One frame. `type` is a message's code, `flags` are bits of messages.Flag.

    seq: its number, 0 to 65535; an answer has that of its request. payload: the fields of the
    message, without the CRC.
    """

    type: int
    flags: int
    seq: int
    payload: bytes


def encode_frame(frame: Frame) -> bytes:
    """The frame as it goes over the wire, delimiters included.

    Raises ValueError when the payload is longer than MAX_PAYLOAD_BYTES.
    """
    if len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"payload of {len(frame.payload)} bytes, at most {MAX_PAYLOAD_BYTES} fit")
    header = _HEADER.pack(frame.type, frame.flags, frame.seq, len(frame.payload))
    checked = header + frame.payload
    body = checked + _CRC.pack(zlib.crc32(checked))
    return DELIMITER + bytes(cobs.encode(body)) + DELIMITER


class FrameReader:
    """Finds the good frames in a stream that arrives in arbitrary pieces.

    Bytes between two delimiters that are no good frame are dropped and counted.
    """

    def __init__(self) -> None:
        self.good_frames = 0
        self.bad_frames = 0
        self._run = bytearray()

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that `received` completes, in order."""
        frames = []
        *ended, unfinished = received.split(DELIMITER)
        for piece in ended:
            self._extend(piece)
            if self._run:
                frame = _decode(bytes(self._run))
                self._run.clear()
                if frame is None:
                    self.bad_frames += 1
                else:
                    self.good_frames += 1
                    frames.append(frame)
        self._extend(unfinished)
        return frames

    def _extend(self, piece: bytes) -> None:
        # One byte over the limit marks the run as too long; more is never kept.
        self._run += piece[: MAX_ENCODED_BYTES + 1 - len(self._run)]


def _decode(run: bytes) -> Frame | None:
    if len(run) > MAX_ENCODED_BYTES:
        return None
    try:
        body = bytes(cobs.decode(run))
    except cobs.DecodeError:
        return None
    if not _HEADER.size + _CRC.size <= len(body) <= MAX_BODY_BYTES:
        return None
    checked, (crc,) = body[: -_CRC.size], _CRC.unpack(body[-_CRC.size :])
    frame_type, flags, seq, length = _HEADER.unpack_from(checked)
    payload = checked[_HEADER.size :]
    if length != len(payload) or crc != zlib.crc32(checked):
        return None
    return Frame(frame_type, flags, seq, payload)


_BYTES_PER_LINE = 16


class Trace:
    """Writes to `stream`: seconds since the previous entry, direction, hex and ASCII."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = time.monotonic()

    def data(self, direction: str, data: bytes) -> None:
        """`direction` is "->" towards the board, "<-" from it."""
        self._head(f"{direction} {len(data)} bytes")
        for start in range(0, len(data), _BYTES_PER_LINE):
            line = data[start : start + _BYTES_PER_LINE]
            text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
            self._stream.write(f"    {start:04x}  {line.hex(' '):<48} |{text}|\n")

    def frame(self, direction: str, frame: Frame) -> None:
        message = MESSAGES.get(frame.type)
        name = message.__name__ if message else f"type {frame.type:#04x}"
        self._head(
            f"{direction} {name} seq {frame.seq} flags {frame.flags:#04x}, "
            f"payload of {len(frame.payload)} bytes"
        )

    def _head(self, text: str) -> None:
        now = time.monotonic()
        self._stream.write(f"+{now - self._last:9.6f} {text}\n")
        self._last = now
