"""MUL, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common.rules import broadcast_operands, factor_in_range, known_activation
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """MUL with NumPy broadcasting."""
    first, second, target = broadcast_operands(model, op)
    known_activation(op)
    if target.dtype is DType.INT8:
        scales = [quantization_of(tensor).scale for tensor in (first, second, target)]
        factor_in_range(scales[0] * scales[1] / scales[2])


OPERATOR = tflm_alone("MUL", "AddMul", demands)
