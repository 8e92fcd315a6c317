"""Memory regions of a board: what is there, not which addresses are decoded."""

from __future__ import annotations

from enum import Enum

from mcuzoo.board.base import Address, Fact, Flag, Identifier, Size, Text


class RegionKind(str, Enum):
    ITCM = "itcm"
    DTCM = "dtcm"
    OCRAM = "ocram"
    SDRAM = "sdram"
    FLASH = "flash"


class Region(Fact):
    """A memory of `size` bytes at `base`.

    cacheable: the MPU maps it as cached memory (TCMs never go through the caches).
    arena: the planner may put the tensor arena, or weights copied at reset, here.
    initialized: usable right after the boot ROM; SDRAM is not before its controller is set up.
    """

    name: Identifier
    kind: RegionKind
    base: Address
    size: Size
    cacheable: Flag
    arena: Flag
    initialized: Flag = True

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size

    @property
    def executable(self) -> bool:
        return self.kind in (RegionKind.ITCM, RegionKind.FLASH)

    @property
    def writable(self) -> bool:
        return self.kind is not RegionKind.FLASH

    def overlaps(self, other: Region) -> bool:
        return self.base < other.end and other.base < self.end


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
