"""Which constants are worth a copy in RAM, and in which: the most time saved in what is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SAVING_S = 1e-6
"""An array stays in flash unless a copy of it saves so much per inference."""

WORTH_S = 20e-6
"""Nothing is copied at all unless all copies together save so much per inference: start-up takes
longer for it, and memory."""

_NO_GAIN = 1e-12
_MOST_CELLS = 4096
"""A memory is divided into so many cells at most, to find what fills it best."""


@dataclass(frozen=True)
class Candidate:
    """An array of `bytes`. saves: seconds per inference that it saves in a region, by region."""

    symbol: str
    bytes: int
    saves: Mapping[str, float]


def choose_regions(
    candidates: Sequence[Candidate], free: Mapping[str, int]
) -> tuple[tuple[str, str], ...]:
    """(symbol, region) of what is copied, in the order of `candidates`; never more than is `free`.

    The arrays that save most per byte go first, each to where it saves most, or those that save
    most; or each memory in turn gets what together saves most there, against the flash or against
    the next memory. Then any move that saves more is made, also one for which others have to give
    way, until there is none. The best of these is not always the optimum. The same input gives the
    same choice.
    """
    choices = [_Choice(candidates, free) for _ in range(4)]
    for choice, by_byte in zip(choices[:2], (True, False), strict=True):
        choice.fill(by_byte)
    for choice, against_next in zip(choices[2:], (True, False), strict=True):
        choice.pack(against_next)
    for choice in choices:
        while choice.improve():
            pass
    best = max(choices, key=_Choice.saved)
    if best.saved() < WORTH_S:
        return ()
    return tuple(
        (candidate.symbol, region)
        for candidate, region in zip(candidates, best.chosen, strict=True)
        if region is not None
    )


class _Choice:
    """A choice under way: `chosen` has the region of each candidate, None for the flash."""

    def __init__(self, candidates: Sequence[Candidate], free: Mapping[str, int]) -> None:
        self.chosen: list[str | None] = [None] * len(candidates)
        self._candidates = candidates
        self._left = dict(free)
        self._regions = tuple(free)

    def saved(self) -> float:
        return sum(self._saving(at, region) for at, region in enumerate(self.chosen))

    def fill(self, by_byte: bool) -> None:
        """Place the arrays that save most first; by_byte: that save most per byte."""
        offers = sorted(
            (-self._saving(at, region) / (max(1, one.bytes) if by_byte else 1), at, number, region)
            for at, one in enumerate(self._candidates)
            for number, region in enumerate(self._regions)
            if self._saving(at, region) >= LEAST_SAVING_S
        )
        for _, at, _, region in offers:
            if self.chosen[at] is None and self._candidates[at].bytes <= self._left[region]:
                self._move(at, region)

    def pack(self, against_next: bool) -> None:
        """Fill memory by memory with what together saves most there. against_next: against the best
        of the memories that are not filled yet, instead of the flash."""
        for number, region in enumerate(self._regions):
            rest = [at for at, place in enumerate(self.chosen) if place is None]
            others = self._regions[number + 1 :] if against_next else ()
            values = [
                self._saving(at, region)
                - max([0.0, *(self._saving(at, other) for other in others)])
                for at in rest
            ]
            sizes = [self._candidates[at].bytes for at in rest]
            for chosen in _fullest(values, sizes, self._left[region]):
                if self._saving(rest[chosen], region) >= LEAST_SAVING_S:
                    self._move(rest[chosen], region)

    def improve(self) -> bool:
        """Try every array in every other region, and keep what saves more; False if nothing did."""
        done = False
        for at, one in enumerate(self._candidates):
            for region in self._regions:
                gain = self._saving(at, region) - self._saving(at, self.chosen[at])
                if gain <= _NO_GAIN or self._saving(at, region) < LEAST_SAVING_S:
                    continue
                before = self.chosen[at]
                self._move(at, None)
                loss, moved = self._give_way(region, one.bytes, gain)
                self._move(at, region if loss < gain - _NO_GAIN else before)
                if self.chosen[at] == region:
                    done = True
                else:
                    self._undo(moved)
        return done

    def _give_way(
        self, region: str, bytes_: int, most: float
    ) -> tuple[float, list[tuple[int, str | None]]]:
        """Move arrays out of `region`, those that lose least per byte first, until so many bytes
        are free or more than `most` seconds are lost. Returns the lost seconds, and the former
        places."""
        loss = 0.0
        moved: list[tuple[int, str | None]] = []
        if self._left[region] >= bytes_:
            return loss, moved
        exits = sorted(
            (
                min(self._saving(at, region) - self._saving(at, place) for place in self._open(at))
                / self._candidates[at].bytes,
                at,
            )
            for at, name in enumerate(self.chosen)
            if name == region
        )
        for _, at in exits:
            place = max(self._open(at), key=lambda other: self._saving(at, other))
            loss += self._saving(at, region) - self._saving(at, place)
            moved.append((at, region))
            self._move(at, place)
            if self._left[region] >= bytes_ or loss > most:
                return loss, moved
        return (loss if self._left[region] >= bytes_ else float("inf")), moved

    def _open(self, at: int) -> list[str | None]:
        """The other places that it could have; the flash is always one."""
        one = self._candidates[at]
        return [
            None,
            *(
                region
                for region in self._regions
                if region != self.chosen[at]
                and one.bytes <= self._left[region]
                and one.saves[region] >= LEAST_SAVING_S
            ),
        ]

    def _undo(self, moved: list[tuple[int, str | None]]) -> None:
        for at, _ in moved:
            self._move(at, None)
        for at, place in moved:
            self._move(at, place)

    def _move(self, at: int, place: str | None) -> None:
        before, bytes_ = self.chosen[at], self._candidates[at].bytes
        if before is not None:
            self._left[before] += bytes_
        if place is not None:
            self._left[place] -= bytes_
        self.chosen[at] = place

    def _saving(self, at: int, region: str | None) -> float:
        return 0.0 if region is None else self._candidates[at].saves[region]


def _fullest(values: Sequence[float], sizes: Sequence[int], room: int) -> list[int]:
    """Indices of what is worth most together and fits into `room` bytes: the 0/1 knapsack by
    dynamic programming over cells, to which sizes are rounded up."""
    if room <= 0:
        return []
    cell = max(1, -(-room // _MOST_CELLS))
    cells = room // cell
    worth = np.zeros(cells + 1)
    taken = np.zeros((len(sizes), cells + 1), bool)
    needs = [-(-size // cell) for size in sizes]
    for at, (value, need) in enumerate(zip(values, needs, strict=True)):
        if value <= 0 or need > cells:
            continue
        with_it = worth[: cells + 1 - need] + value
        taken[at, need:] = with_it > worth[need:]
        worth[need:] = np.maximum(worth[need:], with_it)
    found, left = [], cells
    for at in reversed(range(len(sizes))):
        if taken[at, left]:
            found.append(at)
            left -= needs[at]
    return found[::-1]
