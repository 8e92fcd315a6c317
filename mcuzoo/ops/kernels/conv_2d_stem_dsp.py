"""First layers of image networks on mz_conv_2d_stem_s8_dsp: 3x3, stride 2, few input channels."""

from __future__ import annotations

from dataclasses import dataclass

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
)
from mcuzoo.lowering.requantization import SHIFT, Line, lines, rounding
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.dsp_weights import reachable


@dataclass(frozen=True)
class ConvStemDspParams(KernelParams):
    """As mz_conv_2d_stem_s8_dsp.h has them. input: 1 or 3 channels. output: 2 columns or more, a
    multiple of 4 channels. pad_top: 0 or 1; there is none on the left. input_zero_point: what
    stands outside the image. packed: a stream of words per four output channels. zero_point: of
    the output, and its minimum. maximum: the fused activation as an int8 value of the output.
    """

    c_type = "mz_conv_2d_stem_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    pad_top: int
    input_zero_point: int
    packed: Constant
    zero_point: int
    maximum: int

    def passes(self, constant: Constant) -> int:
        """Two windows at a time."""
        return self.output.height * pieces(self.output.width, WINDOWS)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return RowWindow(
            ROWS_READ, 2, self.pad_top, (*HEIGHTS, Setting("pad_top", "pad_top")), widens=1
        )


ROWS_READ = 4
"""A row beyond the window is read before one is written. If that row is missing, the kernel is
slower but not wrong."""

LANES = 4
"""Output channels that are computed together."""

WINDOWS = 2
"""Windows side by side that are computed together."""


class Stem:
    kernel = "mz_conv_2d_stem_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        view = work.view
        return (
            (view.height, view.width) == (3, 3)
            and (view.stride_h, view.stride_w) == (2, 2)
            and (view.dilation_h, view.dilation_w) == (1, 1)
            and view.pad_top in (0, 1)
            and view.pad_left == 0
            and work.source.shape[3] in (1, 3)
            and work.channels % LANES == 0
            and work.target.shape[2] >= WINDOWS
            and _lines(work) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        view = work.view
        found = _lines(work)
        assert found is not None
        meaning = (
            *describe(work.weights_tensor),
            "With bias and scales, four output channels at a time: mz_conv_2d_stem_s8_dsp.h.",
        )
        params = ConvStemDspParams(
            input=extent(work.source),
            output=extent(work.target),
            pad_top=view.pad_top,
            input_zero_point=work.input_zero_point,
            packed=Constant(symbol(work.op, "packed"), packed_words(work, found), meaning),
            zero_point=work.to.minimum,
            maximum=work.to.maximum,
        )
        values = (2 * work.target.shape[2] + 1) * work.source.shape[3]
        return work.call(
            self.kernel,
            params,
            scratch_bytes=10 * values + 4,
            overlaps=(Overlap(distance(work, view)),),
        )


def _lines(work: WeightedWork) -> list[Line] | None:
    rows = work.weights.reshape(work.channels, -1)
    found = lines(work.to, *reachable(rows, work.bias))
    # Weights are halfwords, and are not shifted here.
    return None if found is None or any(line.up > 7 for line in found) else found


def packed_words(work: WeightedWork, found: list[Line]) -> NDArray[np.int32]:
    """The weights in the layout of mz_conv_2d_stem_s8_dsp.h."""
    ups = np.array([1 << line.up for line in found], dtype=np.int32)
    rows = work.weights.reshape(work.channels, 3, -1).astype(np.int32) * ups[:, None, None]
    third = np.pad(rows[:, 2], ((0, 0), (0, rows.shape[2] % 2)))
    halfwords = np.concatenate(
        [rows[:, :2].transpose(0, 2, 1), third.reshape(work.channels, -1, 2)], axis=1
    ).astype("<i2")
    words = halfwords.reshape(work.channels, -1).view("<i4")
    starts = 256 * work.bias.astype(np.int64) * ups + [line.beta for line in found]
    lanes = np.concatenate([starts[:, None], words], axis=1).reshape(-1, LANES, words.shape[1] + 1)
    ends = np.array([(line.multiplier, line.round + rounding(SHIFT)) for line in found])
    packed = np.concatenate(
        [lanes.transpose(0, 2, 1).reshape(len(lanes), -1), ends.reshape(len(lanes), -1)], axis=1
    )
    return np.ascontiguousarray(packed.reshape(-1).astype(np.int32))


def distance(work: WeightedWork, view: WindowStruct) -> int:
    """Least (input offset - output offset) at which rows to be read lie behind written outputs."""
    _, height, width, channels = work.source.shape
    _, rows, columns, out_channels = work.target.shape
    row_bytes = columns * out_channels
    needed = []
    for y in range(rows - 1):
        later = 2 * y + 4 - view.pad_top
        if later < height:
            needed.append((y + 1) * row_bytes - later * width * channels)
    return max(needed, default=-rows * row_bytes)
