"""AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.lowering.direct import Direct, DirectWork
from mcuzoo.ops.common.pooling import (
    PoolParams,
    clamp_of,
    demands,
    over_windows,
    pool_window,
    prepare_pool,
    rule,
)
from mcuzoo.ops.common.reference import Kernel, given
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm, no_constants


class AveragePool2dParams(PoolParams):
    kept_bytes = 2


_MOST_TAPS = 256
"""MZ_POOL_SUM_TAPS."""


class Once(Direct):
    """To one pixel."""

    def accepts(self, work: DirectWork) -> bool:
        params = work.params
        assert isinstance(params, PoolParams)
        taps = params.window.height * params.window.width
        return (params.output.height, params.output.width) == (1, 1) and taps <= _MOST_TAPS


def reference(model: Model, op: Op) -> Kernel:
    """The mean of the pixels inside the image, halves away from zero."""
    window, clamp = pool_window(model, op), clamp_of(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 0)[0].astype(np.int64)
        sums = over_windows(image, window, lambda pixels: pixels.sum(axis=0))
        counts = over_windows(
            np.ones((*image.shape[:2], 1), np.int64), window, lambda pixels: pixels.sum(axis=0)
        )
        means = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
        output: NDArray[np.int8] = np.clip(means, *clamp).astype(np.int8)[None]
        return output

    return run


OPERATOR = Operator(
    name="AVERAGE_POOL_2D",
    aot=Aot(
        constraint="int8, batch 1",
        rule=rule,
        reference=reference,
        prepare=partial(prepare_pool, params=AveragePool2dParams),
        variants=(Once("mz_average_pool_once_s8"), Direct("mz_average_pool_2d_s8")),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddAveragePool2D", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="as the input"),
)
