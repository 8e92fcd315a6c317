"""Ops whose portable kernel takes the model's numbers as they are, with nothing to lay out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.ops.operands import operands
from mcuzoo.lowering.params import CStruct
from mcuzoo.lowering.variant import Work


@dataclass(frozen=True, eq=False)
class DirectWork(Work):
    """An op and its portable kernel's parameters."""

    params: CStruct


def direct_work(
    program: Program, step: Step, params: CStruct, tensors: Sequence[int]
) -> DirectWork:
    """`tensors` are those of the op's inputs that the kernel reads."""
    return DirectWork(step.op, operands(program, step.op, tensors), step.writes[0], params)


@dataclass(frozen=True)
class Direct:
    """The portable kernel."""

    kernel: str

    def accepts(self, work: DirectWork) -> bool:
        return True

    def lower(self, work: DirectWork) -> Call:
        output = Activation(work.output_buffer)
        return Call(work.op, self.kernel, work.params, work.inputs, output)
