"""How long inferences took on the board: cycles, or instructions where it is emulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Latency:
    """Core clock cycles, or executed instructions (`unit`), of the images that were counted."""

    unit: str
    counted: int
    minimum: int
    median: int
    maximum: int
    core_clock_hz: int

    @property
    def median_ms(self) -> float | None:
        """Milliseconds at the core's clock; None for instructions, which are no time."""
        return self.median / self.core_clock_hz * 1000 if self.unit == "cycles" else None


def measure_latency(
    counts: Sequence[int | None], core_clock_hz: int, emulated: bool
) -> Latency | None:
    """The latency over all counts that are not None; None when none was counted."""
    counted = [count for count in counts if count is not None]
    if not counted:
        return None
    unit = "instructions" if emulated else "cycles"
    middle = round(median(counted))
    return Latency(unit, len(counted), min(counted), middle, max(counted), core_clock_hz)
