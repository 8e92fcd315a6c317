"""Messages out to the board and in from it, over one open port."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from mcuzoo.errors import BoardSilentError, ProtocolError
from mcuzoo.link import messages
from mcuzoo.link.frame import DELIMITER, Frame, FrameReader, Trace, encode_frame
from mcuzoo.link.messages import MESSAGES, Message
from mcuzoo.link.payload import pack, unpack
from mcuzoo.link.state import LinkState
from mcuzoo.link.transport import FAILURES, Port, lost_port
from mcuzoo.link.wire import PayloadError

_SEQ_MASK = 0xFFFF
_Answer = TypeVar("_Answer", bound=Message)


class BoardRestarted(Exception):
    """BOOT or FAULT came in; `fault` says which. Handled by the session, never seen outside."""

    def __init__(self, fault: messages.Fault | None) -> None:
        super().__init__("the board restarted")
        self.fault = fault


class Refused(Exception):
    """The board answered ERROR. Handled by the session, never seen outside."""

    def __init__(self, error: messages.Error) -> None:
        super().__init__(error.text)
        self.error = error


class RateNotGood(Exception):
    """Too much is lost at the line's present rate. Handled by the session, never seen outside."""


@dataclass(frozen=True)
class DeviceLog:
    """A line of the board's own log."""

    level: messages.LogLevel
    text: str


@dataclass(frozen=True)
class Received:
    """A message. seq: its frame's number; gap: its frame has Flag.GAP."""

    message: Message
    seq: int
    gap: bool


class Aside(Protocol):
    """Takes the answers that are meant for it."""

    @property
    def under_way_bytes(self) -> int: ...

    def answered(self, received: Received) -> bool: ...


