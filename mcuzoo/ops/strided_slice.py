"""STRIDED_SLICE with constant bounds."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, copying
from mcuzoo.ops.operator import Operator, Tflm, Without

SLICED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.BOOL))


def rule(model: Model, op: Op) -> None:
    """int8, with constant begin, end and strides of the input's rank."""
    _check(model, op, rules.INT8, rules.MAX_SHAPE_RANK)
    rules.int8_ends(model, op)


def demands(model: Model, op: Op) -> None:
    """STRIDED_SLICE with constant begin, end and strides of the input's rank."""
    _check(model, op, SLICED, rules.MAX_MOVED_RANK)


def _check(model: Model, op: Op, kinds: Collection[DType], max_rank: int) -> None:
    rules.arity(op, range(4, 5))
    source, target = rules.moved(model, op, kinds, max_rank)
    for name in ("ellipsis_mask", "new_axis_mask", "offset"):
        if op.options[name]:
            raise rules.Refusal(f"it has the {name}, which TFLM ignores")
    rank = len(source.shape)
    for place in (1, 2, 3):
        tensor = rules.input_tensor(model, op, place)
        values = rules.constant(tensor, DType.INT32)
        if values.size != rank:
            raise rules.Refusal(f"holds {values.size} values, not {rank}", tensor.index)
    shape: list[int] = []
    for axis, cut in enumerate(_cuts(model, op)):
        if not 1 <= abs(cut.step) <= rules.MAX_REACH:
            raise rules.Refusal(f"has a stride of {cut.step}", op.inputs[3])
        if cut.shrinks:
            if cut.step != 1 or not 0 <= cut.start < source.shape[axis]:
                begin = np.asarray(model.tensor(op.inputs[1]).data).reshape(-1)[axis]
                raise rules.Refusal(f"shrinks axis {axis} from {begin} by {cut.step}", op.inputs[1])
        else:
            shape.append(max(0, -(-(cut.stop - cut.start) // cut.step)))
    rules.same_shape(target, tuple(shape))


class Cut(NamedTuple):
    """What is taken of an axis: from `start` to before `stop`, which is -1 or more; or, if it
    shrinks, only `start`, without the axis."""

    start: int
    stop: int
    step: int
    shrinks: bool


def _cuts(model: Model, op: Op) -> list[Cut]:
    """One for each axis; a step may be 0."""
    shape = model.tensor(op.inputs[0]).shape
    bounds = (np.asarray(model.tensor(index).data).reshape(-1).tolist() for index in op.inputs[1:4])
    cuts = []
    for axis, (size, begin, end, step) in enumerate(zip(shape, *bounds, strict=True)):
        begins, ends, shrinks = (
            bool(int(op.options[f"{name}_mask"]) >> axis & 1)
            for name in ("begin", "end", "shrink_axis")
        )
        start, stop = _slice_bounds(size, begin, end, step, begins, ends)
        cuts.append(Cut(start, stop, step, shrinks))
    return cuts


def _slice_bounds(
    size: int, begin: int, end: int, stride: int, from_start: bool, to_end: bool
) -> tuple[int, int]:
    """StartForAxis and StopForAxis of strided_slice_logic.h, negative places from the end."""
    low, high = (0, size) if stride > 0 else (-1, size - 1)
    start: float = begin + size if begin < 0 else begin
    stop: float = end + size if end < 0 else end
    if from_start:
        start = -math.inf if stride > 0 else math.inf
    if to_end:
        stop = math.inf if stride > 0 else -math.inf
    return int(min(max(start, low), high)), int(min(max(stop, low), high))


def moves(model: Model, op: Op) -> Sequence[Move]:
    taken = [
        cut.start
        if cut.shrinks
        # To before -1 is to the first element, which Python says as None.
        else slice(cut.start, None if cut.stop < 0 else cut.stop, cut.step)
        for cut in _cuts(model, op)
    ]
    # An index of integers alone would give an element, not a view of it.
    index: tuple[Any, ...] = (*taken, ...)
    return (Move(0, source=lambda image: image[index]),)


OPERATOR = Operator(
    name="STRIDED_SLICE",
    aot=copying("int8, constant begin, end and strides", rule, moves),
    tflm=Tflm(resolver="AddStridedSlice", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
