"""A model on a board that runs Linux: kernels and arena. Memory is not scarce there."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.ops.coverage import judge
from mcuzoo.ops.lower import call_constant_bytes, lower
from mcuzoo.plan.arena.fusion import fuse_and_plan
from mcuzoo.plan.arena.lifetimes import ArenaPlan


@dataclass(frozen=True)
class LinuxPlan:
    """`program`: the model in its order; `calls`: the kernels; `arena`: where each activation lies.
    peak_op: during which op that is fullest, "12 CONV_2D". constant_bytes: of all constants."""

    program: Program
    calls: tuple[Call, ...]
    arena: ArenaPlan
    constant_bytes: int
    peak_op: str


def plan_for_linux(model: Model) -> LinuxPlan:
    """The plan of `model` for the C agent.

    Raises ModelError for a model that cannot be executed (not INT8, several inputs) and
    UnsupportedOpError for an op without a kernel of ours.
    """
    program = judge(model, "aot").require()
    calls, arena = fuse_and_plan(program, lower(program, portable=True))
    step = arena.peak_step
    peak = f"{calls[step].op.index} {calls[step].op.name}" if step >= 0 else "-1 INPUT"
    return LinuxPlan(program, calls, arena, call_constant_bytes(calls), peak)
