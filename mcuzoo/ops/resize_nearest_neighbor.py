"""RESIZE_NEAREST_NEIGHBOR to a constant size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.picks import Table, picking
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8, to a constant size."""
    rules.resized(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """RESIZE_NEAREST_NEIGHBOR to a constant size."""
    rules.resized(model, op, rules.TURNED)


def tables(model: Model, op: Op) -> Sequence[Table]:
    sizes = (model.tensor(index).shape[1:3] for index in (op.inputs[0], op.outputs[0]))
    corners, centers = rules.resize_options(op)
    rows, columns = (
        _nearest(before, after, corners, centers) for before, after in zip(*sizes, strict=True)
    )
    return (None, rows, columns, None)


def _nearest(before: int, after: int, corners: bool, centers: bool) -> NDArray[np.int64]:
    """GetNearestNeighbor in reference/resize_nearest_neighbor.h, which computes in float32."""
    apart = corners and after > 1
    scale = np.float32(before - apart) / np.float32(after - apart)
    offset = np.float32(0.5 if centers else 0)
    places = (np.arange(after, dtype=np.float32) + offset) * scale
    # TfLiteRound: halves away from zero; no place is below 0.
    whole = np.floor(places.astype(np.float64) + (0.5 if corners else 0))
    nearest: NDArray[np.int64] = np.clip(whole.astype(np.int64), 0, before - 1)
    return nearest


OPERATOR = Operator(
    name="RESIZE_NEAREST_NEIGHBOR",
    aot=picking("int8, constant size", rule, tables),
    tflm=Tflm(resolver="AddResizeNearestNeighbor", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
