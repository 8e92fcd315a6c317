"""SysTick (Armv7-M Architecture Reference Manual, DDI 0403, B3.3); a cycle is an instruction."""

from __future__ import annotations

from mcuzoo.emulator.clock import InstructionClock

EXCEPTION = 15

_CSR, _RVR, _CVR, _CALIB = 0x010, 0x014, 0x018, 0x01C
_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1, 2, 4, 1 << 16
_COUNT_BITS = 0x00FF_FFFF
_NO_REFERENCE_CLOCK = 1 << 31


class SysTick:
    """The timer. `pending`: its exception waits to be taken."""

    def __init__(self, clock: InstructionClock) -> None:
        self._clock = clock
        self._control = 0
        self._reload = 0
        self._origin = 0
        self._wraps_seen = 0
        self.pending = False

    @property
    def running(self) -> bool:
        return bool(self._control & _ENABLE) and self._reload > 0

    @property
    def interrupts(self) -> bool:
        return self.running and bool(self._control & _TICKINT)

    @staticmethod
    def owns(offset: int) -> bool:
        return _CSR <= offset <= _CALIB

    def until_tick(self, now: int) -> int:
        """Instructions until the count wraps next; at least 1."""
        period = self._reload + 1
        return period - (now - self._origin) % period

    def update(self, now: int) -> None:
        """Notice wraps since the last time."""
        if not self.running:
            return
        wraps = (now - self._origin) // (self._reload + 1)
        if wraps > self._wraps_seen:
            self._wraps_seen = wraps
            self._control |= _COUNTFLAG
            self.pending = self.pending or bool(self._control & _TICKINT)

    def read(self, offset: int) -> int:
        now = self._clock.at_read
        self.update(now)
        if offset == _CSR:
            value = self._control
            self._control &= ~_COUNTFLAG
            return value
        if offset == _RVR:
            return self._reload
        if offset == _CVR:
            return self.until_tick(now) - 1 if self.running else 0
        return _NO_REFERENCE_CLOCK

    def write(self, offset: int, value: int) -> None:
        self.update(self._clock.at_write)
        if offset == _CSR:
            was_running = self.running
            kept = self._control & _COUNTFLAG
            self._control = kept | value & (_ENABLE | _TICKINT | _CLKSOURCE)
            if self.running and not was_running:
                self._restart()
        elif offset == _RVR:
            self._reload = value & _COUNT_BITS
        elif offset == _CVR:
            self._control &= ~_COUNTFLAG
            self._restart()

    def _restart(self) -> None:
        self._origin = self._clock.at_write
        self._wraps_seen = 0
