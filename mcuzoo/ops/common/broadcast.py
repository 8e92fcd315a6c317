"""Operands that broadcast: how kernels of two operands walk them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from mcuzoo.graph.model import Model, Op
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import rank_four
from mcuzoo.lowering.params import CStruct, KernelParams, RowWindow, Setting, Shape, pieces

Strides = tuple[int, int, int, int]


@dataclass(frozen=True)
class Broadcast(CStruct):
    """mz_broadcast_axes. sizes: of the output, outermost first. first_strides, second_strides: how
    far a step along each axis moves in the operands, in elements; 0 where one is repeated.
    """

    c_type = "mz_broadcast_axes"
    sizes: tuple[int, int, int, int]
    first_strides: Strides
    second_strides: Strides


@dataclass(frozen=True)
class BinaryParams(KernelParams):
    """The parameters that kernels of two operands begin with.

    axes: how the operands broadcast.
    """

    axes: Broadcast

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        """Operands of one shape are a run of elements."""
        axes = self.axes
        if axes.sizes[:3] != (1, 1, 1) or axes.first_strides != axes.second_strides:
            return None
        return RowWindow(1, 1, 0, (Setting("axes.sizes[3]", "output_rows", prod(target[2:])),))

    def passes(self, constant: Constant) -> int:
        """A broadcast operand is read again for every repetition."""
        return pieces(prod(self.axes.sizes), constant.values.size)


def broadcast_of(model: Model, op: Op) -> Broadcast:
    """Neighbouring axes along which both operands move alike are one."""
    shapes = [rank_four(model.tensor(index).shape, 1) for index in op.inputs]
    sizes = rank_four(model.tensor(op.outputs[0]).shape, 1)
    axes: list[tuple[int, int, int]] = []
    for size, *strides in zip(sizes, *map(broadcast_strides, shapes), strict=True):
        if size == 1:
            continue
        if axes and list(axes[-1][1:]) == [size * stride for stride in strides]:
            size *= axes.pop()[0]
        axes.append((size, *strides))
    filled = [(1, 0, 0)] * (len(sizes) - len(axes)) + axes
    return Broadcast(*zip(*filled, strict=True))


def broadcast_strides(shape: tuple[int, int, int, int]) -> Strides:
    """How far a step along each axis moves in a dense tensor; 0 where it has one element."""
    strides = [0, 0, 0, 0]
    elements = 1
    for axis in (3, 2, 1, 0):
        strides[axis] = elements if shape[axis] > 1 else 0
        elements *= shape[axis]
    return strides[0], strides[1], strides[2], strides[3]
