"""The entries of a manifest, made from board, model and memory plan."""

from __future__ import annotations

from collections.abc import Iterable

from mcuzoo.board.model import Board
from mcuzoo.graph.model import Tensor
from mcuzoo.plan.cycles.predict import predict_plan
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.place.estimate import constant_entries
from mcuzoo.project.manifest import MemoryEntry, PlanEntry, RegionUse, TargetEntry, TensorSpec
from mcuzoo.project.rules import MAX_ADDRESS, MAX_TEXT
from mcuzoo.quoting import one_line, shortened


def target_entry(board: Board, named: Iterable[str] = ()) -> TargetEntry:
    """named: memories that the plan names, see Board.apart."""
    return TargetEntry(
        core=board.core.name,
        fpu=board.core.fpu,
        flash_region=board.flash.region,
        image_base=board.flash_region.base + board.boot.image_offset,
        memory=tuple(
            MemoryEntry(region.name, region.kind.value, region.base, region.size)
            for region in board.apart(named).memories
        ),
    )


def tensor_spec(tensor: Tensor) -> TensorSpec:
    """`tensor` must be quantized per tensor, as a program's input and output are."""
    assert tensor.quantization is not None
    return TensorSpec(
        name=shortened(one_line(tensor.name), MAX_TEXT),
        shape=tensor.shape,
        dtype=tensor.dtype.value,
        scale=tensor.quantization.scale,
        zero_point=tensor.quantization.zero_point,
        bytes=tensor.bytes,
    )


def plan_entry(plan: MemoryPlan, board: Board) -> PlanEntry:
    time = predict_plan(plan, board)
    cycles = None if time is None else time.total
    return PlanEntry(
        estimated_cycles=None if cycles is None else min(round(cycles), MAX_ADDRESS),
        estimate_percent=None if time is None else time.percent,
        arena_bytes=plan.placement.arena_bytes,
        arena_region=plan.placement.arena_region,
        weights_region=plan.placement.weights_region,
        stack_bytes=plan.placement.stack_bytes,
        constant_bytes=plan.needs.constant_bytes,
        peak_op=f"{plan.peak.index} {plan.peak.name}",
        regions=tuple(
            RegionUse(region.region, region.used_bytes, region.size_bytes)
            for region in plan.regions
        ),
        stream_input=plan.chain is not None,
        rest_region=plan.placement.rest_region,
        rest_bytes=plan.placement.rest_bytes,
        ring_bytes=plan.placement.ring_bytes,
        ring_region=plan.placement.ring_region,
        constants=constant_entries(plan.needs, board, plan.placement),
    )
