"""The arena planner."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.lowering.alignment import ALIGNMENT_BYTES, align_up
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.demand import Peak, peak_demand
from mcuzoo.plan.arena.greedy import Offsets, greedy_layouts
from mcuzoo.plan.arena.layout import ArenaPlan, Slot
from mcuzoo.plan.arena.lifetimes import Life
from mcuzoo.plan.arena.share import Share
from mcuzoo.plan.arena.timed import lower_layout

__all__ = ["ArenaPlan", "Slot", "plan_arena"]


def plan_arena(
    lives: Sequence[Life],
    alignment: int = ALIGNMENT_BYTES,
    shares: Sequence[Share] = (),
) -> ArenaPlan:
    """The smallest arena found: the best of many greedy layouts, improved by a search.

    The same lives give the same plan. Every plan is checked before it is returned.
    """
    peak = peak_demand(lives, alignment, shares)
    best = _best_layout(lives, alignment, peak, shares)
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
) -> Offsets:
    best = min(
        greedy_layouts(lives, alignment, shares),
        key=lambda layout: _arena_bytes(layout, lives, alignment),
    )
    best_bytes = _arena_bytes(best, lives, alignment)
    if best_bytes == peak.bytes:
        return best
    return lower_layout(lives, alignment, best_bytes, peak.bytes, shares) or best


def _arena_bytes(layout: Offsets, lives: Sequence[Life], alignment: int) -> int:
    return max((layout[life.buffer] + align_up(life.bytes, alignment) for life in lives), default=0)


def _as_plan(layout: Offsets, lives: Sequence[Life], alignment: int, peak: Peak) -> ArenaPlan:
    slots = tuple(
        Slot(life.buffer, layout[life.buffer], life.bytes, life.first_step, life.last_step)
        for life in sorted(lives, key=lambda life: life.buffer)
    )
    return ArenaPlan(slots, _arena_bytes(layout, lives, alignment), peak.bytes, peak.step)
