"""The registers of the console's LPUART: what it is set to. Where its bytes come from and go to is
in lpuart.py, without time, and in paced_lpuart.py, at the pace of a line.

Registers and reset values: NXP MCUXpresso SDK, PERI_LPUART.h; i.MX RT reference manuals, chapter
LPUART.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from mcuzoo.emulator.engine import Access, Refusal, UndeclaredAccess

VERID, PARAM, GLOBAL, PINCFG, BAUD, STAT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14
CTRL, DATA, MATCH, MODIR, FIFO, WATER = 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C

RESET = {
    VERID: 0x0401_0003,
    PARAM: 0x0000_0202,
    GLOBAL: 0,
    PINCFG: 0,
    BAUD: 0x0F00_0004,
    STAT: 0,
    CTRL: 0,
    MATCH: 0,
    MODIR: 0,
    FIFO: 0x0000_0011,
    WATER: 0,
}
FIFO_WORDS = 4

STAT_TDRE, STAT_TC, STAT_RDRF = 1 << 23, 1 << 22, 1 << 21
STAT_SENT = STAT_TDRE | STAT_TC
STAT_SETTINGS = 0x3E00_0000
CTRL_TE, CTRL_RE = 1 << 19, 1 << 18
CTRL_RIE = 1 << 21
CTRL_INTERRUPTS = 0x0FF0_C000 & ~CTRL_RIE
BAUD_DMA = 0x00A0_0000
BAUD_OSR_SHIFT, BAUD_SBR = 24, 0x1FFF
DATA_EMPTY = 1 << 12
FIFO_SETTINGS = 0x0000_1F88
FIFO_RXFE = 1 << 3
FIFO_RXFLUSH = 1 << 14
FIFO_UNDERFLOW = 1 << 16
FIFO_TXEMPT, FIFO_RXEMPT = 1 << 23, 1 << 22
WATER_SETTINGS = 0x0003_0003
GLOBAL_RST = 2

# Polls of an empty receiver in a row, without sending, before the machine waits for the console.
# A driver that looks at the receiver between bytes it sends polls less often than this.
PATIENCE = 8
BAUD_TOLERANCE = 0.03


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


class LpuartRegisters(ABC):
    """Registers at `base`, clocked by `clock_hz`; `baud` is what the host expects."""

    def __init__(self, base: int, clock_hz: int, baud: int, surroundings: Surroundings) -> None:
        self._base = base
        self._clock_hz = clock_hz
        self._baud = baud
        self._around = surroundings
        self._empty_polls = 0
        self.touches = 0
        """How often the firmware has accessed a register."""
        self._reset()

    def _reset(self) -> None:
        self._words = dict(RESET)
        self._watermark = 0
        self._depth = 1
        self._on = False
        self.listening = False
        """The firmware wants the receive interrupt."""

    @property
    def rate(self) -> float:
        """The baud rate that it is set to; 0.0 for none."""
        word = self._words[BAUD]
        divisor = ((word >> BAUD_OSR_SHIFT & 0x1F) + 1) * (word & BAUD_SBR)
        return self._clock_hz / divisor if divisor else 0.0

    @abstractmethod
    def bytes_sent(self) -> int:
        """Bytes that the firmware has sent so far."""

    @property
    @abstractmethod
    def interrupt(self) -> bool:
        """Whether the receive interrupt is pending."""

    @abstractmethod
    def look(self) -> None:
        """Take what has arrived, for the interrupt."""

    @abstractmethod
    def unread(self) -> int:
        """Bytes that have arrived here and that the firmware has not read."""

    @abstractmethod
    def wait(self) -> None:
        """Wait for something to arrive, as long as the machine may."""

    @abstractmethod
    def read(self, offset: int, size: int) -> int: ...

    @abstractmethod
    def write(self, offset: int, size: int, value: int) -> None: ...

    @abstractmethod
    def _flush_receiver(self) -> None:
        """Drop what the receiver's FIFO holds."""

    def _write_setting(self, offset: int, value: int) -> None:
        if offset == STAT:
            self._words[STAT] = value & STAT_SETTINGS
        elif offset == CTRL:
            self._control(value)
        elif offset == FIFO:
            self._set_fifo(value)
        elif offset == WATER:
            self._words[WATER] = value & WATER_SETTINGS
            self._watermark = value >> 16 & 3
        elif offset == GLOBAL:
            if value & GLOBAL_RST:
                self._reset()
            self._words[GLOBAL] = value & GLOBAL_RST
        elif offset == BAUD:
            if value & BAUD_DMA:
                raise Refusal("The firmware wants the console by DMA, which is not modelled")
            self._words[BAUD] = value
        elif offset not in (VERID, PARAM):
            self._words[offset] = value

    def _control(self, value: int) -> None:
        if value & CTRL_INTERRUPTS:
            raise Refusal(
                "The firmware wants an interrupt of the console that is not modelled: "
                "only the receiver's data is"
            )
        switched_on = value & ~self._words[CTRL] & (CTRL_TE | CTRL_RE)
        self._words[CTRL] = value
        self._on = bool(value & CTRL_TE)
        listening = value & (CTRL_RE | CTRL_RIE) == CTRL_RE | CTRL_RIE
        if listening != self.listening:
            self.listening = listening
            self._around.listen(listening)
        if switched_on:
            self._around.check_needs()
            self._check_baud()

    def _check_baud(self) -> None:
        if abs(self.rate - self._baud) > BAUD_TOLERANCE * self._baud:
            self._around.say(
                f"the firmware runs the console at {self.rate:.0f} baud, the board file says "
                f"{self._baud}: on a real board the host would read garbage"
            )

    def _set_fifo(self, value: int) -> None:
        flags = self._words[FIFO] & FIFO_UNDERFLOW & ~value
        self._words[FIFO] = RESET[FIFO] | value & FIFO_SETTINGS | flags
        self._depth = FIFO_WORDS if value & FIFO_RXFE else 1
        if value & FIFO_RXFLUSH:
            self._flush_receiver()

    def _check(self, access: Access) -> int:
        """Check that `offset` is a register and that it is accessed as a whole."""
        offset = access.address - self._base
        if access.size != 4 or offset not in RESET:
            raise UndeclaredAccess(access)
        return offset
