"""Arenas in two memories: sound plans, cut only where that is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.examples import examples
from helpers.exported import plan_memory
from helpers.mobilenet import mobilenet_v1
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board
from mcuzoo.graph.program import Program, build_program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Call
from mcuzoo.ops.lower import lower
from mcuzoo.plan.arena.calls import call_lives, call_shares
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.fusion import fuse_and_plan
from mcuzoo.plan.arena.hot import hot_plan, moved_bytes
from mcuzoo.plan.fit import fit_model
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.options import MemoryOptions

pytestmark = pytest.mark.slow

Lowered = tuple[Program, tuple[Call, ...]]


@pytest.fixture(scope="module")
def lowered() -> Lowered:
    program = build_program(mobilenet_v1(resolution=96, classes=10))
    return program, lower(program)


@settings(deadline=None, max_examples=examples(12))
@given(room=st.integers(0, 120_000))
def test_any_room_gives_a_sound_plan(lowered: Lowered, room: int) -> None:
    program, calls = lowered
    plan = hot_plan(program, calls, room)
    if plan is None:
        return
    assert plan.hot_bytes is not None
    assert 0 < plan.hot_bytes <= room
    lives = call_lives(program, calls)
    assert not violations(plan, lives, ALIGNMENT_BYTES, call_shares(calls))
    for slot in plan.slots:
        straddles = slot.offset < plan.hot_bytes < slot.offset + slot.bytes
        assert not straddles, "no buffer lies in both memories"
    assert plan == hot_plan(program, calls, room)


def test_no_room_and_room_for_all_need_no_cut(lowered: Lowered) -> None:
    assert hot_plan(*lowered, 0) is None
    assert hot_plan(*lowered, 1 << 20) is None


def test_more_room_moves_more(lowered: Lowered) -> None:
    program, calls = lowered
    moved = moved_bytes(program, calls)
    hot = []
    for room in (8_000, 16_000, 24_000):
        plan = hot_plan(program, calls, room)
        assert plan is not None and plan.hot_bytes is not None
        hot.append(sum(moved[s.buffer] for s in plan.slots if s.offset < plan.hot_bytes))
    assert hot == sorted(hot) and hot[0] < hot[-1]


def test_what_is_moved_is_counted_by_use(lowered: Lowered) -> None:
    """The input is read once; what lies between two layers is written and read."""
    program, calls = lowered
    moved = moved_bytes(program, calls)
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    assert moved[program.input_buffer] == sizes[program.input_buffer]
    assert moved[calls[0].output.buffer] == 2 * sizes[calls[0].output.buffer]


def _with_dtcm(board: Board, size: int) -> Board:
    regions = tuple(
        region.model_copy(update={"size": size}) if region.name == "dtcm" else region
        for region in board.regions
    )
    return board.model_copy(update={"regions": regions})


def _parts(plan: MemoryPlan) -> list[str]:
    return [region for region, _ in plan.placement.arena_parts]


def test_an_arena_that_fits_as_a_whole_is_not_cut() -> None:
    model = mobilenet_v1(resolution=96, classes=10)
    assert _parts(plan_memory(model, load_board("rt1050"), weights="auto")) == ["dtcm"]


def test_one_that_fits_ocram_alone_is_not_cut() -> None:
    """Two parts would take more."""
    model = mobilenet_v1(resolution=96, classes=10)
    board = _with_dtcm(load_board("rt1050"), 0xC000)
    whole = plan_memory(model, board, weights="auto")
    assert _parts(whole) == ["ocram"] and whole.fits
    assert whole.placement.arena_bytes == plan_memory(model, board).placement.arena_bytes


def test_one_that_fits_no_memory_as_a_whole_is_cut_to_fit() -> None:
    model, board = mobilenet_v1(0.5, 224, classes=10), load_board("rt1050")
    program = build_program(model)
    whole = fuse_and_plan(program, lower(program))[1]
    cut = plan_memory(model, board)
    assert cut.fits and whole.arena_bytes > board.region("ocram").size
    assert _parts(cut) == ["dtcm", "ocram"]
    used = {region.region: region.used_bytes for region in cut.regions}
    assert used["ocram"] == cut.placement.rest_bytes
    assert cut.arena.arena_bytes == cut.placement.arena_bytes
    saves = fit_model(model, board, MemoryOptions(runtime="aot")).hot_saves_s
    assert saves is not None and saves > 100e-6


def test_needs_are_of_an_arena_in_one_memory() -> None:
    """As other boards are judged by them."""
    model = mobilenet_v1(0.5, 224, classes=10)
    cut = plan_memory(model, load_board("rt1050"))
    whole = plan_memory(model, load_board("rt1170"), arena_region="ocram1")
    assert cut.needs == replace(whole.needs, constants=cut.needs.constants)
    assert cut.placement.arena_bytes > cut.needs.arena_bytes
