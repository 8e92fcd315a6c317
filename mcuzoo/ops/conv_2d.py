"""CONV_2D: pointwise as a matrix product, any other window gathered to one; or portably."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.graph.window import Window, window_of
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
    pieces,
    windowed_rows,
)
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import (
    Kernel,
    bordered,
    exact_float,
    given,
    multiply,
    requantize,
    under_tap,
)
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
from mcuzoo.ops.kernels.lone_channel import LoneChannel
from mcuzoo.ops.kernels.one_channel import Planes
from mcuzoo.ops.kernels.product import PAIR, PortableProduct, is_narrow
from mcuzoo.ops.kernels.product_blocks import ProductBlocks
from mcuzoo.ops.kernels.product_parts import ProductParts
from mcuzoo.ops.kernels.product_rows import ProductRows
from mcuzoo.ops.kernels.two_channels import TwoChannels
from mcuzoo.ops.kernels.window_blocks import WindowBlocks
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, Weights


def rule(model: Model, op: Op) -> None:
    """One image, weights (out, h, w, in), no groups."""
    source, weights = _checked(model, op, rules.INT8)
    if weights.shape[3] != source.shape[3]:
        raise rules.Refusal("makes it a grouped convolution, which has no kernel", weights.index)
    room(model, op, weights.shape[0], axis=0)


def demands(model: Model, op: Op) -> None:
    """Weights (out, h, w, in / groups), any batch."""
    _checked(model, op, rules.REAL)


def _checked(model: Model, op: Op, kinds: Collection[DType]) -> tuple[Tensor, Tensor]:
    """(input, weights)."""
    rules.arity(op, range(2, 4))
    source, _ = rules.images(model, op, kinds)
    weights = rules.input_tensor(model, op, 1)
    if len(weights.shape) != 4 or weights.elements == 0:
        raise rules.Refusal(f"has the shape {list(weights.shape)}", weights.index)
    channels, height, width, depth = weights.shape
    groups, rest = divmod(source.shape[3], depth)
    if rest or channels % groups:
        raise rules.Refusal("does not divide the channels into groups", weights.index)
    rules.slides(model, op, (height, width), channels)
    layer(model, op, channels, axis=0)
    return source, weights


# Values gathered at a time, so that memory stays bounded for large images.
GATHER_LIMIT = 1 << 21


def reference(model: Model, op: Op) -> Kernel:
    """A product of matrices: the values under each window times the weights."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    assert weights.data is not None
    channels, height, width, depth = weights.shape
    window = window_of(op, (source.shape[1], source.shape[2]), (height, width))
    bias = bias_of(model, op, channels)
    dtype = exact_float(weights.data.reshape(channels, -1), bias)
    matrix = weights.data.reshape(channels, -1).T.astype(dtype, order="C")
    offsets = bias.astype(dtype)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        seen = bordered(given(inputs, 0)[0], zero_point, window, dtype)
        output = np.empty((window.output_height, window.output_width, channels), np.int8)
        for first, rows in _patches(seen, window):
            sums = multiply(rows.reshape(-1, height * width * depth), matrix)
            sums += offsets
            output[first : first + len(rows)] = requantize(sums, to).reshape(
                len(rows), window.output_width, channels
            )
        return output[None]

    return run


def _patches(seen: NDArray[Any], window: Window) -> Iterator[tuple[int, NDArray[Any]]]:
    """Rows of windows: the first one's index and (rows, columns, height, width, depth)."""
    taps = window.height * window.width
    step = max(1, GATHER_LIMIT // (window.output_width * taps * seen.shape[2]))
    for first in range(0, window.output_height, step):
        last = min(first + step, window.output_height)
        if taps == 1:
            yield first, under_tap(seen, window, 0, 0)[first:last, :, None, None]
            continue
        block = np.empty(
            (last - first, window.output_width, window.height, window.width, seen.shape[2]),
            dtype=seen.dtype,
        )
        for y in range(window.height):
            for x in range(window.width):
                block[:, :, y, x] = under_tap(seen, window, y, x)[first:last]
        yield first, block


@dataclass(frozen=True)
class Conv2dParams(KernelParams):
    """As mz_conv_2d_s8.h has them. input, output: sizes. window: in pixels. input_zero_point: what
    stands outside the image. weights: int8 [output channels, window height, window width, input
    channels]. bias: int32 [output channels], less zero point times the sum of the weights. to: from
    sums to int8.
    """

    c_type = "mz_conv_2d_params"
    input: ExtentStruct
    output: ExtentStruct
    window: WindowStruct
    input_zero_point: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct

    def passes(self, constant: Constant) -> int:
        at_once = 1 if constant in self.to.constants() else PAIR
        return self.output.height * pieces(self.output.width, at_once)

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        return windowed_rows(self.input, self.window, source)


def prepare(program: Program, step: Step) -> WeightedWork:
    """Weights (out, h, w, in)."""
    return prepare_weighted(program, step, lambda weights: weights.reshape(len(weights), -1))


def is_pointwise(work: WeightedWork) -> bool:
    """A 1x1 window at stride 1: every pixel is a row of a matrix product."""
    _, height, width, _ = work.weights.shape
    strides = work.op.options["stride_h"], work.op.options["stride_w"]
    return (height, width) == (1, 1) and strides == (1, 1)


_BY_CHANNEL = "[output channel][input channel]"


class PointwiseRows(ProductRows):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class PointwiseParts(ProductParts):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class PointwiseBlocks(ProductBlocks):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class Pointwise(PortableProduct):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work)


class PointwiseToTwo(TwoChannels):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class LonePointwise(LoneChannel):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class NarrowPointwise(PortableProduct):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and is_narrow(work)


class AnyWindow:
    kernel = "mz_conv_2d_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        params = Conv2dParams(
            input=extent(work.source),
            output=extent(work.target),
            window=work.view,
            input_zero_point=work.input_zero_point,
            weights=work.weights_constant(work.weights, "[output channel][y][x][input channel]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return work.call(self.kernel, params)


OPERATOR = Operator(
    name="CONV_2D",
    aot=Aot(
        constraint="int8, batch 1, one group, constant weights",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(
            PointwiseToTwo(),
            NarrowPointwise(_BY_CHANNEL),
            LonePointwise("[input channel]"),
            PointwiseRows(),
            PointwiseParts(),
            PointwiseBlocks(),
            Stem(),
            Planes(convolution=True),
            WindowBlocks(),
            PointwiseParts(several=True),
            Pointwise(_BY_CHANNEL),
            AnyWindow(),
        ),
        constant_bytes=weighted_constant_bytes,
    ),
    tflm=Tflm(resolver="AddConv2D", rule=demands),
    rewrite=Rewrite(int8_version=3, weights=Weights(channel_axis=0), output="any"),
)
