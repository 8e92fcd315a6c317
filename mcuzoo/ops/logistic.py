"""LOGISTIC, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.rules import same_shape
from mcuzoo.ops.common.tflm import fixed_output, one_to_one
from mcuzoo.ops.operator import NO_RECIPE, NOT_AOT, Operator, Tflm


def demands(model: Model, op: Op) -> None:
    """LOGISTIC, to 1/256 with zero point -128."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        fixed_output(target, 256, -128)


OPERATOR = Operator(
    name="LOGISTIC",
    aot=NOT_AOT,
    tflm=Tflm(resolver="AddLogistic", rule=demands),
    recipe=NO_RECIPE,
)
