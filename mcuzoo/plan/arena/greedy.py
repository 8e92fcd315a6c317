"""Greedy arena layouts: place the buffers one by one, in several orders, and keep the best."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
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
    clearances = Clearances(lives, shares, alignment)
    for order in ORDERS:
        ordered = sorted(lives, key=order)
        for choose in (_first_gap, _tightest_gap):
            yield _place_all(ordered, clearances, choose)


Gap = tuple[int, int | None]
"""An offset where the buffer fits, and how many bytes stay free above it (None: no end)."""


def _first_gap(gaps: Sequence[Gap]) -> int:
    return gaps[0][0]


def _tightest_gap(gaps: Sequence[Gap]) -> int:
    closed = [(free, offset) for offset, free in gaps if free is not None]
    return min(closed)[1] if closed else gaps[0][0]


def _place_all(
    ordered: Sequence[Life], clearances: Clearances, choose: Callable[[Sequence[Gap]], int]
) -> Offsets:
    offsets: Offsets = {}
    placed: list[Life] = []
    for life in ordered:
        neighbours = [other for other in placed if other.overlaps(life)]
        offsets[life.buffer] = choose(_gaps(life, neighbours, offsets, clearances))
        placed.append(life)
    return offsets


def _gaps(
    life: Life, neighbours: Sequence[Life], offsets: Offsets, clearances: Clearances
) -> list[Gap]:
    """Gaps where `life` may lie directly above a neighbour or at the bottom, lowest first.

    Above the highest neighbour there is always room.
    """
    blocked = sorted(
        (
            offsets[other.buffer] - clearances.between(life, other),
            offsets[other.buffer] + clearances.between(other, life),
        )
        for other in neighbours
    )
    starts = [start for start, _ in blocked]
    # The highest end of those that start below the one with the same number.
    highest = list(accumulate((end for _, end in blocked), max, initial=0))
    gaps: list[Gap] = []
    for offset in sorted({0, *(end for _, end in blocked)}):
        below = bisect_left(starts, offset)
        if highest[below] <= offset:
            above = (place for place in range(below, len(blocked)) if blocked[place][1] > offset)
            first = next(above, None)
            gaps.append((offset, None if first is None else starts[first] - offset))
    return gaps
