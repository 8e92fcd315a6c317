"""The cycle counter of the DWT unit; a cycle is an instruction here.

Registers: Armv7-M Architecture Reference Manual (DDI 0403), C1.8; the lock: CoreSight
architecture (IHI 0029), B2.3.10.
"""

from __future__ import annotations

from collections.abc import Callable

from mcuzoo.emulator.clock import CountMode, InstructionClock
from mcuzoo.emulator.refusal import Access, UndeclaredAccess

BASE = 0xE000_1000
SIZE = 0x1000

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

    An inference is a time in which CYCCNT is read again and again and no byte moves on the
    console. When enough of them are counted, `wanted` turns false; NOCYCCNT reads 1 from the
    moment on that the machine stops counting.
    """

    def __init__(
        self,
        clock: InstructionClock,
        mode: CountMode,
        counted: int,
        console_bytes: Callable[[], int],
        trace_enabled: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._mode = mode
        self._console_bytes = console_bytes
        self._trace_enabled = trace_enabled
        self._origin = 0
        self._held = 0
        self._enabled = False
        self._locked = True
        self._began = 0
        self._moved_then = -1
        self._timed = False
        self.inferences = counted

    @property
    def wanted(self) -> bool:
        return self._mode.allows(self.inferences)

    def read(self, offset: int, size: int) -> int:
        self._check(Access(BASE + offset, size, write=False))
        if offset == _LSR:
            return _LOCK_IMPLEMENTED | (_LOCKED if self._locked else 0)
        if not self._trace_enabled():
            return 0
        if offset == _CTRL:
            return _NUMCOMP | int(self._enabled) | (0 if self._clock.counting else _NOCYCCNT)
        if offset == _CYCCNT:
            self._notice_inference()
            return self._value(self._clock.at_read)
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        self._check(Access(BASE + offset, size, write=True, value=value))
        if offset == _LAR:
            self._locked = value != _UNLOCK
        if self._locked or not self._trace_enabled():
            return
        if offset == _CTRL:
            self._held = self._value(self._clock.at_write)
            self._enabled = bool(value & _CYCCNTENA)
        elif offset == _CYCCNT:
            self._held = value & _MASK
        self._origin = self._clock.at_write - self._held

    def _value(self, now: int) -> int:
        if not self._clock.counting:
            return 0
        return (now - self._origin) & _MASK if self._enabled else self._held

    def _notice_inference(self) -> None:
        now, moved = self._clock.at_read, self._console_bytes()
        if moved != self._moved_then:
            self._began, self._moved_then, self._timed = now, moved, False
        elif not self._timed and now - self._began >= _SHORTEST_INFERENCE:
            self._timed = True
            self.inferences += 1

    def _check(self, access: Access) -> None:
        if access.size != 4 or access.address - BASE not in (_CTRL, _CYCCNT, _LAR, _LSR):
            raise UndeclaredAccess(access)
