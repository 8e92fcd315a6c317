"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.graph.window import window_of
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import extent
from mcuzoo.lowering.params import (
    ExtentStruct,
    KernelParams,
    RequantizationStruct,
    RowWindow,
    Shape,
    WindowStruct,
    windowed_rows,
)
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, bordered, exact_float, given, requantize, under_tap
from mcuzoo.ops.common.weighted import (
    WeightedWork,
    bias_of,
    layer,
    prepare_weighted,
    room,
    weighted_constant_bytes,
    weighted_requantization,
)
from mcuzoo.ops.kernels.conv_2d_stem_dsp import Stem
from mcuzoo.ops.kernels.depthwise_3x3_dsp import Depthwise3x3Dsp
from mcuzoo.ops.kernels.depthwise_choice import Quickest
from mcuzoo.ops.kernels.depthwise_dsp import DepthwiseDsp
from mcuzoo.ops.kernels.depthwise_pixel_dsp import DepthwisePixel
from mcuzoo.ops.kernels.depthwise_row_dsp import DepthwiseRow
from mcuzoo.ops.kernels.one_channel import OneChannel, Planes
from mcuzoo.ops.kernels.window_blocks import WindowBlocks
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, Weights


def rule(model: Model, op: Op) -> None:
    """One image, weights (1, h, w, in * depth_multiplier)."""
    _check(model, op, rules.INT8)
    room(model, op, model.tensor(op.inputs[1]).shape[3], axis=3)


def demands(model: Model, op: Op) -> None:
    """Weights (1, h, w, in * depth_multiplier), any batch."""
    _check(model, op, rules.REAL)
    if len(op.inputs) == 3:
        # TFLM's reference kernel frees the bias tensor without a check that there is one.
        rules.input_tensor(model, op, 2)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(2, 4))
    source, _ = rules.images(model, op, kinds)
    weights = rules.input_tensor(model, op, 1)
    if len(weights.shape) != 4 or weights.shape[0] != 1 or weights.elements == 0:
        raise rules.Refusal(f"has the shape {list(weights.shape)}", weights.index)
    _, height, width, channels = weights.shape
    multiplier = int(op.options["depth_multiplier"])
    if channels != source.shape[3] * multiplier:
        raise rules.Refusal(f"does not fit the depth multiplier {multiplier}", weights.index)
    rules.slides(model, op, (height, width), channels)
    layer(model, op, channels, axis=3)


def reference(model: Model, op: Op) -> Kernel:
    """Tap by tap; every input channel feeds `depth_multiplier` neighbouring output channels."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    assert weights.data is not None
    _, height, width, channels = weights.shape
    window = window_of(op, (source.shape[1], source.shape[2]), (height, width))
    bias = bias_of(model, op, channels)
    dtype = exact_float(weights.data.reshape(-1, channels).T, bias)
    filters = weights.data[0].astype(dtype)
    offsets = bias.astype(dtype)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point
    multiplier = channels // source.shape[3]

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        seen = bordered(given(inputs, 0)[0], zero_point, window, dtype)
        if multiplier > 1:
            seen = np.repeat(seen, multiplier, axis=2)
        sums = np.empty((window.output_height, window.output_width, channels), dtype=dtype)
        sums[:] = offsets
        product = np.empty_like(sums)
        for y in range(height):
            for x in range(width):
                np.multiply(under_tap(seen, window, y, x), filters[y, x], out=product)
                sums += product
        return requantize(sums, to)[None]

    return run


@dataclass(frozen=True)
class DepthwiseConv2dParams(KernelParams):
    """As mz_depthwise_conv_2d_s8.h has them. input, output: output channels = input channels *
    depth_multiplier. window: in pixels. input_zero_point: what stands outside the image. weights:
    int8 [window height, window width, output channels]. bias: int32 [output channels], less zero
    point times the sum of the weights. to: from sums to int8.
    """

    c_type = "mz_depthwise_conv_2d_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    depth_multiplier: int
    input_zero_point: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct

    def passes(self, constant: Constant) -> int:
        return self.output.height * self.output.width

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return windowed_rows(self.input, self.window, source)


def prepare(program: Program, step: Step) -> WeightedWork:
    """Weights (1, h, w, out)."""
    return prepare_weighted(program, step, lambda weights: weights.reshape(-1, weights.shape[3]).T)


class AnyWindow:
    kernel = "mz_depthwise_conv_2d_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        params = DepthwiseConv2dParams(
            input=extent(work.source),
            output=extent(work.target),
            window=work.view,
            depth_multiplier=work.channels // work.source.shape[3],
            input_zero_point=work.input_zero_point,
            weights=work.weights_constant(work.weights, "[y][x][output channel]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return work.call(self.kernel, params)


OPERATOR = Operator(
    name="DEPTHWISE_CONV_2D",
    aot=Aot(
        constraint="int8, batch 1, constant weights",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(
            Quickest(DepthwiseRow()),
            Quickest(DepthwisePixel()),
            Depthwise3x3Dsp(),
            OneChannel(Stem()),
            Planes(convolution=False),
            OneChannel(WindowBlocks()),
            DepthwiseDsp(),
            AnyWindow(),
        ),
        constant_bytes=weighted_constant_bytes,
    ),
    tflm=Tflm(resolver="AddDepthwiseConv2D", rule=demands),
    rewrite=Rewrite(int8_version=3, weights=Weights(channel_axis=3), output="any"),
)
