"""MAXIMUM and MINIMUM, which TFLM alone runs."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common.rules import broadcast_operands, carried
from mcuzoo.ops.operator import tflm_alone

COMPARED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64))


def demands(model: Model, op: Op) -> None:
    """MAXIMUM and MINIMUM with NumPy broadcasting; values are compared as they are stored."""
    broadcast_operands(model, op, COMPARED, carried)


MAXIMUM = tflm_alone("MAXIMUM", "AddMaximum", demands)
MINIMUM = tflm_alone("MINIMUM", "AddMinimum", demands)
