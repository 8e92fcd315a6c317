"""The model file for TFLite-Micro, and the arena that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import parse_model
from mcuzoo.lowering.alignment import align_up
from mcuzoo.ops.coverage import judge
from mcuzoo.plan.tflm.abi import ARENA_ALIGNMENT
from mcuzoo.plan.tflm.offline import embed_offsets, plan_offline
from mcuzoo.plan.tflm.predict import TflmArena, predict_arena
from mcuzoo.plan.tflm.requests import Kernels

HeadPlan = Literal["offline", "greedy"]
"""Who places the activations: mcuzoo, by metadata in the model file, or TFLM itself."""

DEFAULT_KERNELS: Kernels = "cmsis-nn"

MARGIN_BYTES = 512
"""Margin beyond the prediction, for structures that differ between versions of TFLM."""


@dataclass(frozen=True)
class TflmImage:
    """`model` runs int8 to int8; its `raw` goes into the firmware byte for byte.

    op_indices: for each of its ops the index in the model file that it came from. reserved_bytes:
    the arena asked for, None for the prediction and a margin. offsets: of an offline plan, by
    tensor index.
    """

    model: Model
    op_indices: tuple[int, ...]
    plan: HeadPlan
    arena: TflmArena
    reserved_bytes: int | None = None
    offsets: tuple[int | None, ...] | None = None

    @property
    def arena_bytes(self) -> int:
        """What the firmware reserves."""
        if self.reserved_bytes is not None:
            return align_up(self.reserved_bytes, ARENA_ALIGNMENT)
        return align_up(self.arena.arena_bytes + MARGIN_BYTES, ARENA_ALIGNMENT)

    def recording_arena(self) -> TflmArena:
        """The arena under TFLM's recording allocator, whose own structures are larger."""
        return predict_arena(self.model, self.arena.kernels, self.offsets, recording=True)


def prepare_image(
    model: Model,
    kernels: Kernels,
    plan: HeadPlan | None = None,
    arena_bytes: int | None = None,
) -> TflmImage:
    """Cut the conversions at the ends and plan the head; plan None: the smaller one.

    arena_bytes: what to reserve, None for the prediction and a margin.

    Raises ModelError when the model has not one int8 input and output then, UnsupportedOpError
    for an op that TFLM does not run.
    """
    judge(model, "tflm").require()
    cut = cut_ends(model)
    offline = plan_offline(cut.model, kernels)
    if plan is None:
        plan = "offline" if offline.smaller else "greedy"
    if plan == "greedy":
        return TflmImage(cut.model, cut.op_indices, plan, offline.greedy, arena_bytes)
    planned = parse_model(embed_offsets(cut.model.raw, offline.offsets), cut.model.name)
    return TflmImage(planned, cut.op_indices, plan, offline.arena, arena_bytes, offline.offsets)


def check_kernels(name: str) -> Kernels:
    """`name` itself; raises UsageError when it is unknown."""
    if name == "cmsis-nn":
        return "cmsis-nn"
    if name == "reference":
        return "reference"
    hint = did_you_mean(name, ("cmsis-nn", "reference"))
    raise UsageError(
        f"--kernels {name}: no such kernels.", f"{hint}--kernels cmsis-nn or --kernels reference."
    )


def check_plan(name: str) -> HeadPlan:
    """`name` itself; raises UsageError when it is unknown."""
    if name == "offline":
        return "offline"
    if name == "greedy":
        return "greedy"
    raise UsageError(f"--plan {name}: no such plan.", "--plan offline or --plan greedy.")
