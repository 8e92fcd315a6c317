"""The console's LPUART: registers of the real one in front of a socket or a pty.

Registers and reset values: NXP MCUXpresso SDK, PERI_LPUART.h; i.MX RT reference manuals, chapter
LPUART. Sending takes no time; what takes its time is in paced_lpuart.py. When the firmware polls an
empty receiver again and again, the machine waits for the console here, so that an idle board costs
no processor time. Where it waits for an interrupt, the machine looks at the console now and then.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from mcuzoo.emulator.consoles import Console
from mcuzoo.emulator.engine import Access, Refusal, UndeclaredAccess

# No byte waits longer than this: the firmware may compute for seconds after its last byte.
_LATENCY_S = 0.002
_PIECE_BYTES = 4096


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


_VERID, _PARAM, _GLOBAL, _PINCFG, _BAUD, _STAT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
_CTRL, _DATA, _MATCH, _MODIR, _FIFO, _WATER = 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C

_RESET = {
    _VERID: 0x0401_0003,
    _PARAM: 0x0000_0202,
    _GLOBAL: 0,
    _PINCFG: 0,
    _BAUD: 0x0F00_0004,
    _STAT: 0,
    _CTRL: 0,
    _MATCH: 0,
    _MODIR: 0,
    _FIFO: 0x0000_0011,
    _WATER: 0,
}
_FIFO_WORDS = 4

_STAT_TDRE, _STAT_TC, _STAT_RDRF = 1 << 23, 1 << 22, 1 << 21
_STAT_SENT = _STAT_TDRE | _STAT_TC
_STAT_SETTINGS = 0x3E00_0000
_CTRL_TE, _CTRL_RE = 1 << 19, 1 << 18
_CTRL_RIE = 1 << 21
_CTRL_INTERRUPTS = 0x0FF0_C000 & ~_CTRL_RIE
_BAUD_DMA = 0x00A0_0000
_BAUD_OSR_SHIFT, _BAUD_SBR = 24, 0x1FFF
_DATA_EMPTY = 1 << 12
_FIFO_SETTINGS = 0x0000_1F88
_FIFO_RXFE = 1 << 3
_FIFO_RXFLUSH = 1 << 14
_FIFO_UNDERFLOW = 1 << 16
_FIFO_TXEMPT, _FIFO_RXEMPT = 1 << 23, 1 << 22
_WATER_SETTINGS = 0x0003_0003
_GLOBAL_RST = 2

# Polls of an empty receiver in a row, without sending, before the machine waits for the console.
# A driver that looks at the receiver between bytes it sends polls less often than this.
_PATIENCE = 8
_BAUD_TOLERANCE = 0.03


@dataclass(frozen=True)
class Surroundings:
    """What the UART needs of the machine.

    check_needs: raises Refusal while clock or pins are not set up. attention: whether the machine
    has other work and must not wait. wait_s: how long it may wait. waited: called after a wait in
    vain. listen: called when the firmware begins or ends to want the receive interrupt.
    """

    check_needs: Callable[[], None]
    attention: Callable[[], bool]
    wait_s: Callable[[], float]
    waited: Callable[[], None]
    listen: Callable[[bool], None]
    say: Callable[[str], None]


class Lpuart:
    """Registers at `base`, clocked by `clock_hz`; `baud` is what the host expects."""

    def __init__(
        self,
        base: int,
        clock_hz: int,
        baud: int,
        console: Console,
        transmitter: Transmitter,
        surroundings: Surroundings,
    ) -> None:
        self._base = base
        self._clock_hz = clock_hz
        self._baud = baud
        self._console = console
        self._transmitter = transmitter
        self._send = transmitter.put
        self._around = surroundings
        self._received = b""
        self._taken = 0
        self._empty_polls = 0
        self.touches = 0
        """How often the firmware has accessed a register."""
        self._reset()

    def _reset(self) -> None:
        self._words = dict(_RESET)
        self._watermark = 0
        self._depth = 1
        self._on = False
        self.listening = False
        """The firmware wants the receive interrupt."""

    def bytes_sent(self) -> int:
        """Bytes that the firmware has sent so far."""
        return self._transmitter.count

    @property
    def interrupt(self) -> bool:
        """Whether the receive interrupt is pending."""
        return self.listening and len(self._received) - self._taken > self._watermark

    def look(self) -> None:
        """Take what has arrived at the console, for the interrupt."""
        if len(self._received) == self._taken:
            self._received, self._taken = self._console.receive(0.0), 0

    def unread(self) -> int:
        """Bytes that have arrived here and that the firmware has not read."""
        return len(self._received) - self._taken

    def wait(self) -> None:
        """Wait for the console, as long as the machine may."""
        self._transmitter.flush()
        if self._received[self._taken :] or self._around.attention():
            return
        self._received, self._taken = self._console.receive(self._around.wait_s()), 0

    # First the registers that a driver reads for every byte; they are read in any width.

    def read(self, offset: int, size: int) -> int:
        self.touches += 1
        waiting = len(self._received) - self._taken
        if offset == _DATA:
            if waiting == 0:
                return self._read_empty()
            byte = self._received[self._taken]
            self._taken += 1
            self._empty_polls = 0
            return byte
        if waiting <= self._watermark:
            waiting = self._poll(waiting)
        if offset == _STAT:
            flags = _STAT_RDRF if waiting > self._watermark else 0
            return self._words[_STAT] | _STAT_SENT | flags
        if offset == _WATER:
            return self._words[_WATER] | min(waiting, self._depth) << 24
        if offset == _FIFO:
            return self._words[_FIFO] | _FIFO_TXEMPT | (0 if waiting else _FIFO_RXEMPT)
        return self._words[self._check(Access(self._base + offset, size, write=False))]

    def write(self, offset: int, size: int, value: int) -> None:
        self.touches += 1
        if offset == _DATA:
            if self._on:
                self._empty_polls = 0
                self._send(value & 0xFF)
            return
        self._check(Access(self._base + offset, size, write=True, value=value))
        self._write_setting(offset, value)

    def _poll(self, waiting: int) -> int:
        """The receiver has too few bytes: wait if allowed, and return how many there are."""
        if not self._words[_CTRL] & _CTRL_RE:
            return 0
        self._empty_polls += 1
        if self._empty_polls < _PATIENCE:
            return waiting
        self._transmitter.flush()
        if self._around.attention():
            return waiting
        arrived = self._console.receive(self._around.wait_s())
        self._empty_polls = 0  # the firmware gets on, even where every wait ends with a tick
        if not arrived:
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
        self._words[_FIFO] |= _FIFO_UNDERFLOW
        return _DATA_EMPTY

    def _write_setting(self, offset: int, value: int) -> None:
        if offset == _STAT:
            self._words[_STAT] = value & _STAT_SETTINGS
        elif offset == _CTRL:
            self._control(value)
        elif offset == _FIFO:
            self._set_fifo(value)
        elif offset == _WATER:
            self._words[_WATER] = value & _WATER_SETTINGS
            self._watermark = value >> 16 & 3
        elif offset == _GLOBAL:
            if value & _GLOBAL_RST:
                self._reset()
            self._words[_GLOBAL] = value & _GLOBAL_RST
        elif offset == _BAUD:
            if value & _BAUD_DMA:
                raise Refusal("The firmware wants the console by DMA, which is not modelled")
            self._words[_BAUD] = value
        elif offset not in (_VERID, _PARAM):
            self._words[offset] = value

    def _control(self, value: int) -> None:
        if value & _CTRL_INTERRUPTS:
            raise Refusal(
                "The firmware wants an interrupt of the console that is not modelled: "
                "only the receiver's data is"
            )
        switched_on = value & ~self._words[_CTRL] & (_CTRL_TE | _CTRL_RE)
        self._words[_CTRL] = value
        self._on = bool(value & _CTRL_TE)
        listening = value & (_CTRL_RE | _CTRL_RIE) == _CTRL_RE | _CTRL_RIE
        if listening != self.listening:
            self.listening = listening
            self._around.listen(listening)
        if switched_on:
            self._around.check_needs()
            self._check_baud()

    def _check_baud(self) -> None:
        word = self._words[_BAUD]
        divisor = ((word >> _BAUD_OSR_SHIFT & 0x1F) + 1) * (word & _BAUD_SBR)
        actual = self._clock_hz / divisor if divisor else 0.0
        if abs(actual - self._baud) > _BAUD_TOLERANCE * self._baud:
            self._around.say(
                f"the firmware runs the console at {actual:.0f} baud, the board file says "
                f"{self._baud}: on a real board the host would read garbage"
            )

    def _set_fifo(self, value: int) -> None:
        flags = self._words[_FIFO] & _FIFO_UNDERFLOW & ~value
        self._words[_FIFO] = _RESET[_FIFO] | value & _FIFO_SETTINGS | flags
        self._depth = _FIFO_WORDS if value & _FIFO_RXFE else 1
        if value & _FIFO_RXFLUSH:
            # Bytes that have not reached the real FIFO yet are not flushed.
            self._taken += min(self._depth, len(self._received) - self._taken)

    def _check(self, access: Access) -> int:
        """Check that `offset` is a register and that it is accessed as a whole."""
        offset = access.address - self._base
        if access.size != 4 or offset not in _RESET:
            raise UndeclaredAccess(access)
        return offset
