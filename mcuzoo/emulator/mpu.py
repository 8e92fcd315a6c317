"""The memory protection unit (Armv7-M Architecture Reference Manual, DDI 0403, B3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]

TYPE, CTRL, RNR, RBAR, RASR = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0
LAST = 0xDB8  # RASR_A3, the last of three aliases of RBAR and RASR

_ENABLE = 1
_HFNMIENA = 2
_PRIVDEFENA = 4
_CTRL_BITS = 7
_RBAR_VALID = 0x10
_RASR_ENABLE = 1
_RASR_BITS = 0x173F_FF3F
_XN = 1 << 28
_SUBREGIONS = 8
_SMALLEST_WITH_SUBREGIONS = 256
# The page size: the least that unicorn can protect.
_PAGE = 1024


@dataclass(frozen=True)
class Permission:
    """What privileged code may do."""

    read: bool
    write: bool
    execute: bool


ALL = Permission(read=True, write=True, execute=True)
NOTHING = Permission(read=False, write=False, execute=False)


class Mpu:
    """Registers of the MPU, and what they permit. Regions below a page are not enforced."""

    def __init__(self, regions: int) -> None:
        self._count = regions
        self._ctrl = 0
        self._rnr = 0
        self._rbar = [0] * regions
        self._rasr = [0] * regions

    def read(self, offset: int) -> int:
        if offset == TYPE:
            return self._count << 8
        if offset == CTRL:
            return self._ctrl
        if offset == RNR:
            return self._rnr
        if (offset - RBAR) % 8 == 0:
            return self._rbar[self._rnr] | self._rnr
        return self._rasr[self._rnr]

    def write(self, offset: int, value: int) -> None:
        if offset == CTRL:
            self._ctrl = value & _CTRL_BITS
        elif offset == RNR:
            self._rnr = value % self._count
        elif offset >= RBAR and (offset - RBAR) % 8 == 0:
            if value & _RBAR_VALID:
                self._rnr = (value & 0xF) % self._count
            self._rbar[self._rnr] = value & ~0x1F
        elif offset >= RBAR:
            self._rasr[self._rnr] = value & _RASR_BITS

    def state(self, *, in_hard_fault: bool) -> tuple[int, ...]:
        """Changes exactly when what the unit allows may have changed."""
        if not self._enforced(in_hard_fault):
            return ()
        return (self._ctrl, *self._rbar, *self._rasr)

    def permission(self, address: int, *, in_hard_fault: bool = False) -> Permission:
        if not self._enforced(in_hard_fault):
            return ALL
        found = ALL if self._ctrl & _PRIVDEFENA else NOTHING
        for (start, end), permission in self._spans():
            if start <= address < end:
                found = permission
        return found

    def permissions(
        self, span: Span, *, in_hard_fault: bool = False
    ) -> list[tuple[Span, Permission]]:
        """The parts of `span` with what may be done there, in order, without gaps."""
        edges = {span[0], span[1]}
        if self._enforced(in_hard_fault):
            for part, _ in self._spans():
                edges |= {edge for edge in part if span[0] < edge < span[1]}
        ordered = sorted(edges)
        return [
            ((start, end), self.permission(start, in_hard_fault=in_hard_fault))
            for start, end in pairwise(ordered)
        ]

    def _enforced(self, in_hard_fault: bool) -> bool:
        if in_hard_fault and not self._ctrl & _HFNMIENA:
            return False
        return bool(self._ctrl & _ENABLE)

    def _spans(self) -> Iterator[tuple[Span, Permission]]:
        """Every part of an enabled region; a later one wins."""
        for rbar, rasr in zip(self._rbar, self._rasr, strict=True):
            if not rasr & _RASR_ENABLE:
                continue
            size = 1 << ((rasr >> 1 & 0x1F) + 1)
            start = rbar & ~(size - 1)
            skipped = rasr >> 8 & 0xFF if size >= _SMALLEST_WITH_SUBREGIONS else 0
            part = size // _SUBREGIONS if skipped else size
            for at in range(start, start + size, part):
                index = (at - start) // part
                if part >= _PAGE and not skipped >> index & 1:
                    yield (at, at + part), _permission(rasr)


def _permission(rasr: int) -> Permission:
    access = rasr >> 24 & 7
    return Permission(
        read=access not in (0, 4),
        write=access in (1, 2, 3),
        execute=access not in (0, 4) and not rasr & _XN,
    )
