"""Times at which an emulated firmware used its cycle counter, and what it counted between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.timing.cycles import Cycles


@dataclass(frozen=True)
class Mark:
    """A time at which the firmware read or wrote the cycle counter. cycles: since the reset, and
    what they are spent for. set: it gave the counter another value."""

    cycles: Cycles
    set: bool


# Readings from the begin of a layer to its end: the firmware may read the counter between them.
_MOST_READINGS = 6
# Times are known from block to block only.
_INEXACT_CYCLES = 60


def cycles_between(
    marks: Sequence[Mark], counts: Sequence[int | None], readings: int = _MOST_READINGS
) -> list[Cycles | None]:
    """What each count of the firmware is spent for: that between the first two readings that are
    about so far apart, with fewer than `readings` from one to the other."""
    found: list[Cycles | None] = []
    times = _without_interrupts(marks)
    at = 0
    for count in counts:
        ends = [
            (first, last)
            for first in range(at, len(times))
            for last in range(first + 1, min(first + readings, len(times)))
            if count is not None
            and abs(times[last].total - times[first].total - count) <= _INEXACT_CYCLES
        ]
        if ends:
            first, at = ends[0]
            found.append(times[at].plus(times[first], -1))
        else:
            found.append(None)
    return found


def _without_interrupts(marks: Sequence[Mark]) -> list[Cycles]:
    """The cycles at each reading, as if no interrupt had been: its handler reads the counter when
    it begins and when it ends, and sets it back then."""
    kept: list[Cycles] = []
    taken = Cycles()
    for mark in marks:
        if mark.set and len(kept) > 1:
            taken = mark.cycles.plus(kept[-2], -1)
            del kept[-2:]
        else:
            kept.append(mark.cycles.plus(taken, -1))
    return kept
