"""Matrix products to two channels on mz_two_channels_s8."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.params import KernelParams, RequantizationStruct
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.product import by_pixel, is_narrow


@dataclass(frozen=True)
class TwoChannelsParams(KernelParams):
    """As mz_two_channels_s8.h has them. rows: products with the same weights. depth: input values
    of a row, a multiple of 4. weights: int8 [depth / 4][2][4]. bias: int32 [2], less input zero
    point times the sum of the weights. to: from sums to int8.
    """

    c_type = "mz_two_channels_s8_params"
    rows: int
    depth: int
    weights: Constant
    bias: Constant
    to: RequantizationStruct

    by_rows = by_pixel

    def passes(self, constant: Constant) -> int:
        return self.rows


class TwoChannels:
    """Weights (2, ..., depth) that meet few rows."""

    kernel = "mz_two_channels_s8"

    def accepts(self, work: WeightedWork) -> bool:
        return is_narrow(work) and work.channels == 2 and work.weights.size % 8 == 0

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        depth = work.weights.size // 2
        fours = work.weights.reshape(2, -1, 4).swapaxes(0, 1)
        params = TwoChannelsParams(
            rows=work.source.elements // depth,
            depth=depth,
            weights=work.weights_constant(fours, "[input / 4][output][input % 4]"),
            bias=work.bias_constant(),
            to=work.requantization(),
        )
        return work.call(self.kernel, params)
