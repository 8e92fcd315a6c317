"""Operators of two values at a time, with NumPy broadcasting.

Where one operand is a constant for all elements, or one per channel of few, the operator is one of
a single value, and a table does it: Keras' Rescaling and Normalization at the entry of a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import constant_bytes
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast, broadcast_of, broadcast_strides
from mcuzoo.ops.common.lookup import EVERY_VALUE, Lookup, lookup_work
from mcuzoo.ops.common.reference import Kernel
from mcuzoo.ops.common.rules import Rule
from mcuzoo.ops.operator import Aot

MAX_TABLES = 4
"""More channels are better served by the kernel of two operands: a table takes 256 bytes."""


@dataclass(frozen=True)
class Quick:
    """A kernel that does the operator faster, for some numbers. params: for these; None: it cannot.
    They are given the operator's arithmetic, too."""

    kernel: str
    params: Callable[[Model, Op, Broadcast, Kernel], BinaryParams | None]


@dataclass(frozen=True, eq=False)
class BinaryWork(DirectWork):
    """quick: parameters of the faster kernel, if that can do it."""

    quick: BinaryParams | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class QuickVariant:
    """Work that this faster kernel can do."""

    kernel: str

    def accepts(self, work: DirectWork) -> bool:
        quick = work.quick if isinstance(work, BinaryWork) else None
        return quick is not None and quick.c_type == f"{self.kernel}_params"

    def lower(self, work: DirectWork) -> tuple[Call, ...]:
        assert isinstance(work, BinaryWork) and work.quick is not None
        return work.call(self.kernel, work.quick, overlaps=work.overlaps)


@dataclass(frozen=True)
class Binary:
    """An operator of two inputs. params: of the portable kernel; reference: its arithmetic, which
    must take operands of any shapes that broadcast. quick: faster kernels, the best one first."""

    kernel: str
    params: Callable[[Model, Op, Broadcast], BinaryParams]
    reference: Callable[[Model, Op], Kernel]
    quick: tuple[Quick, ...] = ()

    def aot(self, rule: Rule, constraint: str = "int8, rank <= 4, broadcasting") -> Aot:
        quick = [QuickVariant(each.kernel) for each in self.quick]
        return Aot(
            constraint=constraint,
            rule=rule,
            reference=self.reference,
            prepare=self.prepare,
            variants=(Lookup(), *quick, Direct(self.kernel)),
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
            for strides in (broadcast.first_strides, broadcast.second_strides)
        )
        params = self.params(model, op, broadcast)
        work = direct_work(program, step, params, op.inputs, overlaps)
        arithmetic = self.reference(model, op)
        for each in self.quick:
            quick = each.params(model, op, broadcast, arithmetic)
            if quick is not None:
                return BinaryWork(work.op, work.inputs, work.outputs, params, overlaps, quick=quick)
        return work


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
