"""TANH, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.rules import fixed_output, one_to_one, same_shape
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """TANH, to 1/128 with zero point 0."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        fixed_output(target, 128, 0)


OPERATOR = tflm_alone("TANH", "AddTanh", demands)
