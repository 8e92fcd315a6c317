"""LEAKY_RELU, which TFLM alone runs."""

from __future__ import annotations

import math

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common.rules import Refusal, factor_in_range, one_to_one, same_shape
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """LEAKY_RELU."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    alpha = float(op.options["alpha"])
    if not (math.isfinite(alpha) and alpha >= 0):
        raise Refusal(f"its alpha is {alpha:g}")
    if source.dtype is DType.INT8:
        before, after = quantization_of(source).scale, quantization_of(target).scale
        factor_in_range(before / after)
        factor_in_range(before * alpha / after)


OPERATOR = tflm_alone("LEAKY_RELU", "AddLeakyRelu", demands)
