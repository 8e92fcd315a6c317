"""Operators of two values at a time, with NumPy broadcasting.

Where one operand is a constant for all elements, or one per channel of few, the operator is one of
a single value, and a table does it: Keras' Rescaling and Normalization at the entry of a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import Requantization
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import constant_bytes, rank_four
from mcuzoo.lowering.params import KernelParams, RowWindow, Setting, Shape, pieces
from mcuzoo.ops.common.lookup import EVERY_VALUE, Lookup, lookup_work
from mcuzoo.ops.common.reference import Kernel
from mcuzoo.ops.common.rules import Rule
from mcuzoo.ops.kernels.sum_dsp import SumDsp, SumWork, line_of_sum
from mcuzoo.ops.operator import Aot

MAX_TABLES = 4
"""More channels are better served by the kernel of two operands: a table takes 256 bytes."""

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


@dataclass(frozen=True)
class Sum:
    """A sum of both operands. slopes: by how much the output rises for a unit of each. to: clamps
    the output."""

    slopes: tuple[float, float]
    to: Requantization


@dataclass(frozen=True)
class Binary:
    """An operator of two inputs. params: of the portable kernel; reference: its arithmetic, which
    must take operands of any shapes that broadcast. sum: as which it can be computed; None: it is
    no sum."""

    kernel: str
    params: Callable[[Model, Op, Broadcast], BinaryParams]
    reference: Callable[[Model, Op], Kernel]
    sum: Callable[[Model, Op], Sum] | None = None

    def aot(self, rule: Rule, constraint: str = "int8, rank <= 4, broadcasting") -> Aot:
        return Aot(
            constraint=constraint,
            rule=rule,
            reference=self.reference,
            prepare=self.prepare,
            variants=(Lookup(), SumDsp(), Direct(self.kernel)),
            constant_bytes=_constant_bytes,
        )

    def prepare(self, program: Program, step: Step) -> DirectWork:
        model, op = program.model, step.op
        for place in (0, 1):
            channels = _looked_up(model, op, place)
            if channels:
                outputs = _outputs_of(model, op, place, channels, self.reference(model, op))
                return lookup_work(program, step, place, outputs)
        broadcast = broadcast_of(model, op)
        dense = broadcast_strides(broadcast.sizes)
        # A broadcast operand is read again and again.
        overlaps = tuple(
            ELEMENT_BY_ELEMENT if strides == dense else None
            for strides in (broadcast.first, broadcast.second)
        )
        params = self.params(model, op, broadcast)
        work = direct_work(program, step, params, op.inputs, overlaps)
        if self.sum is None or broadcast.first != broadcast.second or None in overlaps:
            return work
        pairs = self.reference(model, op)((EVERY_VALUE[:, None], EVERY_VALUE[None]))
        assert isinstance(pairs, np.ndarray)
        meant = self.sum(model, op)
        line = line_of_sum(pairs, meant.slopes, meant.to, prod(broadcast.sizes))
        return SumWork(work.op, work.inputs, work.outputs, params, overlaps, line=line)


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


def _looked_up(model: Model, op: Op, place: int) -> int:
    """How many tables input `place` can be looked up in, 0 if it cannot."""
    source, other = model.tensor(op.inputs[place]), model.tensor(op.inputs[1 - place])
    whole = source.elements == model.tensor(op.outputs[0]).elements
    if source.data is not None or other.data is None or not whole:
        return 0
    channels = other.shape[-1] if other.shape else 1
    if other.elements != channels or channels > MAX_TABLES:
        return 0
    return channels


def _outputs_of(
    model: Model, op: Op, place: int, channels: int, reference: Kernel
) -> NDArray[np.int8]:
    """int8 (channels, 256): the outputs for the inputs -128 to 127."""
    values = np.repeat(EVERY_VALUE[:, np.newaxis], channels, axis=1)
    constant = np.asarray(model.tensor(op.inputs[1 - place]).data, dtype=np.int8).reshape(1, -1)
    outputs = reference((values, constant) if place == 0 else (constant, values))
    assert isinstance(outputs, np.ndarray)
    return np.ascontiguousarray(outputs.T)


def _constant_bytes(model: Model, op: Op) -> int:
    if len(op.inputs) == 2 and -1 not in op.inputs and op.outputs:
        tables = _looked_up(model, op, 0) or _looked_up(model, op, 1)
        if tables:
            return tables * len(EVERY_VALUE)
    return constant_bytes(model, op.inputs)
