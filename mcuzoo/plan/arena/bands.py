"""Plans for models whose tensors are too large as a whole: calls in the middle of the program that
pass bands of rows on to each other, from a tensor in the arena to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.lowering.rows import RowChain, chain_rows
from mcuzoo.plan.arena.calls import is_closed
from mcuzoo.plan.arena.fusion import Planned, fuse_and_plan, least_bytes, least_step, step_bytes

MOST_CALLS = 12
"""In one chain. A longer one seldom saves more, and what is tried grows with the square."""

EXCESS = 16
"""A longer chain must save more than a sixteenth of the arena."""

BANDS = (8, 4, 2)
"""Rows at a time that are tried, where one is enough to fit."""

Span = tuple[int, int]
"""Calls [first, end) of the program that are one chain."""


def banded_plan(program: Program, calls: Sequence[Call], room_bytes: int) -> Planned | None:
    """The calls with chains where memory is needed most, and their plan of at most `room_bytes`;
    the smallest one that was found if none is so small. None if no chain needs less memory.

    calls: not fused; the first may be a chain already. Only as many chains as it takes to stay
    below `room_bytes`, since a chain costs instructions.
    """
    search = _Search(program, tuple(calls))
    best: Planned | None = None
    while search.shrink(room_bytes):
        if search.bound <= room_bytes:
            planned = fuse_and_plan(program, search.calls())
            best = min(best or planned, planned, key=_arena_bytes)
            if _arena_bytes(planned) <= room_bytes:
                return _widened(program, search, planned, room_bytes)
    if best is None and search.chains:
        best = fuse_and_plan(program, search.calls())
    return best


def _arena_bytes(planned: Planned) -> int:
    return planned[1].arena_bytes


def _widened(program: Program, search: _Search, planned: Planned, room_bytes: int) -> Planned:
    """The same with more rows at a time in each chain, as far as there is room: neighbouring bands
    share input rows, and every call has a cost."""
    for span in search.chains:
        for band in BANDS:
            wider = search.with_band(span, band)
            if wider is None or wider.bound > room_bytes:
                continue
            again = fuse_and_plan(program, wider.calls())
            if _arena_bytes(again) <= room_bytes:
                search, planned = wider, again
                break
    return planned


@dataclass(frozen=True)
class _Choice:
    """Chains, and the bytes that are alive while the newest one runs."""

    chains: dict[Span, RowChain]
    bytes: int

    @property
    def chained_calls(self) -> int:
        return sum(end - first for first, end in self.chains)


@dataclass
class _Search:
    """Which calls are chains; `bound`: the least that any plan of them needs."""

    program: Program
    given: tuple[Call, ...]

    def __post_init__(self) -> None:
        self.chains: dict[Span, RowChain] = {}
        self.known: dict[Span, RowChain | None] = {}
        self.bound = least_bytes(self.program, self.given)

    def calls(self, chains: dict[Span, RowChain] | None = None) -> tuple[Call, ...]:
        """The calls with these chains, or with those that were chosen."""
        found: list[Call] = []
        chains, at = self.chains if chains is None else chains, 0
        for first, end in sorted(chains):
            found += [*self.given[at:first], chains[first, end]]
            at = end
        return (*found, *self.given[at:])

    def shrink(self, room_bytes: int) -> bool:
        """Make one more chain, or a longer one, of the call that needs most: as short as is enough,
        else the one that then needs least. False if none helps."""
        tried = list(self._around(self._peak()))
        useful = [one for one in tried if one.bytes < self.bound]
        if not useful:
            return False
        least = min(one.bytes for one in useful)
        enough = max(room_bytes, least + least // EXCESS)
        best = min(
            (one for one in useful if one.bytes <= enough),
            key=lambda one: (one.chained_calls, one.bytes),
        )
        self.chains = best.chains
        self.bound = least_bytes(self.program, self.calls())
        return True

    def with_band(self, span: Span, band: int) -> _Search | None:
        """The same with `band` rows at a time in one chain."""
        first, end = span
        wider = chain_rows(
            self.program.model, self.given[first:end], [band] * (end - first), whole=True
        )
        if wider is None:
            return None
        other = replace(self)
        other.chains = {**self.chains, span: wider}
        other.known = self.known
        other.bound = least_bytes(self.program, other.calls())
        return other

    def _peak(self) -> Span:
        """The call that needs most, as a span of the given calls."""
        step, at = least_step(self.program, self.calls()), 0
        ends = dict(self.chains.keys())
        for _ in range(step):
            at = ends.get(at, at + 1)
        return at, ends.get(at, at + 1)

    def _around(self, peak: Span) -> Iterator[_Choice]:
        """All ways to have the calls of `peak` in one chain that is longer."""
        for first in range(peak[0], max(peak[1] - MOST_CALLS, 0) - 1, -1):
            for end in range(peak[1], min(first + MOST_CALLS, len(self.given)) + 1):
                inside = [one for one in self.chains if first <= one[0] and one[1] <= end]
                crossed = [one for one in self.chains if one[0] < end and first < one[1]]
                if (first, end) == peak or end - first < 2 or inside != crossed:
                    continue
                chain = self._chain((first, end))
                if chain is not None:
                    others = {one: self.chains[one] for one in self.chains if one not in inside}
                    chains = {**others, (first, end): chain}
                    position = first - sum(one[1] - one[0] - 1 for one in others if one[1] <= first)
                    calls = self.calls(chains)
                    yield _Choice(chains, step_bytes(self.program, calls, position))

    def _chain(self, span: Span) -> RowChain | None:
        if span not in self.known:
            first, end = span
            calls = self.given[first:end]
            plain = not any(isinstance(call, RowChain) for call in calls)
            self.known[span] = (
                chain_rows(self.program.model, calls, [1] * len(calls), whole=True)
                if plain and is_closed(self.program, self.given, first, end)
                else None
            )
        return self.known[span]
