"""TRANSPOSE_CONV: a convolution turned round; each input pixel adds its window to the output.

Source: TransposeConv in tensorflow/lite/kernels/internal/reference/integer_ops/transpose_conv.h.
Inputs are the output's shape, the weights (out, h, w, in), the image and, if there is one, a bias.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.graph.window import window_of
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import constant_bytes, describe, extent, symbol, window
from mcuzoo.lowering.params import (
    ExtentStruct,
    KernelParams,
    RequantizationStruct,
    WindowStruct,
    not_by_rows,
    pieces,
)
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.common.weighted import (
    WeightedWork,
    bias_of,
    layer,
    prepare_weighted,
    room,
    weighted_constant_bytes,
    weighted_requantization,
)
from mcuzoo.ops.operator import Aot, Operator, Tflm, Without


def as_layer(op: Op) -> Op:
    """The op with its inputs in the order of other layers: image, weights, bias."""
    return replace(op, inputs=(op.inputs[2], op.inputs[1], *op.inputs[3:]))


def rule(model: Model, op: Op) -> None:
    """One image, constant weights (out, h, w, in)."""
    _check(model, op, rules.INT8)
    turned = as_layer(op)
    room(model, turned, model.tensor(turned.inputs[1]).shape[0], axis=0)


def demands(model: Model, op: Op) -> None:
    """Constant weights (out, h, w, in), any batch.

    CMSIS-NN's kernel ignores a fused activation. Where a stride is larger than the window, or where
    pixels of the output lie beyond all windows, it gives wrong values or writes beyond its scratch:
    compared with TFLM's own kernel, version 99f736a.
    """
    _check(model, op, rules.REAL)
    if op.options["fused_activation_function"] != "NONE":
        fused = op.options["fused_activation_function"]
        raise rules.Refusal(f"it fuses {fused}, which CMSIS-NN's kernel ignores")
    weights, source = (model.tensor(index).shape for index in op.inputs[1:3])
    target = rules.output_tensor(model, op)
    strides = int(op.options["stride_h"]), int(op.options["stride_w"])
    for axis, stride in enumerate(strides, start=1):
        pixels, taps = source[axis], weights[axis]
        same = op.options["padding"] == "SAME"
        made = pixels * stride if same else (pixels - 1) * stride + taps
        if taps < stride or target.shape[axis] != made:
            raise rules.Refusal(
                f"has {target.shape[axis]} pixels from {pixels} by {taps} taps and a stride of "
                f"{stride}, which CMSIS-NN's kernel gets wrong",
                target.index,
            )


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(3, 5))
    turned = as_layer(op)
    source, target = rules.images(model, turned, kinds)
    weights = rules.input_tensor(model, turned, 1)
    if len(weights.shape) != 4 or weights.elements == 0 or weights.shape[3] != source.shape[3]:
        raise rules.Refusal(f"has the shape {list(weights.shape)}", weights.index)
    channels, height, width, _ = weights.shape
    strides = int(op.options["stride_h"]), int(op.options["stride_w"])
    if min(strides) < 1 or max(height, width, *strides) > rules.MAX_REACH:
        raise rules.Refusal(f"its window is {[height, width]} with strides {list(strides)}")
    slid = window_of(op, (target.shape[1], target.shape[2]), (height, width))
    if source.shape[1:3] != (slid.output_height, slid.output_width):
        raise rules.Refusal(
            f"has the shape {list(target.shape)}, which is not made of {list(source.shape)}",
            target.index,
        )
    rules.same_shape(target, (source.shape[0], *target.shape[1:3], channels))
    layer(model, turned, channels, axis=0)


def reference(model: Model, op: Op) -> Kernel:
    turned = as_layer(op)
    source, weights = (model.tensor(index) for index in turned.inputs[:2])
    assert weights.data is not None
    _, rows, columns, channels = model.tensor(op.outputs[0]).shape
    taps = weights.data.astype(np.float64)
    slid = window_of(op, (rows, columns), (taps.shape[1], taps.shape[2]))
    bias = bias_of(model, turned, channels)
    to = weighted_requantization(model, turned)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 2)[0].astype(np.float64) - zero_point
        height, width, _ = image.shape
        # Large enough for the output and for all windows; products are exact in float64.
        sums = np.zeros(
            (
                max((height - 1) * slid.stride_h + slid.height, slid.pad_top + rows),
                max((width - 1) * slid.stride_w + slid.width, slid.pad_left + columns),
                channels,
            )
        )
        for y in range(slid.height):
            for x in range(slid.width):
                bottom = y + (height - 1) * slid.stride_h + 1
                right = x + (width - 1) * slid.stride_w + 1
                under = sums[y : bottom : slid.stride_h, x : right : slid.stride_w]
                under += image @ taps[:, y, x].T
        top, left = slid.pad_top, slid.pad_left
        seen = sums[top : top + rows, left : left + columns]
        return requantize(seen + bias, to)[None]

    return run


@dataclass(frozen=True)
class TransposeConvParams(KernelParams):
    """As mz_transpose_conv_s8.h has them. input, output: sizes. window: slides over the output, a
    step for each input pixel. input_zero_point: of the input. weights: int8 [output channels,
    window height, window width, input channels]. bias: int32 [output channels], as in the model.
    to: from sums to int8.
    """

    c_type = "mz_transpose_conv_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_zero_point: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct

    by_rows = not_by_rows

    def passes(self, constant: Constant) -> int:
        """An output pixel reads every stride-th tap of a row and of a column."""
        pixels = self.output.height * self.output.width
        if constant is not self.weights:
            return pixels
        return pieces(pixels, self.window.stride_h * self.window.stride_w)


def prepare(program: Program, step: Step) -> WeightedWork:
    turned = replace(step, op=as_layer(step.op))
    work = prepare_weighted(program, turned, lambda weights: weights.reshape(len(weights), -1))
    # The kernel takes the zero point from each input, since no output pixel meets all taps.
    sums = work.weights.reshape(work.channels, -1).sum(axis=1, dtype=np.int32)
    return replace(work, op=step.op, bias=work.bias + work.input_zero_point * sums)


class AnyWindow:
    kernel = "mz_transpose_conv_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        _, height, width, _ = work.weights.shape
        meaning = describe(work.bias_tensor) if work.bias_tensor else ("No bias in the model.",)
        params = TransposeConvParams(
            input=extent(work.source),
            output=extent(work.target),
            window=window(work.op, work.target, (height, width)),
            input_zero_point=work.input_zero_point,
            weights=work.weights_constant(work.weights, "[output channel][y][x][input channel]"),
            bias=Constant(symbol(work.op, "bias"), work.bias.astype(np.int32), meaning),
            to=work.requantization(),
        )
        return work.call(self.kernel, params)


def _constant_bytes(model: Model, op: Op) -> int:
    return constant_bytes(model, op.inputs[1:2]) + weighted_constant_bytes(
        model, replace(op, inputs=())
    )


OPERATOR = Operator(
    name="TRANSPOSE_CONV",
    aot=Aot(
        constraint="int8, batch 1, constant weights",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(AnyWindow(),),
        constant_bytes=_constant_bytes,
    ),
    tflm=Tflm(resolver="AddTransposeConv", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