class Channel:
    """Packs, frames and numbers requests; finds, checks and sorts the answers."""

    def __init__(
        self,
        port: Port,
        name: str,
        trace: Trace | None = None,
        on_log: Callable[[DeviceLog], None] | None = None,
        state: LinkState | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: tells the time, in seconds, for deadlines."""
        self.name = name
        self.clock = clock
        self.state = LinkState() if state is None else state
        self.baud = 0
        """The rate of the host's port; 0 for one without a speed."""
        self.good: Callable[[], bool] = lambda: True
        """Whether the line is good enough at this rate."""
        self.sent_bytes = 0
        self.speed = ""
        """The line's baud rate in words, " at 115200 baud", where it has one."""
        self.met = False
        """The board has answered, so damaged frames from now on were meant for this host."""
        self.received_bytes = 0
        self._port = port
        self._trace = trace
        self._on_log = on_log
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()
        self._next_seq = random.getrandbits(16)
        self._hello: bytes | None = None
        self.echoed = False
        """The newest HELLO came back as it was sent."""
        self.aside: Aside | None = None
        """A transfer beside the requests that are waited for."""

    @property
    def good_frames(self) -> int:
        return self._reader.good_frames

    @property
    def next_seq(self) -> int:
        return self._next_seq

    def close(self) -> None:
        self._port.close()

    def set_baud(self, baud: int) -> None:
        """Change the rate of the host's port, when everything has been sent. Raises ValueError
        where it cannot be, PortError for a port that fails."""
        port = cast(Any, self._port)
        try:
            port.flush()
            port.baudrate = baud
        except FAILURES as error:
            raise lost_port(self.name, error) from error
        self.baud = baud

    @property
    def under_way_bytes(self) -> int:
        """What `aside` has sent and the board has not acknowledged: later requests wait for it."""
        return 0 if self.aside is None else self.aside.under_way_bytes

    def send(self, message: Message, flags: int = 0) -> None:
        """Send one request under the next number."""
        frame = Frame(message.code, flags, self._next_seq, pack(message))
        self._next_seq = (self._next_seq + 1) & _SEQ_MASK
        self.state.frames_sent += 1
        if isinstance(message, messages.Hello):
            self._hello = frame.payload
        if self._trace:
            self._trace.frame("->", frame)
        self._write(encode_frame(frame))

    def resynchronize(self, quiet_s: float = 0.05, limit_s: float = 0.5) -> None:
        """End a half frame that the board may hold, and drop what the board still sends.

        Its log is kept.
        """
        self._write(DELIMITER * 8)
        self._frames.clear()
        started = last = self.clock()
        while last - started < limit_s and self.clock() - last < quiet_s:
            data = self._read()
            if data:
                last = self.clock()
            for frame in self._reader.feed(data):
                if frame.type == messages.Log.code:
                    self._open(frame)

    def receive(self, deadline: float) -> Received | None:
        """The next message, or None when none has come by `deadline` (`clock`).

        A message that arrived in time counts even if this process looks too late. Log messages go
        to `on_log` and never appear here. Raises PortError, and ProtocolError for a frame that is
        sound but is not what its type says.
        """
        late = False
        while True:
            while self._frames:
                received = self._open(self._frames.popleft())
                if received is not None:
                    return received
            if late:
                return None
            late = self.clock() >= deadline
            bad_frames = self._reader.bad_frames
            self._frames.extend(self._reader.feed(self._read()))
            if self.met:
                self.state.bad_frames += self._reader.bad_frames - bad_frames

    def answer(self, deadline: float, first_seq: int) -> Received | None:
        """The next answer, or None when none has come by `deadline`. Answers to `aside` go there.

        Raises BoardRestarted, and Refused for an ERROR that answers a request since `first_seq`
        (an older one was meant for an image that is history).
        """
        while True:
            received = self.receive(deadline)
            if received is None:
                return None
            if isinstance(received.message, messages.Boot):
                raise BoardRestarted(None)
            if isinstance(received.message, messages.Fault):
                raise BoardRestarted(received.message)
            if self.aside is not None and self.aside.answered(received):
                continue
            if not isinstance(received.message, messages.Error):
                return received
            if self.is_since(received.seq, first_seq):
                raise Refused(received.message)

    def ask(
        self,
        request: Message,
        expected: type[_Answer],
        matches: Callable[[_Answer], bool],
        tries: int,
        wait_s: float,
    ) -> _Answer:
        """Send `request` until an `expected` message that `matches` comes back.

        Raises BoardSilentError after `tries` times `wait_s`; else as `answer`.
        """
        first_seq = self._next_seq
        for attempt in range(tries):
            answer = self.ask_once(request, expected, matches, wait_s, first_seq, attempt > 0)
            if answer is not None:
                return answer
        raise self.silent(f"{type(request).__name__} was sent {tries} times")

    def ask_once(
        self,
        request: Message,
        expected: type[_Answer],
        matches: Callable[[_Answer], bool],
        wait_s: float,
        first_seq: int,
        again: bool,
    ) -> _Answer | None:
        """Send `request` and wait `wait_s` for its answer, to this or, since `first_seq`, to an
        earlier sending of it. `again`: it is not the first one. Raises as `answer`."""
        self.state.frames_resent += again
        self.send(request)
        deadline = self.clock() + wait_s
        while received := self.answer(deadline, first_seq):
            if isinstance(received.message, expected) and matches(received.message):
                return received.message
        return None

    def require_good(self) -> None:
        """Something was lost: raise RateNotGood if it is too much for this rate."""
        if not self.good():
            raise RateNotGood

    def is_since(self, seq: int, first_seq: int) -> bool:
        """True when the frame `seq` was sent at or after `first_seq`; numbers wrap."""
        return (self._next_seq - seq - 1) & _SEQ_MASK < (self._next_seq - first_seq) & _SEQ_MASK

    def silent(self, what: str) -> BoardSilentError:
        return BoardSilentError(
            f"The board at {self.name} stopped answering: {what}.",
            "Check power and cable, press the board's reset button and go on with --resume; "
            "--trace FILE shows what crossed the line.",
        )

    def _open(self, frame: Frame) -> Received | None:
        if self._trace:
            self._trace.frame("<-", frame)
        kind = MESSAGES.get(frame.type)
        if kind is messages.Hello:
            self.echoed = self.echoed or frame.payload == self._hello
        if kind is None or kind.sender is not messages.Sender.BOARD:
            return None
        if kind is messages.HelloReply:
            self._check_version(frame)
        try:
            message = unpack(kind, frame.payload)
        except PayloadError as error:
            raise ProtocolError(
                f"The board at {self.name} sent a malformed {kind.__name__}: {error}.",
                "The firmware and this mcuzoo disagree: export, build and flash it again.",
            ) from error
        if isinstance(message, messages.Log):
            self._hand_on(message)
            return None
        return Received(message, frame.seq, bool(frame.flags & messages.Flag.GAP))

    def _check_version(self, frame: Frame) -> None:
        version = frame.payload[0] if frame.payload else None
        if version != messages.PROTOCOL_VERSION:
            raise ProtocolError(
                f"The firmware at {self.name} speaks link protocol {version}, this mcuzoo "
                f"{messages.PROTOCOL_VERSION}.",
                "Export, build and flash the project again with this mcuzoo, or install the "
                "mcuzoo that made the firmware.",
            )

    def _hand_on(self, log: messages.Log) -> None:
        if self._on_log is None:
            return
        level = min(log.level, max(messages.LogLevel))
        self._on_log(DeviceLog(messages.LogLevel(level), log.text))

    def _read(self) -> bytes:
        try:
            data = self._port.read(max(1, self._port.in_waiting))
        except FAILURES as error:
            raise lost_port(self.name, error) from error
        self.received_bytes += len(data)
        if data and self._trace:
            self._trace.data("<-", data)
        return data

    def _write(self, data: bytes) -> None:
        if self._trace:
            self._trace.data("->", data)
        try:
            self._port.write(data)
            self.sent_bytes += len(data)
        except FAILURES as error:
            # A write time-out is one of them: the other side has stopped taking bytes.
            raise lost_port(self.name, error) from error
