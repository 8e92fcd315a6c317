"""Which bytes each operation reads and writes, and who wrote what is read.

Every byte of every memory has a mark: nothing yet, a byte of the constants, or the operation that
wrote it last. Copies by DMA take the marks along, so that weights which were copied are still known
as bytes of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.npu.check.areas import Shared, byte_addresses
from mcuzoo.npu.file import CONSTANTS, FAST_SCRATCH, SCRATCH, NpuOp
from mcuzoo.npu.memory import LUT_SLOT_BYTES
from mcuzoo.npu.operations import SHRAM, BlockOperation, DmaOperation, FeatureMap, Range

INPUT = 1 << 29
"""Numbers of writers from here on are inputs of the NPU op."""

_REGIONS = {CONSTANTS: "the constants", SCRATCH: "the scratch", FAST_SCRATCH: "the fast scratch"}
_TABLE_BYTES = {1: 256, 2: 2048, 4: 1024}
"""Of a look-up table, by the bytes of an element of the output."""

Marks = NDArray[np.int32]


@dataclass(frozen=True)
class AddressFault:
    """operation: that reads or writes. expected, found: as of a Finding."""

    operation: BlockOperation | DmaOperation
    expected: str
    found: str


class Flow:
    """Marks: 0 nothing; n > 0 byte n - 1 of the constants; -n - 1 operation or input n.

    faults: in the order of the stream. ranges: that were judged. used: for each byte of the
    constants, whether anything reads it.
    """

    def __init__(self, npu_op: NpuOp, shared: Shared) -> None:
        config = npu_op.stream.config
        self.shared = shared
        self.constants = npu_op.constants
        size = len(self.constants)
        self._marks: dict[int, Marks] = {
            CONSTANTS: np.arange(1, size + 1, dtype=np.int32),
            SCRATCH: np.zeros(npu_op.scratch_bytes, np.int32),
            FAST_SCRATCH: np.zeros(npu_op.fast_bytes, np.int32),
            SHRAM: np.zeros(shared.banks * 1024, np.int32),
        }
        self._small = config is None or config.accelerator.startswith("ethos-u55")
        self.used = np.zeros(size, np.bool_)
        self.faults: list[AddressFault] = []
        self.ranges = 0
        for number, place in enumerate(npu_op.inputs):
            end = place.offset + place.tensor.bytes
            if place.offset >= 0 and end <= npu_op.scratch_bytes:
                self._marks[SCRATCH][place.offset : end] = -(INPUT + number) - 1

    def copy(self, dma: DmaOperation) -> bool:
        """Whether the copy could be followed."""
        source, target = dma.source, dma.target
        marks = self._range(dma, source, "read")
        self._aligned(dma, source.start, source.region == SHRAM, "The copy's source")
        self._aligned(dma, target.start, target.region == SHRAM, "The copy's target")
        self._aligned(dma, target.length, target.region == SHRAM, "The copy's length")
        if marks is None or not self._written(dma, target):
            return False
        self._marks[target.region][target.start : target.end] = marks.copy()
        return True

    def _aligned(self, dma: DmaOperation, number: int, internal: bool, what: str) -> None:
        """The U65 wants it of its own memory alone."""
        if (internal or self._small) and number % 16:
            self._fault(dma, f"{what} a multiple of 16", str(number))

    def stream(self, operation: BlockOperation, part: Range, what: str) -> bytes | None:
        """The bytes of weights or scales, which have to be those of the file, in its order."""
        if part.start % 16:
            self._fault(operation, f"{what} at a multiple of 16", f"address {part.start}")
        marks = self._range(operation, part, "read")
        if marks is None:
            return None
        if len(marks) and (marks[0] <= 0 or np.any(np.diff(marks) != 1)):
            self._fault(
                operation,
                f"{what} from the constants, as they lie there",
                f"{_name(part)} holds something else",
            )
            return None
        return bytes(self.constants[marks[0] - 1 : marks[-1]]) if len(marks) else b""

    def read(self, operation: BlockOperation, fm: FeatureMap, what: str) -> Marks | None:
        """The marks of the first bytes of a feature map's elements, (height, width, depth)."""
        addresses = self._map(operation, fm, what)
        if addresses is None:
            return None
        marks = self._marks[fm.region][addresses]
        self._initialized(operation, marks, f"{what} in region {fm.region}")
        self._use(marks)
        return np.asarray(marks[..., 0])

    def table(self, operation: BlockOperation) -> bytes | None:
        """The look-up table that the operation reads."""
        slot = operation.activation.table
        if slot is None:
            return None
        start = self.shared.table_start + slot * LUT_SLOT_BYTES
        size = _TABLE_BYTES[operation.ofm.element_bytes]
        return self.stream(operation, Range(SHRAM, start, size), "The look-up table")

    def write(self, operation: BlockOperation, number: int) -> bool:
        fm = operation.ofm
        addresses = self._map(operation, fm, "The output")
        table = operation.activation.table is not None
        self._marks[SHRAM][: self.shared.work_banks(table) * 1024] = 0
        if addresses is None:
            return False
        if fm.region == CONSTANTS:
            self._fault(operation, "The output outside of the constants", f"at {fm.bases[0]}")
            return False
        flat = addresses.reshape(-1)
        if len(np.unique(flat)) != len(flat):
            self._fault(operation, "A byte for each byte of the output", "two at one address")
        self._marks[fm.region][flat] = -number - 1
        return True

    def _map(
        self, operation: BlockOperation, fm: FeatureMap, what: str
    ) -> NDArray[np.int64] | None:
        self.ranges += len(fm.tiles())
        marks = self._marks.get(fm.region)
        size = None if marks is None else len(marks)
        for span in fm.spans():
            if size is None or span.start < 0 or span.end > size:
                self._fault(operation, f"{what} inside its region", _outside(span, size))
                return None
        unit = 16 if fm.bricks else fm.element_bytes
        strides = (fm.stride_y, fm.stride_c if fm.bricks else fm.stride_x)
        places = [tile.base for tile in fm.tiles()]
        if any(number % unit for number in (*strides, *places)):
            found = f"bases {places}, strides {list(strides)}"
            self._fault(operation, f"{what} at multiples of {unit}", found)
        return byte_addresses(fm)

    def _range(
        self, operation: BlockOperation | DmaOperation, part: Range, verb: str
    ) -> Marks | None:
        self.ranges += 1
        marks = self._marks.get(part.region)
        if marks is None or part.start < 0 or part.end > len(marks) or part.length < 0:
            size = None if marks is None else len(marks)
            self._fault(operation, f"What it {verb}s inside its region", _outside(part, size))
            return None
        found = marks[part.start : part.end]
        self._initialized(operation, found, _name(part))
        self._use(found)
        return found

    def _written(self, operation: DmaOperation, part: Range) -> bool:
        self.ranges += 1
        marks = self._marks.get(part.region)
        if marks is None or part.end > len(marks) or part.region == CONSTANTS:
            size = None if marks is None else len(marks)
            self._fault(operation, "A copy into memory that may be written", _outside(part, size))
            return False
        return True

    def _initialized(
        self, operation: BlockOperation | DmaOperation, marks: Marks, what: str
    ) -> None:
        missing = int(np.count_nonzero(marks == 0))
        if missing:
            self._fault(
                operation, f"{what}: all bytes written before they are read", f"{missing} are not"
            )

    def _use(self, marks: Marks) -> None:
        self.used[marks[marks > 0] - 1] = True

    def _fault(self, operation: BlockOperation | DmaOperation, expected: str, found: str) -> None:
        self.faults.append(AddressFault(operation, expected, found))


def writers(marks: Marks) -> frozenset[int]:
    """Operations, and from INPUT on inputs, that wrote what has these marks."""
    return frozenset((-np.unique(marks[marks < 0]) - 1).tolist())


def _name(part: Range) -> str:
    region = "the shared memory" if part.region == SHRAM else f"region {part.region}"
    return f"bytes {part.start} to {part.end} of {region}"


def _outside(part: Range, size: int | None) -> str:
    if size is None:
        return f"{_name(part)}, which does not exist"
    what = _REGIONS.get(part.region, "it")
    return f"{_name(part)}; {what} has {size}"
