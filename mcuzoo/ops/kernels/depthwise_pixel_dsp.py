"""Depthwise convolutions of few output pixels on mz_depthwise_pixel_s8_dsp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    windowed_rows,
)
from mcuzoo.ops.common.pooling import distance
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.dsp_weights import ExactRounding, exact_rounding

LANES = 4
"""Channels that are computed together."""

_POINTER_BYTES = 8
"""Room for one on any machine."""

_TAPS_BEHIND = 2
"""MZ_PIXEL_TAPS_BEHIND."""


@dataclass(frozen=True)
class DepthwisePixelDspParams(KernelParams):
    """As mz_depthwise_pixel_s8_dsp.h has them. input, output: as many channels of both, 4 or more.
    window: in pixels, two taps or more. input_zero_point: what stands outside the image. packed:
    biases, weights and scales of each four channels. zero_point: of the output. minimum, maximum:
    the fused activation as int8 values of the output.
    """

    c_type = "mz_depthwise_pixel_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_zero_point: int
    packed: Constant
    zero_point: int
    minimum: int
    maximum: int

    def passes(self, constant: Constant) -> int:
        return self.output.height * self.output.width

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return windowed_rows(self.input, self.window, source)


class DepthwisePixel:
    kernel = "mz_depthwise_pixel_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        return (
            work.channels == work.source.shape[3] >= LANES
            and work.weights.size > work.channels
            and _rounding(work) is not None
        )

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        exact = _rounding(work)
        assert exact is not None
        view = work.view
        padded = whole_windows(work) != work.target.shape[1:3]
        meaning = (
            *describe(work.weights_tensor),
            "With bias and scales, four channels at a time: mz_depthwise_pixel_s8_dsp.h.",
        )
        params = DepthwisePixelDspParams(
            input=extent(work.source),
            output=extent(work.target),
            window=view,
            input_zero_point=work.input_zero_point,
            packed=Constant(symbol(work.op, "packed"), packed_words(work, exact), meaning),
            zero_point=work.to.output_zero_point,
            minimum=work.to.minimum,
            maximum=work.to.maximum,
        )
        taps = view.height * view.width
        return work.call(
            self.kernel,
            params,
            scratch_bytes=_POINTER_BYTES * (taps + _TAPS_BEHIND) + (work.channels if padded else 0),
            overlaps=(Overlap(distance(work.source, work.target, view)),),
        )


def _rounding(work: WeightedWork) -> ExactRounding | None:
    return exact_rounding(work, np.ascontiguousarray(work.weights.reshape(-1, work.channels).T))


def whole_windows(work: WeightedWork) -> tuple[int, int]:
    """Rows and columns of outputs whose windows are all inside of the image."""
    view = work.view
    axes = (
        (view.height, view.dilation_h, view.stride_h, view.pad_top),
        (view.width, view.dilation_w, view.stride_w, view.pad_left),
    )
    sizes = zip(axes, work.source.shape[1:3], work.target.shape[1:3], strict=True)
    rows, columns = (
        sum(0 <= at * stride - pad < size - (taps - 1) * dilation for at in range(windows))
        for (taps, dilation, stride, pad), size, windows in sizes
    )
    return rows, columns


def packed_words(work: WeightedWork, exact: ExactRounding) -> NDArray[np.int32]:
    """The constants in the layout of mz_depthwise_pixel_s8_dsp.h."""
    channels, shifts = work.channels, (exact.shifts - 8).astype(np.int8)
    taps = work.weights.reshape(-1, channels)
    even, whole = len(taps) // 2 * 2, channels // LANES * LANES
    parts = []
    for at in range(0, whole, LANES):
        lanes = slice(at, at + LANES)
        pairs = taps[:even, lanes].reshape(-1, 2, 2, 2).transpose(0, 2, 1, 3)
        numbers = (work.bias[lanes], exact.multipliers[lanes])
        bias, multipliers = (one.astype("<i4").view(np.int8) for one in numbers)
        rest = taps[even:, lanes]
        parts += [bias, pairs.reshape(-1), rest.reshape(-1), multipliers, shifts[lanes]]
    ends = np.stack([work.bias[whole:], exact.multipliers[whole:]], axis=1).astype("<i4")
    parts += [ends.reshape(-1).view(np.int8), shifts[whole:], taps[:, whole:].T.reshape(-1)]
    packed = np.concatenate(parts)
    return np.pad(packed, (0, -len(packed) % 4)).view("<i4").astype(np.int32)
