"""MAXIMUM and MINIMUM, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.tflm import broadcast_operands, carried
from mcuzoo.ops.operator import NO_RECIPE, NOT_AOT, Operator, Tflm

COMPARED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64))


def demands(model: Model, op: Op) -> None:
    """MAXIMUM and MINIMUM with NumPy broadcasting; values are compared as they are stored."""
    broadcast_operands(model, op, carried, COMPARED)


MAXIMUM = Operator(
    name="MAXIMUM",
    aot=NOT_AOT,
    tflm=Tflm(resolver="AddMaximum", rule=demands),
    recipe=NO_RECIPE,
)
MINIMUM = Operator(
    name="MINIMUM",
    aot=NOT_AOT,
    tflm=Tflm(resolver="AddMinimum", rule=demands),
    recipe=NO_RECIPE,
)
