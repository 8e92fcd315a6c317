"""SPLIT into equal parts, and SPLIT_V into parts of any sizes, along one axis.

Along the outermost axis a part is one run of bytes, so it may stay where it is in the input.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, between, copying
from mcuzoo.ops.operator import Operator, Tflm, Without

SPLIT_KINDS = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32))

_PLACES = {"SPLIT": (1, 0, 2), "SPLIT_V": (0, 2, 3)}
"""Of the input, of the axis; how many inputs there are."""


def rule(model: Model, op: Op) -> None:
    """int8, along a constant axis."""
    _check(model, op, rules.INT8)
    rules.int8_activation(rules.input_tensor(model, op, _PLACES[op.name][0]))
    for index in op.outputs:
        rules.int8_activation(model.tensor(index))


def demands(model: Model, op: Op) -> None:
    """SPLIT and SPLIT_V along a constant axis."""
    _check(model, op, SPLIT_KINDS)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    place, _, inputs = _PLACES[op.name]
    rules.arity(op, range(inputs, inputs + 1), max(1, len(op.outputs)))
    source = rules.input_tensor(model, op, place)
    rules.carried(source, kinds)
    axis = rules.one_axis(model, op, _PLACES[op.name][1], len(source.shape))
    sizes = []
    for target in map(model.tensor, op.outputs):
        rules.carried(target, kinds)
        rules.same_type(target, source)
        sizes.append(target.shape[axis] if len(target.shape) > axis else 0)
        rules.same_shape(target, (*source.shape[:axis], sizes[-1], *source.shape[axis + 1 :]))
        if op.name == "SPLIT" and sizes[-1] != sizes[0]:
            raise rules.Refusal(f"is {sizes[-1]} wide, not {sizes[0]}", target.index)
    if sum(sizes) != source.shape[axis]:
        raise rules.Refusal(f"is {source.shape[axis]} wide, its parts {sum(sizes)}", source.index)


def moves(model: Model, op: Op) -> Sequence[Move]:
    place, axis_place, _ = _PLACES[op.name]
    axis = int(np.asarray(model.tensor(op.inputs[axis_place]).data).reshape(-1)[0])
    ends = list(accumulate(model.tensor(index).shape[axis] for index in op.outputs))
    return [
        Move(place, output, source=between(axis, begin, end))
        for output, (begin, end) in enumerate(zip([0, *ends], ends, strict=False))
    ]


SPLIT = Operator(
    name="SPLIT",
    aot=copying("int8, constant axis", rule, moves),
    tflm=Tflm(resolver="AddSplit", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
SPLIT_V = Operator(
    name="SPLIT_V",
    aot=copying("int8, constant axis", rule, moves),
    tflm=Tflm(resolver="AddSplitV", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
