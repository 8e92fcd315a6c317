"""Which constants are worth a copy in RAM, and in which: the most time saved in what is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_SAVING_S = 1e-6
"""An array stays in flash unless a copy of it saves so much per inference."""

WORTH_S = 20e-6
"""Nothing is copied at all unless all copies together save so much per inference: start-up takes
longer for it, and memory."""


@dataclass(frozen=True)
class Candidate:
    """An array that takes `bytes` of a region and saves there so many seconds per inference."""

    symbol: str
    bytes: int
    saves: Mapping[str, float]


def choose_homes(
    candidates: Sequence[Candidate], free: Mapping[str, int]
) -> tuple[tuple[str, str], ...]:
    """(symbol, region) of what is copied, in the order of `candidates`; never more than is `free`.

    The arrays that save most per byte go first, each to where it saves most, then any move or
    exchange that saves more is made until there is none. The same input gives the same choice.
    """
    homes = _Homes(candidates, free)
    homes.fill()
    while homes.improve():
        pass
    if homes.saved() < WORTH_S:
        return ()
    return tuple(
        (candidate.symbol, home)
        for candidate, home in zip(candidates, homes.of, strict=True)
        if home is not None
    )


class _Homes:
    """A choice under way: `of` every candidate its region, or None for the flash."""

    def __init__(self, candidates: Sequence[Candidate], free: Mapping[str, int]) -> None:
        self.of: list[str | None] = [None] * len(candidates)
        self._candidates = candidates
        self._left: dict[str | None, int] = {}
        self._left.update(free)
        self._places = (*free, None)

    def saved(self) -> float:
        return sum(self._saving(at, home) for at, home in enumerate(self.of))

    def fill(self) -> None:
        """Densest first."""
        offers = sorted(
            (-self._saving(at, home) / max(1, one.bytes), at, number, home)
            for at, one in enumerate(self._candidates)
            for number, home in enumerate(self._places)
            if home is not None and self._saving(at, home) >= LEAST_SAVING_S
        )
        for _, at, _, home in offers:
            if self.of[at] is None and self._room(home) >= self._candidates[at].bytes:
                self._put(at, home)

    def improve(self) -> bool:
        """Make the move or exchange that saves most; False when none saves anything."""
        best: tuple[tuple[int, str | None], ...] = ()
        gain = 1e-12
        for at, home in enumerate(self.of):
            for other in self._places:
                more = self._saving(at, other) - self._saving(at, home)
                if other != home and more > gain and self._fits(at, other, 0):
                    best, gain = ((at, other),), more
            for second in range(at):
                more = self._gain_by_exchange(at, second)
                if more > gain:
                    best, gain = ((at, self.of[second]), (second, home)), more
        for at, _ in best:
            self._take(at)
        for at, home in best:
            self._put(at, home)
        return bool(best)

    def _gain_by_exchange(self, one: int, two: int) -> float:
        first, second = self.of[one], self.of[two]
        if first == second:
            return 0.0
        given, taken = self._candidates[one].bytes, self._candidates[two].bytes
        if not (self._fits(one, second, taken) and self._fits(two, first, given)):
            return 0.0
        return (
            self._saving(one, second)
            + self._saving(two, first)
            - self._saving(one, first)
            - self._saving(two, second)
        )

    def _fits(self, at: int, home: str | None, freed: int) -> bool:
        if home is None:
            return True
        worth = self._saving(at, home) >= LEAST_SAVING_S
        return worth and self._candidates[at].bytes <= self._room(home) + freed

    def _saving(self, at: int, home: str | None) -> float:
        return 0.0 if home is None else self._candidates[at].saves[home]

    def _room(self, home: str | None) -> int:
        return self._left[home]

    def _take(self, at: int) -> None:
        home = self.of[at]
        if home is not None:
            self._left[home] += self._candidates[at].bytes
        self.of[at] = None

    def _put(self, at: int, home: str | None) -> None:
        if home is not None:
            self._left[home] -= self._candidates[at].bytes
        self.of[at] = home
