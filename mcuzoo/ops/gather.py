"""GATHER of constant positions along one axis."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.picks import Table, picking
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8, at constant positions along one axis."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """GATHER at constant positions along one axis."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, kinds, rules.MAX_SHAPE_RANK)
    rank, axis = len(source.shape), int(op.options["axis"])
    if not -rank <= axis < rank:
        raise rules.Refusal(f"its axis is {axis} of {rank}")
    if op.options["batch_dims"]:
        raise rules.Refusal("it has batch_dims")
    positions = rules.input_tensor(model, op, 1)
    values = rules.constant(positions, DType.INT32)
    axis %= rank
    if values.size == 0 or values.min() < 0 or values.max() >= source.shape[axis]:
        raise rules.Refusal(
            f"holds {rules.shown(values)}, not positions below {source.shape[axis]}",
            positions.index,
        )
    rules.same_shape(target, (*source.shape[:axis], *values.shape, *source.shape[axis + 1 :]))


def tables(model: Model, op: Op) -> Sequence[Table]:
    rank = len(model.tensor(op.inputs[0]).shape)
    positions = np.asarray(model.tensor(op.inputs[1]).data).reshape(-1).astype(np.int64)
    return [positions if axis == op.options["axis"] % rank else None for axis in range(rank)]


OPERATOR = Operator(
    name="GATHER",
    aot=picking("int8, constant positions", rule, tables),
    tflm=Tflm(resolver="AddGather", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
