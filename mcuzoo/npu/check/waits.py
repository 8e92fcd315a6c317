"""Whether each operation awaits what it depends on.

What the hardware does is known by what Vela relies on (`register_command_stream_util.py` of
ethos-u-vela): kernels run in order, and so do copies by DMA; kernels and copies run beside one
another, until a KERNEL_WAIT or DMA_WAIT. Two kernels and, on the U65, two copies may be at work.
Of two kernels in succession the blocks overlap: BLOCKDEP says how many blocks of the first may be
unfinished when the second starts one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mcuzoo.npu.check.areas import Accesses, Box, Shared, accesses, meet, rows_of
from mcuzoo.npu.check.areas import overlap as ranges_overlap
from mcuzoo.npu.operations import BlockOperation, DmaOperation, FeatureMap, Operation, Wait
from mcuzoo.npu.stream import NpuConfig

MAX_DEPENDENCY = 3
_KERNELS_AT_WORK = 2
_BLOCK_MAX = (32, 64)
"""Rows and columns of a block at most."""


@dataclass(frozen=True)
class WaitFault:
    """operation: what starts too early. expected, found: as of a Finding."""

    operation: BlockOperation | DmaOperation
    expected: str
    found: str


@dataclass
class WaitCheck:
    """faults: in the order of the stream. pairs: of operations of which one must await the other.
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
        others: list[tuple[BlockOperation, Accesses]] | list[tuple[DmaOperation, Accesses]],
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
        most = dependency(before, operation, self.shared, self.config)
        if operation.dependency > most:
            self.faults.append(
                WaitFault(
                    operation,
                    f"BLOCKDEP of {most} at most, for {before.name} at word {before.word}",
                    f"{operation.dependency}",
                )
            )


def dependency(
    before: BlockOperation, operation: BlockOperation, shared: Shared, config: NpuConfig | None
) -> int:
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
    # Vela takes the padding at the right for that above; what it allows is not reported.
    kernel = operation.kernel
    return max(
        _block_dependency(before, operation, read, _micro_block(config), above)
        for above in {kernel.top, kernel.right}
    )


def _size(fm: FeatureMap) -> int:
    return fm.height * fm.width * fm.depth


def _micro_block(config: NpuConfig | None) -> tuple[int, int]:
    """Rows and columns of a micro-block."""
    macs = 256 if config is None else config.macs // config.cores
    return (2, 2) if macs == 256 else (1, 2) if macs == 128 else (1, 1)


def _block_dependency(
    before: BlockOperation,
    operation: BlockOperation,
    read: FeatureMap,
    micro: tuple[int, int],
    above: int,
) -> int:
    most, elapsed = MAX_DEPENDENCY, 0
    made = list(_last_blocks(before))
    for needed in _first_inputs(operation, micro, above):
        outstanding = 0
        for block in made:
            if _touch(read, needed, before.ofm, block):
                break
            outstanding += 1
        most = min(most, elapsed + outstanding)
        elapsed += 1
    return most


def _blocks_of(fm: FeatureMap, block: tuple[int, int, int]) -> int:
    return (
        -(-fm.height // block[0]) * -(-fm.width // block[1]) * -(-fm.depth // block[2])
    )


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


def _first_inputs(
    operation: BlockOperation, micro: tuple[int, int], above: int
) -> Iterator[Box]:
    """What the first blocks of an output read of the input."""
    kernel, block = operation.kernel, operation.block
    depth = operation.ofm.depth
    if operation.kind == "CONV":
        bits = 8 * operation.ifm.element_bytes
        depth = min(256 // bits, -(-operation.ifm.depth // 8) * 8)
    sizes = []
    for axis, (stride, taps, dilation) in enumerate(
        (
            (kernel.stride_y, kernel.height, kernel.dilation_y),
            (kernel.stride_x, kernel.width, kernel.dilation_x),
        )
    ):
        reach = min(_BLOCK_MAX[axis], (taps - 1) * dilation + 1)
        size = (block[axis] - 1) * stride + reach
        sizes.append(-(-size // micro[axis]) * micro[axis])
    parts = -(-operation.ifm.depth // depth)
    total = _blocks_of(operation.ofm, block)
    for index in range(min(MAX_DEPENDENCY, total * parts)):
        y, x, _ = _corner(operation.ofm, block, index // parts)
        start = (
            max(0, y * kernel.stride_y - above),
            max(0, x * kernel.stride_x - kernel.left),
            index % parts * depth,
        )
        yield Box(start, (start[0] + sizes[0], start[1] + sizes[1], start[2] + depth))


def _touch(read: FeatureMap, needed: Box, made: FeatureMap, block: Box) -> bool:
    if read.shape == made.shape and _tiles(read) == _tiles(made):
        return needed.meets(block)
    own, others = rows_of(read, needed), rows_of(made, block)
    return any(ranges_overlap(one, other) for one in own for other in others)


def _tiles(fm: FeatureMap) -> tuple[object, ...]:
    return fm.bases, fm.height0, fm.height1, fm.width0
