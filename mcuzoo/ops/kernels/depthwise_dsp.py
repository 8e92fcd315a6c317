"""Depthwise convolutions of any window on mz_depthwise_conv_2d_s8_dsp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

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
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.depthwise_3x3_dsp import TIGHT_BYTES
from mcuzoo.ops.kernels.dsp_weights import ExactRounding, exact_rounding

LANES = 4
"""Channels whose planes are made at a time."""

GROUP = 4
"""Output columns that are computed at a time."""

_TILE_COLUMNS = 64
_STRIP_INPUT_ROWS = 10
_LEAST_STRIP = 2

_WORDS_BEHIND = 4
"""MZ_TAPS_WORDS_BEHIND."""

_LEAST_COLUMNS = 2
"""Of fewer columns most of a group would be for nothing, and the portable kernel is as fast."""


@dataclass(frozen=True)
class DepthwiseConv2dDspParams(KernelParams):
    """As mz_depthwise_conv_2d_s8_dsp.h has them. input, output: output channels = input channels *
    depth_multiplier. window: in pixels. input_zero_point: what stands outside the image. strip:
    output rows that are computed at a time. tile: output columns; of dilated windows, those that
    read the same ones. weights: int8 [output channel, window height, window width]. bias: int32
    [output channels], less zero point times the sum of the weights. multipliers: Q0.31 mantissas,
    int32 [output channels]. shifts: to the right, int8 [output channels]. zero_point: of the
    output. minimum, maximum: the fused activation as int8 values of the output.
    """

    c_type = "mz_depthwise_conv_2d_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    depth_multiplier: int
    input_zero_point: int
    strip: int
    tile: int
    weights: Constant
    bias: Constant
    multipliers: Constant
    shifts: Constant
    zero_point: int
    minimum: int
    maximum: int

    def passes(self, constant: Constant) -> int:
        phases = self.window.dilation_w
        tiles = phases * pieces(pieces(self.output.width, phases), self.tile)
        return pieces(self.output.height, self.strip) * tiles

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        reach = (self.window.height - 1) * self.window.dilation_h + 1
        settings = (*HEIGHTS, Setting("window.pad_top", "pad_top"))
        return RowWindow(reach, self.window.stride_h, self.window.pad_top, settings, widens=2)

    def for_band(self, band: int, scratch_bytes: int) -> tuple[KernelParams, int]:
        params = replace(self, strip=min(self.strip, band))
        return params, _scratch_bytes(params)


class DepthwiseDsp:
    kernel = "mz_depthwise_conv_2d_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        view = work.view
        return (
            1 in (view.stride_w, view.dilation_w)
            and work.target.shape[2] // view.dilation_w >= _LEAST_COLUMNS
            and _rounding(work) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        view = work.view
        exact = _rounding(work)
        assert exact is not None
        meaning = (*describe(work.weights_tensor), "Layout [output channel][y][x].")
        multipliers, shifts = exact.multipliers, exact.shifts - 7
        params = DepthwiseConv2dDspParams(
            input=extent(work.source),
            output=extent(work.target),
            window=view,
            depth_multiplier=work.channels // work.source.shape[3],
            input_zero_point=work.input_zero_point,
            strip=_strip_rows(work, view),
            tile=min(pieces(work.target.shape[2], view.dilation_w), _TILE_COLUMNS),
            weights=Constant(symbol(work.op, "weights"), _rows_of(work).reshape(-1), meaning),
            bias=work.bias_constant(),
            multipliers=Constant(
                symbol(work.op, "multipliers"),
                multipliers,
                ("Input scale x weight scale / output scale per channel: Q0.31 mantissas.",),
            ),
            shifts=Constant(
                symbol(work.op, "shifts"),
                shifts.astype(np.int8),
                ("Their powers of two, to the right.",),
            ),
            zero_point=work.to.output_zero_point,
            minimum=work.to.minimum,
            maximum=work.to.maximum,
        )
        return work.call(
            self.kernel,
            params,
            scratch_bytes=_scratch_bytes(params),
            overlaps=(Overlap(distance(params)),),
        )


def _rows_of(work: WeightedWork) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """(channels, taps)."""
    return np.ascontiguousarray(work.weights.reshape(-1, work.channels).T)


def _rounding(work: WeightedWork) -> ExactRounding | None:
    return exact_rounding(work, _rows_of(work))


def _strip_rows(work: WeightedWork, view: WindowStruct) -> int:
    """Output rows at a time: more of them, and fewer rows are brought into planes twice."""
    reach = (view.height - 1) * view.dilation_h + 1
    room = 0 if work.source.bytes >= TIGHT_BYTES else (_STRIP_INPUT_ROWS - reach) // view.stride_h + 1
    return min(max(room, _LEAST_STRIP), work.target.shape[1])


def _scratch_bytes(params: DepthwiseConv2dDspParams) -> int:
    """Planes of four channels; the weights of one, a group of outputs for each row, and as much as is
    read behind the planes."""
    window = params.window
    neighbours = window.stride_w == 1
    words = window.width // 2 + 1 if neighbours else (window.width + 1) // 2
    step = 2 if neighbours else GROUP * (1 if window.stride_w == 2 else words)
    rows = (params.strip - 1) * window.stride_h + (window.height - 1) * window.dilation_h + 1
    row_words = pieces(params.tile, GROUP) * step + words
    weights = window.height * words * (2 if neighbours else 1)
    behind = max(weights + _WORDS_BEHIND + params.strip, window.dilation_h * row_words + _WORDS_BEHIND)
    return 4 * (LANES * rows * row_words + behind)


def distance(params: DepthwiseConv2dDspParams) -> int:
    """Least input offset - output offset at which no strip writes over what is still to be read.

    A strip's output may reach as far as the first byte that the next strip reads, if nothing of the
    strip itself is still to be read.
    """
    rows, strip, window = params.output.height, params.strip, params.window
    row_bytes = params.output.width * params.output.channels
    several = (
        params.input.channels > LANES or window.dilation_w > 1 or params.output.width > params.tile
    )
    needed = []
    for first in range(0, rows, strip):
        reader = first if several else first + strip
        if reader < rows:
            read = max(reader * window.stride_h - window.pad_top, 0)
            written = min(first + strip, rows) * row_bytes
            needed.append(written - read * params.input.width * params.input.channels)
    return max(needed, default=-rows * row_bytes)


def with_fewer_rows(call: Call) -> Iterator[Call]:
    """The same call with ever less scratch memory, for more instructions: strips of fewer rows.
    Nothing for a call of another kernel."""
    params = call.params
    if not isinstance(params, DepthwiseConv2dDspParams) or call.kernel != DepthwiseDsp.kernel:
        return
    strip = params.strip // 2
    while strip:
        tight = replace(params, strip=strip)
        yield replace(
            call,
            params=tight,
            scratch_bytes=_scratch_bytes(tight),
            overlaps=(Overlap(distance(tight)),),
        )
        strip //= 2
