"""What a difference between two ways must be to count, part by part."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.doctor_data.findings import Part
from mcuzoo.doctor_data.statistics import Floats, paired


@dataclass(frozen=True)
class Bar:
    """What a difference must be to count: `margin` nats per picture, exceeded at `z` or more."""

    z: float
    margin: float = 0.02

    def passed(self, first: Floats, second: Floats | float) -> bool:
        """Whether the first way is better than the second beyond chance and margin."""
        return paired(first, second, self.margin).z >= self.z


BARS = {
    Part.LABEL_ORDER: Bar(3.0),
    Part.COLOR: Bar(2.0, 0.05),
    Part.NORMALIZATION: Bar(3.0),
    # A network may like another crop or scale better than the one that it was trained with, most of
    # all if it was trained with random ones. By how much was measured: up to 0.08.
    Part.LETTERBOX: Bar(2.5, 0.1),
    Part.FIT: Bar(2.5, 0.08),
    Part.ORIENTATION: Bar(3.0),
    Part.EXIF: Bar(3.0),
    Part.RESIZE: Bar(3.0),
}
