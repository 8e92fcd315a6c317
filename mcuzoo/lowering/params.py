"""The kernels' parameter structs, field by field as the headers in firmware/kernels declare them.

From these the generator writes C initializers, and the tests build the same structs in memory.
Integers are int32_t, constants pointers to their elements, tuples arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, Union

from mcuzoo.graph.model import Op
from mcuzoo.lowering.constant import Constant

Value = Union[int, Constant, tuple["Value", ...], "CStruct"]
Shape = tuple[int, ...]


class CStruct:
    """A C struct by value; subclasses are dataclasses whose fields mirror its own."""

    c_type: ClassVar[str]

    def items(self) -> Iterator[tuple[str, Value]]:
        for field in fields(self):  # type: ignore[arg-type]
            yield field.name, getattr(self, field.name)

    def constants(self) -> Iterator[Constant]:
        for _, value in self.items():
            yield from _constants_in(value)


def _constants_in(value: Value) -> Iterator[Constant]:
    if isinstance(value, Constant):
        yield value
    elif isinstance(value, CStruct):
        yield from value.constants()
    elif isinstance(value, tuple):
        for item in value:
            yield from _constants_in(item)


@dataclass(frozen=True)
class ExtentStruct(CStruct):
    """The size of an image, in pixels and channels; see firmware/kernels/mz_window.h.

    height, width: in pixels.
    """

    c_type = "mz_extent"
    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class WindowStruct(CStruct):
    """graph.window.Window for the kernels, in pixels.

    height, width: of the window. stride_h, stride_w: from window to window. dilation_h, dilation_w:
    from tap to tap. pad_top, pad_left: what stands outside before the first pixel.
    """

    c_type = "mz_window"
    height: int
    width: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_top: int
    pad_left: int


@dataclass(frozen=True)
class RequantizationStruct(CStruct):
    """graph.parameters.Requantization for the kernels. right_only: 1 if no shift goes to the left.
    multipliers: Q0.31 mantissas, int32 [channels]. shifts: exponents, int8 [channels], positive is
    to the left. wide: 1 if sums may reach 2^30. zero_point: of the output. minimum, maximum: the
    fused activation as int8 values of the output."""

    c_type = "mz_requantization"
    multipliers: Constant
    shifts: Constant
    right_only: int
    wide: int
    zero_point: int
    minimum: int
    maximum: int


BandField = Literal["input_rows", "output_rows", "pad_top", "pad_bottom"]
"""The fields of mz_band in firmware/runtime/aot/mz_rows.h."""


@dataclass(frozen=True)
class Setting:
    """`params.field = band.source * factor`."""

    field: str
    source: BandField
    factor: int = 1


@dataclass(frozen=True)
class RowWindow:
    """How a kernel takes its image by rows: output row y reads `window` input rows from y * stride
    - pad_top on. settings: parameters to set for a band of rows. widens: rank of the gain from more
    rows at a time; kernels that widen their input gain.
    """

    window: int
    stride: int
    pad_top: int
    settings: tuple[Setting, ...]
    widens: int = 0


HEIGHTS = (Setting("input.height", "input_rows"), Setting("output.height", "output_rows"))


WIDTHS = (Setting("input.width", "input_rows"), Setting("output.width", "output_rows"))


def windowed_rows(
    image: ExtentStruct, view: WindowStruct, source: Shape, widens: int = 0
) -> RowWindow:
    """The RowWindow of a kernel whose fields `input` and `window` are these. Where `image` is a row
    and `source` a column, its pixels are the rows of the column."""
    if image.height != source[1]:
        reach = (view.width - 1) * view.dilation_w + 1
        settings = (*WIDTHS, Setting("window.pad_left", "pad_top"))
        return RowWindow(reach, view.stride_w, view.pad_left, settings, widens)
    reach = (view.height - 1) * view.dilation_h + 1
    settings = (*HEIGHTS, Setting("window.pad_top", "pad_top"))
    return RowWindow(reach, view.stride_h, view.pad_top, settings, widens)


class KernelParams(CStruct):
    """The parameters of a kernel, and what the planner must know of a call with them.

    Every subclass defines `passes` and `by_rows`, if only as `once` and `not_by_rows`; otherwise
    its definition raises a TypeError.
    """

    def __init_subclass__(cls) -> None:
        forgotten = [
            name for name in ("passes", "by_rows") if getattr(cls, name) is vars(KernelParams)[name]
        ]
        if forgotten:
            raise TypeError(f"{cls.__name__} does not say its {' and its '.join(forgotten)}")

    @property
    def held_bytes(self) -> int:
        """Bytes of constants that the kernel reads again and again before it goes on to others; all
        of them, unless a kernel says so."""
        return sum(constant.bytes for constant in self.constants())

    def passes(self, constant: Constant) -> int:
        """How often the kernel reads `constant`, a parameter or an operand, from end to end in one
        call. The values come from reading the kernels; tests/firmware_host/test_kernel_passes.py
        counts what the emulated core loads."""
        raise NotImplementedError

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        """How the kernel computes `target` from rows of the image `source` (1, height, width,
        channels); None if it cannot."""
        raise NotImplementedError

    def for_band(self, band: int, scratch_bytes: int) -> tuple[KernelParams, int]:
        """The parameters and scratch bytes for `band` rows of output at a time, with no more memory
        than these rows need."""
        return self, scratch_bytes


def pieces(count: int, at_once: int) -> int:
    """The number of steps of `at_once` that cover `count`."""
    return -(-count // at_once)


def split(count: int, at_once: int) -> list[int]:
    """The sizes of these steps."""
    return [min(at_once, count - first) for first in range(0, count, at_once)]


def once(params: KernelParams, constant: Constant) -> int:
    """The `passes` of kernels that read all of their constants once."""
    return 1


def not_by_rows(params: KernelParams, op: Op, source: Shape, target: Shape) -> RowWindow | None:
    """The `by_rows` of kernels that need all of their input."""
    return None
