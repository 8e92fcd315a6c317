"""MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.lowering.direct import Direct
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


class MaxPool2dParams(PoolParams):
    kept_bytes = 1


def reference(model: Model, op: Op) -> Kernel:
    """The largest of the pixels inside the image."""
    window, clamp = pool_window(model, op), clamp_of(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        largest = over_windows(given(inputs, 0)[0], window, lambda pixels: pixels.max(axis=0))
        output: NDArray[np.int8] = np.clip(largest, *clamp).astype(np.int8)[None]
        return output

    return run


OPERATOR = Operator(
    name="MAX_POOL_2D",
    aot=Aot(
        constraint="int8, batch 1",
        rule=rule,
        reference=reference,
        prepare=partial(prepare_pool, params=MaxPool2dParams),
        variants=(Direct("mz_max_pool_2d_s8"),),
        constant_bytes=no_constants,
    ),
    tflm=Tflm(resolver="AddMaxPool2D", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="as the input"),
)
