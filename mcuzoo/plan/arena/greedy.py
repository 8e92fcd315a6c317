"""Greedy arena layouts: place the buffers one by one, in several orders, and keep the best."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from mcuzoo.plan.arena.lifetimes import Clearances, Life, Share

Order = Callable[[Life], tuple[int, ...]]
Offsets = dict[int, int]
"""Buffer index to its offset in the arena, in bytes."""


def _length(life: Life) -> int:
    return life.last_step - life.first_step + 1


ORDERS: tuple[Order, ...] = (
    lambda life: (-life.bytes, life.first_step, life.buffer),
    lambda life: (-life.bytes, -_length(life), life.buffer),
    lambda life: (-_length(life), -life.bytes, life.buffer),
    lambda life: (-life.bytes * _length(life), life.buffer),
    lambda life: (life.first_step, -life.bytes, life.buffer),
    lambda life: (-life.last_step, -life.bytes, life.buffer),
)
"""Orders: by size (twice), by lifetime, by area, forwards by start, backwards by end."""


def greedy_layouts(
    lives: Sequence[Life], alignment: int, shares: Sequence[Share] = ()
) -> Iterator[Offsets]:
    """Every order with first fit, then with best fit; the caller stops when one is good enough."""
    beside = _beside(lives, Clearances(lives, shares, alignment))
    for order in ORDERS:
        ordered = [life.buffer for life in sorted(lives, key=order)]
        for choose in (_first_gap, _tightest_gap):
            yield _place_all(ordered, beside, choose)


Beside = Mapping[int, Sequence[tuple[int, int, int]]]
"""By buffer: those that live at the same time, and the least distance if they lie above, or
below."""
Blocked = Sequence[tuple[int, int]]
"""Offsets between these a buffer cannot have, in the order of their begins."""


def _beside(lives: Sequence[Life], clearances: Clearances) -> Beside:
    beside: dict[int, list[tuple[int, int, int]]] = {life.buffer: [] for life in lives}
    for place, life in enumerate(lives):
        first, last = life.first_step, life.last_step
        for other in lives[:place]:
            if first <= other.last_step and other.first_step <= last:
                up, down = clearances.between(life, other), clearances.between(other, life)
                beside[life.buffer].append((other.buffer, up, down))
                beside[other.buffer].append((life.buffer, down, up))
    return beside


def _place_all(ordered: Sequence[int], beside: Beside, choose: Callable[[Blocked], int]) -> Offsets:
    offsets: Offsets = {}
    for buffer in ordered:
        blocked = [
            (offsets[other] - up, offsets[other] + down)
            for other, up, down in beside[buffer]
            if other in offsets
        ]
        offsets[buffer] = choose(sorted(blocked))
    return offsets


def _first_gap(blocked: Blocked) -> int:
    """Above the highest there is always room."""
    offset = 0
    for start, end in blocked:
        if start >= offset:
            break
        offset = max(offset, end)
    return offset


def _tightest_gap(blocked: Blocked) -> int:
    """Where least stays free above; of those that end at others, if there are any."""
    starts = [start for start, _ in blocked]
    # The highest end of those that start below the one with the same number.
    highest = list(accumulate((end for _, end in blocked), max, initial=0))
    closed: list[tuple[int, int]] = []
    for offset in sorted({0, *(end for _, end in blocked)}):
        below = bisect_left(starts, offset)
        if highest[below] <= offset:
            above = (place for place in range(below, len(blocked)) if blocked[place][1] > offset)
            first = next(above, None)
            if first is not None:
                closed.append((starts[first] - offset, offset))
    return min(closed)[1] if closed else _first_gap(blocked)
