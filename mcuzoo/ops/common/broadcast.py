"""Operands that broadcast: how kernels of two operands walk them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from mcuzoo.graph.model import Model, Op
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import rank_four
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, pieces

Strides = tuple[int, int, int, int]


@dataclass(frozen=True)
class Broadcast:
    """sizes: of the output; strides: how far each operand moves along its axes, in elements. first,
    second: strides of the operands; 0 where one is repeated."""

    sizes: tuple[int, int, int, int]
    first: Strides
    second: Strides


@dataclass(frozen=True)
class BinaryParams(KernelParams):
    """The parameters that kernels of two operands begin with.

    sizes: of the output, outermost first.
    """

    sizes: tuple[int, int, int, int]

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        """Operands of one shape are a run of elements."""
        if self.sizes[:3] != (1, 1, 1):
            return None
        return RowWindow(1, 1, 0, (Setting("sizes[3]", "output_rows", prod(target[2:])),))

    def passes(self, constant: Constant) -> int:
        """A broadcast operand is read again for every repetition."""
        return pieces(prod(self.sizes), constant.values.size)


def broadcast_of(model: Model, op: Op) -> Broadcast:
    first, second = (rank_four(model.tensor(index).shape, 1) for index in op.inputs)
    output = model.tensor(op.outputs[0])
    sizes = rank_four(output.shape, 1)
    if first == second:
        # One loop over all elements, instead of four nested loops.
        sizes = first = second = (1, 1, 1, output.elements)
    return Broadcast(sizes, broadcast_strides(first), broadcast_strides(second))


def broadcast_strides(shape: tuple[int, int, int, int]) -> Strides:
    """How far a step along each axis moves in a dense tensor; 0 where it has one element."""
    strides = [0, 0, 0, 0]
    elements = 1
    for axis in (3, 2, 1, 0):
        strides[axis] = elements if shape[axis] > 1 else 0
        elements *= shape[axis]
    return strides[0], strides[1], strides[2], strides[3]
