"""What a model's firmware needs of a board's memory, before anything is placed."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.graph.model import Tensor
from mcuzoo.graph.program import Program
from mcuzoo.plan.arena import ArenaPlan
from mcuzoo.plan.footprint import estimate_footprint

REQUANTIZATION_BYTES_PER_CHANNEL = 8
"""An int32 multiplier and an int32 shift for each output channel."""

_PER_CHANNEL_OPS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})


@dataclass(frozen=True)
class Needs:
    """Bytes to be placed. All but the code are what the linker will count, not guesses."""

    arena_bytes: int
    constant_bytes: int
    code_bytes: int
    data_bytes: int
    bss_bytes: int
    stack_bytes: int


def assess_needs(program: Program, plan: ArenaPlan, runtime: str) -> Needs:
    footprint = estimate_footprint(runtime, {step.op.name for step in program.steps})
    return Needs(
        arena_bytes=plan.arena_bytes,
        constant_bytes=constant_bytes(program),
        code_bytes=footprint.code_bytes,
        data_bytes=footprint.data_bytes,
        bss_bytes=footprint.bss_bytes,
        stack_bytes=footprint.stack_bytes,
    )


def constant_bytes(program: Program) -> int:
    """Weights, biases and requantization tables as the ahead-of-time runtime stores them."""
    constants = {
        index: program.model.tensor(index)
        for step in program.steps
        for index in step.op.inputs
        if index >= 0 and program.model.tensor(index).data is not None
    }
    tables = sum(
        REQUANTIZATION_BYTES_PER_CHANNEL * _output_channels(program.model.tensor(output))
        for step in program.steps
        if step.op.name in _PER_CHANNEL_OPS
        for output in step.op.outputs
    )
    return sum(tensor.bytes for tensor in constants.values()) + tables


def _output_channels(tensor: Tensor) -> int:
    return tensor.shape[-1]
