"""Of one input channel DEPTHWISE_CONV_2D and CONV_2D are the same: each output channel reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcuzoo.lowering.call import Call
from mcuzoo.lowering.params import pieces
from mcuzoo.lowering.variant import Variant
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.depthwise_dsp import GROUP, DepthwiseDsp

_WORTH_ITS_CODE = 200_000
"""Instructions that the depthwise kernel must save: it brings 4 KB of code along."""


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


@dataclass(frozen=True)
class Planes:
    """The depthwise kernel for either operator, where it takes fewer instructions than gathering
    the windows. convolution: the operator is a CONV_2D."""

    convolution: bool
    kernel: str = DepthwiseDsp.kernel

    def accepts(self, work: WeightedWork) -> bool:
        if work.source.shape[3] != 1:
            return False
        depthwise = self._turned(work)
        return DepthwiseDsp().accepts(depthwise) and _is_quicker(depthwise)

    def lower(self, work: WeightedWork) -> tuple[Call, ...]:
        return DepthwiseDsp().lower(self._turned(work))

    def _turned(self, work: WeightedWork) -> WeightedWork:
        """With weights (1, h, w, out)."""
        if not self.convolution:
            return work
        return replace(work, weights=np.ascontiguousarray(work.weights.transpose(3, 1, 2, 0)))


def _is_quicker(work: WeightedWork) -> bool:
    """By instructions for each pixel, as counted for both kernels. One output channel cannot be
    gathered."""
    _, height, width, channels = work.weights.shape
    taps, (rows, columns) = height * width, work.target.shape[1:3]
    gathered = 250 + 11 * taps + channels * (30 * pieces(taps, 4) + 30) / 8
    wasted = GROUP * pieces(columns, GROUP) / columns
    group = height * (7 * (width // 2 + 1) + 4) + 44
    saved = rows * columns * (gathered - channels * group / GROUP * wasted)
    return bool(channels < 2 or saved > _WORTH_ITS_CODE)


def _as_convolution(work: WeightedWork) -> WeightedWork:
    """With weights (out, h, w, 1)."""
    return replace(work, weights=np.ascontiguousarray(work.weights.transpose(3, 1, 2, 0)))
