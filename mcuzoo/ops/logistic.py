"""LOGISTIC, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.rules import fixed_output, one_to_one, same_shape
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """LOGISTIC, to 1/256 with zero point -128."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        fixed_output(target, 256, -128)


OPERATOR = tflm_alone("LOGISTIC", "AddLogistic", demands)
