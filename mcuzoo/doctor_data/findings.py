"""What the pictures say of each part of a recipe and of the label order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """CONTRADICTED: another choice fits the labels better, beyond chance. AGREES: every other
    choice fits them worse, beyond chance. SILENT: the pictures cannot tell."""

    CONTRADICTED = "contradicted"
    AGREES = "agrees"
    SILENT = "cannot tell"


class Part(Enum):
    """The parts of a recipe that pictures are asked about, and the label order."""

    LABEL_ORDER = "label order"
    COLOR = "colour"
    NORMALIZATION = "normalization"
    LETTERBOX = "letterbox"
    FIT = "crop or stretch"
    ORIENTATION = "orientation"
    EXIF = "EXIF orientation"
    RESIZE = "resize"

    @property
    def grave(self) -> bool:
        """Whether a contradiction fails the command; else it is a note."""
        return self in (Part.LABEL_ORDER, Part.COLOR, Part.NORMALIZATION, Part.LETTERBOX)


@dataclass(frozen=True)
class Finding:
    """The answer about one part.

    declared: what the recipe says, as in Space. better: what fits the labels better, all that the
    pictures cannot tell apart, best first; empty unless contradicted. z, gain: of the best against
    the declared on n pictures (statistics.Paired); None where no pictures were asked. why: a
    sentence, where there is more to say. verdict: whether the pictures contradict it.
    """

    part: Part
    verdict: Verdict
    declared: object
    better: tuple[object, ...] = ()
    z: float | None = None
    gain: float | None = None
    n: int = 0
    why: str = ""

    @property
    def fails(self) -> bool:
        return self.verdict is Verdict.CONTRADICTED and self.part.grave
