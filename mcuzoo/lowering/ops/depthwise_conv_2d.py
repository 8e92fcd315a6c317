"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.ops.depthwise_3x3_dsp import Depthwise3x3Dsp
from mcuzoo.lowering.ops.image import extent, window
from mcuzoo.lowering.ops.weighted import WeightedWork, prepare_weighted
from mcuzoo.lowering.params import DepthwiseConv2dParams


def prepare(program: Program, step: Step) -> WeightedWork:
    """Weights (1, h, w, out)."""
    return prepare_weighted(program, step, lambda weights: weights.reshape(-1, weights.shape[3]).T)


class AnyWindow:
    kernel = "mz_depthwise_conv_2d_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> Call:
        _, height, width, _ = work.weights.shape
        params = DepthwiseConv2dParams(
            input=extent(work.source),
            output=extent(work.target),
            window=window(work.op, work.source, (height, width)),
            depth_multiplier=work.channels // work.source.shape[3],
            input_zero_point=work.input_zero_point,
            weights=work.weights_constant(work.weights, "[y][x][output channel]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return Call(work.op, self.kernel, params, work.inputs, Activation(work.output_buffer))


VARIANTS = (Depthwise3x3Dsp(), AnyWindow())
