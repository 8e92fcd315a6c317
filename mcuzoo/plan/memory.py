"""One model on one board: program, arena plan and placement, whether they fit or not."""

from __future__ import annotations

from dataclasses import replace

from mcuzoo.board.model import Board
from mcuzoo.errors import McuzooError, UsageError
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Call
from mcuzoo.ops.channels import NOTHING, without_constant_channels
from mcuzoo.ops.coverage import judge
from mcuzoo.ops.lower import call_constant_bytes, lower, program_constant_bytes
from mcuzoo.plan.arena.bands import banded_plan
from mcuzoo.plan.arena.fusion import Planned, fuse_and_plan
from mcuzoo.plan.arena.lifetimes import lifetimes, peak_demand
from mcuzoo.plan.arena.planner import ArenaPlan, plan_arena
from mcuzoo.plan.arena.scratch import plan_within, with_spare_scratch
from mcuzoo.plan.arena.streaming import streamed_plan
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.options import MemoryOptions
from mcuzoo.plan.place.needs import Needs, assess_needs, assess_tflm_needs
from mcuzoo.plan.place.pins import parse_pins
from mcuzoo.plan.place.placement import Placement, largest_room, place, usable_names
from mcuzoo.plan.place.regions import region_fits
from mcuzoo.plan.place.reserved import reserved_by
from mcuzoo.plan.place.ring import with_ring
from mcuzoo.plan.place.slices import sliced_calls, without_needless_slices
from mcuzoo.plan.place.split import place_arena
from mcuzoo.plan.place.traffic import constant_uses
from mcuzoo.plan.tflm.image import (
    DEFAULT_KERNELS,
    TflmImage,
    check_kernels,
    check_plan,
    prepare_image,
)
from mcuzoo.project.kinds import check_weights


def plan_memory(
    model: Model,
    board: Board,
    options: MemoryOptions = MemoryOptions(),
    arena_bytes: int | None = None,
) -> MemoryPlan:
    """Plan `model` for `board`. arena_bytes: see prepare_image, for tflm only.

    If the arena of the ahead-of-time runtime fits nowhere, operators pass bands of rows on to each
    other, as many of them as it takes. What then does not fit is planned with the SDRAM, which is
    slow, unless the board file does not say how it is started.

    Raises ModelError when the model cannot be executed at all (not INT8, several inputs),
    UnsupportedOpError for an op whose arena under TFLM is not known, or that has no kernel that
    could take a streamed input, BoardError for a project in an SDK that the board file does not
    know, and UsageError for a choice that is unknown, a region that cannot hold an arena or an
    input that cannot be streamed.
    """
    runtime, stream_input = options.runtime_kind, options.stream_input
    started = board.with_sdram()
    check_weights(options.weights, usable_names(started))
    kernels = check_kernels(options.kernels or DEFAULT_KERNELS)
    head = check_plan(options.plan) if options.plan else None
    if stream_input and runtime != "aot":
        raise UsageError(
            f"--stream-input: the runtime {runtime} wants its input as a whole.",
            "Add --runtime aot, or leave --stream-input out.",
        )
    verdict = judge(model, "tflm" if runtime == "tflm" else "aot")
    program = whole = verdict.program or verdict.require()
    image = prepare_image(model, kernels, head, arena_bytes) if runtime == "tflm" else None
    aot = runtime == "aot" and (verdict.runs or stream_input)
    saved = NOTHING
    if aot and verdict.runs:
        program, saved = without_constant_channels(program)
    lowered = lower(program) if aot else None
    named = (options.arena_region, options.weights, *(at for _, at in parse_pins(options.pin)))
    board = board.started_for(named)
    if lowered is None:
        calls, arena = None, plan_arena(lifetimes(program))
    else:
        calls, arena = (
            streamed_plan(program, lowered) if stream_input else tight_plan(model, program, lowered)
        )
    plan = replace(_placed(program, calls, arena, board, options, image), saved=saved)
    if plan.fits:
        return plan
    others = []
    if lowered is not None and calls is not None:
        unfused = (*calls[:1], *lowered[len(calls[0].ops) :]) if plan.chain else lowered
        room = largest_room(plan.needs, board, options.arena_region)
        if saved is not NOTHING and not plan.chain:
            # Fewer bands would be faster, but take more than if no channel had left.
            complete = banded_plan(whole, lower(whole), room)
            room = min(room, complete[1].arena_bytes) if complete else room
        banded = banded_plan(program, unfused, room)
        others = [_placed(program, *banded, board, options)] if banded else []
    if not any(other.fits for other in others):
        others.append(_placed(program, calls, arena, started, options, image))
    return replace(min((plan, *others), key=_missing_bytes), saved=saved)


