"""Depthwise convolutions of images of one row on mz_depthwise_row_s8_dsp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import symbol
from mcuzoo.lowering.params import KernelParams, not_by_rows, pieces
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.dsp_weights import ExactRounding, exact_rounding

LANES = 4
"""Channels whose planes are made at a time."""

GROUP = 4
"""Output columns that are computed at a time."""

_TILE_COLUMNS = 64


@dataclass(frozen=True)
class DepthwiseRowDspParams(KernelParams):
    """As mz_depthwise_row_s8_dsp.h has them. input_width, output_width: in pixels. channels: 4 or
    more. taps: of the window. pad_left: pixels outside before the first. input_zero_point: what
    stands there. tile: output columns that are computed at a time. weights: int8 [channel, tap].
    bias: int32 [channels], less zero point times the sum of the weights. multipliers: Q0.31
    mantissas, int32 [channels]. shifts: to the right, int8 [channels]. zero_point: of the output.
    minimum, maximum: the fused activation as int8 values of the output.
    """

    c_type = "mz_depthwise_row_s8_dsp_params"
    input_width: int
    output_width: int
    channels: int
    taps: int
    pad_left: int
    input_zero_point: int
    tile: int
    weights: Constant
    bias: Constant
    multipliers: Constant
    shifts: Constant
    zero_point: int
    minimum: int
    maximum: int

    by_rows = not_by_rows

    def passes(self, constant: Constant) -> int:
        return pieces(self.output_width, self.tile)


class DepthwiseRow:
    kernel = "mz_depthwise_row_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        view, (_, height, width, _) = work.view, work.target.shape
        tile = _tile(width)
        return (
            (work.source.shape[1], height, view.height, view.pad_top) == (1, 1, 1, 0)
            and (view.stride_w, view.dilation_w) == (1, 1)
            and view.width >= 2
            and work.channels == work.source.shape[3] >= LANES
            and width - (pieces(width, tile) - 1) * tile >= GROUP
            and _rounding(work) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        exact = _rounding(work)
        assert exact is not None
        view, width, channels = work.view, work.target.shape[2], work.channels
        weights = np.ascontiguousarray(work.weights.reshape(-1, channels).T)
        params = DepthwiseRowDspParams(
            input_width=work.source.shape[2],
            output_width=width,
            channels=channels,
            taps=view.width,
            pad_left=view.pad_left,
            input_zero_point=work.input_zero_point,
            tile=_tile(width),
            weights=work.weights_constant(weights, "[channel][tap]"),
            bias=work.bias_constant(),
            multipliers=Constant(
                symbol(work.op, "multipliers"),
                exact.multipliers,
                ("Input scale x weight scale / output scale per channel: Q0.31 mantissas.",),
            ),
            shifts=Constant(
                symbol(work.op, "shifts"),
                (exact.shifts - 7).astype(np.int8),
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


def _rounding(work: WeightedWork) -> ExactRounding | None:
    return exact_rounding(work, np.ascontiguousarray(work.weights.reshape(-1, work.channels).T))


def _tile(columns: int) -> int:
    """Whole groups, as evenly as possible."""
    return GROUP * pieces(columns, GROUP * pieces(columns, _TILE_COLUMNS))


def _scratch_bytes(params: DepthwiseRowDspParams) -> int:
    """MZ_ROW_SCRATCH_BYTES."""
    plane, weights = (params.tile + params.taps) // 2 + 2, (params.taps // 4 + 1) * 4 + 4
    return 4 * (LANES * plane + weights)


def distance(params: DepthwiseRowDspParams) -> int:
    """Least input offset - output offset at which no tile writes over what it or a later one still
    reads: each brings some channels into planes when others are written."""
    needed = []
    for first in range(0, params.output_width, params.tile):
        read = max(first - params.pad_left, 0)
        needed.append(min(first + params.tile, params.output_width) - read)
    return max(needed) * params.channels
