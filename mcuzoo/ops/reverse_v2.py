"""REVERSE_V2 along constant axes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, copying
from mcuzoo.ops.operator import Operator, Tflm, Without

REVERSED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32))


def rule(model: Model, op: Op) -> None:
    """int8, along constant axes."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """REVERSE_V2 along constant axes that are neighbours."""
    axes = sorted(_check(model, op, REVERSED))
    if axes[-1] - axes[0] != len(axes) - 1:
        raise rules.Refusal(f"holds {axes}, which are no neighbours", op.inputs[1])


def _check(model: Model, op: Op, kinds: Collection[DType]) -> list[int]:
    """The axes, from the front."""
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, kinds, rules.MAX_SHAPE_RANK)
    named = rules.input_tensor(model, op, 1)
    values = rules.constant(named, DType.INT32)
    rank = len(source.shape)
    axes = [axis % rank for axis in values.reshape(-1).tolist() if -rank <= axis < rank]
    if values.ndim != 1 or not axes or len(set(axes)) != values.size:
        raise rules.Refusal(f"holds {rules.shown(values)}", named.index)
    rules.same_shape(target, source.shape)
    return axes


def moves(model: Model, op: Op) -> Sequence[Move]:
    axes = np.asarray(model.tensor(op.inputs[1]).data).tolist()
    return (Move(0, source=lambda image: np.flip(image, axes)),)


OPERATOR = Operator(
    name="REVERSE_V2",
    aot=copying("int8, constant axes", rule, moves),
    tflm=Tflm(resolver="AddReverseV2", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
