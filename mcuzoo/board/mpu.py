"""The MPU's regions for a board: every memory with its attributes, all else out of reach.

An Armv7-M MPU region (DDI 0403, B3.5) is a power of two long, a multiple of its length in place,
and any of its eight equal parts can be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from mcuzoo.board.memory import PeripheralWindow, Region, RegionKind

_EIGHTHS = 8
_ADDRESS_BITS = 32
_MIN_LOG2_WITH_EIGHTHS = 8
_MIN_LOG2 = 5


class Access(Enum):
    """How memory is mapped."""

    NONE = "none"
    CODE = "read-only code"
    CODE_UNCACHED = "read-only code, uncached"
    DATA = "data"
    DATA_UNCACHED = "data, uncached"
    GUARDED = "read-only data"
    GUARDED_UNCACHED = "read-only data, uncached"
    DEVICE = "device"


@dataclass(frozen=True)
class MpuRegion:
    """`1 << log2_bytes` bytes at `base`, for memories `names`; bit n of `skip` leaves out an
    eighth.

    access: how it is mapped.
    """

    names: tuple[str, ...]
    base: int
    log2_bytes: int
    skip: int
    access: Access

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """(first address, end) of each eighth that is mapped."""
        part = (1 << self.log2_bytes) // _EIGHTHS
        return tuple(
            (self.base + index * part, self.base + (index + 1) * part)
            for index in range(_EIGHTHS)
            if not self.skip >> index & 1
        )


@dataclass(frozen=True)
class _Span:
    """Addresses from `base` up to `end`, for memories `names`."""

    names: tuple[str, ...]
    base: int
    end: int
    access: Access


def mpu_regions(
    regions: Iterable[Region], peripherals: Iterable[PeripheralWindow]
) -> tuple[MpuRegion, ...]:
    """What to load into the MPU, first one first; a later one wins where they overlap.

    The first denies everything, which also keeps the core from reading ahead into nowhere (Arm
    erratum 1013783). Memories that are not initialized stay denied.
    """
    deny = MpuRegion(("everything else",), 0, _ADDRESS_BITS, 0, Access.NONE)
    spans = [
        *(
            _Span((region.name,), region.base, region.end, _access(region))
            for region in regions
            if region.initialized
        ),
        *(_Span((window.name,), window.base, window.end, Access.DEVICE) for window in peripherals),
    ]
    return (deny, *(piece for span in _merged(spans) for piece in _pieces(span)))


def guard_regions(regions: Iterable[Region], base: int, end: int) -> tuple[MpuRegion, ...]:
    """MPU regions that make `base` to `end` read-only, to be loaded over `mpu_regions`.

    They differ from what they cover only in the write permission. Raises ValueError when they are
    not of one kind, or `base` or `end` is not a multiple of 32.
    """
    inside = [region for region in regions if region.base < end and base < region.end]
    kinds = {_access(region) for region in inside}
    if kinds not in ({Access.DATA}, {Access.DATA_UNCACHED}):
        raise ValueError(f"{base:#x} to {end:#x} is not one kind of memory for data")
    access = Access.GUARDED if kinds == {Access.DATA} else Access.GUARDED_UNCACHED
    names = tuple(region.name for region in inside)
    return tuple(_pieces(_Span(names, base, end, access)))


def _access(region: Region) -> Access:
    if region.executable:
        cached = region.cacheable or region.kind is RegionKind.ITCM
        return Access.CODE if cached else Access.CODE_UNCACHED
    cached = region.cacheable or region.kind is RegionKind.DTCM
    return Access.DATA if cached else Access.DATA_UNCACHED


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Neighbours of equal access become one."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: span.base):
        last = merged[-1] if merged else None
        if last and last.end == span.base and last.access == span.access:
            merged[-1] = _Span(last.names + span.names, last.base, span.end, span.access)
        else:
            merged.append(span)
    return merged


def _pieces(span: _Span) -> Iterator[MpuRegion]:
    """The span cut into as few regions as a greedy choice of the longest next one gives."""
    at = span.base
    while at < span.end:
        piece, at = _longest(span, at)
        yield piece


def _longest(span: _Span, at: int) -> tuple[MpuRegion, int]:
    """The smallest region among those that reach furthest from `at`, and where it ends."""
    best, best_end = None, at
    for log2_bytes in range(_MIN_LOG2, _ADDRESS_BITS + 1):
        size = 1 << log2_bytes
        base = at & ~(size - 1)
        end = min(span.end, base + size)
        part = size // _EIGHTHS if log2_bytes >= _MIN_LOG2_WITH_EIGHTHS else size
        if at % part == 0 and end % part == 0 and end > best_end:
            mapped = range((at - base) // part, (end - base) // part)
            skip = sum(1 << index for index in range(size // part) if index not in mapped)
            best, best_end = MpuRegion(span.names, base, log2_bytes, skip, span.access), end
    if best is None:
        raise ValueError(f"{at:#x} is not {1 << _MIN_LOG2}-byte aligned")
    return best, best_end
