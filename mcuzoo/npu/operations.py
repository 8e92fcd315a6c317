"""What a command stream does: each operation with all registers that it depends on.

Meanings of fields: Arm's public register description and Vela's generator of command streams
(`register_command_stream_generator.py`). An NPU has no register for the height and width of its
input: they follow from those of the output, the kernel and the padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class PoolMode(IntEnum):
    MAX = 0
    AVERAGE = 1
    REDUCE_SUM = 2


class ElementwiseMode(IntEnum):
    MUL = 0
    ADD = 1
    SUB = 2
    MIN = 3
    MAX = 4
    LRELU = 5
    ABS = 6
    CLZ = 7
    SHR = 8
    SHL = 9

    @property
    def unary(self) -> bool:
        return self in (ElementwiseMode.LRELU, ElementwiseMode.ABS, ElementwiseMode.CLZ)


class Rounding(IntEnum):
    """TFL: twice, as TFLite does. NATURAL: to the nearest, halves up."""

    TFL = 0
    TRUNCATE = 1
    NATURAL = 2


class Upscale(IntEnum):
    """How the input is made twice as high and wide. TRANSPOSE: with zeros between."""

    NONE = 0
    NEAREST = 1
    TRANSPOSE = 2


class Accumulator(IntEnum):
    INT32 = 0
    INT40 = 1
    FP_S5_10 = 2


SHRAM = -1
"""As a region: the NPU's own memory."""

LUT_START = 16
"""An activation of this number or above is a look-up table: that of slot 0, 1 ..."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a region. start: of the first byte, in the region. length: in bytes."""

    region: int
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a feature map whose rows and columns have a base address of their own.

    top, left: where it begins in the feature map. height, width: its size; not zero. base: address
    of its first element.
    """

    top: int
    left: int
    height: int
    width: int
    base: int


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """A tensor (height, width, depth) in a region.

    bases: addresses of the tiles 0 (left, above), 1 (right, above), 2 (left, below), 3 (right,
    below). height0, height1: rows of the tiles 0 and 1. width0: columns of the tiles 0 and 2.
    stride_y, stride_x, stride_c: bytes between rows, columns, and groups of 16 channels; negative
    where Vela reverses an axis. bricks:
    channels lie in groups of 16 (NHCWB16); if not, a pixel's channels lie together (NHWC).
    element_bytes: 1, 2 or 4. signed: whether elements are. zero_point: what stands for 0.
    """

    region: int
    height: int
    width: int
    depth: int
    bases: tuple[int, int, int, int]
    height0: int
    height1: int
    width0: int
    stride_y: int
    stride_x: int
    stride_c: int
    bricks: bool
    element_bytes: int
    signed: bool
    zero_point: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.depth

    def tiles(self) -> list[Tile]:
        """The tiles that the feature map reaches into."""
        found = []
        for right in (False, True):
            left, width = (self.width0, self.width - self.width0) if right else (0, self.width0)
            width = min(width, self.width)
            rows = self.height1 if right else self.height0
            for below in (False, True):
                top, height = (rows, self.height - rows) if below else (0, rows)
                height = min(height, self.height)
                if width > 0 and height > 0:
                    found.append(Tile(top, left, height, width, self.bases[right + 2 * below]))
        return found

    def span(self, tile: Tile) -> Range:
        """From the first to the last byte of a tile; there may be bytes between that are not its
        own."""
        down, across, along = self._reaches(tile)
        first = tile.base + min(0, *down) + min(0, *across) + min(0, *along)
        last = tile.base + max(0, *down) + max(0, *across) + max(0, *along)
        return Range(self.region, first, last + self.element_bytes - first)

    def _reaches(self, tile: Tile) -> tuple[tuple[int, ...], ...]:
        """How far a tile reaches from its first element by rows, by columns and by channels."""
        size, last = self.element_bytes, self.depth - 1
        down = ((tile.height - 1) * self.stride_y, 0)
        if not self.bricks:
            return down, ((tile.width - 1) * self.stride_x, 0), (last * size, 0)
        groups = last // 16
        along = [groups * self.stride_c, groups * self.stride_c + last % 16 * size]
        if groups:
            along += [15 * size, (groups - 1) * self.stride_c + 15 * size]
        return down, ((tile.width - 1) * 16 * size, 0), tuple(along)

    def spans(self) -> list[Range]:
        return [self.span(tile) for tile in self.tiles()]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A window. height, width: its taps. stride_y, stride_x, dilation_y, dilation_x: in pixels.

    top, left, bottom, right: padding. part_kernel: weights of some taps of all channels come
    first, not all taps of some channels. decompose4: taps go in parts of 4 x 4, not 8 x 8.
    """

    height: int
    width: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    top: int
    left: int
    bottom: int
    right: int
    part_kernel: bool
    decompose4: bool

    @property
    def padded(self) -> bool:
        return bool(self.top or self.left or self.bottom or self.right)


