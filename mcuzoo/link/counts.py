"""What answers, and what it counts while it computes: on the wire, as time and in words."""

from __future__ import annotations

from enum import IntEnum


class Agent(IntEnum):
    """What answers at the other end."""

    UNSAID = 0
    """The CPUID tells: Arm's own is silicon, 0 is no Cortex-M, any other is an emulator."""
    SILICON = 1
    EMULATOR = 2
    PROCESS = 3
    """A program on a computer that speaks this protocol."""


class CountUnit(IntEnum):
    """What `cycles` of RESULT and of a profile's records count."""

    UNSAID = 0
    """The agent tells: silicon counts core cycles, an emulator instructions; else nobody knows."""
    CYCLES = 1
    """At core_clock_hz."""
    INSTRUCTIONS = 2
    NANOSECONDS = 3
    MICROSECONDS = 4


UNKNOWN_UNIT = "counts"
"""The unit of an agent that does not say which it is."""

_AGENT_NOTES = {"emulator": ", emulated", "process": ", host process", "other": ", no Cortex-M"}
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
