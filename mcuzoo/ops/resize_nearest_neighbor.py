"""RESIZE_NEAREST_NEIGHBOR, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import Model, Op
from mcuzoo.ops.common.rules import TURNED, resized
from mcuzoo.ops.operator import tflm_alone


def demands(model: Model, op: Op) -> None:
    """RESIZE_NEAREST_NEIGHBOR to a constant size."""
    resized(model, op, TURNED)


OPERATOR = tflm_alone("RESIZE_NEAREST_NEIGHBOR", "AddResizeNearestNeighbor", demands)
