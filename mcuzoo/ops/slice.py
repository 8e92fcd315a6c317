"""SLICE with constant begin and size."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, copying
from mcuzoo.ops.operator import Operator, Tflm, Without
from mcuzoo.ops.strided_slice import SLICED

# slice.cc, kMaxDim.
MAX_SLICED_RANK = 5
ALL = -1
"""The size that takes all from the begin on."""


def rule(model: Model, op: Op) -> None:
    """int8, with constant begin and size."""
    _check(model, op, rules.INT8)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """SLICE with constant begin and size."""
    _check(model, op, SLICED)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(3, 4))
    source, target = rules.moved(model, op, kinds, MAX_SLICED_RANK)
    begin, size = (rules.input_tensor(model, op, place) for place in (1, 2))
    for tensor in (begin, size):
        if rules.indices(tensor).shape != (len(source.shape),):
            raise rules.Refusal(f"holds {rules.shown(rules.indices(tensor))}", tensor.index)
    rules.same_type(begin, size)
    shape = []
    for whole, first, count in zip(source.shape, *_bounds(model, op), strict=True):
        taken = whole - first if count == ALL else count
        if not 0 <= first <= first + taken <= whole:
            raise rules.Refusal(f"takes {taken} of {whole} from {first} on", size.index)
        shape.append(taken)
    rules.same_shape(target, tuple(shape))


def _bounds(model: Model, op: Op) -> tuple[list[int], list[int]]:
    begin, size = (np.asarray(model.tensor(index).data).tolist() for index in op.inputs[1:3])
    return begin, size


def moves(model: Model, op: Op) -> Sequence[Move]:
    taken = tuple(
        slice(first, None if count == ALL else first + count)
        for first, count in zip(*_bounds(model, op), strict=True)
    )
    return (Move(0, source=lambda image: image[taken]),)


OPERATOR = Operator(
    name="SLICE",
    aot=copying("int8, constant begin and size", rule, moves),
    tflm=Tflm(resolver="AddSlice", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
