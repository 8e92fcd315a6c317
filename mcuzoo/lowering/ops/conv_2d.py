"""CONV_2D: pointwise as a matrix product, any other window gathered to one; or portably."""

from __future__ import annotations

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.ops.conv_2d_stem_dsp import Stem
from mcuzoo.lowering.ops.image import extent, window
from mcuzoo.lowering.ops.product_blocks import ProductBlocks
from mcuzoo.lowering.ops.product_rows import ProductRows
from mcuzoo.lowering.ops.weighted import WeightedWork, prepare_weighted
from mcuzoo.lowering.ops.window_blocks import WindowBlocks
from mcuzoo.lowering.params import Conv2dParams, FullyConnectedParams


def prepare(program: Program, step: Step) -> WeightedWork:
    """Weights (out, h, w, in)."""
    return prepare_weighted(program, step, lambda weights: weights.reshape(len(weights), -1))


def is_pointwise(work: WeightedWork) -> bool:
    """A 1x1 window at stride 1: every pixel is a row of a matrix product."""
    _, height, width, _ = work.weights.shape
    strides = work.op.options["stride_h"], work.op.options["stride_w"]
    return (height, width) == (1, 1) and strides == (1, 1)


class PointwiseRows(ProductRows):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class PointwiseBlocks(ProductBlocks):
    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work) and super().accepts(work)


class Pointwise:
    kernel = "mz_fully_connected_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return is_pointwise(work)

    def lower(self, work: WeightedWork) -> Call:
        _, height, width, depth = work.source.shape
        params = FullyConnectedParams(
            rows=height * width,
            depth=depth,
            channels=work.channels,
            weights=work.weights_constant(work.weights, "[output channel][input channel]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return Call(work.op, self.kernel, params, work.inputs, Activation(work.output_buffer))


class AnyWindow:
    kernel = "mz_conv_2d_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> Call:
        _, height, width, _ = work.weights.shape
        params = Conv2dParams(
            input=extent(work.source),
            output=extent(work.target),
            window=window(work.op, work.source, (height, width)),
            input_zero_point=work.input_zero_point,
            weights=work.weights_constant(work.weights, "[output channel][y][x][input channel]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return Call(work.op, self.kernel, params, work.inputs, Activation(work.output_buffer))


VARIANTS = (PointwiseRows(), PointwiseBlocks(), Stem(), WindowBlocks(), Pointwise(), AnyWindow())
