"""The arena planner on random lifetimes: sound, never below the bound, deterministic, optimal."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.lowering.alignment import ALIGNMENT_BYTES, align_up
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.greedy import greedy_layouts
from mcuzoo.plan.arena.lifetimes import Life
from mcuzoo.plan.arena.planner import plan_arena


@st.composite
def random_lives(draw: st.DrawFn, max_buffers: int = 24, max_bytes: int = 5000) -> list[Life]:
    count = draw(st.integers(1, max_buffers))
    lives = []
    for buffer in range(count):
        first = draw(st.integers(-1, 20))
        last = first + draw(st.integers(0, 8))
        lives.append(Life(buffer, draw(st.integers(1, max_bytes)), first, last))
    return lives


@given(random_lives(), st.sampled_from([1, 4, 16, 32]))
@settings(max_examples=120, deadline=None)
def test_plans_are_sound_and_never_below_the_bound(lives: list[Life], alignment: int) -> None:
    plan = plan_arena(lives, alignment)
    assert violations(plan, lives, alignment) == ()
    assert plan.arena_bytes >= plan.lower_bound_bytes
    assert plan.arena_bytes <= sum(align_up(life.bytes, alignment) for life in lives)
    assert plan.arena_bytes % alignment == 0


@pytest.mark.slow
@given(random_lives(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_the_order_of_the_lives_does_not_matter(lives: list[Life], random: Random) -> None:
    shuffled = list(lives)
    random.shuffle(shuffled)
    assert plan_arena(lives) == plan_arena(shuffled)


@given(random_lives(max_buffers=6, max_bytes=12))
@settings(max_examples=examples(150), deadline=None)
def test_tiny_cases_are_as_good_as_brute_force(lives: list[Life]) -> None:
    assert plan_arena(lives, alignment=1).arena_bytes == _brute_force(lives)


def _brute_force(lives: list[Life]) -> int:
    """The best of all orders, each buffer at the lowest offset that is free for it.

    Reaches the optimum: an optimal layout's buffers, taken by offset, never land higher.
    """
    return min(_first_fit(order) for order in permutations(lives))


def _first_fit(order: tuple[Life, ...]) -> int:
    at: dict[Life, int] = {}
    for life in order:
        others = [other for other in at if other.overlaps(life)]
        at[life] = next(
            offset
            for offset in sorted({0, *(at[other] + other.bytes for other in others)})
            if all(
                offset + life.bytes <= at[other] or at[other] + other.bytes <= offset
                for other in others
            )
        )
    return max(offset + life.bytes for life, offset in at.items())


def test_where_every_greedy_layout_fails_the_search_reaches_the_bound() -> None:
    lives = [
        Life(0, 4, 1, 3),
        Life(1, 6, 4, 4),
        Life(2, 3, 3, 3),
        Life(3, 5, 3, 4),
        Life(4, 5, 6, 8),
    ]
    greedy = [
        max(layout[life.buffer] + life.bytes for life in lives)
        for layout in greedy_layouts(lives, 1)
    ]
    assert min(greedy) == 14
    assert plan_arena(lives, alignment=1).arena_bytes == 12


def test_a_chain_reuses_the_same_bytes() -> None:
    lives = [Life(step, 1000, step - 1, step) for step in range(50)]
    plan = plan_arena(lives)
    assert plan.arena_bytes == plan.lower_bound_bytes == 2 * align_up(1000, ALIGNMENT_BYTES)


def test_the_peak_is_the_first_step_of_most_demand() -> None:
    lives = [Life(0, 16, -1, 0), Life(1, 64, 0, 1), Life(2, 64, 1, 2), Life(3, 64, 2, 3)]
    plan = plan_arena(lives)
    assert (plan.peak_step, plan.lower_bound_bytes) == (1, 128)


def test_no_lives_no_arena() -> None:
    plan = plan_arena([])
    assert (plan.arena_bytes, plan.slots) == (0, ())
