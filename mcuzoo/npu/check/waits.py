"""Whether each operation awaits what it depends on.

What the hardware does is known by what Vela relies on (`register_command_stream_util.py` of
ethos-u-vela): kernels run in order, and so do copies by DMA; kernels and copies run beside one
another, until a KERNEL_WAIT or DMA_WAIT. Two kernels and, on the U65, two copies may be at work.
Of two kernels in succession the blocks overlap: BLOCKDEP says how many blocks of the first may be
unfinished when the second starts one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcuzoo.npu.check.areas import Accesses, Box, Shared, accesses, byte_addresses, meet
from mcuzoo.npu.operations import (
    BlockOperation,
    DmaOperation,
    FeatureMap,
    Operation,
    PoolMode,
    Upscale,
    Wait,
)
from mcuzoo.npu.stream import NpuConfig

MAX_DEPENDENCY = 3
_KERNELS_AT_WORK = 2
_TAPS_OF_A_JOB = (32, 64)
"""Rows and columns of a window that a job reads at once; Vela counts no more of larger ones."""


@dataclass(frozen=True)
class WaitFault:
    """operation: what starts too early. expected, found: as of a Finding."""

    operation: BlockOperation | DmaOperation
    expected: str
    found: str


@dataclass
class WaitCheck:
    """config: the NPU. faults: in the order of the stream. pairs: of operations of which one must
    await the other.
    `_kernels`, `_copies`: what may still be at work, oldest first."""

    config: NpuConfig | None
    faults: list[WaitFault] = field(default_factory=list)
    pairs: int = 0
    _kernels: list[tuple[BlockOperation, Accesses]] = field(default_factory=list)
    _copies: list[tuple[DmaOperation, Accesses]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shared = Shared.of(self.config)
        two = self.config is not None and self.config.accelerator.startswith("ethos-u65")
        self._copies_at_work = 2 if two else 1
        self._recent: list[tuple[BlockOperation | DmaOperation, Accesses]] = []

    def take(self, operation: Operation) -> None:
        """The next operation of the stream."""
        if isinstance(operation, Wait):
            busy: list[tuple[DmaOperation, Accesses]] | list[tuple[BlockOperation, Accesses]]
            busy = self._copies if operation.kind == "DMA" else self._kernels
            del busy[: max(len(busy) - operation.outstanding, 0)]
            return
        own = accesses(operation, self.shared)
        if isinstance(operation, DmaOperation):
            self._require(operation, own, self._kernels)
            self._copies.append((operation, own))
            del self._copies[: -self._copies_at_work]
        else:
            self._require(operation, own, self._copies)
            if self._kernels:
                self._blocks(self._kernels[-1][0], operation)
            self._kernels.append((operation, own))
            del self._kernels[:-_KERNELS_AT_WORK]
        self._count(operation, own)

    def _require(
        self,
        operation: BlockOperation | DmaOperation,
        own: Accesses,
        others: Sequence[tuple[BlockOperation | DmaOperation, Accesses]],
    ) -> None:
        for waits, (other, its) in enumerate(reversed(others)):
            if its.conflict(own):
                wait = "DMA_WAIT" if isinstance(other, DmaOperation) else "KERNEL_WAIT"
                expected = f"{wait} {waits} before it, for {other.name} at word {other.word}"
                self.faults.append(WaitFault(operation, expected, "no such wait"))
                return

    def _count(self, operation: BlockOperation | DmaOperation, own: Accesses) -> None:
        """Pairs are counted whether a wait covers them or not; beyond four operations the hardware
        has nothing left at work."""
        self.pairs += sum(its.conflict(own) for _, its in self._recent)
        self._recent = [*self._recent[-3:], (operation, own)]

    def _blocks(self, before: BlockOperation, operation: BlockOperation) -> None:
        most = dependency(before, operation, self.shared)
        if operation.dependency > most:
            self.faults.append(
                WaitFault(
                    operation,
                    f"BLOCKDEP of {most} at most, for {before.name} at word {before.word}",
                    f"{operation.dependency}",
                )
            )


def dependency(before: BlockOperation, operation: BlockOperation, shared: Shared) -> int:
    """How many blocks of `before` may be unfinished when `operation` starts."""
    tables = [one.activation.table is not None for one in (before, operation)]
    if tables == [True, False] and not shared.end_banks:
        return 0
    first = meet(before.ofm, operation.ifm)
    second = operation.ifm2 is not None and meet(before.ofm, operation.ifm2)
    if not first and not second:
        return MAX_DEPENDENCY
    read = operation.ifm if first else operation.ifm2
    if read is None or (first and second):
        return 0
    if second and _size(read) < _size(operation.ifm):
        return 0
    return _block_dependency(before, operation, read)


def _size(fm: FeatureMap) -> int:
    return fm.height * fm.width * fm.depth


def _block_dependency(before: BlockOperation, operation: BlockOperation, read: FeatureMap) -> int:
    """The first job that needs what one of the last blocks writes, counted from where they meet."""
    most = MAX_DEPENDENCY
    written, needed = byte_addresses(before.ofm), byte_addresses(read)
    made = [box.of(written) for box in _last_blocks(before)]
    for first, box in enumerate(_first_inputs(operation)):
        own = box.of(needed)
        for last, block in enumerate(made):
            if first + last < most and _touch(own, block):
                most = first + last
    return most


def _blocks_of(fm: FeatureMap, block: tuple[int, int, int]) -> int:
    return -(-fm.height // block[0]) * -(-fm.width // block[1]) * -(-fm.depth // block[2])


def _corner(fm: FeatureMap, block: tuple[int, int, int], index: int) -> tuple[int, int, int]:
    """Where a block begins: depth goes first, then columns, then rows."""
    deep, wide = -(-fm.depth // block[2]), -(-fm.width // block[1])
    return (
        block[0] * (index // (deep * wide)),
        block[1] * (index // deep % wide),
        block[2] * (index % deep),
    )


def _last_blocks(operation: BlockOperation) -> Iterator[Box]:
    """The last blocks of an output, the very last first."""
    total = _blocks_of(operation.ofm, operation.block)
    for index in range(total - 1, max(total - 1 - MAX_DEPENDENCY, -1), -1):
        corner = _corner(operation.ofm, operation.block, index)
        height, width, depth = operation.block
        yield Box(corner, (corner[0] + height, corner[1] + width, corner[2] + depth))


def _first_inputs(operation: BlockOperation) -> Iterator[Box]:
    """What the first jobs read of the input: a convolution takes the input channels of a block in
    several jobs, any other operation those of the block."""
    kernel, block = operation.kernel, operation.block
    summed = operation.kind == "CONV" or (
        operation.kind == "POOL" and operation.mode == PoolMode.REDUCE_SUM
    )
    depth = 16 if kernel.part_kernel or operation.ifm.element_bytes > 1 else 32
    parts = -(-operation.ifm.depth // depth) if summed else 1
    total = _blocks_of(operation.ofm, block) * parts
    for index in range(min(MAX_DEPENDENCY, total)):
        y, x, channel = _corner(operation.ofm, block, index // parts)
        if summed:
            channel = index % parts * depth
        else:
            depth = block[2]
        taps = (kernel.height - 1) * kernel.dilation_y, (kernel.width - 1) * kernel.dilation_x
        rows = _reach(y, block[0], kernel.stride_y, min(taps[0], _TAPS_OF_A_JOB[0] - 1))
        columns = _reach(x, block[1], kernel.stride_x, min(taps[1], _TAPS_OF_A_JOB[1] - 1))
        half = 1 if operation.upscale is Upscale.NONE else 2
        top, left = (rows[0] - kernel.top) // half, (columns[0] - kernel.left) // half
        bottom, right = (rows[1] - kernel.top) // half, (columns[1] - kernel.left) // half
        start = max(top, 0), max(left, 0), channel
        yield Box(start, (max(bottom + 1, 0), max(right + 1, 0), channel + depth))


def _reach(start: int, size: int, stride: int, taps: int) -> tuple[int, int]:
    """The first and the last pixel that `size` outputs from `start` on need, of a row or column."""
    return start * stride, (start + size - 1) * stride + taps


def _touch(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    if not one.size or not other.size:
        return False
    if one.min() > other.max() or other.min() > one.max():
        return False
    return bool(np.isin(one, other).any())