@dataclass(frozen=True, slots=True)
class Scale:
    """value * mantissa / 2**shift."""

    mantissa: int
    shift: int


@dataclass(frozen=True, slots=True)
class Activation:
    """function: 0 none, 3 tanh, 4 sigmoid, from LUT_START on a table. low, high: limits before a
    table, or of the output. clip: which range these are in, 0 that of the output."""

    function: int
    low: int
    high: int
    clip: int

    @property
    def table(self) -> int | None:
        """The slot of the look-up table."""
        return self.function - LUT_START if self.function >= LUT_START else None


BlockKind = Literal["CONV", "DEPTHWISE", "POOL", "ELEMENTWISE"]


@dataclass(frozen=True, slots=True)
class BlockOperation:
    """One operation of the NPU's kernels.

    word: place of its command in the payload. kind, mode: mode is of a pool or an elementwise one.
    ifm, ifm2, ofm: inputs and output; ifm2 only of an elementwise one, in its own, perhaps smaller
    shape. scalar: instead of ifm2, with scalar_zero_point. swapped: ifm2 is the first operand.
    kernel: the window; of an elementwise one a single pixel. upscale: of ifm. activation: what is
    done to the result. rounding: of its scaling.
    weights, scales: a range per core; only of CONV and DEPTHWISE. block: height, width and depth
    of the parts in which the output is computed. accumulator: what sums are kept in.
    output_scale: for all channels; None: each has its own, or a pool divides by what it counts.
    operand_scale, other_scale: of an elementwise one's operands; operand: which of them
    operand_scale is for, 0 both. input_end, input2_start, accumulators: banks of the shared memory
    where input, ifm2 and sums end or begin. dependency: how many blocks of the operation before may
    still be at work. parallel: by two cores.
    """

    word: int
    kind: BlockKind
    mode: int
    ifm: FeatureMap
    ifm2: FeatureMap | None
    scalar: int | None
    scalar_zero_point: int
    swapped: bool
    ofm: FeatureMap
    kernel: Kernel
    upscale: Upscale
    weights: tuple[Range, ...]
    scales: tuple[Range, ...]
    block: tuple[int, int, int]
    accumulator: Accumulator
    activation: Activation
    rounding: Rounding
    output_scale: Scale | None
    operand: int
    operand_scale: Scale
    other_scale: Scale
    input_end: int
    input2_start: int
    accumulators: int
    dependency: int
    parallel: bool

    @property
    def name(self) -> str:
        """CONV, DEPTHWISE, POOL MAX, ELEMENTWISE ADD."""
        if self.kind == "POOL":
            return f"POOL {PoolMode(self.mode).name}"
        if self.kind == "ELEMENTWISE":
            return f"ELEMENTWISE {ElementwiseMode(self.mode).name}"
        return self.kind

    def reads(self) -> list[Range]:
        """All that it reads, but for look-up tables."""
        found = self.ifm.spans()
        if self.ifm2 is not None:
            found += self.ifm2.spans()
        return found + [part for part in (*self.weights, *self.scales) if part.length]


@dataclass(frozen=True, slots=True)
class DmaOperation:
    """Bytes that are copied. source: from where. target: to where. word: place of its command in
    the payload."""

    word: int
    source: Range
    target: Range

    @property
    def name(self) -> str:
        return "DMA"


@dataclass(frozen=True, slots=True)
class Wait:
    """The stream stops until at most `outstanding` operations of that kind are at work. word: place
    of its command in the payload."""

    word: int
    kind: Literal["DMA", "KERNEL"]
    outstanding: int


Operation = BlockOperation | DmaOperation | Wait
