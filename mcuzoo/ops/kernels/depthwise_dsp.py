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
    ExtentStruct,
    KernelParams,
    RowWindow,
    Shape,
    WindowStruct,
    pieces,
    windowed_rows,
)
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.depthwise_3x3_dsp import TIGHT_BYTES
from mcuzoo.ops.kernels.dsp_weights import ExactRounding, exact_rounding

LANES = 4
"""Channels whose planes are made at a time."""

GROUP = 4
"""Output columns that are computed at a time."""

_TILE_COLUMNS = 64
_SCRATCH_BYTES = 5_632
_TIGHT_SCRATCH_BYTES = 2_816
_LEAST_STRIP = 2
_HELD_BYTES = 8192

_QUICK_WORDS = (2, 3, 4)
"""Of a row of a window, where the kernel has a loop of its own."""

_WORDS_BEHIND = 4
"""MZ_TAPS_WORDS_BEHIND."""

_LEAST_COLUMNS = 2
"""Of fewer columns most of a group would be for nothing, and the portable kernel is as fast."""


@dataclass(frozen=True)
class DepthwiseConv2dDspParams(KernelParams):
    """As mz_depthwise_conv_2d_s8_dsp.h has them. input, output: output channels = input channels *
    depth_multiplier. window: in pixels. input_pixel_bytes, input_row_bytes, output_pixel_bytes,
    output_row_bytes: from pixel to pixel and from row to row; where they say that rows are taken as
    columns, heights and widths are exchanged. input_zero_point: what stands outside the image.
    strip: output rows that are computed at a time. tile: output columns; of dilated windows, those
    that read the same ones. weights: int8 [output channel, window height, window width]. bias:
    int32 [output channels], less zero point times the sum of the weights. multipliers: Q0.31
    mantissas, int32 [output channels]. shifts: to the right, int8 [output channels]. zero_point: of
    the output. minimum, maximum: the fused activation as int8 values of the output.
    """

    c_type = "mz_depthwise_conv_2d_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_pixel_bytes: int
    input_row_bytes: int
    output_pixel_bytes: int
    output_row_bytes: int
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
        if self.input_pixel_bytes != self.input.channels:
            return None
        return windowed_rows(self.input, self.window, source, widens=2)

    def for_band(self, band: int, scratch_bytes: int) -> tuple[KernelParams, int]:
        params = replace(self, strip=min(self.strip, band))
        return params, _scratch_bytes(params)


