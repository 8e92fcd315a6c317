"""Ops whose portable kernel takes the model's numbers as they are, with nothing to lay out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call, Overlap
from mcuzoo.lowering.ops.operands import operands
from mcuzoo.lowering.params import CStruct
from mcuzoo.lowering.variant import Work

ELEMENT_BY_ELEMENT = Overlap(before=0)
"""Of kernels that read an element for the last time before they write it, from the first on."""


@dataclass(frozen=True, eq=False)
class DirectWork(Work):
    """An op and its portable kernel's parameters; overlaps as in Call."""

    params: CStruct
    overlaps: tuple[Overlap | None, ...]


def direct_work(
    program: Program,
    step: Step,
    params: CStruct,
    tensors: Sequence[int],
    overlaps: tuple[Overlap | None, ...] = (),
) -> DirectWork:
    """`tensors` are those of the op's inputs that the kernel reads."""
    inputs = operands(program, step.op, tensors)
    return DirectWork(step.op, inputs, step.writes[0], params, overlaps)


@dataclass(frozen=True)
class Direct:
    """The portable kernel."""

    kernel: str

    def accepts(self, work: DirectWork) -> bool:
        return True

    def lower(self, work: DirectWork) -> Call:
        output = Activation(work.output_buffer)
        return Call(work.op, self.kernel, work.params, work.inputs, output, overlaps=work.overlaps)
