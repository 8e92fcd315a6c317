"""ADD, RELU, RELU6, QUANTIZE (int8 to int8), PAD and PADV2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.kernels.kernel import Kernel, given, requantize
from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import (
    ADD_LEFT_SHIFT,
    Addend,
    add_parameters,
    elementwise_requantization,
    quantization_of,
)


def add(model: Model, op: Op) -> Kernel:
    parameters = add_parameters(model, op)

    def scaled(values: NDArray[Any], addend: Addend) -> NDArray[np.int32]:
        shifted = (values.astype(np.int64) - addend.zero_point) << ADD_LEFT_SHIFT
        return multiply_by_quantized_multiplier(shifted, addend.multiplier, addend.shift)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        first, second = parameters.addends
        total = scaled(given(inputs, 0), first) + scaled(given(inputs, 1), second)
        return requantize(total, parameters.to)

    return run


def rescale(model: Model, op: Op) -> Kernel:
    """RELU, RELU6 and QUANTIZE: another scale, or only a clamp."""
    to = elementwise_requantization(model, op)
    zero_point = quantization_of(model.tensor(op.inputs[0])).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        return requantize(given(inputs, 0).astype(np.int64) - zero_point, to)

    return run


def pad(model: Model, op: Op) -> Kernel:
    """The output's zero point around the input, or PADV2's own value."""
    data = model.tensor(op.inputs[1]).data
    assert data is not None
    pairs = [(int(before), int(after)) for before, after in data]
    value = quantization_of(model.tensor(op.outputs[0])).zero_point
    if op.name == "PADV2":
        constant = model.tensor(op.inputs[2]).data
        assert constant is not None
        value = int(constant.reshape(-1)[0])

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        return np.pad(given(inputs, 0), pairs, constant_values=value).astype(np.int8)

    return run
