"""The arena planner: greedy layouts, then a search for lower ones in the order of time.

A model is mostly a chain: few buffers are alive at one step, and only these decide where the next
one may go. So the search takes a height, goes from step to step, and checks whether all buffers fit
below it. It remembers situations that led to no plan, so that it tries each of them once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from mcuzoo.lowering.alignment import ALIGNMENT_BYTES, align_up
from mcuzoo.plan.arena.check import violations
from mcuzoo.plan.arena.greedy import Offsets, greedy_layouts
from mcuzoo.plan.arena.lifetimes import (
    ArenaPlan,
    Clearances,
    Life,
    Peak,
    Share,
    Slot,
    effective,
    peak_demand,
)

MAX_PLACEMENTS = 20_000
MAX_BUFFERS = 800
_TRIES = 12
_LOOK_AHEAD = 5


def lower_layout(
    lives: Sequence[Life],
    alignment: int,
    below_bytes: int,
    lower_bound_bytes: int,
    shares: Sequence[Share] = (),
) -> Offsets | None:
    """The lowest layout found that needs less than `below_bytes`; None when there is none.

    The bound itself is tried first, then heights between it and `below_bytes` by halving. Each try
    ends after MAX_PLACEMENTS placements, a count, so that the same model gets the same plan
    everywhere.
    """
    if len(lives) > MAX_BUFFERS:
        return None
    best: Offsets | None = None
    low, high = lower_bound_bytes // alignment, below_bytes // alignment
    at = low
    for _ in range(_TRIES):
        if low >= high:
            break
        found = _Search(lives, shares, alignment, at * alignment).run()
        if found is None:
            low = at + 1
        else:
            best, high = found, at
        at = (low + high) // 2
    return best


class _GaveUpError(Exception):
    pass


class _Search:
    def __init__(
        self, lives: Sequence[Life], shares: Sequence[Share], alignment: int, height: int
    ) -> None:
        # In one step the longest-lived buffer first: scratch ends at once and takes what is left.
        self.lives = sorted(
            lives, key=lambda life: (life.first_step, -life.last_step, -life.bytes, life.buffer)
        )
        self.clearances = Clearances(lives, shares, alignment)
        self.height = height
        self.alive = [
            [other for other in self.lives[:index] if other.last_step >= life.first_step]
            for index, life in enumerate(self.lives)
        ]
        self.wishes = _wishes(self.lives, shares, self.clearances)
        self.offsets: Offsets = {}
        self.dead: set[tuple[int, tuple[int, ...]]] = set()
        self.placements = 0

    def run(self) -> Offsets | None:
        try:
            return self.offsets if self._place(0) else None
        except _GaveUpError:
            return None

    def _place(self, index: int) -> bool:
        if index == len(self.lives):
            return True
        situation = index, tuple(self.offsets[life.buffer] for life in self.alive[index])
        if situation in self.dead:
            return False
        buffer = self.lives[index].buffer
        for offset in self._candidates(index):
            self.placements += 1
            if self.placements > MAX_PLACEMENTS:
                raise _GaveUpError
            self.offsets[buffer] = offset
            if self._place(index + 1):
                return True
            del self.offsets[buffer]
        self.dead.add(situation)
        return False

    def _candidates(self, index: int) -> list[int]:
        """Places for the buffer: at the ends, directly beside live buffers, or where a later buffer
        needs it. Lowest first."""
        life = self.lives[index]
        room = self.height - self.clearances.size(life)
        blocked = [
            (
                self.offsets[other.buffer] - self.clearances.between(life, other),
                self.offsets[other.buffer] + self.clearances.between(other, life),
            )
            for other in self.alive[index]
        ]
        tried = {0, room, *self.wishes[index]}
        for start, end in blocked:
            tried |= {start, end}
        found = sorted(
            offset
            for offset in tried
            if 0 <= offset <= room
            and all(offset <= start or offset >= end for start, end in blocked)
        )
        # A buffer that ends before the next step may lie anywhere; the order puts it last.
        return found[:1] if life.first_step == life.last_step else found


def _wishes(
    lives: Sequence[Life], shares: Sequence[Share], clearances: Clearances
) -> list[set[int]]:
    """For each buffer, offsets that leave room below it for an output that is made while the buffer
    is last read, or for a chain of outputs that each lie over the one before."""
    by_buffer = {life.buffer: life for life in lives}
    over = {share.input: share.output for share in effective(shares, lives)}
    wishes = []
    for life in lives:
        wanted = {
            clearances.size(other)
            for other in lives
            if other.first_step == life.last_step and other is not life
        }
        below, current = 0, life
        for _ in range(_LOOK_AHEAD):
            if current.buffer not in over:
                break
            following = by_buffer[over[current.buffer]]
            below += clearances.between(following, current)
            wanted.add(below)
            current = following
        wishes.append(wanted)
    return wishes


__all__ = ["ArenaPlan", "Slot", "plan_arena"]


def plan_arena(
    lives: Sequence[Life],
    alignment: int = ALIGNMENT_BYTES,
    shares: Sequence[Share] = (),
) -> ArenaPlan:
    """The smallest arena found: the best of many greedy layouts, improved by a search.

    The same lives give the same plan. Every plan is checked before it is returned.
    """
    return _planned(tuple(lives), alignment, tuple(shares))


# One model is planned for several boards, and with many a pair of calls fused or not.
@lru_cache(maxsize=512)
def _planned(lives: tuple[Life, ...], alignment: int, shares: tuple[Share, ...]) -> ArenaPlan:
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
    best: Offsets = {}
    best_bytes: int | None = None
    for layout in greedy_layouts(lives, alignment, shares):
        size = _arena_bytes(layout, lives, alignment)
        if best_bytes is None or size < best_bytes:
            best, best_bytes = layout, size
        if best_bytes == peak.bytes:
            return best
    assert best_bytes is not None
    return lower_layout(lives, alignment, best_bytes, peak.bytes, shares) or best


def _arena_bytes(layout: Offsets, lives: Sequence[Life], alignment: int) -> int:
    return max((layout[life.buffer] + align_up(life.bytes, alignment) for life in lives), default=0)


def _as_plan(layout: Offsets, lives: Sequence[Life], alignment: int, peak: Peak) -> ArenaPlan:
    slots = tuple(
        Slot(life.buffer, layout[life.buffer], life.bytes, life.first_step, life.last_step)
        for life in sorted(lives, key=lambda life: life.buffer)
    )
    return ArenaPlan(slots, _arena_bytes(layout, lives, alignment), peak.bytes, peak.step)
