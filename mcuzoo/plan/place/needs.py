"""What a model's firmware needs of a board's memory, before anything is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.rows import RowChain
from mcuzoo.ops.lower import portable_kernels
from mcuzoo.plan.arena.planner import ArenaPlan
from mcuzoo.plan.place.footprint import estimate_footprint
from mcuzoo.plan.place.tflm_passes import weight_sweeps
from mcuzoo.plan.place.traffic import ConstantUse, constant_uses, whole_model_use
from mcuzoo.plan.tflm.image import TflmImage

HALVES = {
    "mz_pointwise_depthwise_s8_dsp": ("mz_pointwise_s8_dsp", "mz_depthwise_3x3_s8_dsp"),
}
"""Kernels whose code a fused one brings along."""


@dataclass(frozen=True)
class Needs:
    """Bytes to be placed. Code and data (.data with .bss) are estimates, the others are exact.

    constants: what constant_bytes consists of; empty where that is not known. arena_bytes: the
    whole arena. stack_bytes: what is kept free for the stack. code_bytes: in flash. data_bytes: of
    .data and .bss. hot_bytes: of the code that an inference goes through, an estimate; 0: that is
    not told from the rest.
    """

    arena_bytes: int
    constant_bytes: int
    code_bytes: int
    data_bytes: int
    stack_bytes: int
    constants: tuple[ConstantUse, ...] = ()
    hot_bytes: int = 0


def assess_needs(
    program: Program, calls: Sequence[Call] | None, plan: ArenaPlan, constant_bytes: int
) -> Needs:
    """The needs of the ahead-of-time runtime. calls: None for a program that cannot be lowered; it
    counts as if it used the portable kernels."""
    if calls is None:
        names = portable_kernels(program)
    else:
        kernels = [kernel for call in calls for kernel in call.kernels]
        names = [name for kernel in kernels for name in (kernel, *HALVES.get(kernel, ()))]
    stages = sum(len(call.stages) for call in calls or () if isinstance(call, RowChain))
    footprint = estimate_footprint("aot", names, stages)
    return Needs(
        arena_bytes=plan.arena_bytes,
        constant_bytes=constant_bytes,
        code_bytes=footprint.code_bytes,
        data_bytes=footprint.data_bytes,
        stack_bytes=footprint.stack_bytes,
        constants=() if calls is None else constant_uses(program, calls),
        hot_bytes=footprint.hot_bytes,
    )


def assess_tflm_needs(image: TflmImage) -> Needs:
    """The needs of TFLM's runtime, whose constants are the model file."""
    names = [op.name for op in image.model.ops]
    sweeps = weight_sweeps(image.model, image.arena.kernels)
    footprint = estimate_footprint(f"tflm-{image.arena.kernels}", names)
    return Needs(
        arena_bytes=image.arena_bytes,
        constant_bytes=image.model.bytes,
        code_bytes=footprint.code_bytes,
        data_bytes=footprint.data_bytes,
        stack_bytes=footprint.stack_bytes,
        constants=(whole_model_use(image.model.bytes, sweeps),),
    )
