"""3x3 depthwise convolutions on mz_depthwise_3x3_s8_dsp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Op
from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import describe, extent, symbol
from mcuzoo.lowering.params import (
    HEIGHTS,
    ExtentStruct,
    KernelParams,
    RowWindow,
    Setting,
    Shape,
    WindowStruct,
    pieces,
    split,
)
from mcuzoo.lowering.requantization import SCALE, SMALL_SHIFT, Line, lines_of_two_shifts
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.plane_groups import plane_groups

PLANES = 4
SCRATCH_ROW = 544


TILE_COLUMNS = 64
"""The planes' width in output columns at stride 1; half as many at stride 2."""


STRIP_INPUT_ROWS = 10
TIGHT_STRIP_INPUT_ROWS = 5


TIGHT_BYTES = 49_152
"""From this input size on the layer probably decides the size of the arena. Then memory is more
important than the rows that every strip reads again."""


BYTE_ORDER = (0, 3, 1, 4, 6, 2, 7, 5, 8)


@dataclass(frozen=True)
class Depthwise3x3DspParams(KernelParams):
    """As mz_depthwise_3x3_s8_dsp.h has them. input, output: 4 channels or more, as many of both.
    stride: in both directions. pad_top, pad_left: 0 or 1. input_zero_point: what stands outside the
    image. strip: output rows that are computed at a time. tile: output columns, 64 / stride at
    most, or all. channels: start, multiplier and weights of each. zero_point: of the output, and
    its minimum. maximum: the fused activation as an int8 value of the output.
    """

    c_type = "mz_depthwise_3x3_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    stride: int
    pad_top: int
    pad_left: int
    input_zero_point: int
    strip: int
    tile: int
    channels: Constant
    zero_point: int
    maximum: int

    @property
    def planes_bytes(self) -> int:
        """Scratch memory: of one or two columns the kernel reads as many rows as two rows of them
        need."""
        narrow = 0 < self.output.width % self.tile <= 2 or self.tile <= 2
        strip = max(self.strip, 2) if narrow else self.strip
        return SCRATCH_ROW * ((strip - 1) * self.stride + 3)

    @property
    def groups(self) -> tuple[int, int]:
        """Groups of outputs that a channel takes, and passes over them."""
        found = [
            plane_groups(self.stride, columns, rows)
            for rows in split(self.output.height, self.strip)
            for columns in split(self.output.width, self.tile)
        ]
        return sum(groups for groups, _ in found), sum(passes for _, passes in found)

    def passes(self, constant: Constant) -> int:
        return pieces(self.output.height, self.strip) * pieces(self.output.width, self.tile)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        settings = (*HEIGHTS, Setting("pad_top", "pad_top"))
        return RowWindow(3, self.stride, self.pad_top, settings, widens=2)

    def for_band(self, band: int, scratch_bytes: int) -> tuple[KernelParams, int]:
        params = replace(self, strip=min(self.strip, band))
        return params, params.planes_bytes


class Depthwise3x3Dsp:
    kernel = "mz_depthwise_3x3_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        view = work.view
        return (
            (view.height, view.width) == (3, 3)
            and (view.stride_h, view.stride_w) in ((1, 1), (2, 2))
            and (view.dilation_h, view.dilation_w) == (1, 1)
            and view.pad_top in (0, 1)
            and view.pad_left in (0, 1)
            and work.channels == work.source.shape[3] >= PLANES
            and _lines(work) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        view = work.view
        found = _lines(work)
        assert found is not None
        strip = strip_rows(work, view)
        params = Depthwise3x3DspParams(
            input=extent(work.source),
            output=extent(work.target),
            stride=view.stride_h,
            pad_top=view.pad_top,
            pad_left=view.pad_left,
            input_zero_point=work.input_zero_point,
            strip=strip,
            tile=min(work.target.shape[2], TILE_COLUMNS // view.stride_w),
            channels=Constant(
                symbol(work.op, "channels"),
                channel_words(work, found),
                (
                    *describe(work.weights_tensor),
                    "With bias and scales, five words a channel: mz_depthwise_3x3_s8_dsp.h.",
                ),
            ),
            zero_point=work.to.minimum,
            maximum=work.to.maximum,
        )
        return work.call(
            self.kernel,
            params,
            scratch_bytes=params.planes_bytes,
            overlaps=(Overlap(distance(params)),),
        )


def _lines(work: WeightedWork) -> list[Line] | None:
    lowest, highest = reachable(work)
    return lines_of_two_shifts(work.to, lowest, highest)


def reachable(work: WeightedWork) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Least and greatest accumulator over all int8 inputs, int64 (channels,)."""
    taps = work.weights.reshape(9, -1).astype(np.int64)
    least, most = np.minimum(taps * 127, taps * -128), np.maximum(taps * 127, taps * -128)
    return work.bias + least.sum(axis=0), work.bias + most.sum(axis=0)


def channel_words(work: WeightedWork, found: list[Line]) -> NDArray[np.int32]:
    """For every channel: start, multiplier, and twelve bytes of weights, shift and round."""
    words = np.zeros((len(found), 5), dtype="<i4")
    words[:, 0] = SCALE * work.bias.astype(np.int64) + [line.beta for line in found]
    words[:, 1] = [line.multiplier for line in found]
    packed = np.zeros((len(found), 12), dtype=np.int8)
    packed[:, :9] = work.weights.reshape(9, -1).T[:, BYTE_ORDER]
    packed[:, 9] = [line.shift == SMALL_SHIFT for line in found]
    packed[:, 10:] = np.array([line.round for line in found], "<i2").view(np.int8).reshape(-1, 2)
    words[:, 2:] = packed.view("<i4")
    return np.ascontiguousarray(words.reshape(-1).astype(np.int32))


def strip_rows(work: WeightedWork, view: WindowStruct) -> int:
    """Output rows at a time."""
    tight = work.source.bytes >= TIGHT_BYTES
    inputs = TIGHT_STRIP_INPUT_ROWS if tight else STRIP_INPUT_ROWS
    return min((inputs - 3) // view.stride_h + 1, work.target.shape[1])


def distance(params: Depthwise3x3DspParams) -> int:
    """Least input offset - output offset at which no strip writes over what is still to be read.

    A strip's output may reach as far as the first byte that the next strip reads.
    """
    rows, strip, channels = params.output.height, params.strip, params.output.channels
    needed = []
    for first in range(0, rows, strip):
        written = min(first + strip, rows) * params.output.width * channels
        # If there are several tiles, the later ones still read the strip's own rows.
        several = params.output.width > params.tile or channels > PLANES
        reader = first if several else first + strip
        if reader < rows:
            read = max(reader * params.stride - params.pad_top, 0)
            needed.append(written - read * params.input.width * channels)
    return max(needed, default=-rows * params.output.width * channels)


def narrower(call: Call) -> Iterator[Call]:
    """The same call with ever less scratch memory, for more instructions: strips of fewer rows.
    Nothing for a call of another kernel."""
    params = call.params
    if not isinstance(params, Depthwise3x3DspParams) or call.kernel != Depthwise3x3Dsp.kernel:
        return
    scratch_bytes = call.scratch_bytes
    while params.strip > 1:
        params = replace(params, strip=params.strip // 2)
        if params.planes_bytes < scratch_bytes:
            scratch_bytes = params.planes_bytes
            overlap = Overlap(distance(params))
            yield replace(call, params=params, scratch_bytes=scratch_bytes, overlaps=(overlap,))
