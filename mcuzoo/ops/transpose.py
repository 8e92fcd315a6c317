"""TRANSPOSE, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.rules import Refusal, arity, constant, input_tensor, same_shape, shown
from mcuzoo.ops.common.tflm import TURNED, moved
from mcuzoo.ops.operator import NO_RECIPE, NOT_AOT, Operator, Tflm


def demands(model: Model, op: Op) -> None:
    """TRANSPOSE by a constant permutation."""
    arity(op, range(2, 3))
    source, target = moved(model, op, TURNED)
    order = input_tensor(model, op, 1)
    values = constant(order, DType.INT32)
    if values.ndim != 1 or sorted(values) != list(range(len(source.shape))):
        raise Refusal(f"holds {shown(values)}", order.index)
    same_shape(target, tuple(source.shape[int(axis)] for axis in values))


OPERATOR = Operator(
    name="TRANSPOSE",
    aot=NOT_AOT,
    tflm=Tflm(resolver="AddTranspose", rule=demands),
    recipe=NO_RECIPE,
)
