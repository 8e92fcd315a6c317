"""Matrix products to one channel on mz_lone_channel_s8."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcuzoo.lowering.call import Call, Overlap
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import KernelParams, RequantizationStruct, pieces
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.product import PAIR, by_pixel

ROWS = 32
"""MZ_BLOCK_CHANNELS in firmware/kernels/mz_requantize_block.h: rows whose outputs are made at a
time."""


@dataclass(frozen=True)
class LoneChannelParams(KernelParams):
    """As mz_lone_channel_s8.h has them. rows: products with the same weights. depth: input values
    of a row. weights: int8 [depth]. bias: less input zero point times the sum of the weights. to:
    from sums to int8, the channel's numbers 32 times.
    """

    c_type = "mz_lone_channel_s8_params"
    rows: int
    depth: int
    weights: Constant
    bias: int
    to: RequantizationStruct

    by_rows = by_pixel

    def passes(self, constant: Constant) -> int:
        """Rows go by pairs, requantization by blocks of them."""
        return pieces(self.rows, ROWS if constant in self.to.constants() else PAIR)


@dataclass(frozen=True)
class LoneChannel:
    """Weights (1, ..., depth) that meet several rows. layout: the layout of the weights, for a
    reader."""

    layout: str
    kernel = "mz_lone_channel_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return work.channels == 1 and work.source.elements > work.weights.size

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        depth = work.weights.size
        rows = work.source.elements // depth
        to = work.requantization()
        params = LoneChannelParams(
            rows=rows,
            depth=depth,
            weights=work.weights_constant(work.weights, self.layout),
            bias=int(work.bias[0]),
            to=replace(to, multipliers=_repeated(to.multipliers), shifts=_repeated(to.shifts)),
        )
        return work.call(self.kernel, params, overlaps=(Overlap(distance(rows, depth)),))


def _repeated(one: Constant) -> Constant:
    return replace(one, values=one.values.repeat(ROWS), meaning=(*one.meaning, "32 times."))


def distance(rows: int, depth: int) -> int:
    """Least input offset - output offset at which no output lies over what is still to be read."""
    return -ROWS * (depth - 1) if rows > ROWS else -rows * depth
