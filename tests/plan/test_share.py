"""Outputs over their inputs: sound, never below the bound, as small as brute force."""

from __future__ import annotations

from itertools import permutations

import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.lifetimes import ArenaPlan, Life, Share, Slot
from mcuzoo.plan.arena.planner import plan_arena

Case = tuple[list[Life], list[Share]]


@st.composite
def random_chains(draw: st.DrawFn, max_steps: int = 12, max_bytes: int = 4000) -> Case:
    """A chain of buffers, some kept for later, with scratch here and there."""
    steps = draw(st.integers(1, max_steps))
    size = st.integers(1, max_bytes)
    lives = [Life(0, draw(size), -1, 0)]
    shares = []
    for step in range(steps):
        kept = draw(st.sampled_from([0, 0, 0, 1, 2]))
        lives.append(Life(step + 1, draw(size), step, min(step + 1 + kept, steps)))
        if draw(st.booleans()):
            shares.append(Share(step, step + 1, draw(st.integers(0, max_bytes))))
        if draw(st.booleans()):
            lives.append(Life(100 + step, draw(size), step, step))
    return lives, shares


@given(random_chains(), st.sampled_from([1, 16]))
@settings(max_examples=examples(120), deadline=None)
def test_plans_are_sound_and_never_below_the_bound(case: Case, alignment: int) -> None:
    lives, shares = case
    plan = plan_arena(lives, alignment, shares)
    assert violations(plan, lives, alignment, shares) == ()
    assert plan.lower_bound_bytes <= plan.arena_bytes
    assert plan.arena_bytes <= plan_arena(lives, alignment).arena_bytes


@pytest.mark.slow
@given(random_chains(max_steps=3, max_bytes=9))
@settings(max_examples=examples(50), deadline=None)
def test_tiny_cases_are_as_good_as_brute_force(case: Case) -> None:
    lives, shares = case
    if len(lives) <= 6:
        assert plan_arena(lives, 1, shares).arena_bytes == _brute_force(lives, shares)


def _brute_force(lives: list[Life], shares: list[Share]) -> int:
    """Every buffer at every offset that a sum of sizes and distances can reach, judged whole."""
    return min(_lowest(order, shares) for order in permutations(lives))


def _lowest(order: tuple[Life, ...], shares: list[Share]) -> int:
    at: dict[Life, int] = {}
    for life in order:
        at[life] = next(offset for offset in range(200) if _sound({**at, life: offset}, shares))
    return max(offset + life.bytes for life, offset in at.items())


def _sound(at: dict[Life, int], shares: list[Share]) -> bool:
    lives = list(at)
    slots = [Slot(x.buffer, at[x], x.bytes, x.first_step, x.last_step) for x in lives]
    top = max(slot.offset + slot.bytes for slot in slots)
    placed = {life.buffer for life in lives}
    known = [share for share in shares if {share.input, share.output} <= placed]
    return violations(ArenaPlan(tuple(slots), top, 0, 0), lives, 1, known) == ()


def test_a_chain_in_place_takes_one_buffer() -> None:
    lives = [Life(step, 1000, step - 1, step) for step in range(40)]
    shares = [Share(step, step + 1, 0) for step in range(39)]
    plan = plan_arena(lives, 16, shares)
    assert plan.arena_bytes == plan.lower_bound_bytes == 1008


def test_an_output_keeps_its_distance_before_the_input() -> None:
    lives = [Life(0, 1000, -1, 0), Life(1, 600, 0, 1)]
    plan = plan_arena(lives, 1, [Share(0, 1, 100)])
    assert plan.arena_bytes == plan.lower_bound_bytes == 1100
    assert plan.slot(0).offset - plan.slot(1).offset == 100


def test_an_input_that_is_read_again_is_not_overwritten() -> None:
    lives = [Life(0, 1000, -1, 1), Life(1, 1000, 0, 1)]
    assert plan_arena(lives, 1, [Share(0, 1, 0)]).arena_bytes == 2000


def test_the_judge_finds_an_output_too_near() -> None:
    lives = [Life(0, 1000, -1, 0), Life(1, 600, 0, 1)]
    slots = (Slot(0, 90, 1000, -1, 0), Slot(1, 0, 600, 0, 1))
    plan = ArenaPlan(slots, 1090, 1090, 0)
    assert violations(plan, lives, 1, [Share(0, 1, 90)]) == ()
    assert violations(plan, lives, 1, [Share(0, 1, 91)]) == (
        "buffers 1 and 0 share bytes at step 0",
    )
    assert violations(plan, lives, 1) == ("buffers 1 and 0 share bytes at step 0",)
