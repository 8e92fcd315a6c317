"""FULLY_CONNECTED."""

from __future__ import annotations

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.ops.product_blocks import ProductBlocks
from mcuzoo.lowering.ops.product_rows import ProductRows
from mcuzoo.lowering.ops.weighted import WeightedWork, prepare_weighted
from mcuzoo.lowering.params import FullyConnectedParams


def prepare(program: Program, step: Step) -> WeightedWork:
    """Weights (out, in)."""
    return prepare_weighted(program, step, lambda weights: weights)


class AnyShape:
    kernel = "mz_fully_connected_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> Call:
        channels, depth = work.weights.shape
        params = FullyConnectedParams(
            rows=work.source.elements // depth,
            depth=depth,
            channels=channels,
            weights=work.weights_constant(work.weights, "[output][input]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return Call(work.op, self.kernel, params, work.inputs, Activation(work.output_buffer))


VARIANTS = (ProductRows(), ProductBlocks(), AnyShape())
