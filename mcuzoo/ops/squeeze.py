"""SQUEEZE and EXPAND_DIMS: the same values without axes of size 1, or with one more."""

from __future__ import annotations

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.operator import Folded, Operator, Tflm, Without
from mcuzoo.ops.reshape import rule as same_storage

# TfLiteSqueezeParams.
MAX_SQUEEZED = 8
EXPANDED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16))
SQUEEZED = frozenset(DType) - {DType.FLOAT16}


def rule(model: Model, op: Op) -> None:
    """The same values in the same storage."""
    same_storage(model, op)


def demands_squeeze(model: Model, op: Op) -> None:
    """SQUEEZE of axes of size 1."""
    rules.arity(op, range(1, 2))
    source, target = rules.input_tensor(model, op, 0), rules.output_tensor(model, op)
    for tensor in (source, target):
        rules.carried(tensor, SQUEEZED)
    rules.same_type(target, source)
    rank, named = len(source.shape), op.options["squeeze_dims"]
    if len(named) > MAX_SQUEEZED or any(not -rank <= axis < rank for axis in named):
        raise rules.Refusal(f"squeezes the axes {list(named)} of {rank}")
    gone = {axis % rank for axis in named}
    if not named:
        gone = {axis for axis in range(rank) if source.shape[axis] == 1}
    if any(source.shape[axis] != 1 for axis in gone):
        raise rules.Refusal(f"squeezes the axes {list(named)} of {list(source.shape)}")
    rules.same_shape(
        target, tuple(size for axis, size in enumerate(source.shape) if axis not in gone)
    )


def demands_expand(model: Model, op: Op) -> None:
    """EXPAND_DIMS at a constant axis."""
    rules.arity(op, range(2, 3))
    source, target = rules.moved(model, op, EXPANDED, rules.MAX_SHAPE_RANK)
    axis = rules.one_axis(model, op, 1, len(source.shape) + 1)
    rules.same_shape(target, (*source.shape[:axis], 1, *source.shape[axis:]))


SQUEEZE = Operator(
    name="SQUEEZE",
    aot=Folded(constraint="int8", rule=rule),
    tflm=Tflm(resolver="AddSqueeze", rule=demands_squeeze),
    rewrite=Without("no exact rewrite is known"),
)
EXPAND_DIMS = Operator(
    name="EXPAND_DIMS",
    aot=Folded(constraint="int8", rule=rule),
    tflm=Tflm(resolver="AddExpandDims", rule=demands_expand),
    rewrite=Without("no exact rewrite is known"),
)
