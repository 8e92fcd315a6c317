"""The buffers that TFLite-Micro plans into the head of its arena, and how long each lives.

Source: tensorflow/lite/micro/micro_allocation_info.cc and CreatePlan in micro_allocator.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.graph.model import Model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.tflm.abi import ARENA_ALIGNMENT

NEVER = -1


@dataclass(frozen=True)
class Scratch:
    """A scratch buffer of `bytes` that op `op` (its place in the model) asked for."""

    op: int
    bytes: int


@dataclass(frozen=True)
class PlannedBuffer:
    """An activation (`tensor` is its index) or a scratch buffer (None).

    It lives from scope `first` to `last`, both inclusive: scope 0 is before the first op, scope
    n + 1 is op n. A tensor that nothing touches lives at NEVER. `bytes` is a multiple of the
    arena's alignment.
    """

    tensor: int | None
    bytes: int
    first: int
    last: int


def planned_buffers(model: Model, scratches: Sequence[Scratch]) -> tuple[PlannedBuffer, ...]:
    """In the order in which TFLM hands them to its planner: tensors by index, then scratches."""
    first, last = _tensor_scopes(model)
    tensors = [
        PlannedBuffer(
            tensor.index,
            align_up(tensor.bytes, ARENA_ALIGNMENT),
            first.get(tensor.index, NEVER),
            last.get(tensor.index, NEVER),
        )
        for tensor in model.tensors
        if tensor.data is None and tensor.bytes > 0
    ]
    scratch = [
        PlannedBuffer(None, align_up(item.bytes, ARENA_ALIGNMENT), item.op + 1, item.op + 1)
        for item in scratches
    ]
    return (*tensors, *scratch)


def _tensor_scopes(model: Model) -> tuple[dict[int, int], dict[int, int]]:
    """(first, last) scope by tensor index; the graph's outputs live to the last scope."""
    first = dict.fromkeys(model.inputs, 0)
    last = dict.fromkeys(model.inputs, 0)
    scope = 0
    for scope, op in enumerate(model.ops, start=1):
        for tensor in op.outputs:
            first.setdefault(tensor, scope)
        for tensor in (*op.inputs, *op.outputs):
            last[tensor] = scope
    for tensor in model.outputs:
        first.setdefault(tensor, scope)
        last[tensor] = scope
    return first, last
