"""PACK of tensors along a new axis, and UNPACK along one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.copies import Move, View, copying
from mcuzoo.ops.operator import Operator, Tflm, Without
from mcuzoo.ops.split import SPLIT_KINDS

PACKED = SPLIT_KINDS | {DType.INT64}


def rule_pack(model: Model, op: Op) -> None:
    """int8 tensors of one shape."""
    _check_pack(model, op, rules.INT8)
    _int8(model, op)


def rule_unpack(model: Model, op: Op) -> None:
    """int8."""
    _check_unpack(model, op, rules.INT8)
    _int8(model, op)


def demands_pack(model: Model, op: Op) -> None:
    """PACK of tensors of one shape."""
    _check_pack(model, op, PACKED)


def demands_unpack(model: Model, op: Op) -> None:
    """UNPACK into all that lie along the axis."""
    _check_unpack(model, op, SPLIT_KINDS)


def _int8(model: Model, op: Op) -> None:
    for index in (*op.inputs, *op.outputs):
        rules.int8_activation(model.tensor(index))


def _check_pack(model: Model, op: Op, kinds: Collection[DType]) -> None:
    count = len(op.inputs)
    rules.arity(op, range(1, count + 1))
    parts = [rules.input_tensor(model, op, place) for place in range(count)]
    _check(op, rules.output_tensor(model, op), parts, int(op.options["values_count"]), kinds)


def _check_unpack(model: Model, op: Op, kinds: Collection[DType]) -> None:
    rules.arity(op, range(1, 2), max(1, len(op.outputs)))
    parts = [model.tensor(index) for index in op.outputs]
    _check(op, rules.input_tensor(model, op, 0), parts, int(op.options["num"]), kinds)


def _check(
    op: Op, together: Tensor, parts: Sequence[Tensor], count: int, kinds: Collection[DType]
) -> None:
    if count != len(parts):
        raise rules.Refusal(f"it names {count} parts and has {len(parts)}")
    rank = len(together.shape)
    axis = int(op.options["axis"])
    if not -rank <= axis < rank:
        raise rules.Refusal(f"its axis is {axis} of {rank}")
    axis %= rank
    for tensor in (together, *parts):
        rules.carried(tensor, kinds)
        rules.same_type(tensor, together)
    for part in parts:
        rules.same_shape(part, (*together.shape[:axis], *together.shape[axis + 1 :]))
    if together.shape[axis] != count:
        raise rules.Refusal(f"is {together.shape[axis]} wide along axis {axis}", together.index)


def moves_pack(model: Model, op: Op) -> Sequence[Move]:
    axis = int(op.options["axis"])
    return [Move(place, target=_at(axis, place)) for place in range(len(op.inputs))]


def moves_unpack(model: Model, op: Op) -> Sequence[Move]:
    axis = int(op.options["axis"])
    return [Move(0, place, source=_at(axis, place)) for place in range(len(op.outputs))]


def _at(axis: int, place: int) -> View:
    def view(array: NDArray[Any]) -> NDArray[Any]:
        index: tuple[Any, ...] = (*(slice(None),) * (axis % array.ndim), place, ...)
        seen: NDArray[Any] = array[index]
        return seen

    return view


PACK = Operator(
    name="PACK",
    aot=copying("int8", rule_pack, moves_pack),
    tflm=Tflm(resolver="AddPack", rule=demands_pack),
    rewrite=Without("no exact rewrite is known"),
)
UNPACK = Operator(
    name="UNPACK",
    aot=copying("int8", rule_unpack, moves_unpack),
    tflm=Tflm(resolver="AddUnpack", rule=demands_unpack),
    rewrite=Without("no exact rewrite is known"),
)
