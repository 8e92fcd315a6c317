"""The console's LPUART on a line that takes its time: ten bits a byte, both ways, in the time of
the emulated core, of which a cycle is an instruction.

The receiver has the FIFO of the chip. A byte that arrives at a full FIFO is lost and sets the
overrun flag; until the firmware clears it nothing more is received. If both ends disagree about the
rate by more than 4 %, bytes arrive as others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from mcuzoo.board.lpuart import BITS_PER_BYTE
from mcuzoo.emulator.engine import Access
from mcuzoo.emulator.lpuart_registers import (
    CTRL,
    CTRL_RE,
    DATA,
    DATA_EMPTY,
    FIFO,
    FIFO_RXEMPT,
    FIFO_TXEMPT,
    FIFO_UNDERFLOW,
    FIFO_WORDS,
    STAT,
    STAT_RDRF,
    STAT_TC,
    STAT_TDRE,
    WATER,
    LpuartRegisters,
    Surroundings,
)

STAT_OR = 1 << 19
# A frame of ten bits is read right up to about half a bit at its end.
_TOLERANCE = 0.04
# Polls of an idle UART before time goes on to where something happens.
_PATIENCE = 3
# The transmitter's FIFO: FSL_FEATURE_LPUART_FIFO_SIZEn.
_WORDS = FIFO_WORDS


@dataclass
class PacedLine:
    """What is on its way between host and board. Times are in seconds since power-up.

    host_baud: the rate of the host's adapter. delay_s: what adapter and host take, each way, beyond
    the wire. to_board: when each byte is complete at the board's pin, the byte, its rate; to_host:
    when the host can read it, the byte. limit_s: the board must not run beyond. spoil_to_board,
    spoil_to_host: what becomes of a byte on the way. up_bytes, down_bytes: sent so far; overruns:
    bytes that found the FIFO full. _up_free_s, _down_free_s: when the wire is free for the next
    byte.
    """

    host_baud: float
    delay_s: float = 0.0
    to_board: deque[tuple[float, int, float]] = field(default_factory=deque)
    to_host: deque[tuple[float, int]] = field(default_factory=deque)
    limit_s: float = inf
    spoil_to_board: Callable[[int], bytes] = lambda byte: bytes([byte])
    spoil_to_host: Callable[[int], bytes] = lambda byte: bytes([byte])
    up_bytes: int = 0
    down_bytes: int = 0
    overruns: int = 0
    _up_free_s: float = 0.0
    _down_free_s: float = 0.0

    def host_sends(self, now_s: float, data: bytes) -> None:
        """The host writes `data`; it leaves as fast as the wire allows."""
        byte_s = BITS_PER_BYTE / self.host_baud
        at = max(self._up_free_s, now_s + self.delay_s)
        for byte in data:
            at += byte_s
            for arrived in self.spoil_to_board(byte):
                self.to_board.append((at, arrived, self.host_baud))
        self._up_free_s = at
        self.up_bytes += len(data)

    def board_sends(self, now_s: float, byte: int, rate: float) -> tuple[float, float]:
        """When the byte leaves the transmitter's FIFO, and when it has left the pin."""
        begins_s = max(self._down_free_s, now_s)
        ends_s = begins_s + BITS_PER_BYTE / rate
        self._down_free_s = ends_s
        self.down_bytes += 1
        for arrived in self.spoil_to_host(_as_read(byte, rate, self.host_baud)):
            self.to_host.append((ends_s + self.delay_s, arrived))
        return begins_s, ends_s

    @property
    def stop_s(self) -> float:
        """When the host has something to do."""
        return min(self.limit_s, self.to_host[0][0] if self.to_host else inf)


def _as_read(byte: int, sent: float, read: float) -> int:
    """The byte that a receiver at rate `read` takes for one that was sent at another rate."""
    if abs(sent - read) <= _TOLERANCE * read:
        return byte
    return byte * 167 + 89 & 0xFF


@dataclass(frozen=True)
class Pace:
    """The machine's time. now_s: before the present block. skip_to: the core idles until then.
    changed: an earlier end of the run may be necessary. stop: end the run."""

    now_s: Callable[[], float]
    skip_to: Callable[[float], None]
    changed: Callable[[], None]
    stop: Callable[[], None]


