"""BROADCAST_TO a constant shape."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, copying
from mcuzoo.ops.operator import Operator, Tflm, Without

BROADCAST = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32))
# broadcast_to.cc, kMaxDims.
MAX_RANK = 5


def rule(model: Model, op: Op) -> None:
    """int8, to a constant shape."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """BROADCAST_TO a constant shape."""
    _check(model, op, BROADCAST)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, kinds, MAX_RANK)
    shape = rules.input_tensor(model, op, 1)
    if rules.indices(shape).tolist() != list(target.shape):
        raise rules.Refusal(f"holds {rules.shown(rules.indices(shape))}", shape.index)
    if rules.broadcast_shape(target, source) != target.shape:
        raise rules.Refusal(
            f"of shape {list(source.shape)} does not broadcast to {list(target.shape)}",
            source.index,
        )


def moves(model: Model, op: Op) -> Sequence[Move]:
    shape = model.tensor(op.outputs[0]).shape
    return (Move(0, source=lambda values: np.broadcast_to(values, shape)),)


OPERATOR = Operator(
    name="BROADCAST_TO",
    aot=copying("int8, constant shape", rule, moves),
    tflm=Tflm(resolver="AddBroadcastTo", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
