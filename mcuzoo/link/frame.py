"""Frames on the wire: 0x00 COBS(body) 0x00, as docs/protocol.md specifies them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from cobs import cobs

from mcuzoo.link.messages import MAX_PAYLOAD_BYTES

DELIMITER = b"\0"
_HEADER = struct.Struct("<BBHH")
_CRC = struct.Struct("<I")
MAX_BODY_BYTES = _HEADER.size + MAX_PAYLOAD_BYTES + _CRC.size
MAX_ENCODED_BYTES = int(cobs.max_encoded_length(MAX_BODY_BYTES))


@dataclass(frozen=True)
class Frame:
    """One frame. `type` is a message's code, `flags` are bits of messages.Flag."""

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

    Whatever lies between two delimiters and is no good frame is dropped and counted.
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
        # One byte over the limit marks the run as over-long; no more than that is ever kept.
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
