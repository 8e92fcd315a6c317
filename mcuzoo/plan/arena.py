"""The arena planner."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcuzoo.lowering.alignment import ALIGNMENT_BYTES, align_up
from mcuzoo.plan.check import violations
from mcuzoo.plan.demand import Peak, peak_demand
from mcuzoo.plan.exact import exact_layout
from mcuzoo.plan.greedy import Offsets, greedy_layouts
from mcuzoo.plan.layout import ArenaPlan, Slot
from mcuzoo.plan.lifetimes import Life
from mcuzoo.plan.share import Share
from mcuzoo.plan.timed import lower_layout

__all__ = ["ArenaPlan", "Slot", "plan_arena"]

_Search = Callable[[Sequence[Life], int, int, int, Sequence[Share]], Offsets | None]


def plan_arena(
    lives: Sequence[Life],
    alignment: int = ALIGNMENT_BYTES,
    shares: Sequence[Share] = (),
    thorough: bool = True,
) -> ArenaPlan:
    """The smallest arena found: the best of many greedy layouts, improved by two searches.

    thorough: also by the one that only pays where the other, much quicker one has found nothing.
    The same lives give the same plan. Every plan is checked before it is returned.
    """
    peak = peak_demand(lives, alignment, shares)
    searches = (lower_layout, exact_layout) if thorough else (lower_layout,)
    best = _best_layout(lives, alignment, peak, shares, searches)
    plan = _as_plan(best, lives, alignment, peak)
    broken = violations(plan, lives, alignment, shares)
    if broken:
        raise RuntimeError("the arena planner is wrong: " + "; ".join(broken))
    return plan


def _best_layout(
    lives: Sequence[Life],
    alignment: int,
    peak: Peak,
    shares: Sequence[Share],
    searches: Sequence[_Search],
) -> Offsets:
    best = min(
        greedy_layouts(lives, alignment, shares),
        key=lambda layout: _arena_bytes(layout, lives, alignment),
    )
    for search in searches:
        best_bytes = _arena_bytes(best, lives, alignment)
        if best_bytes == peak.bytes:
            break
        best = search(lives, alignment, best_bytes, peak.bytes, shares) or best
    return best


def _arena_bytes(layout: Offsets, lives: Sequence[Life], alignment: int) -> int:
    return max((layout[life.buffer] + align_up(life.bytes, alignment) for life in lives), default=0)


def _as_plan(layout: Offsets, lives: Sequence[Life], alignment: int, peak: Peak) -> ArenaPlan:
    slots = tuple(
        Slot(life.buffer, layout[life.buffer], life.bytes, life.first_step, life.last_step)
        for life in sorted(lives, key=lambda life: life.buffer)
    )
    return ArenaPlan(slots, _arena_bytes(layout, lives, alignment), peak.bytes, peak.step)
