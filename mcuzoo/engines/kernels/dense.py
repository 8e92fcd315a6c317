"""FULLY_CONNECTED."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.kernels.convolution import bias_of
from mcuzoo.engines.kernels.kernel import Kernel, exact_float, given, multiply, requantize
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import quantization_of, weighted_requantization


def fully_connected(model: Model, op: Op) -> Kernel:
    """Rows of the input times the transposed weights."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    target = model.tensor(op.outputs[0])
    assert weights.data is not None
    channels, depth = weights.shape
    bias = bias_of(model, op, channels)
    dtype = exact_float(weights.data, bias)
    matrix = weights.data.T.astype(dtype, order="C")
    offsets = bias.astype(dtype)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        rows = given(inputs, 0).reshape(-1, depth).astype(dtype) - dtype.type(zero_point)
        return requantize(multiply(rows, matrix) + offsets, to).reshape(target.shape)

    return run
