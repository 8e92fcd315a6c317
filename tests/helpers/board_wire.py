"""One request, one answer: frames into the firmware in a process, without a session."""

from __future__ import annotations

import time
import zlib
from typing import Protocol

from mcuzoo.link import messages
from mcuzoo.link.frame import Frame, FrameReader, encode_frame
from mcuzoo.link.messages import MESSAGES, ErrorCode, Message
from mcuzoo.link.payload import pack, unpack


class Ends(Protocol):
    """A board process, as `HostBoard`."""

    def write(self, data: bytes) -> None: ...

    def read(self) -> bytes: ...


class Wire:
    """Frames straight into a board process and out of it."""

    def __init__(self, board: Ends) -> None:
        self._board = board
        self._reader = FrameReader()
        self._frames: list[Frame] = []

    def next(self) -> tuple[Message, Frame]:
        end = time.monotonic() + 20
        while not self._frames and time.monotonic() < end:
            data = self._board.read()
            assert data, "the board died"
            self._frames += self._reader.feed(data)
        frame = self._frames.pop(0)
        return unpack(MESSAGES[frame.type], frame.payload), frame

    def raw(self, code: int, payload: bytes, seq: int = 0) -> tuple[Message, Frame]:
        self._board.write(encode_frame(Frame(code, 0, seq, payload)))
        return self.next()

    def ask(self, request: Message, seq: int = 0) -> Message:
        answer, frame = self.raw(request.code, pack(request), seq)
        assert frame.seq == seq
        return answer

    def gap(self, request: Message) -> bool:
        return self.raw(request.code, pack(request))[1].flags == messages.Flag.GAP

    def load(self, image_id: int, data: bytes) -> None:
        self.ask(messages.InputBegin(image_id, len(data), zlib.crc32(data)))
        for offset in range(0, len(data), 1024):
            self.ask(messages.InputData(image_id, offset, data[offset : offset + 1024]))


def refusal(answer: Message) -> ErrorCode:
    assert isinstance(answer, messages.Error), answer
    assert answer.text
    return ErrorCode(answer.error)
