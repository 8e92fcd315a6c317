"""A board of another make in memory: answers as the protocol says, or lies at one place."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mcuzoo.link import messages
from mcuzoo.link.frame import Frame, FrameReader, encode_frame
from mcuzoo.link.messages import MESSAGES, Message
from mcuzoo.link.payload import pack, unpack
from mcuzoo.project.manifest import TensorSpec

SPEC = TensorSpec("t", (1, 8), "int8", 0.5, 0, 8)
REPLY = messages.HelloReply(
    1, 4, 1024, 0, 10**9, 0, 64, 64, 3, "ab" * 32, SPEC, SPEC, "build", "b", "r", "t", ""
)


class ScriptedPort:
    """A port in memory; `answer` turns each request into the bytes that come back. waits_s: for
    bytes that do not come, as other ports do."""

    waits_s = 0.002

    def __init__(self, answer: Callable[[Frame], bytes]) -> None:
        self._answer = answer
        self._reader = FrameReader()
        self._waiting = b""
        self.closed = False

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def read(self, size: int, /) -> bytes:
        if not self._waiting and self.waits_s:
            time.sleep(self.waits_s)
        taken, self._waiting = self._waiting[:size], self._waiting[size:]
        return taken

    def write(self, data: bytes, /) -> int:
        for frame in self._reader.feed(data):
            self._waiting += self._answer(frame)
        return len(data)

    def close(self) -> None:
        self.closed = True


def reply(request: Frame, message: Message) -> bytes:
    return encode_frame(Frame(message.code, 0, request.seq, pack(message)))


def request_of(frame: Frame) -> Message:
    return unpack(MESSAGES[frame.type], frame.payload)


class Board:
    """Answers as the protocol says; subclasses lie at one place."""

    output = bytes(range(8))

    def __call__(self, frame: Frame) -> bytes:
        match request_of(frame):
            case messages.Hello(_, nonce):
                return reply(frame, replace(REPLY, nonce=nonce))
            case messages.Ping(nonce):
                return reply(frame, messages.Pong(nonce, 1, 0, 0))
            case messages.InputBegin(image_id):
                return reply(frame, messages.Ack(image_id, 0))
            case messages.InputData(image_id):
                return reply(frame, messages.Ack(image_id, 8))
            case messages.Invoke(image_id, crc32):
                result = messages.Result(image_id, crc32, 0, 8, zlib.crc32(self.output))
                return reply(frame, self.result(result))
            case messages.ReadOutput(image_id):
                return reply(frame, self.piece(messages.OutputData(image_id, 0, self.output)))
        return b""

    def result(self, result: messages.Result) -> messages.Result:
        return result

    def piece(self, piece: messages.OutputData) -> messages.OutputData:
        return piece


IMAGE = np.arange(8, dtype=np.int8)
