"""Greedy arena layouts: place the buffers one by one, in several orders, and keep the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from mcuzoo.plan.demand import align_up
from mcuzoo.plan.lifetimes import Life

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
"""By size (twice), by lifetime, by area, forwards by start, backwards by end."""


def greedy_layouts(lives: Sequence[Life], alignment: int) -> Iterator[Offsets]:
    """Every order with first fit, then with best fit; the caller stops when one is good enough."""
    for order in ORDERS:
        ordered = sorted(lives, key=order)
        for choose in (_first_gap, _tightest_gap):
            yield _place_all(ordered, alignment, choose)


Gap = tuple[int, int]
"""Offset and bytes of a hole between neighbours."""


def _first_gap(gaps: Sequence[Gap]) -> int:
    return gaps[0][0]


def _tightest_gap(gaps: Sequence[Gap]) -> int:
    return min(gaps, key=lambda gap: (gap[1], gap[0]))[0]


def _place_all(
    ordered: Sequence[Life], alignment: int, choose: Callable[[Sequence[Gap]], int]
) -> Offsets:
    offsets: Offsets = {}
    placed: list[Life] = []
    for life in ordered:
        neighbours = [other for other in placed if other.overlaps(life)]
        gaps, top = _gaps(life, neighbours, offsets, alignment)
        offsets[life.buffer] = choose(gaps) if gaps else top
        placed.append(life)
    return offsets


def _gaps(
    life: Life, neighbours: Sequence[Life], offsets: Mapping[int, int], alignment: int
) -> tuple[list[Gap], int]:
    """The holes between `neighbours` that hold `life`, and the first offset above them all."""
    gaps: list[Gap] = []
    top = 0
    for other in sorted(neighbours, key=lambda neighbour: offsets[neighbour.buffer]):
        hole = offsets[other.buffer] - top
        if hole >= life.bytes and hole > 0:
            gaps.append((top, hole))
        top = max(top, align_up(offsets[other.buffer] + other.bytes, alignment))
    return gaps, top
