"""RESIZE_NEAREST_NEIGHBOR, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import Model, Op
from mcuzoo.ops.common.tflm import TURNED, resized
from mcuzoo.ops.operator import NO_RECIPE, NOT_AOT, Operator, Tflm


def demands(model: Model, op: Op) -> None:
    """RESIZE_NEAREST_NEIGHBOR to a constant size."""
    resized(model, op, TURNED)


OPERATOR = Operator(
    name="RESIZE_NEAREST_NEIGHBOR",
    aot=NOT_AOT,
    tflm=Tflm(resolver="AddResizeNearestNeighbor", rule=demands),
    recipe=NO_RECIPE,
)
