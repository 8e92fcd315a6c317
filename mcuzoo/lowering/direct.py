"""Ops whose portable kernel takes the model's numbers as they are, without a layout of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call, Overlap
from mcuzoo.lowering.operands import operands
from mcuzoo.lowering.params import KernelParams
from mcuzoo.lowering.variant import Work

ELEMENT_BY_ELEMENT = Overlap(before=0)
"""The overlap of kernels that read each element before they write it, in order."""


@dataclass(frozen=True, eq=False)
class DirectWork(Work):
    """An op and its portable kernel's parameters; overlaps as in Call."""

    params: KernelParams
    overlaps: tuple[Overlap | None, ...]


def direct_work(
    program: Program,
    step: Step,
    params: KernelParams,
    tensors: Sequence[int],
    overlaps: tuple[Overlap | None, ...] = (),
) -> DirectWork:
    """`tensors` are those of the op's inputs that the kernel reads."""
    inputs = operands(program, step.op, tensors)
    return DirectWork(step.op, inputs, tuple(map(Activation, step.writes)), params, overlaps)


@dataclass(frozen=True)
class Direct:
    """The portable kernel."""

    kernel: str

    def accepts(self, work: DirectWork) -> bool:
        return True

    def lower(self, work: DirectWork) -> tuple[Call, ...]:
        return work.call(self.kernel, work.params, overlaps=work.overlaps)
