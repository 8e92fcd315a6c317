"""The console's LPUART in front of a socket or a pty.

Sending takes no time. When the firmware polls an empty receiver again and again, the machine waits
for the console here, so that an idle board costs no processor time. Where it waits for an
interrupt, the machine looks at the console now and then.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from mcuzoo.emulator.consoles import Console
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
    PATIENCE,
    STAT,
    STAT_RDRF,
    STAT_SENT,
    WATER,
    LpuartRegisters,
    Surroundings,
)

# No byte waits longer than this: the firmware may compute for seconds after its last byte.
_LATENCY_S = 0.002
_PIECE_BYTES = 4096
_TELLING = (STAT, WATER, FIFO)
"""Registers that say whether bytes have arrived."""


class Transmitter:
    """Bytes on their way to `console`; `count` of them so far. `close` ends its thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._queue: deque[int] = deque()
        self._sending = threading.Lock()
        self._waiting = threading.Event()
        self._closed = False
        self.count = 0
        self._thread = threading.Thread(target=self._flush_late, name="console", daemon=True)
        self._thread.start()

    def put(self, byte: int) -> None:
        queue = self._queue
        queue.append(byte)
        self.count += 1
        if len(queue) == 1:
            self._waiting.set()
        elif len(queue) >= _PIECE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the console."""
        if not self._queue:
            return
        with self._sending:
            data = bytearray()
            while self._queue:
                data.append(self._queue.popleft())
            self._console.send(bytes(data))

    def close(self) -> None:
        """Send what is left and end."""
        self.flush()
        self._closed = True
        self._waiting.set()
        self._thread.join()

    def _flush_late(self) -> None:
        while not self._closed:
            self._waiting.wait()
            self._waiting.clear()
            time.sleep(_LATENCY_S)
            self.flush()


class Lpuart(LpuartRegisters):
    """An LPUART in front of `console`."""

    def __init__(
        self,
        base: int,
        clock_hz: int,
        baud: int,
        console: Console,
        transmitter: Transmitter,
        surroundings: Surroundings,
    ) -> None:
        self._console = console
        self._transmitter = transmitter
        self._send = transmitter.put
        self._received = b""
        self._taken = 0
        super().__init__(base, clock_hz, baud, surroundings)

    def bytes_sent(self) -> int:
        return self._transmitter.count

    @property
    def interrupt(self) -> bool:
        return self.listening and len(self._received) - self._taken > self._watermark

    def look(self) -> None:
        if len(self._received) == self._taken:
            self._received, self._taken = self._console.receive(0.0), 0

    def unread(self) -> int:
        return len(self._received) - self._taken

    def wait(self) -> None:
        self._transmitter.flush()
        if self._received[self._taken :] or self._around.attention():
            return
        self._received, self._taken = self._console.receive(self._around.wait_s()), 0

    # First the registers that a driver reads for every byte; they are read in any width.

    def read(self, offset: int, size: int) -> int:
        self.touches += 1
        waiting = len(self._received) - self._taken
        if offset == DATA:
            if waiting == 0:
                return self._read_empty()
            byte = self._received[self._taken]
            self._taken += 1
            self._empty_polls = 0
            return byte
        if waiting <= self._watermark and offset in _TELLING:
            waiting = self._poll(waiting)
        if offset == STAT:
            flags = STAT_RDRF if waiting > self._watermark else 0
            return self._words[STAT] | STAT_SENT | flags
        if offset == WATER:
            return self._words[WATER] | min(waiting, self._depth) << 24
        if offset == FIFO:
            return self._words[FIFO] | FIFO_TXEMPT | (0 if waiting else FIFO_RXEMPT)
        return self._words[self._check(Access(self._base + offset, size, write=False))]

    def write(self, offset: int, size: int, value: int) -> None:
        self.touches += 1
        if offset == DATA:
            if self._on:
                self._empty_polls = 0
                self._send(value & 0xFF)
            return
        self._check(Access(self._base + offset, size, write=True, value=value))
        self._write_setting(offset, value)

    def _poll(self, waiting: int) -> int:
        """The receiver has too few bytes: wait if allowed, and return how many there are."""
        if not self._words[CTRL] & CTRL_RE:
            return 0
        self._empty_polls += 1
        if self._empty_polls < PATIENCE:
            return waiting
        self._transmitter.flush()
        if self._around.attention():
            return waiting
        # Who is told of bytes asks for another reason, and has work.
        wait_s = 0.0 if self.listening else self._around.wait_s()
        arrived = self._console.receive(wait_s)
        self._empty_polls = 0  # the firmware gets on, even where every wait ends with a tick
        if not arrived:
            if not self.listening:
                self._around.waited()
            return waiting
        self._received = self._received[self._taken :] + arrived
        self._taken = 0
        return len(self._received)

    def _read_empty(self) -> int:
        if self._poll(0):
            byte = self._received[0]
            self._taken = 1
            return byte
        self._words[FIFO] |= FIFO_UNDERFLOW
        return DATA_EMPTY

    def _flush_receiver(self) -> None:
        # Bytes that have not reached the real FIFO yet are not flushed.
        self._taken += min(self._depth, len(self._received) - self._taken)
