"""CONV_2D of any window on mz_conv_2d_s8_dsp: windows are gathered, then multiplied like pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Op
from mcuzoo.lowering.alignment import align_up
from mcuzoo.lowering.call import Call
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
from mcuzoo.ops.kernels.dsp_weights import unpackable
from mcuzoo.ops.kernels.product_blocks import (
    PIXELS,
    block_scratch_bytes,
    fits_pairs,
    pack_pairs,
    stream_bytes,
)

MOST_INPUTS = 2048
"""Most inputs of a window: scratch memory, 8 bytes for each, must not decide the fit."""


_LAYOUT = "Packed with bias and scales, a pair of channels after the other: mz_conv_2d_s8_dsp.h."


@dataclass(frozen=True)
class Conv2dDspParams(KernelParams):
    """As mz_conv_2d_s8_dsp.h has them. input, output: at least 2 output channels. window: in
    pixels. input_zero_point: what stands outside the image. depth: input values of a window,
    rounded up to four, and what is repeated. repeated: inputs that are read twice. packed: a stream
    of words per pair of output channels, then the places of what is repeated. slice: so many
    channels are computed of all pixels before the next ones. exact: 0: sums become
    outputs by a straight line, 1: by TFLM's roundings (mz_requantization.h). minimum, maximum: the
    fused activation as int8 values of the output.
    """

    c_type = "mz_conv_2d_s8_dsp_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_zero_point: int
    depth: int
    repeated: int
    packed: Constant
    slice: int
    exact: int
    minimum: int
    maximum: int

    @property
    def held_bytes(self) -> int:
        return stream_bytes(self.packed, self.output.channels) * pieces(self.slice, 2)

    def passes(self, constant: Constant) -> int:
        return pieces(self.output.height * self.output.width, PIXELS)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return windowed_rows(self.input, self.window, source)


class WindowBlocks:
    kernel = "mz_conv_2d_s8_dsp"

    def accepts(self, work: WeightedWork) -> bool:
        rows, _ = with_repeats(rows_of(work))
        return rows.shape[1] <= MOST_INPUTS and fits_pairs(work, rows)

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        rows, places = with_repeats(rows_of(work))
        depth = rows.shape[1]
        packed, exact = pack_pairs(work, rows)
        meaning = (*describe(work.weights_tensor), _LAYOUT)
        params = Conv2dDspParams(
            input=extent(work.source),
            output=extent(work.target),
            window=work.view,
            input_zero_point=work.input_zero_point,
            depth=depth,
            repeated=len(places),
            packed=Constant(symbol(work.op, "packed"), np.append(packed, places), meaning),
            slice=work.channels,
            exact=int(exact),
            minimum=work.to.minimum,
            maximum=work.to.maximum,
        )
        return work.call(
            self.kernel,
            params,
            scratch_bytes=block_scratch_bytes(depth)
            + _behind_bytes(work.source.shape[3], depth - len(places)),
        )


_BUFFER_BYTES = 576
"""MZ_CONV_BUFFER_BYTES."""


def _behind_bytes(channels: int, depth: int) -> int:
    """Of the scratch memory, behind activations: a pixel outside of the image, or four windows."""
    buffered = PIXELS * depth if channels % 4 else channels
    return buffered if buffered > _BUFFER_BYTES else 0


def with_repeats(rows: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Weights (channels, inputs) of which each fits beside the next one, and the places of inputs
    that stand once more behind the others, as whole quads: where a channel has -128, the weight is
    -127 there and -1 here."""
    exceptions = unpackable(rows)
    if not len(exceptions):
        return rows, np.zeros(0, np.int32)
    channels, inputs = exceptions.T
    places, order = np.unique(inputs, return_inverse=True)
    rows = np.pad(rows, ((0, 0), (0, align_up(len(places), 4))))
    rows[channels, inputs] = -127
    rows[channels, rows.shape[1] - align_up(len(places), 4) + order] = -1
    return rows, np.pad(places, (0, -len(places) % 4)).astype(np.int32)


def rows_of(work: WeightedWork) -> NDArray[np.int8]:
    """(channels, inputs of a window), filled up with zeros to whole quads."""
    rows = work.weights.reshape(work.channels, -1)
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
