"""Which bytes an operation touches, and whether two of them touch the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.npu.memory import LUT_BYTES
from mcuzoo.npu.operations import SHRAM, BlockOperation, DmaOperation, FeatureMap, Range
from mcuzoo.npu.stream import NpuConfig

_BRICK = 16
_BANK_BYTES = 1024


@dataclass(frozen=True)
class Shared:
    """The shared memory (SHRAM) of one core.

    banks: of 1024 bytes. end_banks: the last banks, which blocks leave to look-up tables. Source:
    `architecture_features.py` of ethos-u-vela.
    """

    banks: int
    end_banks: int

    @classmethod
    def of(cls, config: NpuConfig | None) -> Shared:
        banks = 48 if config is None else config.shram_kib // config.cores
        return cls(banks, 2 if banks > 16 else 0)

    @property
    def table_start(self) -> int:
        """Address of the first look-up table."""
        return self.banks * _BANK_BYTES - LUT_BYTES

    def work_banks(self, table: bool) -> int:
        """Banks in which an operation works; `table`: it reads a look-up table."""
        return self.banks - (2 if table else self.end_banks)


@dataclass(frozen=True)
class Accesses:
    """What an operation reads and writes, as ranges that may hold bytes in between, too."""

    reads: tuple[Range, ...]
    writes: tuple[Range, ...]

    def conflict(self, later: Accesses) -> bool:
        """Whether the order of the two matters."""
        return (
            _meet(self.writes, later.reads)
            or _meet(self.reads, later.writes)
            or _meet(self.writes, later.writes)
        )


def accesses(operation: BlockOperation | DmaOperation, shared: Shared) -> Accesses:
    if isinstance(operation, DmaOperation):
        return Accesses((operation.source,), (operation.target,))
    reads = operation.reads()
    table = operation.activation.table is not None
    if table:
        reads.append(Range(SHRAM, shared.table_start, LUT_BYTES))
    work = Range(SHRAM, 0, shared.work_banks(table) * _BANK_BYTES)
    return Accesses(tuple(reads), (*operation.ofm.spans(), work))


def overlap(one: Range, other: Range) -> bool:
    return one.region == other.region and one.start < other.end and other.start < one.end


def _meet(some: tuple[Range, ...], others: tuple[Range, ...]) -> bool:
    return any(overlap(one, other) for one in some for other in others)


def meet(one: FeatureMap, other: FeatureMap) -> bool:
    return _meet(tuple(one.spans()), tuple(other.spans()))


def byte_addresses(fm: FeatureMap) -> NDArray[np.int64]:
    """The address of each byte, (height, width, depth, bytes of an element)."""
    y = np.arange(fm.height)[:, None, None]
    x = np.arange(fm.width)[None, :, None]
    found = np.zeros((fm.height, fm.width, 1), np.int64)
    for tile in fm.tiles():
        part = np.s_[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
        rows = (y[part[0]] - tile.top) * fm.stride_y
        found[part] = tile.base + rows + (x[:, part[1]] - tile.left) * _stride_x(fm)
    channels = np.arange(fm.depth)
    if fm.bricks:
        group, within = channels // _BRICK, channels % _BRICK
        inside = group * fm.stride_c + within * fm.element_bytes
    else:
        inside = channels * fm.element_bytes
    return (found + inside)[..., None] + np.arange(fm.element_bytes)


def _stride_x(fm: FeatureMap) -> int:
    return _BRICK * fm.element_bytes if fm.bricks else fm.stride_x


@dataclass(frozen=True)
class Box:
    """A part of a feature map: from `start` up to `end` (not included), each (y, x, channel)."""

    start: tuple[int, int, int]
    end: tuple[int, int, int]

    def of(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """This part of an array (height, width, depth, ...)."""
        return values[tuple(map(slice, self.start, self.end))]
