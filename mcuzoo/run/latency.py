"""What a board counted for each inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mcuzoo.link.counts import milliseconds


@dataclass(frozen=True)
class Latency:
    """Counts of `counted` images in `unit` (see link.hello.Hello): least, median and greatest.
    minimum, maximum: as `median`. core_clock_hz: of the board that counted; cycles / this are
    seconds."""

    unit: str
    counted: int
    minimum: int
    median: int
    maximum: int
    core_clock_hz: int

    @property
    def median_ms(self) -> float | None:
        """Milliseconds, of cycles at the core's clock; None for instructions, which are no time."""
        return milliseconds(self.median, self.unit, self.core_clock_hz)


def measure_latency(counts: Sequence[int | None], core_clock_hz: int, unit: str) -> Latency | None:
    """The latency over all counts that are not None; None when none was counted."""
    counted = [count for count in counts if count is not None]
    if not counted:
        return None
    middle = round(median(counted))
    return Latency(unit, len(counted), min(counted), middle, max(counted), core_clock_hz)
