"""The plan checker sees each way in which a plan can be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.lifetimes import Life
from mcuzoo.plan.arena.planner import ArenaPlan, Slot, plan_arena

LIVES = (Life(0, 100, -1, 0), Life(1, 50, 0, 2), Life(2, 200, 2, 3))


@pytest.fixture
def plan() -> ArenaPlan:
    return plan_arena(LIVES)


def _moved(plan: ArenaPlan, buffer: int, offset: int) -> ArenaPlan:
    slots = tuple(
        replace(slot, offset=offset) if slot.buffer == buffer else slot for slot in plan.slots
    )
    return replace(plan, slots=slots)


def test_a_sound_plan_passes(plan: ArenaPlan) -> None:
    assert violations(plan, LIVES, 16) == ()


def test_shared_bytes_are_seen(plan: ArenaPlan) -> None:
    broken = violations(_moved(plan, 1, plan.slot(0).offset), LIVES, 16)
    assert "buffers 0 and 1 share bytes at step 0" in broken


def test_a_buffer_swallowed_by_a_larger_one_is_seen() -> None:
    lives = (Life(0, 320, 0, 1), Life(1, 16, 0, 1), Life(2, 16, 0, 1))
    slots = (Slot(0, 0, 320, 0, 1), Slot(1, 16, 16, 0, 1), Slot(2, 64, 16, 0, 1))
    broken = violations(ArenaPlan(slots, 352, 352, 0), lives, 16)
    assert broken == (
        "buffers 0 and 1 share bytes at step 0",
        "buffers 0 and 2 share bytes at step 0",
    )


def test_misalignment_and_overflow_are_seen(plan: ArenaPlan) -> None:
    assert violations(_moved(plan, 2, plan.arena_bytes - 8), LIVES, 16) == (
        "buffer 2 reaches outside the arena",
        "buffer 2 is not 16-byte aligned",
    )


def test_a_missing_or_shrunken_slot_is_seen(plan: ArenaPlan) -> None:
    missing = replace(plan, slots=plan.slots[1:])
    shrunken = replace(plan, slots=(replace(plan.slots[0], bytes=1), *plan.slots[1:]))
    for broken in (missing, shrunken):
        assert violations(broken, LIVES, 16) == (
            "the slots are not one per buffer with its size and life",
        )
