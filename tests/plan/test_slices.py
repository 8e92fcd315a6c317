"""Which calls go through their weights slice by slice."""

from __future__ import annotations

import pytest
from helpers.exported import plan_memory

from mcuzoo.board.load import load_board
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.ops.kernels.slices import extra_passes, sliced
from mcuzoo.plan.arena.lifetimes import ArenaPlan
from mcuzoo.plan.cycles.choices import choices
from mcuzoo.plan.cycles.predict import predict_plan
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.place.slices import most_slice_bytes
from mcuzoo.zoo.registry import load_or_build


@pytest.fixture(scope="module")
def plan() -> MemoryPlan:
    """Of a model with more weights than all on-chip memory."""
    model = load_or_build("mobilenet_v1_0.5_160").model
    return plan_memory(model, load_board("rt1050"))


def _cut(plan: MemoryPlan) -> list[Call]:
    return [call for call in plan.calls or () if extra_passes(call)]


def test_weights_are_fetched_about_once(plan: MemoryPlan) -> None:
    board = load_board("rt1050")
    found = predict_plan(plan, board)
    assert found is not None and _cut(plan)
    waits = sum(sum(call.constants.values()) for call in found.calls)
    flash = board.flash_region.read
    assert flash is not None
    line_bytes = board.core.dcache_line_bytes
    line = flash.line_cycles(board.core.clock_hz, line_bytes).transfer
    assert waits < 1.2 * plan.needs.constant_bytes / line_bytes * line
    saved = {one.what: one.cycles for one in choices(plan, board, found)}
    assert saved["channels in slices"] > waits
    assert saved["code in itcm"] > 0


def test_slices_stay_in_the_cache(plan: MemoryPlan) -> None:
    most = most_slice_bytes(load_board("rt1050"), plan.placement)
    assert all(call.held_bytes <= most for call in _cut(plan))
    assert all(sliced(call, most) is None for call in _cut(plan))


def test_no_output_of_slices_lies_over_an_input(plan: MemoryPlan) -> None:
    for call in _cut(plan):
        (source,) = [one for one in call.inputs if isinstance(one, Activation)]
        first, second = _slot(plan.arena, source), _slot(plan.arena, call.output)
        assert first[1] <= second[0] or second[1] <= first[0]


def _slot(arena: ArenaPlan, operand: Activation) -> tuple[int, int]:
    slot = arena.slot(operand.buffer)
    return slot.offset, slot.offset + slot.bytes


def test_what_nothing_waits_for_has_no_slices() -> None:
    board = load_board("rt1170")
    plan = plan_memory(load_or_build("signs").model, board, weights="auto")
    regions = [
        {plan.placement.region_of(constant.symbol) for constant in call.constants()}
        for call in _cut(plan)
    ]
    assert all(names - {"dtcm"} for names in regions)
    assert "dtcm" in {plan.placement.region_of(use.symbol) for use in plan.needs.constants}