class DepthwiseDsp:
    kernel = "mz_depthwise_conv_2d_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        view = work.view
        height, width = work.target.shape[1:3]
        return (
            1 in (view.stride_w, view.dilation_w)
            and max(width // view.dilation_w, height // view.dilation_h) >= _LEAST_COLUMNS
            and _rounding(work) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        exact = _rounding(work)
        assert exact is not None
        turned = _is_turned(work)
        view, source, target = work.view, extent(work.source), extent(work.target)
        weights = work.weights[0].transpose(2, 0, 1)
        steps = (
            (source.channels, source.width * source.channels),
            (target.channels, target.width * target.channels),
        )
        if turned:
            view, source, target = _turned(view), _exchanged(source), _exchanged(target)
            weights = weights.transpose(0, 2, 1)
            steps = (steps[0][::-1], steps[1][::-1])
        layout = "x][y" if turned else "y][x"
        meaning = (*describe(work.weights_tensor), f"Layout [output channel][{layout}].")
        multipliers, shifts = exact.multipliers, exact.shifts - 7
        params = DepthwiseConv2dDspParams(
            input=source,
            output=target,
            window=view,
            input_pixel_bytes=steps[0][0],
            input_row_bytes=steps[0][1],
            output_pixel_bytes=steps[1][0],
            output_row_bytes=steps[1][1],
            depth_multiplier=work.channels // work.source.shape[3],
            input_zero_point=work.input_zero_point,
            strip=target.height,
            tile=min(pieces(target.width, view.dilation_w), _TILE_COLUMNS),
            weights=Constant(
                symbol(work.op, "weights"), np.ascontiguousarray(weights).reshape(-1), meaning
            ),
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
        tight = work.source.bytes >= TIGHT_BYTES
        params = _strips_within(params, _TIGHT_SCRATCH_BYTES if tight else _SCRATCH_BYTES)
        return work.call(
            self.kernel,
            params,
            scratch_bytes=_scratch_bytes(params),
            overlaps=() if turned else (Overlap(distance(params)),),
        )


def _rows_of(work: WeightedWork) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """(channels, taps)."""
    return np.ascontiguousarray(work.weights.reshape(-1, work.channels).T)


def _rounding(work: WeightedWork) -> ExactRounding | None:
    return exact_rounding(work, _rows_of(work))


def _exchanged(of: ExtentStruct) -> ExtentStruct:
    return ExtentStruct(of.width, of.height, of.channels)


def _turned(view: WindowStruct) -> WindowStruct:
    """Heights for widths."""
    return WindowStruct(
        height=view.width,
        width=view.height,
        stride_h=view.stride_w,
        stride_w=view.stride_h,
        dilation_h=view.dilation_w,
        dilation_w=view.dilation_h,
        pad_top=view.pad_left,
        pad_left=view.pad_top,
    )


def _is_turned(work: WeightedWork) -> bool:
    """Whether rows are taken as columns: where that takes much less, as it forbids to compute the
    image by rows."""
    view, (height, width) = work.view, work.target.shape[1:3]
    plain, turned = _words(view, height, width), _words(_turned(view), width, height)
    return 1 in (view.stride_h, view.dilation_h) and 3 * turned < 2 * plain


def _words(view: WindowStruct, rows: int, columns: int) -> int:
    """Words of weights that a channel's groups of outputs meet; what else a group takes is as much
    as a few."""
    groups = view.dilation_w * pieces(pieces(columns, view.dilation_w), GROUP)
    words = view.width // 2 + 1 if view.stride_w == 1 else (view.width + 1) // 2
    quick = view.stride_w <= 2 and words in _QUICK_WORDS
    return rows * groups * (view.height * (words + 1) * (1 if quick else 3) + 6)


def _strips_within(params: DepthwiseConv2dDspParams, most: int) -> DepthwiseConv2dDspParams:
    """As many rows at a time as fit `most` bytes of scratch memory, as evenly as possible: every
    strip brings rows into planes that the one before had, too. Of fewer channels than four no more
    rows than of four, unless the data cache holds their outputs, which are written channel by
    channel."""
    rows = params.output.height
    for strips in range(1, rows + 1):
        found = replace(params, strip=pieces(rows, strips))
        held = found.strip * params.output.width * params.output.channels <= _HELD_BYTES
        needed = _scratch_bytes(found, None if held else LANES)
        if needed <= most or found.strip <= _LEAST_STRIP:
            return found
    return params


def _scratch_bytes(params: DepthwiseConv2dDspParams, lanes: int | None = None) -> int:
    """Planes of `lanes` channels, by default of four or fewer; the weights of one, a group of
    outputs for each row, and as much as is read behind the planes."""
    window = params.window
    neighbours = window.stride_w == 1
    words = window.width // 2 + 1 if neighbours else (window.width + 1) // 2
    rows = (params.strip - 1) * window.stride_h + (window.height - 1) * window.dilation_h + 1
    row_words = pieces(params.tile, GROUP) * GROUP * window.stride_w // 2 + words
    weights = window.height * words * (2 if neighbours else 1)
    behind = max(
        weights + _WORDS_BEHIND + params.strip, window.dilation_h * row_words + _WORDS_BEHIND
    )
    lanes = lanes or min(LANES, params.input.channels)
    return 4 * (lanes * rows * row_words + behind)


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
    strip = params.strip
    while strip > 1:
        strip = pieces(strip, 2)
        tight = replace(params, strip=strip)
        overlaps = (Overlap(distance(tight)),) if call.overlaps else ()
        yield replace(call, params=tight, scratch_bytes=_scratch_bytes(tight), overlaps=overlaps)


def without_scratch(call: Call) -> Call:
    """What the call takes of the arena in the portable kernel; another kernel's call itself."""
    if call.kernel != DepthwiseDsp.kernel:
        return call
    return replace(call, scratch_bytes=0, overlaps=())
