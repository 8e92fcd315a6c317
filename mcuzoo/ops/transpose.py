"""TRANSPOSE by a constant permutation.

Where the permutation only moves axes of size 1, `build_program` removes the operator.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, copying
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8, by a constant permutation."""
    _check(model, op, rules.INT8, rules.MAX_SHAPE_RANK)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """TRANSPOSE by a constant permutation."""
    _check(model, op, rules.TURNED, rules.MAX_MOVED_RANK)


def _check(model: Model, op: Op, kinds: Collection[DType], max_rank: int) -> None:
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, kinds, max_rank)
    order = rules.input_tensor(model, op, 1)
    values = rules.constant(order, DType.INT32)
    if values.ndim != 1 or sorted(values) != list(range(len(source.shape))):
        raise rules.Refusal(f"holds {rules.shown(values)}", order.index)
    rules.same_shape(target, tuple(source.shape[int(axis)] for axis in values))


def moves(model: Model, op: Op) -> Sequence[Move]:
    order = np.asarray(model.tensor(op.inputs[1]).data).tolist()
    return (Move(0, source=lambda image: image.transpose(order)),)


OPERATOR = Operator(
    name="TRANSPOSE",
    aot=copying("int8, constant permutation", rule, moves),
    tflm=Tflm(resolver="AddTranspose", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
