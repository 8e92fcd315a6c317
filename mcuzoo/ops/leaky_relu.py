"""LEAKY_RELU, as a table of its output for every int8 value.

Sources: tensorflow/lite/kernels/internal/reference/leaky_relu.h and
tensorflow/lite/micro/kernels/leaky_relu_common.cc.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier, quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import EVERY_VALUE, Unary
from mcuzoo.ops.common.reference import saturated
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8, alpha not negative."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8 or floats, alpha not negative."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    alpha = float(op.options["alpha"])
    if not (math.isfinite(alpha) and alpha >= 0):
        raise rules.Refusal(f"its alpha is {alpha:g}")
    if source.dtype is DType.INT8:
        for factor in _factors(model, op):
            rules.factor_in_range(factor)


def _factors(model: Model, op: Op) -> tuple[float, float]:
    """Of values that are not negative, and of the others. TFLM until August 2026 formed them in
    float32, which gives other outputs in a few ties."""
    source, target = (
        quantization_of(model.tensor(index)).scale for index in (op.inputs[0], op.outputs[0])
    )
    return source / target, source * float(np.float32(op.options["alpha"])) / target


def outputs_of(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    source, target = (
        quantization_of(model.tensor(index)) for index in (op.inputs[0], op.outputs[0])
    )
    values = EVERY_VALUE.astype(np.int64) - source.zero_point
    kept, leaked = (
        multiply_by_quantized_multiplier(values, *quantize_multiplier(factor)).astype(np.int64)
        for factor in _factors(model, op)
    )
    output = np.where(values >= 0, kept, leaked) + target.zero_point
    return saturated(output)


OPERATOR = Operator(
    name="LEAKY_RELU",
    aot=Unary(outputs_of).aot(rule, "int8, alpha >= 0"),
    tflm=Tflm(resolver="AddLeakyRelu", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