class PacedLpuart(LpuartRegisters):
    """An LPUART on `line`."""

    def __init__(
        self,
        base: int,
        clock_hz: int,
        baud: int,
        line: PacedLine,
        pace: Pace,
        surroundings: Surroundings,
    ) -> None:
        self._line = line
        self._pace = pace
        self._sent = 0
        super().__init__(base, clock_hz, baud, surroundings)

    def _reset(self) -> None:
        super()._reset()
        self._fifo: deque[int] = deque()
        self._sending: deque[float] = deque()
        self._silent_s = 0.0
        self._overrun = False

    def bytes_sent(self) -> int:
        return self._sent

    @property
    def interrupt(self) -> bool:
        self._take(self._pace.now_s())
        return self.listening and len(self._fifo) > self._watermark

    def look(self) -> None:
        self._take(self._pace.now_s())

    def unread(self) -> int:
        return len(self._fifo)

    def wait(self) -> None:
        self._pass_time(self._pace.now_s())

    @property
    def event_s(self) -> float:
        """When the machine has to look at the line again."""
        arrival = self._next_arrival() if self.listening else inf
        return min(self._line.stop_s, arrival)

    def read(self, offset: int, size: int) -> int:
        self.touches += 1
        now = self._pace.now_s()
        self._take(now)
        if offset == DATA:
            return self._read_data()
        if offset in (STAT, WATER) and len(self._fifo) <= self._watermark:
            now = self._poll(now)
        if offset == STAT:
            return self._status(now)
        if offset == WATER:
            return self._words[WATER] | len(self._fifo) << 24
        if offset == FIFO:
            empty = 0 if self._fifo else FIFO_RXEMPT
            return self._words[FIFO] | empty | (FIFO_TXEMPT if not self._queued(now) else 0)
        return self._words[self._check(Access(self._base + offset, size, write=False))]

    def write(self, offset: int, size: int, value: int) -> None:
        self.touches += 1
        now = self._pace.now_s()
        self._take(now)
        if offset == DATA:
            self._send(now, value & 0xFF)
            return
        self._check(Access(self._base + offset, size, write=True, value=value))
        if offset == STAT and value & STAT_OR:
            self._overrun = False
        self._write_setting(offset, value)
        self._pace.changed()

    def _read_data(self) -> int:
        self._empty_polls = 0
        if self._fifo:
            return self._fifo.popleft()
        self._words[FIFO] |= FIFO_UNDERFLOW
        return DATA_EMPTY

    def _status(self, now: float) -> int:
        flags = STAT_RDRF if len(self._fifo) > self._watermark else 0
        flags |= STAT_OR if self._overrun else 0
        flags |= 0 if self._queued(now) else STAT_TDRE
        flags |= STAT_TC if now >= self._silent_s else 0
        return self._words[STAT] | flags

    def _send(self, now: float, byte: int) -> None:
        self._empty_polls = 0
        if not self._on or self._queued(now) >= _WORDS:
            return
        begins, self._silent_s = self._line.board_sends(now, byte, self.rate)
        self._sending.append(begins)
        self._sent += 1
        self._pace.changed()

    def _queued(self, now: float) -> int:
        """How many bytes the transmitter's FIFO holds."""
        while self._sending and self._sending[0] <= now:
            self._sending.popleft()
        return len(self._sending)

    def _take(self, now: float) -> None:
        """Move what has arrived by now into the FIFO."""
        waiting = self._line.to_board
        while waiting and waiting[0][0] <= now:
            _, byte, rate = waiting.popleft()
            if not self._words[CTRL] & CTRL_RE:
                continue
            if self._overrun or len(self._fifo) >= self._depth:
                self._overrun = True
                self._line.overruns += 1
            else:
                self._fifo.append(_as_read(byte, rate, self.rate))

    def _poll(self, now: float) -> float:
        """The firmware polls; when it does so again and again, time goes on. Returns the time."""
        self._empty_polls += 1
        if self._empty_polls < _PATIENCE:
            return now
        self._empty_polls = 0
        now = self._pass_time(now)
        self._take(now)
        return now

    def _pass_time(self, now: float) -> float:
        """Go on to where something happens, but not beyond the line's limit."""
        stop = self._line.stop_s
        events = [stop, self._next_arrival(), self._silent_s, *list(self._sending)[-1:]]
        then = min((event for event in events if event > now), default=now)
        self._pace.skip_to(then)
        if then >= stop or self.listening:
            self._pace.stop()
        else:
            self._pace.changed()
        return then

    def _next_arrival(self) -> float:
        waiting = self._line.to_board
        return waiting[0][0] if waiting else inf

    def _flush_receiver(self) -> None:
        self._fifo.clear()
