"""A DEPTHWISE_CONV_2D of one input channel is a CONV_2D: each output channel reads the same one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.variant import Variant
from mcuzoo.ops.common.weighted import WeightedWork


@dataclass(frozen=True)
class OneChannel:
    """variant: of CONV_2D, which does it."""

    variant: Variant[Any]

    @property
    def kernel(self) -> str:
        return self.variant.kernel

    def accepts(self, work: WeightedWork) -> bool:
        return work.source.shape[3] == 1 and self.variant.accepts(_as_convolution(work))

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        return self.variant.lower(_as_convolution(work))


def _as_convolution(work: WeightedWork) -> WeightedWork:
    """With weights (out, h, w, 1)."""
    return replace(work, weights=np.ascontiguousarray(work.weights.transpose(3, 1, 2, 0)))
