"""Memory regions of a board: what is there, not which addresses are decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from pydantic import Field

from mcuzoo.board.base import Address, Clocks, Count, Fact, Flag, Hertz, Identifier, Size, Text

JOINT = "+"
"""Between the names of regions that are one memory."""


class RegionKind(str, Enum):
    ITCM = "itcm"
    DTCM = "dtcm"
    OCRAM = "ocram"
    SDRAM = "sdram"
    FLASH = "flash"


@dataclass(frozen=True)
class LineCycles:
    """What a line of a cache takes from a memory, in core cycles. transfer: of its bytes. wait:
    before the first line of every `run_lines`."""

    transfer: float = 0.0
    wait: float = 0.0
    run_lines: int = 1


class ReadSpeed(Fact):
    """How fast a memory gives what lies in it one after the other.

    clock_hz, bits_per_clock: of its bus, at the best. wait_clocks: before the first byte of every
    `run_bytes` that follow each other, for which the memory or what is before it reads ahead; None:
    before every line of the data cache, or every access where nothing is cached.
    """

    clock_hz: Hertz
    bits_per_clock: Count
    wait_clocks: Clocks
    run_bytes: Size | None = None

    def line_cycles(self, core_clock_hz: int, line_bytes: int) -> LineCycles:
        per_clock = core_clock_hz / self.clock_hz
        return LineCycles(
            line_bytes * 8 / self.bits_per_clock * per_clock,
            self.wait_clocks * per_clock,
            max(1, (self.run_bytes or line_bytes) // line_bytes),
        )


class Region(Fact):
    """A memory of `size` bytes at `base`.

    cacheable: the MPU maps it as cached memory (TCMs never go through the caches). arena: the
    planner may put the tensor arena, or weights copied at reset, here. initialized: usable right
    after the boot ROM; SDRAM is not before its controller is set up. read: None: not known; then
    nothing is estimated, and nothing is placed by an estimate.
    """

    name: Identifier
    kind: RegionKind
    base: Address
    size: Size
    cacheable: Flag
    arena: Flag
    initialized: Flag = True
    read: ReadSpeed | None = None

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size

    @property
    def tightly_coupled(self) -> bool:
        """Never goes through the caches, because it is as fast as they are."""
        return self.kind in (RegionKind.ITCM, RegionKind.DTCM)

    @property
    def executable(self) -> bool:
        return self.kind in (RegionKind.ITCM, RegionKind.FLASH)

    @property
    def writable(self) -> bool:
        return self.kind is not RegionKind.FLASH

    def overlaps(self, other: Region) -> bool:
        return self.base < other.end and other.base < self.end


class Join(Fact):
    """Regions that lie side by side, the lowest first: one memory for whatever is placed."""

    regions: Annotated[tuple[Identifier, ...], Field(min_length=2)]

    @property
    def name(self) -> str:
        return JOINT.join(self.regions)


def joined(join: Join, parts: Sequence[Region]) -> Region:
    """The memory that `parts`, the regions of `join` in its order, are together."""
    size = sum(part.size for part in parts)
    return parts[0].model_copy(update={"name": join.name, "size": size})


def symbol_of(region: str) -> str:
    """A memory's name as part of a name in C or in a linker script."""
    return region.replace(JOINT, "_")


class PeripheralWindow(Fact):
    """Addresses at which the chip decodes peripherals; the MPU maps them as device memory."""

    name: Text
    base: Address
    size: Size

    @property
    def end(self) -> int:
        """First address after the window."""
        return self.base + self.size

    def holds(self, address: int) -> bool:
        return self.base <= address < self.end


class Flash(Fact):
    """The NOR flash that the image runs from.

    region: the name of its memory region. used_limit: the most bytes from its start that an image
    may take, where parts of different sizes are in the field.
    """

    region: Identifier
    used_limit: Size
