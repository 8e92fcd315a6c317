"""Matrix products on the portable mz_fully_connected_s8, and what all kernels of them share."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.graph.model import Op
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import (
    KernelParams,
    RequantizationStruct,
    RowWindow,
    Setting,
    Shape,
    pieces,
)
from mcuzoo.ops.common.weighted import WeightedWork

PAIR = 2
"""Pixels or rows that the portable kernels take together."""


MOST_ROWS = 2
"""More of them are quicker by blocks of rows, which unpack a weight once for four."""

FEW_CHANNELS = 2
"""The portable kernel takes so many together."""

_LONG_ROW = 128


def is_narrow(work: WeightedWork) -> bool:
    """Whether few rows go to so few channels that the portable kernel is the quickest: the others
    compute four channels or four rows at a time. For a shorter row it is not worth its code."""
    depth = work.weights.size // work.channels
    rows = work.source.elements // depth
    return rows <= MOST_ROWS and work.channels <= FEW_CHANNELS and depth >= _LONG_ROW


def by_pixel(params: KernelParams, op: Op, source: Shape, target: Shape) -> RowWindow | None:
    """The work of a pointwise convolution, whose pixels are the rows of the product."""
    if op.name != "CONV_2D":
        return None
    return RowWindow(1, 1, 0, (Setting("rows", "input_rows", source[2]),))


@dataclass(frozen=True)
class FullyConnectedParams(KernelParams):
    """As mz_fully_connected_s8.h has them. rows: products with the same weights. depth: input
    values of a row. channels: output values of a row. weights: int8 [channels, depth]. bias: int32
    [channels], less input zero point times the sum of the weights. to: from sums to int8.
    """

    c_type = "mz_fully_connected_params"
    rows: int
    depth: int
    channels: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct

    by_rows = by_pixel

    def passes(self, constant: Constant) -> int:
        """Requantization goes row by row."""
        return self.rows if constant in self.to.constants() else pieces(self.rows, PAIR)


@dataclass(frozen=True)
class PortableProduct:
    """Weights (channels, ..., depth); every `depth` values of the input are a row. layout: the
    layout of the weights, for a reader."""

    layout: str
    kernel = "mz_fully_connected_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return True

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        depth = work.weights.size // work.channels
        params = FullyConnectedParams(
            rows=work.source.elements // depth,
            depth=depth,
            channels=work.channels,
            weights=work.weights_constant(work.weights, self.layout),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return work.call(self.kernel, params)
