"""The kind of board and the unit of its counts, on the wire, as time and in words; and its stack
use, measured by the paint that is left."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Agent(IntEnum):
    """The kind of board at the other end."""

    UNSAID = 0
    """Not stated. The CPUID decides: Arm's own is silicon, 0 no Cortex-M, any other an emulator."""
    SILICON = 1
    EMULATOR = 2
    PROCESS = 3
    """A program on a computer that speaks this protocol."""


class CountUnit(IntEnum):
    """What `cycles` of RESULT and of a profile's records count."""

    UNSAID = 0
    """Not stated: cycles of the core for silicon, instructions for an emulator, else unknown."""
    CYCLES = 1
    """At core_clock_hz."""
    INSTRUCTIONS = 2
    NANOSECONDS = 3
    MICROSECONDS = 4


MODELLED = "modelled cycles"
"""The unit of an emulated core that counts what mcuzoo/timing estimates."""

UNKNOWN_UNIT = "counts"
"""The unit of an agent that does not say which it is."""

_AGENT_NOTES = {"emulator": ", emulated", "process": ", as a process", "other": ", no Cortex-M"}
_PER_MS = {"nanoseconds": 1e6, "microseconds": 1e3}


def agent_note(agent: str) -> str:
    """What to add to a board's name: ", emulated"; nothing for silicon."""
    return _AGENT_NOTES.get(agent, "")


def milliseconds(count: float | None, unit: str, core_clock_hz: int) -> float | None:
    """`count` as time; None where it is none: instructions, counts of an unknown unit."""
    if count is None:
        return None
    if unit == "cycles":
        return count / core_clock_hz * 1000 if core_clock_hz else None
    return count / _PER_MS[unit] if unit in _PER_MS else None


def estimated_ms(count: float | None, unit: str, core_clock_hz: int) -> float | None:
    """Modelled cycles as time, an estimate; None for all other counts."""
    if count is None or unit != MODELLED or not core_clock_hz:
        return None
    return count / core_clock_hz * 1000


_ENOUGH_LEFT = 0.1
"""Least reserve of the stack: another model, input or compiler may take a little more."""


@dataclass(frozen=True)
class StackUse:
    """bytes: the size of the stack. used_bytes: the most that was in use since the board's
    restart."""

    bytes: int
    used_bytes: int

    @property
    def warning(self) -> str | None:
        """A warning in one sentence; None if enough is left."""
        left = self.bytes - self.used_bytes
        if left >= self.bytes * _ENOUGH_LEFT:
            return None
        last = f"the last {left:,}" if left > 0 else "the last one"
        more = "" if left > 0 else ", and perhaps beyond it"
        return f"The stack's {self.bytes:,} bytes were used up to {last}{more}."


def stack_use(stack_bytes: int, used_bytes: int) -> StackUse | None:
    """The stack use; None if the board does not know it and sends a size of 0."""
    return StackUse(stack_bytes, used_bytes) if stack_bytes else None
