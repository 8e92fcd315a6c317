"""Time on the emulated board, in executed instructions, and the two timers that the core reads:
SysTick, and the cycle counter of the DWT unit (a cycle is an instruction).

Registers: Armv7-M Architecture Reference Manual (DDI 0403), B3.3 and C1.8; the DWT's lock:
CoreSight architecture (IHI 0029), B2.3.10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mcuzoo.emulator.engine import Access, Engine, UndeclaredAccess
from mcuzoo.errors import UsageError


@dataclass(frozen=True)
class CountMode:
    """How many inferences are counted before the board runs at full speed; None: all of them.

    cycles: modelled cycles are counted (mcuzoo/timing), not instructions.
    """

    inferences: int | None = 1
    cycles: bool = False

    @classmethod
    def parse(cls, text: str) -> CountMode:
        """From "all", a number, or "cycles" for modelled cycles of all; raises UsageError."""
        if text == "all":
            return cls(None)
        if text == "cycles":
            return cls(None, cycles=True)
        if text.isascii() and text.isdigit():
            return cls(int(text))
        raise UsageError(
            f"{text!r} does not say how many inferences to count.",
            "Say a number, 0 for none, all, or cycles for modelled cycles of all.",
        )

    def __str__(self) -> str:
        if self.cycles:
            return "cycles"
        return "all" if self.inferences is None else str(self.inferences)

    def allows(self, counted: int) -> bool:
        """Whether another inference is to be counted after `counted` ones."""
        return self.inferences is None or counted < self.inferences


class InstructionClock:
    """Instructions since reset; the clock stands still while instructions are not counted.

    counting: whether the present run is counted.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._skipped = 0
        self.counting = False

    @property
    def now(self) -> int:
        """Between runs."""
        return self._engine.executed + self._skipped

    @property
    def at_read(self) -> int:
        """For a device that is being read: exactly before the instruction that reads it."""
        return self._engine.executed_before_read + self._skipped if self.counting else self.now

    @property
    def at_write(self) -> int:
        """For a device that is being written: before the block with the instruction."""
        return self._engine.executed_before_block + self._skipped

    @property
    def skipped(self) -> int:
        """Instructions' worth of time in which the core did nothing."""
        return self._skipped

    def skip(self, instructions: int) -> None:
        """Let time pass in which the core does nothing."""
        self._skipped += instructions


SYSTICK_EXCEPTION = 15

_CSR, _RVR, _CVR, _CALIB = 0x010, 0x014, 0x018, 0x01C
_ENABLE, _TICKINT, _CLKSOURCE, _COUNTFLAG = 1, 2, 4, 1 << 16
_COUNT_BITS = 0x00FF_FFFF
_NO_REFERENCE_CLOCK = 1 << 31

# What a reading stands for where nothing is counted: about as much as a loop that polls executes
# from one to the next.
_READING = 100


class SysTick:
    """The timer. `pending`: its exception waits to be taken.

    While instructions are not counted its time goes on by a fixed step at each reading, so that
    whoever polls it sees it run, in every run alike. Its exception needs the count.
    """

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

    @property
    def needs_count(self) -> bool:
        """Whether an exception is to be taken at its instruction, or as soon as it may be."""
        return self.interrupts or self.pending

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
        if self.running and not self._clock.counting:
            self._clock.skip(_READING)
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


DWT_BASE = 0xE000_1000
DWT_SIZE = 0x1000

_CTRL, _CYCCNT, _LAR, _LSR = 0x000, 0x004, 0xFB0, 0xFB4
_NUMCOMP = 4 << 28
_NOCYCCNT = 1 << 25
_CYCCNTENA = 1
_MASK = 0xFFFF_FFFF
_UNLOCK = 0xC5AC_CE55
_LOCK_IMPLEMENTED, _LOCKED = 1, 2

# Two readings closer than this are a delay loop or a check that the counter runs.
_SHORTEST_INFERENCE = 1000


class CycleCounter:
    """CYCCNT as the firmware sees it, and how many inferences it has timed.

    An inference is a time in which CYCCNT is read again and again and the firmware sends nothing.
    What a handler reads says nothing about it. modelled: gives the cycles so far, and hears whether
    CYCCNT is being set; without it, they are instructions.
    When enough of them are counted, `wanted` becomes false. When the machine stops counting,
    NOCYCCNT reads 1.
    """

    def __init__(
        self,
        clock: InstructionClock,
        mode: CountMode,
        counted: int,
        bytes_sent: Callable[[], int],
        trace_enabled: Callable[[], bool],
        in_handler: Callable[[], bool],
        modelled: Callable[[bool], int] | None = None,
    ) -> None:
        self._clock = clock
        self._mode = mode
        self._bytes_sent = bytes_sent
        self._in_handler = in_handler
        self._modelled = modelled
        self._trace_enabled = trace_enabled
        self._origin = 0
        self._held = 0
        self._enabled = False
        self._locked = True
        self._began = 0
        self._sent_then = -1
        self._timed = False
        self.inferences = counted

    @property
    def wanted(self) -> bool:
        return self._mode.allows(self.inferences)

    def read(self, offset: int, size: int) -> int:
        self._check(Access(DWT_BASE + offset, size, write=False))
        if offset == _LSR:
            return _LOCK_IMPLEMENTED | (_LOCKED if self._locked else 0)
        if not self._trace_enabled():
            return 0
        if offset == _CTRL:
            return _NUMCOMP | int(self._enabled) | (0 if self._clock.counting else _NOCYCCNT)
        if offset == _CYCCNT:
            self._notice_inference()
            modelled = self._modelled
            return self._value(self._clock.at_read if modelled is None else modelled(False))
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        self._check(Access(DWT_BASE + offset, size, write=True, value=value))
        if offset == _LAR:
            self._locked = value != _UNLOCK
        if self._locked or not self._trace_enabled():
            return
        if offset == _CTRL:
            self._held = self._value(self._at_write(False))
            self._enabled = bool(value & _CYCCNTENA)
        elif offset == _CYCCNT:
            self._held = value & _MASK
        self._origin = self._at_write(offset == _CYCCNT) - self._held

    def _at_write(self, set: bool) -> int:
        return self._clock.at_write if self._modelled is None else self._modelled(set)

    def _value(self, now: int) -> int:
        if not self._clock.counting:
            return 0
        return (now - self._origin) & _MASK if self._enabled else self._held

    def _notice_inference(self) -> None:
        if self._in_handler() or not self._clock.counting:
            return
        now, sent = self._clock.at_read, self._bytes_sent()
        if sent != self._sent_then:
            self._began, self._sent_then, self._timed = now, sent, False
        elif not self._timed and now - self._began >= _SHORTEST_INFERENCE:
            self._timed = True
            self.inferences += 1

    def _check(self, access: Access) -> None:
        if access.size != 4 or access.address - DWT_BASE not in (_CTRL, _CYCCNT, _LAR, _LSR):
            raise UndeclaredAccess(access)
