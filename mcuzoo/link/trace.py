"""A timed hex dump of everything that crosses the port, for `--trace`."""

from __future__ import annotations

import time
from typing import TextIO

from mcuzoo.link.frame import Frame
from mcuzoo.link.messages import MESSAGES

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