def _missing_bytes(plan: MemoryPlan) -> int:
    return sum(region.over_bytes for region in plan.regions)


def tight_plan(model: Model, program: Program, calls: tuple[Call, ...]) -> Planned:
    """The plan of these calls, for a small network of no more bytes than TFLM's arena has: there
    scratch memory, which faster kernels want, is more than tensors."""
    planned = fuse_and_plan(program, calls)
    tensors = peak_demand(lifetimes(program), ALIGNMENT_BYTES).bytes
    if planned[1].arena_bytes <= tensors:
        # TFLM's has all of these, too.
        return with_spare_scratch(program, calls, planned)
    try:
        theirs = prepare_image(model, DEFAULT_KERNELS).arena.used_bytes
    except McuzooError:
        return with_spare_scratch(program, calls, planned)
    return plan_within(program, calls, planned, theirs)


def _placed(
    program: Program,
    calls: tuple[Call, ...] | None,
    arena: ArenaPlan,
    board: Board,
    options: MemoryOptions,
    image: TflmImage | None = None,
) -> MemoryPlan:
    """The plan with a place for everything."""
    weights, pins = options.weights, parse_pins(options.pin)
    reserved = reserved_by(board, options.project_kind(board))
    if image is None:
        constants = program_constant_bytes(program) if calls is None else call_constant_bytes(calls)
        needs = assess_needs(program, calls, arena, constants)
    else:
        needs = assess_tflm_needs(image)
    needs = replace(
        needs,
        data_bytes=needs.data_bytes + reserved.data_bytes,
        code_bytes=needs.code_bytes + reserved.code_bytes,
    )
    if calls is None or options.arena_region is not None:
        placement = place(needs, board, weights, options.arena_region, pins)
    else:
        arena, placement = place_arena(program, calls, arena, needs, board, weights, pins)
    if calls is not None:
        calls, arena, placement, needs = _in_slices(
            program, calls, arena, placement, needs, board, options
        )
    regions = region_fits(needs, board, placement)
    sizes = (program.input_tensor.bytes, program.output_tensor.bytes)
    placement = with_ring(placement, regions, board, *sizes)
    regions = region_fits(needs, board, placement)
    return MemoryPlan(program, arena, needs, placement, regions, image, calls)


def _in_slices(
    program: Program,
    calls: tuple[Call, ...],
    arena: ArenaPlan,
    placement: Placement,
    needs: Needs,
    board: Board,
    options: MemoryOptions,
) -> tuple[tuple[Call, ...], ArenaPlan, Placement, Needs]:
    """The same with calls in slices where that saves time, and constants placed for it."""
    started = board.started_for(placement.regions)
    found = sliced_calls(program, calls, arena, placement, started)
    if found is None:
        return calls, arena, placement, needs
    cut, arena = found
    needs = replace(needs, constants=constant_uses(program, cut))
    weights, pins = options.weights, parse_pins(options.pin)
    split = None if arena.hot_bytes is None else arena
    placement = place(needs, board, weights, options.arena_region, pins, split)
    cut = without_needless_slices(cut, calls, placement, started)
    return cut, arena, placement, replace(needs, constants=constant_uses(program, cut))
